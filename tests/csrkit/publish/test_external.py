"""An external version of a few notebooks: what is in its files, and what isn't in any."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import jsonschema
import nbformat
import pandas as pd
import papermill
import pypdf
import pytest
import yaml

from csrkit.disclosure.leaks import find_leaks, originals_of
from csrkit.errors import NotebookError, ParameterError, PublishError
from csrkit.publish import external, pipeline, version
from csrkit.publish.fragments import labelled_cells, output_of
from csrkit.rows import WHOLE, make_rows
from csrkit.tables.table import MIME, Header, Row, Table, table_from_json
from csrkit.versions.verify import verify
from itpcsr.publish.trial import TRIAL
from tests.built import copy_project
from tests.tiny import make_project
from tests.whole import STUDYID

NOTEBOOKS = ("10-population", "29-listings")
pytestmark = pytest.mark.build

PAGES = {
    "index.qmd": "# Report\n\nScreened: {{< var fig_disposition.screened.total.n >}}.\n",
    "report/16-appendices.qmd": "# Appendices\n\n",
}
SHOWN = {
    "10-population": ("tbl-data", "tbl-findings", "fig-disposition", "tbl-disposition", "tbl-baseline"),
    "29-listings": ("tbl-listing-events", "tbl-listing-subjects"),
}


def write_pages(folder: Path) -> None:
    """Leave two pages that show what the notebooks make."""
    for page in (folder / "report").rglob("*.qmd"):
        page.unlink()
    includes = [
        f"{{{{< include /results/{name}/{label}.qmd >}}}}"
        for name, labels in SHOWN.items()
        for label in labels
    ]
    pages = PAGES | {"report/16-appendices.qmd": PAGES["report/16-appendices.qmd"] + "\n\n".join(includes)}
    for name, text in pages.items():
        (folder / name).write_text(text + "\n", encoding="utf-8")
    configuration = yaml.safe_load((folder / "_quarto.yml").read_text(encoding="utf-8"))
    configuration["book"]["chapters"] = list(pages)
    (folder / "_quarto.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")


def change(folder: Path, **values: object) -> Path:
    path = folder / "params/external.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) | values
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    folder = copy_project(root, tmp_path_factory.mktemp("external") / "project")
    write_pages(folder)
    change(folder, notebooks={name: {} for name in NOTEBOOKS}, data_cutoff=pd.Timestamp("2022-06-30").date())
    return folder


@pytest.fixture(scope="module")
def built(project):
    """Return where the version is published, and the version as its build opened it, with its trial."""
    opened = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setattr(
            pipeline, "open_run", lambda *where: opened.append(version.open_run(*where)) or opened[0]
        )
        folder = pipeline.build_report(
            TRIAL, Path("params/external.yml"), Path(), Path("output"), "embedded", lambda _: None
        )
    return project / folder, opened[0]


@pytest.fixture(scope="module")
def published(built):
    return built[0]


@pytest.fixture(scope="module")
def originals(built, demo_trial):
    return originals_of(demo_trial, built[1].trial, [])


def pdf_text(path: Path) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def test_no_published_file_holds_an_original(published, originals):
    assert {"sim-001", "cyclosporine a", "profuse menstruation"} <= originals.texts
    assert len(originals.days) > 500
    assert find_leaks(published, originals, pdf_text) == []


def test_the_search_would_find_them_in_an_internal_version(published, originals, tmp_path):
    pdf = tmp_path / "csr.pdf"
    shutil.copyfile(published / "csr.pdf", pdf)
    name = pdf_text(pdf).split()[0].casefold()
    assert find_leaks(tmp_path, type(originals)(frozenset({name}), frozenset()), pdf_text)
    rows = pd.read_parquet(published / "results.parquet")
    rows.loc[len(rows)] = {**rows.iloc[0], "level": "SIM-004"}
    rows.to_parquet(tmp_path / "results.parquet")
    assert {leak.found for leak in find_leaks(tmp_path, originals)} == {"sim-004"}


def test_records_of_single_subjects_are_left_out(published):
    assert not (published / "adam").exists()
    assert not (published / "findings.csv").exists()
    notebook = nbformat.read(published / "notebooks/10-population.ipynb", as_version=4)
    shown = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
    assert all("#| label:" in cell.source for cell in shown)
    assert "image/" not in (published / "notebooks/10-population.ipynb").read_text(encoding="utf-8")


def test_figures_and_listings_are_sentences(published):
    page = (published / "report/16-appendices.html").read_text(encoding="utf-8")
    assert "This external version leaves this figure out" in page
    assert page.count("This external version leaves this out: it shows single subjects.") >= 2
    assert (published / "tables/tbl-listing-events.csv").exists()
    assert "adam/" not in page


def test_tables_rows_and_sentences_agree_on_what_is_suppressed(published):
    table = (published / "tables/tbl-disposition.csv").read_text(encoding="utf-8")
    assert "SUP" in table
    assert verify(published) == []
    rows = pd.read_parquet(published / "results.parquet")
    counts = rows[rows["statistic"].isin(["n", "events", "subjects"]) & rows["value"].notna()]
    assert not counts["value"].between(1, 2).any()
    assert rows["reason"].str.startswith("suppressed").any()


def test_the_version_says_what_it_is_and_shows_the_year_of_the_cut(published, root):
    manifest = json.loads((published / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["disclosure"] == {"level": "external", "minimum_count": 3}
    assert manifest["data_cutoff"] == "2022"
    jsonschema.validate(
        manifest, json.loads((root / "docs/manifest.schema.json").read_text(encoding="utf-8"))
    )
    for name in ("index.html", "report/16-appendices.html"):
        assert "None of this makes so few subjects anonymous" in (published / name).read_text(
            encoding="utf-8"
        )
    everything = "".join(path.read_text(encoding="utf-8") for path in published.rglob("*.html"))
    assert "2022-06-30" not in everything


def tables(path: Path) -> dict[str, dict[str, object]]:
    """Return the tables of an executed notebook as their cells show them."""
    cells = labelled_cells(nbformat.read(path, as_version=4), path.stem)
    shown = {options["label"]: output_of(cell) for options, cell in cells}
    return {label: data[MIME] for label, data in shown.items() if MIME in data}


def test_a_notebook_run_alone_with_the_datasets_of_the_version_suppresses_the_same(project, built, tmp_path):
    run = built[1]
    copy, values = tmp_path / "10-population.ipynb", {"store": run.store.as_posix()}
    papermill.execute_notebook(
        project / run.notebook(copy.stem), copy, values, cwd=project, progress_bar=False
    )
    alone = tables(copy)
    assert alone == tables(project / run.executed(copy.stem))
    assert "SUP" in json.dumps(alone["tbl-disposition"])
    whole = pd.read_parquet(project / run.rows_folder(copy.stem) / WHOLE)
    assert (whole.loc[whole["statistic"] == "n", "value"] == 1).any()


KEY = "9f0c47d1b86e52a3e8d40b7796a1f35c"


@pytest.fixture
def small(root, tmp_path):
    """Return a project of three subjects whose version is external."""
    folder = make_project(root, tmp_path / "small")
    change(folder, data=["data"], notebooks={"10-number": {}})
    return folder


def test_another_key_gives_other_names_and_the_same_numbers(small, tmp_path):
    key = tmp_path / "key"
    key.write_text(KEY, encoding="utf-8")
    key.chmod(0o600)
    before = version.open_run(TRIAL, small / "params/external.yml", small)
    after = version.open_run(TRIAL, change(small, disclosure_key=str(key)), small)
    # another key is another input, so that what was made by this one isn't up to date
    assert key in after.seen.hashes
    assert after.parts["disclosure"] != before.parts["disclosure"]
    assert not set(before.trial["DM"]["USUBJID"]) & set(after.trial["DM"]["USUBJID"])
    assert sorted(before.trial["DM"]["AGE"]) == sorted(after.trial["DM"]["AGE"])
    assert KEY not in repr(after)


def test_real_data_without_a_key_stop(small):
    for path in (small / "data").glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(STUDYID, STUDYID.removesuffix("-SIM")), encoding="utf-8")
    with pytest.raises(ParameterError, match="needs `disclosure_key`"):
        pipeline.derive_once(version.open_run(TRIAL, small / "params/external.yml", small), lambda _: None)


def test_a_notebook_that_opens_no_datasets_shows_no_small_count(small):
    """It learns of no rule, so that its tables would show what its rows suppress."""
    path = change(small, notebooks={"10-number": {"number": 2}})
    with pytest.raises(NotebookError, match=r"10-number\.ipynb: shows small counts in tbl-number\."):
        pipeline.run_report(TRIAL, path, small, lambda _: None)
    notebook = small / "notebooks/10-number.ipynb"
    text = notebook.read_text(encoding="utf-8")
    said = text.replace("#| label: tbl-number", "#| label: tbl-number\\n#| discloses: nothing")
    assert said != text
    notebook.write_text(said, encoding="utf-8")
    run = pipeline.run_report(TRIAL, path, small, lambda _: None)
    assert pd.read_parquet(run.rows_folder("10-number") / "results.parquet")["value"].tolist() == [2]


def test_an_original_that_slips_through_stops_the_publication(project, published, monkeypatch):
    """It does so on a page, which is made alone."""
    before = (published / "manifest.json").read_bytes()
    page = project / "report/16-appendices.qmd"
    text = page.read_text(encoding="utf-8")
    page.write_text(text + "\nSubject SIM-004 did well.\n", encoding="utf-8")
    monkeypatch.chdir(project)
    with pytest.raises(PublishError, match="Nothing was published"):
        pipeline.build_report(
            TRIAL,
            Path("params/external.yml"),
            Path(),
            Path("output"),
            "embedded",
            lambda _: None,
            targets=["html"],
        )
    page.write_text(text, encoding="utf-8")
    assert (published / "manifest.json").read_bytes() == before


def test_rows_of_what_is_left_out_don_t_name_subjects():
    frame = pd.DataFrame({"level": ["S-1", "listed"], "statistic": ["gm_ratio", "n"], "value": [2.0, 7.0]})
    rows = make_rows(frame, display="fig-x", notebook="10-x")
    kept = external.leave_out_rows(rows, {"fig-x": "A figure."}, ["S-1"])
    assert kept["level"].tolist() == ["listed"]
    alone = external.leave_out_rows(rows.head(1), {"fig-x": "A figure."}, ["S-1"])
    assert alone[["statistic", "reason", "notebook"]].to_numpy().tolist() == [["absent", "A figure.", "10-x"]]


@pytest.mark.parametrize(("minimum", "words"), [(2, "Counts of 1,"), (5, "Counts of 1 to 4,")])
def test_the_statement_names_the_counts(minimum, words):
    assert words in " ".join(external.statement(minimum))


@pytest.mark.parametrize(
    ("cell", "notes", "shown", "last"),
    [
        ("SUP/SUP [4]", (), "SUP", "SUP: suppressed, since the number is small."),
        ("SUP (SUP)", ("SUP: told.",), "SUP", "SUP: told."),
        ("4 (22.2)", ("A note.",), "4 (22.2)", "A note."),
    ],
)
def test_a_cell_with_a_suppressed_part_shows_nothing_else(tmp_path, cell, notes, shown, last):
    table = Table("Event", (Header("Total"),), (Row("Any", (cell,)),), notes)
    source = nbformat.v4.new_code_cell("#| label: tbl-x\n#| tbl-cap: X\nx", id="a")
    source.outputs = [nbformat.v4.new_output("display_data", data={MIME: asdict(table)})]
    other = nbformat.v4.new_code_cell("adsl", id="b", outputs=[nbformat.v4.new_output("stream", text="S-1")])
    path = tmp_path / "10-x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[source, other]), path)
    assert external.write_shown(path, tmp_path / "shown/10-x.ipynb", ["S-1"], True) == {}
    written = nbformat.read(tmp_path / "shown/10-x.ipynb", as_version=4)
    made = table_from_json(written.cells[0].outputs[0].data[MIME])
    assert (made.rows[0].cells, made.notes[-1]) == ((shown,), last)
    assert written.cells[1].outputs == []


@pytest.mark.parametrize(
    ("label", "said", "keeps_first", "reason"),
    [
        ("tbl-x", "", True, ""),
        ("tbl-x", "order", True, "order in which"),
        ("tbl-x", "first-subjects", True, ""),
        ("tbl-x", "first-subjects", False, "order in which"),
        ("tbl-x", "subjects", True, "single subjects"),
        ("tbl-x", "characteristics", True, ""),
        ("fig-x", "", True, "this figure"),
        ("fig-x", "order", True, "this figure"),
        ("fig-x", "nothing", True, ""),
    ],
)
def test_what_a_cell_says_decides_whether_its_display_is_left_out(tmp_path, label, said, keeps_first, reason):
    table = Table("Event", (Header("Total"),), (Row("Any", ("4",)),))
    options = f"#| label: {label}\n" + (f"#| discloses: {said}\n" if said else "")
    source = nbformat.v4.new_code_cell(f"{options}x", id="a")
    source.outputs = [nbformat.v4.new_output("display_data", data={MIME: asdict(table)})]
    path = tmp_path / "10-x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[source]), path)
    left_out = external.write_shown(path, tmp_path / "shown/10-x.ipynb", ["S-1"], keeps_first)
    assert list(left_out) == ([label] if reason else [])
    assert reason in left_out.get(label, "")


def test_a_listing_in_a_file_is_left_out_though_its_first_rows_name_nobody(tmp_path):
    table = Table("Event", (Header("Day"),), (Row("Any", ("1",)),), file="tbl-x.csv", digest="0")
    source = nbformat.v4.new_code_cell("#| label: tbl-x\n#| tbl-cap: X\nx", id="a")
    source.outputs = [nbformat.v4.new_output("display_data", data={MIME: asdict(table)})]
    path = tmp_path / "10-x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[source]), path)
    assert list(external.write_shown(path, tmp_path / "shown/10-x.ipynb", ["S-1"], True)) == ["tbl-x"]
    assert "tbl-x.csv" not in (tmp_path / "shown/10-x.ipynb").read_text(encoding="utf-8")
