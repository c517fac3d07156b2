"""The mixed model for repeated measures as a whole: fit, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csrkit.stats.estimation import NotSettledError
from csrkit.stats.mmrm.covariance import LABELS, ORDERED, structure
from csrkit.stats.mmrm.design import Design, read_design
from csrkit.stats.mmrm.inference import ESTIMATES, Df, Inference, Information, infer
from csrkit.stats.mmrm.likelihood import Point, Records, maximise

Floats = NDArray[np.floating[Any]]
Covariance = Literal["un", "toeph", "toep", "ar1h", "ar1", "csh", "cs"]
Combinations = pd.DataFrame | pd.Series | Mapping[str, Mapping[str, float]]
MOST_VISITS = 60  # beyond it the derivatives take gigabytes


@dataclass(frozen=True)
class Mmrm:
    """A fitted mixed model for repeated measures; ``mmrm`` makes it.

    Attributes
    ----------
    coefficients
        term, estimate, se, df, statistic (t), p_value, ci_low, ci_high of each effect.
    covariance, choice
        The name of the covariance fitted, and in words what was fitted and which were tried before it and why
        they weren't estimable. ``tried`` has the latter as a frame (covariance, reason). ``method`` is for
        result rows.
    covariance_matrix
        Visits × visits.
    covariance_parameters
        parameter, estimate, se: as SAS PROC MIXED has them.
    visits
        In their order.
    log_likelihood, aic, aicc, bic
        Restricted where ``reml``. The criteria count as SAS does: parameters of the covariance, with ML the
        effects, too.
    n_subjects, n_observations, n_parameters
        Subjects and rows used; parameters of the covariance.
    n_subjects_read
        Subjects of the frame, also those without a row used; BIC counts these, as SAS does.
    left_out
        Rows left out, by what is missing first: subject, visit, response, covariate.
    reml, df, information, level
        As asked for.
    """

    coefficients: pd.DataFrame
    covariance: str
    choice: str
    tried: pd.DataFrame
    covariance_matrix: pd.DataFrame
    covariance_parameters: pd.DataFrame
    visits: tuple[str, ...]
    log_likelihood: float
    aic: float
    aicc: float
    bic: float
    n_subjects: int
    n_subjects_read: int
    n_observations: int
    n_parameters: int
    left_out: dict[str, int]
    reml: bool
    df: Df
    information: Information
    level: float
    _design: Design
    _inference: Inference
    _coordinates: _Coordinates

    @property
    def method(self) -> str:
        """In words, as the method of result rows."""
        degrees = {
            "kenward-roger": "Kenward-Roger",
            "kenward-roger-linear": "Kenward-Roger without second derivatives",
            "satterthwaite": "Satterthwaite",
        }
        likelihood = "restricted maximum likelihood" if self.reml else "maximum likelihood"
        return (
            f"mixed model for repeated measures, {LABELS[self.covariance]} covariance, {likelihood}, "
            f"degrees of freedom by {degrees[self.df]}"
        )

    def contrast(self, combinations: Combinations, level: float | None = None) -> pd.DataFrame:
        """Estimate linear combinations of effects; returns label, and the columns of ``coefficients``.

        Parameters
        ----------
        combinations
            A frame with terms as columns and a row for each combination, such as differences of rows of
            ``weights``; a series for one; or by label the weights of terms. Terms not named weigh 0.
        level
            Of the confidence interval; that of the fit unless given.
        """
        table = self._table(combinations)
        found = self._estimate(table.to_numpy(), level)
        found.insert(0, "label", [_label(name) for name in table.index])
        return found

    def test(self, combinations: Combinations) -> dict[str, float]:
        """Test that all combinations are 0: statistic (F), df, df_error, p_value.

        Combinations that follow from the others count once.
        """
        matrix = self._table(combinations).to_numpy()
        return self._test(matrix)

    def weights(self, by: str | Sequence[str] = (), at: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the linear combinations that the LS means are: levels × terms; see ``ls_means``."""
        return self._design.weights([by] if isinstance(by, str) else list(by), at or {})

    def ls_means(
        self,
        by: str | Sequence[str] = (),
        at: Mapping[str, Any] | None = None,
        level: float | None = None,
    ) -> pd.DataFrame:
        """Estimate LS means; returns the columns of ``by``, and the columns of ``coefficients``.

        As R's emmeans and SAS's LSMEANS: factors that aren't named are averaged with equal weights,
        covariates stand at their mean over the observations used.

        Parameters
        ----------
        by
            Factors, a mean for each combination of their levels.
        at
            Values of covariates, or levels of factors, to take instead: one, or a list.
        level
            Of the confidence interval; that of the fit unless given.
        """
        weights = self.weights(by, at)
        found = self._estimate(weights.to_numpy(), level)
        if weights.index.names == [None]:
            return found
        return pd.concat([weights.index.to_frame(index=False), found], axis=1)

    def differences(
        self,
        factor: str,
        by: str | Sequence[str] = (),
        reference: Any = None,
        at: Mapping[str, Any] | None = None,
        level: float | None = None,
    ) -> pd.DataFrame:
        """Estimate differences of LS means between levels of a factor, such as arms at each visit.

        Returns the columns of ``by``, ``factor`` (the level), ``reference`` (what it is compared with), and
        the columns of ``coefficients``; nothing is adjusted for their number.

        Parameters
        ----------
        factor, by
            The factor compared, and factors at each of whose levels it is.
        reference
            The level that all others are compared with; without it each is compared with each before it.
        at, level
            As in ``ls_means``.
        """
        others = [by] if isinstance(by, str) else list(by)
        weights = self.weights([*others, factor], at)
        levels = list(weights.index.get_level_values(factor).unique())
        if reference is None:
            pairs = [(low, high) for high in range(len(levels)) for low in range(high)]
        elif reference in levels:
            low = levels.index(reference)
            pairs = [(low, high) for high in range(len(levels)) if high != low]
        else:
            raise ValueError(f"{factor} has no level {reference!r}; it has {', '.join(map(str, levels))}.")
        cells = weights.to_numpy().reshape(-1, len(levels), weights.shape[1])
        places = weights.index.to_frame(index=False).iloc[:: len(levels)][others]
        shown = places.loc[places.index.repeat(len(pairs))].reset_index(drop=True)
        shown[factor] = [levels[high] for _ in cells for _, high in pairs]
        shown["reference"] = [levels[low] for _ in cells for low, _ in pairs]
        rows = [cell[high] - cell[low] for cell in cells for low, high in pairs]
        found = self._estimate(np.reshape(rows, (-1, weights.shape[1])), level)
        return pd.concat([shown, found], axis=1)

    def type3(self) -> pd.DataFrame:
        """Test each term by its type III hypothesis: term, df, df_error, statistic (F), p_value.

        A factor is averaged over the others with equal weights, as in SAS; see ``Design.hypotheses``.
        """
        rows = [{"term": term, **self._test(matrix)} for term, matrix in self._design.hypotheses().items()]
        return pd.DataFrame(rows, columns=["term", "df", "df_error", "statistic", "p_value"])

    def _table(self, combinations: Combinations) -> pd.DataFrame:
        if isinstance(combinations, pd.DataFrame):
            table = combinations
        elif isinstance(combinations, pd.Series):
            table = combinations.to_frame().T
        else:
            named = dict.fromkeys(term for row in combinations.values() for term in row)
            rows = [[row.get(term, 0.0) for term in named] for row in combinations.values()]
            table = pd.DataFrame(rows, index=list(combinations), columns=list(named))
        terms = list(self.coefficients["term"])
        unknown = [name for name in table.columns if name not in terms]
        if unknown:
            raise ValueError(f"The model has no term {unknown[0]}; it has {', '.join(terms)}.")
        table = table.reindex(columns=terms, fill_value=0.0).astype(float)
        if not np.isfinite(table.to_numpy()).all():
            raise ValueError("A weight of the combinations isn't a finite number.")
        return table

    def _estimate(self, combinations: Floats, level: float | None) -> pd.DataFrame:
        share = self.level if level is None else _checked_level(level)
        inside = self._coordinates.turn(combinations)
        return _estimates(self._inference, inside, self._coordinates.unit, share)

    def _test(self, matrix: Floats) -> dict[str, float]:
        inside = _independent(self._coordinates.turn(matrix))
        statistic, df, df_error, p = self._inference.test(inside)
        return {"df": df, "df_error": df_error, "statistic": statistic, "p_value": p}


@dataclass(frozen=True)
class _Coordinates:
    """The likelihood's coordinates: an orthonormal design, the response in units of its residual SD."""

    triangle: Floats
    unit: float

    def turn(self, combinations: Floats) -> Floats:
        """Return combinations of the design's effects as combinations of the likelihood's."""
        return np.linalg.solve(self.triangle.T, combinations.T).T


def mmrm(
    frame: pd.DataFrame,
    formula: str,
    visit: str,
    subject: str,
    covariance: Covariance | Sequence[Covariance] = "un",
    reml: bool = True,
    df: Df = "kenward-roger",
    information: Information = "observed",
    level: float = 0.95,
) -> Mmrm:
    """Fit a mixed model for repeated measures: a linear model whose errors are correlated within a subject.

    The model of Mallinckrodt et al. (Drug Inf J 2008;42:303): all visits of all subjects together, visits
    without a value left out, the covariance of the visits estimated by (restricted) maximum likelihood.

    Parameters
    ----------
    frame
        A row for each subject and visit. Rows without subject, visit, response or covariate ("" is missing,
        too) are left out and counted.
    formula
        As ``"CHG ~ BASE + TRT01P * AVISIT"``, read by patsy. Text, categories and truth values are factors,
        coded against their first level; levels without rows count for nothing. ``C(AVISITN)`` makes a factor
        of numbers.
    visit, subject
        Columns. The visits' order is that of the categories, of the numbers, or of the numbers in names that
        otherwise agree ("Week 8", "Week 16").
    covariance
        ``un`` (unstructured), ``toeph``, ``ar1h``, ``csh`` (heterogeneous Toeplitz, autoregressive, compound
        symmetry), ``toep``, ``ar1``, ``cs`` (with one variance); or several, of which the first that is
        estimable is fitted: declare their order beforehand. The fit says which and why (``choice``).
    reml
        Restricted likelihood, or the likelihood itself.
    df
        ``kenward-roger`` (Kenward and Roger, Biometrics 1997;53:983; ``reml`` alone), with second derivatives
        of the covariance by the parameters of SAS PROC MIXED: SAS's DDFM=KENWARDROGER. R's mmrm has other
        parameters, and other second derivatives. ``kenward-roger-linear`` leaves them out: SAS's
        DDFM=KENWARDROGER(FIRSTORDER), mmrm's "Kenward-Roger-Linear". They are the same for ``un``, ``toep``
        and ``cs``, which are linear in their parameters. ``satterthwaite`` leaves the standard errors as they
        are; F-tests after Fai and Cornelius (J Stat Comput Simul 1996;54:363).
    information
        Of the covariance's parameters: ``observed`` as SAS and mmrm, or ``expected`` as in the article and
        R's pbkrtest.
    level
        Of confidence intervals.

    Raises
    ------
    ValueError
        An argument or the formula is wrong.
    DataError
        A subject has a visit twice, a value isn't finite, or the order of the visits isn't known.
    NotSettledError
        The design isn't of full rank, or no covariance is estimable; the text says why of each.

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "USUBJID": [f"S{subject}" for subject in range(1, 9) for _ in range(3)],
    ...     "TRT": ["active"] * 12 + ["placebo"] * 12,
    ...     "AVISIT": ["Week 2", "Week 4", "Week 8"] * 8,
    ...     "CHG": [3.1, 4.0, 5.2, 2.2, 3.9, 4.1, 4.0, 4.4, None, 1.9, 3.0, 4.4,
    ...             1.0, 1.8, 1.1, 2.2, 1.9, 2.6, 0.4, None, 1.3, 1.5, 2.0, 2.1],
    ... })
    >>> fit = mmrm(frame, "CHG ~ C(TRT, Treatment('placebo')) * AVISIT", "AVISIT", "USUBJID", covariance="cs")
    >>> fit.left_out["response"], fit.choice
    (2, 'compound symmetry')
    >>> shown = ["AVISIT", "TRT", "estimate", "se", "df", "p_value"]
    >>> found = fit.differences("TRT", by="AVISIT", reference="placebo")[shown]
    >>> print(found.to_string(float_format="%.4f"))
       AVISIT     TRT  estimate     se     df  p_value
    0  Week 2  active    1.5250 0.5055 8.3044   0.0159
    1  Week 4  active    2.1137 0.5228 9.1848   0.0028
    2  Week 8  active    3.0397 0.5228 9.1848   0.0002
    """
    names = [covariance] if isinstance(covariance, str) else list(covariance)
    _check_arguments(names, reml, df, information, level)
    design = read_design(frame, formula, visit, subject, any(name in ORDERED for name in names))
    if len(design.visits) > MOST_VISITS:
        raise ValueError(f"{visit} has {len(design.visits)} visits; more than {MOST_VISITS} aren't fitted.")
    records, coordinates = _records(design)
    tried: list[tuple[str, str]] = []
    for name in names:
        try:
            point = maximise(records, structure(name, design.visits), reml)
        except NotSettledError as failure:
            tried.append((name, str(failure)))
            continue
        return _fit(design, coordinates, point, name, tried, df, information, level)
    reasons = "; ".join(f"{LABELS[name]} ({name}): {reason}" for name, reason in tried)
    raise NotSettledError(f"no covariance is estimable. {reasons}")


def _check_arguments(names: Sequence[str], reml: bool, df: str, information: str, level: float) -> None:
    known = get_args(Covariance)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ValueError(f"Covariances are {', '.join(known)}, not {unknown[0] if unknown else 'none'}.")
    if df not in get_args(Df):
        raise ValueError(f"df is one of {', '.join(get_args(Df))}, not {df}.")
    if information not in get_args(Information):
        raise ValueError(f"information is one of {', '.join(get_args(Information))}, not {information}.")
    if df != "satterthwaite" and not reml:
        raise ValueError(
            'Kenward-Roger is defined for reml=True alone; with reml=False take df="satterthwaite".'
        )
    _checked_level(level)


def _checked_level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"The confidence level is a share between 0 and 1, for example 0.95, not {level}.")
    return level


def _records(design: Design) -> tuple[Records, _Coordinates]:
    """Lay the observations out by subject and visit, in the likelihood's coordinates."""
    columns, triangle = np.linalg.qr(design.matrix)
    residual = design.response - columns @ (columns.T @ design.response)
    free = len(residual) - columns.shape[1]
    if free < 1:
        raise NotSettledError(f"{len(residual)} observations leave no degree of freedom beside the effects")
    unit = float(np.sqrt(residual @ residual / free))
    if not unit > 1e-10 * np.abs(design.response).max():
        raise NotSettledError("the model fits all values exactly")
    shape = (int(design.subject.max()) + 1, len(design.visits))
    seen = np.zeros(shape, dtype=bool)
    seen[design.subject, design.visit] = True
    patterns, pattern = np.unique(seen, axis=0, return_inverse=True)
    place = np.argsort(np.argsort(pattern.ravel(), kind="stable"), kind="stable")[design.subject]
    padded = np.zeros((*shape, columns.shape[1]))
    padded[place, design.visit] = columns
    response = np.zeros(shape)
    response[place, design.visit] = design.response / unit
    return Records(padded, response, patterns, np.sort(pattern.ravel())), _Coordinates(triangle, unit)


def _fit(
    design: Design,
    coordinates: _Coordinates,
    point: Point,
    name: str,
    tried: list[tuple[str, str]],
    df: Df,
    information: Information,
    level: float,
) -> Mmrm:
    inference = infer(point, df, information)
    coefficients = _estimates(inference, coordinates.turn(np.eye(len(design.terms))), coordinates.unit, level)
    coefficients.insert(0, "term", design.terms)
    units = coordinates.unit ** (2 * point.structure.powers)
    sigma = coordinates.unit**2 * point.structure.matrix(point.theta)
    parameters = pd.DataFrame(
        {
            "parameter": point.structure.names,
            "estimate": units * point.theta,
            "se": units * np.sqrt(np.diag(inference.of_parameters)),
        }
    )
    reasons = "; ".join(f"{LABELS[one]} isn't estimable: {reason}" for one, reason in tried)
    return Mmrm(
        coefficients,
        name,
        LABELS[name] + (f" ({reasons})" if reasons else ""),
        pd.DataFrame(tried, columns=["covariance", "reason"], dtype=str),
        pd.DataFrame(sigma, index=design.visits, columns=design.visits),
        parameters,
        design.visits,
        *_criteria(design, coordinates, point),
        len(point.records.pattern),
        design.subjects_read,
        len(design.response),
        len(point.theta),
        design.left_out,
        point.reml,
        df,
        information,
        level,
        design,
        inference,
        coordinates,
    )


def _criteria(design: Design, coordinates: _Coordinates, point: Point) -> tuple[float, float, float, float]:
    """Return the log-likelihood in the units of the data, AIC, AICC and BIC as SAS counts them."""
    observations, effects = design.matrix.shape
    free = observations - (effects if point.reml else 0)
    minus2 = point.minus2 + 2 * free * np.log(coordinates.unit)
    if point.reml:
        minus2 += 2 * np.log(np.abs(np.diag(coordinates.triangle))).sum()
    count = len(point.theta) + (0 if point.reml else effects)
    corrected = minus2 + 2 * count * free / (free - count - 1) if free > count + 1 else np.nan
    return (
        float(-minus2 / 2),
        float(minus2 + 2 * count),
        float(corrected),
        float(minus2 + count * np.log(design.subjects_read)),
    )


def _estimates(inference: Inference, combinations: Floats, unit: float, level: float) -> pd.DataFrame:
    found = inference.estimate(combinations, level)
    found[:, [ESTIMATES.index(name) for name in ("estimate", "se", "ci_low", "ci_high")]] *= unit
    return pd.DataFrame(found, columns=ESTIMATES)


def _independent(combinations: Floats) -> Floats:
    """Return the combinations that don't follow from those before them."""
    kept: list[int] = []
    for index in range(len(combinations)):
        if np.linalg.matrix_rank(combinations[[*kept, index]], tol=1e-10 * np.abs(combinations).max()) > len(
            kept
        ):
            kept.append(index)
    if not kept:
        raise ValueError("All weights are 0: there is nothing to test.")
    return combinations[kept]


def _label(name: Any) -> str:
    return ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)
