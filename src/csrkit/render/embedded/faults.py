"""Faults in the report's sources: where each stands, and one error for all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from csrkit.errors import RenderError


@dataclass(frozen=True, order=True)
class Origin:
    """A place in a source file: the path from the project's root, and the line counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        """Write the place as editors read it: ``report/02-synopsis.qmd:7``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong at one place, and what is allowed there."""

    origin: Origin
    text: str


def raise_faults(faults: Iterable[Fault]) -> None:
    """Raise one RenderError that lists every fault once, in the order of the files; none: return."""
    found = sorted(set(faults))
    if found:
        count = "1 fault" if len(found) == 1 else f"{len(found)} faults"
        lines = "\n".join(f"  {fault.origin}: {fault.text}" for fault in found)
        raise RenderError(f"{count} in the report's sources:\n{lines}")
