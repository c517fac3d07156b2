"""environment.yml and the lock file say the same."""

import os
import shutil
import subprocess
import sys
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


# Stands for uv: writes a lock file, and is a pip-audit that finds what FOUND says, or finds no database.
UV = """#!/usr/bin/env bash
case "$1" in export) echo "x==1 --hash=sha256:0"; exit 0;; esac
[[ "$*" == *--version* ]] && exit "${FETCHED:-0}"
while [ $# -gt 0 ]; do [ "$1" = --output ] && out=$2; shift; done
if [ -z "$FOUND" ]; then echo "requests.exceptions.ConnectionError: no route" >&2; exit 1; fi
echo "$FOUND" > "$out"
[[ "$FOUND" == *CVE* ]] && exit 1
exit 0
"""


@pytest.mark.parametrize(
    ("found", "fetched", "code", "said"),
    [
        ('{"dependencies": [{"name": "x", "version": "1", "vulns": []}]}', 0, 0, "1 locked packages asked for: 0 with"),
        (
            '{"dependencies": [{"name": "x", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]}',
            0, 1, "x 1: CVE-1, mended in 2",
        ),
        ("", 0, 2, "the advisory database couldn't be asked (requests.exceptions.ConnectionError: no route)"),
        ("", 1, 2, "couldn't be fetched"),
    ],
)  # fmt: skip
def test_an_audit_tells_no_fault_from_no_answer(root, tmp_path, found, fetched, code, said):
    uv = tmp_path / "uv"
    uv.write_text(UV, encoding="utf-8")
    uv.chmod(0o755)
    env = {**os.environ, "UV": str(uv), "FOUND": found, "FETCHED": str(fetched), "PYTHON": sys.executable}
    result = subprocess.run([root / ".ci/audit"], capture_output=True, text=True, env=env, check=False)
    assert (result.returncode, said in result.stdout + result.stderr) == (code, True), result
    assert ("isn't known" in result.stderr) == (code == 2)


def test_the_documentation_says_what_every_direct_dependency_is_for(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (root / "docs/dependencies.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| ")][1:]
    listed = [name.strip() for cell in cells for name in cell.split(",")]
    assert sorted(listed) == sorted(Requirement(text).name for text in project["dependencies"])
