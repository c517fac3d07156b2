"""Designs of linear models as SAS has them, and what can be estimated and tested in them.

The design holds a column for each level of a factor, so that columns follow from others. One general form of
what can be estimated then serves least-squares means and hypotheses alike, with combinations of factors that
have no subjects, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg

Floats = NDArray[np.float64]
Term = tuple[str, ...]
_NEAR = 1e-8  # relative: columns this near to a sum of others follow from them


class Design:
    """The design of a linear model with an intercept.

    Parameters
    ----------
    frame
        Records without missing values; factors hold texts, all else numbers.
    factors
        The variables that are categories.
    terms
        The variables that are multiplied in each term, such as ``[("ARM",), ("BASE",), ("ARM", "BASE")]``.

    Attributes
    ----------
    levels
        The levels of each factor, in their order.
    matrix
        Records × columns: the intercept, and a column for each combination of levels of a term.
    term
        The place of each column's term; -1 for the intercept.
    kept
        Places of the columns that don't follow from those before them: what is fitted.
    basis
        Columns kept × all columns: each column as a sum of those kept. Its rows span all linear functions of
        the parameters that can be estimated (SAS's general form).
    """

    def __init__(self, frame: pd.DataFrame, factors: Sequence[str], terms: Sequence[Term]) -> None:
        """Build the columns and find which of them follow from others."""
        self.terms = tuple(terms)
        self.levels = {name: sorted(frame[name].unique()) for name in factors}
        self.matrix, self.term = self.columns(frame)
        self.kept = _independent(self.matrix)
        basis = np.linalg.lstsq(self.matrix[:, self.kept], self.matrix)[0]
        self.basis = np.where(np.abs(basis) < _NEAR, 0.0, basis)  # binary noise would blur what is orthogonal

    def columns(self, frame: pd.DataFrame) -> tuple[Floats, NDArray[np.int64]]:
        """Return the columns for any records of the same variables, and the place of each column's term."""
        parts, places = [np.ones((len(frame), 1))], [np.array([-1])]
        for place, term in enumerate(self.terms):
            part = np.ones((len(frame), 1))
            for name in term:
                own = self._own(frame, name)
                width = part.shape[1] * own.shape[1]
                part = (part[:, :, None] * own[:, None, :]).reshape(len(frame), width)
            parts.append(part)
            places.append(np.full(part.shape[1], place))
        return np.hstack(parts), np.concatenate(places)

    def _own(self, frame: pd.DataFrame, name: str) -> Floats:
        if name not in self.levels:
            return frame[[name]].to_numpy("float64")
        levels = np.array(self.levels[name], dtype="object")
        return np.asarray(frame[name].to_numpy("object")[:, None] == levels, dtype="float64")

    def can_estimate(self, functions: Floats) -> NDArray[np.bool_]:
        """Tell of each linear function, a row over all columns, whether it can be estimated.

        Its estimate is then that of ``functions[:, kept]`` over the columns kept.
        """
        scale = np.abs(functions).max(axis=1, initial=1.0)
        gap = np.abs(functions - functions[:, self.kept] @ self.basis).max(axis=1)
        return np.asarray(gap < _NEAR * scale)

    def hypothesis(self, term: Term) -> Floats:
        """Return the type III hypothesis of a term over the columns kept, a row for each degree of freedom.

        These are the estimable functions of the term and of those that contain it, orthogonal to those of
        the latter alone (Goodnight 1978, SAS Technical Report R-101; "The Four Types of Estimable Functions"
        in SAS/STAT). With subjects in all cells this is the test of sum-to-zero contrasts. There is no row
        where nothing is left to test.

        >>> frame = pd.DataFrame({"ARM": ["A", "A", "B", "B"], "X": [1.0, 2.0, 1.0, 3.0]})
        >>> Design(frame, ["ARM"], [("ARM",), ("X",)]).hypothesis(("ARM",)).shape  # over 1, A and X
        (1, 3)
        """
        place = self.terms.index(term)
        above = [number for number, other in enumerate(self.terms) if self._contains(other, term)]
        own = self._functions_of([place, *above])
        if above:
            higher = self._functions_of(above)
            higher = linalg.orth(higher, rcond=_NEAR) if higher.size else higher
            own = own - higher @ (higher.T @ own)
        size = np.abs(own).max(initial=0.0)
        rows = linalg.orth(own, rcond=_NEAR).T if size > _NEAR else own[:, :0].T
        return np.asarray(rows[:, self.kept])

    def _functions_of(self, places: Iterable[int]) -> Floats:
        """Return the estimable functions that involve no other terms than these, one in each column."""
        outside = self.basis[:, ~np.isin(self.term, list(places))]
        return np.asarray(self.basis.T @ linalg.null_space(outside.T, rcond=_NEAR))

    def _contains(self, term: Term, other: Term) -> bool:
        """Tell whether a term has the same covariates as another and more factors, those of the other all."""
        more = set(term) - set(other)
        return bool(more) and set(other) <= set(term) and more <= set(self.levels)


def _independent(matrix: Floats) -> NDArray[np.int64]:
    """Return the places of the columns that don't follow from those before them."""
    kept: list[int] = []
    found = np.zeros((len(matrix), 0))
    for place, column in enumerate(matrix.T):
        rest = column - found @ (found.T @ column)
        rest = rest - found @ (found.T @ rest)  # twice, since the first leaves binary noise
        size = np.linalg.norm(rest)
        if size > _NEAR * np.linalg.norm(column):
            kept.append(place)
            found = np.column_stack([found, rest / size])
    return np.array(kept, dtype="int64")
