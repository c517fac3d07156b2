"""What each chart says of itself: in the demonstration, and with none, one and three subjects."""

import math
import re

import altair as alt
import pandas as pd
import pytest

from csrkit.charts import theme
from csrkit.plain_text import plain_tree
from csrkit.rows import make_rows
from csrkit.tables.table import Table
from itpcsr.display import findings as phrases
from itpcsr.display.findings import dose, efficacy, immune, subjects
from itpcsr.display.findings import efficacy as responses
from itpcsr.display.findings.subjects import flow_finding, infusions_finding
from itpcsr.study import read_report
from tests.faults.chain import rows_shown, show
from tests.itpcsr.display.every_figure import every_figure, part_of

pytestmark = pytest.mark.slow  # every figure is drawn

MOST = 350  # characters, so that a screen reader's listener keeps the thread


@pytest.fixture(scope="module")
def findings(demo_charts):
    return {label: chart["description"] for label, chart in demo_charts.items()}


def test_every_figure_of_the_notebooks_is_here(root, findings):
    names = read_report(root / "params/demo.yml").notebooks
    text = "".join((root / f"notebooks/{name}.ipynb").read_text(encoding="utf-8") for name in names)
    assert set(re.findall(r"#\| label: (fig-[a-z-]+)", text)) == findings.keys()


def test_a_finding_is_short_whole_and_claims_no_effect(findings):
    for label, text in findings.items():
        assert 40 < len(text) <= MOST, (label, len(text))
        assert re.search(r"\d", text), label
        assert text.endswith("."), label
        assert not re.search(r"nan|None(?! given)|NE\b|effect|improve|benefit|safe\b|significan", text), (
            label,
            text,
        )
        assert '"' not in text


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (
            "fig-disposition",
            "22 subjects screened, 18 enrolled, 18 treated; 4 not enrolled (screen failure 3",
        ),
        ("fig-infusions", "given to 18 of 18 and the last planned one to 17 of 18 treated subjects"),
        ("fig-infusions", "Interrupted or otherwise adjusted: 1 infusion in 1 subject."),
        (
            "fig-ae-time",
            "13 of 18 subjects had an adverse event; the estimated median time to the first is 21.5",
        ),
        ("fig-incidence", "Serious: 0.5 × 10⁶ cells/kg 2 of 3, 1.0 × 10⁶ cells/kg 0 of 3"),
        ("fig-edish", "more than 2 times the upper limit of normal: 0 of 18 subjects"),
        ("fig-platelet-best", "CR 3, R 5, NR 10"),
        ("fig-swimmer", "Confirmed response in 8 of 18 subjects (0.5 × 10⁶/kg escalation 0 of 3"),
        (
            "fig-response-times",
            "8 of 18 subjects had a confirmed response; the estimated median time to it is not",
        ),
        ("fig-response-duration", "3 of 8 responders lost their response"),
        ("fig-response-subgroups", "8 of 18 (44.4%, exact interval 21.5 to 69.2)"),
        ("fig-antibody-subjects", "HLA class I 1 of 9"),
        (
            "fig-dose-dlt",
            "first subjects: 0 of 3, 0 of 3, 1 of 3; with the expansion: 0 of 3, 0 of 3, 1 of 12",
        ),
    ],
)
def test_findings_of_the_demonstration(findings, label, said):
    assert said in findings[label]


def test_counted_by_another_way(demo, findings):
    """The numbers of three findings, counted from the datasets without the code of the charts."""
    counts = demo["adlb"].query("PARAMCD == 'PLAT' and ANL01FL == 'Y'")
    best = counts.groupby("USUBJID")["AVAL"].max()
    assert f"≥100: {(best >= 100).sum()} of {len(best)}" in findings["fig-platelet-heatmap"]
    last = counts.loc[counts["AVISIT"] == "Week 28", "AVAL"]
    assert f"{last.median():.1f} (n={len(last)}) at Week 28" in findings["fig-platelets"]
    alt_values = demo["adlb"].query("PARAMCD == 'ALT' and AVAL > ANRHI")
    assert f"ALT {alt_values['USUBJID'].nunique()} of 18" in findings["fig-laboratory-subjects"]


@pytest.mark.parametrize("size", [0, 1, 3])
def test_few_subjects_have_findings_or_a_sentence(demo_trial, study, size):
    people = demo_trial.domains["DM"].sort_values(["ARMCD", "USUBJID"])
    treated = list(people.loc[people["ARMCD"] == "ESC05", "USUBJID"])[:size]
    screened = list(people.loc[people["ARMCD"] == "SCRNFAIL", "USUBJID"])[:1]
    drawn = 0
    for label, chart in every_figure(part_of(demo_trial, [*treated, *screened]), study).items():
        if isinstance(chart, Table):
            assert chart.absent, label
            continue
        spec = chart.to_dict()
        # drawing makes a line break in a text a blank: lines are a list
        assert plain_tree(spec) == spec, label
        text, drawn = spec["description"], drawn + 1
        assert len(text) <= MOST, label
        assert not re.search(r"\bnan\b|\bNaN\b|\b1 (subjects|samples|changes|markers|infusions)\b", text), (
            text
        )
    assert drawn >= {0: 3, 1: 15, 3: 20}[size]


def test_a_chart_carries_its_finding_on_one_line():
    chart = theme.describe(alt.Chart(pd.DataFrame({"a": [1]})).mark_point(), "3 of 3\n subjects.")
    assert chart.to_dict()["description"] == "3 of 3 subjects."
    with pytest.raises(ValueError, match="no finding"):
        theme.describe(alt.Chart(), " ")


def test_numbers_of_one_and_none_read_well():
    assert phrases.of(0, 0, "subject") == "0 of 0 subjects"
    assert phrases.of(1, 1, "subject") == "1 of 1 subject"
    assert phrases.of(math.nan, 3) == "NE of 3"
    assert phrases.few(["a", "b", "c"], 2) == "a, b and 1 more"
    assert phrases.few(["a", "b"], 2) == "a and b"


def changed(trial, study, demo, *notebooks, **datasets):
    """Return the rows that notebooks show of the demonstration with datasets changed."""
    return rows_shown(show(trial, study, *notebooks, datasets=demo | datasets))


def test_nobody_treated(demo_trial, demo, study):
    adsl = demo["adsl"].query("SAFFL != 'Y'")
    nothing = {name: demo[name].head(0) for name in ("adex", "adae", "adaette")}
    rows = changed(demo_trial, study, demo, "10-population", "20-safety", adsl=adsl, **nothing)
    assert flow_finding(rows["fig-disposition"]).startswith("4 subjects screened, 0 enrolled, 0 treated")
    assert infusions_finding(rows["tbl-infusions"], study) == "No subject was treated."


def test_an_end_that_nobody_recorded_is_said(demo_trial, demo, study):
    adsl = demo["adsl"].assign(EOTSTT="", DCTREAS="")
    rows = changed(demo_trial, study, demo, "10-population", adsl=adsl)["fig-disposition"]
    assert "The end of treatment is not recorded; 16 completed the study" in flow_finding(rows)


def test_events_of_nobody_have_no_median(demo_trial, demo, study):
    events_of = demo["adaette"].assign(CNSR=1.0)
    rows = changed(demo_trial, study, demo, "20-safety", adaette=events_of)
    text = subjects.times_finding(rows["tbl-ae-time"], study)
    assert text.startswith(
        "0 of 18 subjects had an adverse event; the estimated share with an event does not"
    )


def test_values_without_limits_are_not_called_normal():
    data = pd.DataFrame(
        {"Subject": ["a"], "test": ["ALT"], "Value": [90.0], "low": [math.nan], "high": [math.nan]}
    )
    assert "reference limits are not recorded" in subjects.courses_finding(data)
    inside = subjects.courses_finding(data.assign(low=10.0, high=100.0))
    assert (
        inside == "Subjects with a value above the upper reference limit: none. Below the lower limit: none."
    )


def test_a_subgroup_outside_the_rate_of_all_is_counted():
    data = pd.DataFrame(
        {
            "analysis": ["overall", "Sex", "Sex"], "level": ["", "Female", "Male"], "n": [5.0, 0.0, 5.0],
            "N": [10.0, 5.0, 5.0], "percent": [50.0, 0.0, 100.0], "ci_low": [18.7, 0.0, 60.0], "ci_high": [81.3, 45.1, 100.0],
        }
    )  # fmt: skip
    text = responses.subgroups_finding(data)
    assert "lowest in Sex Female: 0 of 5 (exact interval 0.0 to 45.1)" in text
    assert "0 of 2 subgroups" in text
    assert responses.subgroups_finding(data.assign(percent=math.nan)).startswith("No subject can be judged")


def test_nothing_to_measure_is_said(study):
    empty = pd.DataFrame({"USUBJID": [], "level": [], "rescued": []})
    assert efficacy.heatmap_finding(empty, ["<30"]) == "No subject has a platelet count at a planned visit."
    rows = make_rows(pd.DataFrame({"statistic": [], "value": []}))
    assert dose.profiles_finding(rows, {"low": "0.5"}, "CELLS/ML", 3, 3) == (
        "Highest median concentration by dose: 0.5: no median is quantified. Below the limit of "
        "quantification: 3 of 3 samples."
    )
    assert immune.panel_finding(rows, rows, study).startswith("Too few subjects")
    assert "NE of NE" in dose.rates_finding(rows, ["0.5"], "10^6 CELLS/KG", 30)
