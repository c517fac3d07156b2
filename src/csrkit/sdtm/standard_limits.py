"""Limits (``<5``) of standard results: from the standard text, else from what was recorded, converted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.errors import DataError
from csrkit.limits import read_limits, write_limit
from csrkit.sdtm.units import conversion

_SAME = 0.01  # relative spread of the factors between recorded and standard results of one test


def standard_limits(frame: pd.DataFrame, domain: str) -> pd.Series:
    """Return the limit of each result in its standard unit (``<5``, ``>=2000``), "" for all others.

    ``--STRESC`` says it; where that holds no limit but ``--ORRES`` does, its number is converted: by the
    units, or by the factor between the other results of the test in these units. "" where neither is known; a
    limit that is recorded rules over a number that somebody put in its place.
    """
    names = {part: f"{domain}{part}" for part in ("STRESC", "ORRES", "STRESU", "ORRESU", "TESTCD")}
    text = pd.DataFrame({part: _column(frame, name) for part, name in names.items()})
    standard, original = read_limits(text["STRESC"]), read_limits(text["ORRES"])
    if (standard["sign"] == "").all() and (original["sign"] == "").all():
        return pd.Series("", index=frame.index, dtype="str")
    limits = standard.assign(known=standard["sign"] != "")
    recorded = ~limits["known"] & (original["sign"] != "")
    if recorded.any():
        number = pd.to_numeric(_column(frame, f"{domain}STRESN"), errors="coerce")
        keys = ["TESTCD", "ORRESU", "STRESU"]
        for key, rows in text[recorded].groupby(keys, sort=True):
            same = (text[keys] == list(key)).all(axis=1)
            factor = _factor(str(key[1]), str(key[2]), text.loc[same, "ORRES"], number[same])
            values = original.loc[rows.index, "value"] * factor[0] + factor[1] if factor else None
            if values is not None:
                limits.loc[rows.index, "sign"] = original.loc[rows.index, "sign"]
                limits.loc[rows.index, "value"] = values
                limits.loc[rows.index, "known"] = True
    written = np.full(len(frame), "", dtype="object")
    known = limits["known"].to_numpy()
    pairs = zip(limits.loc[known, "sign"], limits.loc[known, "value"], strict=True)
    written[known] = [write_limit(sign, value) for sign, value in pairs]
    return pd.Series(written, index=frame.index, dtype="str")


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series("", index=frame.index, dtype="str")


def _factor(unit: str, target: str, recorded: pd.Series, number: pd.Series) -> tuple[float, float] | None:
    if unit in ("", target) or target == "":
        return 1.0, 0.0
    try:
        return conversion(unit, target)
    except DataError:
        factors = (number / pd.to_numeric(recorded, errors="coerce")).replace([float("inf")], float("nan"))
        factors = factors.dropna()
        middle = float(factors.median()) if len(factors) else 0.0
        same = middle > 0 and bool(((factors / middle - 1).abs() <= _SAME).all())
        return (middle, 0.0) if same else None
