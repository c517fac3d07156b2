"""A small project of its own: three subjects, one notebook or two, one page. A build of it takes seconds."""

import shutil
from pathlib import Path

import nbformat
import yaml

from tests.whole import whole_domains

NOTEBOOK = """\
#| label: tbl-number
#| tbl-cap: A number
import pandas as pd
from csrkit.tables.table import Header, Row, Table
from csrkit.carried import with_rows
from csrkit.rows import make_rows

frame = pd.DataFrame([{"group": "total", "level": "number", "statistic": "n", "value": number}])
shown = Table("Number", (Header("Total", ""),), (Row("Number", (str(number),)),))
with_rows(shown, make_rows(frame, analysis="one"))
"""
PARAMETERS = """\
study_file: str = "params/study.yml"  # what the protocol fixes
data: list = ["data"]  # folders with the SDTM domains
number: int = 0  # what the table shows
"""
OTHER = """\
#| label: tbl-rule
#| tbl-cap: A rule
import pandas as pd
from csrkit.carried import with_rows
from csrkit.tables.table import Header, Row, Table
from csrkit.rows import make_rows
from itpcsr.study import read_study

count = read_study(study_file, **rules).efficacy.primary.count
frame = pd.DataFrame([{"group": "total", "level": "rule", "statistic": "n", "value": count}])
shown = Table("Rule", (Header("Total", ""),), (Row("Count", (f"{count:.0f}",)),))
with_rows(shown, make_rows(frame, analysis="one"))
"""
OTHER_PARAMETERS = """\
study_file: str = "params/study.yml"  # what the protocol fixes
rules: dict = {}  # values of the study file to try here
confidence_level: float = 0.95  # of the version
"""
PAGE = "# Number {#sec-number}\n\nSee @tbl-number.\n\n{{< include /results/10-number/tbl-number.qmd >}}\n"


def make_project(root: Path, folder: Path) -> Path:
    """Write the project; ``set_number`` chooses what its report shows."""
    for name in ("_extensions", "params"):
        shutil.copytree(root / name, folder / name, ignore_dangling_symlinks=True)
    (folder / "data").mkdir()
    for name, frame in whole_domains().items():
        frame.to_csv(folder / f"data/{name.lower()}.csv", index=False)
    config = yaml.safe_load((root / "_quarto.yml").read_text(encoding="utf-8"))
    config["book"]["chapters"] = ["index.qmd", "report/number.qmd"]
    del config["bibliography"]
    (folder / "_quarto.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "index.qmd").write_text("# Title {#sec-title}\n\nA report.\n", encoding="utf-8")
    (folder / "report").mkdir()
    shutil.copy(root / "report/abbreviations.yml", folder / "report")
    (folder / "report/number.qmd").write_text(PAGE, encoding="utf-8")
    (folder / "notebooks").mkdir()
    write_notebook(folder / "notebooks/10-number.ipynb", "# A number", PARAMETERS, NOTEBOOK)
    return set_number(folder, 0)


def add_second(folder: Path) -> Path:
    """Add a second notebook, which has a rule of the study and the confidence level."""
    write_notebook(folder / "notebooks/20-rule.ipynb", "# A rule", OTHER_PARAMETERS, OTHER)
    shown = "\nSee @tbl-rule.\n\n{{< include /results/20-rule/tbl-rule.qmd >}}\n"
    (folder / "report/number.qmd").write_text(PAGE + shown, encoding="utf-8")
    path = folder / "params/tiny.yml"
    report = yaml.safe_load(path.read_text(encoding="utf-8"))
    report["notebooks"]["20-rule"] = {}
    path.write_text(yaml.safe_dump(report), encoding="utf-8")
    return folder


def write_notebook(path: Path, title: str, parameters: str, *code: str) -> None:
    """Write a notebook of a title, a cell of parameters and cells of code."""
    cells = [nbformat.v4.new_markdown_cell(title)]
    cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    cells += [nbformat.v4.new_code_cell(source) for source in code]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def set_number(folder: Path, number: int) -> Path:
    """Choose the number that the report shows: another one makes the notebook run again."""
    report = {
        "report": "tiny", "version": "1.0.0", "status": "draft", "title": "Report", "date": "2024-01-01",
        "study": "params/study.yml", "data": ["data"], "notebooks": {"10-number": {"number": number}},
    }  # fmt: skip
    (folder / "params/tiny.yml").write_text(yaml.safe_dump(report), encoding="utf-8")
    return folder
