"""Results beyond the measuring range: kept with their limit, used where it decides, named where it doesn't."""

import numpy as np
import pandas as pd
import pytest

from csrkit.limits import exceeds, read_limits, span_of
from csrkit.sdtm.units import standard_limits
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis.laboratory import liver_signs, select_peaks
from itpcsr.sdtm.report_units import standardise_units
from tests import small

NAN = float("nan")


def laboratory(test, unit, results, **more):
    """LB of one subject: a study day to a number, or a text such as ``<5``."""
    rows = [
        {
            "STUDYID": "T", "DOMAIN": "LB", "USUBJID": "01", "LBSEQ": float(place), "LBTESTCD": test,
            "LBTEST": test, "LBCAT": "CHEMISTRY", "LBORRES": str(result), "LBORRESU": unit,
            "LBSTRESC": str(result), "LBSTRESN": NAN if isinstance(result, str) else float(result),
            "LBSTRESU": unit, "LBDTC": small.day(day), **more,
        }
        for place, (day, result) in enumerate(results.items(), start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def derived(study, *tables):
    lb = pd.concat(tables, ignore_index=True)
    lb["LBSEQ"] = np.arange(1.0, len(lb) + 1)
    return Datasets(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01"), LB=lb), study)


def response(study, counts):
    adrs = derived(study, laboratory("PLAT", "10^9/L", counts))["adrs"]
    return adrs[adrs["PARAMCD"] == "CBOR"].iloc[0]


@pytest.mark.parametrize(
    ("text", "sign", "value"),
    [
        ("<5", "<", 5), ("< 5 ", "<", 5), (">2000", ">", 2000), ("≥1.5", ">=", 1.5), ("≤ 3", "<=", 3),
        ("<=3", "<=", 3), ("=>7", ">=", 7), ("＜５", "<", 5), ("less than 5", "<", 5), ("小于5", "<", 5),
        ("5", "", NAN), ("CLUMPED", "", NAN), ("", "", NAN), ("5-10", "", NAN), ("<1:10", "", NAN),
    ],
)  # fmt: skip
def test_limits_are_read_however_they_are_written(text, sign, value):
    found = read_limits(pd.Series([text])).iloc[0]
    assert found["sign"] == sign
    assert found["value"] == value or (np.isnan(value) and np.isnan(found["value"]))


@pytest.mark.parametrize(
    ("value", "limit", "equal", "expected"),
    [
        ("<30", 30, True, (False, False)), ("<=30", 30, True, (False, True)), (">30", 30, True, (True, True)),
        (">30", 30, False, (True, True)), (">=30", 30, False, (False, True)), (">20", 30, True, (False, True)),
        (30.0, 30, True, (True, True)), (30.0, 30, False, (False, False)), (NAN, 30, True, (False, False)),
    ],
)  # fmt: skip
def test_a_comparison_is_certain_impossible_or_undecided(value, limit, equal, expected):
    number, text = (NAN, value) if isinstance(value, str) else (value, "")
    known = span_of(pd.DataFrame({"AVAL": [number], "AVALC": [text]}))
    against = span_of(pd.DataFrame({"AVAL": [float(limit)]}))
    assert tuple(bool(flags[0]) for flags in exceeds(known, against, equal)) == expected


@pytest.mark.parametrize(
    ("standard", "original", "unit", "expected"),
    [
        ("<5", "<5000", "/uL", "<5"),
        ("", "<5000", "/uL", "<5"),
        ("5", "<5000", "/uL", "<5"),
        ("", "<5", "10^9/L", "<5"),
        ("40", "40000", "/uL", ""),
        ("", "<5", "furlong", ""),
    ],
)
def test_a_recorded_limit_is_converted_as_the_other_results_are(standard, original, unit, expected):
    frame = pd.DataFrame(
        {
            "LBTESTCD": ["PLAT"], "LBSTRESC": [standard], "LBORRES": [original], "LBORRESU": [unit],
            "LBSTRESU": ["10^9/L"], "LBSTRESN": [NAN],
        }
    )  # fmt: skip
    assert standard_limits(frame, "LB").tolist() == [expected]


def test_a_factor_between_units_follows_from_the_other_results():
    frame = pd.DataFrame(
        {
            "LBTESTCD": "BILI", "LBSTRESC": ["17.1", "34.2", ""], "LBORRES": ["1", "2", ">10"],
            "LBORRESU": "mg/dL", "LBSTRESU": "umol/L", "LBSTRESN": [17.1, 34.2, NAN],
        }
    )  # fmt: skip
    assert standard_limits(frame, "LB").tolist() == ["", "", ">171"]


def test_limits_are_converted_on_reading_with_the_numbers(study):
    lb = laboratory("PLAT", "/uL", {1: "≤ 5000"})
    trial = standardise_units(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01"), LB=lb), study)
    assert Datasets(trial, study)["adlb"][["AVALC", "AVALU"]].to_numpy().tolist() == [["<=5", "10^9/L"]]


def test_a_result_beyond_the_range_is_a_record_without_a_number(study):
    adlb = derived(study, laboratory("ALT", "U/L", {1: 40, 15: ">2000"}, LBSTNRLO=9.0, LBSTNRHI=50.0))["adlb"]
    last = adlb.iloc[1]
    assert (last["AVALC"], last["ATOXGR"], last["ATOXDIR"], last["ANRIND"]) == (">2000", "4", "H", "HIGH")
    assert np.isnan(last["AVAL"])
    assert np.isnan(last["CHG"])
    assert (last["BTOXGRH"], last["WORSTFL"], last["LIMIND"]) == ("0", "Y", "HIGH")


def test_a_number_put_in_place_of_a_limit_is_not_a_measurement(study):
    lb = laboratory("PLAT", "10^9/L", {1: 10, 8: "<5"})
    lb["LBSTRESN"] = [10.0, 5.0]
    adlb = derived(study, lb)["adlb"]
    assert np.isnan(adlb["AVAL"].iloc[1])
    assert adlb["AVALC"].tolist() == ["", "<5"]


def test_a_failing_count_below_the_range_ends_a_run(study):
    found = response(study, {-1: 10, 15: 40, 19: "<5", 22: 45, 29: 12})
    assert (found["AVALC"], found["REASON"]) == ("NR", "qualifying counts not confirmed")
    without = response(study, {-1: 10, 15: 40, 22: 45, 29: 12})
    assert without["AVALC"] == "R"


def test_a_count_above_the_range_qualifies_and_a_failing_one_loses_the_response(study):
    found = response(study, {1: 10, 8: ">400", 15: "≥ 400", 22: 200, 29: "<5", 36: "<10"})
    assert (found["AVALC"], found["ADY"], found["LOSDY"]) == ("CR", 8, 29)


def test_a_baseline_below_the_range_is_the_baseline(study):
    datasets = derived(study, laboratory("PLAT", "10^9/L", {-10: 12, 1: "<10", 15: 38, 22: 117, 29: 195}))
    adlb, adsl, adrs = datasets["adlb"], datasets["adsl"], datasets["adrs"]
    assert adlb["ABLFL"].tolist() == ["", "Y", "", "", ""]
    assert np.isnan(adsl["BPLAT"].iloc[0])
    assert adsl["BPLATC"].tolist() == ["<10"]
    best = adrs[adrs["PARAMCD"] == "CBOR"].iloc[0]
    # 38 is at least twice whatever the baseline was
    assert (best["AVALC"], best["ADY"], best["BASEC"]) == ("CR", 15, "<10")
    ratio = adrs[adrs["PARAMCD"] == "BESTRAT"].iloc[0]
    assert np.isnan(ratio["AVAL"])
    assert ratio["REASON"] == "the baseline count is beyond the measuring range"


# The counts of a subject, and the response
OPEN = [
    ({1: 10, 8: "<50", 15: "<50"}, "NE"),
    ({1: "<20", 8: 35, 15: 36}, "NE"),
    ({1: "<20", 8: 40, 15: 41}, "R"),
    ({1: 10, 8: "<30", 15: "<30"}, "NR"),
    ({1: 10, 8: ">50", 15: ">50"}, "R"),
    ({1: 10, 8: 40, 15: 41, 22: "<50"}, "R"),
]


@pytest.fixture(scope="module")
def responses(study):
    """Return the responses of a trial with a subject for each of the series of counts."""
    names = [f"{place:02}" for place in range(len(OPEN))]
    series = [laboratory("PLAT", "10^9/L", counts) for counts, _ in OPEN]
    lb = pd.concat([one.assign(USUBJID=name) for name, one in zip(names, series, strict=True)])
    dm, ex = small.dm(*((name, "ESC05") for name in names)), small.ex(*names)
    adrs = Datasets(small.trial(DM=dm, EX=ex, LB=lb.reset_index(drop=True)), study)["adrs"]
    return adrs[adrs["PARAMCD"] == "CBOR"].set_index("USUBJID")


@pytest.mark.parametrize("place", range(len(OPEN)))
def test_a_response_is_not_evaluable_only_where_a_limit_leaves_it_open(responses, place):
    found, expected = responses.loc[f"{place:02}"], OPEN[place][1]
    assert found["AVALC"] == expected
    assert (found["REASON"] == "a count or a baseline beyond the measuring range does not decide") == (
        expected == "NE"
    )


def test_each_count_says_whether_it_is_decided(study):
    adrs = derived(study, laboratory("PLAT", "10^9/L", {1: 10, 8: "<50", 15: "<5", 22: ">200"}))["adrs"]
    counts = adrs[adrs["PARAMCD"] == "OVR"]
    assert counts["AVALC"].tolist() == ["NE", "NR", "CR"]
    assert counts["PLATC"].tolist() == ["<50", "<5", ">200"]


def test_hys_law_and_edish_see_values_above_the_range(study):
    datasets = derived(
        study,
        laboratory("ALT", "U/L", {1: 30, 15: ">2000"}, LBSTNRLO=9.0, LBSTNRHI=50.0),
        laboratory("BILI", "umol/L", {1: 10, 15: ">42"}, LBSTNRLO=3.0, LBSTNRHI=21.0),
        laboratory("ALP", "U/L", {1: 60, 15: "<80"}, LBSTNRLO=35.0, LBSTNRHI=100.0),
    )
    signs = liver_signs(datasets["adlb"], study.laboratory.hys_law_days)
    assert signs[["20", "bilirubin", "hys_law"]].to_numpy().tolist() == [["Y", "Y", "Y"]]
    peaks = select_peaks(datasets["adsl"], datasets["adlb"])
    assert peaks["QUADRANT"].tolist() == ["both"]


def test_hys_law_is_not_met_where_a_limit_leaves_it_open(study):
    datasets = derived(
        study,
        laboratory("ALT", "U/L", {1: 30, 15: ">100"}, LBSTNRLO=9.0, LBSTNRHI=50.0),
        laboratory("BILI", "umol/L", {1: 10, 15: ">=42"}, LBSTNRLO=3.0, LBSTNRHI=21.0),
    )
    signs = liver_signs(datasets["adlb"], study.laboratory.hys_law_days)
    assert signs[["3", "both"]].to_numpy().tolist() == [["N", "N"]]
