"""Charts and tables of efficacy: of the demonstration, and of groups of none, one and three."""

import pandas as pd
import pytest

from csrkit.charts import drawing
from csrkit.tables.table import Table
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis import efficacy
from itpcsr.display import platelet_figures, response_figures, response_tables
from itpcsr.display.response_listing import list_responses
from tests import small

COUNTS = {
    "a": {1: 10, 8: 40, 15: 45, 22: 120},
    "b": {1: 10, 8: 12, 15: 0},
    "c": {1: 20, 8: 50, 15: 55, 22: 11, 29: 12},
}


def some(study, subjects):
    """Datasets of the first of three subjects; one who failed screening is always there."""
    names = list(COUNTS)[:subjects]
    domains = {
        "DM": small.dm(*((name, "ESC10") for name in names), ("z", "SCRNFAIL")),
        "EX": small.ex(*(names or ["z"])),
        "LB": pd.concat([small.platelets(name, COUNTS[name]) for name in names or ["a"]], ignore_index=True),
    }
    return Datasets(small.trial(**domains), study)


@pytest.fixture(scope="module", params=["demo", 3, 1, 0])
def shown(request, study):
    """Datasets, rows of the course and of the times, and how many subjects there are."""
    datasets = request.getfixturevalue("demo") if request.param == "demo" else some(study, request.param)
    adsl, adlb, adrs, adtte = (datasets[name] for name in ("adsl", "adlb", "adrs", "adtte"))
    course = efficacy.analyse_platelet_course(adsl, adlb, study)
    times = efficacy.analyse_response_times(adsl, adrs, adtte, study, [29, 183], 0.95)
    return datasets, course, times, 18 if request.param == "demo" else request.param


def names_in(chart, field="USUBJID"):
    return {row[field] for rows in chart.to_dict()["datasets"].values() for row in rows if row.get(field)}


def is_drawn(chart):
    """Render a chart, or accept the sentence that stands for it."""
    return bool(chart.absent) if isinstance(chart, Table) else "<svg" in drawing.chart_svg(chart.to_dict())


def test_the_heatmap_has_a_row_for_each_subject(shown, study):
    datasets, course, _, subjects = shown
    platelets = efficacy.select_platelets(datasets["adsl"], datasets["adlb"], study)
    chart = platelet_figures.figure_platelet_heatmap(platelets, datasets["adsl"], course, study)
    assert is_drawn(chart)
    if not isinstance(chart, Table) and subjects:
        assert len(names_in(chart)) == subjects


def test_the_best_counts_have_a_bar_for_each_subject(shown, study):
    datasets, _, _, subjects = shown
    rows = efficacy.analyse_best_ratio(datasets["adsl"], datasets["adrs"], study)
    chart = platelet_figures.figure_platelet_best(rows, datasets["adrs"], datasets["adsl"], study)
    assert is_drawn(chart)
    if subjects == 18:
        assert len(names_in(chart)) == 18


def test_the_swimmer_plot_has_a_line_for_each_subject(shown, study):
    datasets, _, times, subjects = shown
    chart = response_figures.figure_swimmer(
        times, datasets["adsl"], datasets["adrs"], datasets["adex"], datasets["adcm"], study
    )
    assert is_drawn(chart)
    if not isinstance(chart, Table):
        assert len(names_in(chart)) == subjects


@pytest.mark.parametrize("name", ["response", "duration"])
def test_the_curves_start_with_everyone(shown, study, name):
    datasets, _, times, _ = shown
    curves = efficacy.estimate_response_curves(datasets["adsl"], datasets["adtte"], study, name, 0.95)
    assert is_drawn(response_figures.figure_response_curves(times, curves, study, name))
    assert (curves.groupby("group")["percent"].first() == (0 if name == "response" else 100)).all()


def test_the_listing_has_every_subject(shown, study):
    datasets, _, _, subjects = shown
    rows = efficacy.count_responses(datasets["adsl"], datasets["adrs"], study)
    table = list_responses(rows, datasets["adsl"], datasets["adrs"], study)
    assert sum(not row.is_section for row in table.rows) == subjects
    assert all(row.cells[-1] != "–" for row in table.rows if row.cells and row.cells[1] in ("NR", "NE"))


def test_the_listing_names_the_counts(study):
    datasets = some(study, 3)
    rows = efficacy.count_responses(datasets["adsl"], datasets["adrs"], study)
    table = list_responses(rows, datasets["adsl"], datasets["adrs"], study)
    cells = {row.label: row.cells for row in table.rows}
    assert cells["a"] == ("10", "R", "8: 40", "15: 45", "–", "–", "22", "12.0", "–")
    assert cells["c"][1:6] == ("R", "8: 50", "15: 55", "–", "22")
    assert cells["b"][-1] == "No count reached the threshold"


def test_every_definition_is_told_in_words(demo, study):
    rows = efficacy.analyse_definitions(demo["adsl"], demo["adrs"], study, 0.95)
    cells = {row.label: row.cells for row in response_tables.table_definitions(rows, study).rows}
    assert cells["IWG 2009, confirmed"][:2] == (
        "≥30 and ≥2 × baseline, or ≥100 (complete)",
        "confirmed over ≥7 days",
    )
    assert cells["ASH 2019, early response (1 week)"][:2] == ("≥30 and ≥2 × baseline", "Week 1 ± 3 days")
    assert len(cells) == 1 + len(study.efficacy.response_definitions)
