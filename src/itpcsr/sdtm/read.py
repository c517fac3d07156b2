"""Read trial data: SAS transport and CSV files, found by content, into one frame per SDTM domain."""

from __future__ import annotations

import csv
import gzip
import io
import re
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

from itpcsr.errors import DataError
from itpcsr.paths import from_root

# A folder may also hold define.xml, a README or pictures: only these names are taken as data there.
_DATA_NAMES = (".xpt", ".csv", ".xpt.gz", ".csv.gz")
_XPORT_MAGIC = b"HEADER RECORD*******LIB"  # LIBRARY in version 5, LIBV8 in version 8
_XPORT_MEMBER = re.compile(rb"HEADER RECORD\*{7}(?:MEMBER|MEMBV8)")
_XPORT_RECORD = 80  # bytes
_GZIP_MAGIC = b"\x1f\x8b"
_DOMAIN_NAME = re.compile(r"^(?:[A-Z]{2}|SUPP[A-Z]{2}|RELREC)$")
# Text files carry no types; these SDTM variables are numbers, all others are text.
_NUMERIC = re.compile(
    r"^(?:VISITNUM|VISITDY|AGE|TAETORD|.{2}(?:SEQ|DY|STDY|ENDY|DOSE|STRESN|STNRLO|STNRHI|TPTNUM|LLOQ|DUR[NX]))$"
)
# Variables that are text in SDTM, which the derivations rely on.
_TEXT = re.compile(
    r".*(?:DTC|ID|TESTCD|ARMCD|TERM|DECOD|BODSYS|CAT|TRT|STRESU|DOSU|FL|SER|REL|TOXGR|SEV)$|^SEX$|^ARM$"
)
_SIMULATED_STUDY = re.compile(r"-SIM$")
_SIMULATED_LABEL = "(simulated)"


@dataclass(frozen=True)
class Trial:
    """SDTM data of one trial.

    Attributes
    ----------
    domains
        Domain name (``DM``, ``SUPPAE``) to frame. Text is ``str`` with ``""`` for missing, numbers are
        ``float64`` with NaN for missing; columns and row order are the file's.
    sources
        Domain name to the file it came from.
    labels
        Domain name to dataset label; empty where the format has none.
    """

    domains: dict[str, pd.DataFrame]
    sources: dict[str, Path] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a domain's frame; a domain that is absent is a frame without rows and columns."""
        return self.domains.get(name, pd.DataFrame())

    def __contains__(self, name: object) -> bool:
        """Tell whether the domain is there, even with no rows."""
        return name in self.domains

    @property
    def simulated(self) -> bool:
        """True when any domain says of itself that it is simulated; no parameter can change that."""
        marked = any(_SIMULATED_LABEL in label.lower() for label in self.labels.values())
        return marked or any(
            frame["STUDYID"].astype(str).str.contains(_SIMULATED_STUDY).any()
            for frame in self.domains.values()
            if "STUDYID" in frame
        )


def read_trial(sources: Iterable[str | Path]) -> Trial:
    """Read every domain found in the folders and single files given.

    Parameters
    ----------
    sources
        Folders (their files named .xpt or .csv, also gzipped, not in subfolders) or single files of any
        name. The format and the domain are read from the content.

    Raises
    ------
    DataError
        A path doesn't exist, a folder holds no data, a file is not what its name says or can't be read,
        or two files hold the same domain (both are named).
    """
    domains: dict[str, pd.DataFrame] = {}
    found: dict[str, Path] = {}
    labels: dict[str, str] = {}
    for path in _files(sources):
        frame, label = _read_file(path)
        name = _domain_of(frame, path)
        if name in found:
            raise DataError(f"{found[name]} and {path} both hold domain {name}. Keep one of them.")
        domains[name], found[name], labels[name] = frame, path, label
    return Trial(domains, found, labels)


def _files(sources: Iterable[str | Path]) -> list[Path]:
    files: list[Path] = []
    for source in map(from_root, sources):
        if source.is_dir():
            inside = sorted(
                path
                for path in source.iterdir()
                if path.name.lower().endswith(_DATA_NAMES) and not path.name.startswith(("._", "~$"))
            )
            if not inside:
                raise DataError(f"{source}: the folder holds no trial data ({', '.join(_DATA_NAMES)}).")
            files += inside
        elif source.exists():
            files.append(source)
        else:
            raise DataError(f"{source}: there is no such folder or file. Check `data` in the parameters.")
    return files


def _read_file(path: Path) -> tuple[pd.DataFrame, str]:
    """Return frame and dataset label of one file, whatever its name says."""
    if path.is_dir():
        raise DataError(f"{path}: is a folder, but a data file is expected here.")
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP_MAGIC):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: can't be read ({error}). Is the file complete?") from error
    if not content:
        raise DataError(f"{path}: the file is empty. Export it again.")
    if content.startswith(_XPORT_MAGIC):
        return _read_transport(content, path)
    if ".xpt" in path.name.lower():
        raise DataError(f"{path}: is not a SAS transport file, though its name says so.")
    return _read_csv(content, path), ""


def _read_transport(content: bytes, path: Path) -> tuple[pd.DataFrame, str]:
    members = len(_XPORT_MEMBER.findall(content))
    if members == 0 or len(content) % _XPORT_RECORD:
        raise DataError(f"{path}: the file is cut off: it isn't made of whole records. Copy it again.")
    if members != 1:
        raise DataError(f"{path}: holds {members} data sets; one file holds one domain. Split it.")
    with tempfile.NamedTemporaryFile(suffix=".xpt") as copy:
        copy.write(content)
        copy.flush()
        try:
            frame, meta = pyreadstat.read_xport(copy.name)
        except Exception:  # pyreadstat has no class of its own for a wrong encoding
            frame, meta = _read_windows_transport(copy.name, path)
    frame = _tidy(frame)
    numbers = [name for name in frame if frame[name].dtype == "float64" and _TEXT.match(str(name))]
    if numbers:
        raise DataError(f"{path}: {', '.join(map(str, numbers))} is numeric; SDTM has text there.")
    text: pd.DataFrame = frame.select_dtypes("str")
    frame[text.columns] = _numbers(text, list(range(1, len(text) + 1)), path)
    return frame, meta.file_label or ""


def _read_windows_transport(copy: str, path: Path) -> tuple[pd.DataFrame, Any]:
    """Read as cp1252, which the files of Windows sites are in."""
    try:
        frame, meta = pyreadstat.read_xport(copy, encoding="cp1252")
    except Exception as error:
        raise DataError(f"{path}: can't be read as SAS transport ({error}).") from error
    return frame, meta


def _read_csv(content: bytes, path: Path) -> pd.DataFrame:
    if b"\x00" in content:
        raise DataError(f"{path}: is neither SAS transport nor text.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is no UTF-8, and other encodings can't be told apart. Save as UTF-8."
        ) from error
    header = text.split("\n", 1)[0].strip()
    delimiter = max(",;\t|", key=header.count)
    if header.count(delimiter) == 0:
        raise DataError(f"{path}: its first line is no row of column names: {header[:60]!r}.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names, *rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num} can't be read as CSV ({error}).") from error
    heads = [name.strip().upper() for name in names[1]]
    while heads and not heads[-1] and not any("".join(row[len(heads) - 1 :]).strip() for _, row in rows):
        heads.pop()  # empty columns that spreadsheets leave at the right
    rows = [(line, row[: len(heads)]) for line, row in rows]
    twice = sorted({name for name in heads if heads.count(name) > 1})
    if twice:
        raise DataError(f"{path}: the column {', '.join(twice)} stands twice. Keep one.")
    for line, row in rows:
        if len(row) != len(heads):
            raise DataError(f"{path}: line {line} has {len(row)} values for {len(heads)} columns.")
    frame = pd.DataFrame([row for _, row in rows], columns=heads, dtype="str")
    return _tidy(_numbers(frame, [line for line, _ in rows], path))


def _numbers(frame: pd.DataFrame, lines: list[int], path: Path) -> pd.DataFrame:
    # "NA" is how R writes a missing value; it is no SDTM value
    frame = frame.where(frame != "NA", "")
    for name in [name for name in frame.columns if _NUMERIC.match(name)]:
        values = pd.to_numeric(frame[name].replace("", None), errors="coerce").astype("float64")
        wrong = (values.isna() & (frame[name] != "")) | np.isinf(values)
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            found = frame[name].iloc[row]
            raise DataError(f"{path}: {name} in line {lines[row]} is {found!r}; a number is expected.")
        frame[name] = values
    return frame


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.rename(columns=str.upper)
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype("float64")
        else:
            frame[name] = frame[name].astype("str").fillna("").str.rstrip()
    return frame


def _domain_of(frame: pd.DataFrame, path: Path) -> str:
    """Name the domain by what the file holds, and refuse a file named after another one."""
    name = _domain_in(frame, path)
    stem = path.name.split(".")[0].upper()
    if _DOMAIN_NAME.match(stem) and stem != name:
        raise DataError(f"{path}: holds domain {name}, though its name says {stem}. Rename or replace it.")
    return name


def _domain_in(frame: pd.DataFrame, path: Path) -> str:
    if {"RDOMAIN", "QNAM"} <= set(frame.columns):
        prefix, values = "SUPP", frame["RDOMAIN"]
    elif {"RDOMAIN", "RELID"} <= set(frame.columns):
        return "RELREC"
    elif "DOMAIN" in frame.columns:
        prefix, values = "", frame["DOMAIN"]
    else:
        raise DataError(f"{path}: has no DOMAIN (or RDOMAIN) column, so it is no SDTM data.")
    names = sorted(set(values.astype(str)))
    stem = path.name.split(".")[0].upper()
    if not names and _DOMAIN_NAME.match(stem):
        return stem  # a data set without rows says its domain by its name alone
    if len(names) != 1 or not _DOMAIN_NAME.match(prefix + names[0]):
        raise DataError(f"{path}: DOMAIN must hold one domain in every row, but holds {names[:5]}.")
    return f"{prefix}{names[0]}"
