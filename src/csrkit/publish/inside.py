"""Keep what a report version names within its project, and the place of its data out of what it publishes."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from csrkit.errors import ParameterError
from csrkit.parameters.report import Report

_NOTEBOOK = re.compile(r"[A-Za-z0-9][\w.-]*")


def kept_inside(report: Report, root: Path) -> Report:
    """Return the report with the study file and the pages as paths from the project's root.

    Raises ParameterError where one of them, or a notebook, lies elsewhere: it would be read, hashed and
    published from a place that isn't part of the project.
    """
    for name in report.notebooks:
        if not _NOTEBOOK.fullmatch(name) or ".." in name:
            raise ParameterError(
                f"notebooks: {name!r} is no name of a notebook in notebooks/. Write it without folder and "
                "without .ipynb, e.g. 30-efficacy."
            )
    named = {"study": report.study, "pages": report.pages}
    return report.model_copy(
        update={name: _inside(name, path, root) for name, path in named.items() if path is not None}
    )


def _inside(name: str, path: Path, root: Path) -> Path:
    # by names, not by where links lead: a project may be made of links
    base = Path.cwd() / root
    relative = Path(os.path.relpath(base / path, base))
    if relative.parts[:1] == ("..",):
        raise ParameterError(
            f"{name}: {path} lies outside of the project's folder. Copy it into the project, and name it "
            "from there."
        )
    return relative


def shown_data(data: Sequence[Path], work: Path) -> list[Path]:
    """Return the places from which notebooks read the data: an absolute one gives way to a link in ``work``.

    The published notebooks show these places, and an absolute one tells of users and servers.
    """
    return [work / "data" / str(number) / path.name if path.is_absolute() else path
            for number, path in enumerate(data, start=1)]  # fmt: skip


def link_data(data: Sequence[Path], work: Path) -> None:
    """Make the links that ``shown_data`` names, anew."""
    shutil.rmtree(work / "data", ignore_errors=True)
    for path, shown in zip(data, shown_data(data, work), strict=True):
        if path != shown:
            shown.parent.mkdir(parents=True, exist_ok=True)
            shown.symlink_to(path)
