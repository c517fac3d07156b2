# Outside witnesses for comparisons of categories and of times to an event, computed by R 4.2.2 (Debian 12) with
# survival 3.5-3 and vcdExtra 0.8-2. Run: Rscript comparisons.R > comparisons.csv (writes veteran.csv, too).
suppressMessages({library(survival); library(vcdExtra)})
out <- function(case, quantity, value) cat(sprintf("%s,%s,%.12g\n", case, quantity, value))
cat("case,quantity,value\n")

# Strata of tables: rows groups, columns categories. Job satisfaction is that of R's ?mantelhaen.test (Agresti
# 1990); arthritis is vcd::Arthritis (Koch and Edwards 1988).
job <- array(c(1, 2, 0, 0, 3, 3, 1, 2, 11, 17, 8, 4, 2, 3, 5, 2,
               1, 0, 0, 0, 1, 3, 0, 1, 2, 5, 7, 9, 1, 1, 3, 6), c(4, 4, 2))
arthritis <- xtabs(~ Treatment + Improved + Sex, data = vcd::Arthritis)
wide <- array(c(12, 9, 15, 8, 11, 7, 4, 6, 10, 3, 5, 1,  7, 10, 9, 9, 6, 8, 12, 5, 2, 4, 3, 6), c(4, 3, 2))
for (case in list(list("job", job), list("arthritis", arthritis), list("wide", wide))) {
  out(paste("cmh", case[[1]]), "general", mantelhaen.test(case[[2]])$statistic)
  for (scores in c("table", "rank", "ridit", "modified ridit")) {
    # vcdExtra takes scores of the margins of all strata together; SAS and this project those of each stratum
    mine <- function(table, kind) {
      levels <- function(margin) switch(kind, table = seq_along(margin), rank = cumsum(margin) - margin + (margin + 1) / 2,
        ridit = (cumsum(margin) - margin + (margin + 1) / 2) / sum(margin),
        "modified ridit" = (cumsum(margin) - margin + (margin + 1) / 2) / (sum(margin) + 1))
      r <- nrow(table); k <- dim(table)[3]
      mean_d <- 0; mean_v <- 0; cor_d <- 0; cor_v <- 0
      for (h in 1:k) {
        x <- table[, , h]; n <- sum(x); a <- levels(rowSums(x)); b <- levels(colSums(x))
        centred <- b - sum(b * colSums(x)) / n
        s2 <- sum(colSums(x) * centred^2) / (n - 1)          # variance of the scores of a stratum's subjects
        f <- as.vector(x %*% centred)                         # sums of the centred scores by group
        mean_d <- mean_d + f[-r]
        mean_v <- mean_v + s2 * (diag(rowSums(x)) - outer(rowSums(x), rowSums(x)) / n)[-r, -r]
        ac <- a - sum(a * rowSums(x)) / n
        cor_d <- cor_d + sum(ac * f); cor_v <- cor_v + s2 * sum(rowSums(x) * ac^2)
      }
      c(t(mean_d) %*% solve(mean_v, mean_d), cor_d^2 / cor_v)
    }
    found <- mine(case[[2]], scores)
    out(paste("cmh", case[[1]], scores), "means", found[1])
    out(paste("cmh", case[[1]], scores), "correlation", found[2])
  }
}
# the same by vcdExtra, whose scores of a table don't depend on the stratum: a check of the formula above
overall <- CMHtest(arthritis, overall = TRUE)$ALL$table
for (kind in c("cor", "rmeans", "general")) out("vcdExtra arthritis", kind, overall[kind, "Chisq"])

# Two groups in strata: group, reference × yes, no
migraine <- array(c(16, 5, 11, 20, 12, 7, 16, 19), c(2, 2, 2))
centres <- array(c(9, 4, 3, 8,  6, 5, 6, 7,  11, 3, 2, 10,  1, 0, 7, 9,  5, 5, 0, 2), c(2, 2, 5))
for (case in list(list("migraine", migraine), list("centres", centres))) {
  fit <- mantelhaen.test(case[[2]])
  out(paste("common", case[[1]]), "odds_ratio", fit$estimate)
  out(paste("common", case[[1]]), "low", fit$conf.int[1]); out(paste("common", case[[1]]), "high", fit$conf.int[2])
  x <- case[[2]]; n <- apply(x, 3, sum); n1 <- x[1, 1, ] + x[1, 2, ]; n0 <- x[2, 1, ] + x[2, 2, ]
  up <- sum(x[1, 1, ] * n0 / n); down <- sum(x[2, 1, ] * n1 / n)
  v <- sum((n1 * n0 * (x[1, 1, ] + x[2, 1, ]) - x[1, 1, ] * x[2, 1, ] * n) / n^2) / (up * down)
  out(paste("common", case[[1]]), "relative_risk", up / down)
  out(paste("common", case[[1]]), "risk_low", exp(log(up / down) - qnorm(0.975) * sqrt(v)))
  out(paste("common", case[[1]]), "risk_high", exp(log(up / down) + qnorm(0.975) * sqrt(v)))
  # Breslow and Day: the expected count by search, not by the root of its equation
  told <- x[, , colSums(x[, 1, ]) > 0 & colSums(x[, 2, ]) > 0, drop = FALSE]
  odds <- mantelhaen.test(told)$estimate; e <- v <- numeric(dim(told)[3])
  for (h in seq_along(e)) {
    m <- told[, , h]; r <- sum(m[1, ]); c1 <- sum(m[, 1]); N <- sum(m)
    e[h] <- uniroot(function(a) a * (N - r - c1 + a) - odds * (r - a) * (c1 - a),
                    c(max(0, r + c1 - N), min(r, c1)), tol = 1e-14)$root
    v[h] <- 1 / sum(1 / c(e[h], r - e[h], c1 - e[h], N - r - c1 + e[h]))
  }
  out(paste("equal odds", case[[1]]), "breslow_day", sum((told[1, 1, ] - e)^2 / v))
  out(paste("equal odds", case[[1]]), "tarone", sum((told[1, 1, ] - e)^2 / v) - sum(told[1, 1, ] - e)^2 / sum(v))
}

# Differences of proportions: the score interval with the most likely proportions by search, not by the cubic
score <- function(x, n, delta) { # strata in rows; group, reference in columns
  w <- n[, 1] * n[, 2] / rowSums(n); w <- w / sum(w); v <- numeric(nrow(x))
  for (h in seq_along(v)) {
    lower <- max(0, -delta); upper <- min(1, 1 - delta)
    loglik <- function(p) dbinom(x[h, 1], n[h, 1], min(max(p + delta, 0), 1), TRUE) + dbinom(x[h, 2], n[h, 2], p, TRUE)
    p <- optimize(loglik, c(lower, upper), maximum = TRUE, tol = 1e-12)$maximum
    for (end in c(lower, upper)) if (loglik(end) >= loglik(p)) p <- end
    v[h] <- ((p + delta) * (1 - p - delta) / n[h, 1] + p * (1 - p) / n[h, 2]) * sum(n[h, ]) / (sum(n[h, ]) - 1)
  }
  d <- x[, 1] / n[, 1] - x[, 2] / n[, 2]
  if (sum(v) <= 0) 0 else (sum(w * d) - delta) / sqrt(sum(w^2 * v))
}
limits <- function(x, n, z = qnorm(0.975)) {
  d <- sum((n[, 1] * n[, 2] / rowSums(n)) * (x[, 1] / n[, 1] - x[, 2] / n[, 2])) / sum(n[, 1] * n[, 2] / rowSums(n))
  low <- if (d <= -1) -1 else uniroot(function(t) score(x, n, t) - z, c(-1 + 1e-9, min(d, 1 - 1e-9)), tol = 1e-12)$root
  high <- if (d >= 1) 1 else uniroot(function(t) score(x, n, t) + z, c(max(d, -1 + 1e-9), 1 - 1e-9), tol = 1e-12)$root
  c(d, low, high)
}
wilson <- function(x, n, z) { p <- x / n; h <- z * sqrt(p * (1 - p) / n + z^2 / 4 / n^2)
  list(low = (p + z^2 / 2 / n - h) / (1 + z^2 / n), high = (p + z^2 / 2 / n + h) / (1 + z^2 / n)) }
yan_su <- function(x, n, z = qnorm(0.975)) {
  w <- n[, 1] * n[, 2] / rowSums(n); w <- w / sum(w); p <- x / n; side <- list()
  for (g in 1:2) { v <- p[, g] * (1 - p[, g]) / n[, g]; q <- z * sqrt(sum(w^2 * v)) / sum(w * sqrt(v))
    side[[g]] <- lapply(wilson(x[, g], n[, g], q), function(l) sum(w * l)) }
  d <- sum(w * (p[, 1] - p[, 2])); s <- colSums(w^2 / n)
  f <- function(g, l) s[g] * l * (1 - l)
  c(d, d - z * sqrt(f(1, side[[1]]$low) + f(2, side[[2]]$high)), d + z * sqrt(f(1, side[[1]]$high) + f(2, side[[2]]$low)))
}
three <- function(case, found) for (i in 1:3) out(case, c("estimate", "low", "high")[i], found[i])
# Newcombe's Table II (Stat Med 1998;17:873)
for (row in list(c(56, 70, 48, 80), c(9, 10, 3, 10), c(6, 7, 2, 7), c(5, 56, 0, 29), c(0, 10, 0, 20), c(0, 10, 0, 10),
                 c(10, 10, 0, 20), c(10, 10, 0, 10))) {
  case <- sprintf("score %d/%d %d/%d", row[1], row[2], row[3], row[4])
  three(case, limits(cbind(row[1], row[3]), cbind(row[2], row[4])))
  if (row[1] + row[3] > 0) out(case, "statistic", score(cbind(row[1], row[3]), cbind(row[2], row[4]), 0))
}
for (case in list(list("migraine", migraine), list("centres", centres))) {
  x <- t(case[[2]][, 1, ]); n <- t(apply(case[[2]], c(1, 3), sum))
  three(paste("stratified score", case[[1]]), limits(x, n))
  out(paste("stratified score", case[[1]]), "statistic", score(x, n, 0))
  each <- t(sapply(seq_len(nrow(x)), function(h) limits(x[h, , drop = FALSE], n[h, , drop = FALSE])))
  precision <- (2 * qnorm(0.975) / (each[, 3] - each[, 2]))^2
  d <- sum(precision * (each[, 2] + each[, 3]) / 2) / sum(precision); se <- 1 / sqrt(sum(precision))
  three(paste("summary score", case[[1]]), c(d, d - qnorm(0.975) * se, d + qnorm(0.975) * se))
  three(paste("yan su", case[[1]]), yan_su(x, n))
}
# The table of tern's tests of prop_diff_strat_nc (github.com/insightsengineering/tern, commit eab2bd71,
# tests/testthat/test-prop_diff.R), drawn as there: 0.2539 (0.0347 to 0.4454), "externally validated", as SAS
set.seed(1)
rsp <- c(sample(c(TRUE, FALSE), 40, TRUE, c(3 / 4, 1 / 4)), sample(c(TRUE, FALSE), 40, TRUE, c(1 / 2, 1 / 2)))
grp <- factor(rep(c("A", "B"), each = 40)); f1 <- sample(c("a", "b"), 80, TRUE); f2 <- sample(c("x", "y", "z"), 80, TRUE)
drawn <- table(grp, factor(rsp, c(TRUE, FALSE)), paste(f1, f2))
for (h in seq_len(dim(drawn)[3])) for (g in 1:2) for (a in 1:2)
  out(paste("tern", h), paste(c("group", "reference")[g], c("yes", "no")[a]), drawn[g, a, h])

# Times to an event: the Veterans' Administration lung cancer trial (Kalbfleisch and Prentice 1980)
v <- veteran
write.csv(v[c("trt", "celltype", "time", "status", "karno", "age", "prior")], "veteran.csv", row.names = FALSE, quote = FALSE)
test <- function(case, fit, df) { out(case, "statistic", fit$chisq); out(case, "df", df); out(case, "p", pchisq(fit$chisq, df, lower.tail = FALSE)) }
test("log-rank trt", survdiff(Surv(time, status) ~ trt, v), 1)
test("log-rank celltype", survdiff(Surv(time, status) ~ celltype, v), 3)
test("log-rank trt by celltype", survdiff(Surv(time, status) ~ trt + strata(celltype), v), 1)
test("log-rank celltype by trt", survdiff(Surv(time, status) ~ celltype + strata(trt), v), 3)
test("fleming-harrington celltype", survdiff(Surv(time, status) ~ celltype, v, rho = 1), 3)
# weights of Gehan and Tarone and Ware by hand: survdiff has none
gehan <- function(power) { o <- numeric(4); m <- matrix(0, 4, 4); k <- as.integer(v$celltype)
  for (t in unique(v$time[v$status == 1])) {
    r <- tabulate(k[v$time >= t], 4); d <- tabulate(k[v$time == t & v$status == 1], 4); n <- sum(r); s <- sum(d)
    o <- o + n^power * (d - s * r / n)
    if (n > 1) m <- m + n^(2 * power) * s * (n - s) / (n - 1) * (diag(r) / n - outer(r, r) / n^2) }
  sum(o[-4] * solve(m[-4, -4], o[-4])) }
out("wilcoxon celltype", "statistic", gehan(1)); out("tarone-ware celltype", "statistic", gehan(0.5))

v$cell <- relevel(v$celltype, "squamous"); v$arm <- factor(v$trt)
models <- list(arm = Surv(time, status) ~ arm, cell = Surv(time, status) ~ cell,
  adjusted = Surv(time, status) ~ arm + karno + age + cell,
  strata = Surv(time, status) ~ arm + karno + strata(celltype),
  two = Surv(time, status) ~ cell + karno + strata(trt, prior))
for (name in names(models)) {
  fit <- coxph(models[[name]], v, ties = "efron", control = coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 100))
  found <- summary(fit)
  for (term in rownames(found$coefficients)) {
    case <- paste("cox", name, term)
    out(case, "estimate", found$conf.int[term, 1]); out(case, "low", found$conf.int[term, 3]); out(case, "high", found$conf.int[term, 4])
    out(case, "z", found$coefficients[term, "z"]); out(case, "p", found$coefficients[term, "Pr(>|z|)"])
  }
  checked <- cox.zph(fit, transform = "km", terms = TRUE)$table
  for (term in rownames(checked)) { out(paste("zph", name, term), "statistic", checked[term, 1]); out(paste("zph", name, term), "df", checked[term, 2]) }
}
for (tau in c(100, 500)) {
  fit <- summary(survfit(Surv(time, status) ~ trt, v), rmean = tau)$table
  for (g in 1:2) { out(sprintf("rmst %d %d", tau, g), "mean", fit[g, "rmean"]); out(sprintf("rmst %d %d", tau, g), "se", fit[g, "se(rmean)"]) }
}
for (at in c(30, 90, 365)) {
  fit <- summary(survfit(Surv(time, status) ~ trt, v), times = at)
  for (g in 1:2) { out(sprintf("landmark %d %d", at, g), "share", fit$surv[g]); out(sprintf("landmark %d %d", at, g), "se", fit$std.err[g]) }
}
