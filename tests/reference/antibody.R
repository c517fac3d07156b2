# Outside witnesses for the antibody tests, computed by R 4.2.2 (Debian 12) and coin 1.4-2.
# Run: Rscript antibody.R > antibody.csv
suppressPackageStartupMessages(library(coin))
out <- function(case, quantity, value) cat(sprintf("%s,%s,%.12g\n", case, quantity, value))
cat("case,quantity,value\n")

for (pair in list(c(1, 0), c(2, 0), c(0, 3), c(3, 1), c(1, 7), c(2, 2), c(5, 5), c(86, 150))) {
  case <- sprintf("mcnemar %d %d", pair[1], pair[2])
  out(case, "exact", binom.test(pair[1], sum(pair))$p.value)
}

without_ties <- list(x = c(599, 624, 121), y = c(1173, 645, 340, 198, 2298, 767))
out("ranks untied", "p", wilcox.test(without_ties$x, without_ties$y, exact = TRUE)$p.value)
ties <- list(x = c(120, 120, 300, 450), y = c(120, 300, 300, 700, 900, 900, 1500))
groups <- factor(rep(c("x", "y"), c(4, 7)))
test <- wilcox_test(c(ties$x, ties$y) ~ groups, distribution = exact())
out("ranks tied", "p", as.numeric(pvalue(test)))
out("fisher 6/11 2/7", "p", fisher.test(matrix(c(6, 5, 2, 5), 2))$p.value)
out("fisher 10/11 3/7", "p", fisher.test(matrix(c(10, 1, 3, 4), 2))$p.value)
titres <- c(40, 80, 160, 160, 320)
out("titres", "geometric_mean", exp(mean(log(titres))))
