"""One rule for the baseline of every dataset, and what makes records of one test different parameters."""

import pandas as pd
import pytest

from itpcsr.adam.datasets import Datasets
from itpcsr.study import read_study
from tests import small


def vital_signs(*records):
    """VS of one subject: (date and time, weight, further variables)."""
    rows = [
        {
            "STUDYID": "T", "DOMAIN": "VS", "USUBJID": "01", "VSSEQ": float(place), "VSTESTCD": "WEIGHT",
            "VSTEST": "Weight", "VSSTRESN": value, "VSSTRESU": "kg", "VSDTC": date, "VSTPT": "", **more,
        }
        for place, (date, value, more) in enumerate(records, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows).fillna({"VSBLFL": ""} if any("VSBLFL" in row for row in rows) else {})


def base_weight(study, *records, time=""):
    infusions = small.ex("01")
    infusions["EXSTDTC"] = infusions["EXSTDTC"] + time
    domains = {"DM": small.dm(("01", "ESC05")), "EX": infusions, "LB": small.platelets("01", {1: 10})}
    advs = Datasets(small.trial(**domains, VS=vital_signs(*records)), study)["advs"]
    return advs.loc[advs["ABLFL"] == "Y", "AVAL"].tolist()


def test_a_weight_after_the_infusion_of_the_day_is_no_baseline(study):
    day = small.day(1)
    found = base_weight(study, (f"{day}T09:25", 66.6, {}), (f"{day}T15:00", 69.6, {}), time="T09:45")
    assert found == [66.6]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"VSTPT": "BEFORE INFUSION"}, {"VSTPT": "4 H AFTER INFUSION"}),
        ({"VSTPT": "PREDOSE", "VSTPTNUM": 0.0}, {"VSTPT": "POSTDOSE", "VSTPTNUM": 1.0}),
        ({"VSELTM": "-PT15M", "VSTPTREF": "INFUSION 1"}, {"VSELTM": "PT4H", "VSTPTREF": "INFUSION 1"}),
        ({"VSTPTNUM": -0.25}, {"VSTPTNUM": 4.0}),
    ],
)
def test_without_times_the_time_point_decides(study, before, after):
    day = small.day(1)
    shared = {"VSTPTNUM": float("nan"), "VSELTM": "", "VSTPTREF": ""}
    found = base_weight(study, (day, 66.6, shared | before), (day, 69.6, shared | after))
    assert found == [66.6]


def test_a_posture_tells_nothing_of_the_dose(study):
    found = base_weight(
        study, (small.day(1), 66.6, {"VSTPT": "AFTER STANDING FOR 1 MINUTE", "VSTPTNUM": 816.0})
    )
    assert found == [66.6]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(["Y", "", ""], [65.0]), (["Y", "Y", ""], [66.0]), (["", "Y", "Y"], [66.0]), (["", "", ""], [66.0])],
)
def test_flags_of_the_data_and_what_they_leave_open(root, flags, expected):
    study = read_study(root / "params/study.yml", baseline_rule="value flagged in the data")
    days = ((-7, 65.0), (-1, 66.0), (8, 67.0))
    records = [
        (small.day(day), value, {"VSBLFL": flag}) for (day, value), flag in zip(days, flags, strict=True)
    ]
    assert base_weight(study, *records) == expected


def laboratory(*records):
    """LB of one subject: (day, value, further variables) of sodium in mmol/L."""
    rows = [
        {
            "STUDYID": "T", "DOMAIN": "LB", "USUBJID": "01", "LBSEQ": float(place), "LBTESTCD": "SODIUM",
            "LBTEST": "Sodium", "LBCAT": "CHEMISTRY", "LBSTRESN": value, "LBSTRESU": "mmol/L",
            "LBSTNRLO": 137.0, "LBSTNRHI": 147.0, "LBDTC": small.day(day), "LBSPEC": "SERUM", **more,
        }
        for place, (day, value, more) in enumerate(records, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def sodium(study, *records):
    domains = {"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), "LB": laboratory(*records)}
    adlb = Datasets(small.trial(**domains), study)["adlb"]
    return adlb.sort_values("LBSEQ", ignore_index=True)


@pytest.mark.parametrize("more", [{"LBSPEC": "URINE"}, {"LBSPEC": "", "LBCAT": "URINALYSIS"}])
def test_urine_is_another_parameter_without_grade(study, more):
    adlb = sodium(study, (1, 140.0, {}), (1, 90.0, more), (29, 140.0, {}), (29, 95.0, more))
    assert adlb["PARAMCD"].tolist() == ["SODIUM", "SODIUM_U", "SODIUM", "SODIUM_U"]
    assert adlb["PARAM"].iloc[1] == "Sodium, urine (mmol/L)"
    assert adlb["ATOXGR"].tolist() == ["0", "", "0", ""]
    assert adlb["BASE"].tolist() == [140, 90, 140, 90]


def test_sodium_of_urine_alone_is_not_that_of_serum(study):
    adlb = sodium(study, (1, 90.0, {"LBSPEC": "URINE"}), (29, 95.0, {"LBSPEC": "URINE"}))
    assert set(adlb["PARAMCD"]) == {"SODIUM_U"}


def test_serum_plasma_and_blood_are_one_parameter(study):
    adlb = sodium(study, (1, 140.0, {}), (8, 139.0, {"LBSPEC": "PLASMA"}), (15, 138.0, {"LBSPEC": "BLOOD"}))
    assert set(adlb["PARAMCD"]) == {"SODIUM"}


def test_methods_side_by_side_are_parameters_of_their_own(study):
    first, second = {"LBMETHOD": "ELECTRODE"}, {"LBMETHOD": "PHOTOMETRY"}
    adlb = sodium(study, (1, 140.0, first), (1, 130.0, second), (8, 141.0, first))
    assert adlb["PARAMCD"].tolist() == ["SODIUM", "SODIUM_P", "SODIUM"]
    assert adlb["BASE"].tolist() == [140, 130, 140]
    changed = sodium(study, (1, 140.0, first), (8, 130.0, second))
    assert set(changed["PARAMCD"]) == {"SODIUM"}
