"""Prose as a display: passages with a bold lead-in each, the same for every target of the report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from csrkit import carried
from csrkit.tables import escape

MIME = "application/vnd.itpcsr.prose+json"


@dataclass(frozen=True)
class Passage:
    """One passage: its lead-in, and paragraphs of plain text."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Prose:
    """Passages ready to be written; ``absent`` is the one sentence that stands in place of none.

    Where there are too many to be printed, ``note`` says which these are, and ``file`` has all of them
    (``digest``: its SHA-256). ``results`` are the result rows that it carries to the report.
    """

    passages: tuple[Passage, ...] = ()
    absent: str = ""
    note: str = ""
    file: str = ""
    digest: str = ""
    kind: str = field(default="prose", init=False)
    results: pd.DataFrame | None = field(default=None, compare=False, repr=False)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Show as text in notebooks, and carry the model itself for the report."""
        content = asdict(replace(self, results=None))
        del content["results"]
        if not self.file:
            del content["note"], content["file"], content["digest"]
        return {"text/html": to_html(self), MIME: content, **carried.bundle(self.results)}


def prose_from_json(content: dict[str, Any]) -> Prose:
    """Return the prose that a notebook's output carries."""
    passages = tuple(Passage(part["heading"], tuple(part["paragraphs"])) for part in content["passages"])
    more = {name: content.get(name, "") for name in ("note", "file", "digest")}
    return Prose(passages, content["absent"], **more)


def to_html(prose: Prose) -> str:
    """Return the prose as HTML, for a notebook."""
    if prose.absent:
        return f"<p>{escape.html(prose.absent)}</p>"
    note = f"<p>{escape.html(prose.note)}</p>\n" if prose.note else ""
    return note + "\n".join(
        f"<p><strong>{escape.html(part.heading)}</strong></p>\n"
        + "\n".join(f"<p>{escape.html(text)}</p>" for text in part.paragraphs)
        for part in prose.passages
    )


def to_markdown(prose: Prose) -> str:
    """Return Pandoc Markdown of plain paragraphs, the same for all targets; no text is read as markup."""
    if prose.absent:
        return f"{escape.markdown(prose.absent)}\n"
    parts = [
        "\n\n".join([f"**{escape.markdown(part.heading)}**", *map(escape.markdown, part.paragraphs)])
        for part in prose.passages
    ]
    if prose.file:
        parts = [escape.markdown(prose.note), escape.raw_block("html", escape.file_link(prose.file)), *parts]
    return "\n\n".join(parts) + "\n"
