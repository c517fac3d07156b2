"""Bleeding scales with baseline, change and week."""

import pandas as pd

from csrkit.absence import absent_domain
from itpcsr.adam.clinical import select_bleeding
from itpcsr.adam.datasets import Datasets
from itpcsr.study import read_study
from tests import small


def scales(*records):
    """RS of (day, grade or None, scale)."""
    return pd.DataFrame(
        [
            {
                "USUBJID": "01", "RSSEQ": float(number), "RSTESTCD": code, "RSTEST": code, "RSCAT": "X",
                "VISIT": "", "RSSTRESN": grade, "RSDTC": small.day(day) if day else "2020-03",
            }
            for number, (day, grade, code) in enumerate(records)
        ]
    )  # fmt: skip


def derived(study, rs):
    domains = {"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), "RS": rs}
    return Datasets(small.trial(**domains), study)["adbleed"]


def test_the_baseline_is_the_last_grade_up_to_day_1(study):
    adbleed = derived(study, scales((-7, 2.0, "WHOBLEED"), (1, 1.0, "WHOBLEED"), (29, 0.0, "WHOBLEED")))
    assert adbleed["ABLFL"].tolist() == ["", "Y", ""]
    assert adbleed["CHG"].tolist() == [1, 0, -1]
    assert adbleed["AVISIT"].tolist() == ["", "Baseline", "Week 4"]


def test_the_baseline_is_the_flagged_grade_where_the_study_says_so(study, root):
    rs = scales((-7, 2.0, "WHOBLEED"), (-1, 1.0, "WHOBLEED"), (29, 0.0, "WHOBLEED")).assign(
        RSBLFL=["Y", "", ""]
    )
    flagged = read_study(root / "params/study.yml", baseline_rule="value flagged in the data")
    assert derived(flagged, rs)["CHG"].tolist() == [0, -1, -2]
    assert derived(study, rs)["CHG"].tolist() == [1, 0, -1]


def test_each_scale_has_its_own_baseline(study):
    adbleed = derived(study, scales((-7, 2.0, "ITPSKIN"), (1, 1.0, "WHOBLEED"), (29, 3.0, "ITPSKIN")))
    assert adbleed.set_index(["PARAMCD", "ADY"])["BASE"].to_dict() == {
        ("ITPSKIN", -7.0): 2, ("ITPSKIN", 29.0): 2, ("WHOBLEED", 1.0): 1,
    }  # fmt: skip


def test_records_without_grade_or_day_fall_out(study):
    rs = scales((8, float("nan"), "WHOBLEED"), (0, 1.0, "WHOBLEED"), (15, 2.0, "WHOBLEED"))
    assert derived(study, rs)["ADY"].tolist() == [15]


def test_narratives_read_the_who_grades_alone(study):
    adbleed = derived(study, scales((15, 2.0, "WHOBLEED"), (8, 1.0, "WHOBLEED"), (8, 3.0, "ITPSKIN")))
    assert select_bleeding(adbleed).to_numpy().tolist() == [["01", 8.0, 1.0], ["01", 15.0, 2.0]]


def test_no_scale_is_no_rows_and_says_which_domain(study):
    datasets = Datasets(small.trial(DM=small.dm(("01", "ESC05")), EX=small.ex("01")), study)
    assert datasets["adbleed"].empty
    assert absent_domain(datasets["adbleed"]) == "RS"
