"""Which events are listed and how many; peaks of the liver; columns by dose."""

import pandas as pd
import pytest

from itpcsr.adam import states
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis import laboratory, significant_events
from itpcsr.display.doses import dose_columns
from itpcsr.sdtm import Trial
from tests.small import day, dm, event, events, ex, platelets


def trial_of(*records, **domains):
    return Trial({"DM": dm(("01", "ESC05")), "EX": ex("01"), "AE": events(*records), **domains})


def listed(study, *records):
    datasets = Datasets(trial_of(*records), study)
    chosen = significant_events.select_events(datasets["adsl"], datasets["adae"], study)
    return datasets, chosen


def total(rows, level, statistic):
    chosen = rows[(rows["level"] == level) & (rows["statistic"] == statistic)]
    return chosen.loc[chosen["group"] == "total", "value"].iloc[0]


@pytest.mark.parametrize(
    ("variables", "kind", "told"),
    [
        ({"AEOUT": "FATAL"}, "death", "Y"),
        ({"AESDTH": "Y", "AESER": "Y"}, "death", "Y"),
        ({"AESER": "Y"}, "serious", "Y"),
        ({"AETOXGR": "3"}, "significant", "N"),
        ({"AEACN": "DRUG WITHDRAWN"}, "significant", "Y"),
        ({"AEACN": "DRUG INTERRUPTED"}, "significant", "N"),
    ],
)
def test_an_event_is_listed_once_by_what_weighs_most(study, variables, kind, told):
    _, chosen = listed(study, event("01", "Rash", day(8), **variables), event("01", "Cough", day(9)))
    assert list(chosen["LISTED"]) == [kind]
    assert list(chosen["NARRFL"]) == [told]


def test_an_untold_death_is_listed_and_counted(study):
    ds = pd.DataFrame(
        [{"USUBJID": "01", "DSSEQ": 1.0, "DSDECOD": "DEATH", "DSCAT": "DISPOSITION EVENT", "DSSTDTC": day(9)}]
    )
    datasets = Datasets(trial_of(event("01", "Cough", day(9)), DS=ds), study)
    adsl, adae = datasets["adsl"], datasets["adae"]
    chosen = significant_events.select_events(adsl, adae, study)
    rows = significant_events.count_listed(adsl, adae, chosen, study, "death")
    assert total(rows, "death", "n") == 1


def test_no_death_is_claimed_only_where_it_would_be_recorded(study):
    datasets, chosen = listed(study, event("01", "Rash", day(8)))
    rows = significant_events.count_listed(datasets["adsl"], datasets["adae"], chosen, study, "death")
    assert rows["reason"].iloc[0].startswith("The data record neither outcome nor death")
    datasets, chosen = listed(study, event("01", "Rash", day(8), AEOUT="UNKNOWN"))
    rows = significant_events.count_listed(datasets["adsl"], datasets["adae"], chosen, study, "death")
    assert total(rows, "death", "n") == 0


def test_peaks_fall_into_quadrants_at_the_limits():
    adsl = pd.DataFrame({"USUBJID": ["a", "b", "c", "d"], "SAFFL": "Y"})
    values = {"a": (3.0, 2.0), "b": (3.0, 2.1), "c": (2.9, 2.1), "d": (2.9, 2.0)}
    adlb = pd.DataFrame(
        [
            {"USUBJID": name, "PARAMCD": code, "AVAL": value * share, "ANRHI": 1.0, "ADY": number, "LBSEQ": number,
             "ONTRTFL": "Y"}
            for name, pair in values.items()
            for code, value in zip(("ALT", "BILI"), pair, strict=True)
            for number, share in ((1.0, 0.5), (8.0, 1.0))
        ]
    )  # fmt: skip
    peaks = laboratory.select_peaks(adsl, adlb)
    assert list(peaks["QUADRANT"]) == ["alt", "both", "bilirubin", "within"]
    assert set(peaks["ALTDY"]) == {8.0}


def test_doses_are_pooled_where_the_study_has_a_column(study, pilot_study):
    assert [column.key for column in dose_columns(study.design)] == ["esc05", "esc10", "all20"]
    assert [column.key for column in dose_columns(pilot_study.design)] == ["placebo", "low", "high"]


def test_large_studies_draw_subjects_with_serious_events_alone(demo, study):
    adsl, adae = demo["adsl"], demo["adae"]
    chosen = significant_events.select_events(adsl, adae, study)
    assert len(significant_events.select_drawn(adsl, chosen, study, 18)) == 18
    few = significant_events.select_drawn(adsl, chosen, study, 17)
    assert list(few["USUBJID"]) == ["SIM-001", "SIM-002", "SIM-007", "SIM-008"]
    rows = significant_events.count_drawn(adsl, adae, few, study, 40)
    assert total(rows, "subjects", "n") == 4


def test_response_periods_are_those_of_adrs(study):
    counts = {-1: 10, 8: 10, 15: 40, 22: 120, 29: 50, 36: 12, 43: 60, 50: 11, 57: 9, 64: 70, 78: 80}
    trial = Trial({"DM": dm(("a", "ESC05")), "EX": ex("a"), "LB": platelets("a", counts)})
    datasets = Datasets(trial, study)
    found = states.derive_response_periods(datasets["adrs"])
    # the one count that fails on Day 36 doesn't end the response; the two from Day 50 on do
    assert found.to_dict("records") == [
        {"USUBJID": "a", "ASTDY": 15.0, "AENDY": 50.0},
        {"USUBJID": "a", "ASTDY": 64.0, "AENDY": 78.0},
    ]
    times = datasets["adtte"].set_index("PARAMCD")
    assert times.loc[["TTRESP", "TTLOSS"], "ADY"].tolist() == [15.0, 50.0]
    assert times.loc["DURRESP", "AVAL"] == 35.0
    share = datasets["adrs"].set_index("PARAMCD").loc["PCTRESP", "AVAL"]
    assert share == pytest.approx(100 * (43 - 15 + 1 + 78 - 64 + 1) / 78)
