import pandas as pd
import pytest

from csrkit.errors import DataError
from itpcsr.sdtm import load_trial
from itpcsr.sdtm.checks import check_trial, raise_errors
from itpcsr.study import read_study
from tests import small


def good(**more):
    domains = {"DM": small.dm(("01", "ESC05"), ("02", "ESC10")), "EX": small.ex("01", "02")}
    return small.trial(**{**domains, **more})


def test_good_data_pass(study):
    assert (check_trial(good(), study)["severity"] != "error").all()


@pytest.mark.parametrize(
    ("domains", "message"),
    [
        ({"EX": None}, "Domain EX is missing; it is required. Found: DM"),
        ({"DM": small.dm(("01", "ESC05")).drop(columns="AGE")}, "domain DM lacks AGE"),
        ({"DM": small.dm(("01", "ESC05"), ("01", "ESC10"))}, "DM: more than one record for 01"),
        ({"DM": small.dm(("01", "ESC05"))}, "EX: records of 02, who is not in DM"),
        ({"EX": pd.concat([small.ex("01"), small.ex("01")])}, "EXSEQ appears twice for 01"),
        ({"DM": small.dm(("01", "A"), ("02", "B"))}, "no subject's ARMCD is an arm of the study"),
        ({"DM": small.dm(("01", "ESC05"), ("02", "ESC5"))}, r"02 \('ESC5'\) got treatment in EX"),
        (
            {"EX": small.ex("01", "02").assign(EXSTDTC="2020-03")},
            r"EXSTDTC of 01 is '2020-03' .*is no complete date; study days can't be counted",
        ),
        ({"EX": small.ex("01", "02").assign(EXSTDTC="10MAR2020")}, "is '10MAR2020'.*dates are ISO 8601"),
        (
            {"EX": small.ex("01", "02").assign(EXDOSU="mg")},
            r"EXDOSU of 01 is 'mg' .*the study's dose unit is 10\^6",
        ),
        (
            {"LB": small.platelets("01", {1: 25000}).assign(LBSTRESU="/uL")},
            r"LB: LBSTRESU of 01: PLAT is in '/uL'; 10\^9/L is expected",
        ),
        (
            {"AE": small.events(small.event("01", "a", "", AETOXGR="SEVERE"))},
            r"AETOXGR of 01 is 'SEVERE' \(AESEQ 1\); allowed are the grades 1 to 5",
        ),
        ({"EX": small.ex("01", "02").assign(EXENDTC="2019-01-01")}, "EXENDTC lies before EXSTDTC"),
        ({"EX": small.ex("01", "02").assign(EXDOSE=-1.0)}, "EXDOSE is negative"),
        ({"EX": small.ex("01", "02").assign(EXSTDTC="2020-02-31")}, "is '2020-02-31'"),
        ({"EX": small.ex("01", "02").assign(EXSTDTC="2020-03-10T08:00+25:00")}, "in local time"),
        ({"DM": small.dm(("01", "ESC05"), ("02", "ESC10")).assign(STUDYID=["A", "B"])}, "several studies"),
        (
            {"AE": small.events(small.event("01", "a", "", AESER="Yes"))},
            r"AESER of 01 is 'Yes' \(AESEQ 1\); allowed: Y or N",
        ),
        (
            {
                "AE": small.events(small.event("01", "a", "")),
                "SUPPAE": pd.DataFrame(
                    [
                        {
                            "USUBJID": "01",
                            "RDOMAIN": "AE",
                            "IDVAR": "AESEQ",
                            "IDVARVAL": "1",
                            "QNAM": "AEDLT",
                            "QVAL": "Yes",
                        }
                    ]
                ),
            },
            "QVAL of AEDLT is 'Yes'",
        ),
        ({"AE": small.events(small.event("", "a", ""))}, "AE: USUBJID is empty in 1 record"),
    ],
)
def test_each_fault_is_named(study, domains, message):
    trial = good(**{name: frame for name, frame in domains.items() if frame is not None})
    for name in [name for name, frame in domains.items() if frame is None]:
        del trial.domains[name]
    with pytest.raises(DataError, match=message):
        raise_errors(check_trial(trial, study))


def test_all_faults_are_shown_at_once(study):
    stranger = small.event("09", "Headache", small.day(3))
    twice = small.dm(("01", "ESC05"), ("01", "ESC05"), ("02", "ESC10"))
    with pytest.raises(DataError) as error:
        raise_errors(check_trial(good(DM=twice, AE=small.events(stranger)), study))
    assert "more than one record for 01" in str(error.value)
    assert "AE: records of 09" in str(error.value)


def test_cohorts_leave_the_others_out_but_keep_screening(root, study):
    chosen = read_study(root / "params/study.yml", cohorts=["ESC05"])
    trial = load_trial([root / "data/simulated"], chosen)
    arms = trial["DM"]["ARMCD"].value_counts().to_dict()
    assert arms == {"ESC05": 3, "SCRNFAIL": 3, "NOTASSGN": 1}
    assert set(trial["AE"]["USUBJID"]) <= set(trial["DM"]["USUBJID"])


def test_the_simulated_trial_has_no_error_and_only_the_warnings_it_was_made_with(demo_trial):
    found = demo_trial.findings.groupby("severity")["rule"].agg(set).to_dict()
    assert "error" not in found
    # a visit missed or out of its window is a deviation that the simulated trial holds on purpose
    assert found.get("warning", set()) <= {"MB-01", "VIS-01"}
    assert found["note"] <= {
        "CM-05",
        "CP-01",
        "CP-02",
        "DATE-12",
        "EX-09",
        "PC-07",
        "STR-07",
        "VAL-18",
        "VIS-05",
    }


def test_an_interim_report_tells_nothing_of_later_records(root, study):
    trial = load_trial([root / "data/simulated"], study, "2020-06-30")
    assert set(trial.findings["subject"]) <= {"", *trial["DM"]["USUBJID"]}
    assert "SIM-018" not in "".join(trial.findings["message"])


def test_many_errors_are_cut_with_their_number(study):
    names = [f"{number:02d}" for number in range(1, 31)]
    strangers = small.events(*(small.event(name, "a", "") for name in names))
    trial = small.trial(DM=small.dm(("99", "ESC05")), EX=small.ex("99"), AE=strangers)
    with pytest.raises(DataError, match=r"… and 10 more; see findings\.csv"):
        raise_errors(check_trial(trial, study))


def test_a_structural_fault_leaves_the_other_rules_working(study):
    trial = good(AE=small.events(small.event("01", "a", "", AESER="Yes")).drop(columns="AETERM"))
    found = check_trial(trial, study)
    assert {"STR-02", "TERM-01"} <= set(found["rule"])


def test_the_pilot_study_has_findings_but_no_error(pilot_trial):
    assert "error" not in set(pilot_trial.findings["severity"])
    assert {"AE-11", "DM-03", "DATE-11"} <= set(pilot_trial.findings["rule"])
