"""Pharmacokinetics: whether there are concentrations at all, and dose proportionality by the power model.

The non-compartmental analysis itself is in ``csrkit.nca``, since ADPP is derived by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from csrkit.absence import is_absent
from csrkit.stats.estimation import attempt_numbers
from itpcsr.study import Study

_NO_DOMAIN = "The study's data hold no concentrations (domain PC), so pharmacokinetics cannot be shown."
_NOT_PLANNED = "The study plans no measurement of concentrations."
_NOBODY = "No subject has a concentration after the start of infusion 1 that can be analysed."
_FEW = "fewer than 3 values"
_CONSTANT = "all values are equal"
_ONE_DOSE = "all values are of one dose"


def why_unplanned(adpc: pd.DataFrame, study: Study) -> str:
    """Return the sentence of a study that plans no concentrations or whose data lack them, else ""."""
    if not study.sampling.concentration_test:
        return _NOT_PLANNED
    return _NO_DOMAIN if is_absent(adpc, "PC") else ""


def why_absent(adsl: pd.DataFrame, adpc: pd.DataFrame, study: Study) -> str:
    """Return the sentence that stands for pharmacokinetics in a study without them, "" where there are."""
    return why_unplanned(adpc, study) or ("" if (adsl["PKFL"] == "Y").any() else _NOBODY)


def codes_of(adpp: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the PARAMCDs that these names stand for, in their order.

    An area over part of the time has the hours in its code: ``AUC0_`` stands for ``AUC0_24``.
    """
    found = list(dict.fromkeys(adpp["PARAMCD"]))
    return [
        code
        for name in names
        for code in found
        if code == name or (name.endswith("_") and code.startswith(name))
    ]


@dataclass(frozen=True)
class Power:
    """A power model: how many values and doses, slope b with its interval; NaN with ``reason``."""

    n: int
    doses: int
    slope: float = np.nan
    low: float = np.nan
    high: float = np.nan
    reason: str = ""


def fit_power(dose: ArrayLike, value: ArrayLike, confidence: float) -> Power:
    """Fit ln(value) = a + b ln(dose); b = 1 is dose proportionality (Gough et al., Drug Inf J 1995;29:1039).

    Pairs with a missing, infinite or non-positive number are left out. The interval of b is that of R's
    ``confint(lm(log(value) ~ log(dose)))``; it needs 3 values and 2 doses.
    """
    pairs = np.column_stack([np.asarray(dose, dtype="float64"), np.asarray(value, dtype="float64")])
    pairs = pairs[((pairs > 0) & np.isfinite(pairs)).all(axis=1)]
    n, doses = len(pairs), len(np.unique(pairs[:, 0]))
    if n < 3 or doses < 2:
        return Power(n, doses, reason=_FEW if n < 3 else _ONE_DOSE)

    def line() -> dict[str, float]:
        found = stats.linregress(np.log(pairs[:, 0]), np.log(pairs[:, 1]))
        reach = stats.t.ppf((1 + confidence) / 2, n - 2) * found.stderr
        return {"slope": found.slope, "low": found.slope - reach, "high": found.slope + reach}

    numbers, reason = attempt_numbers(["slope", "low", "high"], line)
    return Power(n, doses, **numbers, reason=_CONSTANT if reason and np.ptp(pairs[:, 1]) == 0 else reason)
