# Outside witnesses for pharmacokinetic summaries and the power model, computed by R 4.2.2 (Debian 12).
# Run: Rscript pharmacokinetics.R > pharmacokinetics.csv
out <- function(case, quantity, value) cat(sprintf("%s,%s,%.12g\n", case, quantity, value))
cat("case,quantity,value\n")

dose <- c(0.5, 0.5, 1, 1, 1, 2, 2, 2, 2, 2)
cmax <- c(1173, 645, 340, 121, 599, 198, 2298, 624, 819, 2789)
for (level in c(0.90, 0.95)) {
  fit <- lm(log(cmax) ~ log(dose))
  ci <- confint(fit, level = level)
  case <- sprintf("power %.2f", level)
  out(case, "slope", coef(fit)[[2]])
  out(case, "low", ci[2, 1])
  out(case, "high", ci[2, 2])
}

out("cmax", "geometric_mean", exp(mean(log(cmax))))
out("cmax", "gcv", 100 * sqrt(exp(var(log(cmax))) - 1))
out("cmax", "mean", mean(cmax))
out("cmax", "sd", sd(cmax))
out("cmax", "median", median(cmax))
