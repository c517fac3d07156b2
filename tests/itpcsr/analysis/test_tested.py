"""All tests of the report: found among the result rows, parted by what was chosen beforehand, shown once."""

from unittest import mock

import pandas as pd
import pytest

import csrkit.publish.fragments
from csrkit.errors import DataError, ParameterError
from csrkit.publish.fragments import gather_rows
from csrkit.rows import FILE, combine, make_rows
from csrkit.tables.formats import NOT_ESTIMABLE
from csrkit.versions.printed_numbers import Backing
from csrkit.vocabulary import limits_of
from itpcsr.analysis import tested
from itpcsr.sdtm import Trial
from itpcsr.study import read_study, write_study
from tests.faults import chain

NONE_CHOSEN = "No test was chosen beforehand, so that all p-values are exploratory."
WEEK = {"n": 16, "gm_ratio": 2.534, "p_value": 0.0084, "p_adjusted": 0.0334}
WEEK |= dict(zip(limits_of("gm_ratio"), (1.318, 4.841), strict=True))
MARKER = {"n": 18, "estimate": 1.09, "p_value": 0.0031, "p_adjusted": 0.0213}
MARKER |= dict(zip(limits_of("estimate"), (1.04, 1.15), strict=True))


def rows_of(values, reason="", **place):
    frame = pd.DataFrame({"statistic": list(values), "value": list(values.values())})
    frame["reason"] = ["" if value == value else reason for value in frame["value"]]
    return make_rows(frame, **place)


@pytest.fixture
def rows():
    weeks = [
        rows_of(WEEK, display="tbl-platelet-comparisons", analysis="baseline", group=group, visit=visit)
        for group in ("esc20", "total")
        for visit in ("Week 4", "Week 8")
    ]
    few = {**WEEK, "p_value": float("nan"), "p_adjusted": float("nan")}
    place = {"display": "tbl-platelet-comparisons", "analysis": "baseline", "visit": "Week 4"}
    weeks.append(rows_of(few, "3 subjects or fewer", group="esc05", **place))
    markers = [
        rows_of(MARKER, display="tbl-immune-change", analysis="mean_change", group="total", level=code)
        for code in ("TLHRTLH", "TH17TH")
    ]
    between_arms = rows_of({"p_value": 0.2}, display="tbl-baseline", analysis="age")
    return combine(*weeks, *markers, between_arms).assign(notebook="x")


def declared(root, tmp_path, chosen):
    return read_study(
        write_study(root / "params/study.yml", {"chosen_tests": chosen}, tmp_path / "study.yml")
    )


def tables(rows, study):
    """Return the two tables as the notebook shows them, of these rows of other notebooks."""
    with chain.notebooks_on(Trial({}), study, {}) as run:
        with mock.patch.object(csrkit.publish.fragments, "gather_rows", return_value=rows):
            run("80-tests")
        return [run.displays[f"tbl-{part}-tests"] for part in ("chosen", "exploratory")]


def shown(table):
    return [(row.label, *row.cells) for row in table.rows if not row.is_section]


def test_each_test_stands_once_among_the_chosen_or_the_others(rows, study):
    chosen, others = tables(rows, study)
    assert shown(chosen) == [
        ("Total, Week 4", "16", "2.53 (1.32 to 4.84)", "–", "0.008", "0.033"),
        ("Total, Week 8", "16", "2.53 (1.32 to 4.84)", "–", "0.008", "0.033"),
        ("Regulatory T cells (Treg)", "18", "1.09 (1.04 to 1.15)", "–", "0.003", "0.021"),
    ]
    assert [row[0] for row in shown(others)] == [
        "2.0 (Escalation, 10⁶ cells/kg), Week 4", "2.0 (Escalation, 10⁶ cells/kg), Week 8",
        "0.5 (Escalation, 10⁶ cells/kg), Week 4", "Th17 cells",
    ]  # fmt: skip
    assert shown(others)[2][-2:] == (NOT_ESTIMABLE, NOT_ESTIMABLE)
    assert "3 subjects or fewer" in others.notes[-1]
    tests = tested.select_tests(rows)
    assert len(shown(chosen)) + len(shown(others)) == len(tests) == 7
    counts = [table.results.set_index("statistic")["value"].to_dict() for table in (chosen, others)]
    assert counts == [
        {"tests": 3, "made": 3, "not_estimable": 0}, {"tests": 4, "made": 3, "not_estimable": 1},
    ]  # fmt: skip


def test_another_choice_moves_the_tests_and_a_test_not_made_is_named(rows, root, tmp_path):
    choice = [
        {"test": "platelets by week", "group": "esc20", "visits": ["Week 8"]},
        {"test": "bleeding by week"},
    ]
    chosen, others = tables(rows, declared(root, tmp_path, choice))
    assert [row[0] for row in shown(chosen)] == ["2.0 (Escalation, 10⁶ cells/kg), Week 8"]
    assert len(shown(others)) == 6
    assert chosen.notes[-1] == "Chosen beforehand, but not made in this version: bleeding by week."


def test_without_a_choice_all_are_exploratory_and_without_tests_a_sentence_says_so(rows, root, tmp_path):
    study = declared(root, tmp_path, [])
    chosen, others = tables(rows, study)
    assert chosen.absent == NONE_CHOSEN
    assert len(shown(others)) == 7
    chosen, others = tables(gather_rows([]), study)
    assert (chosen.absent, others.absent) == (NONE_CHOSEN, "No test was made.")
    declaring = declared(root, tmp_path, [{"test": "bleeding by week"}])
    assert tables(rows, declaring)[0].absent == (
        "None of the tests chosen beforehand is made in this version."
    )


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ([{"test": "platelets by month"}], "platelets by week"),
        ([{"test": "platelets by week", "group": "esc99"}], "unknown column esc99; columns"),
        ([{"test": "platelets by week", "week": 4}], "unknown name"),
    ],
)
def test_a_wrong_choice_says_what_is_allowed(root, tmp_path, choice, said):
    with pytest.raises(ParameterError, match=said):
        declared(root, tmp_path, choice)


def test_a_test_of_no_known_kind_stands_among_the_others(rows, study):
    new = rows_of({"p_value": 0.5}, display="tbl-new", analysis="guess", level="a")
    _, others = tables(pd.concat([rows, new.assign(notebook="x")], ignore_index=True), study)
    place = [row.label for row in others.rows].index("Further test (tbl-new, guess)")
    assert others.rows[place + 1].label == "a"
    assert others.rows[place + 1].cells == ("–", "–", "–", "0.500", "–")


def test_the_numbers_of_the_tables_are_result_rows_of_their_sources(rows, study, tmp_path):
    chosen, _ = tables(rows, study)
    bundle = chosen._repr_mimebundle_()["application/vnd.itpcsr.table+json"]
    backing = Backing(rows, [], tmp_path)
    assert backing.unbacked("tbl-chosen-tests", bundle) == []
    elsewhere = Backing(rows[rows["display"] != "tbl-immune-change"], [], tmp_path)
    assert {cell.row for cell in elsewhere.unbacked("tbl-chosen-tests", bundle)} == {
        "Regulatory T cells (Treg)"
    }


def test_rows_are_gathered_from_folders_and_a_folder_without_them_is_named(rows, tmp_path):
    folder = tmp_path / "10-x"
    folder.mkdir()
    rows.to_parquet(folder / FILE, index=False)
    assert len(gather_rows([folder, folder])) == 2 * len(rows)
    assert len(gather_rows([tmp_path])) == len(rows)
    with pytest.raises(DataError, match=r"20-y: holds neither result rows .* Run the notebooks"):
        gather_rows([tmp_path / "20-y"])
