"""Work on words: what a render of one changed sentence imports."""

import os
import subprocess
import sys
from pathlib import Path

from tests.tiny import make_project

# What makes charts, tables of notebooks, kernels, checks, Word and RTF, none of which a sentence changes.
HEAVY = {
    "IPython", "altair", "docx", "great_tables", "jsonschema", "jupyter_client", "nbclient",
    "nbconvert", "nbformat", "pandera", "papermill", "pygments", "pyreadstat", "scipy",
    "statsmodels", "vl_convert",
}  # fmt: skip
RENDER = """
import sys
from pathlib import Path
from csrkit.publish.pipeline import render_unpublished
from itpcsr.publish.trial import TRIAL

render_unpublished(TRIAL, Path("params/tiny.yml"), Path(), "embedded", lambda text: None)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def render(folder: Path) -> set[str]:
    """Render the project in a process of its own; return the packages that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER],
        cwd=folder, env={**os.environ}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_one_sentence_imports_neither_charts_nor_kernels_nor_checks(root: Path, tmp_path: Path) -> None:
    project = make_project(root, tmp_path)
    assert render(project) >= {"altair", "papermill"}  # the first render makes all, but the data elsewhere
    page = project / "report/number.qmd"
    page.write_text(page.read_text(encoding="utf-8") + "\nOne sentence more.\n", encoding="utf-8")
    assert render(project) & HEAVY == set()
    assert "One sentence more." in (project / "work/tiny/render/_book/report/number.html").read_text("utf-8")
