"""Which SDTM variables are numbers and which are text, the same for every format."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from csrkit.bounds import Bounds, exceeded
from csrkit.errors import DataError
from csrkit.sdtm.formats.table import Table, number_text

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
