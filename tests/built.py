"""Whole reports, each built once for all tests that read it, and copies of them for tests that change something."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdf
import pytest
import yaml
from typer.testing import CliRunner

from csrkit import terminal
from csrkit.publish import pipeline
from csrkit.publish.version import open_run
from csrkit.render.render import FORMATS, Format
from itpcsr.cli import app
from itpcsr.publish.trial import TRIAL
from tests.once import once_for_all_workers
from tests.tiny import add_second, make_project

PARTS = (
    "_extensions",
    "_quarto.yml",
    "data/registry",
    "data/simulated",
    "index.qmd",
    "notebooks",
    "params",
    "report",
    "uv.lock",
)
# What the notebooks that draw take in builds that are about something else than their numbers
FEWER_DRAWS = {
    "60-immune-mechanism": {"simulations": 100, "bootstraps": 100},
    "70-dose-selection": {"trials": 100},
}


def copy_project(root: Path, folder: Path) -> Path:
    """Copy what a build reads."""
    for name in PARTS:
        source, target = root / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore_dangling_symlinks=True)
        else:
            shutil.copyfile(source, target)
    return folder


def start_itpcsr(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in a process of its own and in the project's folder."""
    command = [str(Path(sys.executable).parent / "itpcsr"), *arguments]
    env = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **environment}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=env)


@dataclass(frozen=True)
class Done:
    """What a command that ran in this process printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def run_itpcsr(folder: Path, *arguments: str, **environment: str) -> Done:
    """Run the command line in the project's folder, but in this process, which has imported what it needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in {"COLUMNS": "200", "NO_COLOR": "1", **environment}.items():
            patch.setenv(name, value)
        # a command leaves these to the process that it ends with
        patch.setenv("TMPDIR", tempfile.gettempdir())
        patch.setattr(tempfile, "tempdir", tempfile.tempdir)
        patch.setattr(terminal.messages(), "_width", 200)
        done = CliRunner().invoke(app, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


MakeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def make_once(tmp_path_factory) -> MakeOnce:
    """Return a function that has a folder made by the first worker who asks; the others wait for it.

    One that couldn't be made isn't tried again.
    """

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        base = tmp_path_factory.getbasetemp()
        folder = (base.parent if base.name.startswith("popen-") else base) / name

        def try_to_fill() -> str:
            try:
                fill(folder)
            except Exception:
                return traceback.format_exc()
            return ""

        if fault := once_for_all_workers(tmp_path_factory, name, try_to_fill):
            pytest.fail(f"{name} couldn't be made:\n{fault}", pytrace=False)
        return folder

    return make


@pytest.fixture(scope="session")
def project(root, make_once):
    """Return a copy of the project in which the demonstration has been built by the command."""

    def fill(folder: Path) -> None:
        copy_project(root, folder)
        result = start_itpcsr(folder, "build", "params/demo.yml", "--engine", "embedded")
        assert result.returncode == 0, result.stderr

    return make_once("project", fill)


@pytest.fixture(scope="session")
def published(project):
    """Return the published demonstration."""
    return project / "output/demo-1.0.0"


@pytest.fixture(scope="session")
def pdf_texts(published, make_once) -> list[str]:
    """Return the text of each page of the demonstration's PDF, which takes long to read."""

    def fill(folder: Path) -> None:
        folder.mkdir()
        pages = pypdf.PdfReader(published / "csr.pdf").pages
        (folder / "pages.json").write_text(json.dumps([page.extract_text() for page in pages]), "utf-8")

    return json.loads((make_once("pdf-texts", fill) / "pages.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def project_of_demo(project):
    """Return the assembled book project of the demonstration."""
    return project / "work/demo/render"


@pytest.fixture(scope="session")
def make_derived(root, make_once):
    """Return a function that writes the small project (``tiny.make_project``) with its datasets derived."""

    def fill(folder: Path) -> None:
        run = open_run(TRIAL, make_project(root, folder) / "params/tiny.yml", folder)
        pipeline.derive_once(run, lambda _: None)

    derived = make_once("derived", fill)
    return lambda folder: shutil.copytree(derived, folder, symlinks=True, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def small_project(make_derived, make_once):
    """Return a project of two small notebooks whose report has been built."""

    def fill(folder: Path) -> None:
        add_second(make_derived(folder))
        with pytest.MonkeyPatch.context() as patch:
            build(folder, patch, "params/tiny.yml")

    return make_once("small", fill)


@pytest.fixture
def small(small_project, tmp_path):
    """Return a copy of the small built project, so that a fault in it harms no other test."""
    return shutil.copytree(small_project, tmp_path / "small", symlinks=True)


def copy_built(project: Path, folder: Path) -> Path:
    """Copy a built project with what it published and what it made on the way."""
    copy_project(project, folder)
    for name in ("output", "work"):
        shutil.copytree(project / name, folder / name, symlinks=True)
    return folder


def change(folder: Path, file: str = "params/demo.yml", **values: object) -> Path:
    """Give a version's parameters other values."""
    path = folder / file
    path.write_text(
        yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | values), encoding="utf-8"
    )
    return path


def build(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str = "params/demo.yml",
    output: str = "output",
    formats: Sequence[Format] = FORMATS,
) -> Path:
    """Build a version in this process and in the project's folder; return where it is published."""
    monkeypatch.chdir(folder)
    return folder / pipeline.build_report(
        TRIAL, Path(name), Path(), Path(output), "embedded", lambda _: None, targets=formats
    )
