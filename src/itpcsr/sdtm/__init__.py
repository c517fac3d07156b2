"""Trial data in: read, check, select, simulate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from itpcsr.sdtm.check import check_trial
from itpcsr.sdtm.read import Trial, read_trial
from itpcsr.sdtm.select import cut_trial, keep_reported
from itpcsr.sdtm.units import standardise_units
from itpcsr.study import Study

__all__ = ["Trial", "check_trial", "cut_trial", "keep_reported", "load_trial", "read_trial"]


def load_trial(
    sources: Iterable[str | Path], study: Study, data_cutoff: str | dt.date | None = None
) -> Trial:
    """Read, convert to the report's units, check and select trial data: all that notebooks and build need.

    Parameters
    ----------
    sources
        Folders and single files with SDTM domains, and at most one mapping file (``.yml``).
    study
        The study; subjects of arms that stand in none of its columns are left out.
    data_cutoff
        Last day whose records count (ISO 8601 or a date); empty or None takes all.

    Raises
    ------
    DataError
        With file, domain, subject and variable, and what to do.
    """
    trial = standardise_units(read_trial(sources), study)
    check_trial(trial, study)
    day = dt.date.fromisoformat(data_cutoff) if isinstance(data_cutoff, str) and data_cutoff else data_cutoff
    return keep_reported(cut_trial(trial, day or None), study)
