"""Render the assembled book: by Quarto where it is on the PATH, else by the embedded renderer."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from itpcsr.build import embedded
from itpcsr.errors import RenderError
from itpcsr.study import Report

Engine = Literal["auto", "quarto", "embedded"]
MINIMUM_QUARTO = (1, 7)


def choose_engine(engine: Engine) -> Literal["quarto", "embedded"]:
    """Return the renderer to use; ``auto`` takes Quarto where a recent one is on the PATH.

    Raises RenderError when Quarto is asked for and isn't there or is too old.
    """
    if engine == "embedded":
        return "embedded"
    version = quarto_version()
    if version is not None and version >= MINIMUM_QUARTO:
        return "quarto"
    if engine == "auto":
        return "embedded"
    found = "is not on the PATH" if version is None else f"is version {'.'.join(map(str, version))}"
    raise RenderError(
        f"Quarto {found}; version {'.'.join(map(str, MINIMUM_QUARTO))} or later is needed. "
        "Install it (conda-forge has it: environment.yml) or use --engine embedded."
    )


def quarto_version() -> tuple[int, ...] | None:
    """Return the version of the Quarto on the PATH, or None without one."""
    if shutil.which("quarto") is None:
        return None
    result = subprocess.run(["quarto", "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"\d+(?:\.\d+)+", result.stdout)
    return tuple(int(part) for part in match.group().split(".")) if match else None


def renderer_name(engine: Literal["quarto", "embedded"]) -> str:
    """Return name and version of the renderer, as the report states it."""
    if engine == "embedded":
        return embedded.version()
    return f"Quarto {'.'.join(map(str, quarto_version() or ()))}"


def render(
    project: Path, report: Report, engine: Literal["quarto", "embedded"], say: Callable[[str], None]
) -> Path:
    """Render the project to HTML, PDF and Word; return the folder with the three."""
    if engine == "embedded":
        return embedded.render(project, report=say)
    return _render_quarto(project, report, say)


def _render_quarto(project: Path, report: Report, say: Callable[[str], None]) -> Path:
    midnight = dt.datetime.combine(report.date, dt.time(), tzinfo=dt.UTC)
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(int(midnight.timestamp())),
        "TZ": "UTC",
        "TYPST_IGNORE_SYSTEM_FONTS": "true",  # those of the project alone, as the embedded renderer does it
    }
    say("Quarto renders HTML, PDF and Word")
    result = subprocess.run(
        ["quarto", "render", str(project)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    if result.returncode != 0:
        raise RenderError(f"Quarto could not render {project}:\n{(result.stdout + result.stderr)[-3000:]}")
    return project / "_book"
