"""A dataset is as its specification says, or each thing that isn't is named with dataset and variable."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from csrkit.conformance import arrange, find_faults, number_parameters, refuse_faults, write_dataset
from csrkit.errors import DataError, ParameterError
from csrkit.specification import read_specification

COMMON = """
codelists:
  NY: {Y: "Yes", N: "No"}
  STATE: {GOOD: Good, BAD: Bad}
variables:
  STUDYID: {label: Study Identifier, type: text, length: 8, filled: true, origin: "Predecessor: ADSL.STUDYID"}
  USUBJID: {label: Unique Subject Identifier, type: text, length: 8, filled: true, origin: "Predecessor: ADSL.USUBJID"}
  ASEQ: {label: Analysis Sequence Number, derivation: counted}
  TRTP: {label: Planned Treatment, type: text, length: 8, origin: "Predecessor: ADSL.TRT01P"}
  TRTA: {label: Actual Treatment, type: text, length: 8, origin: "Predecessor: ADSL.TRT01A"}
"""
DATASET = """
label: Values
structure: BASIC DATA STRUCTURE
records: One record per value
keys: [USUBJID, PARAMCD, ADT, LBSEQ]
sources: [LB]
variables:
  STUDYID:
  USUBJID:
  ASEQ:
  LBSEQ: {label: Sequence Number, origin: "Predecessor: LB.LBSEQ"}
  TRTP:
  TRTA:
  PARAMCD: {label: Parameter Code, type: text, length: 8, filled: true, origin: Assigned, derivation: code}
  PARAM: {label: Parameter, type: text, length: 40, origin: Assigned, derivation: words}
  AVAL: {label: Analysis Value, origin: "Predecessor: LB.LBSTRESN"}
  AVALC: {label: Analysis Value (C), codelist: STATE, derivation: judged}
  BASE: {label: Baseline Value, derivation: AVAL at baseline}
  CHG: {label: Change from Baseline, derivation: AVAL less BASE}
  ADT: {label: Analysis Date, type: date, derivation: day}
  VISIT: {label: Visit Name, type: text, length: 6, origin: "Predecessor: LB.VISIT"}
  ABLFL: {label: Baseline Record Flag, codelist: NY, derivation: last before}
  RESCFL: {label: After Rescue Flag, codelist: NY, derivation: after rescue, where: the study has rescue}
parameters:
  ALT: {label: Alanine (U/L)}
  AST: {label: Aspartate (U/L)}
"""


def specification(folder, dataset=DATASET, common=COMMON, name="adlb"):
    (folder / "common.yml").write_text(common)
    (folder / f"{name}.yml").write_text(dataset)
    return read_specification(folder)


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return specification(tmp_path_factory.mktemp("spec"))


def values(**changed):
    frame = pd.DataFrame(
        {
            "STUDYID": "S", "USUBJID": ["1", "1", "2"], "ASEQ": [1.0, 2.0, 1.0], "LBSEQ": [1.0, 2.0, 1.0], "TRTP": "A",
            "TRTA": "A", "PARAMCD": "ALT", "PARAM": "Alanine (U/L)", "AVAL": [10.0, 12.0, 9.0],
            "AVALC": ["", "GOOD", ""], "BASE": [10.0, 10.0, np.nan], "CHG": [0.0, 2.0, np.nan],
            "ADT": pd.to_datetime(["2020-01-01", "2020-01-08", "2020-01-03"]).astype("datetime64[us]"),
            "VISIT": "WEEK 1", "ABLFL": ["Y", "N", "N"],
        }
    )  # fmt: skip
    return frame.assign(**changed)


def faults(frame, spec, **how):
    return [str(fault) for fault in find_faults(frame, spec["adlb"], spec, **how)]


def test_what_is_as_specified_has_no_fault(spec):
    assert faults(values(), spec, copies=True) == []
    assert faults(values(RESCFL="N"), spec, copies=True) == []
    assert faults(values().head(0), spec, copies=True) == []
    refuse_faults(values(), spec["adlb"], spec)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"AVAL": ["1", "2", "3"]}, "ADLB.AVAL: is of type str, not number"),
        ({"PARAMCD": ["ALT", "", "ALT"]}, "ADLB.PARAMCD: is empty in a record"),
        ({"AVALC": ["", "FINE", ""]}, "ADLB.AVALC: holds 'FINE', which is no code of STATE (GOOD, BAD)"),
        ({"OTHER": "x"}, "ADLB.OTHER: is in the dataset and not in its specification"),
        ({"PARAM": ["Alanine", "Alanine (U/L)", "Alanine"]}, "ADLB.PARAM: of ALT is 'Alanine', not 'Alanine (U/L)'"),
        ({"PARAM": ["Alanine", "Alanine (U/L)", "Alanine"]}, "ADLB.PARAMCD: does not match one to one with PARAM"),
        ({"PARAMCD": ["ALT", "ALT", "GGT"]}, "ADLB.PARAMCD: 'GGT' is no parameter of the specification"),
        ({"AVALC": "GOOD"}, "ADLB.AVALC: does not match one to one with AVAL: AVALC is 'GOOD' of two"),
        ({"ABLFL": ["Y", "Y", "N"]}, "ADLB.ABLFL: marks two records of one subject and parameter"),
        ({"BASE": [11.0, 11.0, np.nan], "CHG": [-1.0, 1.0, np.nan]}, "ADLB.BASE: is not the value of the baseline"),
        ({"CHG": [0.0, 3.0, np.nan]}, "ADLB.CHG: is not AVAL less BASE"),
        ({"USUBJID": "1", "LBSEQ": 1.0, "ADT": pd.Timestamp("2020-01-01")}, "two records are the same in it: 1, ALT, 2020-01-01"),
    ],
)  # fmt: skip
def test_each_fault_is_named(spec, changed, fault):
    frame = values(**changed)
    frame["ADT"] = frame["ADT"].astype("datetime64[us]")
    assert any(fault in found for found in faults(frame, spec))
    with pytest.raises(DataError, match="as its specification says"):
        refuse_faults(frame, spec["adlb"], spec)


def test_what_is_copied_is_the_matter_of_the_data(spec):
    long = values(VISIT="UNSCHEDULED")
    assert faults(long, spec) == []
    assert faults(long, spec, copies=True) == ["ADLB.VISIT: holds 'UNSCHEDULED': longer than 6 bytes"]


def test_variables_come_into_order_and_type(spec):
    backwards = values()[[*reversed(values().columns)]].astype(
        {"LBSEQ": "int64", "VISIT": "object", "ADT": "datetime64[s]"}
    )
    backwards["VISIT"] = pd.Series(["WEEK 1", None, "WEEK 1"], dtype="object")
    found = arrange(backwards, spec["adlb"])
    pd.testing.assert_frame_equal(found, values(VISIT=["WEEK 1", "", "WEEK 1"]))
    assert faults(arrange(backwards.head(0), spec["adlb"]), spec) == []


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (values().drop(columns="AVAL"), "ADLB.AVAL: is missing"),
        (values(NEW=1.0), "ADLB.NEW: is in the dataset and not in its specification"),
    ],
)
def test_a_variable_too_few_or_too_many_stops(spec, frame, words):
    with pytest.raises(DataError, match=words):
        arrange(frame, spec["adlb"])


def test_the_file_says_what_its_variables_are(spec, tmp_path):
    write_dataset(values(), tmp_path / "adlb.parquet", spec["adlb"])
    schema = pq.read_schema(tmp_path / "adlb.parquet")
    assert (schema.metadata[b"name"], schema.metadata[b"label"]) == (b"ADLB", b"Values")
    assert schema.field("AVALC").metadata == {
        b"label": b"Analysis Value (C)", b"type": b"text", b"length": b"4", b"origin": b"Derived", b"codelist": b"STATE",
    }  # fmt: skip
    assert schema.field("ADT").metadata[b"format"] == b"DATE9."
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "adlb.parquet"), values(), check_dtype=False)


def test_parameters_are_numbered_as_they_are_listed(spec):
    assert number_parameters(["ZZZ", "AST", "BUN"], spec["adlb"]) == {"ALT": 1, "AST": 2, "BUN": 3, "ZZZ": 4}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "  AVAL: {label",
            "  VALUE: {label: Value, derivation: read}\n  AVAL: {label",
            "VALUE is no name of ADaM",
        ),
        ("label: Analysis Date", f"label: {41 * 'x'}", "at most 40 characters"),
        ("  ADT:", "  ADTOFDRAW:", "ADTOFDRAW"),
        ("  TRTA:\n", "", "lacks TRTA"),
        ('  AVAL: {label: Analysis Value, origin: "Predecessor: LB.LBSTRESN"}\n', "", None),
        (", derivation: judged", "", "say how in `derivation`"),
        ("codelist: STATE", "codelist: STATES, type: text", "no codelist STATES"),
        ('  LBSEQ: {label: Sequence Number, origin: "Predecessor: LB.LBSEQ"}\n', "", "lacks LBSEQ"),
        ("sources: [LB]", "sources: [VS]", "is not AD and one of its domains"),
        ("label: Values", "label: Values\nuntraced: not needed", "needs SRCSEQ or its domain's --SEQ"),
        ("type: date", "type: day", "type"),
        ("origin: Assigned", "origin: Copied", "origin"),
    ],
)
def test_a_specification_keeps_the_rules_of_adam(tmp_path, old, new, words):
    assert old in DATASET
    if words is None:  # AVALC alone is enough
        assert "AVAL" not in specification(tmp_path, DATASET.replace(old, new, 1))["adlb"].names
        return
    with pytest.raises((ParameterError, ValueError), match=words):
        specification(tmp_path, DATASET.replace(old, new, 1))
