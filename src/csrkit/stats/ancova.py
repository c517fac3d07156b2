"""Analysis of covariance: least-squares means, differences of arms, dose response and type III tests.

All follow SAS (PROC GLM). statsmodels does the least squares and the tests; what can be estimated and tested,
with combinations of factors that have no subjects, too, comes from ``csrkit.stats.estimable``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import optimize, stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.multitest import multipletests

from csrkit.stats.estimable import Design, Floats, Term
from csrkit.stats.estimation import CONSTANT, FEW, FEWEST_FOR_TEST, NUMERICAL, TOO_FEW, attempt
from csrkit.stats.proportions import NO_SUBJECTS
from csrkit.vocabulary import limits_of

Weights = Literal["equal", "observed"]
Adjustment = Literal["none", "dunnett", "tukey", "holm"]
NO_RECORDS = "no subject has all values of the model"
NO_ERROR = "no degree of freedom is left for the error"
NO_VARIATION = "the model leaves no variation of the values"
NOT_ESTIMABLE = "not estimable: combinations of the factors have no subjects, or a term follows from others"
NO_HYPOTHESIS = "no degree of freedom: the term has one level, or follows from others"
TYPE_3 = "type III tests as SAS (sum-to-zero contrasts; by estimable functions where cells are empty)"
_ADJUSTED = {
    "dunnett": "Dunnett's adjustment by the multivariate t distribution",
    "tukey": "Tukey-Kramer adjustment",
    "holm": "Holm's adjustment, which has no intervals",
}
_FEWEST_FOR_SPREAD = 3  # as for every interval of the report
_LIMITS = limits_of("estimate")
_LIMITS_ADJUSTED = limits_of("estimate", "_adjusted")
_NONE = 1e-24  # residual sum of squares, on a scale of 1, below which nothing is left to explain
_POINTS, _SEED = 20_000, 20240423  # of the multivariate t integral, whose error is then below 1e-5


@dataclass(frozen=True)
class Ancova:
    """A fitted model; ``fit`` makes it, and the functions of this module read it.

    ``frame`` holds the records with all values of the model, ``arms`` the levels of the treatment in their
    order, those without subjects included; ``reason`` tells why there is no fit, "" where there is one.
    """

    frame: pd.DataFrame
    response: str
    treatment: str
    covariates: tuple[str, ...]
    factors: tuple[str, ...]
    interactions: tuple[Term, ...]
    arms: tuple[str, ...]
    confidence: float

    @property
    def reason(self) -> str:
        """Return why there is no fit, or ""."""
        return self._least_squares.reason

    @property
    def method(self) -> str:
        """Return what the result rows say of the model."""
        terms = [" × ".join(term) for term in self._least_squares.design.terms]
        return f"analysis of covariance of {self.response} with {', '.join(terms)}"

    @property
    def sizes(self) -> pd.Series:
        """Return the number of subjects of each arm who enter the model."""
        return self.frame[self.treatment].value_counts().reindex(list(self.arms), fill_value=0)

    @cached_property
    def _least_squares(self) -> _LeastSquares:
        factors = (self.treatment, *self.factors)
        mains = [(name,) for name in (*factors, *self.covariates)]
        return _solve(self.frame, self.response, factors, (*mains, *self.interactions))


def fit(
    frame: pd.DataFrame,
    response: str,
    treatment: str,
    *,
    covariates: Sequence[str] = (),
    factors: Sequence[str] = (),
    interactions: Sequence[Sequence[str]] = (),
    confidence: float = 0.95,
) -> Ancova:
    """Fit a linear model of a response with treatment, covariates and factors.

    Parameters
    ----------
    frame
        One record per subject (held to it where there is USUBJID). A record without a value ("" or none) of
        any variable of the model is left out.
    response, covariates
        Numbers, such as ``CHG`` and ``BASE``.
    treatment
        The arm: text, or a categorical whose order and categories are kept, those without subjects included.
    factors
        Categories, such as pooled sites. Their levels are those of the records in the model.
    interactions
        Groups of these variables, such as ``[("TRTP", "BASE")]``.
    confidence
        Level of all intervals.

    Raises
    ------
    ValueError
        A variable is named twice, an interaction names one that isn't in the model, a response or covariate
        isn't a number, the level isn't between 0 and 1, or a subject has several records.
    KeyError
        The frame lacks a variable.

    Examples
    --------
    >>> frame = pd.DataFrame({"TRTP": [*"AAAABBBB"], "BASE": [1.0, 2, 3, 4, 1, 2, 3, 5],
    ...                       "CHG": [1.0, 3, 2, 4, 3, 5, 4, 7]})
    >>> model = fit(frame, "CHG", "TRTP", covariates=["BASE"])
    >>> rows = differences(model, "A").set_index("statistic")["value"]
    >>> rows[["estimate", "se", "df", "p_value"]].map("{:.4g}".format).tolist()
    ['2.036', '0.6118', '5', '0.02081']
    """
    names = [response, treatment, *covariates, *factors]
    crossed = tuple(tuple(term) for term in interactions)
    _refuse(frame, names, [response, *covariates], crossed, confidence)
    kept = frame.copy()
    kept[[response, *covariates]] = kept[[response, *covariates]].astype("float64")
    levels = kept[treatment].astype("category").cat.categories
    arms = tuple(str(level) for level in levels if str(level) != "")
    for name in (treatment, *factors):
        text = kept[name].astype("object")
        kept[name] = text.where(text.isna() | (text == ""), text.astype("str")).replace("", np.nan)
    finite = np.isfinite(kept[[response, *covariates]].to_numpy()).all(axis=1)
    kept = kept[kept[names].notna().all(axis=1) & finite]
    if "USUBJID" in kept and len(twice := kept.loc[kept["USUBJID"].duplicated(), "USUBJID"]):
        raise ValueError(f"{twice.iloc[0]} has several records; choose one parameter and one visit first.")
    return Ancova(kept, response, treatment, tuple(covariates), tuple(factors), crossed, arms, confidence)


def _refuse(
    frame: pd.DataFrame, names: list[str], numbers: list[str], crossed: tuple[Term, ...], confidence: float
) -> None:
    if missing := [name for name in names if name not in frame]:
        raise KeyError(f"The frame has no variable {', '.join(missing)}; it has {', '.join(frame.columns)}.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"The model names {', '.join(twice)} twice; name each variable once.")
    if strange := sorted({name for term in crossed for name in term} - set(names[1:])):
        raise ValueError(f"An interaction names {', '.join(strange)}; add it to covariates or factors, too.")
    for name in numbers:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise ValueError(f"{name} isn't numeric; a category belongs in factors.")
    if not 0 < confidence < 1:
        raise ValueError(
            f"The confidence level is a share between 0 and 1, for example 0.95, not {confidence}."
        )


@dataclass(frozen=True)
class _LeastSquares:
    """The design of a model and its fit by statsmodels, or why there is none."""

    frame: pd.DataFrame
    design: Design
    result: Any
    reason: str


def _solve(
    frame: pd.DataFrame, response: str, factors: tuple[str, ...], terms: tuple[Term, ...]
) -> _LeastSquares:
    y = frame[response].to_numpy("float64")
    design = Design(frame, factors, terms)
    free = len(y) - len(design.kept)
    reason = NO_RECORDS if not len(y) else CONSTANT if np.ptp(y) == 0 else NO_ERROR if free < 1 else ""
    if reason:
        return _LeastSquares(frame, design, None, reason)
    result, reason = attempt(lambda: OLS(y, design.matrix[:, design.kept]).fit())
    if result is not None and result.ssr <= _NONE * float(y @ y):
        result, reason = None, NO_VARIATION
    return _LeastSquares(frame, design, result, reason)


def fit_statistics(model: Ancova) -> pd.DataFrame:
    """Return n, the degrees of freedom of the error, R², the root of the mean square error, and the mean.

    Returns
    -------
    DataFrame
        statistic (n, df, r_squared, root_mse, mean), value, method, reason.
    """
    result = model._least_squares.result
    names = ("df", "r_squared", "root_mse", "mean")
    values = dict.fromkeys(names, np.nan)
    if result is not None:
        mean = float(model.frame[model.response].mean())
        values = dict(
            zip(names, (result.df_resid, result.rsquared, np.sqrt(result.mse_resid), mean), strict=True)
        )
    numbers = {name: np.array([value]) for name, value in ({"n": len(model.frame)} | values).items()}
    return _to_rows(pd.DataFrame(index=[0]), numbers, {"": np.array([model.reason])}, model.method)


def type_3(model: Ancova) -> pd.DataFrame:
    """Return the type III test of each term, as PROC GLM prints them.

    Covariates aren't centred, so that beside an interaction with a covariate the treatment is tested where
    that is 0, as in SAS. A combination of factors without subjects changes what the terms within their
    interaction are tested for; the hypotheses are those of SAS's type III then. With 3 subjects or fewer in
    an arm there is no test of a term with the treatment.

    Returns
    -------
    DataFrame
        level (the term, ``TRTP`` or ``TRTP × BASE``), statistic (statistic: F; df, df_error, sum_of_squares,
        mean_square, p_value), value, method, reason.
    """
    return _test_terms(model, model._least_squares.design.terms)


def interaction_tests(model: Ancova) -> pd.DataFrame:
    """Test the interaction of treatment with each covariate and factor, each added to the model alone.

    Returns the rows of ``type_3`` for these interactions; where one is in the model, of that model.
    """
    parts = []
    for name in (*model.covariates, *model.factors):
        found = [term for term in model.interactions if set(term) == {model.treatment, name}]
        term = found[0] if found else (model.treatment, name)
        own = model if found else replace(model, interactions=(*model.interactions, term))
        parts.append(_test_terms(own, [term]))
    return pd.concat(parts, ignore_index=True) if parts else _test_terms(model, [])


def _test_terms(model: Ancova, terms: Sequence[Term]) -> pd.DataFrame:
    squares = model._least_squares
    names = ("statistic", "df", "df_error", "sum_of_squares", "mean_square", "p_value")
    found = {name: np.full(len(terms), np.nan) for name in names}
    why = np.full(len(terms), model.reason, dtype="object")
    few = model.sizes[model.sizes > 0].min() < FEWEST_FOR_TEST if len(model.frame) else True
    for place, term in enumerate(terms):
        if squares.result is None:
            continue
        hypothesis = squares.design.hypothesis(term)
        if not len(hypothesis):
            why[place] = NO_HYPOTHESIS
        elif few and model.treatment in term:
            why[place] = TOO_FEW
        else:
            test, why[place] = attempt(lambda rows=hypothesis: squares.result.f_test(rows))  # type: ignore[misc]
            if test is not None:
                f, df = float(np.squeeze(test.fvalue)), len(hypothesis)
                mean_square = f * squares.result.mse_resid
                numbers = (f, df, squares.result.df_resid, mean_square * df, mean_square, float(test.pvalue))
                for name, value in zip(names, numbers, strict=True):
                    found[name][place] = value
    keys = pd.DataFrame({"level": [" × ".join(term) for term in terms]})
    return _to_rows(keys, found, {"": why}, f"{model.method}; {TYPE_3}")


def ls_means(model: Ancova, *, weights: Weights = "equal") -> pd.DataFrame:
    """Return the least-squares mean of each arm, as SAS's LSMEANS.

    Parameters
    ----------
    model
        From ``fit``. Covariates are taken at their mean over all records of the model.
    weights
        ``equal`` gives the levels of the other factors equal weights, as SAS does unless told; ``observed``
        weighs their combinations by the subjects that they have in the model (SAS's OM, emmeans' weights =
        "proportional"). Differences between arms depend on it only where treatment interacts with a factor.

    Returns
    -------
    DataFrame
        group, statistic (n, estimate, se, df, ``ci_low of estimate``, ``ci_high of estimate``), value,
        method, reason. An arm without subjects has only n = 0, one of fewer than 3 no standard error and no
        interval.
    """
    sizes = model.sizes.to_numpy("float64")
    numbers, why = _estimate(model, _functions(model, weights), sizes)
    shown = {"n": sizes} | {name: numbers[name] for name in ("estimate", "se", "df", *_LIMITS)}
    keys = pd.DataFrame({"group": list(model.arms)})
    return _to_rows(keys, shown, why, f"{model.method}; least-squares means, {weights} weights")


def differences(
    model: Ancova,
    control: str | None = None,
    *,
    adjust: Adjustment = "none",
    weights: Weights = "equal",
) -> pd.DataFrame:
    """Return differences of least-squares means between arms.

    Parameters
    ----------
    model
        From ``fit``.
    control
        The arm that is subtracted from each other one; without it each arm is subtracted from all after it.
    adjust
        ``dunnett`` (against a control: exact by the multivariate t distribution, as R's multcomp; SAS takes
        Hsu's approximation where there are more than two differences and arms or covariates are unequal),
        ``tukey`` (all pairs: Tukey-Kramer, as SAS and emmeans), ``holm``, or ``none``.
    weights
        See ``ls_means``.

    Returns
    -------
    DataFrame
        group (the arm), level (the arm that is subtracted), statistic (estimate, se, df and limits,
        statistic: t; p_value; where adjusted p_adjusted, and ``ci_low_adjusted of estimate`` and its upper
        fellow, which hold for all differences together; Holm has none), value, method, reason. Where either
        arm has fewer than 3 subjects there is no interval, with 3 or fewer no test; the family of an
        adjustment are those tested.

    Raises
    ------
    ValueError
        No such control, or an adjustment that doesn't fit: Dunnett's needs a control, Tukey's takes none.
    """
    if control is not None and control not in model.arms:
        raise ValueError(f"The model has no arm {control}; arms: {', '.join(model.arms)}.")
    if adjust not in ("none", *_ADJUSTED):
        raise ValueError(f"adjust is none, {', '.join(_ADJUSTED)}, not {adjust}.")
    if (adjust == "dunnett" and control is None) or (adjust == "tukey" and control is not None):
        raise ValueError(
            "Dunnett's adjustment compares with a control, Tukey's all pairs: give a control or none."
        )
    if control is None:
        pairs = [(second, first) for first, second in combinations(model.arms, 2)]
    else:
        pairs = [(arm, control) for arm in model.arms if arm != control]
    first, second = ([model.arms.index(pair[side]) for pair in pairs] for side in (0, 1))
    means, sizes = _functions(model, weights), model.sizes.to_numpy("float64")
    functions = means[first] - means[second]
    numbers, why = _estimate(model, functions, np.minimum(sizes[first], sizes[second]))
    if adjust != "none":
        numbers |= _adjust(model, functions, numbers, adjust)
        why |= dict.fromkeys(("p_adjusted", *_LIMITS_ADJUSTED), why["p_value"])
    keys = pd.DataFrame(pairs, columns=["group", "level"])
    how = f"; {_ADJUSTED[adjust]}" if adjust != "none" else ""
    return _to_rows(
        keys, numbers, why, f"{model.method}; differences of least-squares means, {weights} weights{how}"
    )


def linear_contrast(
    model: Ancova, scores: Mapping[str, float], *, weights: Weights = "equal"
) -> pd.DataFrame:
    """Test a linear dose response: the slope of the least-squares means over scores.

    Parameters
    ----------
    model
        From ``fit``, with treatment as categories.
    scores
        Arm to its score, such as its dose; an arm without one takes no part.
    weights
        See ``ls_means``.

    Returns
    -------
    DataFrame
        statistic (estimate, per unit of the scores; se, df, limits, statistic: t; p_value), value, method,
        reason.

    Raises
    ------
    ValueError
        An arm is unknown, or there are no two different scores.
    """
    centred = _scores(model, scores)
    means = _functions(model, weights)
    function = centred @ means[[model.arms.index(arm) for arm in scores]] / (centred @ centred)
    empty = (model.sizes[list(scores)] == 0).any()
    everyone = np.array([0.0 if empty else float(len(model.frame))])
    numbers, why = _estimate(model, function[None, :], everyone)
    text = ", ".join(f"{arm} {score:g}" for arm, score in scores.items())
    return _to_rows(
        pd.DataFrame(index=[0]), numbers, why, f"{model.method}; linear contrast of the scores {text}"
    )


def dose_slope(model: Ancova, doses: Mapping[str, float]) -> pd.DataFrame:
    """Test a linear dose response: the slope of the dose as a covariate, in place of the arms.

    Parameters
    ----------
    model
        From ``fit``; it is fitted again with the dose of each subject's arm as a number.
    doses
        Arm to dose; subjects of an arm without one are left out.

    Returns
    -------
    DataFrame
        The rows of ``linear_contrast``; the estimate is per unit of dose.

    Raises
    ------
    ValueError
        As ``linear_contrast``, and where treatment interacts with another variable in the model.
    """
    _scores(model, doses)
    if any(model.treatment in term for term in model.interactions):
        raise ValueError("The slope of the dose takes a model without interactions of treatment.")
    frame = model.frame.assign(**{model.treatment: model.frame[model.treatment].map(dict(doses))})
    terms = tuple((name,) for name in (model.treatment, *model.factors, *model.covariates))
    squares = _solve(
        frame[frame[model.treatment].notna()],
        model.response,
        model.factors,
        (*terms, *model.interactions),
    )
    function = np.asarray(squares.design.term == 0, dtype="float64")[None, :]  # the dose's own column
    everyone = np.array([float(len(squares.frame))])
    numbers, why = _estimate_functions(squares, function, everyone, model.confidence)
    text = ", ".join(f"{arm} {dose:g}" for arm, dose in doses.items())
    method = f"{model.method}; {model.treatment} as a number in place of categories: {text}"
    return _to_rows(pd.DataFrame(index=[0]), numbers, why, method)


def in_subgroups(model: Ancova, by: str, of: Callable[[Ancova], pd.DataFrame]) -> pd.DataFrame:
    """Fit the model within each level of a variable, and return what is asked of each fit.

    Parameters
    ----------
    model
        From ``fit``; ``by`` is a variable of its frame. A factor or covariate with one value in a subgroup
        drops out of it by itself.
    by
        The variable, such as ``SEX``; records without a value are left out.
    of
        What to return: a function of a model, such as ``ls_means``.

    Returns
    -------
    DataFrame
        The rows of ``of``, with the subgroup as ``category``.

    Examples
    --------
    >>> frame = pd.DataFrame({"TRTP": [*"AAAABBBB"] * 2, "SEX": ["F", "M"] * 8,
    ...                       "CHG": [1.0, 3, 2, 4, 3, 5, 4, 7] * 2})
    >>> rows = in_subgroups(fit(frame, "CHG", "TRTP"), "SEX", ls_means).query("statistic == 'estimate'")
    >>> rows.assign(value=rows["value"].map("{:.4g}".format))[["category", "group", "value"]].values.tolist()
    [['F', 'A', '1.5'], ['F', 'B', '3.5'], ['M', 'A', '3.5'], ['M', 'B', '6']]
    """
    values = model.frame[by].dropna().astype("str")
    levels = sorted(set(values[values != ""]))
    parts = []
    for level in levels:
        rows = of(replace(model, frame=model.frame.loc[values.index[values == level]]))
        parts.append(rows.assign(category=level))
    return pd.concat(parts, ignore_index=True) if parts else of(model).iloc[:0].assign(category="")


def _scores(model: Ancova, scores: Mapping[str, float]) -> Floats:
    if unknown := [arm for arm in scores if arm not in model.arms]:
        raise ValueError(f"The model has no arm {', '.join(unknown)}; arms: {', '.join(model.arms)}.")
    values = np.array(list(scores.values()), dtype="float64")
    if len(set(values)) < 2:
        raise ValueError("A dose response needs two different scores.")
    return np.asarray(values - values.mean())


def _functions(model: Ancova, weights: Weights) -> Floats:
    """Return the least-squares mean of each arm as a linear function of all columns; 0 without a fit."""
    if weights not in ("equal", "observed"):
        raise ValueError(f"weights is equal or observed, not {weights}.")
    squares = model._least_squares
    if squares.result is None:
        return np.zeros((len(model.arms), 1))
    others = list(model.factors)
    if weights == "observed":
        grid = model.frame[others]  # as many records of a combination as it has subjects
    else:
        combinations_of = product(*(squares.design.levels[name] for name in others))
        grid = pd.DataFrame(list(combinations_of), columns=pd.Index(others, dtype="object"))
    grid = grid.assign(**{name: model.frame[name].mean() for name in model.covariates})
    rows = [squares.design.columns(grid.assign(**{model.treatment: arm}))[0] for arm in model.arms]
    return np.stack([row.mean(axis=0) for row in rows])


def _estimate(model: Ancova, functions: Floats, sizes: Floats) -> tuple[dict[str, Floats], dict[str, Any]]:
    return _estimate_functions(model._least_squares, functions, sizes, model.confidence)


def _estimate_functions(
    squares: _LeastSquares, functions: Floats, sizes: Floats, confidence: float
) -> tuple[dict[str, Floats], dict[str, Any]]:
    """Return estimates with their tests, and by statistic why a number is missing.

    ``sizes`` are the subjects behind each function, of the smaller arm: none, fewer than 3 and fewer than 4
    have no estimate, no interval and no test.
    """
    names = ("estimate", "se", "df", *_LIMITS, "statistic", "p_value")
    numbers = {name: np.full(len(functions), np.nan) for name in names}
    why = np.where(sizes == 0, NO_SUBJECTS, squares.reason).astype("object")
    if squares.result is not None:
        known = squares.design.can_estimate(functions)
        why = np.where(known | (sizes == 0), why, NOT_ESTIMABLE)
        rows = np.flatnonzero(known & (sizes > 0))
        if len(rows):
            test = squares.result.t_test(functions[rows][:, squares.design.kept])
            low, high = test.conf_int(1 - confidence).T
            found = (test.effect, test.sd, squares.result.df_resid, low, high, test.tvalue, test.pvalue)
            for name, values in zip(names, found, strict=True):
                numbers[name][rows] = np.asarray(values).ravel()
    reasons = {"": why}
    for few, reason, of in (
        (sizes < _FEWEST_FOR_SPREAD, FEW, ("se", "df", *_LIMITS)),
        (sizes < FEWEST_FOR_TEST, TOO_FEW, ("statistic", "p_value")),
    ):
        for name in of:
            numbers[name] = np.where(few, np.nan, numbers[name])
            reasons[name] = np.where((why == "") & few, reason, why)
    return numbers, reasons


def _adjust(
    model: Ancova, functions: Floats, numbers: Mapping[str, Floats], adjust: Adjustment
) -> dict[str, Floats]:
    """Return adjusted p-values and simultaneous limits of the differences that are tested."""
    names = ["p_adjusted", *(_LIMITS_ADJUSTED if adjust != "holm" else [])]
    found = {name: np.full(len(functions), np.nan) for name in names}
    tested = np.flatnonzero(np.isfinite(numbers["p_value"]))
    if not len(tested):
        return found
    raw, t = numbers["p_value"][tested], np.abs(numbers["statistic"][tested])
    if adjust == "holm":
        found["p_adjusted"][tested] = multipletests(raw, method="holm")[1]
        return found
    squares = model._least_squares
    df = float(squares.result.df_resid)
    if adjust == "tukey":
        arms = int((model.sizes >= FEWEST_FOR_TEST).sum())
        p = stats.studentized_range.sf(np.sqrt(2) * t, arms, df)
        critical = stats.studentized_range.ppf(model.confidence, arms, df) / np.sqrt(2)
    else:
        own = functions[tested][:, squares.design.kept]
        covariance = own @ squares.result.cov_params() @ own.T
        spread = np.sqrt(np.diag(covariance))
        correlation = covariance / np.outer(spread, spread)
        p = np.array([1 - _all_within(value, correlation, df) for value in t])
        critical = _critical(correlation, df, model.confidence)
    estimate, half = numbers["estimate"][tested], critical * numbers["se"][tested]
    # an adjusted p-value isn't below the raw one; the integral's error could make it so
    found["p_adjusted"][tested] = np.clip(p, raw, 1.0)
    low, high = _LIMITS_ADJUSTED
    found[low][tested], found[high][tested] = estimate - half, estimate + half
    return found


def _all_within(limit: float, correlation: Floats, df: float) -> float:
    """Return the probability that all t statistics lie within ± a limit under the hypothesis.

    Dunnett, J Am Stat Assoc 1955;50:1096; the integral is scipy's, with a fixed seed.
    """
    if len(correlation) == 1:
        return float(1 - 2 * stats.t.sf(limit, df))
    upper = np.full(len(correlation), limit)
    generator = np.random.default_rng(_SEED)
    return float(
        stats.multivariate_t.cdf(
            upper, None, correlation, df, lower_limit=-upper, maxpts=_POINTS, random_state=generator
        )
    )


def _critical(correlation: Floats, df: float, confidence: float) -> float:
    """Return the limit within which all t statistics lie with the probability given."""
    least = stats.t.ppf((1 + confidence) / 2, df)
    most = stats.t.ppf(1 - (1 - confidence) / (2 * len(correlation)), df)  # Bonferroni's
    if most - least < 1e-12:
        return float(least)
    # the integral's error could leave the limit at an end
    return float(
        optimize.brentq(
            lambda limit: _all_within(limit, correlation, df) - confidence,
            0.99 * least,
            1.01 * most,
            xtol=1e-6,
        )
    )


def _to_rows(
    keys: pd.DataFrame, numbers: Mapping[str, Floats], reasons: Mapping[str, Any], method: str
) -> pd.DataFrame:
    """Return a row for each key and number; reasons of "" are for statistics without their own."""
    parts = []
    for order, (name, values) in enumerate(numbers.items()):
        array = np.asarray(values, dtype="float64")
        why = np.asarray(reasons.get(name, reasons[""]), dtype="object")
        reason = np.where(np.isnan(array), np.where(why == "", NUMERICAL, why), "")
        parts.append(keys.assign(statistic=name, value=array, method=method, reason=reason, order=order))
    rows = pd.concat(parts)
    rows = rows.rename_axis("key").sort_values(["key", "order"]).drop(columns="order")
    return rows.reset_index(drop=True)
