"""Arrange the repeated measures of the platelet count into tables."""

from __future__ import annotations

import pandas as pd

from itpcsr.display.formats import format_interval, format_level
from itpcsr.display.lookup import Lookup
from itpcsr.display.rows import finish, sentence_if_absent
from itpcsr.display.table import Row, Table
from itpcsr.study import Study

_FRIEDMAN = {
    "n": "Complete subjects, n",
    "Q": "Chi-square",
    "df": "Degrees of freedom",
    "p_value": "p",
    "W": "Kendall's W",
}
_ANOVA = {
    "n": "Complete subjects, n",
    "F": "F",
    "df1": "Degrees of freedom, visits",
    "df2": "Degrees of freedom, error",
    "p_value": "p, sphericity assumed",
    "epsilon": "Greenhouse-Geisser ε",
    "p_corrected": "p, Greenhouse-Geisser",
    "ng2": "Generalised η²",
}


@sentence_if_absent
def table_platelet_tests(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the tests of the log platelet count over the visits."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for head, analysis, lines in (
        ("Friedman test", "friedman", _FRIEDMAN),
        ("Repeated-measures analysis of variance", "anova", _ANOVA),
    ):
        body.append(Row(head))
        for name, label in lines.items():
            cells = tuple(lookup.text(analysis, column.key, name) for column in columns)
            body.append(Row(label, cells, 1))
    notes = [
        "Logarithms of the counts at baseline and the weeks named in the text; subjects with a count at each "
        "of these visits. Exploratory, two-sided, not adjusted.",
    ]
    return finish("Test over the visits", lookup, columns, body, notes)


@sentence_if_absent
def table_platelet_comparisons(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the comparisons of log platelet counts with baseline, week by week."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for visit in lookup.visits("baseline"):
        body.append(Row(f"{visit} against baseline"))
        for name, label in (("n", "Subjects with both counts, n"), ("gm_ratio", "Geometric mean ratio")):
            cells = tuple(lookup.statistic("baseline", c.key, name, 0, visit) for c in columns)
            body.append(Row(label, cells, 1))
        limits = tuple(_interval(lookup, column.key, visit) for column in columns)
        body.append(Row(f"{format_level(confidence)}% CI", limits, 2))
        for name, label in (("p_value", "p"), ("p_holm", "p, Holm"), ("hedges_g", "Hedges' g")):
            cells = tuple(lookup.statistic("baseline", c.key, name, 0, visit) for c in columns)
            body.append(Row(label, cells, 1))
    notes = [
        "Paired t-test of the logarithms, two-sided, exploratory; Holm: adjusted over the weeks of a column. "
        "A rise after baseline may be regression to the mean: subjects enter while their counts are low.",
    ]
    return finish("Comparison", lookup, columns, body, notes)


def _interval(lookup: Lookup, group: str, visit: str) -> str:
    low, high = (lookup.value("baseline", group, name, visit=visit) for name in ("ci_low", "ci_high"))
    return format_interval(low, high, 2)
