"""Which library computes each method of the result rows; the report's documentation of methods prints it."""

from __future__ import annotations

# This project's own code; where a library stands beside it, that one gives the distributions.
OWN = "itpcsr"
DESCRIPTIVE = ("numpy", "pandas")  # counts, shares, means and the like, whose rows name no method
# How a method begins, and what computes it: packages by their names on PyPI. The longest beginning counts.
_SOFTWARE: dict[str, tuple[str, ...]] = {
    "Benjamini-Hochberg": ("pingouin",),
    "Breslow-Day test": (OWN, "scipy"),
    "Clopper-Pearson exact interval": ("statsmodels",),
    "Cochran-Mantel-Haenszel test": (OWN, "scipy"),
    "Cox's proportional hazards model": ("statsmodels",),
    "Difference of Kaplan-Meier estimates": (OWN, "lifelines"),
    "Firth's logistic regression": (OWN, "scipy"),
    "Fisher's exact test": ("scipy",),
    "Fisher's exact test (Freeman-Halton)": (OWN, "scipy"),
    "Fleming-Harrington test": ("statsmodels",),
    "Friedman test": ("pingouin",),
    "Friedman's statistic": ("pingouin",),
    "Garwood exact Poisson interval": ("statsmodels",),
    "Holm adjustment": ("pingouin",),
    "Jeffreys interval": ("statsmodels",),
    "Kaplan-Meier estimate": ("lifelines",),
    "Mantel-Haenszel common odds ratio": ("statsmodels",),
    "Mantel-Haenszel common relative risk": (OWN,),
    "McNemar's": ("scipy",),
    "Miettinen-Nurminen score interval": (OWN, "scipy"),
    "Newcombe hybrid score interval": (OWN, "statsmodels"),
    "Pearson's chi-square test": ("pingouin",),
    "Restricted mean time without event": (OWN, "lifelines"),
    "Score test of proportional hazards": (OWN, "scipy"),
    "Spearman correlation": ("pandas", "scipy"),
    "Tarone-Ware test": ("statsmodels",),
    "Welch t interval": (OWN, "scipy"),
    "Wilcoxon (Gehan-Breslow) test": ("statsmodels",),
    "Wilson score interval": ("statsmodels",),
    "analysis of covariance": (OWN, "statsmodels", "scipy"),
    "beta posterior": ("scipy",),
    "continual reassessment method": (OWN,),
    "difference by the pooled SD": (OWN, "scipy"),
    "dose-escalation rule": (OWN,),
    "exact conditional Cochran-Armitage test": (OWN,),
    "exact permutation test of the rank sum": ("scipy",),
    "exponential of the mean of logarithms": ("numpy",),
    "geometric CV%": ("numpy",),
    "isotonic regression": (OWN,),
    "linear model of the mean change": (OWN, "scipy"),
    "log-rank test": ("statsmodels",),
    "mean change by the SD of changes": (OWN, "scipy"),
    "mediation by linear regressions": (OWN, "scipy"),
    "mixed ANOVA": (OWN, "scipy"),
    "mixed model for repeated measures": (OWN, "patsy", "scipy"),
    "non-compartmental analysis": (OWN,),
    "one-way analysis of variance": ("pingouin",),
    "paired t-test of log counts": ("scipy", "pingouin"),
    "permutation test": (OWN,),
    "power model": ("scipy",),
    "quartiles": ("numpy",),
    "repeated-measures ANOVA": ("pingouin",),
    "repeated-measures analysis of variance": ("pingouin",),
    "repeated-measures correlation": (OWN, "scipy"),
    "share of the squared error of prediction": (OWN,),
    "simulated normal changes": (OWN,),
    "simulation": (OWN,),
    "t interval": (OWN, "scipy"),
}


def software_of(method: str) -> tuple[str, ...]:
    """Return the packages that compute a method, by their names on PyPI; none for an unknown method."""
    known = [beginning for beginning in _SOFTWARE if method.startswith(beginning)]
    return _SOFTWARE[max(known, key=len)] if known else ()
