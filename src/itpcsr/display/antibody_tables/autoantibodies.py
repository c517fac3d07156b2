"""Autoantibodies against platelet glycoproteins by visit."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.tables.formats import NOT_ESTIMABLE, format_level
from csrkit.tables.layouts import EXACT_NOTE, among, finish, interval_row, sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.antibody_tables.names import among_row, antibody_labels
from itpcsr.display.laboratory_tables import joined
from itpcsr.study import Column, Study


@sentence_if_absent
def table_autoantibodies(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange positive autoantibodies by visit with the ratio, and who lost or gained one."""
    columns, lookup, labels = study.design.columns, Lookup(rows), antibody_labels(study)
    body: list[Row] = []
    for level in lookup.levels("positive"):
        body.append(Row(labels[level]))
        for visit in lookup.visits("positive"):
            cells = tuple(among(lookup, "positive", column.key, level, visit) for column in columns)
            body.append(Row(f"{visit}: positive", cells, 1))
            body += [
                _ratio_row(lookup, columns, level, visit, names) for names in (("median",), ("min", "max"))
            ]
        for analysis, label in (
            ("lost", "Positive at baseline, negative in the last sample"),
            ("gained", "Negative at baseline, later positive"),
        ):
            body.append(among_row(lookup, label, columns, analysis, level, 1))
            body.append(interval_row(lookup, columns, analysis, level, confidence, 2))
    notes = [
        "n/N (%): N is the number of subjects with a result then; of changes, those with one at baseline "
        "and later. Ratio: signal to cut-off, positive from 1 on.",
        EXACT_NOTE.format(level=format_level(confidence)),
    ]
    return finish("Autoantibody, visit", lookup, columns, body, notes)


def _ratio_row(
    lookup: Lookup, columns: Sequence[Column], level: str, visit: str, names: tuple[str, ...]
) -> Row:
    cells = []
    for column in columns:
        texts = [joined(lookup, "ratio", column.key, (name,), level, visit, 2) for name in names]
        cells.append(NOT_ESTIMABLE if NOT_ESTIMABLE in texts else ", ".join(texts))
    return Row(f"Ratio, {', '.join(names)}", tuple(cells), 2)
