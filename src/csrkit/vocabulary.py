"""What result rows are made of: their columns, the statistics that they may hold, and names of analyses.

A statistic that isn't here is an error, so that nobody writes a number that no table, page or comparison
knows how to show. A new one is a line of ``STATISTICS``; ``docs/results.md`` lists them all.

The limits of every interval have the same two names, and the column ``of`` says which estimate they belong
to. In layouts, lookups and frames with a column for each statistic both are one text: ``ci_low of percent``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Form = Literal["count", "percent", "p", "data", "fixed", "of"]
OF = " of "
# What a level is, from the outermost part inwards; as one value its text, or the parts as a tuple.
LEVEL = ("category", "subcategory", "level")
Level = str | tuple[str, ...]


@dataclass(frozen=True)
class Statistic:
    """What a statistic means and how it is written.

    Parameters
    ----------
    meaning
        In words, for the documentation.
    form
        ``count`` (a whole number), ``percent`` (one decimal), ``p`` (a p-value), ``data`` (as many decimals
        as the data have, and ``decimals`` more), ``fixed`` (``decimals``, whatever the data) or ``of`` (as
        the statistic that it belongs to).
    decimals
        See ``form``.
    """

    meaning: str
    form: Form = "data"
    decimals: int = 0


STATISTICS: dict[str, Statistic] = {
    # counts
    "n": Statistic("subjects counted, or number of values", "count"),
    "N": Statistic("subjects of the group: the denominator", "count"),
    "events": Statistic("events; a subject may have several", "count"),
    "at_risk": Statistic("subjects without an event and under observation", "count"),
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
    # limits and errors, each of the statistic in the column `of`
    "ci_low": Statistic("lower limit of the interval of an estimate (the method says which interval)", "of"),
    "ci_high": Statistic("upper limit of the interval of an estimate", "of"),
    "ci_low_adjusted": Statistic("lower limit that holds for all estimates of a family together", "of"),
    "ci_high_adjusted": Statistic("upper limit that holds for all estimates of a family together", "of"),
    "mc_error": Statistic("Monte Carlo standard error of a p-value, a percentage or a mean", "fixed", 4),
    # rates
    "percent": Statistic("100 n / N", "percent"),
    "years": Statistic("time at risk", "fixed", 1),
    "rate": Statistic("events per time at risk", "fixed", 2),
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
    "km_percent": Statistic("Kaplan-Meier estimate of a share", "percent"),
    # effects
    "estimate": Statistic("estimate of an effect; the unit says which: a ratio, a difference, SD per SD"),
    "se": Statistic("standard error of an estimate", "data", 1),
    "r_squared": Statistic("share of the variation that a model explains", "fixed", 2),
    "root_mse": Statistic("root of the mean square error of a model", "data", 2),
    "gm_ratio": Statistic("ratio of geometric means", "fixed", 2),
    "cohens_dz": Statistic("Cohen's dz, the mean change by the SD of changes", "fixed", 2),
    "hedges_g": Statistic("Hedges' g, a standardised difference of means", "fixed", 2),
    "ng2": Statistic("generalised eta squared", "fixed", 2),
    "np2": Statistic("partial eta squared", "fixed", 2),
    "kendalls_w": Statistic("Kendall's W, the agreement of the ranks over visits", "fixed", 2),
    "rank_biserial": Statistic("rank-biserial correlation", "fixed", 2),
    "r": Statistic("correlation coefficient"),
    "auc": Statistic("area under the receiver operating characteristic"),
    "slope": Statistic("slope on logarithms", "fixed", 2),
    "doubling": Statistic("ratio per doubling of the dose", "fixed", 2),
    "gain_left_out": Statistic("gain of a predictor in subjects left out"),
    # tests
    "statistic": Statistic("test statistic (the method says which: t, F, U, chi-square)", "fixed", 2),
    "df": Statistic("degrees of freedom; of the factor, where the test has two", "fixed"),
    "df_error": Statistic("degrees of freedom of the error", "fixed"),
    "epsilon": Statistic("Greenhouse and Geisser's epsilon", "fixed", 2),
    "sum_of_squares": Statistic("sum of squares", "fixed", 2),
    "mean_square": Statistic("mean square", "fixed", 2),
    "bf10": Statistic("Bayes factor for the alternative", "fixed", 2),
    "p_value": Statistic("p-value, not adjusted", "p"),
    "p_adjusted": Statistic(
        "p-value adjusted, as the method says: Holm, Benjamini-Hochberg, sphericity", "p"
    ),
    "mid_p": Statistic("mid-p-value", "p"),
    "alpha": Statistic("significance level"),
    "power": Statistic("power of a test", "fixed", 2),
    "least_effect": Statistic("smallest effect that a study of this size would detect"),
    "expected": Statistic("tests expected to be significant by chance"),
    "tests": Statistic("tests of a family"),
    "made": Statistic("tests that could be made"),
    "not_estimable": Statistic("tests that couldn't be made"),
    "significant": Statistic("tests with a small p-value, not adjusted"),
    "significant_adjusted": Statistic("tests with a small adjusted p-value"),
    # pairs of findings
    "both": Statistic("subjects with a finding before and after"),
    "gained": Statistic("subjects with a finding after alone"),
    "lost": Statistic("subjects with a finding before alone"),
    "neither": Statistic("subjects without a finding"),
    # choice of values
    "used": Statistic("values that an analysis uses"),
    "outside": Statistic("values outside the visits"),
    "second": Statistic("second values of a visit"),
    "no_logarithm": Statistic("values without a logarithm"),
    "below_limit": Statistic("values below the limit of quantification"),
    # doses
    "dose": Statistic("dose of a cohort, or one that a rule chooses", "fixed", 1),
    "doses": Statistic("doses with an estimate"),
    "score": Statistic("score or utility of a dose, 0 to 1"),
    "flag": Statistic("whether a dose is chosen, 0 or 1"),
    "dose_level": Statistic("dose level that a rule chooses, counted from 1"),
    "dlt": Statistic("number or share of subjects with a dose-limiting toxicity"),
    "response": Statistic("true share of responders in a scenario"),
    "next_level": Statistic("dose level of the next cohort: by a rule, or as it was"),
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
    "F": "statistic", "Q": "statistic", "T": "statistic", "U_val": "statistic", "W_val": "statistic",
    "W": "kendalls_w", "ddof1": "df", "ddof2": "df_error", "DF1": "df", "DF2": "df_error", "dof": "df",
    "DF": "df", "p_unc": "p_value", "p_val": "p_value", "pval": "p_value", "p_GG_corr": "p_adjusted",
    "p_corr": "p_adjusted", "eps": "epsilon", "ng2": "ng2", "np2": "np2", "SS": "sum_of_squares",
    "MS": "mean_square", "hedges": "hedges_g", "RBC": "rank_biserial", "r": "r", "n": "n", "power": "power",
    "BF10": "bf10",
}  # fmt: skip
_ANALYSIS = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def whole_name(statistic: str, of: str) -> str:
    """Return a statistic with what it belongs to.

    >>> whole_name("ci_low", "percent"), whole_name("n", "")
    ('ci_low of percent', 'n')
    """
    return f"{statistic}{OF}{of}" if of else statistic


def limits_of(statistic: str, kind: str = "") -> tuple[str, str]:
    """Return the names of a statistic's two limits; those of kind ``_adjusted`` hold for a whole family.

    >>> limits_of("rate")
    ('ci_low of rate', 'ci_high of rate')
    """
    return whole_name(f"ci_low{kind}", statistic), whole_name(f"ci_high{kind}", statistic)


def look_up(name: str) -> Statistic:
    """Return how a statistic is written: a limit as what it belongs to (``ci_low of rate``: as a rate)."""
    statistic, _, of = name.partition(OF)
    known = STATISTICS[statistic]
    return STATISTICS[of] if known.form == "of" and of else known


def refuse_lonely(names: Iterable[str]) -> None:
    """Raise ValueError for a limit or an error (``ci_low``) that doesn't say what it belongs to."""
    lonely = sorted(
        name for name in names if name in STATISTICS and (name == "mc_error" or STATISTICS[name].form == "of")
    )
    if lonely:
        raise ValueError(
            f"What is {', '.join(lonely)} of? Name the statistic ('{lonely[0]} of percent'), or fill the "
            "column `of`."
        )


def refuse_other_style(analyses: Iterable[str]) -> None:
    """Raise ValueError for names of analyses that aren't small letters, digits and underscores."""
    other = sorted(name for name in analyses if name and not _ANALYSIS.fullmatch(name))
    if other:
        raise ValueError(
            f"An analysis has a name like `mean_change`, not {', '.join(map(repr, other))}: small letters, "
            "digits and underscores. What it is of (a parameter, a subgroup) belongs in category or level."
        )


def level_columns(levels: Sequence[Level]) -> dict[str, list[str]]:
    """Return levels as columns of result rows: ``category``, ``subcategory`` and ``level``, as needed.

    >>> level_columns([("HGB", "LOW"), ("HGB", "HIGH")])
    {'category': ['HGB', 'HGB'], 'level': ['LOW', 'HIGH']}
    """
    whole = [(level,) if isinstance(level, str) else level for level in levels]
    filled = [(*parts[:-1], *[""] * (len(LEVEL) - len(parts)), parts[-1]) for parts in whole]
    columns = {name: [parts[place] for parts in filled] for place, name in enumerate(LEVEL)}
    return {name: parts for name, parts in columns.items() if name == "level" or any(parts)}


def last_part(level: Level) -> str:
    """Return a level without the category that it is one of."""
    return level if isinstance(level, str) else level[-1]


def refuse_unknown(names: set[str]) -> None:
    """Raise ValueError for statistics that have no name here, which says how to give them one."""
    if unknown := sorted(names - STATISTICS.keys()):
        raise ValueError(
            f"Result rows have no statistic {', '.join(unknown)}. Use a name from docs/results.md, or add a "
            "line with its meaning and how it is written to STATISTICS in csrkit.vocabulary."
        )


def as_page() -> str:
    """Return the vocabulary as the documentation has it."""
    forms = {
        "count": "whole number",
        "percent": "one decimal",
        "p": "p-value",
        "data": "decimals of the data",
        "fixed": "",
        "of": "as the statistic it belongs to",
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
    "analysis": "analysis of the display that it belongs to: small letters, digits and underscores",
    "population": "analysis set",
    "dataset": "analysis dataset that it is computed from",
    "group": "key of the column of subjects; empty where there is none",
    "category": "what the level belongs to: class of a term, parameter of a status, first of a pair",
    "subcategory": "between category and level: term of a grade, status at baseline of a shift",
    "level": "term, status, parameter, comparison or threshold",
    "visit": "analysis visit or study day",
    "statistic": "which statistic it is; see below",
    "of": "statistic that a limit or an error belongs to: `ci_low` of `percent`",
    "value": "the number, not rounded; empty where it can't be estimated",
    "unit": "unit of the number",
    "method": "method by which it was computed, where it isn't plain counting",
    "reason": "why it can't be estimated or isn't shown",
    "notebook": "notebook that computed it",
}


if __name__ == "__main__":
    print(as_page(), end="")
