"""Wrongly skipping is worse than slow: each kind of change is seen, and named."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from csrkit.inputs.hashes import source_hash
from csrkit.inputs.imports import Imports
from csrkit.publish import unchanged
from csrkit.publish.unchanged import nothing_to_do, write_record

PARAMETERS = Path("params/demo.yml")
OPTIONS = {"engine": "embedded", "output": "output", "to": ["html"]}
LOCK = """
[[package]]
name = "itpcsr"
version = "1"
dependencies = [{ name = "num-py" }, { name = "absent" }]
[[package]]
name = "num-py"
version = "2.1"
"""
FILES = {
    "project/params/demo.yml": "report: demo",
    "project/uv.lock": LOCK,
    "project/data/ae.xpt": "some data",
    "project/report/page.qmd": "# Page",
    "project/_extensions/csr/look.scss": "",
    "project/README.md": "",
    "project/work/rows.parquet": "rows",
    "project/output/demo-1/index.html": "<p>",
    "src/own/__init__.py": "",
    "src/own/build.py": "",
    "src/own/first.py": "def f():\n    from own import second",
    "src/own/second.py": "import own.third",
    "src/own/third.py": "",
    "src/own/other.py": "",
    "fonts/Font.ttf": "font",
    "site/num_py-2.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: Num.Py\nVersion: 2.1\n\n",
    "site/tool-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n\n",
}


def notebook(source, outputs=()):
    cell = {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": list(outputs),
        "execution_count": 1,
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


class Place:
    """A project, a package and an environment in a folder, with the record of a command that ended well."""

    def __init__(self, folder):
        self.folder, self.root = folder, folder / "project"
        for name, text in {**FILES, "project/notebooks/10.ipynb": notebook("from own import first")}.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def record(self, options=OPTIONS, **more):
        inputs = ["params/demo.yml", "uv.lock", "data/ae.xpt", "report/page.qmd", "report/absent.qmd"]
        read = [*map(self.root.joinpath, inputs), *(self.folder / "src/own").glob("*.py")]
        read.append(self.folder / "fonts/Font.ttf")
        told = {
            "report": "demo",
            "result": self.root / "output/demo-1",
            "read_files": {path: source_hash(path) if path.exists() else "" for path in read},
            "listed_folders": [
                self.root / name for name in ("data", "report", "_extensions", "output/demo-1")
            ],
            "entries": [self.root / "notebooks/10.ipynb", "own.build"],
            "outputs": [self.root / "work/rows.parquet", self.root / "output/demo-1/index.html"],
        }
        write_record(self.root, PARAMETERS, "build", options, **{**told, **more})

    def reasons(self, options=OPTIONS):
        return [*nothing_to_do(self.root, PARAMETERS, "build", options).reasons]

    @property
    def path(self):
        (path,) = (self.root / unchanged.FOLDER).iterdir()
        return path


@pytest.fixture
def place(tmp_path, monkeypatch):
    made = Place(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    own = functools.partial(Imports, packages=["own"], source=tmp_path / "src")
    monkeypatch.setattr(unchanged, "Imports", own)
    for name in [name for name in os.environ if name.startswith(("ITPCSR_", "QUARTO_"))]:
        monkeypatch.delenv(name)
    made.record()
    return made


def test_what_is_there_need_not_be_made(place):
    verdict = nothing_to_do(place.root, PARAMETERS, "build", OPTIONS)
    assert verdict == unchanged.Verdict((), Path("output/demo-1"), "demo")
    assert verdict.up_to_date
    assert place.path.parent == place.root / "work/done"


CHANGES = [
    ("project/data/ae.xpt", "other data", "data/ae.xpt changed"),
    ("project/data/ae.xpt", None, "data/ae.xpt is gone"),
    ("project/data/cm.xpt", "", "data/cm.xpt is new"),
    ("project/data/.cm.xpt", "", "data/.cm.xpt is new"),
    ("project/params/demo.yml", "report: other", "params/demo.yml changed"),
    ("project/report/page.qmd", "# Other", "report/page.qmd changed"),
    ("project/report/absent.qmd", "# Here", "report/absent.qmd is new"),
    ("project/report/deep/new.qmd", "", "report/deep/new.qmd is new"),
    ("project/_extensions/csr/look.scss", None, "_extensions/csr/look.scss is gone"),
    ("project/notebooks/10.ipynb", notebook("from own import first, build"), "notebooks/10.ipynb changed"),
    ("project/notebooks/10.ipynb", None, "notebooks/10.ipynb is gone"),
    ("src/own/third.py", "x = 1", "own/third.py changed"),
    ("src/own/build.py", "x = 1", "own/build.py changed"),
    ("src/own/build.py", None, "own.build: is no module of own."),
    ("src/own/data.csv", "", "own/data.csv is new"),
    ("fonts/Font.ttf", "other", "{}/fonts/Font.ttf changed"),
    ("project/uv.lock", LOCK + "#", "uv.lock changed"),
    ("project/work/rows.parquet", "other rows", "work/rows.parquet changed"),
    ("project/output/demo-1/index.html", None, "output/demo-1/index.html is gone"),
    ("project/output/demo-1/index.html", "<b>", "output/demo-1/index.html changed"),
    ("project/output/demo-1/new.html", "<b>", "output/demo-1/new.html is new"),
]


@pytest.mark.parametrize(("name", "text", "reason"), CHANGES)
def test_each_change_of_a_file_is_named(place, name, text, reason):
    path = place.folder / name
    times = path.stat() if path.exists() else None
    if text is None:
        path.unlink()
    else:
        place.write(name, text)
        if times:  # the content tells, not the time
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert place.reasons() == [reason.format(place.folder)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("project/README.md", "other"),
        ("project/tests/test_x.py", ""),
        ("src/own/other.py", "x = 1"),
        ("src/own/new.py", "x = 1"),
        ("project/notebooks/20.ipynb", "{}"),
        ("project/report/.hidden/page.qmd", ""),
        ("project/_extensions/csr/assets/vega.js", "the link of itpcsr link"),
        ("site/tool-1.0.dist-info/METADATA", "Name: tool\nVersion: 2.0\n\n"),
    ],
)
def test_what_nothing_reads_changes_nothing(place, name, text):
    place.write(name, text)
    assert place.reasons() == []


def test_a_file_written_again_as_it_was_is_the_same(place):
    os.utime(place.root / "data/ae.xpt", ns=(1, 1))
    assert place.reasons() == []


def test_outputs_of_a_notebook_in_git_change_nothing(place):
    place.write("project/notebooks/10.ipynb", notebook("from own import first", [{"output_type": "stream"}]))
    assert place.reasons() == []


def test_packages_are_named_with_both_versions(place):
    place.write("site/num_py-2.1.dist-info/METADATA", "Name: Num.Py\nVersion: 2.2\n\n")
    place.write("site/absent-1.dist-info/METADATA", "Name: absent\nVersion: 1\n\n")
    assert place.reasons() == ["package absent was absent and is 1", "package num-py was 2.1 and is 2.2"]


def test_without_a_lock_file_every_package_counts(place):
    (place.root / "uv.lock").unlink()
    place.record()
    assert place.reasons() == []
    place.write("site/new-1.dist-info/METADATA", "Name: new\nVersion: 1\n\n")
    (place.folder / "site/tool-1.0.dist-info/METADATA").unlink()
    (place.folder / "site/tool-1.0.dist-info").rmdir()
    assert place.reasons() == ["package new was absent and is 1", "package tool was 1.0 and is absent"]


def test_the_interpreter_counts(place, monkeypatch):
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    (reason,) = place.reasons()
    assert reason.startswith("Python was 3.")
    assert reason.endswith("and is 3.99.0")


def test_variables_and_options_count(place, monkeypatch):
    monkeypatch.setenv("ITPCSR_READING", "columns=9")
    assert place.reasons() == ["variable ITPCSR_READING was not given and is columns=9"]
    monkeypatch.delenv("ITPCSR_READING")
    assert place.reasons({**OPTIONS, "to": ("html", "pdf")}) == ["option to was html and is html, pdf"]
    assert place.reasons({**OPTIONS, "to": ("html",)}) == []


def test_quarto_counts_where_it_is_asked(place, monkeypatch):
    options = {**OPTIONS, "engine": "auto"}
    monkeypatch.setenv("PATH", str(place.folder / "bin"))
    place.record(options)
    assert place.reasons(options) == []
    place.write("bin/quarto", "")
    (place.folder / "bin/quarto").chmod(0o755)
    assert f"Quarto's path was none and is {place.folder}/bin/quarto" in place.reasons(options)
    place.record(options)
    assert place.reasons(options) == ["Quarto doesn't say its version unless it is started"]
    place.write("share/version", "1.9.37\n")
    place.record(options)
    assert place.reasons(options) == []
    place.write("share/version", "1.10.0\n")
    assert place.reasons(options) == ["Quarto's version was 1.9.37 and is 1.10.0"]
    place.record()
    (place.folder / "bin/quarto").unlink()
    assert place.reasons() == []


def test_another_command_or_version_has_no_record(place):
    for parameters, command in ((PARAMETERS, "run"), (Path("params/other.yml"), "build")):
        assert nothing_to_do(place.root, parameters, command, OPTIONS).reasons == (
            "no record of an earlier run",
        )


def test_the_record_is_the_same_from_anywhere(place, monkeypatch):
    monkeypatch.chdir(place.root)
    assert nothing_to_do(Path(), PARAMETERS, "build", OPTIONS).up_to_date
    assert nothing_to_do(Path(), PARAMETERS.absolute(), "build", OPTIONS).up_to_date


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda text: "", "the record of the last run is damaged"),
        (lambda text: text[:-5], "the record of the last run is damaged"),
        (lambda text: text.replace("data/ae.xpt", "data/ae.xyz"), "the record of the last run is damaged"),
        (lambda text: "[]\n[]", "the record of the last run is damaged"),
        (
            lambda text: text.replace('"made_by": "', '"made_by": "0'),
            "another version of the program ran last",
        ),
    ],
)
def test_a_damaged_record_is_not_believed(place, damage, reason):
    place.path.write_text(damage(place.path.read_text()))
    assert place.reasons() == [reason]


def test_a_record_without_a_part_is_damaged(place, monkeypatch):
    monkeypatch.setattr(unchanged, "_read", lambda path: {"options": OPTIONS})
    assert place.reasons() == ["the record of the last run is damaged"]


def test_an_input_saved_while_the_command_ran_is_seen(place):
    page = place.root / "report/page.qmd"
    seen = {page: source_hash(page)}
    page.write_text("# Saved meanwhile")
    place.record(read_files=seen)
    assert "report/page.qmd changed" in place.reasons()


def test_code_saved_while_the_command_ran_is_seen(place):
    code = place.folder / "src/own/third.py"
    seen = {code: source_hash(code)}
    code.write_text("x = 2")
    place.record(read_files=seen)
    assert "own/third.py changed" in place.reasons()


def test_no_output_is_read_when_an_input_changed(place):
    place.write("project/data/ae.xpt", "other")
    (place.root / "work/rows.parquet").unlink()
    assert place.reasons() == ["data/ae.xpt changed"]


def test_asking_imports_nothing_else():
    told = "import sys; import csrkit.publish.unchanged; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"pandas", "numpy", "pydantic", "yaml", "rich", "typer", "vl_convert"}
