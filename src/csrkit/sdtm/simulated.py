"""Whether data are simulated: what the files say as they came, which nothing can change afterwards.

It decides whether pages say that they describe no patient, and whether an external version may take the key
that is published. So it rests on the study identifier of every record, before a mapping file is applied.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from csrkit.errors import DataError

_MARK = "-SIM"


def marks_of(frame: pd.DataFrame) -> frozenset[bool]:
    """Return whether a file's records say that they are simulated: True, False, both, or nothing.

    A record says so by a study identifier (STUDYID) that ends with ``-SIM``; one without identifier is taken
    for real. A label says nothing: anybody can write one.
    """
    if "STUDYID" not in frame:
        return frozenset()
    return frozenset(str(text).rstrip().endswith(_MARK) for text in frame["STUDYID"].unique())


def are_simulated(marks: Iterable[frozenset[bool]]) -> bool:
    """Tell whether all records of all files say that they are simulated; one that doesn't makes all real."""
    return frozenset[bool]().union(*marks) == {True}


def refuse_other_mark(before: frozenset[bool], frame: pd.DataFrame, path: Path) -> None:
    """Refuse a mapping that changes what a file's records say on being simulated. Raises DataError."""
    after = marks_of(frame)
    if after == before or (not before and after == {False}):
        return
    raise DataError(
        f"{path}: the mapping changes STUDYID so that {'simulated' if True in before else 'real'} data would "
        "pass for the other kind. A study identifier ends with -SIM in simulated data and in no other: map "
        "it to one that keeps this."
    )
