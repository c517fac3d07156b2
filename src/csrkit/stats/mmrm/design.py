"""From a formula to the design: the rows that count, levels of factors, LS means, type III hypotheses."""

from __future__ import annotations

import ast
import difflib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import patsy
import patsy.builtins
from numpy.typing import NDArray

from csrkit.errors import DataError
from csrkit.stats.estimation import QUIET, NotSettledError

Floats = NDArray[np.floating[Any]]
_DEPENDENT = 1e-9  # share of a column that the columns before it leave unexplained, below which it's none


class _FromMean:
    """Coding of a factor whose effects are levels less the first one, around the mean of all levels."""

    def code_without_intercept(self, levels: Sequence[Any]) -> patsy.ContrastMatrix:
        coding = np.eye(len(levels))[:, 1:] - 1 / len(levels)
        return patsy.ContrastMatrix(coding, [f"[{level}]" for level in levels[1:]])

    def code_with_intercept(self, levels: Sequence[Any]) -> patsy.ContrastMatrix:
        return patsy.ContrastMatrix(np.eye(len(levels)), [f"[{level}]" for level in levels])


_ENVIRONMENT = patsy.EvalEnvironment([{"np": np, "_FromMean": _FromMean}])


@dataclass(frozen=True)
class Design:
    """The rows that count, by subject and visit, and their design.

    ``frame`` has a row for each observation, with the formula's variables; ``subject`` and ``visit`` number
    its subjects and visits, ``visits`` names these. ``left_out`` counts the rows left out, by what is
    missing; ``subjects_read`` the subjects before that.
    """

    frame: pd.DataFrame
    info: patsy.DesignInfo
    matrix: Floats
    response: Floats
    subject: NDArray[np.integer[Any]]
    visit: NDArray[np.integer[Any]]
    visits: tuple[str, ...]
    left_out: dict[str, int]
    subjects_read: int

    @property
    def terms(self) -> list[str]:
        """The names of the design's columns."""
        return list(self.info.column_names)

    def levels(self) -> dict[str, list[Any]]:
        """Return the levels of each variable that the formula takes as a factor."""
        found = {}
        for factor, about in self.info.factor_infos.items():
            for name in _names(factor.code, self.frame.columns) if about.type == "categorical" else ():
                column = self.frame[name]
                categorical = isinstance(column.dtype, pd.CategoricalDtype)
                found[name] = list(column.cat.categories) if categorical else sorted(column.unique())
        return found

    def weights(self, by: Sequence[str], at: Mapping[str, Any]) -> pd.DataFrame:
        """Return the combinations of effects whose values are the LS means: levels × terms.

        Equal weights over the levels of factors that ``by`` doesn't name, covariates at their mean over the
        observations, as R's emmeans has them; ``at`` holds values or levels instead, one or several.
        """
        levels = self.levels()
        variables = [
            name
            for name in self.frame.columns
            if any(name in _names(factor.code, [name]) for factor in self.info.factor_infos)
        ]
        for name in [*by, *at]:
            if name not in variables:
                raise ValueError(f"The formula has no variable {name}.{_nearest(name, variables)}")
        values: dict[str, list[Any]] = {}
        for name in [*by, *(name for name in variables if name not in by)]:
            if name in at:
                given = at[name]
                values[name] = list(given) if isinstance(given, (list, tuple, np.ndarray)) else [given]
                unknown = [value for value in values[name] if name in levels and value not in levels[name]]
                if unknown:
                    raise ValueError(f"{name} has no level {unknown[0]!r}; it has {_listed(levels[name])}.")
            elif name in levels:
                values[name] = levels[name]
            elif name in by:
                raise ValueError(f'{name} is a covariate: say at which values, as at={{"{name}": [10, 20]}}.')
            else:
                values[name] = [float(self.frame[name].mean())]
        rows = pd.DataFrame(list(itertools.product(*values.values())), columns=list(values))
        for name in rows.columns.intersection(list(levels)):
            if isinstance(self.frame[name].dtype, pd.CategoricalDtype):
                rows[name] = pd.Categorical(rows[name], categories=levels[name])
        grid = np.asarray(patsy.build_design_matrices([self.info], rows)[0], dtype=float)
        shown = list(itertools.product(*(values[name] for name in by)))
        means = np.broadcast_to(grid, (max(len(rows), 1), grid.shape[1]))
        means = means.reshape(len(shown), -1, grid.shape[1]).mean(axis=1)
        index = pd.MultiIndex.from_tuples(shown, names=list(by)) if by else None
        return pd.DataFrame(means, index=index, columns=self.terms)

    def hypotheses(self) -> dict[str, Floats]:
        """Return the type III hypothesis of each term but the intercept: combinations × terms of the design.

        As SAS has them in a design without empty cells: levels of a factor less the first one, averaged over
        the other factors with equal weights, and where covariates that it interacts with are 0. The choice of
        combinations for one hypothesis matters to Satterthwaite's degrees of freedom alone.
        """
        around = [
            patsy.Term([self._from_mean(factor) for factor in term.factors]) for term in self.info.terms
        ]
        with np.errstate(**QUIET):
            coded = patsy.dmatrix(patsy.ModelDesc([], around), self.frame, eval_env=_ENVIRONMENT)
        matrix = np.broadcast_to(np.asarray(coded), (len(self.matrix), coded.shape[1]))
        recoded = np.linalg.lstsq(matrix, self.matrix, rcond=None)[0]
        return {
            term.name(): recoded[coded.design_info.term_slices[recentred]]
            for term, recentred in zip(self.info.terms, around, strict=True)
            if term.factors
        }

    def _from_mean(self, factor: patsy.EvalFactor) -> patsy.EvalFactor:
        if self.info.factor_infos[factor].type != "categorical":
            return factor
        return patsy.EvalFactor(f"C({factor.code}, _FromMean())")


def read_design(frame: pd.DataFrame, formula: str, visit: str, subject: str, ordered: bool) -> Design:
    """Read a formula over a frame; ``ordered`` where the covariance depends on the order of visits.

    Raises
    ------
    ValueError
        The formula can't be read, or names a column that isn't there.
    DataError
        A subject has a visit twice, a value isn't finite, or the order of the visits isn't known.
    NotSettledError
        No row is left, or a column of the design follows from others.
    """
    described = _parse(formula)
    of_response = _variables(described.lhs_termlist, frame)
    of_covariates = _variables(described.rhs_termlist, frame)
    for name in (visit, subject):
        if name not in frame.columns:
            raise ValueError(f"The frame has no column {name}.{_nearest(name, frame.columns)}")
    used = list(dict.fromkeys([subject, visit, *of_response, *of_covariates]))
    rows = frame[used].reset_index(drop=True)
    left_out, rows = _leave_out(
        rows, {"subject": [subject], "visit": [visit], "response": of_response, "covariate": of_covariates}
    )
    if rows.empty:
        raise NotSettledError("no row has subject, visit, response and covariates")
    visits = _order_visits(rows[visit], ordered)
    number = {name: index for index, name in enumerate(visits)}
    rows = rows.assign(**{name: _settle_type(rows[name]) for name in used if name != subject})
    if isinstance(rows[visit].dtype, pd.CategoricalDtype):
        rows[visit] = pd.Categorical(rows[visit], categories=visits)
    order = pd.DataFrame({"subject": rows[subject].astype(str), "visit": rows[visit].map(number).astype(int)})
    order = order.sort_values(["subject", "visit"], kind="stable")
    _check_once(order, visits)
    rows = rows.loc[order.index].reset_index(drop=True)
    response, design = _matrices(described, rows, order, visits)
    _check_rank(np.asarray(design), design.design_info.column_names)
    return Design(
        rows,
        design.design_info,
        np.asarray(design),
        response,
        pd.factorize(order["subject"])[0],
        order["visit"].to_numpy(),
        tuple(str(name) for name in visits),
        left_out,
        frame[subject].nunique(),
    )


def _parse(formula: str) -> patsy.ModelDesc:
    try:
        described = patsy.ModelDesc.from_formula(formula)
    except (patsy.PatsyError, SyntaxError) as failure:
        raise ValueError(f"The formula {formula!r} can't be read: {failure}") from failure
    if len(described.lhs_termlist) != 1:
        raise ValueError(f"The formula {formula!r} has to name one response before ~.")
    return described


def _names(code: str, columns: Iterable[str]) -> list[str]:
    """Return the columns that a factor's code reads, by name or as Q("name")."""
    tree = ast.parse(code, mode="eval")
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    quoting = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Q"
    ]  # fmt: skip
    names |= {
        node.value for call in quoting for node in ast.walk(call)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }  # fmt: skip
    return [name for name in columns if name in names]


def _variables(terms: Sequence[patsy.Term], frame: pd.DataFrame) -> list[str]:
    found: dict[str, None] = {}
    for factor in dict.fromkeys(factor for term in terms for factor in term.factors):
        read = _names(factor.code, frame.columns)
        loose = [node.id for node in ast.walk(ast.parse(factor.code)) if isinstance(node, ast.Name)]
        strangers = [name for name in loose if name not in {*read, "np", *patsy.builtins.__all__}]
        if strangers or not read:
            name = (strangers or [factor.code])[0]
            raise ValueError(
                f"The formula names {name}, which is no column of the frame.{_nearest(name, frame.columns)}"
            )
        found.update(dict.fromkeys(read))
    return list(found)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [str(column) for column in known], 1)
    return f" The nearest name is {near[0]}." if near else f" It has {_listed(known)}."


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values)


def _leave_out(rows: pd.DataFrame, parts: Mapping[str, list[str]]) -> tuple[dict[str, int], pd.DataFrame]:
    """Leave out the rows where something is missing; each is counted for the first part that is."""
    counts = {}
    kept = np.ones(len(rows), dtype=bool)
    for part, columns in parts.items():
        missing = np.zeros(len(rows), dtype=bool)
        for name in columns:
            missing |= rows[name].isna().to_numpy()
            if not pd.api.types.is_numeric_dtype(rows[name]):
                missing |= (rows[name].astype(object) == "").to_numpy(dtype=bool)
        counts[part] = int((kept & missing).sum())
        kept &= ~missing
    return counts, rows[kept]


def _settle_type(column: pd.Series) -> pd.Series:
    """Return numbers as numbers, whole ones as integers, all else as a factor of the levels that occur."""
    column = column.infer_objects()
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.remove_unused_categories()
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=float)
        whole = (
            np.isfinite(values).all() and (values == np.floor(values)).all() and np.abs(values).max() < 1e15
        )
        return pd.Series(values.astype("int64") if whole else values, index=column.index)
    return pd.Series(pd.Categorical(column), index=column.index)


def _order_visits(column: pd.Series, ordered: bool) -> list[Any]:
    """Return the visits in their order: of categories, of numbers, or of the number in their names."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.remove_unused_categories().cat.categories)
    if pd.api.types.is_numeric_dtype(column):
        return list(_settle_type(column).drop_duplicates().sort_values())
    names = sorted(column.unique())
    numbers = [re.findall(r"\d+(?:\.\d+)?", str(name)) for name in names]
    stems = {re.sub(r"\d+(?:\.\d+)?", "", str(name)) for name in names}
    if len(stems) == 1 and all(len(found) == 1 for found in numbers):
        return [name for _, name in sorted(zip((float(found[0]) for found in numbers), names, strict=True))]
    if ordered:
        raise DataError(
            f"This covariance depends on the order of visits, which isn't known of {_listed(names)} "
            f"({column.name}). Give {column.name} as a pandas Categorical whose categories are in their "
            "order, or name a column with the visits' numbers."
        )
    return names


def _check_once(order: pd.DataFrame, visits: Sequence[Any]) -> None:
    twice = order[order.duplicated()]
    if twice.empty:
        return
    first = twice.iloc[0]
    others = "" if len(twice) == 1 else f", and {len(twice) - 1} more such rows"
    raise DataError(
        f"Subject {first['subject']} has two rows with visit {visits[first['visit']]}{others}. "
        "Keep one row for each subject and visit."
    )


def _matrices(
    described: patsy.ModelDesc, rows: pd.DataFrame, order: pd.DataFrame, visits: Sequence[Any]
) -> tuple[Floats, patsy.DesignMatrix]:
    raised = patsy.NAAction(NA_types=[])
    try:
        with np.errstate(**QUIET):
            found, design = patsy.dmatrices(described, rows, eval_env=_ENVIRONMENT, NA_action=raised)
    except patsy.PatsyError as failure:
        raise ValueError(f"The formula can't be read: {str(failure).splitlines()[0]}") from failure
    response = np.asarray(found, dtype=float)
    if response.shape[1] != 1:
        raise ValueError(f"The response {described.lhs_termlist[0].name()} isn't a number.")
    for name, values in (("response", response), ("design", np.asarray(design))):
        bad = ~np.isfinite(values).all(axis=1)
        if bad.any():
            first = order.iloc[int(np.argmax(bad))]
            raise DataError(
                f"The {name} of subject {first['subject']} at visit {visits[first['visit']]} isn't a finite "
                "number. Mend the value, or leave the row out."
            )
    return response[:, 0], design


def _check_rank(matrix: Floats, names: Sequence[str]) -> None:
    length = np.linalg.norm(matrix, axis=0)
    triangle = np.linalg.qr(matrix / np.where(length > 0, length, 1), mode="r")
    left = np.zeros(len(names))
    left[: len(triangle)] = np.abs(np.diag(triangle))
    dependent = [name for name, share in zip(names, left, strict=True) if not share > _DEPENDENT]
    if dependent:
        raise NotSettledError(
            f"the design has {len(names)} effects and a rank of {len(names) - len(dependent)}: "
            f"{_listed(dependent)} follow from the others. Leave a term out, or pool levels."
        )
