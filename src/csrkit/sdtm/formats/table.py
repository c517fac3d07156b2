"""What every reader returns: one data set, with its bounds, its encoding, the types of its variables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from csrkit.bounds import Bounds, exceeded
from csrkit.errors import DataError

# What every reader returns: one data set as its file holds it, and what is known of its variables.


@dataclass(frozen=True)
class Variable:
    """What a file says of one variable; empty and None where its format doesn't say it.

    ``length`` is in bytes as stored, ``format`` the display format (``DATE9``).
    """

    label: str = ""
    length: int | None = None
    format: str = ""


def _row_number(row: int) -> int:
    return row + 1


@dataclass(frozen=True)
class Table:
    """One data set, before anything is known of its domain.

    Attributes
    ----------
    frame
        Columns in capitals; text is ``str`` without trailing blanks, ``""`` for missing; numbers are
        ``float64``, NaN for missing.
    label, name
        Of the data set; empty where the format has none.
    variables
        Column name to what the file says of it; every column has an entry.
    line_of
        Row (from 0) to the line or record that a message names.
    notes
        What had to be decided on reading (encoding, decimal mark).
    """

    frame: pd.DataFrame
    label: str = ""
    name: str = ""
    variables: dict[str, Variable] = field(default_factory=dict)
    line_of: Callable[[int], int] = _row_number
    notes: tuple[str, ...] = ()

    def noted(self, *notes: str) -> Table:
        """Return the table with further notes; empty ones are left out."""
        return replace(self, notes=(*self.notes, *filter(None, notes)))


def column_names(names: Iterable[object], path: Path) -> list[str]:
    """Return names in capitals without blanks around them; each must be there and stand once.

    Raises DataError with the file and the names.
    """
    heads = [str(name).strip().upper() for name in names]
    if "" in heads:
        place = heads.index("") + 1
        raise DataError(f"{path}: column {place} has no name. Name or remove it (row names?).")
    twice = sorted(name for name, times in Counter(heads).items() if times > 1)
    if twice:
        raise DataError(f"{path}: the column {', '.join(twice)} appears twice. Keep one.")
    return heads


def clean_text(values: pd.Series) -> pd.Series:
    """Return text as ``str`` without trailing blanks, ``""`` for missing."""
    return values.astype("str").fillna("").str.rstrip()


def number_text(values: pd.Series) -> pd.Series:
    """Return numbers as text as they would be written (3, 2.5), ``""`` for missing."""
    return values.map(lambda value: f"{value:.15g}", na_action="ignore").astype("str").fillna("")


# Hold what a file says to its bounds: depth and long numbers of JSON before it is read, tables after.

_PIECE = 1 << 22
_QUOTE, _ZERO, _NINE = b'"'[0], b"0"[0], b"9"[0]
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


def check_json(content: bytes, path: Path, bounds: Bounds) -> bool:
    """Refuse JSON that is nested too deep, and tell whether it may hold numbers beyond their bound.

    Digits within texts count, too: the reader knows better, but counting in it would make every number slow.
    Raises DataError.
    """
    if b"\\" in content:  # an escaped quotation mark ends no text
        content = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    data = np.frombuffer(content, dtype=np.uint8)
    quotes = depth = run = 0
    long_numbers = False
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        inside = np.cumsum(piece == _QUOTE, dtype=np.int64) + quotes
        levels = np.cumsum(np.where(inside & 1, 0, _STEPS[piece]), dtype=np.int64) + depth
        if levels.max() > bounds.nesting:
            found = f"nests lists and objects {int(levels.max()):,} deep or deeper"
            raise exceeded(path, "nesting", bounds, found, int(levels.max()))
        longest, run = _digit_runs(piece, run)
        long_numbers |= longest > bounds.number_length
        quotes, depth = int(inside[-1]), int(levels[-1])
    return long_numbers


def _digit_runs(piece: npt.NDArray[np.uint8], before: int) -> tuple[int, int]:
    """Return the longest run of digits, the first of them with ``before`` it, and the last one's length."""
    others = np.flatnonzero((piece < _ZERO) | (piece > _NINE))
    if not len(others):
        return before + len(piece), before + len(piece)
    inner = int(np.diff(others).max()) - 1 if len(others) > 1 else 0
    return max(before + int(others[0]), inner), len(piece) - 1 - int(others[-1])


def check_columns(number: int, path: Path, bounds: Bounds) -> None:
    """Refuse more columns than the bound, before any of them is read. Raises DataError."""
    if number > bounds.columns:
        raise exceeded(path, "columns", bounds, f"has {number:,} columns", number)


def check_size(size: int, path: Path, bounds: Bounds) -> None:
    """Refuse rows that take more bytes in memory than the bound. Raises DataError."""
    if size > bounds.size:
        raise exceeded(path, "size", bounds, f"unpacks to {size:,} bytes", size)


def check_table(table: Table, path: Path, bounds: Bounds) -> None:
    """Refuse too many columns, texts beyond the bound, and infinite numbers. Raises DataError."""
    check_columns(len(table.frame.columns), path, bounds)
    for place, length in _lengths(table):
        if length > bounds.field_length:
            raise exceeded(path, "field_length", bounds, f"{place} has {length:,} characters", length)
    for name, values in table.frame.items():
        if values.dtype == "float64" and np.isinf(values.to_numpy()).any():
            row = int(np.isinf(values.to_numpy()).argmax())
            raise DataError(f"{path}: {name} in line {table.line_of(row)} is infinite. Write a number.")


def _lengths(table: Table) -> Iterator[tuple[str, int]]:
    yield "its label", len(table.label)
    for name, known in table.variables.items():
        yield f"the name {_short(name)}", len(name)
        yield f"the label of {name}", len(known.label)
    for name, values in ((str(name), column) for name, column in table.frame.items()):
        if len(values) and values.dtype == "str":
            yield f"a value of {name}", int(values.str.len().max())


def _short(text: Any) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]} …")


# Tell the encoding of text: UTF-8, UTF-16 with its mark, Windows; what could be two things is refused.

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_WINDOWS = "cp1252"
# Encodings that write a letter in two bytes, Chinese (of two kinds), Japanese and Korean.
_TWO_BYTE = {"gb18030": "GBK", "big5": "Big5", "shift_jis": "Shift-JIS", "euc_kr": "EUC-KR"}
_NEIGHBOURS = re.compile(rb"[\x80-\xff]{2,}")
# UTF-8: letters of two bytes (Western), of three and four (Chinese), and what is left of a letter that was
# cut: its first bytes, or its last ones.
_UTF8_PARTS = re.compile(
    rb"(?P<two>[\xc2-\xdf][\x80-\xbf])|(?P<more>[\xe1-\xef][\x80-\xbf]{2}|\xe0[\xa0-\xbf][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf4][\x80-\xbf]{3})"
    rb"|(?P<cut>[\xc2-\xf4][\x80-\xbf]{0,2}|[\x80-\xbf]{1,3})|(?P<other>[\x80-\xff])"
)
CUT_NOTE = "The text is UTF-8 with letters cut within; each is shown as \ufffd. Export it anew if you can."


def decode(content: bytes, path: Path, named: str = "") -> tuple[str, str]:
    """Return the text, and a note if the encoding had to be decided (empty for UTF-8 and UTF-16).

    ``named`` is the encoding that a mapping file gives for what isn't UTF-8. UTF-8 with a letter cut within
    (by a field's length) is still that, whatever is named. Raises DataError, with what was found and what to
    do, where nothing decodes the bytes or several encodings could.
    """
    for mark in UTF16_MARKS:
        if content.startswith(mark):
            return _decode(content, "utf-16", path), ""
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        if is_cut_utf8(content):
            return content.decode("utf-8-sig", "replace"), CUT_NOTE
        encoding = named or guess(content, path)
        return _decode(content, encoding, path), f"The text is not UTF-8; it was read as {encoding}."


def is_cut_utf8(content: bytes) -> bool:
    """Tell whether bytes are UTF-8 but for letters that lost some of their bytes.

    In text of another encoding whole letters of UTF-8 come about by chance, among more faults. So there must
    be twice as many whole Chinese letters as cut ones; of Western letters, which chance makes more easily,
    four times as many.
    """
    counts = {"two": 0, "more": 0, "cut": 0, "other": 0}
    for found in _UTF8_PARTS.finditer(content):
        counts[str(found.lastgroup)] += 1
    faults = counts["cut"]
    return not counts["other"] and faults > 0 and counts["more"] + counts["two"] / 2 >= 2 * faults


def decode_cut(text: str) -> str:
    """Return text that was read byte by byte (as ISO 8859-1), as the UTF-8 with cut letters that it is."""
    return text.encode("iso-8859-1").decode("utf-8", "replace")


def guess(content: bytes, path: Path) -> str:
    """Return the encoding of text that isn't UTF-8; one that could be Windows or Chinese text is refused.

    In Western text bytes above 127 stand alone between ASCII letters; two side by side may also be one
    Chinese, Japanese or Korean letter. Statistics of letters can't help: a file of trial data holds a
    handful of such letters among thousands of others.
    """
    pairs = _NEIGHBOURS.search(content)
    eastern = [name for codec, name in _TWO_BYTE.items() if pairs and _decodes(content, codec)]
    western = _decodes(content, _WINDOWS)
    if western and not eastern:
        return _WINDOWS
    if any(match.lastgroup == "more" for match in _UTF8_PARTS.finditer(content)):
        eastern.insert(0, "UTF-8 with a cut letter")
    found = [*(["Windows (cp1252)"] if western else []), *eastern]
    advice = "Save it as UTF-8, or name its `encoding` in a mapping file."
    if not found:
        raise DataError(f"{path}: is no UTF-8, and no other encoding that is known reads it. {advice}")
    sample = pairs.group()[:8].hex(" ") if pairs else ""
    raise DataError(f"{path}: is no UTF-8; the bytes {sample} could be {', '.join(found)}. {advice}")


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _decode(content: bytes, encoding: str, path: Path) -> str:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise DataError(f"{path}: can't be read as {encoding} ({error}). Save it as UTF-8.") from error


# Which SDTM variables are numbers and which are text, the same for every format.

# The variables that SDTMIG 3.4 has as numbers; text files carry no types.
NUMERIC = re.compile(
    r"^(?:VISITNUM|VISITDY|TAETORD|AGE|"
    r".{2}(?:SEQ|DY|STDY|ENDY|DOSE|DOSTOT|VAMT|STRESN|STNRLO|STNRHI|LLOQ|ULOQ|DETECT|TPTNUM|REPNUM|DUR[NX]|"
    r"LLTCD|PTCD|HLTCD|HLGTCD|BDYCD|SOCCD))$"
)
# Variables that SDTM has as text. Where those of the first kind come as numbers, dates or zeros may be lost,
# so they are refused; the others are written as text.
_KEPT_AS_TEXT = re.compile(
    r".*(?:DTC|ID|TESTCD|PARMCD|ARMCD|ETCD|TERM|DECOD|BODSYS|CAT|TRT|STRESU|DOSU|FL|SER|REL|TOXGR|SEV)$"
    r"|^(?:SEX|ARM|ACTARM|DOMAIN|RDOMAIN|IDVAR|QNAM)$"
)
_TEXT = re.compile(
    r".*(?:TEST|PARM|ORRES|ORRESU|STRESC|STNRC|DOSTXT|OUT|ACN|SPEC|METHOD|NRIND|STAT|TPT|TPTREF|ELTM|OCCUR|DUR)$"
    r"|^(?:RACE|ETHNIC|AGEU|COUNTRY|VISIT|EPOCH|ELEMENT|IDVARVAL|QLABEL|QVAL|TSVAL)$"
)
_MISSING = ("NA", ".")  # how R and SAS write a missing number as text
# Text in which R's NA can't be meant as text: elsewhere it may be sodium, or "not applicable".
_NEVER_NA = re.compile(r".*(?:DTC|FL|SER|OCCUR|PRESP|SCAN|SCONG|SDISAB|SDTH|SHOSP|SLIFE|SMIE|SOD)$")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")


def settle_types(table: Table, path: Path, bounds: Bounds | None = None) -> Table:
    """Return the table with numbers in the numeric variables of SDTM and text in its text variables.

    Text in a numeric variable is converted, and numbers in a text variable where nothing can be lost.
    ``NA`` is missing in numbers, dates and yes-or-no variables, which is noted, and text in all others: a
    laboratory's code of sodium is NA. ``.`` is missing in numbers. Decimal commas are read where nothing else
    could be meant.

    Raises
    ------
    DataError
        A value is no number, or longer than its bound; numbers stand where SDTM has text (a SAS date for
        ``--DTC``, a subject number that lost its zeros); commas could be decimal marks or thousands.
    """
    frame = table.frame.copy(deep=False)
    notes: list[str] = []
    for name in _columns(frame, "str"):
        if NUMERIC.match(name) or _NEVER_NA.match(name):
            missing = frame[name].str.strip() == "NA"
            if missing.any():
                frame[name] = frame[name].mask(missing, "")
                notes.append(f"{name}: NA in {int(missing.sum())} records is taken as missing.")
    numbers = _columns(frame, "float64")
    lost = [name for name in numbers if _KEPT_AS_TEXT.match(name) and frame[name].notna().any()]
    if lost:
        raise DataError(
            f"{path}: {', '.join(lost)} is numeric; SDTM has text there (dates are ISO 8601 text)."
        )
    for name in numbers:
        if _KEPT_AS_TEXT.match(name) or _TEXT.match(name):
            frame[name] = number_text(frame[name])
    texts = [name for name in _columns(frame, "str") if NUMERIC.match(name)]
    if _decimal_comma(frame[texts], path):
        notes.append("Numbers were read with a decimal comma.")
        frame[texts] = frame[texts].apply(lambda column: column.str.replace(",", ".", regex=False))
    for name in texts:
        _refuse_long(frame[name], table, path, bounds or Bounds())
        frame[name] = _to_numbers(frame[name], table, path)
    return replace(table, frame=frame).noted(*notes)


def _columns(frame: pd.DataFrame, kind: str) -> list[str]:
    return [str(name) for name, found in frame.dtypes.items() if found == kind]


def _refuse_long(text: pd.Series, table: Table, path: Path, bounds: Bounds) -> None:
    lengths = text.str.len()
    if len(lengths) and lengths.max() > bounds.number_length:
        row, length = int(lengths.to_numpy().argmax()), int(lengths.max())
        found = f"{text.name} in line {table.line_of(row)} is a number of {length:,} characters"
        raise exceeded(path, "number_length", bounds, found, length)


def _to_numbers(text: pd.Series, table: Table, path: Path) -> pd.Series:
    text = text.str.strip()
    text = text.mask(text.isin(_MISSING), "")
    try:
        exact = pc.cast(pa.array(text.where(text != "", None), type=pa.large_string()), pa.float64())
        values = pd.Series(exact.to_numpy(zero_copy_only=False), index=text.index)
    except pa.ArrowInvalid:
        values = pd.to_numeric(text.where(text != "", None), errors="coerce").astype("float64")
    wrong = (values.isna() & (text != "")) | np.isinf(values)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        found = table.frame[text.name].iloc[row]
        raise DataError(
            f"{path}: {text.name} in line {table.line_of(row)} is {found!r}; a number is expected."
        )
    return values


def _decimal_comma(frame: pd.DataFrame, path: Path) -> bool:
    """Tell whether commas are decimal marks; False without any comma."""
    with_comma = _plain_numbers(frame, ",")
    if not with_comma:
        return False
    with_point = _plain_numbers(frame, ".")
    (name, text), advice = with_comma[0], "Write numbers with a decimal point and no thousands separators."
    if with_point:
        other, point = with_point[0]
        raise DataError(f"{path}: {name} holds {text!r}, and {other} {point!r}; both marks occur. {advice}")
    if any(text.count(",") > 1 for _, text in with_comma):
        raise DataError(f"{path}: {name} holds {text!r}, with thousands separators. {advice}")
    if all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text) for _, text in with_comma):
        raise DataError(
            f"{path}: {name} holds {text!r}: the comma could be a decimal mark or set off thousands. {advice}"
        )
    return True


def _plain_numbers(frame: pd.DataFrame, mark: str) -> list[tuple[str, str]]:
    """Return column and text of the different numbers that hold the mark."""
    return [
        (str(name), text.strip())
        for name, column in frame.items()
        for text in column[column.str.contains(mark, regex=False)].unique()
        if _PLAIN_NUMBER.fullmatch(text.strip())
    ]
