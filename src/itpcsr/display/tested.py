"""The p-values of all tests, one row for each: those chosen beforehand apart from all others."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.rows import levels_in
from csrkit.tables.formats import format_level, format_p
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup, reason_notes
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.antibodies import antibody_labels
from itpcsr.display.tested_kinds import KINDS, NOTHING, Kind, Tested, other_kind
from itpcsr.study import ChosenTest, Study
from itpcsr.study.testing import PLACES, Place

_COMPARISONS = {
    "emergent": "HLA or donor, induced or boosted",
    "positive": "HLA or donor, in any sample",
    "autoantibody": "Platelet autoantibody at baseline",
    "increasing": "Increasing rate, one-sided",
    "two-sided": "Two-sided",
}
_NAMES = {place: name for name, place in PLACES.items()}


@sentence_if_absent
def table_tests(
    counts: pd.DataFrame,
    tests: pd.DataFrame,
    rows: pd.DataFrame,
    study: Study,
    confidence: float,
    missing: Sequence[ChosenTest] = (),
) -> Table:
    """Arrange tests, one row for each, under a heading for each kind.

    ``counts`` are the table's own result rows, ``tests`` the rows of the raw p-values (see ``select_tests``)
    and ``rows`` the result rows in which everything about these tests is found. ``missing`` are declarations
    of tests that this version doesn't make.
    """
    shown = rows[rows["display"].isin(tests["display"])]
    lookups = {str(name): Lookup(part) for name, part in shown.groupby("display", sort=False)}
    body: list[Row] = []
    for key, part in tests.groupby(["display", "analysis"], sort=False):
        display, analysis = map(str, key)
        name = _NAMES.get((display, analysis))
        kind = other_kind(display, analysis) if name is None else KINDS[name]
        body.append(Row(kind.heading))
        for where in zip(part["group"], levels_in(part), part["visit"], strict=True):
            test = Tested(Place(display, analysis, *where), lookups[display], study)
            body.append(Row(_compared(test, kind), _cells(test, kind), 1))
    headers = ("n", f"Effect ({format_level(confidence)}% CI)", "Statistic", "p", "p, corrected")
    reasons = dict.fromkeys(reason for lookup in lookups.values() for reason in lookup.reasons)
    return Table(
        "Analysis, comparison",
        tuple(map(Header, headers)),
        tuple(body),
        (*_notes(missing), *reason_notes(list(reasons))),
        sources=tuple(sorted(map(str, tests["display"].unique()))),
    )


def _cells(test: Tested, kind: Kind) -> tuple[str, ...]:
    corrected = format_p(test.value(kind.corrected)) if kind.corrected else NOTHING
    return (kind.n(test), kind.effect(test), kind.statistic(test), format_p(test.value("p_value")), corrected)


def _compared(test: Tested, kind: Kind) -> str:
    """Return what tells a test from the others of its kind: column or marker, and visit."""
    texts = {"group": _column, "level": _level, "visit": _visit}
    return ", ".join(text for name in kind.among if (text := texts[name](test)))


def _visit(test: Tested) -> str:
    """Return the week, or the weeks from marker to count (lag) with the sign of print."""
    return test.place.visit.replace("lag -", "lag −")


def _column(test: Tested) -> str:
    columns = {column.key: column for column in test.study.design.columns}
    if test.place.group not in columns:  # of subjects that make no column of the study
        return test.place.group
    column = columns[test.place.group]
    return f"{column.label} ({column.spanner})" if column.spanner else column.label


def _level(test: Tested) -> str:
    names = {marker.code: marker.label for marker in test.study.markers}
    names |= antibody_labels(test.study) if test.place.display == "tbl-antibody-paired" else {}
    level = test.place.level
    parts = [level] if isinstance(level, str) else level
    return " and ".join(_COMPARISONS.get(part, names.get(part, part)) for part in parts)


def _notes(missing: Sequence[ChosenTest]) -> list[str]:
    notes = [
        "All tests are two-sided where nothing else is said. –: no such number, or none beside the effect. "
        "Families are corrected each for itself, nothing is corrected over families."
    ]
    if missing:
        named = "; ".join(", ".join([one.test, *one.levels, *one.visits]) for one in missing)
        notes.append(f"Chosen beforehand, but not made in this version: {named}.")
    return notes
