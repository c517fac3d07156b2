"""Cox's proportional hazards model of groups and covariates, in strata, and its check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from csrkit.stats.categories import Names, compare_with, known_records, levels_in
from csrkit.stats.estimation import FEWEST_FOR_TEST, TOO_FEW, NotSettledError, attempt
from csrkit.stats.proportions import NO_SUBJECTS
from csrkit.stats.survival import kaplan_meier
from csrkit.stats.time_comparisons import Times, read_times

COX = "Cox's proportional hazards model, ties by Efron, Wald interval and test"
SCHOENFELD = "Score test of proportional hazards (Grambsch and Therneau), by the Kaplan-Meier estimate"
_NO_EVENT = "no event in this group"
_NO_REFERENCE = "no event in the reference group"
_NO_OTHER = "no event in a group other than the reference"
_WIDEST = 15.0  # a log hazard ratio over the range of the data: beyond it the likelihood has no maximum
_NUMBERS = ("estimate", "ci_low", "ci_high", "statistic", "p_value")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Model:
    """What is fitted: times, a column for each coefficient, and the coefficients by term."""

    times: Times
    design: Floats
    terms: dict[str, list[tuple[str, str]]]  # term: group and level of each of its coefficients
    sizes: dict[str, int]  # of all groups
    reason: str


@dataclass(frozen=True)
class _Fit:
    coefficients: Floats
    covariance: Floats


def hazard_ratios(
    frame: pd.DataFrame,
    group: str,
    *,
    reference: str,
    covariates: Sequence[str] = (),
    strata: Names = (),
    confidence: float = 0.95,
    time: str = "AVAL",
    censor: str = "CNSR",
) -> pd.DataFrame:
    """Return the hazard ratio of each group and a reference by Cox's model, fitted by statsmodels.

    Parameters
    ----------
    frame
        One record per subject, as ADTTE has it. Who has no group, covariate or stratum is left out.
    group, reference
        Column of the groups, and the one that the others are compared with. Where the column is categorical
        each of its categories is a group.
    covariates
        Further columns of the model: one coefficient of numbers, and of others one for each value after the
        first.
    strata
        Column or columns whose values tell the strata apart; each has a baseline hazard of its own.
    confidence
        Level of Wald's interval.
    time, censor
        Columns of the times and of the censoring, which is 0 for an event.

    Returns
    -------
    DataFrame
        group (empty for a covariate), level (empty for a group; the covariate, with its value where it isn't
        a number), estimate (hazard ratio), ci_low, ci_high, statistic (normal), p_value, method, reason. The
        ratio of a group without event is 0 and has no interval; with none in the reference none is estimable.
        Where a covariate tells those with an event from the others, the model has no solution and says so. No
        test of a group with 3 subjects or fewer.

    Notes
    -----
    Cox, J R Stat Soc B 1972;34:187; ties by Efron (J Am Stat Assoc 1977;72:557), the default of R's
    ``coxph``; that of PROC PHREG is Breslow's, and TIES=EFRON gives these.

    Examples
    --------
    >>> arm = ["A"] * 6 + ["P"] * 6
    >>> frame = pd.DataFrame({"arm": arm, "AVAL": [6, 9, 10, 11, 17, 19, 1, 2, 4, 5, 8, 11],
    ...                       "CNSR": [0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]})
    >>> found = hazard_ratios(frame, "arm", reference="P")
    >>> [round(float(found.loc[0, name]), 3) for name in ("estimate", "ci_low", "ci_high", "p_value")]
    [0.154, 0.03, 0.784, 0.024]
    """
    if not 0 < confidence < 1:
        raise ValueError(
            f"The confidence level is a share between 0 and 1, for example 0.95, not {confidence}."
        )
    model = _model(frame, group, reference, covariates, strata, time, censor)
    fit, reason = (None, model.reason) if model.reason else attempt(lambda: _fit(model))
    found = _rows(model, fit, reason, float(stats.norm.ppf((1 + confidence) / 2)))
    names = {name for name, _ in found}
    for name in compare_with(frame, group, reference):
        if name not in names:
            found[name, ""] = _without_event(model, name, reason)
    order = [*((name, "") for name in compare_with(frame, group, reference)), *found]
    rows = [
        {
            "group": name,
            "level": level,
            **found[name, level][0],
            "method": COX,
            "reason": found[name, level][1],
        }
        for name, level in dict.fromkeys(order)
    ]
    return pd.DataFrame(rows, columns=["group", "level", *_NUMBERS, "method", "reason"])


def check_proportional_hazards(
    frame: pd.DataFrame,
    group: str,
    *,
    reference: str,
    covariates: Sequence[str] = (),
    strata: Names = (),
    time: str = "AVAL",
    censor: str = "CNSR",
) -> pd.DataFrame:
    """Test whether the hazard ratios of a Cox model change over time.

    Parameters are those of ``hazard_ratios``.

    Returns
    -------
    DataFrame
        level (the column of the groups, each covariate, and ``global``), statistic (chi-square), df (the
        coefficients of the term), p_value, method, reason. A small p-value says that hazards aren't
        proportional; a large one doesn't show that they are.

    Notes
    -----
    The score test of a coefficient that changes with the Kaplan-Meier estimate before the time, as
    ``cox.zph(transform = "km", terms = TRUE)`` of R's survival since version 3.0 (Grambsch and Therneau,
    Biometrika 1994;81:515). lifelines' ``proportional_hazard_test`` and earlier versions of R take the
    variance of the Schoenfeld residuals as the same at all events, and differ in small groups.
    """
    model = _model(frame, group, reference, covariates, strata, time, censor)
    refusal = model.reason or ("" if model.design.shape[1] else _NO_OTHER)
    fit, reason = (None, refusal) if refusal else attempt(lambda: _fit(model))
    places = _places(model)
    tests: dict[str, tuple[float, int]] = {}
    if fit is not None:
        found, reason = attempt(lambda: _score_tests(model, fit.coefficients, places))
        tests = found or {}
    rows = []
    for term in places:
        statistic, df = tests.get(term, (np.nan, np.nan))
        p_value = float(stats.chi2.sf(statistic, df))
        rows.append({"level": term, "statistic": statistic, "df": float(df), "p_value": p_value})
    return pd.DataFrame(rows).assign(method=SCHOENFELD, reason=reason)


def _model(
    frame: pd.DataFrame,
    group: str,
    reference: str,
    covariates: Sequence[str],
    strata: Names,
    time: str,
    censor: str,
) -> _Model:
    others = compare_with(frame, group, reference)
    by = [strata] if isinstance(strata, str) else list(strata)
    known = known_records(frame, [group, *covariates, *by])
    groups = known[group].astype("str")
    with_event = set(groups[known[censor] == 0])
    # the hazard of a group without event is 0, which leaves the other ratios as they are without it
    fitted = groups.isin(with_event | {reference})
    used, names = known[fitted], groups[fitted].to_numpy()
    times = read_times(used, group, time, censor, strata)
    shown = [name for name in others if name in with_event]
    terms = {group: [(name, "") for name in shown]}
    columns = [names == name for name in shown]
    for covariate in covariates:
        terms[covariate] = []
        for level, column in _columns_of(frame[covariate], used[covariate]):
            terms[covariate].append(("", f"{covariate} {level}".strip()))
            columns.append(column)
    design = np.column_stack(columns).astype("float64") if columns else np.zeros((len(used), 0))
    reason = times.reason
    if not len(used):
        reason = NO_SUBJECTS
    elif not reason and reference not in with_event:
        reason = _NO_REFERENCE
    sizes = {name: int((groups == name).sum()) for name in [reference, *others]}
    return _Model(times, design, terms, sizes, reason)


def _columns_of(covariate: pd.Series, used: pd.Series) -> Iterator[tuple[str, Floats]]:
    """Yield the columns of a covariate, with the value that each stands for ("" for a number)."""
    if pd.api.types.is_numeric_dtype(covariate) and not pd.api.types.is_bool_dtype(covariate):
        yield "", used.to_numpy("float64")
        return
    present = set(used)
    for level in [one for one in levels_in(covariate, used) if one in present][1:]:
        yield str(level), (used == level).to_numpy("float64")


def _fit(model: _Model) -> _Fit:
    """Fit the model; raise NotSettledError where the likelihood has no maximum."""
    times, design = model.times, model.design
    if not design.shape[1]:
        return _Fit(np.zeros(0), np.zeros((0, 0)))
    # what is the same within all strata has no coefficient
    within = [
        design[times.stratum == one] - design[times.stratum == one].mean(axis=0) for one in set(times.stratum)
    ]
    scale = design.std(axis=0)
    if not scale.all() or np.linalg.matrix_rank(np.vstack(within) / scale) < design.shape[1]:
        raise np.linalg.LinAlgError
    from statsmodels.duration.hazard_regression import PHReg  # takes half a second to import

    standard = (design - design.mean(axis=0)) / scale
    fitted = PHReg(
        times.time, standard, times.event.astype("int64"), strata=times.stratum, ties="efron"
    ).fit()
    spread = np.ptp(standard * fitted.params, axis=0)
    if not np.isfinite(fitted.params).all() or spread.max() > _WIDEST:
        raise NotSettledError("a term of the model tells subjects with an event from those without")
    return _Fit(fitted.params / scale, fitted.cov_params() / np.outer(scale, scale))


def _rows(
    model: _Model, fit: _Fit | None, reason: str, z: float
) -> dict[tuple[str, str], tuple[dict[str, float], str]]:
    """Return numbers and reason of each coefficient by group and level."""
    found = {}
    keys = [key for coefficients in model.terms.values() for key in coefficients]
    for place, key in enumerate(keys):
        numbers, why = dict.fromkeys(_NUMBERS, np.nan), reason
        if fit is not None:
            estimate, error = fit.coefficients[place], fit.covariance[place, place] ** 0.5
            limits = np.exp(estimate + np.array([0, -z, z]) * error)
            numbers |= dict(zip(_NUMBERS, map(float, limits), strict=False))
            if key[0] and model.sizes[key[0]] < FEWEST_FOR_TEST:
                why = TOO_FEW
            else:
                statistic = float(estimate / error)
                numbers |= {"statistic": statistic, "p_value": 2 * float(stats.norm.sf(abs(statistic)))}
        found[key] = (numbers, why)
    return found


def _without_event(model: _Model, name: str, reason: str) -> tuple[dict[str, float], str]:
    """Return what there is to say of a group that isn't in the model."""
    numbers = dict.fromkeys(_NUMBERS, np.nan)
    if not model.sizes.get(name):
        return numbers, NO_SUBJECTS
    return (numbers, reason) if reason else (numbers | {"estimate": 0.0}, _NO_EVENT)


def _places(model: _Model) -> dict[str, list[int]]:
    """Return which coefficients a term has; those of all are ``global``."""
    places, start = {}, 0
    for term, coefficients in model.terms.items():
        places[term] = list(range(start, start + len(coefficients)))
        start += len(coefficients)
    return {term: own for term, own in places.items() if own} | {"global": list(range(start))}


def _score_tests(
    model: _Model, coefficients: Floats, places: dict[str, list[int]]
) -> dict[str, tuple[float, int]]:
    """Return chi-square and degrees of freedom of a change over time, by term."""
    times, size = model.times, len(coefficients)
    curve = kaplan_meier(times.time, times.event, 0.95)
    events = times.time[times.event]
    before = {one: 1 - curve.share[np.searchsorted(curve.time, one) - 1] for one in np.unique(events)}
    middle = float(np.mean([before[one] for one in events]))
    score, information = np.zeros(size), np.zeros((3, size, size))
    for when, residual, variance in _residuals(model, coefficients):
        change = before[when] - middle
        score += change * residual
        information += np.array([1, change, change**2])[:, None, None] * variance
    whole, cross, changing = information
    left = changing - cross @ np.linalg.solve(whole, cross)
    found = {}
    for term, own in places.items():
        # the change of the term's coefficients alone, beside all that don't change
        part = left[np.ix_(own, own)]
        found[term] = (float(score[own] @ np.linalg.solve(part, score[own])), len(own))
    return found


def _residuals(model: _Model, coefficients: Floats) -> Iterator[tuple[float, Floats, Floats]]:
    """Yield of each time with events, by stratum, the Schoenfeld residuals' sum and variance (Efron)."""
    times = model.times
    for stratum in np.unique(times.stratum):
        here = times.stratum == stratum
        time, event, design = times.time[here], times.event[here], model.design[here]
        linear = design @ coefficients
        weight = np.exp(linear - linear.max())
        for when in np.unique(time[event]):
            risk, ending = time >= when, event & (time == when)
            residual = design[ending].sum(axis=0)
            variance = np.zeros((design.shape[1],) * 2)
            number = int(ending.sum())
            for place in range(number):
                share = np.where(risk, weight * np.where(ending, 1 - place / number, 1), 0)
                share = share / share.sum()
                mean = share @ design
                centred = design - mean
                residual = residual - mean
                variance = variance + (centred * share[:, None]).T @ centred
            yield float(when), residual, variance
