# Outside witnesses for mixed models of repeated measures, computed by R 4.2.2 (Debian 12: nlme 3.1-162, lme4 1.1-31,
# pbkrtest 0.5.2, lmerTest 3.1-3, emmeans 1.8.4).
# Run: Rscript mmrm.R > mmrm.csv; it also writes its data, drawn with a seed: mmrm_data.csv.
# 30 subjects in 3 arms, 4 visits, 1 of 7 values missing; and the complete subjects of it, equally many by arm.
suppressMessages({library(nlme); library(lme4); library(pbkrtest); library(lmerTest); library(emmeans)})
options(contrasts = c("contr.treatment", "contr.poly"))
out <- function(case, quantity, value) cat(sprintf("%s,%s,%.10g\n", case, quantity, value))
cat("case,quantity,value\n")

set.seed(19)
subjects <- 30
arms <- rep(c("A", "B", "C"), each = 10)
base <- round(rnorm(subjects, 50, 8), 1)
spread <- diag(c(3, 4, 5, 7))
Sigma <- spread %*% (0.6^abs(outer(1:4, 1:4, "-"))) %*% spread
errors <- matrix(rnorm(subjects * 4), subjects) %*% chol(Sigma)
data <- data.frame(
  USUBJID = sprintf("S%02d", rep(1:subjects, each = 4)), ARM = rep(arms, each = 4), AVISITN = rep(1:4, subjects),
  BASE = rep(base, each = 4))
data$AVAL <- round(5 + 0.8 * data$BASE + data$AVISITN * (0.5 + match(data$ARM, c("A", "B", "C"))) + c(t(errors)), 1)
data$AVAL[sample(nrow(data), 17)] <- NA
write.csv(data, "mmrm_data.csv", row.names = FALSE, quote = FALSE, na = "")
data$VISIT <- factor(data$AVISITN)
seen <- na.omit(data)

# Effects, standard errors, log-likelihood and covariance under all structures. AR(3) correlations are all Toeplitz
# correlations of four visits. Optimised until nothing changes any more.
strict <- glsControl(tolerance = 1e-12, msTol = 1e-13, msMaxIter = 500, maxIter = 500)
structures <- list(
  un = list(corSymm(form = ~AVISITN | USUBJID), varIdent(form = ~1 | VISIT)),
  toeph = list(corARMA(c(0.4, 0.1, 0.05), form = ~AVISITN | USUBJID, p = 3), varIdent(form = ~1 | VISIT)),
  toep = list(corARMA(c(0.4, 0.1, 0.05), form = ~AVISITN | USUBJID, p = 3), NULL),
  ar1h = list(corAR1(form = ~AVISITN | USUBJID), varIdent(form = ~1 | VISIT)),
  ar1 = list(corAR1(form = ~AVISITN | USUBJID), NULL),
  csh = list(corCompSymm(form = ~1 | USUBJID), varIdent(form = ~1 | VISIT)),
  cs = list(corCompSymm(form = ~1 | USUBJID), NULL))
whole <- names(which(table(seen$USUBJID) == 4))[1]
for (name in names(structures)) {
  for (method in c("REML", "ML")) {
    fit <- gls(AVAL ~ BASE + ARM * VISIT, seen, correlation = structures[[name]][[1]],
               weights = structures[[name]][[2]], method = method, control = strict)
    case <- paste(name, method)
    out(case, "log_likelihood", as.numeric(logLik(fit)))
    sigma <- getVarCov(fit, individual = whole)
    for (i in 1:4) for (j in i:4) out(case, sprintf("covariance %d %d", i, j), sigma[i, j])
    for (term in names(coef(fit))) {
      out(case, paste("estimate", term), coef(fit)[[term]])
      # REML's standard errors; R's gls multiplies those of ML by the root of N / (N - p)
      factor <- if (method == "ML") (nrow(seen) - length(coef(fit))) / nrow(seen) else 1
      out(case, paste("se", term), sqrt(vcov(fit)[term, term] * factor))
    }
  }
}

# Compound symmetry as a random intercept: Kenward-Roger by pbkrtest (expected information) and Satterthwaite by
# lmerTest (observed), of effects and of hypotheses of several; LS means and differences by emmeans.
fit <- lmerTest::lmer(AVAL ~ BASE + ARM * VISIT + (1 | USUBJID), seen, REML = TRUE,
                      control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5)))
for (method in c("Satterthwaite", "Kenward-Roger")) {
  table <- coef(summary(fit, ddf = method))
  case <- paste("cs", method)
  for (term in rownames(table)) {
    out(case, paste("se", term), table[term, "Std. Error"])
    out(case, paste("df", term), table[term, "df"])
    out(case, paste("p_value", term), table[term, "Pr(>|t|)"])
  }
  # the interaction, and the arms at the last visit, as combinations of effects
  terms <- rownames(table)
  rows <- list(interaction = diag(length(terms))[grep(":", terms), ], last = local({
    L <- matrix(0, 2, length(terms), dimnames = list(NULL, terms))
    L[1, c("ARMB", "ARMB:VISIT4")] <- 1; L[2, c("ARMC", "ARMC:VISIT4")] <- 1; L}))
  for (name in names(rows)) {
    test <- contest(fit, rows[[name]], joint = TRUE, ddf = method)
    out(case, paste("F", name), test[["F value"]])
    out(case, paste("df_num", name), test[["NumDF"]])
    out(case, paste("df_den", name), test[["DenDF"]])
    out(case, paste("p", name), test[["Pr(>F)"]])
  }
  mode <- if (method == "Satterthwaite") "satterthwaite" else "kenward-roger"
  means <- as.data.frame(emmeans(fit, ~ ARM | VISIT, lmer.df = mode))
  for (i in seq_len(nrow(means))) {
    for (q in c("emmean", "SE", "df", "lower.CL", "upper.CL")) out(case, sprintf("%s %s %s", q, means$ARM[i], means$VISIT[i]), means[i, q])
  }
  arms <- as.data.frame(emmeans(fit, ~ ARM, lmer.df = mode))
  for (i in 1:3) for (q in c("emmean", "SE", "df")) out(case, sprintf("%s %s", q, arms$ARM[i]), arms[i, q])
  pairs <- as.data.frame(pairs(emmeans(fit, ~ ARM | VISIT, lmer.df = mode), reverse = TRUE, adjust = "none"))
  for (i in seq_len(nrow(pairs))) {
    for (q in c("estimate", "SE", "df", "p.value")) out(case, sprintf("%s %s %s", q, pairs$contrast[i], pairs$VISIT[i]), pairs[i, q])
  }
}

# Type III tests with contrasts that sum to 0.
options(contrasts = c("contr.sum", "contr.poly"))
fit <- lmerTest::lmer(AVAL ~ BASE * ARM + ARM * VISIT + (1 | USUBJID), seen, REML = TRUE,
                      control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5)))
for (method in c("Satterthwaite", "Kenward-Roger")) {
  table <- anova(fit, type = 3, ddf = method)
  for (term in rownames(table)) {
    for (q in c("NumDF", "DenDF", "F value", "Pr(>F)")) out(paste("type III", method), paste(q, term), table[term, q])
  }
}

# The classical analysis of a balanced design: the first 4 complete subjects of each arm.
full <- seen[seen$USUBJID %in% names(which(table(seen$USUBJID) == 4)), ]
chosen <- unlist(lapply(split(unique(full$USUBJID), full$ARM[!duplicated(full$USUBJID)]), head, 4))
full <- full[full$USUBJID %in% chosen, ]
split_plot <- summary(aov(AVAL ~ ARM * VISIT + Error(USUBJID), full))
between <- split_plot[[1]][[1]]; within <- split_plot[[2]][[1]]
out("anova", "subjects", length(chosen))
out("anova", "F ARM", between[1, "F value"]); out("anova", "df ARM", between[2, "Df"])
for (i in 1:2) {
  term <- trimws(rownames(within)[i])
  out("anova", paste("F", term), within[i, "F value"]); out("anova", paste("df", term), within[3, "Df"])
}
