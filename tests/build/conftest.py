"""A copy of the project in another folder, and the version that its commands publish there."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from itpcsr.build import pipeline

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


def run_itpcsr(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in the project's folder."""
    command = [str(Path(sys.executable).parent / "itpcsr"), *arguments]
    env = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **environment}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=env)


@pytest.fixture(scope="session")
def project(root, tmp_path_factory, worker_id):
    """Return a copy of the project in which the demonstration has been built, once for all workers."""
    place = tmp_path_factory.getbasetemp()
    place = place if worker_id == "master" else place.parent
    folder = place / "project"
    with (place / "project.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not (folder / "output").exists():
            shutil.rmtree(folder, ignore_errors=True)
            copy_project(root, folder)
            result = run_itpcsr(folder, "build", "params/demo.yml", "--engine", "embedded")
            assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="session")
def published(project):
    """Return the published demonstration."""
    return project / "output/demo-1.0.0"


@pytest.fixture(scope="session")
def project_of_demo(project):
    """Return the assembled book project of the demonstration."""
    return project / "work/demo/render"


@pytest.fixture
def copy(project, tmp_path):
    """Return a copy of the built project, so that a fault in it harms no other test."""
    folder = copy_project(project, tmp_path / "copy")
    shutil.copytree(project / "output", folder / "output")
    shutil.copytree(project / "work", folder / "work")
    return folder


def change(folder: Path, **values: object) -> Path:
    path = folder / "params/demo.yml"
    path.write_text(
        yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | values), encoding="utf-8"
    )
    return path


def build(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "params/demo.yml") -> Path:
    monkeypatch.chdir(folder)
    return pipeline.build_report(Path(name), Path(), Path("output"), "embedded", lambda _: None)
