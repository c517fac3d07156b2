"""The list of tables and figures, in the order in which the report's pages show them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from csrkit.publish.fragments import Display
from csrkit.tables import escape

# What report pages include; it stands outside ``results/``, since it is no display itself.
PATH = Path("lists/displays.qmd")
_INCLUDE = re.compile(r"\{\{<\s*include\s+/results/[\w.-]+/([\w-]+)\.qmd\s*>\}\}")
_HEAD = (
    "| Display | What it shows and in which set of subjects |\n"
    "|:----------------|:--------------------------------------------------------------|\n"
)


def write_display_list(project: Path, chapters: Sequence[str], displays: Sequence[Display]) -> None:
    """Write the list as a fragment: a reference to each display and its caption.

    ``chapters`` are the pages in their order; only displays that one of them includes are listed.
    """
    captions = {display.label: display.caption for display in displays}
    lines = []
    for label in shown_labels(project, chapters):
        if caption := captions.get(label, ""):
            lines.append(f"| @{label} | {escape.markdown(caption)} |")
    path = project / PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def shown_labels(project: Path, chapters: Sequence[str]) -> list[str]:
    """Return the labels of the displays that the pages include, in the order of the report."""
    pages = [(project / chapter).read_text(encoding="utf-8") for chapter in chapters]
    return [label for page in pages for label in _INCLUDE.findall(page)]
