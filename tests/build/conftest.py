"""A copy of the project in another folder, and the version that its commands publish there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PARTS = (
    "_extensions",
    "_quarto.yml",
    "data/simulated",
    "index.qmd",
    "notebooks",
    "params",
    "report",
    "uv.lock",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run all tests of a version that takes a minute to build."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "project" in names or "published" in names:
            module = "pilot" if item.path.name == "test_pilot.py" else "demo"
            item.add_marker(pytest.mark.xdist_group(module))


def copy_project(root: Path, folder: Path) -> Path:
    """Copy what a build reads."""
    for name in PARTS:
        source, target = root / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
    return folder


def run_itpcsr(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in the project's folder."""
    command = [str(Path(sys.executable).parent / "itpcsr"), *arguments]
    env = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **environment}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=env)


@pytest.fixture(scope="session")
def project(root, tmp_path_factory):
    """Return a copy of the project in which the demonstration has been built."""
    folder = copy_project(root, tmp_path_factory.mktemp("project"))
    result = run_itpcsr(folder, "build", "params/demo.yml", "--engine", "embedded")
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="session")
def published(project):
    """Return the published demonstration."""
    return project / "output/demo-1.0.0"
