"""The list of versions beside them, and the comparison that a new version gets with the one before it."""

import json

import pytest

from csrkit.versions.change_log import split_clauses, write_change_log
from csrkit.versions.compare import compare
from csrkit.versions.comparisons import record_comparison, record_version
from csrkit.versions.history import list_comparisons, previous_version, write_version_list
from csrkit.versions.page_reading import read_places
from tests.built import run_itpcsr
from tests.csrkit.versions import made_up


def read_list(output):
    text = (output / "versions.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("window.csrVersions?.(").removesuffix(");\n"))


@pytest.fixture
def output(root, tmp_path):
    folder = tmp_path / "output"
    for number, responders in (("1.0.0", (1, 4)), ("1.10.0", (2, 4)), ("1.9.0", (1, 5))):
        made_up.publish_small(root, tmp_path / number, folder, responders, version=number)
    return folder


def test_the_list_names_each_version_with_its_pages(output):
    write_version_list(output)
    told = read_list(output)
    assert [version["folder"] for version in told["versions"]] == [
        "small-1.0.0",
        "small-1.9.0",
        "small-1.10.0",
    ]
    assert told["versions"][0] == {
        "folder": "small-1.0.0", "report": "small", "title": "small 1.0.0 (draft), all records",
        "pages": ["index.html", "report/11.html"],
    }  # fmt: skip
    assert told["comparisons"] == []
    assert [path.name for path in output.iterdir() if path.name.startswith(".versions")] == []


def test_the_version_before_is_that_of_the_next_lower_number(output):
    assert previous_version(output / "small-1.10.0") == output / "small-1.9.0"
    assert previous_version(output / "small-1.0.0") is None


def test_a_new_version_is_compared_with_the_one_before_it(output):
    said = []
    record_version(output / "small-1.10.0", said.append)
    folder = output / "comparisons/small-1.9.0--small-1.10.0"
    assert sorted(path.name for path in folder.iterdir()) == [
        "changes.docx", "changes.md", "comparison.json", "index.html", "numbers.csv", "records.csv",
    ]  # fmt: skip
    assert said == [f"Compared with {output / 'small-1.9.0'}: open {folder / 'index.html'}"]
    assert read_list(output)["comparisons"] == [{"old": "small-1.9.0", "new": "small-1.10.0"}]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert 'href="../../small-1.10.0/index.html"' in page
    assert 'href="changes.docx"' in page


def test_a_version_that_cannot_be_compared_stops_nothing(output):
    (output / "small-1.9.0/results.parquet").unlink()
    said = []
    record_version(output / "small-1.10.0", said.append)
    assert "Could not be compared" in said[0]
    assert len(read_list(output)["versions"]) == 3


def test_a_comparison_with_a_draft_that_was_replaced_is_not_linked(output, root, tmp_path):
    old, new = output / "small-1.9.0", output / "small-1.10.0"
    record_comparison(compare(old, new), old, new)
    assert len(list_comparisons(output)) == 1
    made_up.publish_small(root, tmp_path / "again", output, (3, 4), version="1.10.0")
    assert list_comparisons(output) == []


def test_the_commands_write_where_the_pages_look(output, tmp_path):
    result = run_itpcsr(tmp_path, "compare", "output/small-1.0.0", "output/small-1.9.0")
    assert result.returncode == 0, result.stderr
    assert read_list(output)["comparisons"] == [{"old": "small-1.0.0", "new": "small-1.9.0"}]
    (output / "versions.js").unlink()
    assert run_itpcsr(tmp_path, "versions").returncode == 0
    assert len(read_list(output)["versions"]) == 3


SYNOPSIS = (
    """<main><table><tr><td>Efficacy</td><td>Responders: {}; by dose – 0.5: {}. {}</td></tr></table></main>"""
)
INDEX = [
    {"url": "report/11.html#sec-a", "title": "11 Efficacy", "text": ""},
    {"url": "report/11.html#tbl-response", "title": "Table 11.1: Response", "text": ""},
]


def with_pages(folder, *values):
    """Give a version a synopsis and the index of its search."""
    (folder / "report/02-synopsis.html").write_text(SYNOPSIS.format(*values), encoding="utf-8")
    text = f"window.csrIndex({json.dumps({'root': '../', 'entries': INDEX})});\n"
    (folder / "site_libs/search-index.js").write_text(text, encoding="utf-8")
    return folder


def test_the_change_log_begins_with_the_key_results(output, tmp_path):
    old = with_pages(
        output / "small-1.0.0", "1 of 3 (33.3%; 95% CI 1 to 2)", "0 of 1", "No rule was changed."
    )
    new = with_pages(
        output / "small-1.9.0", "4 of 6 (66.7%; 95% CI 1 to 2)", "0 of 1", "Two rules were changed."
    )
    write_change_log(compare(old, new), old, new, tmp_path / "changes.md")
    lines = (tmp_path / "changes.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("## Key results (synopsis)")
    assert lines[start + 2 : start + 5] == [
        "- **Efficacy**",
        "    - Responders: 1 of 3 (33.3%; 95% CI 1 to 2) → 4 of 6 (66.7%; 95% CI 1 to 2)",
        "",
    ]
    assert lines[start + 5 :] == [
        "## 11 Efficacy",
        "",
        "- **Table 11.1: Response** (2 changed)",
        "    - Overall, Responders, n (%): 4 (66.7) → 5 (83.3)",
        "",
    ]


def test_places_are_those_of_the_search(output):
    places = read_places(with_pages(output / "small-1.0.0", "", "", ""))
    assert {label: (place.url, place.section) for label, place in places.items()} == {
        "tbl-response": ("report/11.html#tbl-response", "11 Efficacy")
    }
    assert read_places(output / "small-1.9.0") == {}


def test_brackets_hold_a_clause_together():
    text = "A: 1 (2.5%; 95% CI 1 to 2); b: 3. End (see B. C)."
    assert list(split_clauses(text)) == ["A: 1 (2.5%; 95% CI 1 to 2)", "b: 3", "End (see B. C)"]
