from pathlib import Path

import pytest

from csrkit.errors import ParameterError
from csrkit.parameters.validation import read_yaml
from itpcsr.study import ORIGINS, read_origins, read_report, read_study
from itpcsr.study.model import SECTIONS

STUDY = "params/study.yml"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.yml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(root: Path, tmp_path: Path, old: str, new: str, name: str = STUDY) -> Path:
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    return write(tmp_path, text.replace(old, new, 1))


def test_every_value_of_the_study_has_an_origin(root):
    origins = read_origins(root / STUDY)
    sections = [SECTIONS[name] for name in read_yaml(root / STUDY)]
    assert set(origins) == {leaf for section in sections for leaf in section.model_fields}
    assert {entry["origin"] for entry in origins.values()} == set(ORIGINS)


def test_leaf_names_are_unique_across_sections(root):
    study = read_study(root / STUDY)
    leaves = [leaf for name in type(study).model_fields for leaf in type(getattr(study, name)).model_fields]
    assert len(leaves) == len(set(leaves))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "response_count: {value: 30",
            "response_counts: {value: 30",
            "efficacy.response_counts: unknown name",
        ),
        (
            "response_count: {value: 30",
            "response_count: {value: -30",
            "efficacy.response_count: should be gr",
        ),
        ("response_count: {value: 30", "response_count: {value: thirty", "found 'thirty'"),
        ("origin: registry}", "origin: rumour}", "allowed: registry, publication, assumption"),
        ("{value: NCT04014166, origin: registry}", "NCT04014166", "must be written as {value: …, origin: …}"),
        ("arms: [ESC05]", "arms: [ESC99]", "names unknown arm ESC99"),
        ("code: ESC10", "code: ESC05", "arm code ESC05 appears twice"),
        ("key: esc10", "key: esc05", "column key esc05 appears twice"),
        ("control: {value: null", "control: {value: ESC99", "control 'ESC99' is no arm"),
        ("severe_grade: {value: 3", "severe_grade: {value: 6", "safety.severe_grade"),
        (
            "complete_count: {value: 100",
            "complete_count: {value: 20",
            "complete_count (20) is below response_count",
        ),
        ("value: [1, 8, 15, 22]", "value: [1, 15, 8]", "infusion_days must rise from Day 1 on"),
        ("severe_grade: {value: 3", "severe_grade: {value: true", "severe_grade"),
        ("confirmation_days: {value: 7", 'confirmation_days: {value: "7"', "confirmation_days"),
        ("response_count: {value: 30", "response_count: {value: .inf", "finite"),
        ("identity:", "identity:\nidentity:", "appears twice"),
        ("  product:", "  product2:", "identity.product: is missing"),
    ],
)
def test_a_fault_of_the_study_file_is_named(root, tmp_path, old, new, message):
    path = changed(root, tmp_path, old, new)
    with pytest.raises(ParameterError) as error:
        read_study(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 1.0.0", "version: one", "version: String should match pattern"),
        ("status: draft", "status: finished", "'draft' or 'final'"),
        ("confidence_level: 0.95", "confidence_level: 95", "should be less than 1"),
        (
            "confidence_level: 0.95",
            "confidence: 0.95",
            "confidence: unknown name. Known names: report, version",
        ),
        ("date: 2026-11-23", "date: yesterday", "date: "),
        ("date: 2026-11-23", "date: 2026-13-01", "is not valid YAML"),
        ("version: 1.0.0", "version: ١.٠.٠", "version: "),
        ("data: [data/simulated]", "data: []", "data: "),
        ("report: demo", "report: ../demo", "report: "),
    ],
)
def test_a_fault_of_the_report_file_is_named(root, tmp_path, old, new, message):
    with pytest.raises(ParameterError) as error:
        read_report(changed(root, tmp_path, old, new, "params/demo.yml"))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [1", "is not valid YAML"), ("- a\n- b", "must hold names and values"), ("", "must hold names")],
)
def test_a_file_that_is_no_mapping_is_named(tmp_path, text, message):
    with pytest.raises(ParameterError, match=message):
        read_report(write(tmp_path, text))


def test_a_missing_file_is_named():
    with pytest.raises(ParameterError, match="no such parameter file"):
        read_report("params/nobody.yml")


def test_overrides_reach_the_study_and_are_checked(root):
    assert read_study(root / STUDY, response_count=50).efficacy.response_count == 50
    with pytest.raises(ParameterError, match="no parameter is called 'respons_count'"):
        read_study(root / STUDY, respons_count=50)


def test_overrides_of_an_absent_section_are_not_used(root):
    assert read_study(root / "params/cdiscpilot01-study.yml", response_count=50).efficacy is None


def test_cohorts_cut_the_columns_down(root):
    study = read_study(root / STUDY, cohorts=["ESC20", "EXP20"])
    assert [column.key for column in study.design.columns] == ["esc20", "exp20", "all20", "total"]
    assert study.design.columns[-1].arms == ["ESC20", "EXP20"]
    with pytest.raises(ParameterError, match="unknown arm ESC99"):
        read_study(root / STUDY, cohorts=["ESC99"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("key: ASHEARLY", "key: CBOR", "response definition CBOR appears twice"),
        ("key: ASHEARLY", "key: ashearly", "efficacy.response_definitions.4.key"),
        (
            "kind: at a week, count: 30, ratio: 2, week: 1,",
            "kind: at a week, count: 30, ratio: 2,",
            "needs the week",
        ),
        ("weeks_needed: 6, weeks_counted: 8", "weeks_needed: 6", "needs weeks_needed and weeks_counted"),
        ("weeks_needed: 6", "weeks_needed: 9", "weeks_needed (9) is above weeks_counted"),
        ("count: 50, weeks_needed", "count: 50, complete_count: 40, weeks_needed", "is below count (50)"),
        ("value: [1, 1]", "value: [0, 1]", "rate_prior needs two values above 0"),
        ("value: [20, 30, 40]", "value: [20, 130]", "rate_thresholds are percentages"),
        ("bleeding_source: {value: adverse event", "bleeding_source: {value: diary", "bleeding_source"),
    ],
)
def test_a_fault_of_a_response_definition_is_named(root, tmp_path, old, new, message):
    with pytest.raises(ParameterError) as error:
        read_study(changed(root, tmp_path, old, new))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("disclosure: external\n", "an external version can't disclose analysis datasets as given"),
        ("data_cutoff: 2024-01-31\n", "can't be cut off"),
    ],
)
def test_datasets_as_given_are_neither_disclosed_nor_cut_off(root, tmp_path, more, message):
    text = (root / "params/demo.yml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(more.split(":")[0])]
    path = write(tmp_path, "\n".join([*lines, "given: {adx: adx.csv}", more]))
    with pytest.raises(ParameterError, match=message):
        read_report(path)
