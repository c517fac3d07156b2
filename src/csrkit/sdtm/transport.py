"""Write SDTM domains as SAS transport files (version 5), the same bytes on every run and machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyreadstat

from csrkit.errors import DataError

# Where the writer puts the clock: created and modified, in the library's and in the member's header.
# One member a file, so these records always lie at the same places, before any variable or value.
_STAMP_PLACES = (144, 160, 464, 480)
_STAMP = re.compile(rb"\d{2}[A-Z]{3}\d{2}:\d{2}:\d{2}:\d{2}")
_FIXED_STAMP = b"01JAN60:00:00:00"
_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,7}")
_LABEL_LENGTH, _TEXT_LENGTH = 40, 200


def write_transport(
    domains: Mapping[str, pd.DataFrame],
    folder: str | Path,
    *,
    dataset_labels: Mapping[str, str],
    variable_labels: Mapping[str, Mapping[str, str]],
) -> list[Path]:
    """Write each domain to ``folder`` as ``<domain>.xpt`` in lower case, and return the paths in order.

    Parameters
    ----------
    domains
        Domain name to frame; text or numbers, missing text is ``""`` and a missing number NaN.
    folder
        Created if absent; files of the same name are replaced.
    dataset_labels, variable_labels
        Domain name to its label, and to its variables' labels.

    Raises
    ------
    DataError
        A name, label or text doesn't fit version 5 of the format (8, 40 and 200 ASCII characters).
        Nothing is written then.
    """
    faults = [
        fault
        for name, frame in domains.items()
        for fault in _faults(name, frame, dataset_labels[name], variable_labels[name])
    ]
    if faults:
        raise DataError(
            "These data don't fit SAS transport version 5:\n" + "\n".join(f"  {f}" for f in faults)
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(name, domains[name], folder, dataset_labels[name], variable_labels[name])
        for name in sorted(domains)
    ]


def _faults(name: str, frame: pd.DataFrame, label: str, labels: Mapping[str, str]) -> list[str]:
    faults = [
        f"{word}: not a name of 1 to 8 capitals and digits"
        for word in (name, *frame)
        if not _NAME.fullmatch(word)
    ]
    texts = {name: label} | {f"{name}.{column}": text for column, text in labels.items() if column in frame}
    faults += [
        f"{place}: the label {text!r} is longer than {_LABEL_LENGTH} characters or not ASCII"
        for place, text in texts.items()
        if len(text) > _LABEL_LENGTH or not text.isascii()
    ]
    for column, values in frame.select_dtypes(exclude="number").items():
        bad = [value for value in values.unique() if not _fits(value)]
        if bad:
            faults.append(
                f"{name}.{column}: {bad[0]!r} is longer than {_TEXT_LENGTH} characters or not ASCII text"
            )
    return faults


def _fits(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _TEXT_LENGTH and value.isascii()


def _write(name: str, frame: pd.DataFrame, folder: Path, label: str, labels: Mapping[str, str]) -> Path:
    path = folder / f"{name.lower()}.xpt"
    # the writer asks for one value after the other: Python strings are there a third as long as Arrow's
    texts = {column: object for column in frame.columns if frame[column].dtype == "str"}
    pyreadstat.write_xport(
        frame.astype(texts),
        path,
        file_label=label,
        column_labels=dict(labels),
        table_name=name,
        file_format_version=5,
    )
    content = bytearray(path.read_bytes())
    for place in _STAMP_PLACES:
        stamp = bytes(content[place : place + len(_FIXED_STAMP)])
        if not _STAMP.fullmatch(stamp):
            raise RuntimeError(f"{path}: no date at byte {place} of the header, but {stamp!r}")
        content[place : place + len(_FIXED_STAMP)] = _FIXED_STAMP
    path.write_bytes(content)
    return path
