"""Both pipelines take turns, each step starts from where it should, and a failure isn't measured."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.bench import against_plain, parts
from tests.bench.against_plain import SCENARIOS, compare_rows, main, measure, run_scenario, shell
from tests.bench.page import PARTS, STEPS
from tests.bench.trees import Tree


def _tree(folder: Path, name: str) -> Tree:
    """Return a tree whose commands write down that they ran, where both trees write to."""
    for part in ("report", "src"):
        (folder / name / part).mkdir(parents=True)
    (folder / name / "report" / against_plain.CHANGED_PAGE).write_text("Words.\n", encoding="utf-8")
    kinds = ("notebooks", "whole", "page", "notebook")
    return Tree(name, folder / name, {kind: f"echo {name} {kind} >> ../log" for kind in kinds})


@pytest.fixture
def trees(tmp_path: Path) -> list[Tree]:
    return [_tree(tmp_path, name) for name in ("plain", "itpcsr")]


def _log(trees: list[Tree]) -> list[str]:
    return (trees[0].folder.parent / "log").read_text(encoding="utf-8").splitlines()


def test_each_run_lets_the_other_be_first(trees: list[Tree], tmp_path: Path) -> None:
    measured = measure(trees, ["build-cold"], 3, tmp_path / "trial")
    assert [line.split()[0] for line in _log(trees)] == [
        "plain",
        "itpcsr",
        "itpcsr",
        "plain",
        "plain",
        "itpcsr",
    ]
    assert [len(runs) for runs in measured["steps"]["build-cold"].values()] == [3, 3]
    assert len(measured["load"]) == 3


def test_a_step_that_needs_a_build_has_one_unmeasured(trees: list[Tree]) -> None:
    run_scenario(trees[0], SCENARIOS["one-sentence"], 1)
    run_scenario(trees[0], SCENARIOS["no-change"], 1)
    assert _log(trees) == ["plain whole", "plain page", "plain whole"]
    page = trees[0].folder / "report" / against_plain.CHANGED_PAGE
    assert page.read_text(encoding="utf-8") == "Words.\n\nThis is sentence 1.\n"


def test_notebooks_alone_are_no_build(trees: list[Tree]) -> None:
    run_scenario(trees[0], SCENARIOS["notebooks-cold"], 1)
    run_scenario(trees[0], SCENARIOS["no-change"], 1)
    assert _log(trees) == ["plain notebooks", "plain whole", "plain whole"]


def test_the_processor_time_is_that_of_the_command(trees: list[Tree]) -> None:
    took = shell(trees[0], "python -c 'sum(range(10_000_000))'")
    assert 0 < took["processor"] <= took["seconds"] * 2
    assert shell(trees[0], "sleep 0.3")["processor"] < 0.2


def test_a_command_that_fails_is_shown_and_not_measured(trees: list[Tree]) -> None:
    with pytest.raises(SystemExit, match="No such notebook"):
        shell(trees[0], "for name in one two; do\n  echo No such notebook: $name; false\ndone")


@pytest.mark.parametrize(("value", "same"), [(1.0, True), (2.0, False)])
def test_the_rows_of_both_are_compared(trees: list[Tree], value: float, same: bool) -> None:
    for tree, number in zip(trees, (1.0, value), strict=True):
        folder = tree.folder / "work/demo/rows/30-efficacy"
        folder.mkdir(parents=True)
        pd.DataFrame({"value": [0.5, number]}).to_parquet(folder / "results.parquet")
    assert compare_rows(*trees) == {"plain": 2, "itpcsr": 2, "same": same}


def test_the_page_has_a_title_for_each_step() -> None:
    assert list(SCENARIOS) == list(STEPS)
    assert list(against_plain.PARTS) == list(PARTS)


def test_the_program_of_parts_has_each() -> None:
    assert tuple(parts.PARTS) == against_plain.PARTS


def test_a_try_replaces_no_documentation(
    monkeypatch: pytest.MonkeyPatch, trees: list[Tree], tmp_path: Path
) -> None:
    def take(*_: object) -> list[Tree]:
        return trees

    monkeypatch.setattr(against_plain, "ROOT", tmp_path)
    monkeypatch.setattr(against_plain, "take_trees", take)
    monkeypatch.setattr("sys.argv", ["bench", "--runs", "1", "--only", "build-cold"])
    main()
    assert sorted(path.name for path in (tmp_path / "work/benchmarks").iterdir()) == [
        "index.md", "measured.json", "steps.svg",
    ]  # fmt: skip
    assert not (tmp_path / "docs").exists()
