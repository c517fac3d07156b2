"""The bill of materials lists the software that a version was made with, by what is installed and locked."""

import ast
import json
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from csrkit.inputs.packages import environment
from csrkit.versions.manifest import make_bill
from tests.csrkit.versions import made_up

LOCK = """
[[package]]
name = "itpcsr"
version = "0"
dependencies = [{ name = "numpy" }, { name = "absent" }]
[package.optional-dependencies]
more = [{ name = "pandas" }]

[[package]]
name = "numpy"
version = "0.1"
wheels = [{ url = "https://example.org/numpy-0.1-py3-none-any.whl", hash = "sha256:00" }]

[[package]]
name = "pandas"
version = "%s"
dependencies = [{ name = "numpy" }]
sdist = { url = "https://example.org/pandas.tar.gz", hash = "sha256:%s" }
"""


def manifest(**values):
    installed = environment(Path("uv.lock"))
    return made_up.manifest(environment=installed, renderer="embedded 0.1.0 (pandoc 3)", **values)


@pytest.fixture(scope="module")
def bill(root):
    return make_bill(root / "uv.lock", manifest())


def libraries(bill):
    return {part["name"]: part for part in bill["components"] if part["type"] == "library"}


def test_it_keeps_to_the_schema_of_cyclonedx(bill):
    some = bill | {"components": bill["components"][::9]}  # to look at all of them takes ten seconds
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(some)) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(some | {"specVersion": 1}))


def test_the_same_inputs_give_the_same_bill_and_its_only_date_is_the_report_s(root, bill):
    assert make_bill(root / "uv.lock", manifest()) == bill
    assert bill["metadata"]["timestamp"] == "2024-01-01T00:00:00+00:00"
    other = make_bill(root / "uv.lock", manifest(version="1.0.1"))
    assert other["serialNumber"] != bill["serialNumber"]
    assert other["components"] == bill["components"]


def test_it_lists_what_the_program_needs_and_no_tool_of_its_developers(bill):
    found = libraries(bill)
    assert {"pandas", "numpy", "scipy", "jupyterlab", "six"} <= set(found)
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & set(found)
    assert {name: part["version"] for name, part in found.items()} == {name: version(name) for name in found}
    assert bill["metadata"]["component"]["licenses"] == [{"license": {"id": "MIT"}}]
    others = {part["name"] for part in bill["components"]} - set(found)
    assert others == {"Python", "embedded renderer"}


def test_every_distribution_has_its_url_and_the_file_of_the_lock_with_its_hash(root, bill):
    lock = (root / "uv.lock").read_text(encoding="utf-8")
    for name, part in libraries(bill).items():
        assert part["purl"] == f"pkg:pypi/{name}@{part['version']}"
        (origin,) = part["externalReferences"]
        (digest,) = origin["hashes"]
        assert f'url = "{origin["url"]}", hash = "sha256:{digest["content"]}"' in lock, name


def test_licences_are_those_of_the_metadata(bill):
    found = libraries(bill)
    assert found["rich"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert found["pandas"]["licenses"] == [
        {"license": {"name": "BSD License"}}
    ]  # a whole text stands beside it
    assert '"UNKNOWN"' not in json.dumps(bill)


def test_dependencies_point_to_components(bill):
    known = {part["bom-ref"] for part in [bill["metadata"]["component"], *bill["components"]]}
    edges = {edge["ref"]: edge.get("dependsOn", []) for edge in bill["dependencies"]}
    assert set(edges) | {end for ends in edges.values() for end in ends} <= known
    pandas = next(ref for ref in edges if ref.startswith("pkg:pypi/pandas@"))
    assert any(end.startswith("pkg:pypi/numpy@") for end in edges[pandas])


def test_a_version_that_is_not_the_locked_one_has_no_file(tmp_path):
    lock = tmp_path / "uv.lock"
    lock.write_text(LOCK % (version("pandas"), "a" * 64), encoding="utf-8")
    found = libraries(make_bill(lock, manifest()))
    assert set(found) == {"numpy", "pandas"}
    assert "externalReferences" not in found["numpy"]
    assert found["pandas"]["externalReferences"][0]["hashes"][0]["content"] == "a" * 64


def test_without_a_lock_file_all_that_is_installed_is_listed(tmp_path):
    found = libraries(make_bill(tmp_path / "uv.lock", manifest()))
    assert {"pytest", "pandas"} <= set(found)
    assert not any("externalReferences" in part for part in found.values())


def test_commands_and_notebooks_start_without_the_libraries_of_provenance(root):
    """They are imported inside functions."""
    late = {"rocrate", "cyclonedx", "packageurl"}
    found = {}
    for path in (root / "src").rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        names = {node.module or "" for node in body if isinstance(node, ast.ImportFrom)}
        names |= {
            f"{node.module}.{item.name}"
            for node in body
            if isinstance(node, ast.ImportFrom)
            for item in node.names
        }
        names |= {item.name for node in body if isinstance(node, ast.Import) for item in node.names}
        found[path.stem] = names
    assert [name for name, names in found.items() if {text.split(".")[0] for text in names} & late] == []
