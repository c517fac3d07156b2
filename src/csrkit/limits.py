"""Results beyond the scale of a method: ``<5`` or ``>2000`` says on which side of a number the value lies.

What is known of a value is a number or such a limit. A comparison of both has three outcomes: certain,
impossible, and undecided where it is possible but not certain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Signs as laboratories write them, to the one that is kept.
_SIGNS = {
    "<": "<", "＜": "<", "﹤": "<", "LESS THAN": "<", "BELOW": "<", "LT": "<", "小于": "<", "低于": "<",
    "<=": "<=", "=<": "<=", "≤": "<=", "≦": "<=", "⩽": "<=", "＜=": "<=", "＜＝": "<=", "LE": "<=",
    ">": ">", "＞": ">", "﹥": ">", "GREATER THAN": ">", "MORE THAN": ">", "ABOVE": ">", "GT": ">",
    "大于": ">", "高于": ">",
    ">=": ">=", "=>": ">=", "≥": ">=", "≧": ">=", "⩾": ">=", "＞=": ">=", "＞＝": ">=", "GE": ">=",
}  # fmt: skip
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_SIGN = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=lambda sign: (-len(sign), sign)))
_LIMIT = re.compile(rf"\s*(?P<sign>{_SIGN})\s*(?P<value>{_NUMBER})\s*", re.IGNORECASE)
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．", "0123456789.")


def split_limit(text: str) -> tuple[str, float]:
    """Return sign (``<``, ``<=``, ``>``, ``>=``) and number of a result; ``""`` and NaN for any other."""
    found = _LIMIT.fullmatch(text.translate(_FULL_WIDTH))
    return (_SIGNS[found["sign"].upper()], float(found["value"])) if found else ("", float("nan"))


def write_limit(sign: str, value: float) -> str:
    """Return a limit as the analysis datasets hold it, ``<5`` or ``>=2000``."""
    return f"{sign}{value:.12g}"


def read_limits(text: pd.Series) -> pd.DataFrame:
    """Return ``sign`` and ``value`` of each result, "" and NaN where it is no limit.

    Signs are those of ``split_limit``, with or without blanks; full-width signs, ``≤`` and ``≥`` and words
    (``less than 5``) are known. Each text is looked at once.
    """
    codes, unique = pd.factorize(text.astype("str"))
    parts = [split_limit(str(value)) for value in unique]
    signs = pd.Series([sign for sign, _ in parts], dtype="str").take(codes)
    values = pd.Series([value for _, value in parts], dtype="float64").take(codes)
    return pd.DataFrame({"sign": signs.to_numpy(), "value": values.to_numpy()}, index=text.index)


@dataclass(frozen=True)
class Span:
    """The interval that each value lies in; NaN at both ends where nothing is known."""

    low: Floats
    high: Floats
    low_open: Flags
    high_open: Flags

    def scaled(self, factor: float | pd.Series, more: float = 0.0) -> Span:
        """Return the span of ``value * factor + more``; the factor is positive."""
        by = np.asarray(factor, dtype="float64")
        return Span(self.low * by + more, self.high * by + more, self.low_open, self.high_open)

    def over(self, divisor: pd.Series) -> Span:
        """Return the span of ``value / divisor``; the divisor is positive."""
        by = divisor.to_numpy("float64")
        return Span(self.low / by, self.high / by, self.low_open, self.high_open)

    @property
    def known(self) -> pd.Series:
        """True where anything is known."""
        return pd.Series(~np.isnan(self.low))


def span_of(records: pd.DataFrame, number: str = "AVAL", text: str = "AVALC") -> Span:
    """Return the span of ``number`` with its limit in ``text``, which a frame without limits needn't have."""
    value = records[number].to_numpy("float64", copy=True)
    exact = Span(value, value, np.zeros(len(value), bool), np.zeros(len(value), bool))
    if text not in records or not (records[text] != "").any():
        return exact
    limits = read_limits(records[text].fillna(""))
    sign, limit = limits["sign"].to_numpy("str"), limits["value"].to_numpy("float64")
    below, above = np.char.startswith(sign, "<"), np.char.startswith(sign, ">")
    return Span(
        np.select([below, above], [-np.inf, limit], value),
        np.select([below, above], [limit, np.inf], value),
        sign == ">",
        sign == "<",
    )


def constant(values: float | pd.Series, size: int) -> Span:
    """Return the span of numbers that are known exactly."""
    exact = np.broadcast_to(np.asarray(values, dtype="float64"), (size,))
    none = np.zeros(size, bool)
    return Span(exact, exact, none, none)


def exceeds(value: Span, limit: Span, equal: bool, noise: float = 0.0) -> tuple[Flags, Flags]:
    """Return where a value certainly, and where it possibly lies above a limit (``equal``: or at it).

    ``noise`` is the relative difference within which two numbers are the same.
    """
    sure, sure_slack = _distance(value.low, limit.high, noise)
    may, may_slack = _distance(value.high, limit.low, noise)
    touches = np.abs(sure) <= sure_slack
    may_touch = (np.abs(may) <= may_slack) & ~(value.high_open | limit.low_open)
    if equal:
        return (sure > sure_slack) | touches, (may > may_slack) | may_touch
    return (sure > sure_slack) | (touches & (value.low_open | limit.high_open)), may > may_slack


def _distance(first: Floats, second: Floats, noise: float) -> tuple[Floats, Floats]:
    size = np.maximum(np.abs(first), np.abs(second))
    with np.errstate(invalid="ignore"):
        return first - second, np.where(np.isfinite(size), size * noise, 0.0)


def stand_in(records: pd.DataFrame, number: str = "AVAL", text: str = "AVALC") -> pd.Series:
    """Return each value, or the number of its limit where no more is known: to order and to draw by."""
    if text not in records:
        return records[number]
    return records[number].fillna(read_limits(records[text].fillna(""))["value"])
