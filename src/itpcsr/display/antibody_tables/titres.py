"""Titres of antibodies against HLA or the donor, and the last sample against baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.disclosure.small_counts import as_shown
from csrkit.tables.formats import SUPPRESSED, format_count
from csrkit.tables.layouts import finish, sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.antibody_tables.names import antibody_labels
from itpcsr.display.laboratory_tables import joined
from itpcsr.study import Column, Study


@sentence_if_absent
def table_antibody_titres(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange titres of positive samples before and after, and the rise in those with both."""
    columns, lookup, labels = study.design.columns, Lookup(rows), antibody_labels(study)
    body: list[Row] = []
    for level in lookup.levels("titre"):
        body.append(Row(labels[level]))
        for visit in lookup.visits("titre"):
            body += _titre_rows(lookup, columns, "titre", level, visit, visit)
        body += _titre_rows(lookup, columns, "rise", level, "", "Rise, second over first")
    notes = [
        "Titres of evaluable subjects with a positive sample, as the dilution: 40 for 1:40. One below the "
        "lowest dilution (<) or above the highest (>) counts as that dilution; such titres: "
        f"{_count_censored(rows, study)}. Geometric mean from 3 values on."
    ]
    return finish("Antibody", lookup, columns, body, notes)


def _titre_rows(
    lookup: Lookup, columns: Sequence[Column], analysis: str, level: str, visit: str, label: str
) -> list[Row]:
    """Return n and median; the geometric mean only where all subjects together have one."""
    lines = {f"{label}, n": ("n",), "Median (min, max)": ("median", "min", "max")}
    if not math.isnan(lookup.peek(analysis, columns[-1].key, "geometric_mean", level, visit)):
        lines["Geometric mean"] = ("geometric_mean",)
    decimals = 0 if analysis == "titre" else 1
    return [
        Row(
            name,
            tuple(
                joined(lookup, analysis, column.key, statistics, level, visit, decimals) for column in columns
            ),
            1 if statistics == ("n",) else 2,
        )
        for name, statistics in lines.items()
    ]


def _count_censored(rows: pd.DataFrame, study: Study) -> str:
    own = as_shown(rows)
    own = own[(own["statistic"] == "censored") & (own["group"] == study.design.columns[-1].key)]
    if own["value"].isna().any():
        return SUPPRESSED
    return format_count(own["value"].sum()) if own["value"].sum() else "none"


@sentence_if_absent
def table_antibody_paired(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the last sample against baseline one row per antibody."""
    lookup, labels = Lookup(rows), antibody_labels(study)
    key = study.design.columns[-1].key
    counts = ("pairs", "neither", "gained", "lost", "both")
    body = []
    for level in lookup.levels("change"):
        numbers = [format_count(lookup.value("change", key, name, level)) for name in counts]
        body.append(Row(labels[level], tuple(numbers)))
    spanner = "Positive at baseline, in the last sample"
    headers = (
        Header("Subjects"),
        *(Header(name, spanner=spanner) for name in ("In neither", "Last only", "Baseline only", "In both")),
    )
    notes = (
        "Subjects: those with a result at baseline and later; all treated subjects together.",
        *lookup.notes(),
    )
    return Table("Antibody", headers, tuple(body), notes)
