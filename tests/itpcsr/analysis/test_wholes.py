"""Nobody falls out of a table because a category isn't recorded: the rows add up to the column's N."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itpcsr.adam.datasets import Datasets
from itpcsr.adam.states import derive_subgroups
from itpcsr.display.findings.efficacy import subgroups_finding
from itpcsr.display.findings.subjects import flow_finding
from itpcsr.sdtm import Trial
from itpcsr.study import Study
from itpsim.simulate import simulate
from tests import small
from tests.faults.chain import rows_shown, show

POPULATION, SAFETY, EFFICACY = "10-population", "20-safety", "30-efficacy"
# What people leave empty: a variable of a domain, or whole records (no variable).
_GAPS = [
    ("DM", "SEX"), ("DM", "RACE"), ("DM", "AGE"), ("DS", "DSDECOD"), ("DS", ""), ("DV", "DVCAT"), ("DV", "DVDECOD"),
    ("EX", ""), ("EX", "EXDOSE"), ("IS", ""), ("LB", ""),
]  # fmt: skip


def numbers(
    rows: pd.DataFrame, analysis: str, group: str = "total", statistic: str = "n"
) -> dict[str, float]:
    chosen = rows.query("analysis == @analysis and group == @group and statistic == @statistic")
    return dict(zip(chosen["level"], chosen["value"], strict=True))


def labels(table, column: int = -1) -> dict[str, str]:
    return {row.label: row.cells[column] for row in table.rows if row.cells}


@pytest.fixture(scope="module")
def five_trial() -> Trial:
    """Return five enrolled subjects, the last never treated; who they are and how they ended is partly known."""
    dm = small.dm(*((name, "ESC05") for name in "ABCDE"), ("X", "SCRNFAIL"), ("Y", "SCRNFAIL"))
    dm["SEX"] = ["F", "M", "", "F", "M", "F", "F"]
    dm["RACE"] = ["ASIAN", "", "", "ASIAN", "WHITE", "", ""]
    ends = [
        ("A", "COMPLETED", "STUDY TREATMENT"), ("B", "", "STUDY TREATMENT"), ("A", "COMPLETED", "STUDY"),
        ("B", "", "STUDY"), ("C", "WITHDRAWAL BY SUBJECT", "STUDY"), ("X", "SCREEN FAILURE", "STUDY"),
    ]  # fmt: skip
    ds = pd.DataFrame(
        [
            {
                "STUDYID": "T", "DOMAIN": "DS", "USUBJID": name, "DSSEQ": float(place), "DSTERM": what,
                "DSDECOD": what, "DSCAT": "DISPOSITION EVENT", "DSSCAT": scope, "DSSTDTC": small.day(30),
            }
            for place, (name, what, scope) in enumerate(ends, start=1)
        ]
    )  # fmt: skip
    return small.trial(DM=dm, EX=small.ex(*"ABCD"), DS=ds)


@pytest.fixture(scope="module")
def five(study, five_trial) -> dict[str, pd.DataFrame]:
    return Datasets(five_trial, study)


@pytest.fixture(scope="module")
def shown(study, five_trial, five):
    return show(five_trial, study, POPULATION, datasets=five)


def test_a_subject_without_sex_or_race_has_a_row(shown):
    rows = shown["tbl-baseline"].results
    assert numbers(rows, "sex") == {"F": 2, "M": 1, "NOT RECORDED": 1}
    assert numbers(rows, "race") == {"ASIAN": 2, "NOT RECORDED": 2}
    assert labels(shown["tbl-baseline"])["Not recorded"] == "2 (50.0)"


def test_where_all_is_recorded_there_is_no_such_row(study):
    trial = small.trial(DM=small.dm(("A", "ESC05")), EX=small.ex("A"))
    rows = show(trial, study, POPULATION)["tbl-baseline"].results
    assert numbers(rows, "sex") == {"F": 1}
    assert "race" not in set(rows["analysis"])


def test_the_test_between_arms_is_of_those_recorded(pilot_study):
    """4 women of 5 against 1 of 5: Pearson's chi-square is 10 (4·4 - 1·1)² / 5⁴ = 3.6, p = 0.0578."""
    control, active = pilot_study.design.control, pilot_study.design.columns[-1].arms[-1]
    sex = ["F"] * 4 + ["M", ""] + ["F"] + ["M"] * 4 + ["", ""]
    arms = [control] * 6 + [active] * 7
    names = [f"{n:02}" for n in range(13)]
    trial = small.trial(DM=small.dm(*zip(names, arms, strict=True)).assign(SEX=sex), EX=small.ex(*names))
    rows = show(trial, pilot_study, POPULATION)["tbl-baseline"].results
    p = rows.query("analysis == 'sex' and statistic == 'p_value'")["value"]
    assert p.tolist() == [pytest.approx(0.0577796, abs=1e-6)]
    for group, unrecorded in ((control, 1), (active, 2)):
        key = next(column.key for column in pilot_study.design.columns if column.arms == [group])
        assert numbers(rows, "sex", key)["NOT RECORDED"] == unrecorded


def test_ends_and_reasons_hold_all_subjects(shown):
    rows = shown["tbl-disposition"].results
    assert numbers(rows, "status") == {
        "treated": 4, "not_treated": 1,
        "completed_treatment": 1, "discontinued_treatment": 1, "unrecorded_treatment": 2,
        "completed_study": 1, "discontinued_study": 2, "unrecorded_study": 2,
    }  # fmt: skip
    assert numbers(rows, "discontinued_study") == {"WITHDRAWAL BY SUBJECT": 1, "NOT RECORDED": 1}
    found = labels(shown["tbl-disposition"])
    assert found["End of study not recorded"] == "2 (40.0)"
    assert found["End of treatment not recorded"] == "2 (40.0)"


def test_the_flow_holds_all_subjects(shown):
    rows = rows_shown(shown)["fig-disposition"]
    reasons = {"SCREEN FAILURE": 1, "NOT RECORDED": 1}
    assert numbers(rows, "not_enrolled") == {"": 2, **reasons}
    assert numbers(rows, "not_treated") == {"": 1, "NOT RECORDED": 1}
    assert numbers(rows, "unrecorded_study") == {"": 2}
    assert "1 enrolled but not treated (not recorded 1)" in flow_finding(rows)
    assert "the end is not recorded for 2" in flow_finding(rows)
    drawn = str(shown["fig-disposition"].to_dict()["datasets"])
    assert "End of study not recorded (n=2)" in drawn
    assert "['Not treated (n=1)', '  Not recorded (n=1)']" in drawn


@pytest.mark.parametrize(
    ("decoded", "told", "completed"),
    [("COMPLETED", "completed study", 2), ("LOST TO FOLLOW-UP", "lost to follow-up", 1)],
)
def test_an_end_of_the_study_counts_without_treatment_and_one_of_treatment_does_not(
    study, decoded, told, completed
):
    """B was given a dose of 0, that is none, and yet has both ends in DS."""
    ends = [
        {
            "STUDYID": "T", "DOMAIN": "DS", "USUBJID": name, "DSSEQ": float(place), "DSTERM": what, "DSDECOD": what,
            "DSCAT": "DISPOSITION EVENT", "DSSCAT": scope, "DSSTDTC": small.day(30),
        }
        for name, what in (("A", "COMPLETED"), ("B", decoded))
        for place, scope in enumerate(("STUDY TREATMENT", "STUDY"), start=1)
    ]  # fmt: skip
    given = small.ex("A", "B")
    given["EXDOSE"] = given["EXDOSE"].mask(given["USUBJID"] == "B", 0.0)
    trial = small.trial(DM=small.dm(("A", "ESC05"), ("B", "ESC05")), EX=given, DS=pd.DataFrame(ends))
    rows = rows_shown(show(trial, study, POPULATION))
    table, flow = rows["tbl-disposition"], rows["fig-disposition"]
    states = numbers(table, "status")
    assert (states["treated"], states["not_treated"]) == (1, 1)
    assert (states["completed_treatment"], states["discontinued_treatment"]) == (1, 0)
    assert (states["completed_study"], states["discontinued_study"]) == (completed, 2 - completed)
    assert {name: numbers(flow, name)[""] for name in states} == states
    assert f"1 enrolled but not treated ({told} 1)" in flow_finding(flow)


def test_deviations_without_category_have_one_where_others_have(study):
    dv = pd.DataFrame(
        {
            "STUDYID": "T", "DOMAIN": "DV", "USUBJID": ["A", "A", "B"], "DVSEQ": [1.0, 2.0, 1.0],
            "DVTERM": ["visit missed", "", "dose late"], "DVDECOD": "", "DVCAT": ["MAJOR", "MINOR", ""],
            "DVSTDTC": small.day(9),
        }
    )  # fmt: skip
    domains = {"DM": small.dm(("A", "ESC05"), ("B", "ESC05")), "EX": small.ex("A", "B")}
    table = show(small.trial(**domains, DV=dv), study, POPULATION)["tbl-deviations"]
    assert numbers(table.results, "category", statistic="events") == {
        "MAJOR": 1,
        "MINOR": 1,
        "NOT RECORDED": 1,
    }
    shown = [row.label for row in table.rows]
    assert shown[-2:] == ["Not recorded", "dose late"]
    assert shown[3:5] == ["Minor", "Not recorded"]


def test_no_deviation_is_a_count_of_zero(study):
    domains = {"DM": small.dm(("A", "ESC05")), "EX": small.ex("A")}
    dv = pd.DataFrame(
        columns=["STUDYID", "DOMAIN", "USUBJID", "DVSEQ", "DVTERM", "DVDECOD", "DVCAT", "DVSTDTC"]
    )
    trial = small.trial(**domains, DV=dv.astype("str").astype({"DVSEQ": "float64"}))
    table = show(trial, study, POPULATION)["tbl-deviations"]
    assert numbers(table.results, "any") == {"any": 0}
    assert [row.label for row in table.rows] == ["Any protocol deviation"]


def test_an_infusion_without_dose_is_received_all_the_same(study):
    infusions = small.ex("A", days=(1, 8))
    infusions["EXDOSE"] = [0.5, np.nan]
    shown = show(small.trial(DM=small.dm(("A", "ESC05")), EX=infusions), study, SAFETY)
    assert numbers(shown["tbl-exposure"].results, "administrations")["2"] == 1
    assert numbers(shown["tbl-infusions"].results, "given")["2"] == 1


def test_subgroups_name_those_whom_they_cannot_place(study, five):
    subgroups = derive_subgroups(five["adsl"], five["adab"], study)
    assert subgroups.query("SUBGROUP == 'Sex'")["LEVEL"].tolist() == ["Female", "Female", "Male", "Not known"]
    assert set(subgroups["SUBGROUP"]) == {"Sex", "Age, years"}
    data = pd.DataFrame(
        {
            "analysis": ["overall", "Sex", "Sex", "Sex"], "level": ["", "Female", "Male", "Not known"],
            "n": [2.0, 1, 1, 0], "N": [4.0, 2, 1, 1], "percent": [50.0, 50, 100, 0], "ci_low": [7.0, 1, 2.5, 0],
            "ci_high": [93.0, 99, 100, 97.5],
        }
    )  # fmt: skip
    finding = subgroups_finding(data)
    assert "lowest in Sex Female" in finding
    assert "2 of 2 subgroups" in finding


def _hold_all(whole: dict[str, pd.DataFrame], study: Study, gaps: set[tuple[str, str]], seed: int) -> None:
    domains, rng = dict(whole), np.random.default_rng(seed)
    for name, variable in sorted(gaps):
        frame = domains[name]
        lost = pd.Series(rng.random(len(frame)) < 0.4, index=frame.index)
        if variable:
            empty = np.nan if frame[variable].dtype == "float64" else ""
            domains[name] = frame.assign(**{variable: frame[variable].mask(lost, empty)})
        else:
            domains[name] = frame[~lost].reset_index(drop=True)
    trial = Trial(domains)
    datasets = Datasets(trial, study)
    adsl = datasets["adsl"]
    rows = rows_shown(show(trial, study, POPULATION, SAFETY, EFFICACY, datasets=datasets))
    _add_up(rows["tbl-baseline"], ["sex", "race"])
    _add_up(rows["tbl-exposure"], ["administrations"])
    _add_up(rows["tbl-response"], ["category"])
    subgroups = derive_subgroups(adsl, datasets["adab"], study)
    assert subgroups.groupby("SUBGROUP")["USUBJID"].nunique().eq((adsl["FASFL"] == "Y").sum()).all()
    assert not subgroups.duplicated(["USUBJID", "SUBGROUP"]).any()
    _ends_add_up(rows["tbl-disposition"], rows["fig-disposition"])


def _add_up(rows: pd.DataFrame, analyses: list[str]) -> None:
    for (analysis, group), part in rows[rows["analysis"].isin(analyses)].groupby(["analysis", "group"]):
        n, size = (part.loc[part["statistic"] == name, "value"] for name in ("n", "N"))
        assert n.sum() == size.max(), (analysis, group)


def _ends_add_up(table: pd.DataFrame, flow: pd.DataFrame) -> None:
    for state, n in numbers(table, "status").items():
        assert numbers(flow, state)[""] == pytest.approx(n, nan_ok=True), state
    for group, size in table.query("analysis == 'size'")[["group", "value"]].itertuples(index=False):
        ends = [n for name, n in numbers(table, "status", group).items() if name.endswith("_study")]
        assert sum(ends) == size or np.isnan(ends).all()
    for end in ("discontinued_treatment", "discontinued_study", "not_enrolled"):
        boxes = numbers(flow, end)
        assert sum(boxes.values()) - boxes[""] == boxes[""]


@pytest.mark.examples(3)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
def test_whatever_is_missing_rows_add_up(study, drawing):
    whole = simulate(study, seed=5, subjects=4)

    @drawing
    @given(gaps=st.sets(st.sampled_from(_GAPS), min_size=3), seed=st.integers(0, 10_000))
    def hold_all(gaps: set[tuple[str, str]], seed: int) -> None:
        _hold_all(whole, study, gaps, seed)

    hold_all()
