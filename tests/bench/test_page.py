"""The page of benchmarks says what was measured, and no more than that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bench.page import PARTS, STEPS, spread, write_page


def _runs(*values: float) -> list[dict[str, float]]:
    return [{"seconds": value, "processor": value, "first": 2 * value} for value in values]


@pytest.fixture
def measured() -> dict[str, Any]:
    steps = {
        "notebooks-cold": {"plain": _runs(100, 200, 400), "itpcsr": _runs(20, 60, 80)},
        "build-cold": {"plain": _runs(150, 250, 500), "itpcsr": _runs(60, 70, 90)},
        "one-notebook": {"plain": _runs(50, 50, 50), "itpcsr": _runs(18, 14, 27)},
        "nca": {"plain": _runs(0.5, 0.6, 0.7), "itpcsr": _runs(0.5, 0.3, 0.7)},
    }
    return {
        "machine": {
            "processor": "A processor", "cores": 2, "memory_gb": 8.0, "system": "A system", "python": "3.11.2",
            "packages": {"papermill": "2.7.0"},
        },
        "plain": {"commit": "4d7de8d91125", "commands": {"page": ["python render.py"]}},
        "commands": {"page": ["itpcsr render"]},
        "subjects": 1_000,
        "load": [0.5, 1.0, 2.0],
        "steps": steps,
        "rows": {"plain": 9, "itpcsr": 9, "same": True},
    }  # fmt: skip


def _page(measured: dict[str, Any], folder: Path) -> str:
    write_page(measured, folder)
    return (folder / "index.md").read_text(encoding="utf-8")


def _line(page: str, start: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(f"| {start}"))


def test_ratios_are_taken_within_a_run(measured: dict[str, Any], tmp_path: Path) -> None:
    page = _page(measured, tmp_path)
    # 0.2, 0.3, 0.2: their median isn't the ratio of the medians, 0.3
    assert "| 200 (100–400) | 60.0 (20.0–80.0) | 0.20 (0.20–0.30) |" in _line(page, STEPS["notebooks-cold"])
    assert "| 1.00 (0.50–1.00) | 1.00 (0.60–1.40) |" in _line(page, PARTS["nca"])


@pytest.mark.parametrize(
    ("start", "result"),
    [
        ("all notebooks, as a share", "| ≤ 0.25 | 0.20 (0.20–0.30) | yes |"),
        ("the whole report |", "| ≤ 75 s | 70.0 s (60.0–90.0) | yes |"),
        ("one notebook changed", "| ≤ 0.2 | 0.30 (0.20–0.30) | **no** |"),
        ("one sentence changed", "| ≤ 5 s | – |  |"),
    ],
)
def test_each_target_is_met_missed_or_not_measured(
    measured: dict[str, Any], tmp_path: Path, start: str, result: str
) -> None:
    assert result in _line(_page(measured, tmp_path).partition("## Targets")[2], start)


def test_without_history_this_pipeline_stands_alone(measured: dict[str, Any], tmp_path: Path) -> None:
    measured |= {"plain": None}
    del measured["rows"]
    for sides in measured["steps"].values():
        del sides["plain"]
    page = _page(measured, tmp_path)
    assert "There was no git history" in page
    assert "| – | 60.0 (20.0–80.0) | – |" in _line(page, STEPS["notebooks-cold"])
    assert "| ≤ 0.25 | – |  |" in _line(page, "all notebooks, as a share")


def test_rows_that_differ_are_said(measured: dict[str, Any], tmp_path: Path) -> None:
    assert "Both made the same 9 result rows." in _page(measured, tmp_path)
    measured["rows"] |= {"itpcsr": 8, "same": False}
    assert "**Their result rows differ** (9 and 8 rows)" in _page(measured, tmp_path)


def test_charts_show_what_was_measured(measured: dict[str, Any], tmp_path: Path) -> None:
    page = _page(measured, tmp_path)
    drawn = (tmp_path / "steps.svg").read_text(encoding="utf-8")
    assert STEPS["build-cold"] in drawn
    assert STEPS["one-sentence"] not in drawn
    assert "(parts.svg)" in page
    del measured["steps"]["nca"]
    page = _page(measured, tmp_path)
    assert "parts.svg" not in page
    assert not (tmp_path / "parts.svg").exists()


def test_one_run_has_no_range() -> None:
    assert spread([0.5], " s") == "0.50 s"


def test_the_documentation_shows_what_stands_beside_it(root: Path, tmp_path: Path) -> None:
    folder = root / "docs/benchmarks"
    if not (folder / "measured.json").exists():
        pytest.skip("nothing has been measured for the documentation yet: make bench")
    write_page(json.loads((folder / "measured.json").read_text(encoding="utf-8")), tmp_path)
    for made in sorted(tmp_path.iterdir()):
        assert made.read_bytes() == (folder / made.name).read_bytes(), f"{made.name}: run make bench again"
