"""Whether the pages of subjects say what the version's own analysis datasets say of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from csrkit.limits import stand_in
from csrkit.store import read_dataset
from csrkit.versions import page_reading as reading
from csrkit.versions.numbers import holds, numbers_in, values_by
from csrkit.versions.published import Fault

_LINK = re.compile(r'href="\.\./(subjects/[^"]+)"')
_HEADING = re.compile(r"<h1>Subject (.*?)</h1>")
_TABLE = re.compile(r'<table class="csr-table">.*?</table>', re.DOTALL)
_MOST = 5  # faults of one page; more say nothing new
_SHOWN = ("adsl", "adex", "adae", "adcm", "admh", "addv", "adlb", "adrs")


def check_subject_pages(folder: Path, pages: Mapping[str, str]) -> Iterator[Fault]:
    """Yield what is wrong with the pages of subjects and the links to them; nothing for a version without.

    ``pages`` are the report's pages, by name. Every link must have its page; on a page every platelet count
    of the chart and every number of a table must stand in a record of this subject.
    """
    for name, text in pages.items():
        for target in sorted(set(_LINK.findall(text))):
            if not (folder / target).exists():
                yield Fault(name, f"links to {target}, which isn't there")
    found = {path: _subject_of(path) for path in sorted((folder / "subjects").glob("*.html"))}
    records = _Records(folder / "adam", [*found.values()]) if found else None
    for path, subject in found.items():
        file, text = f"subjects/{path.name}", path.read_text(encoding="utf-8")
        if records is None or subject not in records.subjects:
            yield Fault(file, f"tells of {subject or 'no subject'}, who isn't in adam/adsl.parquet")
            continue
        for problem in [*_wrong_counts(text, records, subject), *_wrong_numbers(text, records, subject)][
            :_MOST
        ]:
            yield Fault(file, problem)


def _subject_of(page: Path) -> str:
    """Return whom a page tells of; "" where it doesn't say."""
    heading = _HEADING.search(page.read_text(encoding="utf-8"))
    return unescape(heading[1]) if heading else ""


class _Records:
    """The records of subjects in the datasets that a profile shows, and their laboratory values by day."""

    def __init__(self, folder: Path, subjects: Collection[str]) -> None:
        frames = {name: read_dataset(folder / f"{name}.parquet", subjects) for name in _SHOWN}
        self._numbers: dict[str, list[npt.NDArray[np.float64]]] = {}
        for frame in frames.values():
            for subject, numbers in values_by(frame, "USUBJID"):
                self._numbers.setdefault(subject, []).append(numbers)
        self.subjects = set(frames["adsl"]["USUBJID"])
        values = frames["adlb"].assign(AVAL=stand_in(frames["adlb"]))[["USUBJID", "ADY", "AVAL"]]
        self._values = set(values.itertuples(index=False, name=None))

    def numbers(self, subject: str) -> npt.NDArray[np.float64]:
        """Return every number in the records of a subject, without sign and in order."""
        parts = self._numbers.get(subject, [])
        return np.unique(np.concatenate(parts)) if parts else np.empty(0)

    def has(self, subject: str, day: float, value: float) -> bool:
        """Tell whether the subject has this laboratory value on this day."""
        return (subject, day, value) in self._values


def _wrong_counts(text: str, records: _Records, subject: str) -> Iterator[str]:
    chart: Any = reading.html_chart(text) or {}
    for count in chart.get("datasets", {}).get("counts", []):
        if not records.has(subject, count["ADY"], count["AVAL"]):
            yield f"draws a count of {count['AVAL']:g} on Day {count['ADY']:g}, of which ADLB doesn't know"


def _wrong_numbers(text: str, records: _Records, subject: str) -> Iterator[str]:
    known = records.numbers(subject)
    for stretch in _TABLE.findall(text):
        _, rows = reading.html_cells(stretch) or ([], [])
        for label, *cells in rows:
            for cell in cells:
                for number in numbers_in(cell):
                    if not holds(known, number):
                        yield f"{label}: no record of the subject has {number} (in {cell!r})"
