"""The charts of the demonstration, which several files read, drawn once for all workers."""

from __future__ import annotations

from typing import Any

import pytest

from csrkit.tables.table import Table
from tests.itpcsr.display.every_figure import every_figure
from tests.once import once_for_all_workers


def drawn(charts: dict[str, Any]) -> dict[str, Any]:
    """Return the charts as they are in a report: a table in place of one stays a table."""
    return {label: chart if isinstance(chart, Table) else chart.to_dict() for label, chart in charts.items()}


@pytest.fixture(scope="session")
def demo_charts(demo_trial, demo, study, tmp_path_factory) -> dict[str, Any]:
    return once_for_all_workers(
        tmp_path_factory, "demo_charts", lambda: drawn(every_figure(demo_trial, study, demo))
    )
