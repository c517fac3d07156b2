"""The result rows of executed notebooks, which their labelled displays carry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from csrkit.carried import MIME, name_display, rows_from_json
from csrkit.errors import DataError, NotebookError
from csrkit.paths import from_root
from csrkit.publish.fragments import labelled_cells, output_of
from csrkit.rows import FILE, combine, make_rows, read_rows


def collect_rows(notebook: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Return the rows that the labelled displays of an executed notebook carry, each named by its label.

    Raises NotebookError, with ``name``, where a display carries rows of another, and ValueError where two
    rows have the same key.
    """
    found = [make_rows(pd.DataFrame({"statistic": [], "value": []}))]
    for options, cell in labelled_cells(notebook, name):
        label, shown = str(options["label"]), output_of(cell)
        if MIME in shown:
            rows = name_display(rows_from_json(shown[MIME]), label)
            if others := sorted(set(rows["display"]) - {label}):
                raise NotebookError(
                    f"{name}, {label}: the display carries result rows of {', '.join(others)}. Leave their "
                    "`display` empty: the cell's label names them."
                )
            found.append(rows)
    return combine(*found) if len(found) > 1 else found[0]


def gather_rows(folders: Iterable[str | Path]) -> pd.DataFrame:
    """Return the result rows of other notebooks, from folders that start at the project's root.

    A folder holds the rows of one notebook as a build writes them, a folder for each of several, or executed
    copies of notebooks. No rows without folders. Raises DataError for a folder with none of them.
    """
    frames = []
    for folder in folders:
        path = from_root(folder)
        written = [path] if (path / FILE).exists() else sorted(one.parent for one in path.glob(f"*/{FILE}"))
        executed = [] if written else sorted(path.glob("*.ipynb"))
        if not written and not executed:
            raise DataError(
                f"{path}: holds neither result rows ({FILE}) nor executed notebooks. Run the notebooks that "
                "this one reads first."
            )
        frames += [read_rows(one) for one in written]
        frames += [collect_rows(json.loads(one.read_text(encoding="utf-8")), one.stem) for one in executed]
    return pd.concat(frames, ignore_index=True) if frames else make_rows(pd.DataFrame())
