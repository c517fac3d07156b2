"""Response, adverse events and exposure by antibody status."""

from __future__ import annotations

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import NOT_ESTIMABLE, format_count, format_interval, format_level
from csrkit.tables.layouts import EXACT_NOTE, among, sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.laboratory_tables import joined
from itpcsr.study import Study

_COMPARISONS = {
    "emergent": "Against HLA or donor: induced or boosted (with), neither (without)",
    "positive": "Against HLA or donor: positive in any sample (with), in none (without)",
    "autoantibody": "Platelet autoantibody at baseline: any (with), none (without)",
}
_OUTCOMES = {
    "response": "Response (CR or R), n/N (%)",
    "teae": "Any treatment-emergent adverse event, n/N (%)",
    "serious": "Any serious treatment-emergent event, n/N (%)",
    "reaction": "Any infusion reaction, n/N (%)",
}


@sentence_if_absent
def table_antibody_relation(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange response, adverse events and exposure of subjects with and without antibodies."""
    lookup = Lookup(rows)
    unit = words.unit(study.sampling.concentration_unit)
    body: list[Row] = []
    for comparison in lookup.levels("cmax"):
        body.append(Row(_COMPARISONS[comparison]))
        for outcome, label in _OUTCOMES.items():
            body += _relation_rows(lookup, outcome, label, comparison, confidence)
        cells = [_peak(lookup, comparison, group) for group in ("with", "without")]
        body.append(Row(f"Cmax, {unit}: n; median (min, max)", tuple(cells), 1))
    headers = (Header("With antibody"), Header("Without"))
    notes = (
        "Cmax: the highest quantified concentration after infusion 1. Descriptive, not adjusted for dose; "
        "groups were not formed at random, so a difference is no effect of the antibody.",
        "Subjects of whom it is not known whether an antibody rose are in neither group.",
        EXACT_NOTE.format(level=format_level(confidence)),
        *lookup.notes(),
    )
    return Table("Antibodies, outcome", headers, tuple(body), notes)


def _relation_rows(lookup: Lookup, outcome: str, label: str, comparison: str, confidence: float) -> list[Row]:
    groups = ("with", "without")
    cells = [among(lookup, outcome, group, comparison) for group in groups]
    limits = [
        format_interval(
            lookup.value(outcome, group, "ci_low", comparison),
            lookup.value(outcome, group, "ci_high", comparison),
        )
        for group in groups
    ]
    return [Row(label, tuple(cells), 1), Row(f"{format_level(confidence)}% CI", tuple(limits), 2)]


def _peak(lookup: Lookup, comparison: str, group: str) -> str:
    n = format_count(lookup.value("cmax", group, "n", comparison))
    text = joined(lookup, "cmax", group, ("median", "min", "max"), comparison, "", 0)
    return n if text == NOT_ESTIMABLE else f"{n}; {text}"
