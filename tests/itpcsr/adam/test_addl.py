"""ADDL by hand: which subject is evaluable, when that is known, and in which cohort each stands."""

import numpy as np
import pandas as pd
import pytest

from csrkit.errors import ParameterError
from itpcsr.adam.addl import derive_choice
from itpcsr.adam.datasets import Datasets
from itpcsr.study import read_study
from tests.small import START, day, dm, event, events, ex, platelets, trial


def moved(frame, subject, days):
    """Return the records of a subject with all dates later by some days."""
    frame = frame.copy()
    for name in [column for column in frame if column.endswith("DTC")]:
        mine = (frame["USUBJID"] == subject) & (frame[name].str.len() >= 10)
        later = pd.to_datetime(frame.loc[mine, name].str[:10]) + pd.Timedelta(days=days)
        frame.loc[mine, name] = later.dt.strftime("%Y-%m-%d")
    return frame


def status(subjects, text="COMPLETED"):
    records = [
        {"STUDYID": "T", "DOMAIN": "DS", "USUBJID": name, "DSSEQ": 1.0, "DSDECOD": text, "DSCAT": "DISPOSITION EVENT", "DSSTDTC": end}
        for name, end in subjects.items()
    ]  # fmt: skip
    return pd.DataFrame(records)


def supplement(*names):
    rows = [
        {"STUDYID": "T", "RDOMAIN": "AE", "USUBJID": name, "IDVAR": "AESEQ", "IDVARVAL": "1", "QNAM": "AEDLT", "QLABEL": "DLT", "QVAL": "Y"}
        for name in names
    ]  # fmt: skip
    return pd.DataFrame(rows)


def addl_of(study, subjects, exposure, disposition, adverse=None, dlt=()):
    domains = {"DM": dm(*subjects), "EX": exposure, "DS": disposition}
    if adverse is None:
        adverse = events(event(subjects[0][0], "Headache", day(1)))
    domains["AE"] = adverse
    domains["SUPPAE"] = supplement(*(dlt or (subjects[0][0],)))
    return Datasets(trial(**domains), study)["addl"].set_index("USUBJID")


def test_a_subject_without_dlt_is_evaluable_when_the_window_is_over(study):
    found = addl_of(
        study, [("01", "ESC05"), ("02", "ESC05")], ex("01", "02"), status({"01": day(60), "02": day(60)})
    )
    assert found.loc["02", ["AVALC", "LEVEL", "DOSE", "PHASE", "NINFWIN"]].tolist() == [
        "NO DLT",
        1,
        0.5,
        "ESCALATION",
        4,
    ]
    assert found.loc["02", "KNOWNDT"] == START + pd.Timedelta(days=27)


def test_only_an_event_in_the_window_is_a_dlt(study):
    cases = {
        "01": (day(1), "DLT", 1),
        "02": (day(28), "DLT", 28),
        "03": (day(29), "NO DLT", 28),
        "04": (day(-1), "NO DLT", 28),
        "05": ("", "DLT", 1),
    }
    adverse = events(*(event(name, "Infarction", start) for name, (start, *_) in cases.items()))
    subjects = [(name, "ESC05") for name in cases]
    found = addl_of(study, subjects, ex(*cases), status(dict.fromkeys(cases, day(60))), adverse, tuple(cases))
    for name, (_, expected, known) in cases.items():
        assert found.loc[name, "AVALC"] == expected, name
        assert found.loc[name, "KNOWNDT"] == START + pd.Timedelta(days=known - 1), name


def test_too_few_infusions_are_not_evaluable_but_a_dlt_counts(study):
    exposure = pd.concat([ex("01", days=(1, 8)), ex("02", days=(1, 8))])
    adverse = events(event("01", "Infarction", day(9)), event("02", "Headache", day(9)))
    subjects = [("01", "ESC05"), ("02", "ESC05")]
    found = addl_of(study, subjects, exposure, status({"01": day(60), "02": day(60)}), adverse, ("01",))
    assert found["AVALC"].tolist() == ["DLT", "NE"]
    assert found.loc["02", "REASON"] == "fewer than 3 infusions in the DLT window"
    assert found.loc["02", "REPLFL"] == "N"


def test_leaving_early_is_not_evaluable_and_being_observed_is_pending(study):
    subjects = [("01", "ESC05"), ("02", "ESC05")]
    adverse = events(event("02", "Headache", day(3)))
    left = addl_of(
        study, subjects, ex("01", "02"), status({"01": day(24)}, "WITHDRAWAL BY SUBJECT"), adverse, ("02",)
    )
    assert left.loc["01", ["AVALC", "REASON"]].tolist() == ["NE", "left before the end of the DLT window"]
    assert left.loc["01", "KNOWNDT"] == START + pd.Timedelta(days=23)
    ongoing = addl_of(study, subjects, ex("01", "02"), status({"09": day(24)}), adverse, ("02",))
    assert ongoing.loc["01", ["AVALC", "REASON"]].tolist() == ["PENDING", "the DLT window is not over"]
    assert pd.isna(ongoing.loc["01", "KNOWNDT"])


def test_a_subject_who_is_not_evaluable_is_replaced_within_the_cohort(study):
    names = [f"0{number}" for number in range(1, 6)]
    exposure = pd.concat([ex(name, days=(1, 8) if name == "02" else (1, 8, 15, 22)) for name in names])
    ends = status(dict.fromkeys(names, day(90)))
    for number, name in enumerate(names):
        exposure, ends = moved(exposure, name, 3 * number), moved(ends, name, 3 * number)
    found = addl_of(study, [(name, "ESC05") for name in names], exposure, ends, dlt=("01",))
    assert found["AVALC"].tolist() == ["DLT", "NE", "NO DLT", "NO DLT", "NO DLT"]
    assert found["COHORTN"].tolist() == [1, 1, 1, 1, 2]
    assert found["REPLFL"].tolist() == ["", "Y", "", "", ""]


def test_without_marks_of_dlt_nobody_is_evaluable(study):
    domains = {"DM": dm(("01", "ESC05")), "EX": ex("01"), "DS": status({"01": day(60)})}
    for more in ({}, {"AE": events(event("01", "Headache", day(2)))}):
        found = Datasets(trial(**domains, **more), study)["addl"]
        assert found["AVALC"].tolist() == ["NE"]
        assert found["REASON"].tolist() == ["dose-limiting toxicities are not recorded in the data"]


def test_the_simulated_trial_has_the_published_cohorts(demo):
    addl = demo["addl"]
    assert addl.groupby("COHORTN").size().tolist() == [3, 3, 3, 3, 6]
    assert (addl["AVALC"] == "DLT").groupby(addl["COHORTN"]).sum().tolist() == [0, 0, 1, 0, 0]


def test_a_study_without_dose_finding_has_no_addl(pilot_study):
    domains = {"DM": dm(("01", "Pbo")), "EX": ex("01")}
    assert "addl" not in Datasets(trial(**domains), pilot_study)


def test_the_choice_looks_at_the_first_subjects(demo, study):
    choice = derive_choice(demo, study)
    assert choice["USUBJID"].tolist() == [f"SIM-00{number}" for number in range(1, 10)]
    assert choice["LEVEL"].tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert choice["DLTFL"].tolist() == ["N"] * 6 + ["Y", "N", "N"]


def test_a_choice_before_the_weeks_are_over_has_no_result(study):
    counts = platelets("01", {-1: 10.0, 8: 90.0, 15: 90.0})
    adverse = events(event("02", "Infarction", day(3), AETOXGR="3", AEREL="RELATED"))
    domains = {
        "DM": dm(("01", "ESC05"), ("02", "ESC05")),
        "EX": ex("01", "02", days=(1, 8)),
        "LB": counts,
        "AE": adverse,
    }
    built = trial(**domains, SUPPAE=supplement("02"))
    choice = derive_choice(Datasets(built, study), study).set_index("USUBJID")
    assert choice["SEVFL"].to_dict() == {"01": "", "02": "Y"}
    assert choice["RESPFL"].tolist() == ["", ""]
    assert choice["PLATRISE"].isna().all()


def test_nobody_treated_has_no_records(study):
    domains = {"DM": dm(("01", "SCRNFAIL")), "EX": ex("02"), "DS": status({"01": day(1)})}
    assert len(Datasets(trial(**domains), study)["addl"]) == 0


def test_platelet_rise_and_treg_change_by_hand(study):
    cells = pd.DataFrame(
        [
            {"STUDYID": "T", "DOMAIN": "CP", "USUBJID": "01", "CPSEQ": 1.0, "CPTESTCD": code, "CPSTRESN": value, "CPDTC": date}
            for code, value, date in [
                ("TLHRTLH", 9.0, day(-8)), ("TLHRTLH", 4.0, day(-1)), ("TLHRTLH", 5.0, day(29)),
                ("TLHRTLH", 6.0, day(57)), ("TLHRTLH", 1.0, day(85)), ("NKLY", 50.0, day(57)),
            ]
        ]
    )  # fmt: skip
    counts = platelets("01", {-1: 10.0, 8: 30.0, 15: 0.0, 57: 40.0, 64: 900.0})
    domains = {
        "DM": dm(("01", "ESC05")),
        "EX": ex("01"),
        "DS": status({"01": day(200)}),
        "LB": counts,
        "CP": cells,
    }
    built = trial(**domains)
    choice = derive_choice(Datasets(built, study), study).iloc[0]
    # above the baseline of 10: 0 on Day 1, 20 on Day 8, 0 (count below) on Day 15, 30 on Day 57; 56 days
    assert choice["PLATRISE"] == pytest.approx((7 * 10 + 7 * 10 + 42 * 15) / 56)
    assert choice["TREGCHG"] == pytest.approx(6 / 4 - 1)
    # the counts of Days 57 and 64 confirm each other: a response that began within the weeks
    assert choice[["DLTFL", "SEVFL", "RESPFL"]].tolist() == ["", "", "Y"]


def test_counts_from_rescue_on_are_no_platelet_rise(study):
    rescue = pd.DataFrame(
        [
            {
                "STUDYID": "T", "DOMAIN": "CM", "USUBJID": "01", "CMSEQ": 1.0, "CMTRT": "Platelets",
                "CMDECOD": "PLATELETS", "CMCLAS": "UNCODED", "CMCAT": study.efficacy.rescue_category,
                "CMINDC": "", "CMSTDTC": day(15), "CMENDTC": day(15),
            }
        ]
    )  # fmt: skip
    domains = {
        "DM": dm(("01", "ESC05")),
        "EX": ex("01"),
        "DS": status({"01": day(200)}),
        "LB": platelets("01", {-1: 10.0, 8: 30.0, 15: 200.0, 57: 300.0}),
    }
    built = trial(**domains, CM=rescue)
    choice = derive_choice(Datasets(built, study), study).iloc[0]
    # 0 on Day 1 and 20 on Day 8; the count of the day of rescue and those after it are not the treatment's
    assert choice["PLATRISE"] == pytest.approx(10)


def _treg_change(study, *samples, **variables):
    """Return TREGCHG of one subject infused on Day 1 at 10:00, from (date, value, flag) of samples."""
    cells = pd.DataFrame(
        [
            {"STUDYID": "T", "DOMAIN": "CP", "USUBJID": "01", "CPSEQ": float(place), "CPTESTCD": "TLHRTLH",
             "CPSTRESN": value, "CPSTRESC": f"{value:g}", "CPSTRESU": "%", "CPDTC": date, "CPBLFL": flag}
            for place, (date, value, flag) in enumerate(samples, start=1)
        ]
    )  # fmt: skip
    infusions = ex("01")
    infusions["EXSTDTC"] = infusions["EXSTDTC"] + "T10:00"
    built = trial(DM=dm(("01", "ESC05")), EX=infusions, DS=status({"01": day(200)}), CP=cells)
    return derive_choice(Datasets(built, study), study).iloc[0]["TREGCHG"]


def test_the_treg_baseline_is_the_one_of_adcp(study, root):
    """By times: 4 before the infusion of Day 1, 8 after it on the same day; 6 on Day 57 is half as much again."""
    samples = [
        (day(-8), 3.0, "Y"),
        (f"{day(1)}T09:00", 4.0, ""),
        (f"{day(1)}T15:00", 8.0, ""),
        (day(57), 6.0, ""),
    ]
    assert _treg_change(study, *samples) == pytest.approx(6 / 4 - 1)
    flagged = read_study(root / "params/study.yml", baseline_rule="value flagged in the data")
    assert _treg_change(flagged, *samples) == pytest.approx(6 / 3 - 1)
    assert np.isnan(_treg_change(study, *samples[2:]))


def test_a_treg_test_without_a_marker_stops(root):
    with pytest.raises(ParameterError, match=r"treg_test \(TREG\) is no measured marker .*weight_treg to 0"):
        read_study(root / "params/study.yml", treg_test="TREG")
    assert read_study(root / "params/study.yml", treg_test="TREG", weight_treg=0.0).dose_finding is not None
