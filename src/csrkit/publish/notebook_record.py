"""What a notebook's results were made from, and whether that is as it is today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def differences(
    record: Path, inputs: Mapping[str, Any], made: tuple[Path, ...], datasets: Mapping[str, str]
) -> list[str]:
    """Return in what today's inputs differ from those of which a notebook's results were made.

    ``record`` is the file of the latter, ``made`` what has to be there, ``datasets`` the hashes of those of
    today, of which only those count that the notebook opened. Empty: it needn't run.
    """
    if missing := [path.name for path in (*made, record) if not path.exists()]:
        return [f"{missing[0]} isn't there"]
    try:
        before = json.loads(record.read_text(encoding="utf-8"))
        opened = dict(before.pop("datasets"))
    except (ValueError, KeyError, TypeError):
        return [f"{record.name} can't be read"]
    names = [*dict.fromkeys([*before, *inputs])]
    now = json.loads(json.dumps(dict(inputs)))
    found = [name for name in names if before.get(name) != now.get(name)]
    return found + [f"dataset {name}" for name, digest in opened.items() if datasets.get(name) != digest]


def read_opened(log: Path) -> dict[str, str]:
    """Return the datasets that a notebook opened, name to SHA-256, from what its store wrote down."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return dict(sorted(line.split(" ", 1) for line in lines))
