"""What the last run of each notebook took: no input of anything but the order in which they start."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "times.json"
# More than a notebook on a trial of a hundred subjects has
USUAL_MEMORY = 1 << 30


@dataclass(frozen=True)
class Taken:
    """What a notebook took: seconds on the clock, and the most memory of its kernel in bytes (0: unknown)."""

    seconds: float
    memory: int


class LastRun:
    """The times of a report's last run, kept in its folder for intermediate files."""

    def __init__(self, path: Path, usual_memory: int = USUAL_MEMORY) -> None:
        """Read the times; a file that is absent or can't be read as such tells nothing.

        ``usual_memory`` is what a notebook that never ran may need, in bytes.
        """
        self._path = path
        self._usual_memory = usual_memory
        self._taken: dict[str, Taken] = {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            self._taken = {
                name: Taken(float(taken["seconds"]), int(taken["memory"])) for name, taken in found.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return

    def seconds(self, name: str) -> float:
        """Return how long a notebook ran; infinite where it never did, so that it starts early."""
        return self._taken[name].seconds if name in self._taken else math.inf

    def memory(self, name: str) -> int:
        """Return how many bytes a notebook may need: what it had, else what none usually has."""
        taken = self._taken.get(name)
        return (taken.memory if taken else 0) or self._usual_memory

    def record(self, name: str, taken: Taken) -> None:
        """Take down a run and write the file, whole."""
        self._taken[name] = taken
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f".partial-{self._path.name}")
        text = {name: asdict(taken) for name, taken in sorted(self._taken.items())}
        partial.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
        partial.replace(self._path)
