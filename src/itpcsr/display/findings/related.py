"""Finding of the chart of related studies."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_count


def related_finding(data: pd.DataFrame, statuses: Sequence[str], phases: Sequence[str]) -> str:
    """Say how many studies there are by status and by phase; ``data`` has Status, Phase and Studies."""
    total = words.plural(data["Studies"].sum(), "study", "studies")
    status, phase = _counted(data, "Status", statuses), _counted(data, "Phase", phases)
    return f"{words.capitalize(total)}; by status: {status}; by phase: {phase}."


def _counted(data: pd.DataFrame, name: str, order: Sequence[str]) -> str:
    sums = data.groupby(name)["Studies"].sum()
    return ", ".join(f"{format_count(sums[value])} {value}" for value in order if value in sums.index)
