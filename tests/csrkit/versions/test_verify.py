"""What was changed in a published version is found and named, even where the checksums were adapted."""

import json
import os
import re

import pandas as pd
import pytest

from csrkit.errors import DataError
from csrkit.inputs.hashes import file_hash
from csrkit.tables.table import MIME
from csrkit.versions.manifest import write_sums
from csrkit.versions.printed_numbers import Backing
from csrkit.versions.published import TABLE_MIME
from csrkit.versions.verify import check_charts, check_origin, verify
from tests.csrkit.versions import made_up


@pytest.fixture
def version(root, tmp_path):
    """Return a small published version."""
    return made_up.publish_small(root, tmp_path / "work", tmp_path / "output")


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def adapt_sums(folder):
    """Do as a forger does: give every file the hash that it has now, in the metadata and in the list."""
    path = folder / "ro-crate-metadata.json"
    crate = json.loads(path.read_text(encoding="utf-8"))
    for node in crate["@graph"]:
        if node["@type"] == "File" and "sha256" in node:
            node["sha256"] = file_hash(folder / node["@id"])
    path.write_text(json.dumps(crate), encoding="utf-8")
    write_sums(folder)


def faults(folder):
    return [f"{fault.file}: {fault.problem}" for fault in verify(folder)]


def test_an_untouched_version_has_no_fault(version):
    assert verify(version) == []


def test_the_reader_knows_tables_by_the_name_that_the_display_gives_them():
    assert TABLE_MIME == MIME


def test_changed_missing_and_unknown_files_are_named(version):
    (version / "findings.csv").write_bytes((version / "findings.csv").read_bytes() + b"x")
    (version / "site_libs/csr.js").unlink()
    (version / "extra.txt").write_text("x", encoding="utf-8")
    assert faults(version) == [
        "findings.csv: has changed since it was published (SHA-256)",
        "site_libs/csr.js: is missing",
        "extra.txt: is unknown: it doesn't belong to the published version",
    ]


@pytest.mark.parametrize("name", ["report/more", "csr.docx", "manifest.json", "extra", "SHA256SUMS.sig"])
@pytest.mark.parametrize("kind", ["link to a folder", "link to the same bytes", "dead link", "pipe"])
def test_a_link_or_pipe_in_a_version_is_a_fault(version, tmp_path, name, kind):
    path = version / name
    same = tmp_path / "same"
    if path.exists():
        path.rename(same)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"link to a folder": tmp_path, "dead link": tmp_path / "nothing"}.get(kind, same))
    what = "pipe or device" if kind == "pipe" else "link"
    assert faults(version) == [f"{name}: is a {what}; a version has none"]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("report/11.html", "4 (66.7)", "5 (83.3)", "'5 (83.3)' here, '4 (66.7)' in its notebook"),
        ("report/11.html", "(N=6)", "(N=7)", "the column head 'Total (N=6)' of its notebook is missing"),
        ("report/11.html", "4 of 6", "5 of 6", "doesn't say the same as: '5 of 6 subjects responded.'"),
        ("report/11.html", "6 of 7", "7 of 7", "doesn't say the same as: '7 of 7 came.'"),
        ("report/11.html", "9 subjects", "8 subjects", "has no such row: 'Planned | 8 subjects'"),
        ("tables/tbl-response.csv", "4 (66.7)", "5 (83.3)", "'5 (83.3)' here, '4 (66.7)' in its notebook"),
        ("tables/tbl-response.csv", "(N=6)", "(N=7)", "has other column heads"),
        ("tables/tbl-response.rtf", "4 (66.7)", "5 (83.3)", "doesn't show '4 (66.7)'"),
        ("notebooks/10-x.html", "4 (66.7)", "5 (83.3)", "'5 (83.3)' here, '4 (66.7)' in its notebook"),
        (
            "tables/tbl-response-rows.csv",
            ",4.0,",
            ",5.0,",
            "holds other rows of this display than results.csv",
        ),
        ("results.csv", ",4.0,", ",5.0,", "tbl-response, overall, responder, total, n is 5 here and 4 there"),
    ],
)
def test_an_edited_number_is_found_though_the_checksums_were_adapted(version, file, old, new, said):
    replace(version / file, old, new)
    adapt_sums(version)
    found = faults(version)
    assert len(found) == (2 if file == "results.csv" else 1)  # the copy by display then differs from it, too
    assert found[0].startswith(f"{file}: ")
    assert said in found[0]


def test_a_number_edited_in_every_table_is_no_result_row(version):
    for path in (
        "report/11.html", "tables/tbl-response.csv", "tables/tbl-response.rtf", "notebooks/10-x.html",
        "notebooks/10-x.ipynb",
    ):  # fmt: skip
        replace(version / path, "4 (66.7)", "5 (83.3)")
    adapt_sums(version)
    found = faults(version)
    assert [line for line in found if "no result row is 83.3 (in '5 (83.3)')" in line]
    assert [line for line in found if line.startswith("csr.docx: tbl-response: the row")]


def test_a_number_in_another_column_is_no_result_row_of_that_column(root, version):
    frame = made_up.rows()
    backing = Backing(frame, made_up.manifest()["columns"], version / "adam")
    swapped = made_up.table(responders=(2, 2))._repr_mimebundle_()[MIME]
    missing = [(cell.column, cell.number) for cell in backing.unbacked("tbl-response", swapped)]
    assert missing == [("0.5", "2"), ("0.5", "66.7"), ("Total", "2"), ("Total", "33.3")]


def test_a_swapped_table_is_named(root, version, tmp_path):
    other = version / "tables/tbl-response.csv"
    other.write_text("Other,indent,A\nSomething,0,1\n", encoding="utf-8")
    (version / "tables/tbl-more.csv").write_text("A\n", encoding="utf-8")
    adapt_sums(version)
    assert [line for line in faults(version) if re.search(r"tbl-response\.csv: holds another table", line)]
    assert "tables/tbl-more.csv: is a table that no executed notebook shows" in faults(version)


def test_two_tables_that_were_exchanged_are_named(version):
    """Of two tables with the same rows and other numbers, each is found in the other's place."""
    table, other = version / "tables/tbl-response.csv", version / "tables/tbl-other.csv"
    show_twice(version, "tbl-other", ("4 (66.7)", "2 (33.3)"))
    adapt_sums(version)
    assert [line for line in faults(version) if line.startswith("tables/")] == []
    ours, theirs = table.read_bytes(), other.read_bytes()
    table.write_bytes(theirs)
    other.write_bytes(ours)
    adapt_sums(version)
    found = [line for line in faults(version) if line.startswith("tables/")]
    assert found == [
        "tables/tbl-response.csv: tbl-response, Responders, n (%): '2 (33.3)' here, '4 (66.7)' in its notebook",
        "tables/tbl-other.csv: tbl-other, Responders, n (%): '4 (66.7)' here, '2 (33.3)' in its notebook",
    ]


def show_twice(folder, label, change):
    """Have the notebook show its table a second time, as another one with another number."""
    path = folder / "notebooks/10-x.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    again = json.loads(json.dumps(notebook["cells"][0]).replace("tbl-response", label).replace(*change))
    notebook["cells"].append(again)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    text = (folder / "tables/tbl-response.csv").read_text(encoding="utf-8")
    (folder / f"tables/{label}.csv").write_text(text.replace(*change), encoding="utf-8")


def test_the_data_of_a_chart_are_those_of_its_csv(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/fig-x.csv").write_text("Day,Count\n1,30\n2,40\n\nText\n≥ 50\n", encoding="utf-8")
    first, second = (
        f'<table class="csr-table csr-data-table">\n<thead><tr><th scope="col">{head}</th></tr></thead>\n'
        f"<tbody>\n<tr>{cells}</tr>\n</tbody>\n</table>"
        for head, cells in (
            ("Day</th><th>Count", "<td>1</td><td>30</td>"),
            ("Text", '<td><a href="x">≥ 50</a></td>'),
        )
    )
    page = f'<div id="fig-x">{first}{second}</div>'
    assert [*check_charts(tmp_path, {"11.html": page})] == []  # the page cuts the first table off
    changed = page.replace("<td>30</td>", "<td>50</td>").replace("≥ 50", "≥ 60")
    assert [fault.problem for fault in check_charts(tmp_path, {"11.html": changed})] == [
        "fig-x: its CSV doesn't have these data: '1 | 50'",
        "fig-x: its CSV doesn't have these data: '≥ 60'",
    ]


def test_changed_result_rows_are_found(version):
    frame = pd.read_parquet(version / "results.parquet")
    frame.loc[frame["statistic"] == "percent", "value"] += 1
    frame.to_parquet(version / "results.parquet", index=False)
    adapt_sums(version)
    text = "\n".join(faults(version))
    assert "isn't the row of results.parquet" in text
    assert "no result row is 66.7" in text


def test_contents_that_cannot_be_read_are_a_fault(version):
    (version / "results.parquet").write_bytes(b"x")
    assert any("the contents can't be read to the end" in line for line in faults(version))


def test_a_folder_that_is_no_version_is_said(tmp_path, version):
    with pytest.raises(DataError, match=r"holds no manifest\.json"):
        verify(tmp_path)
    (version / "SHA256SUMS").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"SHA256SUMS:1: is not a SHA-256"):
        verify(version)


def test_a_listing_shows_records_beside_result_rows(version):
    listing = {
        "stub": "Subject", "absent": "", "notes": [],
        "headers": [{"label": "Age", "n": "", "spanner": ""}],
        "rows": [{"label": "02", "cells": ["40"], "indent": 0}, {"label": "02", "cells": ["41"], "indent": 0}],
    }  # fmt: skip
    missing = Backing(made_up.rows(), [], version / "adam").unbacked("tbl-ages", listing)
    assert [cell.number for cell in missing] == ["41"]


@pytest.mark.parametrize(("text", "values", "holds"), [
    ("0.29", [0.285], True), ("0.28", [0.285], True), ("0.30", [0.285], False),
    ("<0.001", [0.0001], True), ("12", [11.6], True), ("2020-03-05", [], True), ("1.0 to NE", [1.04], True),
    ("confirmed over 7 days", [], True), ("≥50", [], True), ("50", [], False),
])  # fmt: skip
def test_a_printed_number_stands_for_what_rounds_to_it(text, values, holds, tmp_path):
    frame = made_up.rows().head(len(values)).assign(value=values, display="tbl-x", group="")
    head = {"label": "A", "n": "", "spanner": ""}
    shown = {"headers": [head], "rows": [{"label": "a", "cells": [text]}]}
    assert (Backing(frame, [], tmp_path).unbacked("tbl-x", shown) == []) is holds


def test_a_column_may_say_that_it_shows_another_unit(tmp_path):
    frame = made_up.rows().head(1).assign(value=365.25, display="tbl-x", group="")
    shown = {
        "headers": [{"label": head, "n": "", "spanner": ""} for head in ("Months", "Days", "Share, %")],
        "rows": [{"label": "a", "cells": ["12.0", "12.0", "36525"]}],
    }
    missing = Backing(frame, [], tmp_path).unbacked("tbl-x", shown)
    assert [cell.column for cell in missing] == ["Days"]


def test_metadata_that_were_not_adapted_name_the_changed_file(version):
    replace(version / "findings.csv", "R-01", "R-02")
    crate = (version / "ro-crate-metadata.json").read_bytes()
    adapt_sums(version)
    (version / "ro-crate-metadata.json").write_bytes(crate)
    write_sums(version)
    assert faults(version) == [
        "ro-crate-metadata.json: findings.csv has another SHA-256 here than in SHA256SUMS"
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("manifest.json", '"notebooks": {\n    "10-x": "e"', '"notebooks": {\n    "10-x": "9"', "notebook 10-x has another SHA-256 here than in manifest.json"),
        ("ro-crate-metadata.json", '"results.csv"', '"other.csv"', "doesn't name results.csv"),
        ("bom.cdx.json", '"components": []', '"components": [{"type": "library", "name": "a-b", "version": "2"}]', "a-b is 2 here and absent in manifest.json"),
    ],
)  # fmt: skip
def test_origins_that_differ_are_named(version, file, old, new, said):
    replace(version / file, old, new)
    write_sums(version)
    assert [line for line in faults(version) if said in line]


def test_the_page_shows_the_hashes_of_the_manifest_and_no_other(tmp_path):
    digests = {
        name: character * 64 for name, character in zip(("data", "own", "book", "code"), "abcd", strict=True)
    }
    manifest = {
        "inputs": {"DM": {"file": "dm.xpt", "sha256": digests["data"]}},
        "parameters": {"file": "x.yml", "sha256": digests["own"]},
        "notebooks": {"10-x": digests["book"]}, "hashes": {"code": digests["code"], "data DM": digests["data"]},
    }  # fmt: skip
    page = " ".join(f"<td>{digest}</td>" for digest in digests.values())
    assert [*check_origin(tmp_path, manifest, {"16.html": page})] == []
    assert [*check_origin(tmp_path, manifest, {"16.html": ""})] == []
    forged = page.replace("a" * 64, "e" * 64)
    assert [fault.problem for fault in check_origin(tmp_path, manifest, {"16.html": forged})] == [
        "shows the SHA-256 eeeeeeee…, which manifest.json doesn't have",
        "data DM: the report shows another SHA-256 or none",
    ]
