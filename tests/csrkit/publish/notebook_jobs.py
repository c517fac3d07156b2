"""Small notebooks of one cell, as jobs of a run."""

from pathlib import Path

import nbformat

from csrkit.publish.notebooks import Job
from csrkit.publish.running import FILE, HERE, LastRun, run_together

WRITE = "import pathlib\npathlib.Path(rows).write_text(str(1 + 1))\n"

# What these cells don't import takes seconds
PRELOADED = ("ipykernel.kernelapp", "pandas")


def make_job(folder: Path, name: str, *cells: str, values=None, **more) -> Job:
    """Write a notebook with a parameter ``rows``, a file that its cells may write, and return its job."""
    parameters = nbformat.v4.new_code_cell('rows: str = ""', metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[parameters, *map(nbformat.v4.new_code_cell, cells)], metadata={"kernelspec": kernel}
    )
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"given-{number}"  # else it is random
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"notebooks/{name}.ipynb")
    (folder / "work/rows").mkdir(parents=True, exist_ok=True)
    return Job(
        root=folder,
        notebook=Path(f"notebooks/{name}.ipynb"),
        parameters={"rows": f"work/rows/{name}", **(values or {})},
        executed=Path(f"work/notebooks/{name}.ipynb"),
        failed=Path(f"work/failed/{name}.ipynb"),
        rows=Path(f"work/results/{name}/results.parquet"),
        **{"inputs": {}, "preloaded": PRELOADED, **more},
    )


def run(*jobs: Job, crew=HERE, refuse_changes=lambda: None) -> list[str]:
    """Run the jobs; return which were up to date."""
    said: list[str] = []
    run_together(jobs, LastRun(jobs[0].root / "work" / FILE), refuse_changes, said.append, crew)
    return said
