"""Trial data in: read, check, select, simulate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from csrkit.bounds import Bounds
from csrkit.sdtm.read import Trial, list_files, read_trial
from csrkit.sdtm.select import cut_trial, keep_reported
from csrkit.small_texts import own_texts, texts_as_here
from itpcsr.sdtm.report_units import standardise_units
from itpcsr.study import Study

__all__ = [
    "Trial", "cut_trial", "keep_reported", "list_files", "load_trial", "read_trial", "review_trial",
]  # fmt: skip


def load_trial(
    sources: Iterable[str | Path],
    study: Study,
    data_cutoff: str | dt.date | None = None,
    bounds: Bounds | None = None,
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
    bounds
        How large a file may be; None takes those of the environment.

    Returns
    -------
    The trial with its ``findings``: the warnings and notes on the records that were selected.

    Raises
    ------
    DataError
        With file, domain, subject and variable, and what to do.
    """
    from itpcsr.sdtm.checks import check_trial, raise_errors  # with pandera, whom only new data need

    day = dt.date.fromisoformat(data_cutoff) if isinstance(data_cutoff, str) and data_cutoff else data_cutoff
    read = read_trial(sources, bounds)
    with own_texts(read.domains) as domains:
        trial = _review(replace(read, domains=domains), study)
        raise_errors(trial.findings)
        chosen = keep_reported(cut_trial(trial, day or None), study)
        if chosen is not trial:
            # an interim report doesn't tell of later records
            chosen = replace(chosen, findings=check_trial(chosen, study))
    return _with_texts_as_here(chosen)


def review_trial(sources: Iterable[str | Path], study: Study, bounds: Bounds | None = None) -> Trial:
    """Read trial data, convert them to the report's units, and return them with all findings, errors too."""
    read = read_trial(sources, bounds)
    with own_texts(read.domains) as domains:
        trial = _review(replace(read, domains=domains), study)
    return _with_texts_as_here(trial)


def _review(trial: Trial, study: Study) -> Trial:
    from itpcsr.sdtm.checks import check_trial

    trial = standardise_units(trial, study)
    return replace(trial, findings=check_trial(trial, study))


def _with_texts_as_here(trial: Trial) -> Trial:
    domains = {name: texts_as_here(frame) for name, frame in trial.domains.items()}
    return replace(trial, domains=domains, findings=texts_as_here(trial.findings))
