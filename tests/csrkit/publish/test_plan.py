"""Each kind of input that changes makes exactly those steps run again that follow from it."""

from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

from csrkit.inputs import hashes, packages
from csrkit.inputs.hashes import Seen
from csrkit.publish.notebook_values import choose_values
from csrkit.publish.notebooks import Attempt
from csrkit.publish.pipeline import derive_once, list_jobs, run_notebooks
from csrkit.publish.plan import say_plan
from csrkit.publish.version import open_run
from itpcsr.publish.trial import TRIAL
from tests.tiny import make_project, write_notebook

pytestmark = pytest.mark.slow  # notebooks run
PARAMETERS = """\
study_file: str = "params/study.yml"  # what the protocol fixes
data: list = ["data"]  # folders with the SDTM domains
store: str = ""  # folder of derived datasets
most: int = 3  # what is counted up to
"""
COUNT = """\
#| label: tbl-{dataset}
#| tbl-cap: A count
from itpcsr.adam import open_study
from csrkit.carried import with_rows
from csrkit.rows import make_rows
from csrkit.tables.table import Header, Row, Table
{imports}
study, adam = open_study(study_file, data, store=store)
rows = adam[{dataset!r}][["USUBJID"]].head(most).assign(level="n", statistic="n", value=1.0, group="total")
shown = Table("Records", (Header("Total"),), (Row("Number", ("1",)),))
with_rows(shown, make_rows(rows.drop(columns="USUBJID").head(1), analysis="one"))
"""
EVENTS, RATES = "10-events", "20-rates"
BOTH = {EVENTS, RATES}


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    """Return a project of two notebooks, one on adverse events, one on laboratory values, that have run."""
    folder = make_project(root, tmp_path_factory.mktemp("plan") / "tiny")
    for path in (folder / "data").iterdir():  # those of few domains are derived faster, and often here
        if path.stem not in ("dm", "ex", "ae", "lb"):
            path.unlink()
    (folder / "notebooks/10-number.ipynb").unlink()
    for name, dataset, imports in (
        (EVENTS, "adae", "from itpcsr.analysis import significant_events"),
        (RATES, "adlb", "from itpcsr.analysis import safety"),
    ):
        source = COUNT.format(dataset=dataset, imports=imports)
        write_notebook(folder / f"notebooks/{name}.ipynb", "# Counts", PARAMETERS, source)
    set_values(folder, notebooks={EVENTS: {}, RATES: {}})
    (folder / "uv.lock").write_bytes((root / "uv.lock").read_bytes())
    run = start(folder)
    derive_once(run, silent)
    run_notebooks(run, silent)
    return folder


def start(folder: Path):
    return open_run(TRIAL, folder / "params/tiny.yml", folder)


def set_values(folder: Path, **values: object) -> None:
    path = folder / "params/tiny.yml"
    path.write_text(
        yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | values), encoding="utf-8"
    )


def steps(folder: Path) -> tuple[set[str], set[str]]:
    """Return which parts of the datasets' key changed, and which notebooks would run, once they are derived."""
    before = start(folder)
    stale = set() if before.is_derived else {"datasets"}
    run = start(folder)
    derive_once(run, silent)
    jobs = list_jobs(run, choose_values(run, silent))
    return stale, {job.name for job in jobs if Attempt(job).reasons()}


@pytest.fixture
def kept(project):
    """Return the project, whose files are as they were after the test."""
    paths = [path for path in project.rglob("*") if path.is_file() and not path.is_symlink()]
    before = {path: path.read_bytes() for path in paths}
    yield project
    for path, content in before.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def change_data(folder: Path, domain: str, variable: str, value: object) -> None:
    path = folder / f"data/{domain}.csv"
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    frame.loc[0, variable] = value
    frame.to_csv(path, index=False)


def test_nothing_runs_when_nothing_changed(kept):
    assert steps(kept) == (set(), set())


@pytest.mark.parametrize(
    ("domain", "variable", "value", "expected"),
    [("ae", "AETERM", "HEADACHE AT NIGHT", {EVENTS}), ("lb", "LBORRES", "7", {RATES})],
)
def test_a_value_in_the_data_runs_the_notebooks_that_open_its_dataset(
    kept, domain, variable, value, expected
):
    change_data(kept, domain, variable, value)
    if domain == "lb":
        change_data(kept, domain, "LBSTRESC", value)
        change_data(kept, domain, "LBSTRESN", value)
    assert steps(kept) == ({"datasets"}, expected)


def test_a_rule_of_the_study_runs_all(kept):
    set_values(kept, rules={"severe_grade": 4})
    assert steps(kept) == ({"datasets"}, BOTH)


def test_a_comment_in_the_study_file_runs_nothing(kept):
    with (kept / "params/study.yml").open("a", encoding="utf-8") as stream:
        stream.write("# a remark\n")
    assert steps(kept) == (set(), set())


def test_a_notebooks_own_value_runs_it_alone(kept):
    set_values(kept, notebooks={EVENTS: {"most": 2}, RATES: {}})
    assert steps(kept) == (set(), {EVENTS})


def test_a_notebooks_source_runs_it_and_its_outputs_do_not(kept):
    path = kept / f"notebooks/{RATES}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="1")]
    nbformat.write(notebook, path)
    assert steps(kept) == (set(), set())
    notebook.cells[0].source += " of rates"
    nbformat.write(notebook, path)
    assert steps(kept) == (set(), {RATES})


def test_words_of_a_page_run_no_notebook(kept):
    with (kept / "report/number.qmd").open("a", encoding="utf-8") as stream:
        stream.write("\nA sentence.\n")
    assert steps(kept) == (set(), set())


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("itpcsr/analysis/significant_events.py", (set(), {EVENTS})),
        ("itpcsr/analysis/safety.py", (set(), {RATES})),
        ("itpcsr/analysis/comparisons.py", (set(), {RATES})),  # which safety imports
        ("csrkit/stats/estimation.py", (set(), BOTH)),  # which both import through others
        ("csrkit/rows.py", (set(), BOTH)),
        ("csrkit/sdtm/read.py", ({"datasets"}, set())),  # the datasets come out as they were
        ("itpcsr/adam/adlb.py", ({"datasets"}, set())),
        ("csrkit/sdtm/ctcae5.csv", ({"datasets"}, set())),
        ("itpsim/events.py", (set(), set())),
        ("itpcsr/analysis/laboratory.py", (set(), set())),
        ("csrkit/render/embedded/html.py", (set(), set())),
    ],
)
def test_a_module_runs_what_imports_it(kept, root, monkeypatch, module, expected):
    changed = root / "src" / module
    assert changed.exists()
    before = Seen.hash

    def hash_as_if_changed(self: Seen, path: Path) -> str:
        return "changed" if path == changed else before(self, path)

    monkeypatch.setattr(Seen, "hash", hash_as_if_changed)
    monkeypatch.setattr(hashes.Opened, "refuse_changes", lambda self: None)
    assert steps(kept) == expected


def test_a_version_of_a_package_runs_all(kept, monkeypatch):
    versions = packages.installed_versions()
    monkeypatch.setattr(packages, "installed_versions", lambda: {**versions, "numpy": "0.1"})
    assert steps(kept) == ({"datasets"}, BOTH)


def test_a_tool_of_development_runs_nothing(kept, monkeypatch):
    versions = packages.installed_versions()
    monkeypatch.setattr(packages, "installed_versions", lambda: {**versions, "ruff": "0.1"})
    assert steps(kept) == (set(), set())


def test_a_font_runs_the_notebooks(kept, root):
    import matplotlib

    font = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    (kept / "params/font.ttf").write_bytes(font.read_bytes())
    set_values(kept, fonts=["params/font.ttf"])
    assert steps(kept) == (set(), BOTH)


def test_a_missing_output_runs_its_notebook(kept):
    (kept / f"work/tiny/rows/{EVENTS}/results.parquet").unlink()
    assert steps(kept) == (set(), {EVENTS})


def test_a_plan_says_what_runs_and_why_and_makes_nothing(kept):
    set_values(kept, notebooks={EVENTS: {"most": 2}, RATES: {}})
    before = {path: path.stat().st_mtime_ns for path in (kept / "work").rglob("*")}
    said: list[str] = []
    say_plan(TRIAL, kept / "params/tiny.yml", kept, ["html"], said.append)
    assert said[0].endswith("gives 10-events most 2, in place of 3 in the notebook")
    assert said[1] == "10-events: changed: parameters"
    assert said[2].startswith("report (html): notebooks run")
    change_data(kept, "ae", "AETERM", "HEADACHE AT NIGHT")
    said.clear()
    say_plan(TRIAL, kept / "params/tiny.yml", kept, [], said.append)
    assert said[0] == "analysis datasets: changed: data"
    assert {path: path.stat().st_mtime_ns for path in (kept / "work").rglob("*")} == before
