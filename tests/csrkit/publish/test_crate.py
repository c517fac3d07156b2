"""RO-Crate metadata: every file of a version, what it was made from, and the build that links them."""

import json

import pytest
from rocrate.rocrate import ROCrate

from csrkit.versions.published import CRATE, SUMS
from tests.csrkit.versions import made_up


@pytest.fixture
def version(root, tmp_path):
    return made_up.publish_small(root, tmp_path / "work", tmp_path / "output")


@pytest.fixture
def crate(version):
    return ROCrate(version)


def test_every_file_is_named_in_words_with_its_hash(version, crate):
    files = {path.relative_to(version).as_posix(): path for path in version.rglob("*") if path.is_file()}
    described = {name for name in files if name != CRATE and not name.startswith("site_libs/")}
    assert {entity.id for entity in crate.get_by_type("File")} == described
    sums = dict(line.split("  ")[::-1] for line in (version / SUMS).read_text(encoding="utf-8").splitlines())
    for name in described - {SUMS}:
        entity = crate.dereference(name)
        assert entity["sha256"] == sums[name]
        assert entity["contentSize"] == str(files[name].stat().st_size)
        assert "encodingFormat" in entity
    names = {"tables/tbl-response.csv": "Response", "tables/tbl-response-rows.csv": "Response: result rows"}
    names |= {"adam/adsl.parquet": "Analysis dataset ADSL", "notebooks/10-x.ipynb": "Notebook 10-x, executed"}
    assert {name: crate.dereference(name)["name"] for name in names} == names


def test_the_build_links_inputs_and_outputs(crate):
    action = crate.root_dataset["mentions"]
    assert action.type == "CreateAction"
    assert action["instrument"]["name"] == "itpcsr"
    inputs = {entity.id: entity for entity in action["object"]}
    assert set(inputs) == {
        "#data/DM", "#parameters", "#study", "#lock", "#code", "#font/F.otf", "#notebook/10-x",
    }  # fmt: skip
    assert inputs["#notebook/10-x"]["sha256"] == "e"
    assert {"csr.docx", "results.parquet", "tables/", "notebooks/", "manifest.json"} <= {
        entity.id for entity in action["result"]
    }
    needs = {entity["name"] for entity in action["instrument"]["softwareRequirements"]}
    assert needs == {"Python", "embedded renderer", "Software bill of materials (CycloneDX)"}


def test_every_reference_leads_to_an_entity(version):
    graph = json.loads((version / CRATE).read_text(encoding="utf-8"))["@graph"]
    known = {node["@id"] for node in graph} | {"https://w3id.org/ro/crate/1.2"}
    ends = [
        end["@id"]
        for node in graph
        for value in node.values()
        for end in (value if isinstance(value, list) else [value])
        if isinstance(end, dict)
    ]
    assert set(ends) <= known
    assert len(known) >= len(graph)


def test_a_licence_is_stated_for_simulated_data_alone(root, tmp_path, crate):
    assert crate.root_dataset["license"]["name"] == "MIT License"
    assert "Simulated data" in crate.root_dataset["description"]
    folder = made_up.publish_small(root, tmp_path / "real", tmp_path / "other", simulated=False)
    real = ROCrate(folder)
    assert "license" not in real.root_dataset
    assert "Simulated" not in real.root_dataset["description"]
    assert real.dereference("#program")["license"]["name"] == "MIT License"


def test_the_same_version_has_the_same_metadata_with_no_person_path_or_moment(root, tmp_path, version):
    again = made_up.publish_small(root, tmp_path / "again", tmp_path / "elsewhere")
    text = (version / CRATE).read_text(encoding="utf-8")
    graph = json.loads(text)["@graph"]
    assert {node["@id"] for node in graph} == {
        node["@id"] for node in json.loads((again / CRATE).read_text(encoding="utf-8"))["@graph"]
    }
    assert str(tmp_path) not in text
    dates = {value for node in graph for name, value in node.items() if "date" in name.lower()}
    assert dates == {"2024-01-01"}
    assert not any("Person" in node["@type"] or "Time" in name for node in graph for name in node)
