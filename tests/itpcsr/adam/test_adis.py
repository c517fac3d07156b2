"""ADIS: what counts as a result, before and after the first infusion."""

import pytest

from csrkit.errors import DataError
from tests import small
from tests.itpcsr.adam.antibodies import AFTER, BEFORE, derived, result


def first(study, *args, **more):
    return derived(study, result("A", BEFORE, *args, **more))["adis"].iloc[0]


NAN = float("nan")
# test, text and number of a result, and how it is read: status, value and sign
RESULTS = [
    ("HLA1AB", "NEGATIVE", NAN, "NEGATIVE", NAN, ""),
    ("HLA1AB", "POSITIVE", 40, "POSITIVE", 40, ""),
    ("HLA1AB", "1:40", NAN, "POSITIVE", 40, ""),
    ("HLA1AB", "40", 40, "POSITIVE", 40, ""),
    ("HLA1AB", "<1:10", NAN, "NEGATIVE", NAN, ""),
    ("HLA1AB", ">1:640", NAN, "POSITIVE", 640, ">"),
    ("HLA1AB", "POSITIVE", NAN, "POSITIVE", NAN, ""),
    ("HLA1AB", "INDETERMINATE", NAN, "", NAN, ""),
    ("HLA1AB", "", 80, "POSITIVE", 80, ""),
    ("GP2B3AAB", "", 0.99, "NEGATIVE", 0.99, ""),  # the ratio of an autoantibody
    ("GP2B3AAB", "", 1.0, "POSITIVE", 1.0, ""),
    ("GP2B3AAB", "", 3.2, "POSITIVE", 3.2, ""),
]


@pytest.fixture(scope="module")
def read(study):
    """Return ADIS of a trial with a subject for each of the results."""
    names = [f"R{number:02}" for number in range(len(RESULTS))]
    samples = [
        result(name, BEFORE, text, test=test, number=float(number))
        for name, (test, text, number, *_) in zip(names, RESULTS, strict=True)
    ]
    return derived(study, *samples, subjects=names)["adis"].set_index("USUBJID")


@pytest.mark.parametrize("number", range(len(RESULTS)), ids=[str(case[:3]) for case in RESULTS])
def test_results(read, number):
    record, (*_, status, value, sign) = read.loc[f"R{number:02}"], RESULTS[number]
    assert (record["AVALCAT1"], record["AVALSGN"]) == (status, sign)
    assert record["AVAL"] == pytest.approx(value, nan_ok=True)


def test_a_positive_sample_below_the_lowest_dilution_has_that_dilution(study):
    record = first(study, "POSITIVE", ISORRES="<1:10")
    assert (record["AVALCAT1"], record["AVAL"], record["AVALSGN"]) == ("POSITIVE", 10, "<")


def test_a_word_decides_over_a_titre(study):
    record = first(study, "NEGATIVE", ISORRES="1:10")
    assert record["AVALCAT1"] == "NEGATIVE"
    assert record["AVAL"] != record["AVAL"]


@pytest.mark.parametrize("text", ["1:0", "forty", "-40", "0.2"])
def test_what_cannot_be_read_names_subject_and_row(study, text):
    records = [result("A", BEFORE, "NEGATIVE"), result("B", AFTER, text)]
    with pytest.raises(DataError, match=r"HLA1AB of B in row 2 \(ISSEQ 2\) is '" + text):
        derived(study, *records)


def test_a_number_below_one_is_no_titre(study):
    with pytest.raises(DataError, match=r"is '0\.0'; allowed: POSITIVE, NEGATIVE"):
        first(study, "", number=0.0)


def test_other_tests_are_not_read(study):
    assert derived(study, result("A", BEFORE, "odd", test="OTHER"))["adis"].empty


def test_baseline_is_the_last_result_before_the_first_dose(study):
    found = derived(
        study, result("A", -8, "1:40"), result("A", -2, "NEGATIVE"), result("A", -1, "INDETERMINATE"),
        result("A", AFTER, "1:80"),
    )["adis"]  # fmt: skip
    assert found["ABLFL"].tolist() == ["", "Y", "", ""]
    assert found["AFTERFL"].tolist() == ["N", "N", "N", "Y"]


def test_times_decide_on_the_day_of_the_infusion(study):
    ex = small.ex("A")
    ex["EXSTDTC"] = ex["EXSTDTC"] + "T10:00"
    records = [result("A", 1, "NEGATIVE", ISDTC=f"{small.day(1)}T{at}") for at in ("09:30", "22:00")]
    untimed = derived(study, *records)["adis"]  # both count as before
    assert untimed["AFTERFL"].tolist() == ["N", "N"]
    timed = derived(study, *records, subjects=("A",), ex=ex)["adis"]
    assert timed["AFTERFL"].tolist() == ["N", "Y"]
    assert timed["ARELDY"].tolist() == pytest.approx([-0.5 / 24, 0.5])


def test_flagged_baseline(study):
    baseline = study.baseline.model_copy(update={"baseline_rule": "value flagged in the data"})
    flagged = study.model_copy(update={"baseline": baseline})
    found = derived(flagged, result("A", -8, "1:40", ISBLFL="Y"), result("A", -2, "NEGATIVE", ISBLFL=""))
    assert found["adis"]["ABLFL"].tolist() == ["Y", ""]


def test_a_sample_without_date_or_not_done_is_none(study):
    found = derived(study, result("A", 1, "NEGATIVE", ISDTC=""), result("A", 1, "", ISSTAT="NOT DONE"))
    assert found["adis"].empty
