"""Dose proportionality by the power model: the logarithm of a parameter against that of the dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.estimation import attempt_numbers
from itpcsr.analysis.pharmacokinetics.parameters import codes_of
from itpcsr.analysis.pharmacokinetics.sets import POPULATION, why_absent
from itpcsr.study import Study

POWER = "power model: ln(parameter) = a + b ln(dose), least squares; interval of b by Student's t"
_FEW = "fewer than 3 values"
_CONSTANT = "all values are equal"
_ONE_DOSE = "all values are of one dose"
_PARAMETERS = ("CMAX", "AUC0_")


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


def analyse_proportionality(
    adsl: pd.DataFrame, adpc: pd.DataFrame, adpp: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Fit the power model to maximum and area against the dose of infusion 1, over all subjects of the set.

    ``analysis`` is PARAMCD; statistics n, doses, slope, slope_low, slope_high, and doubling, doubling_low,
    doubling_high: the factor by which the parameter changes where the dose is doubled.
    """
    display = "tbl-pk-proportionality"
    if sentence := why_absent(adsl, adpc, study):
        return absent_rows(display, sentence)
    doses = adpc.drop_duplicates("USUBJID").set_index("USUBJID")["DOSE1"]
    parts = []
    for code in codes_of(adpp, _PARAMETERS):
        values = adpp[adpp["PARAMCD"] == code]
        model = fit_power(doses.reindex(values["USUBJID"]), values["AVAL"], confidence)
        parts.append(_rows(model).assign(analysis=code))
    rows = pd.concat(parts, ignore_index=True)
    return make_rows(rows, display=display, population=POPULATION, dataset="ADPP", method=POWER)


def _double(slope: float) -> float:
    """Return the factor at twice the dose; one beyond the largest number is infinite."""
    return np.inf if slope >= 1024 else float(2**slope)


def _rows(model: Power) -> pd.DataFrame:
    slopes = {"slope": model.slope, "slope_low": model.low, "slope_high": model.high}
    factors = {name.replace("slope", "doubling"): _double(value) for name, value in slopes.items()}
    numbers = {"n": float(model.n), "doses": float(model.doses), **slopes, **factors}
    rows = pd.DataFrame({"statistic": list(numbers), "value": list(numbers.values())})
    return rows.assign(reason=np.where(rows["value"].isna(), model.reason, ""))
