"""Who had, got or kept antibodies against HLA or the donor."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_level, format_plain
from csrkit.tables.layouts import EXACT_NOTE, finish, interval_row, sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.antibody_tables.names import ANY, among_row, antibody_labels
from itpcsr.display.laboratory_tables import joined
from itpcsr.study import Column, Study

_STATUS_ROWS = {
    "baseline": "Positive at baseline",
    "induced": "Treatment-induced",
    "boosted": "Treatment-boosted",
    "unknown": "Positive before and after, rise not known",
    "unchanged": "Positive at baseline, not boosted",
    "cleared": "of these negative in the last sample",
    "negative": "Negative throughout",
}
_RARE = ("unknown", "cleared")  # rows that are shown only where somebody is in them
_PERSISTENCE = {"PERSISTENT": "persistent", "TRANSIENT": "transient", "NOT ASSESSABLE": "not assessable"}


@sentence_if_absent
def table_antibody_status(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange how many subjects had, got or kept each antibody; incidence and prevalence with intervals."""
    columns, lookup, labels = study.design.columns, Lookup(rows), antibody_labels(study)
    body: list[Row] = []
    for level in lookup.levels("evaluable"):
        body.append(Row(labels[level]))
        for analysis, label in (("planned", "Samples planned, n"), ("evaluable", "Evaluable, n")):
            cells = tuple(lookup.text(analysis, column.key, "n", level) for column in columns)
            body.append(Row(label, cells, 1))
        body += _status_rows(lookup, columns, level)
        for analysis, label in (
            ("incidence", "Incidence: induced or boosted"),
            ("prevalence", "Prevalence: positive in any sample"),
        ):
            body.append(among_row(lookup, label, columns, analysis, level, 1))
            body.append(interval_row(lookup, columns, analysis, level, confidence, 2))
        if _has_course(lookup, columns):
            body += _course_rows(lookup, columns, level)
    body += _outside_rows(lookup, columns)
    return finish("Antibody", lookup, columns, body, _status_notes(lookup, study, confidence))


def _status_rows(lookup: Lookup, columns: Sequence[Column], level: str) -> list[Row]:
    last = columns[-1].key
    body = []
    for analysis, label in _STATUS_ROWS.items():
        if analysis in _RARE and not lookup.peek(analysis, last, "n", level) > 0:
            continue
        body.append(among_row(lookup, label, columns, analysis, level, 2 if analysis == "cleared" else 1))
        if analysis == "induced" and _persistence_known(lookup, last, level):
            body += [
                among_row(lookup, label, columns, "persistence", f"{level} | {kind}", 2)
                for kind, label in _PERSISTENCE.items()
            ]
    return body


def _has_course(lookup: Lookup, columns: Sequence[Column]) -> bool:
    """Tell whether anyone has more than one sample after treatment began."""
    return lookup.peek("later_samples", columns[-1].key, "max", ANY) > 1


def _course_rows(lookup: Lookup, columns: Sequence[Column], level: str) -> list[Row]:
    return [
        Row(
            f"{label}, weeks, median (min, max)",
            tuple(
                joined(lookup, analysis, column.key, ("median", "min", "max"), level, "", 1)
                for column in columns
            ),
            1,
        )
        for analysis, label in (("onset", "Onset after the first dose"), ("duration", "Duration"))
    ]


def _persistence_known(lookup: Lookup, group: str, level: str) -> bool:
    return any(
        lookup.peek("persistence", group, "n", f"{level} | {kind}") > 0
        for kind in ("PERSISTENT", "TRANSIENT")
    )


def _outside_rows(lookup: Lookup, columns: Sequence[Column]) -> list[Row]:
    reasons = lookup.levels("outside")
    if not reasons:
        return []
    body = [Row("Not evaluable for any of these antibodies, n")]
    for reason in reasons:
        cells = tuple(lookup.text("outside", column.key, "n", reason) for column in columns)
        body.append(Row(words.capitalize(reason), cells, 1))
    return body


def _status_notes(lookup: Lookup, study: Study, confidence: float) -> list[str]:
    rules = study.antibody
    notes = [
        "n/N (%): N is the number of evaluable subjects, with a result before and one after treatment began; "
        "of prevalence, that of subjects with any result. Induced: negative at baseline, positive later. "
        f"Boosted: positive at baseline, and a titre later at least {format_plain(rules.boost_factor)} times "
        "as high. In the first section a subject with any induced antibody counts as induced, whatever "
        "others were there before; donor-specific antibodies are found among those of the classes, too.",
        EXACT_NOTE.format(level=format_level(confidence)),
    ]
    if not _has_course(lookup, study.design.columns):
        notes.append(
            "One sample after treatment began can't show whether an induced antibody is transient or "
            f"persistent (over {rules.persistence_weeks} weeks): persistence is not assessable here. A "
            "sample taken soon after the last infusion can also miss an antibody that comes later."
        )
    return notes
