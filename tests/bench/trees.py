"""The two projects that are compared, each in a folder of its own: what is edited there is nobody's work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

PARAMETERS = "params/demo.yml"
# The last commit before notebooks opened derived datasets, ran together and steps knew their inputs.
PLAIN_COMMIT = "4d7de8d91125256fe4ca83af0d48d00ea7973677"
_NOT_COPIED = shutil.ignore_patterns(
    ".git",
    ".venv",
    ".uv",
    ".*_cache",
    ".hypothesis",
    ".quarto",
    "__pycache__",
    "node_modules",
    "work",
    "output",
)
# The values that the plain project's own build would give each notebook, as files for papermill.
_WRITE_VALUES = f"""
import json
from pathlib import Path
from itpcsr.build.notebook_values import choose_values
from itpcsr.build.pipeline import open_run
folder = Path("values")
folder.mkdir()
for name, values in choose_values(open_run(Path("{PARAMETERS}"), Path()), print).items():
    (folder / f"{{name}}.yml").write_text(json.dumps(values), encoding="utf-8")
"""
# One render of what the loop left behind: it assembles, makes HTML, PDF and Word, and the pages of the subjects.
_RENDER = f"""
from pathlib import Path
from itpcsr.build.pipeline import open_run, render_report
from itpcsr.build.render import Renderer
render_report(open_run(Path("{PARAMETERS}"), Path()), Renderer(), print)
"""


@dataclass
class Tree:
    """A project in a folder of its own, and the commands of the shell by which it is worked with.

    ``commands`` has ``notebooks`` (run all), ``whole`` (and make the report in all formats), ``page`` (refresh the
    HTML after a change of words) and ``notebook`` (the same after a change of one notebook). ``programs`` is where
    its Python lies.
    """

    name: str
    folder: Path
    commands: dict[str, str]
    programs: Path = Path(sys.executable).parent
    done: set[str] = field(default_factory=set)

    @property
    def environment(self) -> dict[str, str]:
        """Variables of every command: the code of this folder, and the programs that it is run by."""
        path = os.pathsep.join((str(self.programs), os.environ.get("PATH", "")))
        return {**os.environ, "PYTHONPATH": str(self.folder / "src"), "PATH": path}

    def forget(self) -> None:
        """Remove all that a run left behind, the compiled code of the project, too."""
        for name in ("work", "output"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for cache in list((self.folder / "src").rglob("__pycache__")):
            shutil.rmtree(cache)
        self.done.clear()

    def add_sentence(self, page: str, sentence: str) -> None:
        """Write a paragraph at the end of a page of the report."""
        path = self.folder / "report" / page
        path.write_text(f"{path.read_text(encoding='utf-8').rstrip()}\n\n{sentence}\n", encoding="utf-8")

    def add_line(self, notebook: str, line: str) -> None:
        """Write a line into the first cell of code after the parameters of a notebook."""
        path = self.folder / "notebooks" / f"{notebook}.ipynb"
        content = json.loads(path.read_text(encoding="utf-8"))
        cell = next(
            cell
            for cell in content["cells"]
            if cell["cell_type"] == "code" and not cell["metadata"].get("tags")
        )
        cell["source"] = "".join(cell["source"]) + f"\n{line}"
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def copy_project(root: Path, folder: Path) -> Tree:
    """Copy the project as it stands, uncommitted work included."""
    shutil.copytree(root, folder, ignore=_NOT_COPIED, symlinks=True)
    refresh = f"itpcsr render {PARAMETERS} --engine embedded --to html"
    commands = {
        "notebooks": f"itpcsr run {PARAMETERS}",
        "whole": f"itpcsr build {PARAMETERS} --engine embedded",
        "page": refresh,
        "notebook": refresh,
    }
    return Tree("itpcsr", folder, commands)


def has_history(root: Path) -> bool:
    """Tell whether the plain project can be taken from git; a release without its history has none."""
    command = ["git", "cat-file", "-e", f"{PLAIN_COMMIT}^{{commit}}"]
    return subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 0


def take_plain_project(root: Path, folder: Path, notebook: str) -> Tree:
    """Take the plain project out of git, to be run by a loop of papermill and one render.

    ``notebook`` is the one that will be changed: whoever works so knows which, and runs that one again.
    """
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    subprocess.run(["git", "archive", "--output", str(archive), PLAIN_COMMIT], cwd=root, check=True)
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    archive.unlink()
    subprocess.run(["make", ".venv/.synced"], cwd=folder, check=True)  # its packages aren't today's
    tree = Tree("plain", folder, {}, folder / ".venv/bin")
    subprocess.run(["python", "-c", _WRITE_VALUES], cwd=folder, env=tree.environment, check=True)
    names = [path.stem for path in sorted((folder / "values").iterdir())]
    (folder / "render.py").write_text(_RENDER, encoding="utf-8")
    render = "python render.py"
    loop = _papermill(names)
    tree.commands |= {
        "notebooks": loop,
        "whole": f"{loop}\n{render}",
        "page": render,
        "notebook": f"{_papermill([notebook])}\n{render}",
    }
    return tree


def _papermill(names: list[str]) -> str:
    return (
        f"for name in {' '.join(names)}; do\n"
        "  mkdir -p work/demo/notebooks\n"
        "  papermill -f values/$name.yml notebooks/$name.ipynb work/demo/notebooks/$name.ipynb\n"
        "done"
    )
