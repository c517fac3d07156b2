"""Summary statistics of a continuous variable by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csrkit.stats.estimation import NUMERICAL, QUIET

# Quartiles follow SAS (PCTLDEF=5, averaging at discontinuities), which is R's type 2; R's default, type 7,
# interpolates and gives other quartiles in small groups. The median is the same in both.
QUARTILES = "quartiles by averaging at discontinuities (SAS PCTLDEF=5, R type 2)"
GEOMETRIC_MEAN = "exponential of the mean of logarithms"
STATISTICS = ("n", "mean", "sd", "median", "q1", "q3", "min", "max")
NO_VALUES = "no values in this group"
FEW_VALUES = "fewer than 3 values"
GEOMETRIC_CV = "geometric CV% = 100 sqrt(exp(s²) - 1), s the SD of the natural logarithms"
NO_LOGARITHM = "a value of 0 has no logarithm"


def summarize(
    records: pd.DataFrame, members: pd.DataFrame, variable: str, visits: Sequence[str] | None = None
) -> pd.DataFrame:
    """Summarise a variable by group, and by visit where visits are given.

    Parameters
    ----------
    records
        USUBJID and the variable (NaN is left out), one record per subject, or per subject and AVISIT.
    members
        Subjects by group, from ``assign_groups``.
    variable
        The column to summarise.
    visits
        Values of AVISIT to show, in their order; None for records without visits.

    Returns
    -------
    DataFrame
        group, visit, statistic, value, method, reason. With fewer than 3 values there is no SD; with none
        there is only n = 0, and the rest says why.
    """
    needed = ["USUBJID", variable, *(["AVISIT"] if visits is not None else [])]
    frame = records[needed].dropna(subset=[variable]).merge(members, on="USUBJID")
    frame["visit"] = frame["AVISIT"] if visits is not None else ""
    groups = list(members["group"].cat.categories)
    numbers_of_all = frame[variable].to_numpy("float64")
    places = frame.groupby(["visit", "group"], observed=True).indices
    values = {key: numbers_of_all[rows] for key, rows in places.items()}
    keys = [(visit, group) for visit in (visits if visits is not None else [""]) for group in groups]
    numbers = [_describe(values.get(key, np.array([]))) for key in keys]
    return _to_long(keys, numbers)


def _to_long(keys: list[tuple[str, str]], numbers: list[list[float]]) -> pd.DataFrame:
    """Return one row per statistic; a table of hundreds of cells is built at once, since each frame costs."""
    values = np.array(numbers, dtype="float64").reshape(len(keys), len(STATISTICS))
    sizes = np.repeat(values[:, 0], len(STATISTICS))
    flat = values.ravel()
    why = np.select([sizes == 0, sizes < 3], [NO_VALUES, FEW_VALUES], NUMERICAL)
    return pd.DataFrame(
        {
            "statistic": list(STATISTICS) * len(keys),
            "value": flat,
            "method": [QUARTILES if name in ("q1", "q3") else "" for name in STATISTICS] * len(keys),
            "reason": np.where(np.isnan(flat), why, ""),
            "visit": np.repeat(np.array([visit for visit, _ in keys], dtype="object"), len(STATISTICS)),
            "group": np.repeat(np.array([group for _, group in keys], dtype="object"), len(STATISTICS)),
        }
    )


@np.errstate(**QUIET)
def _describe(values: np.ndarray) -> list[float]:
    """Return the statistics of one sample, NaN where there are too few values or they are too large."""
    if len(values) == 0:
        return [0.0] + [np.nan] * (len(STATISTICS) - 1)
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    spread = values.std(ddof=1) if len(values) > 2 else np.nan
    return [len(values), values.mean(), spread, median, q1, q3, values.min(), values.max()]


@np.errstate(**QUIET)
def summarize_geometric(records: pd.DataFrame, members: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Return the geometric mean and the geometric coefficient of variation (%) of a variable by group.

    Parameters
    ----------
    records
        USUBJID and the variable (NaN is left out), one record per subject.
    members
        Subjects by group, from ``assign_groups``.
    variable
        The column to summarise; a group with a value of 0 or below has neither.

    Returns
    -------
    DataFrame
        group, statistic (geometric_mean, gcv), value, method, reason. The CV takes 3 values.

    Examples
    --------
    >>> records = pd.DataFrame({"USUBJID": ["1", "2", "3"], "AVAL": [1.0, 2.0, 4.0]})
    >>> members = pd.DataFrame({"USUBJID": ["1", "2", "3"], "group": pd.Categorical(["all"] * 3)})
    >>> summarize_geometric(records, members, "AVAL")["value"].map("{:.4g}".format).tolist()
    ['2', '78.54']
    """
    frame = records[["USUBJID", variable]].dropna(subset=[variable]).merge(members, on="USUBJID")
    found = []
    for group in members["group"].cat.categories:
        values = frame.loc[frame["group"] == group, variable].to_numpy("float64")
        logs = np.log(values) if (values > 0).all() else np.full(len(values), np.nan)
        mean = np.exp(logs.mean()) if len(logs) else np.nan
        spread = 100 * np.sqrt(np.expm1(logs.var(ddof=1))) if len(logs) > 2 else np.nan
        why = NO_LOGARITHM if len(values) and np.isnan(mean) else FEW_VALUES if len(values) else NO_VALUES
        numbers = (("geometric_mean", mean, GEOMETRIC_MEAN), ("gcv", spread, GEOMETRIC_CV))
        found += [
            (group, name, value, method, why if np.isnan(value) else "") for name, value, method in numbers
        ]
    return pd.DataFrame(found, columns=["group", "statistic", "value", "method", "reason"])
