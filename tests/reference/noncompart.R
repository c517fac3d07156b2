# Partial areas of indomethacin (R datasets::Indometh) by the R package NonCompart 0.8.0 (CRAN), R 4.2.2.
# Run: Rscript noncompart.R > noncompart.csv
library(NonCompart)
cat("subject,route,method,start,end,value\n")
parts <- data.frame(Name = c("a", "b", "c"), Start = c(0, 1, 0), End = c(12, 6, 24))
methods <- c(Linear = "linear", Log = "linear-up log-down")
for (subject in c("1", "2", "4")) for (route in c("infusion", "bolus")) for (down in names(methods)) {
  x <- subset(Indometh, Subject == subject)
  r <- sNCA(x$time, x$conc, dose = 25, adm = route, dur = if (route == "infusion") 0.25 else 0, down = down, iAUC = parts, R2ADJ = 0)
  for (i in 1:3) cat(sprintf("%s,%s,%s,%g,%g,%.12g\n", subject, route, methods[[down]], parts$Start[i], parts$End[i], r[[parts$Name[i]]]))
}
