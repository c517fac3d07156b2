"""The path of a trial, other rules on its data, and the choice of a dose: small trials by hand."""

from unittest import mock

import numpy as np
import pandas as pd
import pytest

from csrkit.errors import ParameterError
from itpcsr.adam import addl as dose_choice
from itpcsr.analysis.dose import compare, designs, utility
from itpcsr.analysis.dose.designs import make_plans
from itpcsr.analysis.dose.simulate import analyse_characteristics, summarise
from itpcsr.display import doses
from itpcsr.study import Scenario, read_scenarios, read_study
from itpcsr.study import Study as StudyModel
from tests.faults.chain import show

DAY0 = pd.Timestamp("2020-01-01")
LEVELS = {"ESC05": 1.0, "ESC10": 2.0, "ESC20": 3.0, "EXP20": 3.0}
DOSES = {1.0: 0.5, 2.0: 1.0, 3.0: 2.0}


def addl(*cohorts, gap=30):
    """Return ADDL of cohorts as (arm, outcomes), outcomes being N, T, P (pending) or X (not evaluable).

    A cohort's subjects start on one day, ``gap`` days after those before; results come after 28 days.
    """
    records = []
    for number, (arm, outcomes) in enumerate(cohorts, start=1):
        start = DAY0 + pd.Timedelta(days=gap * (number - 1))
        for place, mark in enumerate(outcomes):
            state = {"N": "NO DLT", "T": "DLT", "P": "PENDING", "X": "NE"}[mark]
            records.append(
                {
                    "USUBJID": f"{number}-{place}", "ARMCD": arm, "PHASE": "EXPANSION" if arm == "EXP20" else "ESCALATION",
                    "LEVEL": LEVELS[arm], "DOSE": DOSES[LEVELS[arm]], "COHORTN": float(number), "TRTSDT": start,
                    "KNOWNDT": pd.NaT if mark == "P" else start + pd.Timedelta(days=27), "AVALC": state,
                    "REASON": "" if mark in "NT" else "some reason", "REPLFL": "N" if mark == "X" else "",
                }
            )  # fmt: skip
    return pd.DataFrame(records)


def decisions(data, study):
    rows = designs.analyse_path(designs.trace_path(data, study), data, study)
    wide = rows[rows["analysis"] == "cohort"].pivot_table(
        index="level", columns="statistic", values="value", dropna=False
    )
    return wide[["rule_level", "rule_stop", "next_level", "expansion", "ended", "differs"]], rows


def table(data, study):
    traced = designs.trace_path(data, study)
    return doses.table_dose_path(designs.analyse_path(traced, data, study), traced, data, study)


@pytest.fixture(scope="module")
def shown(demo_trial, demo, study):
    """Return a function from escalation and first subjects to what the notebook shows of them."""

    def of(data=None, choice=None):
        datasets = demo if data is None else demo | {"addl": data}
        first = CHOICE.head(0) if choice is None else choice
        with mock.patch.object(dose_choice, "derive_choice", return_value=first):
            return show(demo_trial, study, "70-dose-selection", datasets=datasets)

    return of


def test_the_path_as_conducted_keeps_the_rule(study):
    data = addl(("ESC05", "NNN"), ("ESC10", "NNN"), ("ESC20", "NNT"), ("ESC20", "NNN"), ("EXP20", "NNNNNN"))
    found, _ = decisions(data, study)
    assert found["rule_level"].tolist()[:4] == [2, 3, 3, 3]
    assert found["rule_stop"].tolist()[:4] == [0, 0, 0, 1]
    assert found["differs"].tolist()[:4] == [0, 0, 0, 0]
    assert [row.cells[5:7] for row in table(data, study).rows][:4] == [
        ("Escalate: 1.0", "Escalate: 1.0"),
        ("Escalate: 2.0", "Escalate: 2.0"),
        ("Stay: 2.0", "Stay: 2.0"),
        ("End: 2.0", "Expand: 2.0"),
    ]


def test_a_decision_against_the_rule_is_shown(study):
    data = addl(("ESC05", "NNT"), ("ESC10", "NTT"), ("ESC20", "NNN"))
    found, _ = decisions(data, study)
    assert found["rule_level"].tolist() == [1, 1, 3]
    assert found["differs"].tolist() == [1, 1, 0]
    last = table(data, study).rows[2]
    assert last.cells[-3:] == ("End: 2.0", "Nothing followed", "none")


def test_escalation_ended_though_the_rule_goes_on_is_a_difference(study):
    found, _ = decisions(addl(("ESC05", "NNN"), ("EXP20", "NNN")), study)
    assert found.loc["1", ["rule_level", "next_level", "expansion", "differs"]].tolist() == [2, 3, 1, 1]


def test_before_the_window_ends_the_rule_has_no_answer(study):
    data = addl(("ESC05", "NNN"), ("ESC10", "NNN"), gap=20)
    found, rows = decisions(data, study)
    assert np.isnan(found.loc["1", "rule_level"])
    assert set(rows.loc[rows["value"].isna() & (rows["level"] == "1"), "reason"]) == {designs.OPEN_WINDOW}
    shown = table(data, study)
    assert shown.rows[0].cells[5] == shown.rows[0].cells[7] == "NE"
    assert designs.OPEN_WINDOW in shown.notes[-1]


def test_pending_and_lost_subjects(study):
    _, rows = decisions(addl(("ESC05", "NNP")), study)
    assert set(rows.loc[rows["value"].isna(), "reason"]) == {designs.OPEN_WINDOW}
    lost = addl(("ESC05", "NNX"))
    _, rows = decisions(lost, study)
    assert set(rows.loc[rows["value"].isna(), "reason"]) == {designs.INCOMPLETE}
    assert "1-2: not evaluable (some reason); not replaced." in table(lost, study).notes


def test_nothing_followed_yet_is_no_difference(study):
    _, rows = decisions(addl(("ESC05", "NNN")), study)
    differs = rows[rows["statistic"] == "differs"]
    assert differs["reason"].tolist() == [designs.NOT_YET]


def test_no_dose_is_chosen_while_a_window_is_open(study):
    data = addl(("ESC05", "NNN"), ("ESC10", "NNP"))
    rows = compare.compare_rules(designs.trace_path(data, study), data, study)
    chosen = rows[rows["analysis"] == compare.CHOSEN]
    assert set(chosen["reason"]) == {designs.OPEN_WINDOW}
    lost = addl(("ESC05", "X"))
    rows = compare.compare_rules(designs.trace_path(lost, study), lost, study)
    assert set(rows.loc[rows["analysis"] == compare.CHOSEN, "reason"]) == {compare.NO_COHORT}


def test_more_subjects_than_the_rule_knows(study):
    _, rows = decisions(addl(("ESC05", "NNN"), ("ESC05", "NNN"), ("ESC05", "NNN")), study)
    undefined = rows[(rows["level"] == "3") & rows["value"].isna()]
    assert set(undefined["reason"]) == {designs.UNDEFINED}


def test_nobody_and_no_dose_finding_are_sentences(study, pilot_study):
    empty = addl(("ESC05", "N")).head(0)
    assert designs.analyse_path(empty, empty, study)["reason"].tolist() == [designs.NO_SUBJECTS]
    assert designs.analyse_path(empty, empty, pilot_study)["reason"].tolist() == [designs.NOT_DEFINED]
    for rows in (
        compare.compare_rules(empty, empty, study),
        compare.estimate_curves(empty, study, 0.95),
        compare.tabulate_boundaries(pilot_study, [3]),
        *analyse_characteristics(pilot_study, [], 10, 1),
    ):
        assert set(rows["statistic"]) == {"absent"}
    assert doses.table_dose_path(designs.analyse_path(empty, empty, study), empty, empty, study).absent
    assert make_plans(pilot_study) == {}
    with pytest.raises(ParameterError, match="no section dose_finding"):
        designs.trace_path(empty, pilot_study)


def test_other_rules_on_the_same_data(study, shown):
    data = addl(("ESC05", "NNN"), ("ESC10", "NTT"))
    traced = designs.trace_path(data, study)
    rows = compare.compare_rules(traced, data, study)
    second = rows[(rows["level"] == "2") & (rows["statistic"] == "next_level")].set_index("group")["value"]
    # 2 of 3 is above lambda_d = 0.359: the interval rules and the 3 + 3 go down; the model takes level 1, too
    assert second.to_dict() == {
        "3+3": 1,
        "3+3 with de-escalation": 1,
        "BOIN": 1,
        "mTPI-2": 1,
        "Keyboard": 1,
        "CRM": 1,
    }
    stops = rows[(rows["level"] == "2") & (rows["statistic"] == "stop")].set_index("group")["value"]
    assert stops[stops == 1].index.tolist() == ["3+3"]
    rules = shown(data)["tbl-dose-rules"]
    assert rules.rows[1].cells[:2] == ("0.5, end", "0.5")
    assert len(rules.rows) == 3


def test_a_rule_without_a_dose_says_none(study, shown):
    data = addl(("ESC05", "TTT"))
    assert set(shown(data)["tbl-dose-rules"].rows[0].cells) == {"none"}
    assert table(data, study).rows[0].cells[5] == "Stop: no dose"


def test_curves_of_one_subject_have_estimates_where_there_are_data(study, shown):
    data = addl(("ESC10", "T"))
    rows = compare.estimate_curves(data, study, 0.95)
    observed = rows[
        (rows["analysis"] == "observed") & (rows["visit"] == "all") & (rows["statistic"] == "percent")
    ]
    assert observed["value"].fillna(-1).tolist() == [-1, 100, -1]
    assert observed["reason"].tolist() == [compare.NO_ESTIMATE, "", compare.NO_ESTIMATE]
    assert "Observed, exact interval" in str(shown(data)["fig-dose-dlt"].to_dict())


CHOICE = pd.DataFrame(
    {
        "USUBJID": list("abcd"), "LEVEL": [1.0, 1.0, 2.0, 2.0], "DLTFL": ["N", "N", "N", "Y"], "SEVFL": ["N"] * 4,
        "RESPFL": ["N", "N", "Y", "Y"], "PLATRISE": [10.0, 30.0, 200.0, 100.0], "TREGCHG": [0.1, -0.5, 0.2, 0.4],
    }
)  # fmt: skip


def test_scores_and_utility_by_hand(study, shown):
    scores = utility.score_levels(CHOICE, study)
    assert scores.loc[1].tolist() == [1, 1, 0, 0.2, 0]
    assert scores.loc[2].tolist() == pytest.approx([0.5, 1, 1, 1, 0.3])
    assert scores.loc[3].isna().all()
    weights = {"dlt": 2.0, "severe": 0.0, "response": 1.0, "platelets": 0.0, "treg": 1.0}
    assert utility.weigh(scores, weights).tolist()[:2] == pytest.approx([2 / 4, 2.3 / 4])
    rows = utility.analyse_choice(CHOICE, study, 0.95)
    chosen = rows[rows["analysis"] == "chosen"].set_index("group")["value"]
    assert chosen.to_dict() == {"level_1": 0, "level_2": 1, "level_3": 0}
    spread = rows[(rows["analysis"] == "platelets") & (rows["statistic"] == "sd")]
    assert set(spread["reason"]) == {"fewer than 3 values"}
    table = shown(choice=CHOICE)["tbl-dose-choice"]
    assert [row.cells for row in table.rows if row.label == "Largest utility"] == [("", "yes", "")]


def test_a_criterion_that_a_dose_lacks_is_left_out_for_all(study):
    lacking = CHOICE.assign(TREGCHG=[np.nan, np.nan, 0.2, 0.4])
    weights = dict.fromkeys(utility.CRITERIA, 1.0)
    assert utility.weigh(utility.score_levels(lacking, study), weights).tolist()[:2] == pytest.approx(
        [2.2 / 4, 3.5 / 4]
    )
    nothing = utility.weigh(utility.score_levels(CHOICE.head(0), study), weights)
    assert nothing.isna().all()


def test_weights_move_the_choice(study):
    rows = utility.vary_weights(CHOICE, study)
    share = rows[rows["analysis"] == "share"].pivot_table(index="level", columns="group", values="value")
    # only safety: 1 against (0.5 + 1) / 2; only efficacy, weights 1, 0.5, 0.5: 0.1 / 2 against 1.65 / 2
    assert share.loc["100"].tolist() == pytest.approx([1, 0.75])
    assert share.loc["0"].tolist() == pytest.approx([0.05, 0.825])
    favoured = rows[rows["analysis"] == "weightings"].set_index("group")["value"]
    assert favoured[["level_1", "level_2"]].sum() == pytest.approx(100)
    assert np.isnan(favoured["level_3"])


def test_without_efficacy_data_it_can_not_have_all_the_weight(study):
    safety = CHOICE.assign(RESPFL="", PLATRISE=np.nan, TREGCHG=np.nan)
    rows = utility.vary_weights(safety, study)
    none = rows[(rows["analysis"] == "share") & (rows["level"] == "0")]
    assert none["value"].isna().all()
    assert set(none["reason"]) == {"no weight falls on a criterion that has data at every dose with subjects"}
    assert rows.loc[rows["analysis"] == "current", "value"].tolist() == [100]
    nothing = safety.assign(DLTFL="", SEVFL="")
    assert "no dose can be preferred" in utility.vary_weights(nothing, study)["reason"].iloc[0]


@pytest.mark.parametrize("size", [0, 1, 3])
def test_few_subjects_are_no_fault(study, shown, size):
    few = CHOICE.head(size)
    rows = utility.analyse_choice(few, study, 0.95)
    assert rows.loc[rows["value"].isna(), "reason"].ne("").all()
    figure = shown(choice=few)["fig-dose-utility"]
    assert bool(getattr(figure, "absent", "")) == (size == 0)


def test_characteristics_have_a_monte_carlo_error(study):
    scenario = Scenario(name="one", label="One", dlt=[0.1, 0.2, 0.3], response=[0.1, 0.2, 0.3])
    rows, means = analyse_characteristics(study, [scenario], 400, 1, ["BOIN"])
    cell = rows[rows["analysis"] == "chosen_2"].set_index("statistic")["value"]
    share = cell["percent"] / 100
    assert cell["mc_error"] == pytest.approx(100 * np.sqrt(share * (1 - share) / 399))
    assert rows.loc[rows["analysis"] == "size", "value"].tolist() == [400]
    assert set(rows["statistic"]) & set(means["statistic"]) == {"mc_error"}
    shown = doses.table_dose_oc(rows, [scenario], study, 400)
    assert shown.rows[0].label == "One (DLT 10 / 20 / 30%, response 10 / 20 / 30%)"
    assert shown.rows[1].label == "BOIN"
    treated = doses.table_dose_oc_subjects(means, [scenario], study, 400)
    assert treated.notes[0].startswith("400 simulated trials")
    assert [len(table.rows[1].cells) for table in (shown, treated)] == [5, 5]


def test_one_trial_has_no_error():
    rows = summarise(np.array([[1, 3, 0, 0, 3, 0, 1, 1, 90], [1, 9, 0, 0, 9, 0, 1, 1, 8100]]), 1, 1)
    assert rows.loc[rows["statistic"].str.startswith("mc_error"), "reason"].ne("").all()


def test_an_unknown_design_is_named(study):
    with pytest.raises(ParameterError, match="no design BION; designs: Registry, 3"):
        analyse_characteristics(study, [], 10, 1, ["BION"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{name: a, label: A, dlt: [0.1, 0.2], response: [0.1, 0.2]}",
            "scenario a has 2 dose levels, the design 3",
        ),
        ("{name: a, label: A, dlt: [0.1, 0.2, 1.3], response: [0.1, 0.2, 0.3]}", "from 0 to 1"),
        ("{name: a, label: A, dlt: [0.1, 0.2, 0.3], response: [0.1]}", "dlt has 3 dose levels, response 1"),
        ("{name: a, label: A, dlt: [], response: []}", "at least 1 item"),
    ],
)
def test_impossible_scenario_files(tmp_path, text, message):
    file = tmp_path / "scenarios.yml"
    file.write_text(f"scenarios:\n  - {text}\n", encoding="utf-8")
    with pytest.raises(ParameterError, match=message):
        read_scenarios(file, 3)


def test_scenarios_have_names_of_their_own(tmp_path):
    one = "{name: a, label: A, dlt: [0.1], response: [0.2]}"
    file = tmp_path / "scenarios.yml"
    file.write_text(f"scenarios:\n  - {one}\n  - {one}\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="needs a different name"):
        read_scenarios(file, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dlt_target": 1.2}, "less than 1"),
        ({"escalation_arms": ["ESC05", "ESC99"]}, "unknown arm ESC99"),
        ({"escalation_arms": ["ESC10", "ESC05"]}, "must rise"),
        ({"escalation_arms": ["ESC05", "ESC10"]}, "expansion_arms must have a dose of the escalation"),
        ({"crm_prior_level": 4}, "one of the 3 dose levels"),
        ({f"weight_{name}": 0.0 for name in utility.CRITERIA}, "weights of the criteria are all 0"),
    ],
)
def test_impossible_dose_finding_parameters(root, change, message):
    with pytest.raises(ParameterError, match=message):
        read_study(root / "params/study.yml", **change)


def test_the_scenarios_of_the_study_fit_it(root, study: StudyModel):
    rules = study.dose_finding
    assert rules is not None
    assert len(read_scenarios(root / rules.scenarios_file, len(rules.escalation_arms))) == 5
