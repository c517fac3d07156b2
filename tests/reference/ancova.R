# Outside witnesses for analyses of covariance, computed by R 4.2.2 (Debian 12) with car, emmeans, multcomp and
# lmerTest. Run: Rscript ancova.R > ancova.csv. The data are written out here and in tests/csrkit/stats/test_ancova.py.
suppressPackageStartupMessages({library(car); library(emmeans); library(multcomp); library(lmerTest)})
out <- function(case, quantity, value) cat(sprintf("%s,%s,%.12g\n", case, quantity, value))
cat("case,quantity,value\n")
options(contrasts = c("contr.sum", "contr.poly"))

# Three arms, three sites, the baseline and the change; 25 subjects, no cell empty.
arm <- factor(c("P","P","P","P","P","P","P","P","P","L","L","L","L","L","L","L","L","H","H","H","H","H","H","H","H"),
              levels = c("P", "L", "H"))
site <- factor(c("a","a","a","a","b","b","c","c","c","a","a","b","b","b","c","c","c","a","a","a","b","b","c","c","b"))
base <- c(12,18,25,9,31,14,22,17,28,11,20,26,15,33,19,24,10,16,21,29,13,27,18,30,23)
chg <- c(1.5,2.0,3.5,-0.5,4.0,1.0,2.5,3.0,5.5,0.5,1.0,2.0,-1.0,3.0,0.0,1.5,-2.0,-1.5,0.5,1.0,-2.5,1.5,-0.5,2.0,-1.0)
d <- data.frame(arm, site, base, chg)

tests <- function(case, fit) {
  a <- Anova(fit, type = 3)
  for (term in setdiff(rownames(a), c("(Intercept)", "Residuals"))) {
    name <- gsub(":", " × ", term)
    out(case, paste(name, "F"), a[term, "F value"]); out(case, paste(name, "df1"), a[term, "Df"])
    out(case, paste(name, "sum_of_squares"), a[term, "Sum Sq"]); out(case, paste(name, "p_value"), a[term, "Pr(>F)"])
  }
}
means <- function(case, e) {
  s <- as.data.frame(summary(e, infer = c(TRUE, FALSE)))
  for (i in seq_len(nrow(s))) {
    out(case, paste(s$arm[i], "estimate"), s$emmean[i]); out(case, paste(s$arm[i], "se"), s$SE[i])
    out(case, paste(s$arm[i], "low"), s$lower.CL[i]); out(case, paste(s$arm[i], "high"), s$upper.CL[i])
  }
}
pairs_of <- function(case, contrasts, adjust) {
  s <- as.data.frame(summary(contrasts, infer = TRUE, adjust = adjust))
  for (i in seq_len(nrow(s))) {
    name <- gsub("[()]", "", s$contrast[i])
    out(case, paste(name, "estimate"), s$estimate[i]); out(case, paste(name, "se"), s$SE[i])
    out(case, paste(name, "low"), s$lower.CL[i]); out(case, paste(name, "high"), s$upper.CL[i])
    out(case, paste(name, "p"), s$p.value[i])
  }
}

fit <- lm(chg ~ arm + site + base, d)
out("additive", "r_squared", summary(fit)$r.squared); out("additive", "root_mse", sigma(fit)); out("additive", "df", df.residual(fit))
tests("additive", fit)
equal <- emmeans(fit, "arm"); observed <- emmeans(fit, "arm", weights = "proportional")
means("additive equal", equal); means("additive observed", observed)
pairs_of("pairs none", pairs(equal, reverse = TRUE), "none")
pairs_of("pairs tukey", pairs(equal, reverse = TRUE), "tukey")
pairs_of("pairs holm", pairs(equal, reverse = TRUE), "holm")

# Dunnett, exact: the multivariate t distribution of multcomp
set.seed(20240423)
dunnett <- glht(fit, linfct = mcp(arm = "Dunnett"))
s <- summary(dunnett, test = adjusted("single-step", maxpts = 5e6, abseps = 1e-7))
# multcomp's own limits stop at 4 digits
critical <- mvtnorm::qmvt(0.95, tail = "both.tails", df = df.residual(fit), corr = cov2cor(vcov(dunnett)), ptol = 1e-8,
                          maxiter = 5000, algorithm = mvtnorm::GenzBretz(maxpts = 5e6, abseps = 1e-8))$quantile
limits <- confint(dunnett, calpha = critical)$confint
for (i in 1:2) {
  name <- names(s$test$coefficients)[i]
  out("dunnett", paste(name, "p"), s$test$pvalues[i]); out("dunnett", paste(name, "low"), limits[i, "lwr"])
  out("dunnett", paste(name, "high"), limits[i, "upr"])
}

# Dose response: the contrast of the scores 0, 54, 81, as the slope over them, and the dose as a number
score <- c(0, 54, 81) - 45
s <- summary(contrast(equal, list(slope = score / sum(score^2))), infer = TRUE)
out("contrast", "estimate", s$estimate); out("contrast", "se", s$SE); out("contrast", "low", s$lower.CL); out("contrast", "p", s$p.value)
dose <- c(P = 0, L = 54, H = 81)[as.character(d$arm)]
s <- summary(lm(chg ~ dose + site + base, d))$coefficients["dose", ]
out("slope", "estimate", s[["Estimate"]]); out("slope", "se", s[["Std. Error"]]); out("slope", "p", s[["Pr(>|t|)"]])

# Interactions, each added alone
for (term in c("base", "site")) {
  a <- anova(fit, update(fit, paste(". ~ . + arm:", term)))
  out("interaction", paste(term, "F"), a[2, "F"]); out("interaction", paste(term, "df1"), a[2, "Df"]); out("interaction", paste(term, "p"), a[2, "Pr(>F)"])
}
crossed <- lm(chg ~ arm * site + base, d)
tests("crossed", crossed)
means("crossed equal", emmeans(crossed, "arm")); means("crossed observed", emmeans(crossed, "arm", weights = "proportional"))
sloped <- lm(chg ~ arm * base + site, d)
tests("sloped", sloped)
means("sloped equal", emmeans(sloped, "arm", cov.reduce = mean))

# Without the subjects of the high dose at site b: a cell is empty. SAS's type III by lmerTest's contrasts, which
# take a linear model, too; what isn't estimable there is NA in emmeans.
empty <- d[!(d$arm == "H" & d$site == "b"), ]
treated <- lm(chg ~ arm * site + base, empty, contrasts = list(arm = "contr.treatment", site = "contr.treatment"))
kept <- !is.na(coef(treated))
design <- lmerTest:::ensure_full_rank(model.matrix(treated), silent = TRUE, test.ans = FALSE)
hypotheses <- lmerTest:::extract_contrasts_type3(treated, X = design)
for (term in names(hypotheses)) {
  rows <- hypotheses[[term]]
  estimate <- rows %*% coef(treated)[kept]
  f <- drop(t(estimate) %*% solve(rows %*% vcov(treated)[kept, kept] %*% t(rows)) %*% estimate) / nrow(rows)
  name <- gsub(":", " × ", term)
  out("empty", paste(name, "F"), f); out("empty", paste(name, "df1"), nrow(rows))
  out("empty", paste(name, "p_value"), pf(f, nrow(rows), df.residual(treated), lower.tail = FALSE))
}
means("empty equal", emmeans(treated, "arm"))

# By sex, which alternates
sex <- rep(c("F", "M"), length.out = 25)
for (level in c("F", "M")) {
  part <- lm(chg ~ arm + base, d[sex == level, ])
  pairs_of(paste("sex", level), pairs(emmeans(part, "arm"), reverse = TRUE), "none")
}
