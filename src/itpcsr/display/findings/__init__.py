"""What each chart shows, said in a sentence or two for readers who can't see it, and their pieces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from csrkit.tables import words
from csrkit.tables.formats import format_count
from csrkit.tables.lookup import Lookup
from itpcsr.study import Study

# The pieces that findings are composed of.


def of(n: float, total: float, noun: str = "") -> str:
    """Return ``3 of 18``, or with a noun ``3 of 18 subjects``, ``1 of 1 subject``; NE for NaN."""
    return f"{format_count(n)} of {words.plural(total, noun) if noun else format_count(total)}"


def few(items: Sequence[str], most: int) -> str:
    """Return the first items joined, and how many more there are: ``a, b and 2 more``."""
    shown, left = list(items[:most]), len(items) - most
    return f"{', '.join(shown)} and {left} more" if left > 0 else words.join(shown)


def by_group(lookup: Lookup, analysis: str, level: str, names: Mapping[str, str]) -> str:
    """Return the subjects counted in each group: ``0.5 mg 3 of 3, 1.0 mg 0 of 3``; no empty groups."""
    sizes = {key: lookup.peek(analysis, key, "N", level) for key in names}
    return counted(
        (name, lookup.peek(analysis, key, "n", level), sizes[key])
        for key, name in names.items()
        if sizes[key] > 0
    )


def counted(items: Iterable[tuple[str, float, float]]) -> str:
    """Return ``ALT 6 of 18, AST 4 of 18`` of names, numbers and totals."""
    return ", ".join(f"{name} {of(n, total)}" for name, n, total in items)


def whole(study: Study) -> str:
    """Return the key of the report's last column, which holds all subjects reported."""
    return study.design.columns[-1].key


def single_arms(study: Study) -> dict[str, str]:
    """Return the columns that hold one arm, with the arm's own label: columns may share theirs."""
    arms = {arm.code: arm.label for arm in study.design.arms}
    return {column.key: arms[column.arms[0]] for column in study.design.columns if len(column.arms) == 1}
