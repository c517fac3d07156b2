"""The one guard for estimates whose numerical method fails on the data at hand."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

Found = TypeVar("Found")
SINGULAR = "not estimable: a matrix of the model is singular"
NUMERICAL = "not estimable: a number of the model is too large or a divisor is zero"
# For functions that compute many estimates at once: what can't be had is NaN for itself alone, and whoever
# makes result rows of it gives NUMERICAL as the reason.
QUIET: Mapping[str, Any] = {"over": "ignore", "divide": "ignore", "invalid": "ignore", "under": "ignore"}


class NotSettledError(ArithmeticError):
    """An iteration that found no solution; its text is the reason that stands in the result rows."""


def attempt(estimate: Callable[[], Found]) -> tuple[Found | None, str]:
    """Return the estimate and "", or None and why it can't be had, for the reason of a result row.

    Failures of the numbers alone are caught: an iteration that doesn't settle, a singular matrix, overflow, a
    division by zero. Whatever else is raised is a fault of the program and passes. Warnings of libraries
    don't leak: what they warn of is the reason here, or is a matter of the method and said with it.
    """
    try:
        with warnings.catch_warnings(), np.errstate(**QUIET):
            warnings.simplefilter("ignore")
            return estimate(), ""
    except NotSettledError as failure:
        return None, f"not estimable: {failure}"
    except np.linalg.LinAlgError:
        return None, SINGULAR
    except ArithmeticError:
        return None, NUMERICAL


def attempt_numbers(
    names: Iterable[str], estimate: Callable[[], Mapping[str, float]], refusal: str = ""
) -> tuple[dict[str, float], str]:
    """Return the numbers of one estimate by name, NaN where there is none, and why, or "".

    As ``attempt``; an estimate that comes back with a NaN has the reason NUMERICAL for it. With a
    ``refusal``, the reason why the data allow no estimate, none is attempted.

    >>> attempt_numbers(["slope"], lambda: {"slope": 1 / 0})
    ({'slope': nan}, 'not estimable: a number of the model is too large or a divisor is zero')
    """
    found, reason = (None, refusal) if refusal else attempt(estimate)
    numbers = dict.fromkeys(names, math.nan)
    numbers.update({name: float(value) for name, value in (found or {}).items()})
    return numbers, reason or (NUMERICAL if any(map(math.isnan, numbers.values())) else "")
