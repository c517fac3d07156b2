"""The manifest says what a version was made from, for machines by a schema, and the history lists it."""

import json
from pathlib import Path

import jsonschema
import pytest

from csrkit.publish.version import open_run
from csrkit.versions.history import list_versions
from csrkit.versions.manifest import input_differences, make_manifest
from csrkit.versions.on_terminal import version_table
from itpcsr.publish.trial import TRIAL
from itpcsr.study import read_report
from tests.csrkit.versions import made_up

pytestmark = pytest.mark.slow  # all shipped versions are read


@pytest.fixture(scope="module")
def schema(root):
    content = json.loads((root / "docs/manifest.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


@pytest.fixture(scope="module")
def manifests(root):
    found = {}
    for name in ("demo", "escalation-review"):
        run = open_run(TRIAL, root / f"params/{name}.yml", root)
        found[name] = make_manifest(
            root, run.parameters, run.report, run.study, run.adam, "embedded 0", run.fonts.hashes
        )
    return found


def test_the_manifest_of_every_shipped_version_keeps_to_the_schema(schema, manifests):
    for manifest in manifests.values():
        schema.validate(json.loads(json.dumps(manifest)))


def test_the_cut_for_the_escalation_review_differs_from_the_demonstration_in_its_cut_alone(root):
    demo, review = (read_report(root / f"params/{name}.yml") for name in ("demo", "escalation-review"))
    own = {"report", "title", "data_cutoff"}
    assert {name for name in type(demo).model_fields if getattr(demo, name) != getattr(review, name)} == own


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "done"), ("data_cutoff", 5), ("hashes", {"code": "x"}), ("surprise", 1), ("columns", [])],
)
def test_the_schema_refuses_what_it_should(schema, manifests, name, value):
    assert not schema.is_valid(json.loads(json.dumps(manifests["demo"])) | {name: value})


def test_the_manifest_names_no_path_of_the_machine(manifests, root):
    text = json.dumps(manifests["demo"])
    assert str(root) not in text
    assert str(Path.home()) not in text


def test_two_cuts_of_one_data_folder_differ_in_parameters_and_cut_off_alone(manifests):
    assert list(input_differences(manifests["escalation-review"], manifests["demo"])) == [
        "report was 'escalation-review' and is 'demo' now",
        "data_cutoff was '2021-05-10' and is None now",
        "the parameters (demo.yml) aren't those of the published version",
    ]


def test_published_versions_are_listed_in_order_with_their_inputs(root, tmp_path):
    assert list_versions(tmp_path / "output") == []
    for number, version in enumerate(("1.10.0", "1.9.0")):
        digests = {"code": "a" * 64, "study": "b" * 64, "data DM": "c" * 64}
        inputs = {"DM": {"file": "dm.xpt", "sha256": "c" * 64}}
        (tmp_path / str(number)).mkdir()
        made_up.publish_small(
            root, tmp_path / str(number), tmp_path / "output", version=version, hashes=digests, inputs=inputs
        )
    (tmp_path / "output/.small-1.9.0.new").mkdir()
    (tmp_path / "output/.small-1.9.0.new/manifest.json").write_text("{}", encoding="utf-8")
    found = list_versions(tmp_path / "output")
    assert [version.folder.name for version in found] == ["small-1.9.0", "small-1.10.0"]
    assert found[0].marks == {"data": "cccccccc", "parameters": "00000000", "code": "aaaaaaaa"}
    assert version_table(found).row_count == 2
