"""The documentation of statistical methods: each method of the result rows, its software, its displays."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from csrkit.publish.lists import shown_labels
from csrkit.tables import escape
from csrkit.tables.words import capitalize, join
from itpcsr.analysis.tested import DESCRIPTIVE, OWN, displays_of_tests, software_of
from itpcsr.study import Study

PATH = Path("lists/methods.qmd")
_NAMES = {"numpy": "NumPy", "pingouin": "Pingouin", "scipy": "SciPy", OWN: f"this project ({OWN})"}
_NOT_STATED = "not stated"
_HEAD = (
    "| Method | Software | Displays |\n"
    "|:------------------------------|:------------------|:----------------------------|\n"
)
_DESCRIPTIVE = (
    "Counts, percentages, means, standard deviations, medians and extremes name no method in the result "
    "rows; they are computed by {software}."
)


def write_method_list(project: Path, chapters: Sequence[str], rows: pd.DataFrame, study: Study) -> None:
    """Write the list as a fragment; only displays that one of the pages includes are named.

    The versions are those of the packages installed where the report is assembled, which are also those
    of the manifest. The method of a p-value is that of the table of tests which shows it.
    """
    rows = displays_of_tests(rows, study)
    shown = list(dict.fromkeys(shown_labels(project, chapters)))
    named = rows.loc[(rows["method"] != "") & rows["display"].isin(shown), ["method", "display"]]
    methods = {str(method): set(part) for method, part in named.groupby("method")["display"]}
    lines = [
        _line(method, [label for label in shown if label in methods[method]])
        for method in sorted(methods, key=str.casefold)
    ]
    table = _HEAD + "".join(lines) + "\n" if lines else ""
    path = project / PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(table + _DESCRIPTIVE.format(software=_software(DESCRIPTIVE)) + "\n", encoding="utf-8")


def _line(method: str, labels: Sequence[str]) -> str:
    references = ", ".join(f"@{label}" for label in labels)
    return f"| {escape.markdown(_title(method))} | {_software(software_of(method))} | {references} |\n"


def _title(method: str) -> str:
    """Return the method with a capital, but for one that begins with a symbol (t interval)."""
    return method if method[1:2] == " " else capitalize(method)


def _software(packages: Sequence[str]) -> str:
    """Return names and versions in words."""
    return join([f"{_NAMES.get(name, name)} {version(name)}" for name in packages]) or _NOT_STATED
