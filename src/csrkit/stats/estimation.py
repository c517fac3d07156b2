"""What all tests share: from how many subjects on one is made, families, and estimates that fail."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

# The one guard for estimates whose numerical method fails on the data at hand.

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


# From how many subjects on a test is made: the numbers for all tests of the report.
#
# Two kinds of tests, counted by the subjects who enter them:
#
# - A test in a column, or of columns against each other (arms, cohorts, changes within a cohort), needs
# `FEWEST_FOR_TEST` subjects in each of these columns: a column of 3 or fewer has no p-value. The trend
# over   dose is a test in the column of all subjects. - A test of two subsets of one column (responders
# against others, with an antibody against without, in the   column of all subjects) is a test in that
# column. It needs `FEWEST_IN_SUBSET` in each subset, so that the   column has at least 6. Here 3 subjects
# can carry a p-value: 3 of 18 can be chosen in 816 ways, and even of   two subsets of 3 the exact test can
# give 0.1.
#
# A test that spreads over more than two subsets, or models them, is held to the subsets that it compares.

# Three can't carry a p-value: the smallest that an exact test of three pairs can give is 0.25.
FEWEST_FOR_TEST = 4
TOO_FEW = "3 subjects or fewer"
FEWEST_IN_SUBSET = 3
TOO_FEW_IN_SUBSET = "fewer than 3 subjects with values in a group"


# Why the tests of a family of markers have no result, and how their p-values are adjusted.

Reasons = str | Sequence[str] | NDArray[Any]
ADJUSTED = "Benjamini-Hochberg over all markers of the table for which this test is estimable"
FEW = "fewer than 3 subjects with values"
CONSTANT = "all values are equal"


def why(*cases: tuple[NDArray[np.bool_], str]) -> NDArray[np.object_]:
    """Return the first reason that applies to each marker, "" where none does."""
    return np.select(
        [case for case, _ in cases], np.array([text for _, text in cases], dtype="object"), default=""
    )
