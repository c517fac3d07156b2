# Outside witnesses for the statistics of this package, computed by R 4.2.2 (Debian 12).
# Run: Rscript statistics.R > statistics.csv
out <- function(case, quantity, value) cat(sprintf("%s,%s,%.12g\n", case, quantity, value))
cat("case,quantity,value\n")

for (pair in list(c(0, 3), c(2, 3), c(3, 6), c(5, 12), c(6, 12), c(8, 18), c(13, 18), c(4, 18), c(18, 18), c(1, 1))) {
  for (level in c(0.90, 0.95)) {
    ci <- binom.test(pair[1], pair[2], conf.level = level)$conf.int
    case <- sprintf("binom %d/%d %.2f", pair[1], pair[2], level)
    out(case, "low", ci[1])
    out(case, "high", ci[2])
  }
}

samples <- list(three = c(3, 9, 22), four = c(1, 2, 4, 8), seven = c(12, 5, 11, 15, 3, 10, 8), thirteen = c(51, 92, 103, 91, 104, 45, 99, 56, 94, 103, 56, 33, 59))
for (name in names(samples)) {
  x <- samples[[name]]
  q <- quantile(x, c(0.25, 0.5, 0.75), type = 2)
  out(name, "mean", mean(x))
  out(name, "sd", sd(x))
  out(name, "q1", q[[1]])
  out(name, "median", q[[2]])
  out(name, "q3", q[[3]])
}

for (table in list(c(2, 86, 8, 84), c(4, 86, 4, 84), c(0, 3, 2, 3), c(12, 86, 15, 84))) {
  p <- fisher.test(matrix(c(table[3], table[4] - table[3], table[1], table[2] - table[1]), 2))$p.value
  out(sprintf("fisher %d/%d %d/%d", table[1], table[2], table[3], table[4]), "p", p)
}

weights <- data.frame(y = c(61.2, 58.4, 70.1, 66.3, 72.5, 69.9, 55.0, 80.2, 64.4, 59.1), g = c("a", "a", "a", "b", "b", "b", "b", "c", "c", "c"))
out("anova", "p", summary(aov(y ~ g, weights))[[1]][["Pr(>F)"]][1])
out("chisq", "p", chisq.test(matrix(c(33, 53, 34, 50, 44, 40), 2), correct = FALSE)$p.value)

for (pair in list(c(0, 1.6), c(1, 0.5), c(2, 1.62), c(19, 3.1), c(43, 9.43), c(1126, 99.84))) {
  for (level in c(0.90, 0.95)) {
    ci <- poisson.test(pair[1], pair[2], conf.level = level)$conf.int
    case <- sprintf("poisson %d/%s %.2f", pair[1], format(pair[2]), level)
    out(case, "low", ci[1])
    out(case, "high", ci[2])
  }
}

# Time to event: days and 1 for an event, 0 for censored. Curves that end at one half are left out: R and SAS
# differ there, and the package follows SAS.
library(survival)
courses <- list(
  mixed = list(c(5, 8, 8, 12, 30, 30), c(1, 1, 0, 1, 0, 0)),
  stretch = list(c(1, 1, 15, 18, 22, 198), c(1, 1, 1, 1, 1, 0)),
  all = list(c(29, 34, 120), c(1, 1, 1)),
  one = list(c(7), c(1)),
  few = list(c(18, 104, 150, 197, 197, 198), c(1, 1, 0, 0, 0, 0)),
  cohort = list(c(29, 34, 120, 197, 197, 197, 18, 15, 197, 22, 1, 1, 8, 196, 8, 8, 21, 8),
                c(1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1)))
for (name in names(courses)) {
  course <- courses[[name]]
  fit <- survfit(Surv(course[[1]], course[[2]]) ~ 1, conf.type = "log-log")
  q <- quantile(fit, 0.5)
  out(paste("km", name), "median", q$quantile[[1]])
  out(paste("km", name), "median_low", q$lower[[1]])
  out(paste("km", name), "median_high", q$upper[[1]])
  for (day in c(7, 22)) {
    s <- summary(fit, times = day, extend = TRUE)
    case <- sprintf("km %s %d", name, day)
    out(case, "share", s$surv)
    out(case, "low", s$lower)
    out(case, "high", s$upper)
    out(case, "at_risk", s$n.risk)
  }
}
# Several categories in three groups: exact test of all tables with the same margins.
statuses <- list(alb = c(16, 65, 3, 15, 66, 1, 5, 74, 1), small = c(3, 0, 0, 1, 2, 0, 0, 1, 2), two = c(1, 4, 6, 2, 2, 3))
for (name in names(statuses)) {
  out(sprintf("fisher %s", name), "p", fisher.test(matrix(statuses[[name]], 3))$p.value)
}

# Shifts by group within the states at baseline: general association.
shifts <- array(c(77, 7, 74, 5, 72, 5, 1, 3, 1, 2, 1, 2), dim = c(2, 3, 2))
out("cmh shifts", "p", mantelhaen.test(shifts)$p.value)
three <- array(c(5, 3, 2, 4, 4, 2, 1, 6, 3, 2, 2, 6, 3, 3, 4, 1, 5, 4), dim = c(3, 3, 2))
out("cmh three", "p", mantelhaen.test(three)$p.value)

# Too many tables to enumerate: R's own Monte Carlo estimate with fixed margins and, where FEXACT's network
# still ends, the exact value that both estimates are of.
large <- list(wide = c(60, 200, 40, 45, 220, 35, 30, 240, 30),
              levels = c(4, 9, 12, 6, 3, 10, 8, 7, 9, 2, 6, 6, 11, 10, 5, 3, 5, 2, 14, 9, 8, 4, 1, 9, 7))
for (name in names(large)) {
  set.seed(20240423)
  x <- matrix(large[[name]], sqrt(length(large[[name]])))
  out(sprintf("fisher simulated %s", name), "p", fisher.test(x, simulate.p.value = TRUE, B = 1e6)$p.value)
}
out("fisher wide", "p", fisher.test(matrix(large$wide, 3), workspace = 2.5e8)$p.value)
