"""Spellings of units, their arithmetic, and what is left for the checks to name."""

from dataclasses import replace

import pandas as pd
import pytest

from csrkit.errors import DataError
from csrkit.sdtm.units import conversion, is_known
from itpcsr.sdtm import Trial
from itpcsr.sdtm.report_units import list_units, standardise_units, unit_faults

COUNT = "10^9/L"


@pytest.mark.parametrize(
    ("unit", "target", "factor"),
    [
        *((unit, COUNT, 1) for unit in (
            "10^9/L", "10*9/L", "10**9/L", "10E9/L", "10e9/l", "x10^9/L", "× 10⁹/L", "10⁹/L", "1E9/L", "G/L", "GI/L",
            "Gpt/L", "10^3/uL", "10^3/µL", "10^3/μL", "10*3/mm3", "10^3/mm^3", "K/uL", "K/UL", "THOU/uL", "10^6/mL",
        )),
        *((unit, COUNT, 0.001) for unit in ("/mm3", "/uL", "/µL", "cells/uL", "CELLS/UL", "1/uL", "10^6/L")),
        *((unit, COUNT, 1) for unit in (
            "X10^9/L", "X 10^9/L", "10E+9/L", "1E+9/L", "10^9／L", "１０^９／Ｌ", "10(9)/L", "GIGA/L", "giga/L", "bil/L",
            "10^3/cmm", "K/cmm",
        )),
        ("/cmm", COUNT, 0.001),
        ("万/µL", COUNT, 10),
        ("10^12/L", COUNT, 1000),
        ("T/L", COUNT, 1000),
        ("g/dL", "g/L", 10),
        ("G/DL", "g/L", 10),
        ("g/l", "g/L", 1),
        ("mg/dL", "g/L", 0.01),
        ("mmol/L", "umol/L", 1000),
        ("ug/mL", "ng/mL", 1000),
        ("pg/mL", "ng/L", 1),
        ("U/L", "U/L", 1),
        ("ukat/L", "U/L", 60),
        ("lb", "kg", 0.45359237),
        ("LB", "kg", 0.45359237),
        ("g", "kg", 0.001),
        ("KG", "kg", 1),
        ("in", "cm", 2.54),
        ("m", "cm", 100),
        ("10^6 cells/L", "CELLS/ML", 1000),
        ("cells/uL", "cells/mL", 1000),
        ("10^6/kg", "10^6 CELLS/KG", 1),
        ("FRACTION", "%", 100),
    ],
)  # fmt: skip
def test_factors(unit, target, factor):
    assert conversion(unit, target) == (factor, 0)


def test_temperatures_have_an_offset():
    factor, offset = conversion("F", "C")
    assert [round(value * factor + offset, 9) for value in (32, 98.6, 212)] == [0, 37, 100]
    assert conversion("°C", "C") == (1, 0)


@pytest.mark.parametrize(
    ("unit", "target"),
    [("G/L", "g/L"), ("g/L", COUNT), ("mg/dL", "umol/L"), ("mmol/L", "g/L"), ("IU/mL", "U/mL"), ("kg", "cm")],
)
def test_units_of_another_kind_are_not_converted(unit, target):
    with pytest.raises(DataError, match="can't be converted"):
        conversion(unit, target)


@pytest.mark.parametrize("unit", ["", "stone", "109/L", "G/l", "10^/L", "10^9", "x", "10^9/L/L"])
def test_other_spellings_are_not_known(unit):
    assert not is_known(unit)


def lb(*rows):
    names = ["USUBJID", "LBTESTCD", "LBORRES", "LBORRESU", "LBSTRESC", "LBSTRESN", "LBSTRESU", "LBSTNRLO"]
    return pd.DataFrame(
        [(subject, test, text, unit, text, value, unit, 100.0) for subject, test, text, value, unit in rows],
        columns=names,
    ).astype({name: "str" for name in names if name not in ("LBSTRESN", "LBSTNRLO")})


def test_results_are_converted_and_what_was_recorded_stays(study):
    trial = Trial({"LB": lb(("1", "PLAT", "29000", 29000.0, "/mm3"), ("1", "PLAT", "<1000", float("nan"), "/uL"),
                            ("1", "PLAT", "clumped", float("nan"), "/uL"), ("2", "PLAT", "31", 31.0, "10*9/L"),
                            ("2", "HGB", "13.1", 13.1, "g/dL"), ("2", "OTHER", "5", 5.0, "stone"))})  # fmt: skip
    found = standardise_units(trial, study)["LB"]
    assert found["LBSTRESN"].tolist()[0] == 29.0
    assert found["LBSTRESN"].tolist()[3:] == [31.0, 131.0, 5.0]
    assert found["LBSTRESC"].tolist() == ["29", "<1", "clumped", "31", "131", "5"]
    assert found["LBSTRESU"].tolist() == [COUNT] * 4 + ["g/L", "stone"]
    assert found["LBSTNRLO"].tolist() == [0.1, 0.1, 0.1, 100.0, 1000.0, 100.0]
    assert found["LBORRES"].tolist() == trial["LB"]["LBORRES"].tolist()
    assert found["LBORRESU"].tolist() == trial["LB"]["LBORRESU"].tolist()
    assert trial["LB"]["LBSTRESN"].tolist()[0] == 29000.0
    assert unit_faults(replace(trial, domains={"LB": found}), study) == []


def test_conversion_of_every_whole_count_is_exact(study):
    counts = [float(n * 1000) for n in range(1, 2000)]
    trial = Trial({"LB": lb(*(("1", "PLAT", "", count, "/uL") for count in counts))})
    assert standardise_units(trial, study)["LB"]["LBSTRESN"].tolist() == [float(n) for n in range(1, 2000)]


def test_concentrations_come_in_the_unit_of_the_study(study):
    frame = pd.DataFrame({"USUBJID": "1", "PCTESTCD": ["MSC"], "PCSTRESC": ["<0.12"], "PCSTRESN": [2.5],
                          "PCSTRESU": ["cells/uL"], "PCLLOQ": [0.12]})  # fmt: skip
    pc = standardise_units(Trial({"PC": frame}), study)["PC"]
    assert pc.loc[0, ["PCSTRESC", "PCSTRESN", "PCSTRESU", "PCLLOQ"]].tolist() == [
        "<120",
        2500.0,
        "CELLS/ML",
        120.0,
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("1", "PLAT", "", 30.0, "stone")], "PLAT is in 'stone', which is no known unit; .* mapping file"),
        ([("1", "PLAT", "", 30.0, "")], "PLAT has a value without unit; give it in 10\\^9/L"),
        ([("1", "PLAT", "", 30.0, "g/L")], "PLAT is in 'g/L', which can't be converted to 10\\^9/L"),
        ([("1", "HGB", "", 8.0, "GG/L")], "HGB is in 'GG/L', which is no known unit"),
        (
            [("1", "HGB", "", 8.0, "mmol/L"), ("2", "HGB", "", 130.0, "g/L")],
            "HGB is in 'mmol/L', which can't",
        ),
    ],
)
def test_what_cannot_be_converted_is_named(study, rows, message):
    trial = standardise_units(Trial({"LB": lb(*rows)}), study)
    (fault,) = unit_faults(trial, study)
    assert fault[:4] == ("LB", "1", "LBSTRESU", rows[0][4])
    assert pd.Series([fault.message]).str.match(message).all(), fault.message
    assert trial["LB"]["LBSTRESN"].tolist()[0] == rows[0][3]


def test_a_test_that_comes_in_one_other_kind_of_unit_is_no_fault(study):
    trial = standardise_units(
        Trial({"LB": lb(("1", "HGB", "", 8.0, "mmol/L"), ("2", "HGB", "", 9.0, "mmol/L"))}), study
    )
    assert unit_faults(trial, study) == []


def test_the_simulated_trial_needs_no_conversion(demo_trial, study):
    again = standardise_units(demo_trial, study)
    for name, frame in demo_trial.domains.items():
        pd.testing.assert_frame_equal(again[name], frame)
    assert unit_faults(demo_trial, study) == []


def test_the_pilot_study_has_no_faulty_unit(pilot_trial, pilot_study):
    assert unit_faults(pilot_trial, pilot_study) == []


def test_a_trial_without_these_domains_is_left_alone(study):
    trial = Trial({"DM": pd.DataFrame({"USUBJID": ["1"]})})
    assert list(standardise_units(trial, study).domains) == ["DM"]
    assert unit_faults(trial, study) == []


@pytest.mark.parametrize(("test", "known"), [("K", True), ("SODIUM", True), ("CREAT", False)])
def test_an_equivalent_is_a_mole_for_ions_of_one_charge_alone(study, test, known):
    rows = {"USUBJID": ["01"], "LBTESTCD": [test], "LBSTRESN": [4.0], "LBSTRESU": ["mEq/L"]}
    trial = standardise_units(Trial({"LB": pd.DataFrame(rows)}), study)
    assert trial["LB"]["LBSTRESU"].tolist() == ["mmol/L" if known else "mEq/L"]
    assert trial["LB"]["LBSTRESN"].tolist() == [4.0]
    assert bool(unit_faults(trial, study)) is not known


def test_units_are_listed_as_found_and_as_understood(study):
    rows = {
        "USUBJID": "01", "LBTESTCD": ["PLAT", "PLAT", "HGB", "OWN", "CREAT", "K"],
        "LBSTRESU": ["X10^9/L", "/cmm", "stone", "g/L", "mg/dL", ""],
    }  # fmt: skip
    found = list_units(Trial({"LB": pd.DataFrame(rows)}), study).set_index(["test", "unit"])["understood"]
    assert found.to_dict() == {
        ("PLAT", "X10^9/L"): "10^9/L", ("PLAT", "/cmm"): "10^9/L, times 0.001", ("HGB", "stone"): "not known",
        ("OWN", "g/L"): "known; not converted", ("CREAT", "mg/dL"): "not converted to umol/L",
        ("K", ""): "no unit",
    }  # fmt: skip
