"""A notebook as it is committed, hashed and run: without outputs, which name subjects, and without noise.

Git calls this file as a filter, with whatever Python is at hand and before anything is installed, so it needs
nothing but the standard library. What it keeps is listed, the rest goes: nbstripout lists what goes, keeps
outputs where a cell's tag asks for it, and takes away the kernel's name, for which JupyterLab then asks.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CURE = "make strip"
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_KEPT = ("attachments", "cell_type", "id")


def make_plain(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person wrote of a notebook (format 4): cells with source, tags and attachments.

    Outputs, execution counts and all other metadata are gone; the kernel is called ``python3``.

    Raises
    ------
    ValueError
        It is no notebook of format 4.
    """
    if not isinstance(notebook, Mapping) or notebook.get("nbformat") != 4 or "cells" not in notebook:
        raise ValueError("holds no notebook of format 4")
    return {
        "cells": [_plain_cell(cell) for cell in notebook["cells"]],
        "metadata": _METADATA,
        "nbformat": 4,
        "nbformat_minor": notebook.get("nbformat_minor", 5),
    }


def _plain_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    tags = cell.get("metadata", {}).get("tags")
    plain = {name: cell[name] for name in _KEPT if name in cell}
    plain |= {"metadata": {"tags": tags} if tags else {}, "source": "".join(cell["source"])}
    return plain | ({"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {})


def plain_text(text: str) -> str:
    """Return the plain notebook of a notebook's text, written as Jupyter writes it.

    Raises ValueError for what is no JSON or no notebook of format 4.
    """
    plain = make_plain(json.loads(text))
    cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in plain["cells"]]
    return json.dumps({**plain, "cells": cells}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Filter standard input for git, check files, or make them plain; return the exit code."""
    parser = argparse.ArgumentParser(description="Take outputs and noise out of notebooks.")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where outputs are")
    parser.add_argument("--filter", metavar="NAME", help="standard input to standard output, for git")
    given = parser.parse_args()
    try:
        if given.filter is not None:
            sys.stdout.buffer.write(_plain(sys.stdin.buffer.read(), given.filter))
            return 0
        plain = {path: _plain(path.read_bytes(), str(path)) for path in given.files}
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    changed = [path for path, content in plain.items() if path.read_bytes() != content]
    for path in [] if given.check else changed:
        path.write_bytes(plain[path])
    if given.check and changed:
        names = ", ".join(map(str, changed))
        print(f"{names}: holds outputs, which may name subjects, or noise. Run: {CURE}", file=sys.stderr)
    return int(given.check and bool(changed))


def _plain(content: bytes, name: str) -> bytes:
    try:
        return plain_text(content.decode("utf-8")).encode("utf-8")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{name}: is no notebook that outputs can be taken from ({error}). Take out the marks of a "
            "merge, or save it again in JupyterLab."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
