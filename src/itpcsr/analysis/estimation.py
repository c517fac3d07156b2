"""The one guard for estimates whose numerical method fails on the data at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

Found = TypeVar("Found")
SINGULAR = "not estimable: a matrix of the model is singular"
NUMERICAL = "not estimable: a number of the model is too large or a divisor is zero"


class NotSettledError(ArithmeticError):
    """An iteration that found no solution; its text is the reason that stands in the result rows."""


def attempt(estimate: Callable[[], Found]) -> tuple[Found | None, str]:
    """Return the estimate and "", or None and why it can't be had, for the reason of a result row.

    Failures of the numbers alone are caught: an iteration that doesn't settle, a singular matrix, overflow, a
    division by zero. Whatever else is raised is a fault of the program and passes.
    """
    try:
        return estimate(), ""
    except NotSettledError as failure:
        return None, f"not estimable: {failure}"
    except np.linalg.LinAlgError:
        return None, SINGULAR
    except ArithmeticError:
        return None, NUMERICAL
