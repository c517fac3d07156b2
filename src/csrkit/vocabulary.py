"""The statistics that result rows may hold: one name for each, what it means, and how it is written.

A name that isn't here is an error, so that nobody writes a number that no table, page or comparison knows how
to show. A new one is a line of ``STATISTICS``; ``docs/results.md`` lists them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["count", "percent", "p", "data", "fixed"]


@dataclass(frozen=True)
class Statistic:
    """What a statistic means and how it is written.

    Parameters
    ----------
    meaning
        In words, for the documentation.
    form
        ``count`` (a whole number), ``percent`` (one decimal), ``p`` (a p-value), ``data`` (as many decimals
        as the data have, and ``decimals`` more) or ``fixed`` (``decimals``, whatever the data).
    decimals
        See ``form``.
    """

    meaning: str
    form: Form = "data"
    decimals: int = 0


STATISTICS: dict[str, Statistic] = {
    # counts
    "n": Statistic("subjects with what is counted, or values", "count"),
    "N": Statistic("subjects of the group: the denominator", "count"),
    "events": Statistic("events, several of a subject each", "count"),
    "at_risk": Statistic("subjects without event and under observation", "count"),
    "n1": Statistic("subjects of the first of two groups"),
    "n2": Statistic("subjects of the second of two groups"),
    "pairs": Statistic("pairs of values"),
    "records": Statistic("records of a data set", "fixed"),
    "subjects": Statistic("subjects of a data set or a finding"),
    "values": Statistic("values drawn or used"),
    "censored": Statistic("values below or above the range of the assay"),
    "findings": Statistic("findings of the data review"),
    "rules": Statistic("rules of the data review that were checked"),
    "visits": Statistic("visits that a test compares"),
    "tables_drawn": Statistic("tables drawn at random for a Monte Carlo p-value", "fixed"),
    # rates
    "percent": Statistic("100 n / N", "percent"),
    "ci_low": Statistic("lower limit of the confidence interval", "percent"),
    "ci_high": Statistic("upper limit of the confidence interval", "percent"),
    "years": Statistic("time at risk", "fixed", 1),
    "rate": Statistic("events per time at risk", "fixed", 2),
    "rate_low": Statistic("lower limit of the interval of a rate per time", "fixed", 2),
    "rate_high": Statistic("upper limit of the interval of a rate per time", "fixed", 2),
    # values
    "value": Statistic("one value of one subject"),
    "mean": Statistic("arithmetic mean", "data", 1),
    "sd": Statistic("standard deviation, from 3 values on", "data", 2),
    "median": Statistic("median", "data", 1),
    "q1": Statistic("lower quartile", "data", 1),
    "q3": Statistic("upper quartile", "data", 1),
    "min": Statistic("smallest value"),
    "max": Statistic("largest value"),
    "p5": Statistic("5th percentile"),
    "p95": Statistic("95th percentile"),
    "geometric_mean": Statistic("geometric mean", "data", 1),
    "gcv": Statistic("geometric coefficient of variation, %", "fixed", 1),
    "day": Statistic("study day of a value"),
    "grade": Statistic("toxicity grade of a value"),
    "baseline": Statistic("value at baseline"),
    "baseline_grade": Statistic("toxicity grade of the value at baseline"),
    "range_low": Statistic("lower limit of the normal range"),
    "range_high": Statistic("upper limit of the normal range"),
    # times to events
    "median_low": Statistic("lower limit of the interval of a median time", "data", 1),
    "median_high": Statistic("upper limit of the interval of a median time", "data", 1),
    "km_percent": Statistic("Kaplan-Meier estimate of a share", "percent"),
    "km_low": Statistic("lower limit of its interval", "percent"),
    "km_high": Statistic("upper limit of its interval", "percent"),
    # effects
    "estimate": Statistic("estimate of an effect"),
    "low": Statistic("lower limit of the interval of an estimate"),
    "high": Statistic("upper limit of the interval of an estimate"),
    "se": Statistic("standard error of an estimate", "data", 1),
    "low_adjusted": Statistic("lower limit that holds for all estimates of a family together"),
    "high_adjusted": Statistic("upper limit that holds for all estimates of a family together"),
    "r_squared": Statistic("share of the variation that a model explains", "fixed", 2),
    "root_mse": Statistic("root of the mean square error of a model", "data", 2),
    "effect": Statistic("standardised effect, or the share that a factor accounts for"),
    "effect_low": Statistic("lower limit of the interval of an effect"),
    "effect_high": Statistic("upper limit of the interval of an effect"),
    "ratio": Statistic("ratio of two values", "fixed", 2),
    "gm_ratio": Statistic("ratio of geometric means", "fixed", 2),
    "hedges_g": Statistic("Hedges' g, a standardised difference of means", "fixed", 2),
    "ng2": Statistic("generalised eta squared", "fixed", 2),
    "np2": Statistic("partial eta squared", "fixed", 2),
    "rank_biserial": Statistic("rank-biserial correlation", "fixed", 2),
    "r": Statistic("correlation coefficient"),
    "auc": Statistic("area under the receiver operating characteristic"),
    "slope": Statistic("slope on logarithms", "fixed", 2),
    "slope_low": Statistic("lower limit of its interval", "fixed", 2),
    "slope_high": Statistic("upper limit of its interval", "fixed", 2),
    "doubling": Statistic("ratio per doubling of the dose", "fixed", 2),
    "doubling_low": Statistic("lower limit of its interval", "fixed", 2),
    "doubling_high": Statistic("upper limit of its interval", "fixed", 2),
    "gain_left_out": Statistic("gain of a predictor in subjects left out"),
    # tests
    "statistic": Statistic("test statistic"),
    "t": Statistic("t statistic", "fixed", 2),
    "U": Statistic("Mann-Whitney's U", "fixed", 1),
    "Q": Statistic("Friedman's chi-square", "fixed", 2),
    "W": Statistic("Kendall's W", "fixed", 2),
    "F": Statistic("F statistic", "fixed", 2),
    "df": Statistic("degrees of freedom", "fixed"),
    "df1": Statistic("degrees of freedom of a factor", "fixed"),
    "df2": Statistic("degrees of freedom of the error", "fixed"),
    "df_error": Statistic("degrees of freedom of the error", "fixed"),
    "epsilon": Statistic("Greenhouse and Geisser's epsilon", "fixed", 2),
    "sum_of_squares": Statistic("sum of squares", "fixed", 2),
    "mean_square": Statistic("mean square", "fixed", 2),
    "bf10": Statistic("Bayes factor for the alternative", "fixed", 2),
    "p_value": Statistic("p-value, not adjusted", "p"),
    "p_corrected": Statistic("p-value corrected for unequal correlation between visits", "p"),
    "p_adjusted": Statistic("p-value adjusted for the family of its tests", "p"),
    "p_holm": Statistic("p-value adjusted by Holm's method", "p"),
    "mid_p": Statistic("mid-p-value", "p"),
    "p_error": Statistic("Monte Carlo error of a p-value", "fixed", 4),
    "mc_error": Statistic("Monte Carlo error of a p-value or of a frequency"),
    "alpha": Statistic("significance level"),
    "power": Statistic("power of a test", "fixed", 2),
    "least_effect": Statistic("smallest effect that a study of this size would see"),
    "expected": Statistic("tests expected to be significant by chance"),
    "tests": Statistic("tests of a family"),
    "made": Statistic("tests that could be made"),
    "not_estimable": Statistic("tests that couldn't be made"),
    "raw": Statistic("tests with a small p-value, not adjusted"),
    "adjusted": Statistic("tests with a small adjusted p-value"),
    # pairs of findings
    "both": Statistic("subjects with a finding before and after"),
    "gained": Statistic("subjects with a finding after alone"),
    "lost": Statistic("subjects with a finding before alone"),
    "neither": Statistic("subjects without a finding"),
    # choice of values
    "used": Statistic("values that an analysis uses"),
    "outside": Statistic("values outside the visits"),
    "second": Statistic("second values of a visit"),
    "no_logarithm": Statistic("values without logarithm"),
    "below_limit": Statistic("values below the limit of quantification"),
    # doses
    "DOSE": Statistic("dose of a cohort"),
    "dose": Statistic("dose that a rule chooses", "fixed", 1),
    "doses": Statistic("doses with an estimate"),
    "score": Statistic("score or utility of a dose, 0 to 1"),
    "flag": Statistic("whether a dose is chosen, 0 or 1"),
    "level": Statistic("dose level, counted from 1"),
    "dlt": Statistic("subjects, or share of them, with a dose-limiting toxicity"),
    "response": Statistic("true share of responders in a scenario"),
    "next": Statistic("dose level of the next cohort by a rule"),
    "next_level": Statistic("dose level of the next cohort as it was"),
    "rule_level": Statistic("dose level of the next cohort by the trial's own rule"),
    "rule_stop": Statistic("whether the trial's own rule stops, 0 or 1"),
    "stop": Statistic("whether a rule stops, 0 or 1"),
    "expansion": Statistic("whether the next cohort is the expansion, 0 or 1"),
    "ended": Statistic("whether the escalation ended, 0 or 1"),
    "differs": Statistic("whether the decision differs from the rule, 0 or 1"),
    "planned": Statistic("subjects planned for a cohort"),
    "treated": Statistic("subjects treated in a cohort"),
    "evaluable": Statistic("subjects evaluable for dose-limiting toxicity"),
    "not_evaluable": Statistic("subjects not evaluable for dose-limiting toxicity"),
    "known_n": Statistic("subjects whose result was known at a decision"),
    "known_dlt": Statistic("subjects known to have a dose-limiting toxicity at a decision"),
    "pending": Statistic("subjects whose result was open at a decision"),
    "escalate": Statistic("largest number with toxicity that escalates the dose"),
    "deescalate": Statistic("smallest number with toxicity that lowers the dose"),
    "eliminate": Statistic("smallest number with toxicity that gives the dose up"),
    # the place of a display without data
    "absent": Statistic("no number: the reason says why the display has none"),
}

# The columns of pingouin's frames that are statistics, by their names here.
PINGOUIN = {
    "F": "F", "W": "W", "Q": "Q", "T": "t", "U_val": "U", "ddof1": "df1", "ddof2": "df2", "DF1": "df1",
    "DF2": "df2", "dof": "df", "DF": "df", "p_unc": "p_value", "p_val": "p_value", "pval": "p_value",
    "p_GG_corr": "p_corrected", "p_corr": "p_adjusted", "eps": "epsilon", "ng2": "ng2", "np2": "np2",
    "SS": "sum_of_squares", "MS": "mean_square", "hedges": "hedges_g", "RBC": "rank_biserial", "r": "r",
    "n": "n", "power": "power", "BF10": "bf10",
}  # fmt: skip


def refuse_unknown(names: set[str]) -> None:
    """Raise ValueError for statistics that have no name here, which says how to give them one."""
    if unknown := sorted(names - STATISTICS.keys()):
        raise ValueError(
            f"Result rows know no statistic {', '.join(unknown)}. Take a name of docs/results.md, or add a "
            "line with what it means and how it is written to STATISTICS in csrkit.vocabulary."
        )


def as_page() -> str:
    """Return the vocabulary as the documentation has it."""
    forms = {
        "count": "whole number",
        "percent": "one decimal",
        "p": "p-value",
        "data": "decimals of the data",
        "fixed": "",
    }
    lines = [
        "# Result rows",
        "",
        "Every number of the report is one row of `results.parquet` and `results.csv`. Its columns:",
        "",
        "| column | what it holds |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in COLUMNS.items()),
        "",
        "## Statistics",
        "",
        "Made from `csrkit.vocabulary` by `python -m csrkit.vocabulary > docs/results.md`.",
        "",
        "| statistic | meaning | written with |",
        "|---|---|---|",
    ]
    for name, known in STATISTICS.items():
        more = f"{known.decimals} more" if known.form == "data" and known.decimals else ""
        decimals = f"{known.decimals} decimals" if known.form == "fixed" else ""
        written = ", ".join(filter(None, [forms[known.form], more, decimals]))
        lines.append(f"| `{name}` | {known.meaning} | {written} |")
    return "\n".join(lines) + "\n"


COLUMNS = {
    "display": "label of the table, figure or text that shows it",
    "analysis": "which of the display's analyses it is of",
    "population": "analysis set",
    "dataset": "analysis dataset that it is computed from",
    "group": "key of the column of subjects; empty for what isn't of one",
    "level": "category, term, comparison or threshold",
    "visit": "analysis visit or study day",
    "statistic": "which statistic it is; see below",
    "value": "the number, not rounded; empty where it can't be estimated",
    "unit": "unit of the number",
    "method": "method by which it was computed, where it isn't plain counting",
    "reason": "why it can't be estimated or isn't shown",
    "notebook": "notebook that computed it",
}


if __name__ == "__main__":
    print(as_page(), end="")
