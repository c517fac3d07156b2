"""Charts and tables of efficacy: of the demonstration, and of groups of none, one and three."""

import pandas as pd
import pytest

from csrkit.charts import drawing
from csrkit.tables.table import Table
from tests import small
from tests.faults.chain import show

COUNTS = {
    "a": {1: 10, 8: 40, 15: 45, 22: 120},
    "b": {1: 10, 8: 12, 15: 0},
    "c": {1: 20, 8: 50, 15: 55, 22: 11, 29: 12},
}


def some(subjects):
    """A trial of the first of three subjects; one who failed screening is always there."""
    names = list(COUNTS)[:subjects]
    domains = {
        "DM": small.dm(*((name, "ESC10") for name in names), ("z", "SCRNFAIL")),
        "EX": small.ex(*(names or ["z"])),
        "LB": pd.concat([small.platelets(name, COUNTS[name]) for name in names or ["a"]], ignore_index=True),
    }
    return small.trial(**domains)


@pytest.fixture(scope="module", params=["demo", 3, 1, 0])
def shown(request, study):
    """What the notebooks show, and of how many subjects."""
    names = ("30-efficacy", "32-response-rates", "34-response-times")
    if request.param == "demo":
        trial, datasets = request.getfixturevalue("demo_trial"), request.getfixturevalue("demo")
        return show(trial, study, *names, datasets=datasets), 18
    return show(some(request.param), study, *names), request.param


def names_in(chart, field="USUBJID"):
    return {row[field] for rows in chart.to_dict()["datasets"].values() for row in rows if row.get(field)}


def records_of(chart, field):
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows if field in row]


def is_drawn(chart):
    """Render a chart, or accept the sentence that stands for it."""
    return bool(chart.absent) if isinstance(chart, Table) else "<svg" in drawing.chart_svg(chart.to_dict())


@pytest.mark.parametrize(
    "label",
    ["fig-platelets", "fig-platelet-heatmap", "fig-platelet-best", "fig-swimmer", "fig-response-subgroups"],
)
def test_every_chart_is_drawn(shown, label):
    assert is_drawn(shown[0][label])


def test_the_heatmap_has_a_row_for_each_subject(shown):
    chart, subjects = shown[0]["fig-platelet-heatmap"], shown[1]
    if not isinstance(chart, Table) and subjects:
        assert len(names_in(chart)) == subjects


def test_the_best_counts_have_a_bar_for_each_subject(shown):
    if shown[1] == 18:
        assert len(names_in(shown[0]["fig-platelet-best"])) == 18


def test_the_swimmer_plot_has_a_line_for_each_subject(shown):
    chart, subjects = shown[0]["fig-swimmer"], shown[1]
    if not isinstance(chart, Table):
        assert len(names_in(chart)) == subjects


@pytest.mark.parametrize(("name", "first"), [("times", 0), ("duration", 100)])
def test_the_curves_start_with_everyone(shown, name, first):
    chart = shown[0][f"fig-response-{name}"]
    assert is_drawn(chart)
    if not isinstance(chart, Table):
        starts = [row["percent"] for row in records_of(chart, "percent") if row["day"] == 0]
        assert starts
        assert set(starts) == {first}


def test_the_platelet_figure_has_every_subject_and_both_limits(shown):
    displays, subjects = shown
    if subjects == 18:
        chart = displays["fig-platelets"]
        own = {row["USUBJID"] for row in records_of(chart, "kind") if row["kind"] == "subject"}
        assert len(own) == 18
        layers = chart.to_dict()["spec"]["layer"]
        heights = [layer["encoding"]["y"] for layer in layers if "y" in layer.get("encoding", {})]
        assert [height["datum"] for height in heights if "datum" in height] == [30, 100]


def test_the_listing_has_every_subject(shown):
    table, subjects = shown[0]["tbl-response-subjects"], shown[1]
    assert sum(not row.is_section for row in table.rows) == subjects
    assert all(row.cells[-1] != "–" for row in table.rows if row.cells and row.cells[1] in ("NR", "NE"))


def test_the_listing_names_the_counts(shown):
    if shown[1] == 3:
        cells = {row.label: row.cells for row in shown[0]["tbl-response-subjects"].rows}
        assert cells["a"] == ("10", "R", "8: 40", "15: 45", "–", "–", "22", "12.0", "–")
        assert cells["c"][1:6] == ("R", "8: 50", "15: 55", "–", "22")
        assert cells["b"][-1] == "No count reached the threshold"


def test_every_definition_is_told_in_words(shown, study):
    if shown[1] == 18:
        cells = {row.label: row.cells for row in shown[0]["tbl-definitions"].rows}
        assert cells["IWG 2009, confirmed"][:2] == (
            "≥30 and ≥2 × baseline, or ≥100 (complete)",
            "confirmed over ≥7 days",
        )
        assert cells["ASH 2019, early response (1 week)"][:2] == ("≥30 and ≥2 × baseline", "Week 1 ± 3 days")
        assert len(cells) == 1 + len(study.efficacy.response_definitions)
