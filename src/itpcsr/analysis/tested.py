"""All tests of the report, and the software that computes each method."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.rows import levels_in
from csrkit.vocabulary import LEVEL
from itpcsr.study import ChosenTest, Study
from itpcsr.study.testing import BETWEEN_ARMS, PLACES, Place, is_chosen

# All tests of the report: which there are, and which were chosen beforehand.

CHOSEN, OTHERS = "tbl-chosen-tests", "tbl-exploratory-tests"
P_VALUES = ("p_value", "p_adjusted", "mid_p")
_PLACE = ["display", "analysis", "group", *LEVEL, "visit"]


def select_tests(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each test among result rows: its raw p-value, which is NaN where there is none.

    Tests between arms stay in their own tables and are none of these.
    """
    tests = rows[(rows["statistic"] == "p_value") & ~rows["display"].isin(BETWEEN_ARMS)]
    return tests.drop(columns="notebook").reset_index(drop=True)


def places_of(tests: pd.DataFrame) -> list[Place]:
    """Return where each test stands among result rows."""
    names = (tests[name] for name in ("display", "analysis", "group"))
    return [Place(*place) for place in zip(*names, levels_in(tests), tests["visit"], strict=True)]


def part_tests(tests: pd.DataFrame, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tests chosen beforehand, in the order of their declaration, and all others."""
    places = places_of(tests)
    orders = [_first(place, study.testing.chosen_tests) for place in places]
    ordered = tests.assign(order=pd.Series(orders, index=tests.index, dtype="Int64"))
    chosen = ordered[ordered["order"].notna()].sort_values("order", kind="stable")
    others = ordered[ordered["order"].isna()]
    return chosen.drop(columns="order"), others.drop(columns="order")


def _first(place: Place, chosen: Sequence[ChosenTest]) -> int | None:
    return next((number for number, one in enumerate(chosen) if is_chosen(place, one)), None)


def not_made(tests: pd.DataFrame, study: Study) -> list[ChosenTest]:
    """Return the declarations that name no test of this version: what they need isn't part of it."""
    places = places_of(tests)
    return [one for one in study.testing.chosen_tests if not any(is_chosen(place, one) for place in places)]


def displays_of_tests(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return result rows in which a p-value has the display that shows it, the table of tests."""
    tested = rows["statistic"].isin(P_VALUES) & rows["display"].isin({place[0] for place in PLACES.values()})
    chosen, _ = part_tests(rows[tested & (rows["statistic"] == "p_value")], study)
    shown = pd.MultiIndex.from_frame(chosen[_PLACE])
    first = tested & pd.MultiIndex.from_frame(rows[_PLACE]).isin(shown)
    return rows.assign(display=rows["display"].mask(tested, OTHERS).mask(first, CHOSEN))


# Which library computes each method of the result rows; the report's documentation of methods prints it.

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
