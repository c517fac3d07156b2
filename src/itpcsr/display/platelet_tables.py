"""Arrange the repeated measures of the platelet count into tables; p-values stand in those of all tests."""

from __future__ import annotations

import pandas as pd

from csrkit.tables.formats import format_interval, format_level
from csrkit.tables.layouts import finish, sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.rescue import rescue_note
from itpcsr.study import Study

_SIZES = {
    ("friedman", "n"): "Subjects with all counts, n",
    ("friedman", "W"): "Friedman: Kendall's W",
    ("anova", "ng2"): "Analysis of variance: generalised η²",
    ("anova", "epsilon"): "Analysis of variance: Greenhouse-Geisser ε",
}


@sentence_if_absent
def table_platelet_tests(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange how much of the variation of the log platelet count the visits account for."""
    columns, lookup = study.design.columns, Lookup(rows)
    body = [
        Row(label, tuple(lookup.text(analysis, column.key, name) for column in columns))
        for (analysis, name), label in _SIZES.items()
    ]
    notes = [
        "Logarithms of the counts at baseline and the weeks named in the text; subjects with a count at each "
        "of these visits. W: from 0, no agreement between subjects on the order of the visits, to 1. η²: "
        f"share of the variation that the visits account for. ε: 1 for sphericity. {rescue_note(rows)}",
    ]
    return finish("Over the visits", lookup, columns, body, notes)


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
        sizes = tuple(lookup.statistic("baseline", c.key, "hedges_g", 0, visit) for c in columns)
        body.append(Row("Hedges' g", sizes, 1))
    notes = [
        "t interval of the mean change of the logarithms. A rise after baseline may be regression to the "
        f"mean: subjects enter while their counts are low. {rescue_note(rows)}",
    ]
    return finish("Comparison", lookup, columns, body, notes)


def _interval(lookup: Lookup, group: str, visit: str) -> str:
    low, high = (lookup.value("baseline", group, name, visit=visit) for name in ("ci_low", "ci_high"))
    return format_interval(low, high, 2)
