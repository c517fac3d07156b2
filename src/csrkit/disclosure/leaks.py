"""Search a version's files for what an external version must not hold, in every form it could stand in."""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import io
import re
import urllib.parse
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from csrkit.disclosure.trial import CODED
from csrkit.errors import PublishError
from csrkit.sdtm.read import Trial

PdfText = Callable[[Path], str]
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_LEAST = 4  # characters: a shorter number or word stands in every report by chance
_IDENTIFIERS = ("USUBJID", "SUBJID", "SITEID", "INVID", "INVNAM")
_DEPTH = 3  # containers within containers


@dataclass(frozen=True)
class Leak:
    """Something of the original data in a published file."""

    file: str
    found: str


@dataclass(frozen=True)
class Originals:
    """Identifiers, days (ISO 8601) and words as reported of the original data, in small letters."""

    texts: frozenset[str]
    days: frozenset[str]


def originals_of(trial: Trial, disclosed: Trial, public: Iterable[str]) -> Originals:
    """Return what the original data hold and neither the disclosed ones nor the texts in ``public`` do.

    ``public`` are the sources of the report (pages, parameters, notebooks): a word as reported or a day that
    they use anyway gives nothing away, an identifier always would. Identifiers and words of fewer than four
    characters are left out.
    """
    known = "\n".join([*_values(disclosed), *public]).casefold()
    identifiers, words, days = set(), set(), set()
    for frame in trial.domains.values():
        for name in frame.columns.astype(str):
            values = {text for text in frame[name].astype("str").unique() if text}
            if name.endswith("DTC"):
                days |= {text[:10] for text in values if len(text) >= 10}
            elif name in _IDENTIFIERS or name in CODED:
                long = {text.casefold() for text in values if len(text) >= _LEAST}
                identifiers |= long if name in _IDENTIFIERS else set()
                words |= long if name in CODED else set()
    said = {text for text in words if text in known}
    return Originals(
        frozenset(identifiers | words - said),
        frozenset(day for day in days if day not in known and day.replace("-", "") not in known),
    )


def _values(trial: Trial) -> Iterator[str]:
    for frame in trial.domains.values():
        for name in frame.columns.astype(str):
            if pd.api.types.is_string_dtype(frame[name]) and not name.endswith("DTC"):
                yield from frame[name].unique()


def find_leaks(folder: Path, originals: Originals, pdf_text: PdfText | None = None) -> list[Leak]:
    """Return every original found in the files of a folder, and in their names.

    Files are read as what they are: text, JSON, HTML, RTF, Parquet with its metadata, containers (Word,
    zip, gzip), and what stands in them in base64 or with escapes. The text of a PDF needs ``pdf_text``.
    """
    leaks: dict[Leak, None] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        for text in [name, *_texts(path.name, path.read_bytes(), 0), *_of_pdf(path, pdf_text)]:
            for found in _found(text.casefold(), originals):
                leaks[Leak(name, found)] = None
    return list(leaks)


def _found(text: str, originals: Originals) -> Iterator[str]:
    yield from (found for found in sorted(originals.texts) if found in text)
    for day in set(_DATE.findall(text)):
        plain = day.replace("-", "")
        written = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
        if written in originals.days:
            yield written


def _of_pdf(path: Path, pdf_text: PdfText | None) -> Iterator[str]:
    if pdf_text is not None and path.suffix == ".pdf":
        yield pdf_text(path)


def _texts(name: str, content: bytes, depth: int) -> Iterator[str]:
    """Yield all readings of a file's content."""
    if depth > _DEPTH:
        return
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield member
                yield from _texts(member, archive.read(member), depth + 1)
        return
    if content[:2] == b"\x1f\x8b":
        yield from _texts(name, gzip.decompress(content), depth + 1)
        return
    if content[:4] == b"PAR1":
        yield _of_parquet(content)
        return
    for encoding in ("utf-8", "utf-16-le"):
        if encoding == "utf-8" or b"\x00" in content[:200]:
            yield from _readings(content.decode(encoding, "replace"), depth)


def _of_parquet(content: bytes) -> str:
    table = pq.read_table(io.BytesIO(content))
    told = [*(table.schema.metadata or {}).items()]
    told += [pair for field in table.schema for pair in (field.metadata or {}).items()]
    metadata = " ".join(part.decode("utf-8", "replace") for pair in told for part in pair)
    return f"{metadata}\n{table.to_pandas().to_csv()}"


def _readings(text: str, depth: int) -> Iterator[str]:
    yield text
    if "\\u" in text or "\\x" in text:
        yield re.sub(
            r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})", lambda hit: chr(int(hit[1] or hit[2], 16)), text
        )
    if text.startswith("{\\rtf"):
        yield re.sub(r"\\u(-?\d+)[?*]?|\\'([0-9a-f]{2})|\\[a-z]+-?\d* ?|[{}]", _of_rtf, text)
    if "%" in text:
        yield urllib.parse.unquote(text)
    if "<" in text:
        yield html.unescape(re.sub(r"<[^>]*>", "", text))
    elif "&" in text:
        yield html.unescape(text)
    for blob in _BASE64.findall(text):
        if content := _decoded(blob):
            yield from _texts("", content, depth + 1)


def _of_rtf(hit: re.Match[str]) -> str:
    if hit[1]:
        return chr(int(hit[1]) % 0x10000)
    return chr(int(hit[2], 16)) if hit[2] else ""


def _decoded(blob: str) -> bytes:
    try:
        return base64.b64decode(blob.translate(str.maketrans("-_", "+/")) + "=" * (-len(blob) % 4))
    except (binascii.Error, ValueError):
        return b""


def refuse_leaks(folder: Path, originals: Originals) -> None:
    """Stop the publication of an external version in which something of the original data is found.

    Raises PublishError, which names the files but doesn't repeat what was found.
    """
    leaks = find_leaks(folder, originals)
    if leaks:
        files = ", ".join(sorted({leak.file for leak in leaks})[:10])
        raise PublishError(
            f"{len(leaks)} identifiers, dates or verbatim terms of the original data are in {files}.  "
            "Nothing was published. A label, unit or other text that is kept may hold them: see "
            "docs/disclosure.md."
        )
