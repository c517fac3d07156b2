"""The values that report pages quote: result rows as text, by a path that says what they are."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pandas as pd

from csrkit.disclosure.small_counts import is_suppressed
from csrkit.errors import RenderError
from csrkit.rows import absence
from csrkit.tables import formats
from csrkit.tables.formats import SUPPRESSED
from csrkit.vocabulary import LEVEL, limits_of, whole_name

NOT_AVAILABLE = "not available"
NOT_TOLD = "[suppressed]"
AMBIGUOUS = "ambiguous: two results share this name"
NOT_SHOWN = "not part of this version"
_QUOTED = re.compile(r"\{\{<\s*var\s+([\w.]+)\s*>\}\}")
_CELL = ("analysis", *LEVEL, "visit", "group")
_RATE = ("n", "N", "percent", *limits_of("percent"))


def collect_variables(
    rows: pd.DataFrame, confidence: float, decimals: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Return nested names for ``{{< var … >}}``: display, analysis, level or visit, column, statistic.

    ``tbl_response.overall.responder.total.text`` is ``8 of 18 (44.4%; 95% CI 21.5 to 69.2)``. Each number
    also stands alone: ``….total.n``, ``….total.percent``, ``….total.ci_low_of_percent``; a group's size
    without count is ``n``, too. A level's category stands before it. Hyphens and spaces become underscores;
    empty parts of a path are left out. ``decimals`` are those of the data by analysis, category or level:
    means get one more; data that it doesn't name are whole.
    """
    variables: dict[str, Any] = {}
    known = decimals or {}
    for display, part in rows.groupby("display", sort=False):
        if absence(part):
            _put(variables, [str(display), "absent"], absence(part))
            continue
        for path, values in _cells(part).items():
            own = next((known[part] for part in path[:-2] if part in known), 0)
            for name, text in _texts(values, own, confidence).items():
                _put(variables, [str(display), *path, name], NOT_TOLD if SUPPRESSED in text else text)
    return variables


def list_variables(tree: Mapping[str, Any], path: str = "") -> str:
    """Return a line for each value, its name as pages quote it and its text; the lines are YAML."""
    lines = []
    for name, value in tree.items():
        own = f"{path}{name}"
        is_text = not isinstance(value, dict)
        lines.append(
            f"{own}: {json.dumps(value, ensure_ascii=False)}\n"
            if is_text
            else list_variables(value, f"{own}.")
        )
    return "".join(lines)


def fill_absent(variables: dict[str, Any], pages: Iterable[str], hidden: AbstractSet[str]) -> None:
    """Give values that this version can't have a text in place of the number.

    A value quoted from a display without data becomes "not available", one of a column that the version
    doesn't show (``cohorts``) "not part of this version". Any other unknown name stays an error of the
    page, which the renderer reports with its line. Raises RenderError for a name that two results share.
    """
    for name in quoted_names(pages):
        path = name.split(".")
        if look_up(variables, path) == AMBIGUOUS:
            raise RenderError(
                f"The pages quote {name}: two results share this name, which differ in signs alone."
            )
        if "absent" in variables.get(path[0], {}):
            _fill(variables, path, NOT_AVAILABLE)
        elif hidden & set(path):
            _fill(variables, path, NOT_SHOWN)


def quoted_names(pages: Iterable[str]) -> list[str]:
    """Return the names that pages quote by ``{{< var … >}}``, each once, by the alphabet."""
    return sorted({name for text in pages for name in _QUOTED.findall(text)})


def keep_quoted(variables: Mapping[str, Any], pages: Iterable[str]) -> dict[str, Any]:
    """Return only the values that pages quote, under the same nested names.

    Quarto hands all values of ``_variables.yml`` to each run of pandoc and to each filter: fifty thousand of
    them cost six times the time that a page takes without. A name without a value is left out.
    """
    kept: dict[str, Any] = {}
    for name in quoted_names(pages):
        path = name.split(".")
        value = look_up(variables, path)
        if value is not None and not isinstance(value, dict):
            _fill(kept, path, value)
    return kept


def _cells(part: pd.DataFrame) -> dict[tuple[str, ...], dict[str, float]]:
    """Return the statistics of each cell of a display: analysis, level, visit and column lead to them."""
    cells: dict[tuple[str, ...], dict[str, float]] = {}
    columns = [part[name].tolist() for name in (*_CELL, "statistic", "of", "value", "reason")]
    for *path, statistic, of, value, reason in zip(*columns, strict=True):
        shown = formats.Suppressed() if is_suppressed(reason) else value
        cells.setdefault(tuple(map(str, path)), {})[whole_name(statistic, of)] = shown
    return cells


def look_up(tree: Any, path: Sequence[str]) -> Any:
    """Return the value at a path of nested names, or None."""
    for part in path:
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _fill(tree: dict[str, Any], path: list[str], text: Any) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree.setdefault(path[-1], text)


def _texts(values: dict[str, float], decimals: int, confidence: float) -> dict[str, str]:
    texts = {name: formats.format_statistic(name, value, decimals) for name, value in values.items()}
    if {"n", "N"} <= set(values):
        del texts["N"]  # names have no capitals; this N is in the text
        n, total, percent, low, high = (values.get(name, math.nan) for name in _RATE)
        texts["text"] = formats.format_rate(n, total, percent, low, high, confidence)
    return texts


def _put(tree: dict[str, Any], path: list[str], text: str) -> None:
    """Set a value by its path. A name without a letter or digit of ASCII can't be quoted and has none.

    Two names that differ only in signs ("follow-up", "follow up") share a path: it then says so.
    """
    slugs = [slugify(name) for name in path if name]
    if not all(slugs):
        return
    for name in slugs[:-1]:
        tree = tree.setdefault(name, {})
    tree[slugs[-1]] = text if slugs[-1] not in tree else AMBIGUOUS


@functools.cache
def slugify(text: str) -> str:
    """Return text as part of a variable's path: lower case, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
