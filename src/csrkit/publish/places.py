"""Where a published report shows its displays: the page, the numbered caption and the section."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_INDEX = "search-index.js"
_HEAD, _TAIL = "window.csrIndex(", ");"


@dataclass(frozen=True)
class Place:
    """One display in the report: its address in the version's folder, caption with number, and section."""

    url: str
    title: str
    section: str


def read_places(folder: Path) -> dict[str, Place]:
    """Return label to place in the order of the pages, from the index of the report's search."""
    places: dict[str, Place] = {}
    page = section = ""
    for path in sorted((folder / "site_libs").glob(f"**/{_INDEX}"))[:1]:
        text = path.read_text(encoding="utf-8").strip()
        for entry in json.loads(text.removeprefix(_HEAD).removesuffix(_TAIL))["entries"]:
            file, _, anchor = entry["url"].partition("#")
            if file != page:
                page, section = file, entry["title"]
            if anchor.startswith(("tbl-", "fig-")):
                places[anchor] = Place(entry["url"], entry["title"], section)
    return places
