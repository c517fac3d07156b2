"""Which page tells of which subject, and links to it where a table or a chart's data name a subject."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from csrkit.tables import escape

# Seen from the report's pages and those of the notebooks, which all lie one folder below the root.
FOLDER = "../subjects"
_NAMES_SUBJECTS = re.compile(r"\bsubject\b", re.IGNORECASE)


def page_names(subjects: Iterable[str]) -> dict[str, str]:
    """Return subject to the file name of its page, in the order of the identifiers.

    Signs that a file name or an address can't hold everywhere become hyphens; names that would be the same,
    on systems without capitals too, are told apart by a number.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for subject in sorted(set(subjects)):
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", subject).strip("-") or "subject"
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        names[subject] = f"{name}.html"
    return names


def names_subjects(head: str) -> bool:
    """Tell whether the cells below this head name subjects, so that a number there isn't taken for one."""
    return _NAMES_SUBJECTS.search(head) is not None


def linked(text: str, pages: Mapping[str, str]) -> str:
    """Return a cell's text as HTML, the subject at its beginning as a link to its page.

    The subject is the whole text, or what stands before a colon or a bracket, as in ``SIM-007: woman``.
    Without a page for it the text stays plain.
    """
    name = next(
        (part for part in (text, text.partition(": ")[0], text.partition(" (")[0]) if part in pages), ""
    )
    if not name:
        return escape.html(text)
    return f'<a href="{FOLDER}/{pages[name]}">{escape.html(name)}</a>{escape.html(text[len(name) :])}'
