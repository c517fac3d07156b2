import numpy as np
import pytest

from itpcsr.adam.datasets import Datasets
from itpcsr.study import read_study
from tests import small


def adlb_of(study, counts, **more):
    domains = {"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), "LB": small.platelets("01", counts)}
    return Datasets(small.trial(**{**domains, **more}), study)["adlb"]


def test_baseline_is_the_last_value_before_the_first_infusion(study):
    adlb = adlb_of(study, {-7: 8, 1: 10, 8: 25})
    assert adlb["ABLFL"].tolist() == ["", "Y", ""]
    assert adlb["BASE"].tolist() == [10, 10, 10]
    assert adlb["CHG"].tolist() == [-2, 0, 15]
    assert adlb["R2BASE"].tolist() == [0.8, 1, 2.5]


def test_times_decide_on_the_first_day(study):
    lb = small.platelets("01", {1: 10, 8: 25})
    infusions = small.ex("01")
    infusions["EXSTDTC"] = infusions["EXSTDTC"] + "T09:00"
    for time, flag in (("T08:30", "Y"), ("T09:30", "")):
        sampled = lb.assign(LBDTC=lb["LBDTC"].where(lb["LBSEQ"] > 1, lb["LBDTC"] + time))
        adlb = adlb_of(study, {}, LB=sampled, EX=infusions)
        assert adlb["ABLFL"].tolist() == [flag, ""]


def test_no_baseline_gives_no_change(study):
    adlb = adlb_of(study, {8: 25})
    assert np.isnan(adlb["BASE"]).all()
    assert np.isnan(adlb["CHG"]).all()


def test_a_baseline_of_zero_has_no_ratio(study):
    assert adlb_of(study, {1: 0, 8: 25})["R2BASE"].isna().all()


@pytest.mark.parametrize(
    ("day", "week"),
    [(8, 1), (6, 1), (10, 1), (11, None), (12, None), (13, 2), (197, 28), (2, None)],
)
def test_weeks_and_their_windows(study, day, week):
    adlb = adlb_of(study, {1: 10, day: 25})
    found = adlb["AVISITN"].iloc[1]
    assert np.isnan(found) if week is None else found == week
    assert adlb["AVISIT"].tolist() == ["Baseline", "" if week is None else f"Week {week}"]


def test_the_nearest_of_several_values_is_analysed(study):
    adlb = adlb_of(study, {1: 10, 7: 20, 8: 30, 9: 40, 14: 50, 16: 60})
    assert adlb.loc[adlb["ANL01FL"] == "Y", "AVAL"].tolist() == [10, 30, 50]


def test_baseline_can_be_taken_as_flagged(root):
    study = read_study(root / "params/study.yml", baseline_rule="value flagged in the data")
    lb = small.platelets("01", {-7: 8, 1: 10, 8: 25}).assign(LBBLFL=["Y", "", ""])
    assert adlb_of(study, {}, LB=lb)["BASE"].tolist() == [8, 8, 8]
