"""Number to text: the only place where a result is rounded."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal

from csrkit.vocabulary import look_up

NOT_ESTIMABLE = "NE"
INFINITE = "∞"
SUPPRESSED = "SUP"
_WIDE = Context(prec=400)  # room for any float, however wrong the data


class Suppressed(float):
    """A number that exists and isn't shown in an external version; it counts as NaN."""

    def __new__(cls) -> Suppressed:
        """Return NaN that knows why."""
        return super().__new__(cls, math.nan)


def missing(*values: float) -> str:
    """Return the sign for a value that isn't there: suppressed where one of them is, else NE."""
    return SUPPRESSED if any(isinstance(value, Suppressed) for value in values) else NOT_ESTIMABLE


def format_number(value: float, decimals: int) -> str:
    """Return the value with this many decimals, NE for NaN, ∞ where it has no bound.

    Rounding is half away from zero on the decimal value: 0.285 becomes 0.29 although its binary form lies
    below it, because 15 significant digits are read first. A negative zero loses its sign.
    """
    if math.isnan(value):
        return missing(value)
    if math.isinf(value):
        return INFINITE if value > 0 else f"-{INFINITE}"
    exact = Decimal(f"{value:.15g}")
    text = str(exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP, context=_WIDE))
    return text.removeprefix("-") if Decimal(text) == 0 else text


def format_signed(value: float, decimals: int) -> str:
    """Return the value with this many decimals and the sign of print for minus, or NE for NaN."""
    return format_number(value, decimals).replace("-", "−")


def format_count(n: float) -> str:
    """Return a count without decimals, or NE."""
    return format_number(n, 0)


def format_percent(percent: float) -> str:
    """Return a percentage with one decimal and no sign, or NE."""
    return format_number(percent, 1)


def format_count_percent(n: float, percent: float) -> str:
    """Return ``n (percent)``; 0 has no percentage, and a group without subjects shows NE."""
    if math.isnan(percent):
        return missing(n, percent)
    return format_count(n) if n == 0 else f"{format_count(n)} ({format_percent(percent)})"


def format_interval(low: float, high: float, decimals: int = 1) -> str:
    """Return ``low to high``, or NE where a limit is missing."""
    if math.isnan(low) or math.isnan(high):
        return missing(low, high)
    return f"{format_number(low, decimals)} to {format_number(high, decimals)}"


def format_p(p: float) -> str:
    """Return a p-value with three decimals, ``<0.001`` below and ``>0.999`` above, or NE (also for ∞)."""
    if not math.isfinite(p):
        return missing(p)
    if p < 0.001:
        return "<0.001"
    return ">0.999" if p > 0.999 else format_number(p, 3)


def format_limit(text: str) -> str:
    """Return a result beyond the measuring range as it is printed: ``<5``, ``≥2000``; "" for none."""
    return text.replace("<=", "≤").replace(">=", "≥")


def format_plain(value: float) -> str:
    """Return a parameter's value as it was written: 30.0 is ``30``, 2.5 is ``2.5``; NE for NaN, or ∞."""
    return f"{value:.15g}" if math.isfinite(value) else format_number(value, 0)


def format_level(level: float) -> str:
    """Return a confidence level as percent without needless decimals: 0.95 is ``95``, 0.975 ``97.5``."""
    return f"{100 * level:.10g}" if math.isfinite(level) else format_number(level, 0)


def format_statistic(statistic: str, value: float, decimals: int) -> str:
    """Return one statistic of data with this many decimals, as ``csrkit.vocabulary`` says it is written."""
    known = look_up(statistic)
    if known.form == "count":
        return format_count(value)
    if known.form == "percent":
        return format_percent(value)
    if known.form == "p":
        return format_p(value)
    return format_number(value, known.decimals + (decimals if known.form == "data" else 0))


def format_rate(n: float, total: float, percent: float, low: float, high: float, level: float) -> str:
    """Return a rate for a sentence: ``8 of 18 (44.4%; 95% CI 21.5 to 69.2)``, or NE; 0 has no
    percentage."""
    if math.isnan(n):
        return missing(n)
    head = f"{format_count(n)} of {format_count(total)}"
    if math.isnan(percent):
        return head
    parts = [f"{format_percent(percent)}%"] if n else []
    if not math.isnan(low):
        parts.append(f"{format_level(level)}% CI {format_interval(low, high)}")
    return f"{head} ({'; '.join(parts)})" if parts else head
