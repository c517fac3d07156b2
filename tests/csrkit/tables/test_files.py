"""A long listing and long prose: their beginning in the report, all of it in a file."""

import hashlib
import time

import pytest

from csrkit.disclosure.counted import Rule
from csrkit.many import ROWS_SHOWN
from csrkit.tables import files
from csrkit.tables.files import MIME as PROSE
from csrkit.tables.files import Passage, Prose, prose_from_json, to_markdown
from csrkit.tables.table import MIME, Header, Row, Table, table_from_json
from csrkit.tables.writers import to_csv, to_grid, to_html, to_typst


def listing(subjects, each=2):
    rows = []
    for number in range(subjects):
        rows.append(Row(f"S-{number}: woman"))
        rows += [Row(f"Event {event}", (str(event),), 1) for event in range(each)]
    return Table("Subject; event", (Header("Day"),), tuple(rows), ("Days count.",))


def test_a_short_listing_stands_as_it_is(tmp_path):
    table = listing(5)
    (tmp_path / "tbl-x.csv").write_text("of an earlier run", encoding="utf-8")
    assert files.in_file(table, "tbl-x", tmp_path, 10) == table
    assert not (tmp_path / "tbl-x.csv").exists()
    assert set(table._repr_mimebundle_()[MIME]) == {
        "stub", "headers", "rows", "notes", "absent", "sources", "kind",
    }  # fmt: skip


def test_a_long_listing_shows_its_first_rows_and_names_the_file_with_all(tmp_path):
    table = listing(100)
    shown = files.in_file(table, "tbl-x", tmp_path, 150)
    assert sum(not row.is_section for row in shown.rows) == ROWS_SHOWN
    assert shown.rows == table.rows[: len(shown.rows)]
    assert shown.notes[0] == (
        "The first 30 of 200 rows. A listing of more than 150 rows is not printed; the file "
        "tables/tbl-x.csv, published with this report, has all rows."
    )
    content = (tmp_path / "tbl-x.csv").read_bytes()
    assert content.decode() == to_csv(table)
    assert shown.digest == hashlib.sha256(content).hexdigest()
    assert table_from_json(shown._repr_mimebundle_()[MIME]) == shown


def test_every_target_says_where_the_rest_is(tmp_path):
    shown = files.in_file(listing(100), "tbl-x", tmp_path, 150)
    assert 'href="../tables/tbl-x.csv"' in to_html(shown)
    for text in (to_html(shown), to_typst(shown), to_grid(shown)):
        assert "of 200 rows" in " ".join(text.split())
        assert "tbl-x.csv" in text.replace("\\", "")


def test_an_external_version_has_no_file(tmp_path, suppress_by):
    suppress_by(Rule(3))
    shown = files.in_file(listing(100), "tbl-x", tmp_path, 150)
    assert shown.file
    assert not (tmp_path / "tbl-x.csv").exists()


def test_narratives_keep_the_gravest_and_write_all(tmp_path):
    prose = Prose(tuple(Passage(f"Subject {name}", (f"Told of {name}.",)) for name in "abcd"))
    shown = files.narratives_in_file(prose, [2, 1, 0, 1], "txt-x", tmp_path, 2)
    assert [passage.heading for passage in shown.passages] == ["Subject b", "Subject c"]
    assert shown.note.startswith(
        "Narratives of 2 of 4 subjects, more than the 2 whose narratives are printed"
    )
    text = (tmp_path / "txt-x.txt").read_text(encoding="utf-8")
    assert all(f"Subject {name}\n\nTold of {name}." in text for name in "abcd")
    assert prose_from_json(shown._repr_mimebundle_()[PROSE]) == shown
    assert "../tables/txt-x.txt" in to_markdown(shown)
    assert files.narratives_in_file(prose, [0] * 4, "txt-x", tmp_path, 4) == prose
    assert not (tmp_path / "txt-x.txt").exists()


@pytest.mark.parametrize("write", [to_csv, to_html, to_typst])
def test_a_table_four_times_as_long_takes_about_four_times_as_long(write):
    def took(subjects):
        start = time.process_time()
        write(listing(subjects))
        return time.process_time() - start

    took(50)
    assert min(took(2000) for _ in range(3)) < 9 * min(took(500) for _ in range(3)) + 0.05
