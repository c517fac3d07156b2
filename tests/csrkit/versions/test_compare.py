"""What changed between two versions: numbers, records, causes, and how it is shown."""

import numpy as np
import pandas as pd
import pytest

from csrkit.errors import DataError
from csrkit.tables.table import MIME, Header, Row, Table
from csrkit.versions import compare as comparing
from csrkit.versions.comparisons import write_page
from csrkit.versions.on_terminal import comparison_tables
from csrkit.versions.pairing import align
from tests.built import run_itpcsr
from tests.csrkit.versions import made_up


def model(*rows, heads=("A",)):
    headers = tuple(Header(head) for head in heads)
    return Table("Row", headers, tuple(Row(*row) for row in rows))._repr_mimebundle_()[MIME]


def changed(old, new, **thresholds):
    frame = made_up.rows().head(1)
    before, after = (frame.assign(value=value, reason="x" if np.isnan(value) else "") for value in (old, new))
    return comparing.compare_rows(before, after, **thresholds)


@pytest.mark.parametrize(
    ("old", "new", "thresholds", "differs"),
    [
        (1.0, 1.0, {}, False),
        (1.0, 1.0 + 1e-12, {}, False),
        (1.0, 1.1, {}, True),
        (1.0, 1.1, {"absolute": 0.2}, False),
        (100.0, 101.0, {"relative": 0.02}, False),
        (100.0, 103.0, {"relative": 0.02}, True),
        (0.0, 0.1, {"relative": 0.5}, True),
        (float("nan"), float("nan"), {}, False),
        (float("nan"), 1.0, {"absolute": 9.0}, True),
        (float("inf"), float("inf"), {}, False),
    ],
)
def test_a_value_has_changed_when_it_differs_by_more_than_the_thresholds(old, new, thresholds, differs):
    assert bool(len(changed(old, new, **thresholds))) is differs


def test_changed_appeared_and_vanished_numbers_with_their_size():
    old = made_up.rows(responders=(1, 4))
    new = made_up.rows(responders=(2, 4)).iloc[[0, *range(2, 6)]]
    extra = new.tail(1).assign(level="new", value=7.0)
    found = comparing.compare_rows(old, pd.concat([new, extra], ignore_index=True))
    assert found[["status", "statistic", "old", "new"]].fillna(-1).to_numpy().tolist() == [
        ["changed", "n", 1.0, 2.0],
        ["changed", "percent", pytest.approx(100 / 3), pytest.approx(200 / 3)],
        ["appeared", "percent", -1.0, 7.0],
        ["vanished", "N", 3.0, -1.0],
    ]
    assert found.loc[0, ["difference", "relative"]].tolist() == [1.0, 1.0]


def test_a_new_reason_why_a_value_cannot_be_estimated_is_a_change():
    frame = made_up.rows().head(1).assign(value=np.nan, reason="no subject")
    assert len(comparing.compare_rows(frame, frame.assign(reason="too few"))) == 1
    assert comparing.compare_rows(frame, frame).empty


def records(found):
    return found[["status", "record", "variable", "old", "new"]].to_numpy().tolist()


def test_rows_of_an_older_program_are_compared_with_their_like_or_refused(tmp_path):
    old, other, new = (tmp_path / name for name in ("old", "other", "new"))
    for folder, rows in (
        (old, older(made_up.rows())),
        (other, older(made_up.rows((2, 4)))),
        (new, made_up.rows()),
    ):
        folder.mkdir()
        rows.to_parquet(folder / "results.parquet", index=False)
    assert comparing.compare_rows(*comparing.read_both(old, other))["status"].tolist() == [
        "changed",
        "changed",
    ]
    for pair in ((old, new), (new, old)):
        with pytest.raises(DataError, match=r"old: an older program .*no column category, subcategory, of"):
            comparing.read_both(*pair)


def older(rows):
    """Return the rows with the columns that versions before the vocabulary of levels had."""
    return rows.drop(columns=["category", "subcategory", "of"])


def test_records_are_paired_by_what_they_are_and_named_by_what_tells_them_apart():
    old = pd.DataFrame({"USUBJID": ["01", "01", "02"], "AESEQ": [1.0, 2.0, 1.0], "AEOUT": ["a", "b", "c"]})
    new = pd.DataFrame({"USUBJID": ["01", "02", "02"], "AESEQ": [1.0, 1.0, 2.0], "AEOUT": ["a", "x", "c"]})
    assert records(comparing.compare_records(old, new)) == [
        ["added", "02 | 1", "", "", ""], ["removed", "01 | 2", "", "", ""],
    ]  # fmt: skip


EVENTS = pd.DataFrame(
    {
        "USUBJID": "01", "AESEQ": [1.0, 2.0, 3.0, 4.0], "AETERM": ["cough", "fever", "fever", "pain"],
        "AESTDTC": ["2020-01-01", "2020-02-01", "2020-03-01", "2020-04-01"], "AEOUT": ["a", "b", "b", "c"],
    }
)  # fmt: skip


def renumbered(frame):
    return frame.reset_index(drop=True).assign(AESEQ=lambda rows: rows.index + 1.0)


def test_sequence_numbers_that_a_transfer_renumbers_are_no_change():
    rash = EVENTS.head(1).assign(AETERM="rash", AESTDTC="2019-12-01")
    more = renumbered(pd.concat([rash, EVENTS]))
    assert comparing.compare_records(EVENTS, renumbered(EVENTS[::-1])).empty
    assert records(comparing.compare_records(EVENTS, more)) == [["added", "01 | 1", "", "", ""]]
    assert records(comparing.compare_records(more, EVENTS)) == [["removed", "01 | 1", "", "", ""]]
    changed = more.assign(AEOUT=more["AEOUT"].mask(more["AETERM"] == "pain", "d"))
    assert records(comparing.compare_records(EVENTS, changed)) == [
        ["changed", "01 | 5", "AEOUT", "c", "d"], ["added", "01 | 1", "", "", ""],
    ]  # fmt: skip


def test_a_record_whose_date_was_corrected_is_the_same_record():
    later = EVENTS.assign(AESTDTC=["2020-01-01", "2020-02-01", "2020-03-09", "2020-04-01"])
    assert records(comparing.compare_records(EVENTS, later)) == [
        ["changed", "01 | 3", "AESTDTC", "2020-03-01", "2020-03-09"]
    ]


def test_equal_records_are_counted():
    twice = pd.concat([EVENTS.tail(1)] * 3)
    assert records(comparing.compare_records(renumbered(twice), renumbered(twice.head(2)))) == [
        ["removed", "01 | 3", "", "", ""]
    ]


def test_a_result_at_another_time_is_another_result():
    def lab(*times):
        rows = [
            {"USUBJID": "01", "PARAMCD": "K", "ADT": time, "AVISITN": visit, "AVAL": 4.0}
            for time, visit in times
        ]
        return pd.DataFrame(rows).assign(LBSEQ=lambda frame: frame.index + 1.0)

    old = lab(("2020-01-01", 1.0), ("2020-02-01", float("nan")))
    new = lab(("2020-01-02", 1.0), ("2020-03-01", float("nan")))
    found = comparing.compare_records(old, new)
    assert found["status"].tolist() == ["changed", "added", "removed"]
    assert found["variable"].tolist() == ["ADT", "", ""]


def test_records_that_nothing_tells_apart_are_counted_and_empty_datasets_compare():
    twice = pd.DataFrame({"USUBJID": ["01", "01"], "AVAL": [1.0, 2.0]})
    assert comparing.compare_records(twice, twice).empty
    assert comparing.compare_records(twice, twice.head(1))["record"].tolist() == ["01 | 2"]
    assert comparing.compare_records(twice.head(0), twice)["status"].tolist() == ["added", "added"]
    assert comparing.compare_records(twice.head(0), twice.head(0)).empty


def test_causes_come_from_the_manifests():
    old = made_up.manifest(data_cutoff="2021-05-10")
    new = made_up.manifest(hashes={"code": "x", "study": "b", "lock": "c", "data DM": "y", "data AE": "z"})
    assert list(comparing.find_causes(old, new)) == [
        ("data", "data cut-off: 2021-05-10, then none"),
        ("data", "files of AE, DM"),
        ("code", "the package itpcsr"),
    ]
    assert list(comparing.find_causes(old, old)) == []
    assert list(comparing.find_causes({}, new)) == []  # an older manifest doesn't record everything


def test_tables_are_laid_over_each_other_by_their_labels():
    old = model(("Class", (), 0), ("Pain", ("1",), 1), ("Gone", ("2",), 1), ("Rash", ("3",), 0))
    new = model(("Rash", ("4", "0"), 0), ("Class", (), 0), ("Pain", ("1", "9"), 1), heads=("A", "B"))
    rows = [(row.label, row.cells) for row in align(old, new).rows]
    assert rows == [
        (("Rash", "Rash"), (("3", "4"), (None, "0"))),
        (("Class", "Class"), (("", ""), (None, ""))),
        (("Pain", "Pain"), (("1", "1"), (None, "9"))),
        (("Gone", None), (("2", None), (None, None))),
    ]
    assert align(old, old).differs is False
    assert align(None, old).rows[0].label == (None, "Class")


@pytest.fixture(scope="module")
def versions(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("versions")
    ages = pd.DataFrame({"USUBJID": ["01", "02", "03"], "AGE": [31.0, 40.0, 50.0]})
    old = made_up.publish_small(root, folder / "a", folder / "output", data_cutoff="2020-01-01")
    new = made_up.publish_small(
        root, folder / "b", folder / "output", (2, 4), {"adsl": ages}, version="1.1.0"
    )
    return old, new


def test_the_page_marks_old_and_new_and_loads_nothing(versions, tmp_path):
    found = comparing.compare(*versions)
    write_page(found, *versions, tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert '<del>1 (33.3)</del> <span class="to">→</span> <ins>2 (66.7)</ins>' in page
    assert "4 (66.7)</ins>" not in page  # the same in both
    assert "data cut-off: 2020-01-01, then none" in page
    assert "<del>30</del>" in page  # the age of subject 01
    assert "Simulated data" in page
    assert "http" not in page
    assert [table.row_count for table in comparison_tables(found)] == [1, 1, 1]


def test_the_same_version_twice_has_no_difference(versions, tmp_path):
    found = comparing.compare(versions[0], versions[0])
    assert (len(found.numbers), len(found.records), found.causes) == (0, 0, [])
    write_page(found, versions[0], versions[0], tmp_path / "index.html")
    assert "All 6 numbers are the same" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_commands_print_and_write(versions, tmp_path):
    old, new = map(str, versions)
    result = run_itpcsr(tmp_path, "compare", old, new, "--output", "out")
    assert result.returncode == 0, result.stderr
    assert "tbl-response" in result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "changes.docx", "changes.md", "index.html", "numbers.csv", "records.csv",
    ]  # fmt: skip


def test_thresholds_reach_the_comparison_and_a_folder_that_is_no_version_is_said(versions, tmp_path):
    assert len(comparing.compare(*versions, absolute=50.0).numbers) == 0
    with pytest.raises(DataError, match=r"nowhere: holds no manifest\.json"):
        comparing.compare(versions[0], tmp_path / "nowhere")
