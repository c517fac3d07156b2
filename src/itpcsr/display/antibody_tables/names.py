"""Names of antibodies, and the row of a rate among those evaluable."""

from __future__ import annotations

from collections.abc import Sequence

from csrkit.tables.layouts import among
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row
from itpcsr.study import Column, Study

ANY, _ANY_LABEL = "ANY", "Any against HLA or donor"


def antibody_labels(study: Study) -> dict[str, str]:
    """Return PARAMCD to the name of the antibody, ANY included."""
    return {ANY: _ANY_LABEL, **{test.code: test.label for test in study.antibody.antibody_tests}}


def among_row(
    lookup: Lookup, label: str, columns: Sequence[Column], analysis: str, level: str, indent: int
) -> Row:
    """Return a row of ``n/N (%)``."""
    return Row(label, tuple(among(lookup, analysis, column.key, level) for column in columns), indent)
