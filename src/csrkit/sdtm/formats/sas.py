"""Read SAS files (transport version 5 and 8, SAS7BDAT), and write transport files of version 5."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat

from csrkit.bounds import Bounds
from csrkit.errors import DataError
from csrkit.sdtm.formats import table as encoding
from csrkit.sdtm.formats.table import Table, Variable, check_columns, check_size, clean_text, column_names

# Read SAS files: transport (XPT) version 5 and 8, and SAS7BDAT.

TRANSPORT_MAGIC = b"HEADER RECORD*******LIB"  # LIBRARY in version 5, LIBV8 in version 8
SAS7BDAT_MAGIC = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")
_MEMBER = re.compile(rb"HEADER RECORD\*{7}(?:MEMBER|MEMBV8)")
_ROWS = b"HEADER RECORD*******OBS"
_RECORD = 80  # bytes
_ERRORS = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError)
_ANY_BYTES = "ISO-8859-1"  # reads all bytes and keeps them apart


def read_transport(content: bytes, path: Path, named: str, bounds: Bounds) -> Table:
    """Read a SAS transport file with one member; ``named`` is the encoding of text that isn't UTF-8.

    The format doesn't say its encoding. Raises DataError for a truncated file, several members, more columns
    than the bound, or text whose encoding can't be told.
    """
    members = len(_MEMBER.findall(content))
    if members == 0:
        raise DataError(f"{path}: the file is cut off: it isn't made of whole records. Copy it again.")
    if members != 1:
        raise DataError(f"{path}: holds {members} data sets; one file holds one domain. Split it.")
    with tempfile.NamedTemporaryFile(suffix=".xpt") as copy:
        copy.write(_padded(content, path, bounds))
        copy.flush()
        try:
            return _table(*_read(pyreadstat.read_xport, copy.name), path)
        except UnicodeDecodeError:
            return _read_other_encoding(copy.name, path, named)
        except _ERRORS as error:
            raise DataError(f"{path}: can't be read as SAS transport ({error}).") from error


def read_sas7bdat(content: bytes, path: Path, bounds: Bounds) -> Table:
    """Read a SAS7BDAT file, which names its encoding.

    Raises DataError if it can't be read, or has more columns or bytes, once its rows are unpacked, than the
    bounds.
    """
    with tempfile.NamedTemporaryFile(suffix=".sas7bdat") as copy:
        copy.write(content)
        copy.flush()
        try:
            _, meta = _read(pyreadstat.read_sas7bdat, copy.name, encoding=_ANY_BYTES, metadataonly=True)
            check_columns(len(meta.column_names), path, bounds)
            check_size((meta.number_rows or 0) * _width(meta), path, bounds)
            return _table(*_read(pyreadstat.read_sas7bdat, copy.name), path)
        except UnicodeDecodeError as error:
            columns, meta = _read(pyreadstat.read_sas7bdat, copy.name, encoding=_ANY_BYTES)
            if encoding.is_cut_utf8(_all_text(columns, meta)):
                return _decoded(_table(columns, meta, path))
            raise DataError(f"{path}: its text isn't in the encoding that it names ({error}).") from error
        except _ERRORS as error:
            raise DataError(f"{path}: can't be read as SAS7BDAT ({error}). Is the file complete?") from error


def _padded(content: bytes, path: Path, bounds: Bounds) -> bytes:
    """Return the file with blanks behind its last row, up to a whole record, as SAS writes it.

    Others leave the last record short, or fill it with NUL. Raises DataError for a file that is cut off: the
    format has no count of rows, so a cut between two rows can't be seen.
    """
    head = content.find(_ROWS)
    with tempfile.NamedTemporaryFile(suffix=".xpt") as copy:
        copy.write(content[: head + _RECORD] if head >= 0 else content)
        copy.flush()
        try:
            _, meta = _read(pyreadstat.read_xport, copy.name, encoding=_ANY_BYTES, metadataonly=True)
        except _ERRORS as error:
            raise DataError(
                f"{path}: the file is cut off within its head ({error}). Copy it again."
            ) from error
    if head < 0 or head + _RECORD > len(content):
        raise DataError(f"{path}: the file is cut off before its first row. Copy it again.")
    check_columns(len(meta.column_names), path, bounds)
    width = _width(meta)
    start = head + _RECORD
    size = len(content) - start
    filled = len(content[start:].rstrip(b" \x00"))
    rows = -(-filled // width) if width else 0  # numbers end in NUL, texts in blanks: whole rows
    if size < rows * width:
        raise DataError(f"{path}: the file is cut off within its last row. Copy it again.")
    end = start + rows * width
    return content[:end] + b" " * (-end % _RECORD)


def _width(meta: Any) -> int:
    """Return the bytes of one row."""
    return sum(int(width) for width in meta.variable_storage_width.values())


def _read_other_encoding(copy: str, path: Path, named: str) -> Table:
    try:
        columns, meta = _read(pyreadstat.read_xport, copy, encoding=_ANY_BYTES)
        content = _all_text(columns, meta)
        if encoding.is_cut_utf8(content):
            return _decoded(_table(columns, meta, path))
        named = named or encoding.guess(content, path)
        table = _table(*_read(pyreadstat.read_xport, copy, encoding=named), path)
    except (UnicodeDecodeError, *_ERRORS) as error:
        raise DataError(f"{path}: can't be read as SAS transport in {named} ({error}).") from error
    return table.noted(f"The text is not UTF-8; it was read as {named}.")


def _all_text(columns: dict[str, list[Any]], meta: Any) -> bytes:
    """Return the bytes of all texts and labels that were read byte by byte."""
    texts = [value for name in columns for value in columns[name] if isinstance(value, str)]
    texts += [label or "" for label in (meta.file_label, *meta.column_labels)]
    return "\n".join(texts).encode(_ANY_BYTES)


def _decoded(table: Table) -> Table:
    """Return a table that was read byte by byte as UTF-8 with cut letters."""
    frame = table.frame.copy(deep=False)
    for name in frame.columns[frame.dtypes == "str"]:
        frame[name] = frame[name].map(encoding.decode_cut).astype("str")
    variables = {
        name: replace(variable, label=encoding.decode_cut(variable.label))
        for name, variable in table.variables.items()
    }
    label = encoding.decode_cut(table.label)
    return replace(table, frame=frame, variables=variables, label=label).noted(encoding.CUT_NOTE)


def _read(reader: Any, copy: str, **options: Any) -> tuple[dict[str, list[Any]], Any]:
    # dates stay numbers: a SAS date where SDTM has text must be seen, not turned into text unnoticed
    try:
        result: tuple[dict[str, list[Any]], Any] = reader(
            copy, output_format="dict", disable_datetime_conversion=True, **options
        )
    except _ERRORS:
        Path(copy).open("rb").close()  # where the copy can't be opened, the system's reason is the fault
        raise
    return result


def _table(columns: dict[str, list[Any]], meta: Any, path: Path) -> Table:
    heads = dict(zip(columns, column_names(columns, path), strict=True))
    text = {name for name, kind in meta.readstat_variable_types.items() if kind == "string"}
    frame = pd.DataFrame(
        {
            head: clean_text(pd.Series(columns[name], dtype="str"))
            if name in text
            else pd.Series(columns[name], dtype="float64")
            for name, head in heads.items()
        }
    )
    variables = {
        head: Variable(
            meta.column_names_to_labels.get(name) or "",
            meta.variable_storage_width.get(name),
            meta.original_variable_types.get(name) or "",
        )
        for name, head in heads.items()
    }
    return Table(frame, meta.file_label or "", meta.table_name or "", variables)


# Write SDTM domains as SAS transport files (version 5), the same bytes on every run and machine.

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
