"""Write a comparison of two versions into a folder: page, Word document, draft of a change log, CSV."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from csrkit.errors import ItpcsrError
from csrkit.publish.staging import staging
from csrkit.versions.change_log import write_change_log
from csrkit.versions.compare import Comparison, compare, write_csv
from csrkit.versions.compare_page import write_page
from csrkit.versions.history import COMPARISONS, STAMP, previous_version, stamp, write_version_list
from csrkit.versions.published import read_manifest
from csrkit.versions.redline import write_redline

_WORD = "csr.docx"


def write_comparison(found: Comparison, old: Path, new: Path, folder: Path) -> list[str]:
    """Write all files of a comparison into a folder and return their names.

    The Word document is left out where one of the versions has none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = ["index.html", "changes.md", "numbers.csv", "records.csv"]
    if all((version / _WORD).exists() for version in (old, new)):
        date = str(read_manifest(new).get("date", "1970-01-01"))
        write_redline(old / _WORD, new / _WORD, date, folder / "changes.docx")
        names.append("changes.docx")
    write_change_log(found, old, new, folder / "changes.md")
    write_csv(found, folder)
    write_page(found, old, new, folder / "index.html")  # the last, since it links the others
    return names


def record_comparison(found: Comparison, old: Path, new: Path) -> Path:
    """Write the comparison of two versions of one folder to where their pages look for it; return that.

    It appears whole or not at all, and stands in the list of versions from then on.
    """
    folder = new.parent / COMPARISONS / f"{old.name}--{new.name}"
    folder.parent.mkdir(exist_ok=True)
    with staging(folder, STAMP) as place:
        write_comparison(found, old, new, place)
        (place / STAMP).write_text(json.dumps(stamp(old, new), indent=1) + "\n", encoding="utf-8")
    write_version_list(new.parent)
    return folder


def record_version(version: Path, say: Callable[[str], None]) -> None:
    """Renew the list of versions, and compare a version that was just published with the one before it.

    An earlier version that can't be compared is said and left alone: the new one is published already.
    """
    write_version_list(version.parent)
    old = previous_version(version)
    if old is None:
        return
    try:
        folder = record_comparison(compare(old, version), old, version)
        say(f"Compared with {old}: open {folder / 'index.html'}")
    except (ItpcsrError, OSError) as error:
        say(f"Could not be compared with {old}: {error}")
