# Outside witnesses for the statistics of immune function, computed by R 4.2.2 (Debian 12) with afex and
# brglm2. Run: Rscript immune.R > immune.csv. The data are written out here and in tests/itpcsr/analysis/immune.
suppressPackageStartupMessages({library(afex); library(brglm2)})
out <- function(case, quantity, value) cat(sprintf("%s,%s,%.10g\n", case, quantity, value))
cat("case,quantity,value\n")

# Nine subjects, four visits; the first four are responders.
y <- matrix(c(
  2.1, 2.6, 3.0, 2.9,   1.8, 2.2, 2.9, 2.4,   3.3, 3.6, 4.4, 4.0,   2.7, 3.5, 3.6, 3.9,
  2.4, 2.3, 2.6, 2.2,   3.1, 3.4, 3.0, 3.3,   1.9, 2.0, 1.8, 2.3,   2.8, 2.5, 2.9, 2.6,   2.2, 2.4, 2.1, 2.0),
  nrow = 9, byrow = TRUE)
x <- matrix(c(
  20, 35, 90, 60,   15, 40, 70, 30,   22, 30, 120, 80,   9, 33, 50, 75,
  18, 12, 25, 10,   25, 28, 20, 24,   11, 15, 8, 16,   7, 9, 12, 6,   14, 13, 10, 11), nrow = 9, byrow = TRUE)
responder <- c(1, 1, 1, 1, 0, 0, 0, 0, 0)
long <- data.frame(id = factor(rep(1:9, each = 4)), visit = factor(rep(1:4, 9)), y = as.vector(t(y)),
                   x = log(as.vector(t(x))), group = factor(rep(responder, each = 4)))

f <- friedman.test(y)
out("friedman", "statistic", f$statistic); out("friedman", "p", f$p.value)

a <- suppressMessages(aov_ez("id", "y", long, within = "visit", anova_table = list(correction = "GG", es = "ges")))
s <- summary(a)
out("anova", "F", a$anova_table[["F"]]); out("anova", "p", a$anova_table[["Pr(>F)"]])
out("anova", "epsilon", s$pval.adjustments[1, "GG eps"]); out("anova", "ges", a$anova_table[["ges"]])

m <- suppressMessages(aov_ez("id", "y", long, within = "visit", between = "group", anova_table = list(correction = "GG")))
s <- summary(m)
row <- "group:visit"
out("interaction", "F", m$anova_table[row, "F"]); out("interaction", "p", m$anova_table[row, "Pr(>F)"])
out("interaction", "epsilon", s$pval.adjustments[row, "GG eps"])

# Incomplete: four values taken away.
gaps <- long[-c(3, 8, 22, 33), ]

# Repeated-measures correlation as rmcorr defines it: the common slope beside a level for each subject.
fit <- lm(y ~ id + x, gaps); null <- lm(y ~ id, gaps)
ss <- deviance(null) - deviance(fit)
out("rmcorr", "r", sign(coef(fit)[["x"]]) * sqrt(ss / (ss + deviance(fit))))
out("rmcorr", "df", fit$df.residual); out("rmcorr", "p", summary(fit)$coefficients["x", 4])

# Permutations, all of them.
change <- rowMeans(y[, 2:4]) - y[, 1]
signs <- as.matrix(expand.grid(rep(list(c(-1, 1)), 9)))
out("signs", "p", mean(abs(signs %*% change) >= abs(sum(change)) - 1e-9))
groups <- combn(9, 4)
difference <- apply(groups, 2, function(k) mean(change[k]) - mean(change[-k]))
# Friedman's statistic with ranks mirrored; signs of ranks less their mean.
ranks <- t(apply(y, 1, rank)) - 2.5
out("friedman mirrored", "p", mean(rowSums((signs %*% ranks)^2) >= sum(colSums(ranks)^2) - 1e-9))
out("groups", "p", mean(abs(difference) >= abs(mean(change[1:4]) - mean(change[5:9])) - 1e-9))

w <- t.test(change[1:4], change[5:9]); out("welch", "low", w$conf.int[1]); out("welch", "high", w$conf.int[2])
o <- t.test(change); out("t", "low", o$conf.int[1]); out("t", "high", o$conf.int[2])
out("bh", "second", p.adjust(c(0.01, 0.02, 0.03, 0.5), "BH")[2])
out("spearman", "rho", cor(x[, 2], x[, 4], method = "spearman"))

# Firth: coefficients by brglm2 (its AS_mean is Firth's), ratio test and profile limits from the penalised likelihood.
base <- c(2.1, 1.8, 3.3, 2.7, 2.4, 3.1, 1.9, 2.8, 2.2)
z <- (base - mean(base)) / sd(base)
separated <- c(3, 4, 5, 6, 0.5, 1, 1.5, 2, 2.5)
firth <- function(case, v, r) {
  g <- glm(r ~ v, family = binomial, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 10000)
  out(case, "slope", coef(g)[[2]]); out(case, "intercept", coef(g)[[1]])
  X <- cbind(1, v)
  pl <- function(b) {
    eta <- drop(X %*% b); p <- plogis(eta)
    sum(r * eta - log1p(exp(eta))) + 0.5 * determinant(t(X) %*% (X * (p * (1 - p))))$modulus[1]
  }
  full <- pl(coef(g))
  at <- function(s) optimize(function(i) pl(c(i, s)), c(-80, 80), maximum = TRUE, tol = 1e-11)$objective
  out(case, "p", pchisq(2 * (full - at(0)), 1, lower.tail = FALSE))
  cut <- function(s) at(s) - full + qchisq(0.95, 1) / 2
  out(case, "low", uniroot(cut, c(coef(g)[[2]] - 15, coef(g)[[2]]), tol = 1e-10)$root)
  out(case, "high", uniroot(cut, c(coef(g)[[2]], coef(g)[[2]] + 80), tol = 1e-10)$root)
}
firth("firth", z, responder)
firth("firth separated", (separated - mean(separated)) / sd(separated), responder)
splenectomy <- c(1, 0, 1, 0, 1, 1, 0, 0, 1)
k <- lm(change ~ responder + splenectomy + base)
out("covariate", "slope", coef(k)[["responder"]]); out("covariate", "low", confint(k)["responder", 1])
out("covariate", "p", summary(k)$coefficients["responder", 4])

# Effects found with a power of 80 %. Six changes reach p = 2/64 only where all have the same sign, and four
# against four p = 2/70 only where the groups are parted, so that the power of these permutation tests has a
# formula; the t tests' powers (both tails) are those that the simulation is held to.
all_same <- function(e) pnorm(e)^6 + pnorm(-e)^6
above <- function(e) integrate(function(x) 4 * dnorm(x - e) * pnorm(x - e, lower.tail = FALSE)^3 * pnorm(x)^4, -Inf, Inf, rel.tol = 1e-10)$value
out("power signs 6", "effect", uniroot(function(e) all_same(e) - 0.8, c(0.5, 5), tol = 1e-10)$root)
out("power groups 4 4", "effect", uniroot(function(e) above(e) + above(-e) - 0.8, c(0.5, 5), tol = 1e-10)$root)
for (alpha in c(0.05, 0.002)) {
  one <- power.t.test(n = 18, power = 0.8, sig.level = alpha, type = "one.sample", strict = TRUE, tol = 1e-10)
  two <- power.t.test(n = 9, power = 0.8, sig.level = alpha, strict = TRUE, tol = 1e-10)
  out(sprintf("power t 18 %g", alpha), "effect", one$delta)
  out(sprintf("power t 9 9 %g", alpha), "effect", two$delta)
}
