import re

import pytest

from csrkit.charts import drawing
from csrkit.tables.table import Table
from itpcsr.display import labels
from tests.faults.chain import show


def cells(table: Table, label: str) -> tuple[str, ...]:
    found = [row for row in table.rows if row.label == label]
    assert len(found) >= 1, [row.label for row in table.rows]
    return found[0].cells


def test_response_reads_as_published(demo_shows):
    table = demo_shows("30-efficacy")["tbl-response"]
    assert [header.n for header in table.headers] == ["3", "3", "6", "6", "12", "18"]
    assert cells(table, "Responders (CR or R), n (%)") == (
        "0", "2 (66.7)", "3 (50.0)", "3 (50.0)", "6 (50.0)", "8 (44.4)",
    )  # fmt: skip
    assert cells(table, "95% CI")[-1] == "21.5 to 69.2"


def test_intervals_say_their_level_and_an_empty_column_shows_ne_and_says_why(demo_trial, demo, study):
    adsl = demo["adsl"][demo["adsl"]["ARMCD"] != "EXP20"]
    adrs = demo["adrs"][demo["adrs"]["USUBJID"].isin(adsl["USUBJID"])]
    datasets = demo | {"adsl": adsl, "adrs": adrs}
    shown = show(demo_trial, study, "30-efficacy", datasets=datasets, values={"confidence_level": 0.9})
    table = shown["tbl-response"]
    assert cells(table, "90% CI")[2] == "15.3 to 84.7"
    assert "level 90%" in table.notes[0]
    assert table.headers[3].n == "0"
    assert cells(table, "Responders (CR or R), n (%)")[3] == "NE"
    assert table.notes[-1] == "NE: not estimable (no subjects in this group)."


def test_comparisons_stand_in_the_table_of_a_controlled_study(pilot_shows):
    table = pilot_shows("20-safety")["tbl-ae-soc-pt"]
    assert [header.label for header in table.headers] == [
        "Placebo", "Xanomeline low dose", "p", "Xanomeline high dose", "p", "Total",
    ]  # fmt: skip
    assert cells(table, "Any adverse event")[:3] == ("65 (75.6) [281]", "77 (91.7) [412]", "0.007")
    assert "Age 0.593" in pilot_shows("10-population")["tbl-baseline"].notes[-1]


def test_events_follow_the_subjects(demo_shows):
    table = demo_shows("20-safety")["tbl-ae-overview"]
    assert cells(table, "Serious")[-1].startswith("4 (22.2) [")
    assert cells(table, "Fatal") == ("0",) * 6


def test_capitals_are_lowered_and_other_text_kept():
    assert labels.sentence_case("GENERAL DISORDERS") == "General disorders"
    assert labels.sentence_case("Acute myocardial infarction") == "Acute myocardial infarction"


@pytest.mark.parametrize("name", ["demo", "pilot"])
def test_the_flow_figure_draws_every_box(name, request):
    adsl = request.getfixturevalue(name)["adsl"]
    shown = request.getfixturevalue(f"{name}_shows")("10-population")
    svg = drawing.chart_svg(shown["fig-disposition"].to_dict())
    lines = re.findall(r">([^<>]+)<", svg)
    assert f"Screened (n={len(adsl)})" in lines
    assert any(line.startswith("Discontinued study") for line in lines)
    assert all(line.count("(n=") == 1 for line in lines)  # each reason on a line of its own


def test_a_figure_without_data_is_its_sentence(pilot_shows):
    shown = pilot_shows("30-efficacy")
    for label in ("fig-platelets", "fig-platelet-heatmap", "fig-platelet-best", "tbl-platelets"):
        assert shown[label].absent.startswith("This study defines no platelet response")


def test_a_closing_script_tag_in_a_text_cannot_end_the_chart():
    html = drawing.chart_html({"title": "</script><b>"}, 'a "quoted" text')
    assert html.count("</script>") == 1
    assert "&quot;quoted&quot;" in html


def test_a_table_cannot_ask_for_what_was_not_computed(demo_trial, demo, study):
    with pytest.raises(ValueError, match="no result row for aval, Week 99"):
        show(demo_trial, study, "30-efficacy", datasets=demo, values={"weeks_shown": [4, 99]})


def test_a_flow_in_which_nobody_completes_still_ends(demo_trial, demo, study):
    adsl = demo["adsl"].assign(EOSSTT="DISCONTINUED", DCSREAS="WITHDRAWAL BY SUBJECT")
    shown = show(demo_trial, study, "10-population", datasets=demo | {"adsl": adsl})
    svg = drawing.chart_svg(shown["fig-disposition"].to_dict())
    assert "Completed study (n=0)" in svg
