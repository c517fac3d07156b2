"""Section 16.1.9 shows the manifest to readers: every input with its SHA-256."""

import re

import pytest

from csrkit.inputs.packages import environment
from csrkit.publish.lists import PROVENANCE_PATH, write_provenance
from csrkit.publish.version import open_run
from csrkit.versions.manifest import make_manifest
from csrkit.versions.published import INPUTS
from itpcsr.publish.trial import TRIAL
from tests.csrkit.versions import made_up


@pytest.fixture
def page(root, tmp_path):
    manifest = made_up.manifest(
        environment=environment(root / "uv.lock"),
        inputs={"DM": {"file": "d|m.xpt", "sha256": "1" * 64}, "EX": {"file": "ex.xpt", "sha256": "2" * 64}},
        hashes={"code": "3" * 64, "study": "4" * 64, "data DM": "1" * 64},
        notebooks={"10-x": "5" * 64},
        fonts={"F.otf": "6" * 64},
    )
    write_provenance(tmp_path, manifest)
    return (tmp_path / PROVENANCE_PATH).read_text(encoding="utf-8")


def test_every_input_stands_with_its_hash(page):
    rows = dict(re.findall(r"^\| (.+?) \| `([0-9a-f]{64})` \|$", page, re.MULTILINE))
    assert rows == {
        r"DM: d\|m.xpt": "1" * 64, "EX: ex.xpt": "2" * 64, "Parameters of this version: small.yml": "0" * 64,
        "Study file: what the protocol fixes": "4" * 64, "Program: all files of the package": "3" * 64,
        "10-x": "5" * 64, "Font of PDF and charts: F.otf": "6" * 64,
    }  # fmt: skip


def test_version_and_software_stand_in_words(page):
    assert "| Report | small, version 1.0.0 (draft) |" in page
    assert "| Data cut-off | none: all records |" in page
    packages = re.search(r"\| Main packages \| (.+) \|", page).group(1)
    assert "pandas 3." in packages
    assert "pytest" not in packages
    assert len(packages.split(", ")) > 30


@pytest.mark.parametrize("page", ["report", "report/cdiscpilot01"])
def test_each_report_includes_it_once(root, page):
    text = (root / page / "16-appendices.qmd").read_text(encoding="utf-8")
    statistics = text.split("### Documentation of Statistical Methods")[1].split("\n### ")[0]
    assert statistics.count(f"{{{{< include /{PROVENANCE_PATH.as_posix()} >}}}}") == 1


def test_every_input_of_the_demonstration_has_its_words(root):
    run = open_run(TRIAL, root / "params/demo.yml", root)
    manifest = make_manifest(
        root, run.parameters, run.report, run.study, run.adam, "embedded 0", run.fonts.hashes
    )
    assert {name for name in manifest["hashes"] if not name.startswith("data ")} == set(INPUTS)
