"""What the data say of a record is read: that nothing happened, that it was before treatment, who died."""

from dataclasses import replace

import pandas as pd
import pytest

from itpcsr.adam.analysed import as_analysed
from itpcsr.adam.datasets import Datasets
from itpcsr.adam.states import derive_intercurrent
from itpcsr.analysis.significant_events import count_listed, select_events
from itpcsr.sdtm import Trial, cut_trial
from tests.small import day, dm, event, events, ex, platelets

TIMED = "T09:45"


def timed_ex(*subjects):
    frame = ex(*(subjects or ("01",)))
    return frame.assign(EXSTDTC=frame["EXSTDTC"] + TIMED, EXENDTC=frame["EXENDTC"] + "T10:45")


def trial_of(**domains):
    return Trial({"DM": dm(("01", "ESC05")), "EX": timed_ex(), **domains})


def records(domain, *rows):
    frame = pd.DataFrame([{"STUDYID": "T", "DOMAIN": domain, "USUBJID": "01", **row} for row in rows])
    return frame.assign(**{f"{domain}SEQ": [float(number) for number in range(1, len(rows) + 1)]})


def therapy(name, category="PRIOR ITP THERAPY", **more):
    return {"CMTRT": name, "CMDECOD": name, "CMCAT": category, "CMSTDTC": "", "CMENDTC": "", **more}


# What is recorded of an event, whether it is treatment-emergent, and the infusion that it follows
BEFORE_TREATMENT = [
    ({"start": day(1) + "T07:30"}, "N", 0.0),
    ({"start": day(1) + "T07"}, "N", 0.0),
    ({"start": day(1) + "T09:45"}, "Y", 1.0),
    ({"start": day(1)}, "Y", 1.0),
    ({"start": day(1), "end": day(1) + "T09:00"}, "N", 0.0),
    ({"start": "", "AESTRTPT": "BEFORE", "AESTTPT": "FIRST INFUSION"}, "N", 0.0),
    ({"start": "", "AESTRTPT": "BEFORE", "AESTTPT": day(1)}, "N", 0.0),
    ({"start": "", "AESTRTPT": "BEFORE", "AESTTPT": day(9)}, "Y", None),
    ({"start": "", "AESTRTPT": "BEFORE", "AESTTPT": "INFUSION 3"}, "Y", None),
    ({"start": "", "AESTRTPT": "AFTER", "AESTTPT": "FIRST INFUSION"}, "Y", None),
    ({"start": "", "AESTRF": "BEFORE"}, "N", 0.0),
    ({"start": "", "AEENRF": "BEFORE"}, "N", 0.0),
    ({"start": "", "AEENRTPT": "BEFORE", "AEENTPT": "FIRST DOSE"}, "N", 0.0),
    ({"start": "2020-03", "AESTRF": "BEFORE"}, "N", 0.0),
    ({"start": day(3), "AESTRF": "BEFORE"}, "Y", 1.0),  # a complete date says more
    ({"start": "2020---20", "end": "2020-03-21"}, "Y", None),
]


@pytest.fixture(scope="module")
def recorded(study):
    """Return ADAE of one subject with an event for each of the records."""
    given = [{"start": day(1), **more} for more, *_ in BEFORE_TREATMENT]
    records = events(*(event("01", f"Headache {place}", **more) for place, more in enumerate(given)))
    return Datasets(trial_of(AE=records.fillna("")), study)["adae"].set_index("AEDECOD")


@pytest.mark.parametrize("place", range(len(BEFORE_TREATMENT)))
def test_one_rule_tells_what_was_before_the_first_infusion(recorded, place):
    found, (_, emergent, infusion) = recorded.loc[f"Headache {place}"], BEFORE_TREATMENT[place]
    assert found["TRTEMFL"] == emergent
    assert found["INFNUM"] == infusion or (infusion is None and pd.isna(found["INFNUM"]))


@pytest.mark.parametrize(
    "more",
    [
        {"CMPRESP": "Y", "CMOCCUR": "N"},
        {"CMOCCUR": "n"},
        {"CMSTAT": "NOT DONE"},
        {"CMPRESP": "Y", "CMOCCUR": ""},
    ],
)
def test_a_therapy_that_was_asked_for_and_not_taken_is_none(study, more):
    taken = therapy("Prednisone", **dict.fromkeys(more, ""))
    cm = records("CM", taken, therapy("Rituximab", **more))
    datasets = Datasets(trial_of(CM=cm, PR=records("PR", therapy("X")).head(0).assign(PRCAT="")), study)
    assert datasets["adsl"][["NPRIOR", "RITUXFL"]].values.tolist() == [[1.0, "N"]]
    assert "Rituximab" not in set(datasets["admh"]["ATERM"]) | set(datasets["adcm"]["CMDECOD"])


def test_what_was_not_done_leaves_no_event_sample_or_infusion(study):
    ae = events(event("01", "Headache", day(3)), event("01", "Rash", day(4), AEPRESP="Y", AEOCCUR="N"))
    suppae = records("AE", {"RDOMAIN": "AE", "IDVAR": "AESEQ", "IDVARVAL": "2", "QNAM": "AEDLT", "QVAL": "Y"})
    lb = platelets("01", {-1: 10, 8: 90}).assign(LBSTAT=["", "NOT DONE"])
    doses = timed_ex().assign(EXDOSE=[0.5, 0.0, 0.5, 0.5])
    trial = Trial({"DM": dm(("01", "ESC05")), "EX": doses, "AE": ae.fillna(""), "SUPPAE": suppae, "LB": lb})
    datasets = Datasets(trial, study)
    assert datasets["adae"]["AEDECOD"].tolist() == ["Headache"]
    assert datasets["adlb"]["AVAL"].tolist() == [10.0]
    assert datasets["adex"]["EXNUM"].tolist() == [1.0, 2.0, 3.0]
    placebo = as_analysed(
        replace(trial, domains={**trial.domains, "EX": doses.assign(EXTRT="PLACEBO")}), study
    )
    assert len(placebo["EX"]) == 4


def test_an_infusion_in_parts_is_one_administration(study):
    doses = timed_ex()
    part = doses.iloc[[1]].assign(EXSEQ=9.0, EXDOSE=0.2, EXSTDTC=day(8) + "T12:00", EXENDTC=day(8) + "T12:30")
    doses = pd.concat([doses, part], ignore_index=True).assign(EXADJ="")
    trial = trial_of(EX=doses, AE=events(event("01", "Headache", day(16))))
    datasets = Datasets(trial, study)
    adex = datasets["adex"].set_index("EXNUM")
    assert len(adex) == 4
    assert adex.loc[2.0, ["EXDOSE", "EXADJ", "ADURM"]].tolist() == [0.7, "INTERRUPTED", 165.0]
    assert datasets["adae"]["INFNUM"].tolist() == [3.0]


# what DM says of a subject whose planned arm is a cohort, and whether that subject is enrolled
ENROLLED = [
    ({}, "Y"),
    ({"ACTARMCD": "SCRNFAIL"}, "N"),
    ({"ACTARMCD": "", "ARMNRS": "SCREEN FAILURE"}, "N"),
    ({"ARMNRS": "Not Assigned"}, "N"),
    ({"ARMNRS": "ASSIGNED, NOT TREATED"}, "Y"),
    ({"ARMNRS": "UNPLANNED TREATMENT"}, "Y"),
]


def test_a_screening_failure_is_not_enrolled(study):
    subjects = dm(*((f"{number:02}", "ESC05") for number, _ in enumerate(ENROLLED, start=1)))
    said = pd.DataFrame([{"ACTARMCD": "ESC05", "ARMNRS": ""} | more for more, _ in ENROLLED])
    adsl = Datasets(Trial({"DM": subjects.assign(**said), "EX": timed_ex()}), study)["adsl"]
    assert adsl["ENRLFL"].tolist() == [enrolled for _, enrolled in ENROLLED]


DEATHS = {
    "DM": {"DM": dm(("01", "ESC05")).assign(DTHFL="Y", DTHDTC=day(150))},
    "DS": {
        "DS": records(
            "DS", {"DSDECOD": "DEATH", "DSCAT": "OTHER EVENT", "DSSTDTC": day(150), "DSTERM": "Death"}
        )
    },
    "AE": {"AE": events(event("01", "Sepsis", day(140), day(150), AEOUT="Fatal"))},
    "AE, grade": {"AE": events(event("01", "Sepsis", day(140), day(150), AETOXGR="5"))},
}


@pytest.mark.parametrize("source", DEATHS)
def test_a_death_is_known_whichever_domain_tells_of_it(study, source):
    domains = {"AE": events(event("01", "Rash", day(8)))} | DEATHS[source]
    datasets = Datasets(trial_of(**domains), study)
    adsl = datasets["adsl"]
    assert adsl[["DTHFL", "DTHSRC"]].values.tolist() == [["Y", source[:2]]]
    assert adsl["DTHDT"][0] == pd.Timestamp(day(150))
    listed = select_events(adsl, datasets["adae"], study)
    deaths = listed[listed["LISTED"] == "death"]
    assert deaths[["NARRFL", "AENDY"]].values.tolist() == [["Y", 150.0]]
    rows = count_listed(adsl, datasets["adae"], listed, study, "death")
    n = rows.query("analysis == 'listed' and group == 'total' and statistic == 'n'")
    assert n["value"].tolist() == [1.0]
    came_between = derive_intercurrent(datasets, study)
    assert came_between.query("EVENT == 'death'")["ADY"].tolist() == [150.0]
    assert datasets["adsl"]["EOSSRC"].isin(["DS", "DEATH", "RECORDS"]).all()


@pytest.mark.parametrize("source", DEATHS)
def test_a_death_after_the_cut_is_not_known(study, source):
    subjects = dm(("01", "ESC05")).assign(RFSTDTC=day(1))
    domains = {"DM": subjects, "EX": timed_ex(), **DEATHS[source]}
    domains["DM"] = domains["DM"].assign(RFSTDTC=day(1))
    cut = cut_trial(Trial(domains), pd.Timestamp(day(149)).date())
    assert Datasets(cut, study)["adsl"]["DTHFL"].tolist() == [""]


def test_the_most_precise_date_of_death_counts(study):
    ds = records("DS", {"DSDECOD": "DEATH", "DSCAT": "DISPOSITION EVENT", "DSSTDTC": day(150)})
    subjects = dm(("01", "ESC05")).assign(DTHFL="Y", DTHDTC=day(150)[:7])
    adsl = Datasets(trial_of(DM=subjects, DS=ds), study)["adsl"]
    assert adsl[["DTHDTC", "DTHSRC", "DCSREAS"]].values.tolist() == [[day(150), "DM, DS", "DEATH"]]


# when rescue therapy was taken, and whether it may have been after the first infusion
RESCUE = [
    ({"CMSTDTC": "2020-03", "CMENDTC": "2020-03-08"}, "N"),
    ({"CMSTDTC": "", "CMENDTC": "2020-03-08"}, "N"),
    ({"CMSTDTC": "", "CMSTRF": "BEFORE"}, "N"),
    ({"CMSTDTC": "2020-03"}, "Y"),
    ({"CMSTDTC": ""}, "Y"),
]


def test_rescue_known_to_be_before_treatment_is_none(study):
    names = [f"{number:02}" for number, _ in enumerate(RESCUE, start=1)]
    cm = records(
        "CM",
        *(
            therapy("IVIg", "RESCUE THERAPY", USUBJID=name, **more)
            for name, (more, _) in zip(names, RESCUE, strict=True)
        ),
    )
    lb = pd.concat([platelets(name, {-1: 10, 8: 90, 15: 110, 22: 120}) for name in names], ignore_index=True)
    subjects = dm(*((name, "ESC05") for name in names))
    trial = trial_of(DM=subjects, EX=timed_ex(*names), CM=cm.fillna({"CMSTRF": ""}), LB=lb)
    datasets = Datasets(trial, study)
    rescue = [flag for _, flag in RESCUE]
    assert datasets["adcm"].set_index("USUBJID").loc[names, "RESCFL"].tolist() == rescue
    best = datasets["adrs"].query("PARAMCD == 'CBOR'").set_index("USUBJID").loc[names, "AVALC"]
    assert best.tolist() == [{"N": "CR", "Y": "NR"}[flag] for flag in rescue]
    history = datasets["admh"].query("ACAT1 == 'RESCUE THERAPY'")
    assert sorted(history["USUBJID"]) == [
        name for name, flag in zip(names, rescue, strict=True) if flag == "Y"
    ]


def test_terms_that_differ_in_capitals_and_blanks_are_one(study):
    names = ("HEADACHE", "Headache", "headache ", "Epistaxis", "EPI STAXIS")
    adae = Datasets(trial_of(AE=events(*(event("01", name, day(8)) for name in names))), study)["adae"]
    assert adae["AEDECOD"].tolist() == ["Headache"] * 3 + ["Epistaxis", "EPI STAXIS"]
    assert adae["DISFL"].tolist() == ["N", "N", "N", "Y", "N"]


def test_the_lines_of_one_event_are_one_event(study):
    lines = [
        event("01", "Headache", day(3), day(5), AEGRPID="1", AETOXGR="1", AEOUT="NOT RECOVERED/NOT RESOLVED"),
        event("01", "HEADACHE", day(6), day(9), AEGRPID="1", AETOXGR="3", AESER="Y", AEREL="RELATED"),
        event("01", "Headache", day(10), day(12), AEGRPID="1", AETOXGR="2", AEOUT="RECOVERED/RESOLVED"),
        event("01", "Headache", day(30), day(31), AEGRPID="1"),  # it came again
        event("01", "Rash", day(3), AEGRPID="1"),
        event("01", "Headache", day(13), AEGRPID=""),
    ]
    suppae = records("AE", {"RDOMAIN": "AE", "IDVAR": "AESEQ", "IDVARVAL": "2", "QNAM": "AEDLT", "QVAL": "Y"})
    trial = trial_of(AE=events(*lines), SUPPAE=suppae)
    adae = Datasets(trial, study)["adae"]
    assert adae["AESEQ"].tolist() == [1.0, 4.0, 5.0, 6.0]
    whole = adae.iloc[0]
    assert whole[["AESTDTC", "AEENDTC", "ASEVN", "SERFL", "RELFL", "DLTFL", "AEOUT"]].tolist() == [
        day(3), day(12), 3.0, "Y", "Y", "Y", "RECOVERED/RESOLVED"
    ]  # fmt: skip
    once = as_analysed(trial, study)
    again = as_analysed(once, study)
    assert all(frame.equals(again[name]) for name, frame in once.domains.items())


def test_weight_at_baseline_is_that_of_advs(study):
    vs = records(
        "VS",
        *(
            {"VSTESTCD": "WEIGHT", "VSTEST": "Weight", "VSSTRESN": value, "VSSTRESU": "kg", "VSDTC": date}
            for value, date in ((60.0, day(-3)), (61.0, day(1) + "T08:00"), (70.0, day(1) + "T15:00"))
        ),
    )
    datasets = Datasets(trial_of(VS=vs), study)
    flagged = datasets["advs"].query("ABLFL == 'Y'")["AVAL"].tolist()
    assert datasets["adsl"]["WEIGHTBL"].tolist() == flagged == [61.0]
