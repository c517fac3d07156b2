"""Times to an event compared between groups: log-rank tests, restricted means, shares at a landmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.categories import Names, compare_with, known_records, levels_in
from csrkit.stats.estimation import FEWEST_FOR_TEST, TOO_FEW, attempt_numbers
from csrkit.stats.proportions import NO_SUBJECTS
from csrkit.stats.survival import Curve, at_risk, kaplan_meier

RESTRICTED_MEAN = "Restricted mean time without event, the area below the Kaplan-Meier estimate"
LANDMARK = "Difference of Kaplan-Meier estimates, Greenwood's standard errors"
_NO_EVENT = "no event was observed"
_NO_TIME = "a time to event is missing, infinite or negative"
_UNCONNECTED = "the strata leave groups without another to be compared with"
_NOT_SO_LONG = "not all groups were observed so long"
_CERTAIN = "no interval while all subjects, or none, are without event"
_WEIGHTS: Mapping[str, tuple[str, str | None, dict[str, float]]] = {
    "log-rank": ("log-rank test", None, {}),
    "wilcoxon": ("Wilcoxon (Gehan-Breslow) test of times to an event", "gb", {}),
    "tarone-ware": ("Tarone-Ware test of times to an event", "tw", {}),
    "fleming-harrington": ("Fleming-Harrington test of times to an event, rho 1", "fh", {"fh_p": 1}),
}
_INTERVAL = ("estimate", "ci_low", "ci_high")
_TEST = ("statistic", "p_value")

TestWeights = Literal["log-rank", "wilcoxon", "tarone-ware", "fleming-harrington"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Times:
    """Times to an event: where each ends, whether with an event, of which group, in which stratum."""

    groups: list[str]
    group: NDArray[np.int64]
    time: Floats
    event: NDArray[np.bool_]
    stratum: NDArray[np.int64]
    reason: str

    def of(self, name: str) -> tuple[Floats, NDArray[np.bool_]]:
        """Return times and events of one group."""
        here = self.group == self.groups.index(name)
        return self.time[here], self.event[here]


def read_times(
    frame: pd.DataFrame, group: str, time: str = "AVAL", censor: str = "CNSR", strata: Names = ()
) -> Times:
    """Return the times of a frame; who has no group or stratum is left out.

    ``censor`` is 0 for an event. A time that is missing, infinite or negative is the ``reason`` why nothing
    can be estimated.
    """
    by = [strata] if isinstance(strata, str) else list(strata)
    used = known_records(frame, [group, *by])
    levels = levels_in(frame[group], used[group])
    stratum = np.zeros(len(used), dtype="int64")
    if by:
        stratum = used.groupby(by, observed=True, sort=True).ngroup().to_numpy()
    values = used[time].to_numpy("float64")
    sound = bool((np.isfinite(values) & (values >= 0)).all()) and not used[censor].isna().any()
    place = pd.Index(levels).get_indexer(pd.Index(used[group]))
    names = [str(level) for level in levels]
    return Times(names, place, values, (used[censor] == 0).to_numpy(), stratum, "" if sound else _NO_TIME)


def log_rank(
    frame: pd.DataFrame,
    group: str,
    *,
    strata: Names = (),
    weights: TestWeights = "log-rank",
    time: str = "AVAL",
    censor: str = "CNSR",
) -> pd.DataFrame:
    """Test whether times to an event are the same in all groups, by statsmodels.

    Parameters
    ----------
    frame
        One record per subject, as ADTTE has it. Who has no group or stratum is left out.
    group
        Column of the groups, two or more. Where it is categorical each of its categories is a group.
    strata
        Column or columns whose values tell the strata apart; statistics and variances are summed over them.
    weights
        ``log-rank`` (none), ``wilcoxon`` (numbers at risk: Gehan and Breslow's, the Wilcoxon of PROC
        LIFETEST), ``tarone-ware`` (their square roots) or ``fleming-harrington`` (the share without event
        before the time, rho = 1, as R's ``survdiff(rho = 1)``).
    time, censor
        Columns of the times and of the censoring, which is 0 for an event.

    Returns
    -------
    DataFrame
        One row: n (subjects), events, statistic (chi-square), df, p_value (two-sided), method, reason. Not
        estimable with 3 subjects or fewer in a group, or without an event.

    Examples
    --------
    >>> arm = ["A"] * 6 + ["P"] * 6
    >>> frame = pd.DataFrame({"arm": arm, "AVAL": [6, 9, 10, 11, 17, 19, 1, 2, 4, 5, 8, 11],
    ...                       "CNSR": [0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]})
    >>> found = log_rank(frame, "arm")
    >>> [round(float(found.loc[0, name]), 4) for name in ("n", "events", "statistic", "df", "p_value")]
    [12.0, 8.0, 6.5117, 1.0, 0.0107]
    """
    if weights not in _WEIGHTS:
        raise ValueError(f"There are no {weights} weights; take {', '.join(_WEIGHTS)}.")
    name, kind, power = _WEIGHTS[weights]
    times = read_times(frame, group, time, censor, strata)

    def test() -> dict[str, float]:
        from statsmodels.duration.survfunc import survdiff  # takes half a second to import

        statistic, _ = survdiff(
            times.time, times.event.astype("int64"), times.group, kind, strata=times.stratum, **power
        )
        df = len(times.groups) - 1
        return {"statistic": statistic, "df": df, "p_value": stats.chi2.sf(statistic, df)}

    numbers, reason = attempt_numbers(("statistic", "df", "p_value"), test, _refuse_log_rank(times))
    by = strata if isinstance(strata, str) else list(strata)
    found = {"n": float(len(times.time)), "events": float(times.event.sum()), **numbers}
    method = name + (", stratified" if by else "")
    return pd.DataFrame([found | {"method": method, "reason": reason}])


def restricted_means(
    frame: pd.DataFrame,
    group: str,
    *,
    tau: float | None = None,
    confidence: float = 0.95,
    time: str = "AVAL",
    censor: str = "CNSR",
) -> pd.DataFrame:
    """Return the mean time without event of each group up to a time that is common to them.

    Parameters
    ----------
    frame, group, time, censor
        See ``log_rank``.
    tau
        Up to which time; None for the longest for which all groups are observed: the smallest of the groups'
        longest times.
    confidence
        Level of the interval, which is that of a normal distribution.

    Returns
    -------
    DataFrame
        group, estimate, ci_low, ci_high (in the unit of the times), method (with the time taken), reason. Not
        estimable in a group whose longest time is censored before ``tau``.

    Notes
    -----
    The area below the Kaplan-Meier estimate with Greenwood's variance of it (Klein and Moeschberger 2003,
    section 4.5), as R's ``print(survfit(…), rmean = tau)``, ``survRM2::rmst2`` and PROC LIFETEST's RMST.
    """
    z, times = _quantile(confidence), read_times(frame, group, time, censor)
    tau, method = _common(times, tau)
    found = []
    for name in times.groups:
        numbers, reason = attempt_numbers(
            ("mean", "variance"), _area(times, name, tau), times.reason or _refuse(times, name, tau)
        )
        half = z * numbers["variance"] ** 0.5
        if not reason and not half:
            half, reason = np.nan, _CERTAIN
        limits = (numbers["mean"], numbers["mean"] - half, numbers["mean"] + half)
        row = {"group": name, **dict(zip(_INTERVAL, limits, strict=True)), "method": method}
        found.append(row | {"reason": reason})
    return pd.DataFrame(found, columns=["group", *_INTERVAL, "method", "reason"])


def restricted_mean_differences(
    frame: pd.DataFrame,
    group: str,
    *,
    reference: str,
    tau: float | None = None,
    confidence: float = 0.95,
    time: str = "AVAL",
    censor: str = "CNSR",
) -> pd.DataFrame:
    """Return the difference of restricted means of each group and a reference.

    Parameters are those of ``restricted_means``, and the ``reference``. The time is common to all groups, so
    that differences can be compared.

    Returns
    -------
    DataFrame
        group, estimate (group less reference), ci_low, ci_high, statistic (normal), p_value (two-sided),
        method, reason. No test with 3 subjects or fewer in a group.
    """
    others, times = compare_with(frame, group, reference), read_times(frame, group, time, censor)
    tau, method = _common(times, tau)
    parts = {
        name: attempt_numbers(
            ("mean", "variance"), _area(times, name, tau), times.reason or _refuse(times, name, tau)
        )
        for name in times.groups
    }
    return _differences(times, others, reference, parts, method, confidence)


def landmark_differences(
    frame: pd.DataFrame,
    group: str,
    *,
    reference: str,
    at: Sequence[float],
    confidence: float = 0.95,
    time: str = "AVAL",
    censor: str = "CNSR",
) -> pd.DataFrame:
    """Return the difference of shares without event at landmarks, of each group and a reference.

    Parameters
    ----------
    frame, group, reference, time, censor
        See ``log_rank`` and ``restricted_mean_differences``.
    at
        The landmarks, in days as the times. The shares themselves, with log-log intervals, are
        ``csrkit.stats.survival.times_to_event``.
    confidence
        Level of the interval.

    Returns
    -------
    DataFrame
        group, visit (``Day d``), estimate (a share between -1 and 1, group less reference), ci_low, ci_high,
        statistic (normal), p_value (two-sided), method, reason. Not estimable where nobody of a group is
        under observation any more and not all had an event; without interval where both shares are 0 or 1.

    Notes
    -----
    Klein, Logan, Harhoff and Andersen, Stat Med 2007;26:4505, the test on the scale of the shares, which goes
    with the interval; the standard errors are R's ``summary(survfit(…), times)$std.err``.
    """
    others, times = compare_with(frame, group, reference), read_times(frame, group, time, censor)
    found = []
    for landmark in at:
        parts = {
            name: attempt_numbers(
                ("mean", "variance"),
                _share(times, name, landmark),
                times.reason or _refuse(times, name, landmark),
            )
            for name in times.groups
        }
        rows = _differences(times, others, reference, parts, LANDMARK, confidence)
        rows.insert(1, "visit", f"Day {landmark:.10g}")
        found.append(rows)
    return pd.concat(found, ignore_index=True)


def _differences(
    times: Times,
    others: Sequence[str],
    reference: str,
    parts: Mapping[str, tuple[dict[str, float], str]],
    method: str,
    confidence: float,
) -> pd.DataFrame:
    z, found = _quantile(confidence), []
    nobody = (dict.fromkeys(("mean", "variance"), np.nan), NO_SUBJECTS)
    for name in others:
        (one, why), (other, also) = (parts.get(who, nobody) for who in (name, reference))
        estimate, error = one["mean"] - other["mean"], (one["variance"] + other["variance"]) ** 0.5
        numbers = dict(zip((*_INTERVAL, *_TEST), (estimate, *[np.nan] * 4), strict=True))
        reason = why or also
        if not reason and not error:
            reason = _CERTAIN
        elif not reason:
            numbers |= {"ci_low": estimate - z * error, "ci_high": estimate + z * error}
            if min(len(times.of(who)[0]) for who in (name, reference)) < FEWEST_FOR_TEST:
                reason = TOO_FEW
            else:
                statistic = estimate / error
                numbers |= {"statistic": statistic, "p_value": 2 * float(stats.norm.sf(abs(statistic)))}
        found.append({"group": name, **numbers, "method": method, "reason": reason})
    return pd.DataFrame(found, columns=["group", *_INTERVAL, *_TEST, "method", "reason"])


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(
            f"The confidence level is a share between 0 and 1, for example 0.95, not {confidence}."
        )
    return float(stats.norm.ppf((1 + confidence) / 2))


def _refuse_log_rank(times: Times) -> str:
    sizes = np.bincount(times.group, minlength=len(times.groups))
    if len(sizes) < 2 or sizes.min() < FEWEST_FOR_TEST:
        return TOO_FEW
    if times.reason:
        return times.reason
    if not times.event.any():
        return _NO_EVENT
    # groups that meet in a stratum are connected, and those that each of them meets elsewhere
    together = [set(times.group[times.stratum == one].tolist()) for one in np.unique(times.stratum)]
    reached = {0}
    for _ in times.groups:
        reached |= set().union(*(met for met in together if met & reached))
    return "" if len(reached) == len(times.groups) else _UNCONNECTED


def _refuse(times: Times, name: str, until: float) -> str:
    """Return why a curve isn't known until a time, or ""."""
    time, event = times.of(name)
    if not len(time):
        return NO_SUBJECTS
    last = time.max()
    return "" if until <= last or event[time == last].all() else _NOT_SO_LONG


def _common(times: Times, tau: float | None) -> tuple[float, str]:
    """Return the time up to which means are taken, and the method with it."""
    if tau is None:
        longest = [times.of(name)[0].max(initial=-np.inf) for name in times.groups]
        tau = float(min((one for one in longest if np.isfinite(one)), default=np.nan))
    return tau, RESTRICTED_MEAN if np.isnan(tau) else f"{RESTRICTED_MEAN}, up to {tau:.10g}"


def _curve(times: Times, name: str) -> tuple[Curve, Floats, Floats]:
    """Return the curve of a group, the times of its events and their share of Greenwood's sum."""
    time, event = times.of(name)
    curve = kaplan_meier(time, event, 0.95)
    when, number = np.unique(time[event], return_counts=True)
    risk = np.array([at_risk(time, one) for one in when], dtype="float64")
    left = risk - number
    return curve, when, np.divide(number, risk * left, out=np.zeros(len(when)), where=left > 0)


def _area(times: Times, name: str, tau: float) -> Callable[[], dict[str, float]]:
    def area() -> dict[str, float]:
        curve, when, spread = _curve(times, name)
        knots = np.append(curve.time[curve.time < tau], tau)
        pieces = np.diff(knots) * curve.share[: len(knots) - 1]
        right = np.append(np.cumsum(pieces[::-1])[::-1], 0.0)  # the area to the right of each knot
        beyond = right[np.searchsorted(knots, when[when < tau])]
        return {"mean": right[0], "variance": float(beyond**2 @ spread[: len(beyond)])}

    return area


def _share(times: Times, name: str, at: float) -> Callable[[], dict[str, float]]:
    def share() -> dict[str, float]:
        curve, when, spread = _curve(times, name)
        estimate = curve.at(at)[0]
        return {"mean": estimate, "variance": estimate**2 * float(spread[when <= at].sum())}

    return share
