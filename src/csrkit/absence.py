"""A domain that is absent isn't one without records, and an analysis dataset says which: in its columns.

No record of an absent domain is no count of zero. A dataset has no rows in either case, so that no value in
them could tell, and what pandas keeps beside a frame (``attrs``) is lost by a merge or a file. The name of a
column stays through filters, copies, merges, concatenations and files. Where it was left out together with
all rows, nobody can tell any more, and nothing is said.
"""

from __future__ import annotations

import re

import pandas as pd

from csrkit.errors import DataError

_ABSENT = re.compile(r"^([A-Z]{2})ABSFL(_[xy])?$")  # a merge of two marked frames renames both
_HELD = re.compile(r"^([A-Z]{2})SRCFL(_[xy])?$")


def mark_source(frame: pd.DataFrame, domain: str, *, held: bool) -> pd.DataFrame:
    """Return a dataset with the column that says whether the data hold its domain.

    ``<domain>SRCFL`` (Y in every record) where they do, ``<domain>ABSFL`` where the domain is absent.
    """
    return frame.assign(**{f"{domain}{'SRC' if held else 'ABS'}FL": pd.Series("Y", frame.index, dtype="str")})


def is_absent(frame: pd.DataFrame, domain: str) -> bool:
    """Tell whether the data that a frame comes from lack a domain.

    A frame with records and without the column is of data that hold the domain.

    Raises
    ------
    DataError
        The frame has neither records nor the column, so that nobody can tell.
    """
    if domain in _marked(frame, _ABSENT):
        return True
    if domain not in _marked(frame, _HELD) and frame.empty:
        raise DataError(
            f"A frame without records lost whether the data hold the domain {domain}: the column "
            f"{domain}SRCFL (held) or {domain}ABSFL (absent) of its dataset. Keep "
            "all columns of a dataset whose records are counted."
        )
    return False


def absent_domain(frame: pd.DataFrame) -> str:
    """Return the absent domain that a frame is marked with, "" for none."""
    return next(iter(_marked(frame, _ABSENT)), "")


def lacks_records(frame: pd.DataFrame, domain: str) -> bool:
    """Tell whether the domain is absent and no other domain gave the dataset records, as PR gives ADCM."""
    marks = [name for name in frame.columns if _ABSENT.match(str(name))]
    return is_absent(frame, domain) and not bool(frame[marks].notna().any(axis=None))


def _marked(frame: pd.DataFrame, mark: re.Pattern[str]) -> list[str]:
    return [found[1] for name in frame.columns if (found := mark.match(str(name)))]
