import pandas as pd
import pyreadstat
import pytest

from csrkit.errors import DataError
from itpcsr.adam.datasets import Datasets
from itpcsr.study import read_study
from tests import small


def adae_of(study, *records, supplement=None):
    domains = {"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), "AE": small.events(*records)}
    if supplement is not None:
        domains["SUPPAE"] = supplement
    return Datasets(small.trial(**domains), study)["adae"]


# start, end, TRTEMFL, where an end limits the start: its day (None: not known); the first dose is of 10 March
STARTS = [
    (small.day(-1), "", "N", ""),
    (small.day(1), "", "Y", ""),
    (small.day(22), "", "Y", ""),
    (small.day(300), "", "Y", ""),
    ("2020-03", "", "Y", ""),
    ("2020-02", "", "N", ""),
    ("", "", "Y", ""),
    ("2020-03", "2020-03-05", "N", "2020-03-05"),  # over before the first dose
    ("2020-03", "2020-03-12", "Y", "2020-03-10"),
    ("", "2020-01-05", "N", None),
    ("", "2020-03-15", "Y", None),
    ("2020-03", "2020-03", "Y", "2020-03-10"),  # the end may be as late as the 31st
]


@pytest.fixture(scope="module")
def placed(study):
    """Return the event of every case, each of a subject of one trial."""
    names = [f"{number:02}" for number in range(len(STARTS))]
    records = [small.event(name, "Headache", *case[:2]) for name, case in zip(names, STARTS, strict=True)]
    domains = {"DM": small.dm(*((name, "ESC05") for name in names)), "EX": small.ex(*names)}
    return Datasets(small.trial(**domains, AE=small.events(*records)), study)["adae"].set_index("USUBJID")


@pytest.mark.parametrize("number", range(len(STARTS)), ids=lambda number: str(STARTS[number]))
def test_treatment_emergence_and_start(placed, number):
    event, (_, end, emergent, imputed) = placed.loc[f"{number:02}"], STARTS[number]
    assert event["TRTEMFL"] == emergent
    if end:
        assert pd.isna(event["ASTDT"]) if imputed is None else event["ASTDT"] == pd.Timestamp(imputed)
    assert not event["ASTDT"] > event["AENDT"]


def test_grades_are_read_with_or_without_the_word(study):
    grades = ["GRADE 4", "3", ""]
    adae = adae_of(study, *(small.event("01", "a", small.day(2), AETOXGR=grade) for grade in grades))
    assert adae["ASEVN"].fillna(0).tolist() == [4, 3, 0]


def test_a_supplement_of_no_record_is_refused(study):
    with pytest.raises(DataError, match="AEDLT names 01, AESEQ 7, which is no record of AE"):
        adae_of(study, small.event("01", "a", ""), supplement=supplement(("AESEQ", "7")))


def test_a_qualifier_may_come_by_two_variables(study):
    records = [small.event("01", name, small.day(2), AESPID=name) for name in "ab"]
    both = supplement(("AESEQ", "1"), ("AESPID", "b"))
    assert adae_of(study, *records, supplement=both)["DLTFL"].tolist() == ["Y", "Y"]


def test_without_supplements_toxicity_is_not_known(study):
    adae = adae_of(study, small.event("01", "a", small.day(2)))
    assert adae["DLTFL"].tolist() == [""]
    assert adae["FATALFL"].tolist() == [""]


def test_the_window_after_the_last_dose(root):
    study = read_study(root / "params/study.yml", treatment_emergent_days=7)
    starts = [small.day(22 + 7), small.day(22 + 8)]
    adae = adae_of(study, *(small.event("01", "Headache", start) for start in starts))
    assert adae["TRTEMFL"].tolist() == ["Y", "N"]


def test_flags(study):
    adae = adae_of(
        study,
        small.event("01", "a", small.day(2), AEREL="RELATED", AETOXGR="3", AESER="Y"),
        small.event("01", "b", small.day(2), AEREL="NOT RELATED", AETOXGR="2", AEACN="DRUG WITHDRAWN"),
        small.event("01", "c", small.day(2), AETOXGR="", AEOUT="FATAL"),
        small.event("01", "d", small.day(2), AETOXGR="9"),
    )
    assert adae["RELFL"].tolist() == ["Y", "N", "N", "N"]
    assert adae["SEVFL"].tolist() == ["Y", "N", "N", "N"]
    assert adae["SERFL"].tolist() == ["Y", "N", "N", "N"]
    assert adae["DISCFL"].tolist() == ["N", "Y", "N", "N"]
    assert adae["FATALFL"].tolist() == ["N", "N", "Y", "N"]
    assert adae["ASEVN"].isna().tolist() == [False, False, True, True]


def test_an_event_without_term_is_kept(study):
    adae = adae_of(study, small.event("01", "", small.day(2), AEBODSYS=""))
    assert adae[["AEDECOD", "AEBODSYS"]].to_numpy().tolist() == [["Not coded", "Not coded"]]


def supplement(*values):
    return pd.DataFrame(
        [
            {
                "USUBJID": "01",
                "RDOMAIN": "AE",
                "IDVAR": variable,
                "IDVARVAL": key,
                "QNAM": "AEDLT",
                "QVAL": "Y",
            }
            for variable, key in values
        ]
    )


def test_supplements_join_by_number_however_it_is_written(study):
    records = [small.event("01", name, small.day(2)) for name in "ab"]
    for key in ("2", "2.0", " 2"):
        adae = adae_of(study, *records, supplement=supplement(("AESEQ", key)))
        assert adae["DLTFL"].tolist() == ["N", "Y"]


def test_a_supplement_that_stands_twice_is_refused(study):
    with pytest.raises(DataError, match="AEDLT appears twice for 01, AESEQ 1"):
        adae_of(study, small.event("01", "a", ""), supplement=supplement(("AESEQ", "1"), ("AESEQ", "1")))


def test_no_domain_gives_no_rows_and_all_flags(study):
    datasets = Datasets(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01")), study)
    assert datasets["adae"].empty
    assert {"TRTEMFL", "DLTFL", "AEDECOD", "ASEVN"} <= set(datasets["adae"].columns)


def test_treatment_emergence_is_that_of_the_published_adae(pilot, pilot_folder):
    published = pyreadstat.read_xport(pilot_folder / "adam/adae.xpt")[0][["USUBJID", "AESEQ", "TRTEMFL"]]
    both = pilot["adae"].merge(
        published, on=["USUBJID", "AESEQ"], suffixes=("", "_PUBLISHED"), validate="1:1"
    )
    assert len(both) == 1191
    assert (both["TRTEMFL"] == both["TRTEMFL_PUBLISHED"].replace("", "N")).all()


def test_times_to_the_first_dermatologic_event_are_the_published_ones(pilot, pilot_folder):
    published = pyreadstat.read_xport(pilot_folder / "adam/adtte.xpt")[0]
    both = pilot["adtte"].merge(published, on="USUBJID", suffixes=("", "_p"), how="outer", validate="1:1")
    assert len(both) == len(pilot["adtte"]) == 254
    assert (both["CNSR"] == 0).sum() == 152
    for name in ("AVAL", "CNSR"):
        assert (both[name] == both[f"{name}_p"]).all(), name
