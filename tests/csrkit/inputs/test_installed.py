"""Installed versions are those that importlib.metadata gives, and are had at once."""

import os
import sys
import time
import zipfile
from importlib.metadata import distributions, version

import pytest

from csrkit.inputs.packages import installed_versions


def install(folder, name, number, *, kind="dist-info", file="METADATA", extra=""):
    path = folder / f"{name}-{number}.{kind}"
    path.mkdir(parents=True)
    (path / file).write_text(
        f"Metadata-Version: 2.1\n{extra}Name: {name}\nVersion: {number}\n\nName: of a text\n"
    )


def by_library(path):
    found = {}
    for dist in distributions(path=path):
        found.setdefault(dist.name.lower(), dist.version)
    return dict(sorted(found.items()))


def test_the_environment_is_as_the_library_reads_it():
    found = installed_versions()
    assert found == by_library(sys.path)
    assert len(found) > 100
    assert found["itpcsr"] == version("itpcsr")  # installed editable
    assert list(found) == sorted(found)


def test_it_is_had_at_once():
    spent = []
    for _ in range(4):
        before = time.process_time()
        installed_versions()
        spent.append(time.process_time() - before)
    assert min(spent) < 0.06  # 0.02 seconds on the machine where it was written


def test_the_first_on_the_path_counts(tmp_path):
    install(tmp_path / "first", "Some.Thing", "2.0")
    install(tmp_path / "second", "Some.Thing", "1.0")
    install(tmp_path / "second", "other", "1.0", kind="egg-info", file="PKG-INFO")
    path = [str(tmp_path / name) for name in ("absent", "first", "second")]
    assert installed_versions(path) == {"other": "1.0", "some.thing": "2.0"} == by_library(path)


@pytest.mark.parametrize("kind", ["dist-info", "egg-info"])
def test_metadata_in_another_place_are_found(tmp_path, kind):
    other = "PKG-INFO" if kind == "dist-info" else "METADATA"
    install(tmp_path, "odd", "1.0", kind=kind, file=other)
    assert installed_versions([str(tmp_path)]) == {"odd": "1.0"} == by_library([str(tmp_path)])


def test_long_metadata_are_read(tmp_path):
    install(tmp_path, "long", "1.0", extra="Summary: " + "x" * 5000 + "\n")
    assert installed_versions([str(tmp_path)]) == {"long": "1.0"}


def test_archives_are_read(tmp_path):
    install(tmp_path / "in", "zipped", "3.1")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in (tmp_path / "in").rglob("METADATA"):
            archive.write(path, path.relative_to(tmp_path / "in").as_posix())
    assert installed_versions([str(tmp_path / "a.zip")]) == {"zipped": "3.1"}


def test_the_current_folder_is_the_empty_place(tmp_path, monkeypatch):
    install(tmp_path, "here", "1.0")
    monkeypatch.chdir(tmp_path)
    assert installed_versions([""]) == {"here": "1.0"}
    assert os.fspath(tmp_path) not in sys.path
