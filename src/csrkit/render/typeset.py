"""Typst in a process of its own: what it keeps of a large report, gigabytes, goes when that ends.

Run as a module, this is that process; it imports Typst alone.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from csrkit.errors import RenderError

_NO_WORD = "Typst ended without a message; most often the memory was exhausted."


def typeset(source: bytes, settings: Mapping[str, Any]) -> tuple[bytes, list[str]]:
    """Return the PDF of a Typst source and Typst's warnings; ``settings`` are arguments of ``typst.compile``.

    Raises
    ------
    RenderError
        With what Typst said, one fault a paragraph.
    """
    done = subprocess.run(
        [sys.executable, "-m", "csrkit.render.typeset"],
        input=pickle.dumps((source, dict(settings))),
        capture_output=True,
        check=False,
    )
    if done.returncode or not done.stdout:
        raise RenderError("\n".join(filter(None, [_NO_WORD, done.stderr.decode(errors="replace").strip()])))
    pdf, warnings, fault = pickle.loads(done.stdout)
    if fault:
        raise RenderError(fault)
    return pdf, warnings


def _answer() -> None:
    import typst

    source, settings = pickle.load(sys.stdin.buffer)
    try:
        pdf, warnings = typst.compile_with_warnings(source, **settings)
        answer = pdf, [warning.message for warning in warnings], ""
    except typst.TypstError as error:
        answer = b"", [], error.diagnostic.strip()
    pickle.dump(answer, sys.stdout.buffer)


if __name__ == "__main__":
    _answer()
