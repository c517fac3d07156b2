"""Related registered studies: how many there are by status, by phase and by words of the title."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.rows import absent_rows, make_rows
from itpcsr.study import RelatedStudy
from itpcsr.study.related import PHASES, STATUSES

_NONE = "The registry record names no related study."
_DESCRIPTION = {"population": "related studies of the registry record", "group": "total"}


def analyse_listed(studies: Sequence[RelatedStudy], words: Sequence[str]) -> pd.DataFrame:
    """Count the studies: all of them, by status, by phase, and those whose title holds a word.

    ``level`` is the status, the phase ("none given" for "") or the word, which is sought without regard to
    capitals. Statistics are n and N, the number of studies; they describe a list, so there is no interval.
    """
    counts = [("listed", "studies", len(studies))]
    counts += [("status", name, _count(studies, status=name)) for name in STATUSES]
    counts += [("phase", name or "none given", _count(studies, phase=name)) for name in PHASES]
    titles = [study.title.lower() for study in studies]
    counts += [("title", word, sum(word.lower() in title for title in titles)) for word in words]
    return _rows("tbl-related-studies", counts, len(studies))


def analyse_status_phase(studies: Sequence[RelatedStudy]) -> pd.DataFrame:
    """Count the studies by status and phase; ``level`` is ``status | phase``, of those that occur."""
    counts = [
        ("cell", f"{status} | {phase or 'none given'}", _count(studies, status=status, phase=phase))
        for status in STATUSES
        for phase in PHASES
    ]
    return _rows("fig-related-studies", [cell for cell in counts if cell[2]], len(studies))


def _count(studies: Sequence[RelatedStudy], **wanted: str) -> int:
    return sum(all(getattr(study, name) == value for name, value in wanted.items()) for study in studies)


def _rows(display: str, counts: Sequence[tuple[str, str, int]], total: int) -> pd.DataFrame:
    if not total:
        return absent_rows(display, _NONE)
    frame = pd.DataFrame(
        [
            (analysis, level, statistic, float(value))
            for analysis, level, n in counts
            for statistic, value in (("n", n), ("N", total))
        ],
        columns=["analysis", "level", "statistic", "value"],
    )
    return make_rows(frame, display=display, unit="studies", **_DESCRIPTION)
