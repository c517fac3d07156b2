import pandas as pd
import pyreadstat

from itpcsr.adam.datasets import Datasets
from tests import small


def test_sets_need_an_arm_and_a_dose(study):
    dm = small.dm(("01", "ESC05"), ("02", "ESC05"), ("03", "SCRNFAIL"))
    adsl = Datasets(small.trial(DM=dm, EX=small.ex("01")), study)["adsl"]
    assert adsl["ENRLFL"].tolist() == ["Y", "Y", "N"]
    assert adsl["SAFFL"].tolist() == ["Y", "N", "N"]
    assert adsl["TRTDURD"].tolist()[0] == 22


def test_disposition_is_the_last_event_of_its_scope(study):
    ds = pd.DataFrame(
        {
            "USUBJID": "01",
            "DSSEQ": [1.0, 2.0, 3.0],
            "DSCAT": ["PROTOCOL MILESTONE", "DISPOSITION EVENT", "DISPOSITION EVENT"],
            "DSSCAT": ["", "TREATMENT", "STUDY"],
            "DSDECOD": ["ENROLLED", "ADVERSE EVENT", "COMPLETED"],
            "DSSTDTC": [small.day(1), small.day(16), small.day(197)],
        }
    )
    adsl = Datasets(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01"), DS=ds), study)["adsl"]
    found = adsl.loc[0, ["EOTSTT", "DCTREAS", "EOSSTT", "DCSREAS"]].tolist()
    assert found == ["DISCONTINUED", "ADVERSE EVENT", "COMPLETED", ""]


def test_history_of_the_simulated_trial_is_the_published_one(demo):
    treated = demo["adsl"].query("SAFFL == 'Y'")
    assert len(treated) == 18
    assert (treated["SEX"] == "F").sum() == 15
    assert (treated["SPLENFL"] == "Y").sum() == 10
    assert (treated["RITUXFL"] == "Y").sum() == 13
    assert (treated["NPRIOR"] >= 5).sum() == 15
    assert treated["AGE"].median() == 44
    assert round(treated["DISDURM"].median()) == 73


def test_values_are_those_of_the_published_adsl(pilot, pilot_folder):
    published = pyreadstat.read_xport(pilot_folder / "adam/adsl.xpt")[0].set_index("USUBJID")
    derived = pilot["adsl"].query("SAFFL == 'Y'").set_index("USUBJID")
    assert set(derived.index) == set(published.index)
    published = published.loc[derived.index]
    assert (derived["AGE"] == published["AGE"]).all()
    both = derived["WEIGHTBL"].sub(published["WEIGHTBL"]).abs()
    assert both.max() < 1e-9
    assert (derived["WEIGHTBL"].isna() == published["WEIGHTBL"].isna()).all()
    assert (derived["TRTSDT"] == pd.to_datetime(published["TRTSDT"])).all()


_OF_STUDY_FILE = (
    "EFFFL", "COMP8FL", "COMP16FL", "COMP24FL", "SITEGR1", "AGEGR1", "EDUCLVL", "MMSETOT", "DURDIS",
    "CUMDOSE", "AVGDD",
)  # fmt: skip


def test_sets_and_histories_are_those_of_the_published_adsl(pilot, pilot_folder):
    published = pyreadstat.read_xport(pilot_folder / "adam/adsl.xpt")[0].set_index("USUBJID")
    derived = pilot["adsl"].query("SAFFL == 'Y'").set_index("USUBJID").loc[published.index]
    for name in _OF_STUDY_FILE:
        assert published[name].dtype == derived[name].dtype
        same = derived[name].eq(published[name]) | (derived[name].isna() & published[name].isna())
        if derived[name].dtype == "float64":
            same |= (derived[name] - published[name]).abs() < 1e-9
        assert same.all(), (name, derived.loc[~same, name], published.loc[~same, name])


def test_absent_domains_leave_missing_values(study):
    adsl = Datasets(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01")), study)["adsl"]
    assert adsl[["WEIGHTBL", "DISDURM", "NPRIOR", "BPLAT"]].isna().all(axis=None)
    assert adsl["EOSSTT"].tolist() == [""]


def test_safety_stands_by_the_arm_given_where_the_study_says_so(root):
    from itpcsr.study import read_study

    dm = small.dm(("01", "ESC05")).assign(ACTARMCD="ESC20")
    for rule, arm in (("actual", "ESC20"), ("planned", "ESC05")):
        study = read_study(root / "params/study.yml", safety_arm=rule)
        adsl = Datasets(small.trial(DM=dm, EX=small.ex("01")), study)["adsl"]
        assert adsl.loc[0, ["ARMCD", "SAFARMCD"]].tolist() == ["ESC05", arm]


def test_follow_up_after_treatment_is_no_end_of_treatment(study):
    ds = pd.DataFrame(
        {
            "USUBJID": "01",
            "DSSEQ": [1.0, 2.0],
            "DSCAT": "DISPOSITION EVENT",
            "DSSCAT": ["STUDY TREATMENT", "POST-TREATMENT FOLLOW-UP"],
            "DSDECOD": ["ADVERSE EVENT", "COMPLETED"],
            "DSSTDTC": [small.day(16), small.day(197)],
        }
    )
    adsl = Datasets(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01"), DS=ds), study)["adsl"]
    assert adsl.loc[0, ["EOTSTT", "EOSSTT"]].tolist() == ["DISCONTINUED", "COMPLETED"]


def test_disease_duration_of_partial_dates(study):
    dm = small.dm(*((name, "ESC05") for name in "abc"))
    mh = pd.DataFrame(
        {
            "USUBJID": list("abc"),
            "MHSEQ": 1.0,
            "MHTERM": "Immune thrombocytopenia",
            "MHSTDTC": ["2019", "2020-03", "2019-03-10"],
        }
    )
    adsl = Datasets(small.trial(DM=dm, EX=small.ex(*"abc"), MH=mh), study)["adsl"]
    assert adsl["DISDURM"].round(1).tolist() == [8.3, 0.0, 12.0]


def test_without_procedures_nobody_s_history_is_whole(demo_trial, study):
    from itpcsr.sdtm import Trial

    without = Trial({name: frame for name, frame in demo_trial.domains.items() if name != "PR"})
    adsl = Datasets(without, study)["adsl"]
    assert adsl["NPRIOR"].isna().all()
    assert "SPLENFL" not in adsl


def test_administrations_that_did_not_take_place_do_not_count(study):
    ex = small.ex("01", "02").assign(EXOCCUR=["Y"] * 4 + ["N"] * 4)
    datasets = Datasets(small.trial(DM=small.dm(("01", "ESC05"), ("02", "ESC05")), EX=ex), study)
    assert datasets["adsl"]["SAFFL"].tolist() == ["Y", "N"]
    assert len(datasets["adex"]) == 4
