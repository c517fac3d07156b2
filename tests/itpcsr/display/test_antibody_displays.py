"""Tables, listing and figure of antibodies: what they say, and with 0, 1 and 3 subjects."""

import pytest

from csrkit.tables.table import Table
from tests.itpcsr.adam.antibodies import AFTER, BEFORE, result
from tests.itpcsr.analysis.test_antibody import LABELS, analysed, pairs


def show(name, study, *records, subjects=("A", "B", "C")):
    return analysed(study, *records, subjects=subjects)[LABELS[name]]


def cells(table, label):
    return [row.cells for row in table.rows if row.label == label]


def test_status_table(study):
    records = [*pairs("NEGATIVE", "1:40", "A"), *pairs("1:40", "1:80", "B"), *pairs("NEGATIVE", None, "C")]
    table = show("status", study, *records)
    total = len(study.design.columns) - 1
    assert cells(table, "Treatment-induced")[0][total] == "1/2 (50.0)"
    assert cells(table, "Positive at baseline, not boosted")[0][total] == "1/2 (50.0)"
    assert cells(table, "No result after treatment began")[0][total] == "1"
    assert not cells(table, "Positive before and after, rise not known")
    assert any("persistence is not assessable here" in note for note in table.notes)


def test_status_table_of_more_samples(study):
    records = [result("A", -1, "NEGATIVE"), result("A", 24, "1:40"), result("A", 197, "NEGATIVE")]
    table = show("status", study, *records)
    assert cells(table, "transient")[0][-1] == "1/1 (100.0)"
    assert cells(table, "Onset after the first dose, weeks, median (min, max)")[0][-1] == "3.29 (3.3, 3.3)"
    assert cells(table, "Duration, weeks, median (min, max)")[1][-1] == "0.14 (0.1, 0.1)"
    assert not any("not assessable" in note for note in table.notes)


def test_unknown_rise_has_its_row(study):
    table = show("status", study, *pairs("1:320", ">1:640", "A"))
    assert cells(table, "Positive before and after, rise not known")[0][-1] == "1/1 (100.0)"


def test_titre_table_counts_what_lies_beyond(study):
    table = show("titres", study, *pairs("1:40", ">1:640", "A", "B", "C"))
    assert "such titres: 3." in table.notes[0]
    assert cells(table, "Geometric mean")[0][-1] == "40.0"


def test_listing(study):
    found = analysed(
        study, *pairs("NEGATIVE", ">1:640", "A"), result("A", 1, "", "GP2B3AAB", 2.5),
        result("A", 85, "", "GP2B3AAB", 0.5), result("B", BEFORE, "1:40"), result("C", AFTER, "INDETERMINATE"),
    )  # fmt: skip
    table = found[LABELS["listing"]]
    assert [header.label for header in table.headers] == ["HLA class I", "GPIIb/IIIa"]
    assert cells(table, "Day 24") == [("pos. >1:640", "–"), ("no result", "–")]
    assert cells(table, "Day 85") == [("–", "neg. 0.50")]
    assert cells(table, "Conclusion") == [
        ("induced", "lost"),
        ("no later result", "–"),
        ("–", "–"),
    ]


def test_figure_says_it_by_sign_too(study):
    records = [*pairs("NEGATIVE", "1:40", "A"), *pairs("1:40", "1:40", "B")]
    chart = show("figure", study, *records).to_dict()
    values = [
        row for part in chart["datasets"].values() for row in part if row.get("Column") == "HLA class I"
    ]
    assert {row["Subject"]: row["Sign"] for row in values} == {"A": "+", "B": "●", "C": "·"}


@pytest.mark.parametrize("subjects", [(), ("A",), ("A", "B", "C")])
def test_few_subjects(study, subjects):
    found = analysed(study, *pairs("NEGATIVE", "1:40", *subjects), subjects=subjects or ("A",))
    for name, label in LABELS.items():
        shown = found[label]
        if subjects and name != "auto":
            assert not isinstance(shown, Table) or not shown.absent, name
        else:
            assert isinstance(shown, Table), name
            assert shown.absent.endswith("."), name
        if not isinstance(shown, Table):
            assert shown.to_dict()


def test_figure_of_many_shows_those_tested(study):
    found = analysed(study, *pairs("NEGATIVE", "1:40", "A"), values={"subjects_at_most": 2})
    assert found[LABELS["figure"]].to_dict()["title"].startswith("1 of 3 treated subjects")
