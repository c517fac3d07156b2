"""What is measured is edited in copies alone, and starts from nothing where it is said to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.trees import Tree, copy_project, has_history


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Return a copy of a small project that has been worked in."""
    root = tmp_path / "project"
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["weeks = 4"]},
        {"cell_type": "code", "metadata": {}, "source": ["import math\n", "math.pi"]},
    ]
    files = {
        "report/12.qmd": "Words.\n", "notebooks/30.ipynb": json.dumps({"cells": cells}), "src/a.py": "",
        "src/__pycache__/a.pyc": "", "work/demo/old": "", "output/demo-1.0.0/index.html": "", ".venv/bin/python": "",
    }  # fmt: skip
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return copy_project(root, tmp_path / "copy")


def _files(tree: Tree) -> list[str]:
    return sorted(
        path.relative_to(tree.folder).as_posix() for path in tree.folder.rglob("*") if path.is_file()
    )


def test_a_copy_holds_the_project_without_what_was_made_of_it(tree: Tree) -> None:
    assert _files(tree) == ["notebooks/30.ipynb", "report/12.qmd", "src/a.py"]


def test_cold_is_without_results_and_compiled_code(tree: Tree) -> None:
    before = _files(tree)
    for name in ("work/demo/rows", "output/demo-1.0.0", "src/__pycache__"):
        (tree.folder / name).mkdir(parents=True)
        (tree.folder / name / "made").touch()
    tree.done.add("whole")
    tree.forget()
    assert _files(tree) == before
    assert not tree.done


def test_a_change_is_made_in_the_copy(tree: Tree, tmp_path: Path) -> None:
    tree.add_sentence("12.qmd", "More words.")
    tree.add_line("30", "changed = 1")
    assert (tree.folder / "report/12.qmd").read_text(encoding="utf-8") == "Words.\n\nMore words.\n"
    cells = json.loads((tree.folder / "notebooks/30.ipynb").read_text(encoding="utf-8"))["cells"]
    assert "".join(cells[0]["source"]) == "weeks = 4"
    assert "".join(cells[1]["source"]) == "import math\nmath.pi\nchanged = 1"
    assert (tmp_path / "project/report/12.qmd").read_text(encoding="utf-8") == "Words.\n"


def test_a_folder_without_git_has_no_plain_project(tmp_path: Path) -> None:
    assert not has_history(tmp_path)
