"""Virus tests, vital signs around infusions, and medication, on small trials."""

import pandas as pd
import pytest

from itpcsr.adam.datasets import Datasets
from tests import small
from tests.faults.chain import show
from tests.itpcsr.analysis.test_laboratory import NOTEBOOK, find

ARMS = (("A", "ESC05"), ("B", "ESC05"))


def virus(subject, number_day, result, test="HBSAG", visit=""):
    return {
        "STUDYID": "T", "DOMAIN": "MB", "USUBJID": subject, "MBTESTCD": test, "MBTEST": test,
        "MBSTRESC": result, "MBDTC": small.day(number_day), "VISIT": visit,
    }  # fmt: skip


def disposition(subject, number_day):
    return {
        "STUDYID": "T", "DOMAIN": "DS", "USUBJID": subject, "DSSEQ": 1.0, "DSCAT": "DISPOSITION EVENT",
        "DSSCAT": "STUDY PARTICIPATION", "DSDECOD": "COMPLETED", "DSTERM": "COMPLETED",
        "DSSTDTC": small.day(number_day),
    }  # fmt: skip


def trial_of(**domains):
    return small.trial(DM=small.dm(*ARMS), EX=small.ex("A", "B"), **domains)


def shown_with(trial, study):
    """Return the datasets of a trial, and what the notebook shows of them."""
    datasets = Datasets(trial, study)
    return datasets, show(trial, study, NOTEBOOK, datasets=datasets)


def with_tests(*records, ends=(("A", 197), ("B", 50))):
    mb = pd.DataFrame(records)
    mb["MBSEQ"] = pd.Series(range(1, len(mb) + 1), dtype="float64")
    ds = pd.DataFrame([disposition(*end) for end in ends])
    return trial_of(MB=mb, DS=ds)


def test_missing_and_due_tests(study):
    trial = with_tests(virus("A", -3, "NEGATIVE"), virus("B", -3, "NEGATIVE"), virus("A", 29, "NEGATIVE"))
    rows = show(trial, study, NOTEBOOK)["tbl-virus"].results
    level = ("HBSAG", "MISSING")
    assert find(rows, "status", level=level, visit="Baseline")["value"] == 0
    assert find(rows, "status", level=level, visit="Week 4")["value"] == 1  # B
    assert find(rows, "status", statistic="N", level=level, visit="Week 16")["value"] == 1  # B had left
    assert find(rows, "status", level=("HCAB", "MISSING"), visit="Baseline")["value"] == 2


def test_conversions_are_named(study):
    trial = with_tests(
        virus("A", -3, "NEGATIVE"), virus("A", 29, "NEGATIVE"), virus("A", 113, "POSITIVE"),
        virus("A", 120, "POSITIVE"), virus("B", -3, "POSITIVE"), virus("B", 29, "POSITIVE"),
    )  # fmt: skip
    found, shown = shown_with(trial, study)
    rows = shown["tbl-virus"].results
    assert find(rows, "converted", level="HBSAG")["value"] == 1
    assert find(rows, "converted", statistic="N", level="HBSAG")["value"] == 1  # B was positive before
    assert find(rows, "conversion", "A", "day", "HBSAG")["value"] == 113
    assert "A: Hepatitis B virus surface antigen, Day 113." in shown["tbl-virus"].notes[1]
    assert set(found["admb"]["AVALC"]) == {"NEGATIVE", "POSITIVE", "MISSING"}


def test_results_in_words_and_numbers(study):
    said = {
        "POSITIVE": "POSITIVE", "Not detected": "NEGATIVE", "0": "NEGATIVE", "35": "POSITIVE", "<20": "OTHER",
        "INDETERMINATE": "OTHER",
    }  # fmt: skip
    names = {f"S{number}": text for number, text in enumerate(said)}
    mb = pd.DataFrame([virus(name, -3, text) for name, text in names.items()]).assign(MBSEQ=1.0)
    dm = small.dm(*((name, "ESC05") for name in names))
    admb = Datasets(small.trial(DM=dm, EX=small.ex(*names), MB=mb), study)["admb"]
    found = admb.query("PARAMCD == 'HBSAG' and ABLFL == 'Y'").set_index("USUBJID")["AVALC"]
    assert {text: found[name] for name, text in names.items()} == said


def test_a_sample_outside_the_window_is_said_so(study):
    trial = with_tests(virus("A", -3, "NEGATIVE"), virus("A", 34, "NEGATIVE", visit="WEEK 4"))
    rows = show(trial, study, NOTEBOOK)["tbl-virus"].results
    assert find(rows, "status", level=("HBSAG", "NEGATIVE"), visit="Week 4")["value"] == 1
    assert find(rows, "outside", level="HBSAG", visit="Week 4")["value"] == 1


def vital(subject, number, hours, result, at="08:00"):
    return {
        "STUDYID": "T", "DOMAIN": "VS", "USUBJID": subject, "VSTESTCD": "TEMP", "VSTEST": "Temperature",
        "VSSTRESN": result, "VSSTRESU": "C", "VSDTC": f"{small.day(7 * number - 6)}T{at}",
        "VSTPT": {-0.25: "BEFORE INFUSION", 0: "END OF INFUSION", 4: "4 H AFTER INFUSION"}[hours],
        "VSTPTNUM": float(hours), "VSTPTREF": f"INFUSION {number}",
    }  # fmt: skip


def test_changes_are_from_before_the_same_infusion(study):
    vs = pd.DataFrame(
        [
            vital("A", 1, -0.25, 36.0), vital("A", 1, 0, 36.5, "10:00"), vital("A", 1, 4, 38.0, "14:00"),
            vital("A", 2, -0.25, 37.0), vital("A", 2, 0, 36.0, "10:00"), vital("B", 1, 4, 39.0, "14:00"),
        ]
    )  # fmt: skip
    vs["VSSEQ"] = pd.Series(range(1, 7), dtype="float64")
    found, shown = shown_with(trial_of(VS=vs), study)
    rows = shown["tbl-vital-signs"].results
    after = find(rows, "change", "total", "mean", ("TEMP", "Infusion 1"), "4 H AFTER INFUSION")
    assert after["value"] == 2.0
    assert (
        find(rows, "change", "total", "n", ("TEMP", "Infusion 1"), "4 H AFTER INFUSION")["value"] == 1
    )  # B: none before
    assert find(rows, "change", "total", "mean", ("TEMP", "Infusion 2"), "END OF INFUSION")["value"] == -1.0
    assert found["advs"].query("ABLFL == 'Y'")["AVAL"].tolist() == [36.0]
    labels = [row.label for row in shown["tbl-vital-signs"].rows]
    assert "4 h after infusion: change, mean (SD)" in labels
    assert "Before infusion: mean (SD)" in labels


def drug(subject, name, start, end="", **more):
    return {
        "STUDYID": "T", "DOMAIN": "CM", "USUBJID": subject, "CMTRT": name, "CMDECOD": name, "CMSTDTC": start,
        "CMENDTC": end, "CMCAT": "", **more,
    }  # fmt: skip


def medicated(*records):
    cm = pd.DataFrame(records)
    cm["CMSEQ"] = pd.Series(range(1, len(cm) + 1), dtype="float64")
    return trial_of(CM=cm)


# start, end and category of a drug, and whether it is prior, concomitant and rescue
DRUGS = [
    (small.day(-30), small.day(-2), "", "YNN"),
    (small.day(-30), "", "", "YYN"),
    (small.day(-30), small.day(1), "", "YYN"),
    (small.day(3), small.day(5), "", "NYN"),
    ("", "", "", "YYN"),
    ("2020-03", "", "", "NYN"),  # could have started on treatment
    (small.day(40), "", "RESCUE THERAPY", "NNY"),
    (small.day(-40), small.day(-30), "RESCUE THERAPY", "YNN"),
    (small.day(-40), "2020", "", "YYN"),
]


@pytest.fixture(scope="module")
def taken(study):
    """Return ADCM of one subject with all of the drugs."""
    records = [
        drug("A", f"DRUG {number}", start, end, CMCAT=category)
        for number, (start, end, category, _) in enumerate(DRUGS)
    ]
    return Datasets(medicated(*records), study)["adcm"].set_index("CMDECOD")


@pytest.mark.parametrize("number", range(len(DRUGS)), ids=[str(case[:3]) for case in DRUGS])
def test_prior_concomitant_and_rescue(taken, number):
    assert "".join(taken.loc[f"DRUG {number}", ["PREFL", "CONFL", "RESCFL"]]) == DRUGS[number][-1]


def test_medication_by_class(study):
    trial = medicated(
        drug("A", "PARACETAMOL", small.day(3), CMCLAS="ANILIDES"),
        drug("A", "PARACETAMOL", small.day(9), CMCLAS="ANILIDES"),
        drug("B", "SOMETHING", small.day(9), CMCLAS="UNCODED"),
        drug("B", "DEXAMETHASONE", small.day(60), CMCLAS="GLUCOCORTICOIDS", CMCAT="RESCUE THERAPY"),
    )
    shown = show(trial, study, NOTEBOOK)
    rows = shown["tbl-medication"].results
    assert find(rows, "class", level="ANILIDES")["value"] == 1
    assert find(rows, "any", level="concomitant")["value"] == 2
    assert find(rows, "any", level="rescue")["value"] == 1
    assert "GLUCOCORTICOIDS" not in set(rows["level"])
    labels = [row.label for row in shown["tbl-medication"].rows]
    assert labels[3:] == ["Anilides", "Paracetamol", "Not coded", "Something"]
    assert shown["tbl-rescue"].rows[0].cells[0] == "1 (50.0)"


def test_without_classes_the_substance_stands_alone(study):
    table = show(medicated(drug("A", "PARACETAMOL", small.day(3))), study, NOTEBOOK)["tbl-medication"]
    assert [row.label for row in table.rows][3:] == ["Paracetamol"]


def test_absent_domains_give_one_sentence(study):
    shown = show(trial_of(), study, NOTEBOOK)
    labels = ("tbl-virus", "tbl-vital-signs", "tbl-medication", "tbl-rescue")
    assert [shown[label].absent.split("(")[1][:2] for label in labels] == ["MB", "VS", "CM", "CM"]
