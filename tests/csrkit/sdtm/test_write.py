"""Each format that is written gives back the same trial, labels included, and the same bytes every time."""

import json

import jsonschema
import pandas as pd
import pytest
from typer.testing import CliRunner

from csrkit.sdtm.write import FORMATS, write_domains
from itpcsr.cli import app
from itpcsr.sdtm import read_trial
from itpsim.simulate import DATASET_LABELS, VARIABLE_LABELS, simulate


@pytest.fixture(scope="module", params=[6, 0], ids=["six subjects", "no subject"])
def domains(request, study):
    return simulate(study, seed=1, subjects=request.param)


def write(domains, folder, form):
    return write_domains(
        domains, folder, form, dataset_labels=DATASET_LABELS, variable_labels=VARIABLE_LABELS
    )


@pytest.mark.parametrize("form", FORMATS)
def test_round_trip(domains, tmp_path, form):
    write(domains, tmp_path, form)
    trial = read_trial([tmp_path])
    assert set(trial.domains) == set(domains)
    for name, frame in domains.items():
        pd.testing.assert_frame_equal(trial[name], frame)
        if form != "csv":
            assert trial.labels[name] == DATASET_LABELS[name]
            labels = {variable: entry.label for variable, entry in trial.variables[name].items()}
            assert labels == VARIABLE_LABELS[name]
    assert trial.notes == {}


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_bytes_every_time(domains, tmp_path, form):
    first, second = (write(domains, tmp_path / folder, form) for folder in ("a", "b"))
    assert [path.suffix for path in first] == [f".{form}"] * len(domains)
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_dataset_json_is_valid(domains, tmp_path, root):
    schema = root.parent / "shared/data/dataset_json/schema/dataset.schema.json"
    if not schema.exists():
        pytest.skip(f"the schema of Dataset-JSON isn't at {schema}")
    validator = jsonschema.Draft201909Validator(json.loads(schema.read_text(encoding="utf-8")))
    for path in write(domains, tmp_path, "json"):
        validator.validate(json.loads(path.read_text(encoding="utf-8")))


def test_dataset_json_says_what_the_data_are(study, tmp_path):
    write(simulate(study, seed=1, subjects=6), tmp_path, "json")
    head = json.loads((tmp_path / "ae.json").read_text(encoding="utf-8"))
    assert head["studyOID"] == "NCT04014166-SIM"
    columns = {column["name"]: column for column in head["columns"]}
    assert columns["AESEQ"]["dataType"] == "integer"
    assert columns["AETERM"]["length"] == max(len(row[list(columns).index("AETERM")]) for row in head["rows"])
    keys = {column["keySequence"]: name for name, column in columns.items() if "keySequence" in column}
    assert keys == {1: "STUDYID", 2: "USUBJID", 3: "AESEQ"}


@pytest.mark.parametrize("form", FORMATS)
def test_the_command_line_writes_each_format(tmp_path, form):
    result = CliRunner().invoke(app, ["simulate", str(tmp_path), "--subjects", "3", "--format", form])
    assert result.exit_code == 0, result.output
    assert (tmp_path / f"dm.{form}").exists()


def test_an_unknown_format_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["simulate", str(tmp_path), "--format", "xlsx"])
    assert result.exit_code == 2
