"""What the steps of a report have to know of a trial's program: one description, given as an argument."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from csrkit.bounds import Bounds
from csrkit.disclosure.leaks import Originals
from csrkit.parameters.report import Report
from csrkit.sdtm.read import Trial
from csrkit.store import Adam


@dataclass(frozen=True)
class Disclosed:
    """A trial made ready for an external version, and what has to be known of its making.

    ``subjects`` are the new names; ``of_order`` the displays that the moved dates would make wrong;
    ``originals`` what may stand in no published file.
    """

    trial: Trial
    subjects: frozenset[str]
    of_order: frozenset[str]
    originals: Originals


class ReadsStudy(Protocol):
    """Read a study file, with the cohorts that a version reports on."""

    def __call__(self, path: str | Path, *, cohorts: list[str] | None = None) -> Any:
        """Return the study, ``csrkit.design.Described`` and more that the trial's own code reads."""


@dataclass(frozen=True)
class Program:
    """The program of a trial. A study is ``csrkit.design.Described``; the engine hands it on as it is.

    Parameters
    ----------
    modules
        Names of the modules that make pages and datasets beside the engine's: what they import decides
        whether something has to be made again.
    datasets
        Name of the module that derives the analysis datasets.
    preloaded
        Names of modules that import beforehand what notebooks use, for the sake of time alone.
    readers
        Further files of a study by the name of their hash, with the function by which a notebook reads each.
    reads_data
        Functions by which a notebook reads the trial itself, so that it depends on all of its data.
    decimals
        Decimals of the values that pages quote, by parameter.
    read_study, write_study
        Read a study file; write it with other values, and return where.
    rules_hash, store_parts, write_store
        What the derivations depend on of a study and altogether, and the store of derived datasets.
    load_trial
        Read the data: sources, study, cut-off, bounds.
    disclose, disclosure_hash
        What an external version tells of: the trial, report, study and root; what decides about it.
    profiled, paged
        Records of ADSL of those who could have a page; of these, who has one, the analysis datasets given.
    say_paged, write_pages
        A sentence on how many have a page; write those of a version at work beside its report.
    lists
        Lists that the trial's program makes for the pages, from the result rows.
    """

    modules: tuple[str, ...]
    datasets: str
    preloaded: tuple[str, ...]
    readers: Mapping[str, str]
    reads_data: tuple[str, ...]
    decimals: Mapping[str, int]
    read_study: ReadsStudy
    write_study: Callable[[Path, dict[str, Any], Path], Path]
    rules_hash: Callable[[Any], str]
    store_parts: Callable[..., dict[str, str]]
    write_store: Callable[..., Adam]
    load_trial: Callable[[Sequence[Path], Any, Any, Bounds], Trial]
    disclose: Callable[[Trial, Report, Any, Path], Disclosed]
    disclosure_hash: Callable[[Report, Path], str]
    profiled: Callable[[pd.DataFrame, Any], pd.DataFrame]
    paged: Callable[[pd.DataFrame, pd.DataFrame, int], Collection[str]]
    say_paged: Callable[[int, int, int], str]
    write_pages: Callable[[Any, Path], None]
    lists: Callable[[Path, Sequence[str], pd.DataFrame, Any], None]
