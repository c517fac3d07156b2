"""Prose as a display: passages with a bold lead-in each, the same for every target of the report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from itpcsr.display import escape

MIME = "application/vnd.itpcsr.prose+json"


@dataclass(frozen=True)
class Passage:
    """One passage: its lead-in, and paragraphs of plain text."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Prose:
    """Passages ready to be written; ``absent`` is the one sentence that stands in place of none."""

    passages: tuple[Passage, ...] = ()
    absent: str = ""
    kind: str = field(default="prose", init=False)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Show as text in notebooks, and carry the model itself for the report."""
        return {"text/html": to_html(self), MIME: asdict(self)}


def prose_from_json(content: dict[str, Any]) -> Prose:
    """Return the prose that a notebook's output carries."""
    passages = tuple(Passage(part["heading"], tuple(part["paragraphs"])) for part in content["passages"])
    return Prose(passages, content["absent"])


def to_html(prose: Prose) -> str:
    """Return the prose as HTML, for a notebook."""
    if prose.absent:
        return f"<p>{escape.html(prose.absent)}</p>"
    return "\n".join(
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
    return "\n\n".join(parts) + "\n"
