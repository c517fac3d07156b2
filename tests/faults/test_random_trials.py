"""A few of the random trials that ``make limits`` runs by the dozen, and the rules that judge them."""

from __future__ import annotations

import pandas as pd
import pytest

from csrkit.rows import make_rows
from itpcsr.adam.datasets import Datasets
from itpcsr.study import Study, read_study
from tests import small
from tests.faults.chain import NAMES
from tests.faults.conftest import WEEKS
from tests.faults.contradictions import find_contradictions
from tests.faults.random_trials import draw_trial
from tests.faults.trial_runs import Report, run_trial

LIMITS = ("ci_low of percent", "ci_high of percent")
Number = tuple[str, dict[str, float]]  # display:analysis:group:level:visit, and the statistics there


def _rows(*numbers: Number) -> pd.DataFrame:
    parts = []
    for place, values in numbers:
        display, analysis, group, level, visit = place.split(":")
        frame = pd.DataFrame({"statistic": list(values), "value": list(values.values())})
        names = {"display": display, "analysis": analysis, "group": group, "level": level, "visit": visit}
        parts.append(make_rows(frame, **names))
    return pd.concat(parts, ignore_index=True)


def _share(n: float, size: float, **more: float) -> dict[str, float]:
    return {"n": n, "N": size, "percent": 100 * n / size, **more}


CASES: list[tuple[str, list[Number]]] = [
    ("", [("t:a:total::", _share(1, 2, **dict(zip(LIMITS, (1.0, 99.0), strict=True)))), ("t:size:total::", {"N": 2})]),
    ("n above N", [("t:a:total::", {"n": 3, "N": 2})]),
    ("N above the column", [("t:a:total::", _share(1, 3)), ("t:size:total::", {"N": 2})]),
    ("share isn't n of N", [("t:a:total::", {"n": 1, "N": 2, "percent": 49.0})]),
    ("share of nobody", [("t:a:total::", {"n": 0, "N": 0, "percent": 0.0})]),
    ("negative", [("t:a:total::", {"events": -1})]),
    ("count of parts", [("t:a:total::", {"n": 1.5})]),
    ("share above 100 %", [("t:a:total::", {"percent": 101.0})]),
    ("infinite without reason", [("t:a:total::", {"ci_high of r": float("inf")})]),
    ("ci_low of percent above percent", [("t:a:total::", {LIMITS[0]: 60.0, **_share(1, 2)})]),
    ("ci_low of r above ci_high of r", [("t:a:total::", {"ci_low of r": 2.0, "ci_high of r": 1.0})]),
    ("min above q1", [("t:a:total::", {"n": 3, "min": 1.0, "q1": 0.0, "median": 2.0})]),
    ("median above max", [("t:a:total::", {"n": 3, "min": 1.0, "max": 2.0, "median": 3.0})]),
    ("p outside 0 to 1", [("t:a:total::", {"n": 9, "p_value": 1.5})]),
    ("test of few: t", [("t:a:total::", {"n": 3, "p_value": 0.5})]),
    ("test of few: t", [("t:a:total::", {"p_value": 0.5}), ("t:size:total::", {"N": 3})]),
    ("test of few: t", [("t:a:total::", {"n1": 2, "n2": 16, "p_value": 0.5})]),
    ("", [("t:a:total::", {"n1": 3, "n2": 15, "p_value": 0.5})]),
    ("adjusted below raw", [("t:a:total::", {"n": 9, "p_value": 0.5, "p_adjusted": 0.4})]),
    ("spread of one", [("t:a:total::", {"n": 1, "sd": 0.0})]),
    ("fewer events than subjects", [("t:a:total::", _share(2, 4, events=1))]),
    ("total isn't the sum of its arms",
     [*((f"t:a:{arm}::", {"n": 1}) for arm in ("esc05", "esc10", "esc20", "exp20")), ("t:a:total::", {"n": 5})]),
    ("all20 isn't the sum of its arms",
     [("t:a:esc20::", {"n": 1}), ("t:a:exp20::", {"n": 1}), ("t:a:all20::", {"n": 1})]),
    ("categories aren't the whole",
     [("tbl-response:category:total:CR:", _share(1, 3)), ("tbl-response:category:total:NR:", _share(1, 3))]),
    ("one fact: responders",
     [("tbl-response:overall:esc05:responder:", _share(1, 3)), ("tbl-response-rates:rate:esc05::", _share(2, 3))]),
    ("one fact: patient-years",
     [("tbl-exposure:years:total::", {"years": 1.0}), ("tbl-ae-rates:rate:total:any:", {"years": 1.1})]),
    ("one fact: administrations",
     [*((f"tbl-infusions:given:total:{number}:", _share(2, 2)) for number in (1, 2)),
      *((f"tbl-infusions:exdose:total::Infusion {number}", {"n": number}) for number in (1, 2))]),
    ("one fact: deaths", [("tbl-deaths:listed:total:death:", _share(1, 1, events=1))]),
    ("part above its whole",
     [("tbl-hys-law:criterion:total:both:", _share(2, 3)), ("tbl-hys-law:criterion:total:3:", _share(1, 3))]),
]  # fmt: skip


@pytest.fixture(scope="module")
def few_weeks(root) -> Study:
    return read_study(root / "params/study.yml", platelet_weeks=WEEKS, immune_weeks=WEEKS)


@pytest.fixture(scope="module")
def one_subject(few_weeks):
    """Return a trial of one subject, and its analysis datasets."""
    trial = small.trial(DM=small.dm(("S1", "ESC05")), EX=small.ex("S1"))
    return trial, Datasets(trial, few_weeks)


@pytest.mark.parametrize(("rule", "numbers"), CASES, ids=[f"{i} {case[0]}" for i, case in enumerate(CASES)])
def test_a_contradiction_is_found(rule, numbers, one_subject):
    found = find_contradictions(_rows(*numbers), *one_subject)
    assert rule in set(found["rule"]) if rule else found.empty


def test_columns_of_other_sizes_are_not_compared(one_subject):
    numbers = [
        ("tbl-medication:size:total::", {"N": 4}), ("tbl-medication:any:total:rescue:", _share(2, 4)),
        ("tbl-itp-therapy:size:total::", {"N": 3}), ("tbl-itp-therapy:rescue:total::", _share(1, 3)),
    ]  # fmt: skip
    assert find_contradictions(_rows(*numbers), *one_subject).empty


def test_the_same_seed_draws_the_same_trial(few_weeks):
    first, second = (draw_trial(3, few_weeks) for _ in range(2))
    assert first.what == second.what
    assert first.trial is not None
    assert second.trial is not None
    for name, frame in first.trial.domains.items():
        pd.testing.assert_frame_equal(frame, second.trial.domains[name])


@pytest.mark.build
@pytest.mark.examples(1, first=3)
def test_a_random_trial_goes_through_all_notebooks(seed, few_weeks):
    report = Report()
    run_trial(seed, few_weeks, report)
    assert report.runs == (0 if report.refused else len(NAMES))
    assert not report.stopped
    assert not report.contradictions
