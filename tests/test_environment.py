"""environment.yml and the lock file say the same."""

import shutil
import subprocess
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement


@pytest.fixture(scope="module")
def environment(root):
    return yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pins(environment):
    pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert pip[-1] == "-e ."
    return [Requirement(text) for text in pip[:-1]]


@pytest.fixture(scope="module")
def lock(root):
    return tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))


def test_quarto_and_python_come_from_conda(environment, root):
    names = [item for item in environment["dependencies"] if isinstance(item, str)]
    assert any(name.startswith("quarto>=") for name in names)
    assert "python=3.11" in names
    assert environment["channels"] == ["conda-forge"]


def test_every_pin_is_one_of_the_lock_file(pins, lock):
    locked = {(package["name"], package.get("version")) for package in lock["package"]}
    wrong = [str(pin) for pin in pins if (pin.name, str(pin.specifier).removeprefix("==")) not in locked]
    assert wrong == []


def test_every_direct_dependency_is_pinned(pins, root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {pin.name for pin in pins}
    assert {Requirement(text).name for text in project["dependencies"]} <= names
    for name in ("jupyterlab", "papermill", "pandas", "pingouin", "altair"):
        assert name in names


def test_it_is_what_the_lock_file_exports(root, pins):
    uv = shutil.which("uv", path=str(root / ".uv/bin")) or shutil.which("uv")
    if uv is None:
        pytest.skip("uv isn't here; `make test` fetches it")
    command = [uv, "export", "--frozen", "--quiet", "--no-dev", "--no-hashes", "--no-emit-project"]
    result = subprocess.run(
        [*command, "--no-annotate", "--no-header"], cwd=root, capture_output=True, text=True, check=True
    )
    exported = [str(Requirement(line)) for line in result.stdout.splitlines() if line[:1].isalpha()]
    assert [str(pin) for pin in pins] == exported, "run `make environment.yml`"
