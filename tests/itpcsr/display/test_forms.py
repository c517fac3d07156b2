"""Charts of few and of many subjects: which form each has, what it says of it, and how much it holds."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from csrkit.charts.drawing import MIME, count_values, form_texts, refuse_large
from csrkit.charts.theme import alt
from csrkit.errors import NotebookError, ParameterError
from csrkit.many import VARIABLE, Displays, chart_data_at_most, why_not_one_by_one
from csrkit.rows import combine
from csrkit.tables.table import Table
from itpcsr.analysis import bands, efficacy
from itpcsr.analysis.bands import BANDS, NO_FORM, band_rows, choose_form
from tests.itpcsr.display.conftest import drawn
from tests.itpcsr.display.every_figure import every_figure

# the charts of single subjects, and what each subject has in them
LINES = {
    "fig-platelets", "fig-laboratory-subjects", "fig-edish", "fig-pk-linear", "fig-pk-log", "fig-pk-times",
    "fig-immune-course", "fig-immune-panel",
}  # fmt: skip
ROWS = {"fig-infusions", "fig-platelet-heatmap", "fig-platelet-best", "fig-swimmer"}
SENTENCES = {"fig-timeline", "fig-immune-subjects", "fig-antibody-subjects"}
FEW = Displays(lines_at_most=2, subjects_at_most=2)
TIMES = 20  # as many copies of the trial
pytestmark = pytest.mark.slow  # its fixtures draw all charts of many


def repeat(datasets, times):
    """Return datasets in which each subject stands several times, under names of their own."""

    def many(frame):
        if "USUBJID" not in frame:
            return frame
        copies = [frame.assign(USUBJID=frame["USUBJID"] + f"-{number}") for number in range(times)]
        return pd.concat(copies, ignore_index=True).astype(frame.dtypes)

    return {name: many(frame) for name, frame in datasets.items()}


@pytest.fixture
def few(demo_charts):
    return demo_charts


@pytest.fixture(scope="module")
def many(demo_trial, demo, study):
    return drawn(every_figure(demo_trial, study, demo, FEW))


@pytest.fixture(scope="module")
def specs(many):
    return {label: chart for label, chart in many.items() if not isinstance(chart, Table)}


def test_few_subjects_are_drawn_one_by_one(few):
    for label in LINES | ROWS | SENTENCES:
        assert not isinstance(few[label], Table), label
        assert form_texts(few[label]) == {}, label


@pytest.mark.parametrize("label", sorted(LINES | ROWS))
def test_a_chart_of_many_says_which_form_it_has_and_why(specs, label):
    texts = form_texts(specs[label])
    assert "replace a " in texts["caption"] or "replaces a " in texts["caption"]
    assert "more than the 2 up to which each is shown." in texts["caption"]
    assert texts["alternative"]
    assert specs[label]["description"]


@pytest.mark.parametrize("label", sorted((LINES | ROWS) - {"fig-edish"}))
def test_a_chart_of_many_names_nobody(specs, label):
    assert "SIM-0" not in str(specs[label])


def test_only_subjects_beyond_a_limit_are_marks_of_the_liver_plot(specs):
    marked = {record["Subject"] for records in specs["fig-edish"]["datasets"].values()
              for record in records if "Subject" in record}  # fmt: skip
    peaks = pd.DataFrame(
        {"USUBJID": ["a", "b", "c"], "ALT": [0.5, 4.0, 0.5], "BILI": [0.4, 0.4, 0.4],
         "QUADRANT": ["within", "alt", "within"]}
    )  # fmt: skip
    rows = bands.peak_bins(peaks, 2, 1000)
    assert rows.loc[rows["analysis"] == "bin", ["category", "level", "value"]].to_numpy().tolist() == [
        ["0.5", "0.353553", 2.0]
    ]
    assert len(marked) <= 2


@pytest.mark.parametrize("label", sorted(SENTENCES))
def test_where_there_is_no_form_a_sentence_says_why(many, label):
    assert "more than the 2 up to which each is shown" in many[label].absent


def test_findings_are_of_the_trial_and_not_of_the_form(few, specs):
    for label in LINES | ROWS:
        assert specs[label]["description"] == few[label]["description"], label


def test_a_chart_with_too_many_values_has_a_form_though_its_subjects_are_few(demo_trial, demo, study):
    tight = Displays(chart_values_at_most=10)
    chart = every_figure(demo_trial, study, demo, tight, ["30-efficacy"])["fig-platelets"]
    assert "values in the chart, more than the 10" in form_texts(chart.to_dict())["caption"]


def test_no_chart_holds_more_than_the_bound_and_charts_of_many_do_not_grow(demo, study, specs):
    grown = SimpleNamespace(**repeat(demo, TIMES))
    adsl, adlb, adrs, adpc = grown.adsl, grown.adlb, grown.adrs, grown.adpc
    platelets = adlb[(adlb["PARAMCD"] == study.efficacy.platelet_test) & (adlb["ANL01FL"] == "Y")]
    once = demo["adlb"][(demo["adlb"]["PARAMCD"] == study.efficacy.platelet_test)
                        & (demo["adlb"]["ANL01FL"] == "Y")]  # fmt: skip
    columns = study.design.columns
    for few_rows, many_rows in (
        (bands.platelet_bands(once, demo["adsl"], study, 2, 9), bands.platelet_bands(platelets, adsl, study, 2, 9)),
        (bands.response_shares(demo["adsl"], demo["adrs"], study, 2), bands.response_shares(adsl, adrs, study, 2)),
        (
            bands.concentration_bands(demo["adpc"], demo["adsl"], columns, 2, 9),
            bands.concentration_bands(adpc, adsl, columns, 2, 9),
        ),
    ):  # fmt: skip
        assert len(few_rows) == len(many_rows) > 1
    for label, spec in specs.items():
        assert count_values(spec) <= Displays().chart_values_at_most, label


def test_quantiles_are_those_of_the_values():
    values = np.arange(1.0, 101.0)
    records = pd.DataFrame({"group": "a", "visit": "Week 1", "value": [*values, np.nan]})
    rows = band_rows(records, display="fig-x")
    assert dict(zip(rows["statistic"], rows["value"], strict=True)) == {
        "n": 100, "p5": 5.5, "q1": 25.5, "median": 50.5, "q3": 75.5, "p95": 95.5,
    }  # fmt: skip


def test_medians_of_bands_are_those_of_the_table(demo, study, demo_shows):
    adsl, adlb = demo["adsl"], demo["adlb"]
    platelets = efficacy.select_platelets(adsl, adlb, study)
    table = demo_shows("30-efficacy")["tbl-platelets"].results
    table = table[(table["analysis"] == "aval") & table["statistic"].isin(["n", "median", "q1", "q3"])]
    own = bands.platelet_bands(platelets, adsl, study, 2, 0)
    both = own[own["analysis"] == "band"].merge(table, on=["group", "visit", "statistic"])
    assert len(both) > 100
    assert (both["value_x"] == both["value_y"]).all()


def test_a_share_in_response_counts_who_is_observed(study):
    adsl = pd.DataFrame({"USUBJID": ["1", "2", "3"], "ARMCD": "ESC05", "SAFARMCD": "ESC05", "FASFL": "Y"})
    one = {"LOSDY": np.nan, "ADY": np.nan}
    adrs = pd.DataFrame(
        [
            {"USUBJID": "1", "PARAMCD": "CBOR", "LASTDY": 100.0, **one},
            {"USUBJID": "2", "PARAMCD": "CBOR", "LASTDY": 100.0, **one},
            {"USUBJID": "3", "PARAMCD": "CBOR", "LASTDY": 10.0, **one},
            {"USUBJID": "1", "PARAMCD": "RESPPER", "LASTDY": 100.0, "ADY": 8.0, "LOSDY": 29.0},
        ]
    )
    rows = bands.response_shares(adsl, adrs, study, 2)
    shares = rows[(rows["group"] == "total") & rows["statistic"].isin(["n", "N"])]
    found = {
        (visit, name): value
        for visit, name, value in zip(shares["visit"], shares["statistic"], shares["value"], strict=True)
    }
    assert (found["Week 1", "n"], found["Week 1", "N"]) == (1, 3)
    assert (found["Week 3", "n"], found["Week 3", "N"]) == (1, 2)
    assert (found["Week 4", "n"], found["Week 4", "N"]) == (0, 2)  # lost on Day 29


def test_the_row_of_a_form_stands_beside_other_rows():
    form = choose_form(BANDS, 1000, 300)
    assert form["value"].tolist() == [1000.0]
    assert form["method"].tolist() == ["1,000 subjects, more than the 300 up to which each is shown"]
    assert choose_form(BANDS, 300, 300).empty
    assert len(combine(form, NO_FORM)) == 1


def test_both_limits_count():
    assert why_not_one_by_one(10, 10, 100, 100) == ""
    assert "11 subjects, more than the 10" in why_not_one_by_one(11, 10, 100, 100)
    assert "101 values in the chart, more than the 100" in why_not_one_by_one(10, 10, 101, 100)


def test_a_chart_beyond_the_bound_is_refused_before_it_is_drawn_and_says_what_to_do(monkeypatch):
    chart = alt.Chart(pd.DataFrame({"x": range(6), "y": range(6)})).mark_point().encode(x="x:Q", y="y:Q")
    monkeypatch.setenv(VARIABLE, "12")
    assert MIME in alt.renderers.get()(chart.to_dict())
    monkeypatch.setenv(VARIABLE, "11")
    with pytest.raises(NotebookError) as caught:
        alt.renderers.get()(chart.to_dict())
    for words in ("12 values, more than the 11", "draw quantiles", "displays: {chart_data_at_most: 12}"):
        assert words in str(caught.value)


def test_charts_of_a_repeated_chart_count_together():
    records = [{"x": 1, "y": 2}] * 3
    refuse_large({"datasets": {"a": records}})
    assert count_values({"datasets": {"a": records, "b": [{"z": 0}]}}) == 7


def test_the_usual_bound_holds_where_no_version_says_another(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chart_data_at_most() == Displays().chart_data_at_most
    monkeypatch.setenv(VARIABLE, "many")
    with pytest.raises(ParameterError, match="whole number"):
        chart_data_at_most()
