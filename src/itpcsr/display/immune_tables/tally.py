"""What the analysis could have seen, and how many tests were made."""

from __future__ import annotations

import pandas as pd

from csrkit.tables.formats import format_count, format_number, format_percent, format_plain
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.immune_tables.arrange import headings
from itpcsr.display.immune_tables.cells import AND
from itpcsr.study import Study

_FAMILIES = {
    "tbl-immune-change | mean_change": "Mean change from baseline",
    "tbl-immune-planned | planned": "Planned visits against baseline",
    "tbl-immune-visits | friedman": "All visits, Friedman test",
    "tbl-immune-visits | anova": "All visits, repeated-measures ANOVA",
    "tbl-immune-response | difference": "Responders against non-responders, mean change",
    "tbl-immune-response | splenectomy": "The same, adjusted for splenectomy and baseline",
    "tbl-immune-interaction | anova": "Response × visit, mixed ANOVA",
    "tbl-immune-platelets | same": "Correlation with platelets at the same visit",
    "tbl-immune-platelets | lagged": "Correlation with platelets earlier and later",
    "tbl-immune-predictors | baseline": "Baseline as predictor of response",
    "fig-immune-network | pair": "Correlation of changes, pairs of markers",
    "tbl-immune-mediation | dose_marker": "Mediation: dose to marker",
    "tbl-immune-mediation | marker_platelets": "Mediation: marker to platelets",
    "tbl-immune-mediation | total": "Mediation: total",
    "tbl-immune-mediation | direct": "Mediation: direct",
    "tbl-immune-mediation | indirect": "Mediation: indirect",
    "all": "All tests",
}


@sentence_if_absent
def table_immune_power(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the smallest effects that the observed numbers of subjects could show."""
    lookup = Lookup(rows)
    labels = {"change": "Mean change, SDs of changes", "response": "Responders against non-responders, SDs"}
    levels = {"single": "One test alone", "family": "Smallest p of the family"}
    body: list[Row] = []
    for analysis, label in labels.items():
        body.append(Row(label))
        for level, words in levels.items():
            n1, n2, alpha = (lookup.value(analysis, "total", name, level) for name in ("n1", "n2", "alpha"))
            sizes = format_count(n1) if analysis == "change" else f"{format_count(n1)}{AND}{format_count(n2)}"
            least = lookup.value(analysis, "total", "least_effect", level)
            power = lookup.value(analysis, "total", "power", level)
            cells = (sizes, format_number(alpha, 4), format_number(least, 2), format_percent(100 * power))
            body.append(Row(words, cells, 1))
    notes = (
        "Smallest effect: the one that is found with the power shown, by simulation of normal changes with "
        "the tests of the analysis. Smallest p of the family: the level that one marker has to reach when no "
        "other moves. n: subjects, or responders, non-responders.",
    )
    return Table(
        "Question",
        headings("n", "Level", "Smallest effect, SD", "Power, %"),
        tuple(body),
        (*notes, *lookup.notes()),
    )


@sentence_if_absent
def table_immune_tests(rows: pd.DataFrame, study: Study, rate: float) -> Table:
    """Arrange how many tests were made, by family."""
    lookup = Lookup(rows)
    body = []
    for level in lookup.levels("tests"):
        counts = [
            format_count(lookup.value("tests", "total", name, level))
            for name in ("tests", "not_estimable", "raw", "adjusted")
        ]
        expected = format_number(lookup.value("tests", "total", "expected", level), 1)
        cells = (*counts[:2], expected, *counts[2:])
        body.append(Row(_FAMILIES.get(level, level), cells))
    limit = format_plain(rate)
    headers = headings(
        "Tests", "Not estimable", "Expected by chance", f"Raw p ≤ {limit}", f"Adjusted p ≤ {limit}"
    )
    notes = (
        f"Expected by chance: raw p at or below {limit} if nothing moved and nothing were related. Adjusted: "
        "Benjamini-Hochberg within each family; nothing is adjusted over families.",
    )
    return Table("Family of tests", headers, tuple(body), notes)
