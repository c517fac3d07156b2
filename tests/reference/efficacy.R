# Outside witnesses for the efficacy analyses, computed by R 4.2.2 (Debian 12).
# Run: Rscript efficacy.R > efficacy.csv
suppressMessages({library(coin); library(afex); library(survival)})
out <- function(case, quantity, value) cat(sprintf("%s,%s,%.10g\n", case, quantity, value))
cat("case,quantity,value\n")

# Intervals of a rate, and the posterior under a uniform prior.
for (pair in list(c(0, 3), c(2, 3), c(3, 6), c(6, 12), c(8, 18), c(18, 18))) {
  case <- sprintf("rate %d/%d", pair[1], pair[2])
  ci <- suppressWarnings(prop.test(pair[1], pair[2], correct = FALSE))$conf.int
  out(case, "wilson_low", ci[1]); out(case, "wilson_high", ci[2])
  a <- pair[1] + 0.5; b <- pair[2] - pair[1] + 0.5
  out(case, "jeffreys_low", if (pair[1] == 0) 0 else qbeta(0.025, a, b))
  out(case, "jeffreys_high", if (pair[1] == pair[2]) 1 else qbeta(0.975, a, b))
  a <- pair[1] + 1; b <- pair[2] - pair[1] + 1
  out(case, "posterior_low", qbeta(0.025, a, b)); out(case, "posterior_high", qbeta(0.975, a, b))
  out(case, "posterior_median", qbeta(0.5, a, b)); out(case, "above_30", 1 - pbeta(0.3, a, b))
}

# Exact trend over dose: responders by dose, conditional on both margins.
for (table in list(list("published", c(0, 2, 6), c(3, 3, 12)), list("rising", c(0, 1, 5), c(3, 3, 6)),
                   list("falling", c(3, 2, 1), c(3, 3, 6)))) {
  dose <- rep(c(0.5, 1, 2), table[[3]])
  had <- unlist(mapply(function(x, n) c(rep(1, x), rep(0, n - x)), table[[2]], table[[3]]))
  data <- data.frame(dose = dose, had = factor(had, levels = c(1, 0)))
  for (side in c("greater", "two.sided")) {
    test <- independence_test(dose ~ had, data, distribution = "exact", alternative = side)
    out(paste("trend", table[[1]]), side, as.numeric(pvalue(test)))
  }
}

# Paired exact test.
for (pair in list(c(7, 1), c(3, 0), c(5, 5), c(150, 86)))
  out(sprintf("mcnemar %d %d", pair[1], pair[2]), "p", binom.test(pair[1], sum(pair))$p.value)

# Log counts of eight subjects at baseline and three weeks (log10 of whole counts).
counts <- rbind(c(10, 35, 60, 40), c(22, 30, 18, 25), c(5, 6, 9, 5), c(14, 80, 120, 90), c(9, 12, 40, 31),
                c(3, 4, 3, 6), c(17, 60, 55, 20), c(25, 22, 70, 95))
weeks <- c(0, 4, 8, 12)
long <- data.frame(id = factor(rep(1:8, 4)), week = factor(rep(weeks, each = 8)), y = log10(as.vector(counts)))
f <- friedman.test(log10(counts))
out("repeated", "Q", f$statistic); out("repeated", "df", f$parameter)
# All ways to mirror subjects' ranks; signs of ranks less their mean.
ranks <- t(apply(counts, 1, rank)) - 2.5
signs <- as.matrix(expand.grid(rep(list(c(-1, 1)), 8)))
out("repeated", "p_value", mean(rowSums((signs %*% ranks)^2) >= sum(colSums(ranks)^2) - 1e-9))
out("repeated", "W", f$statistic / (8 * 3))
a <- summary(suppressMessages(aov_ez("id", "y", long, within = "week")))
u <- a$univariate.tests["week", ]
out("anova", "F", u["F value"]); out("anova", "p_value", u["Pr(>F)"])
out("anova", "df1", u["num Df"]); out("anova", "df2", u["den Df"])
out("anova", "epsilon", a$pval.adjustments["week", "GG eps"])
out("anova", "p_corrected", a$pval.adjustments["week", "Pr(>F[GG])"])
out("anova", "ng2", suppressMessages(aov_ez("id", "y", long, within = "week"))$anova_table$ges)
p <- c()
for (k in 2:4) {
  t <- t.test(log10(counts[, k]), log10(counts[, 1]), paired = TRUE)
  case <- sprintf("week %d", weeks[k]); p <- c(p, t$p.value)
  out(case, "gm_ratio", 10^t$estimate); out(case, "ci_low", 10^t$conf.int[1])
  out(case, "ci_high", 10^t$conf.int[2]); out(case, "p_value", t$p.value)
  # Hedges' g of two samples of equal size: difference over the root of the mean variance, corrected
  d <- (mean(log10(counts[, k])) - mean(log10(counts[, 1]))) /
    sqrt((var(log10(counts[, k])) + var(log10(counts[, 1]))) / 2)
  out(case, "hedges_g", d * (1 - 3 / (4 * 16 - 9)))
}
holm <- p.adjust(p, "holm")
for (k in 1:3) out(sprintf("week %d", weeks[k + 1]), "p_holm", holm[k])

# Time to response of twelve subjects, days and 1 for a response, log-log.
time <- c(15, 15, 8, 22, 15, 29, 197, 197, 134, 148, 199, 195); event <- c(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0)
fit <- survfit(Surv(time + 0, event) ~ 1, conf.type = "log-log")
for (day in c(14, 29)) {
  s <- summary(fit, times = day, extend = TRUE); case <- sprintf("response day %d", day)
  out(case, "km_percent", 100 * (1 - s$surv)); out(case, "km_low", 100 * (1 - s$upper))
  out(case, "km_high", 100 * (1 - s$lower)); out(case, "at_risk", s$n.risk)
}
