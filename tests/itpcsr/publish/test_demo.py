"""The published demonstration: what a reader opens, and what stands behind it."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import docx
import lxml.html
import nbformat
import pandas as pd
import pypdf
import pytest

from csrkit.inputs.hashes import hash_files
from csrkit.publish.fragments import collect_rows
from csrkit.versions.verify import verify
from itpcsr.study import read_report
from tests.built import copy_project, run_itpcsr

NOTICE = "Simulated data: no patient of any trial is described"


@pytest.fixture(scope="module")
def pages(published):
    return {path: lxml.html.parse(str(path)).getroot() for path in sorted(published.rglob("*.html"))}


@pytest.fixture(scope="module")
def pdf(published):
    return pypdf.PdfReader(published / "csr.pdf")


@pytest.fixture(scope="module")
def word(published):
    return docx.Document(str(published / "csr.docx"))


def report_pages(pages):
    return {path: page for path, page in pages.items() if path.parent.name not in ("notebooks", "subjects")}


def test_everything_of_a_version_is_there(published):
    for name in (
        "index.html", "csr.pdf", "csr.docx", "results.parquet", "results.csv", "manifest.json", "SHA256SUMS",
        "ro-crate-metadata.json", "bom.cdx.json",
        "tables/tbl-response.csv", "tables/tbl-response.rtf", "adam/adsl.parquet", "adam/adrs.parquet",
        "notebooks/30-efficacy.ipynb", "notebooks/30-efficacy.html", "report/16-appendices.html",
    ):  # fmt: skip
        assert (published / name).stat().st_size > 0, name


def test_checksums_cover_every_other_file(published):
    lines = (published / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    files = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert set(sums) == files - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((published / name).read_bytes()).hexdigest() == digest


def test_the_manifest_names_inputs_and_renderer(root, published):
    manifest = json.loads((published / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["simulated"] is True
    assert manifest["renderer"].startswith("embedded ")
    assert manifest["inputs"]["DM"]["file"] == "dm.xpt"
    assert sorted(manifest["notebooks"]) == sorted(read_report(root / "params/demo.yml").notebooks)


def test_the_appendix_shows_what_the_version_was_made_from(published):
    manifest = json.loads((published / "manifest.json").read_text(encoding="utf-8"))
    page = (published / "report/16-appendices.html").read_text(encoding="utf-8")
    shown = set(re.findall(r"<code>([0-9a-f]{64})</code>", page))
    own = {manifest["parameters"]["sha256"], *manifest["notebooks"].values(), *manifest["hashes"].values()}
    own |= {*manifest["fonts"].values(), *(file["sha256"] for file in manifest["inputs"].values())}
    assert shown == own


def test_the_version_says_the_same_everywhere_and_its_numbers_are_result_rows(published):
    """Whoever adds a table whose numbers are no result rows is told here, by label, row and column."""
    assert [f"{fault.file}: {fault.problem}" for fault in verify(published)] == []


def test_every_p_value_stands_once_in_one_of_the_two_tables_of_tests(published):
    rows = pd.read_parquet(published / "results.parquet")
    heads, bodies = {}, {}
    for path in sorted((published / "tables").glob("tbl-*.csv")):
        if not path.stem.endswith("-rows"):
            lines = [*csv.reader(path.read_text(encoding="utf-8").splitlines())]
            heads[path.stem], bodies[path.stem] = lines[0], lines[1:]
    shown = ("tbl-chosen-tests", "tbl-exploratory-tests")
    tested = {label for label in heads if any(re.fullmatch(r"(.* )?p(,.*)?", head) for head in heads[label])}
    assert tested == set(shown)
    rows_with_p = [row[0] for label, body in bodies.items() for row in body if re.match(r"p\b", row[0])]
    assert rows_with_p == []
    tests = [sum(any(row[2:]) for row in bodies[label]) for label in shown]
    assert sum(tests) == (rows["statistic"] == "p_value").sum()
    assert tests[0] < 10


def test_a_number_changed_in_the_report_is_found(published, tmp_path):
    folder = shutil.copytree(published, tmp_path / "copy")
    page = folder / "report/11-efficacy-evaluation.html"
    page.write_text(page.read_text(encoding="utf-8").replace("8 (44.4)", "9 (50.0)"), encoding="utf-8")
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS"]
    sums = (f"{digest}  {name}\n" for name, digest in hash_files(folder, files).items())
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    found = {(fault.file, fault.problem.split(",")[0]) for fault in verify(folder)}
    assert ("report/11-efficacy-evaluation.html", "tbl-response") in found


def test_sixteen_chapters_with_their_e3_numbers(pages, pdf):
    chapters = report_pages(pages)
    assert len(chapters) == 16
    for path, page in chapters.items():
        links = [" ".join(link.text_content().split()) for link in page.xpath("//nav//a")]
        assert any(link.startswith("12 Safety Evaluation") for link in links), path
        assert len(page.xpath("//h1")) == 1
    outline = [entry.title for entry in pdf.outline if not isinstance(entry, list)]
    assert len([title for title in outline if title != "Contents"]) >= 16


def test_simulated_is_said_on_every_page_of_every_format(pages, pdf_texts, word):
    for path, page in pages.items():
        assert NOTICE in page.text_content(), path
    for number, text in enumerate(pdf_texts, start=1):
        assert NOTICE in " ".join(text.split()), number
    for section in word.sections:
        assert NOTICE in " ".join(paragraph.text for paragraph in section.header.paragraphs)


def test_the_report_writes_words_out(pages):
    for path, page in pages.items():
        if path.parent.name == "report":
            parts = page.xpath("//main//text()[not(ancestor::script or ancestor::code or ancestor::pre)]")
            assert re.findall(r"\b\w+n['’]t\b", " ".join(parts)) == [], path


def test_nothing_is_loaded_from_another_host(pages):
    for path, page in pages.items():
        loaded = page.xpath("//*[not(self::a)]/@src | //link/@href | //img/@src")
        assert [link for link in loaded if re.match(r"(?:https?:)?//", link)] == [], path


def test_every_local_link_leads_somewhere(pages, published):
    for path, page in pages.items():
        for link in page.xpath("//a/@href | //*/@src | //link/@href"):
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            file = (path.parent / target).resolve() if target else path
            assert file.exists(), f"{path.name}: {link}"
            if anchor and file.suffix == ".html":
                assert pages[file].xpath(f"//*[@id='{anchor}']"), f"{path.name}: {link}"


def test_every_subject_of_a_listing_leads_to_its_page(pages, published):
    found = {path.stem for path in (published / "subjects").glob("*.html")}
    assert found == {f"SIM-{number:03d}" for number in range(1, 19)}
    appendix = pages[published / "report/16-appendices.html"]
    events = pd.read_parquet(published / "adam/adae.parquet")["USUBJID"]
    listed = dict.fromkeys(("tbl-listing-subjects", "tbl-listing-exposure", "tbl-antibody-listing"), found)
    for label, subjects in {**listed, "tbl-listing-events": set(events)}.items():
        links = appendix.xpath(f"//*[@id='{label}']//th/a[starts-with(@href, '../subjects/')]")
        assert {link.text for link in links} == subjects, label
    data = pages[published / "report/12-safety-evaluation.html"]
    assert data.xpath("//*[@id='fig-timeline']/following::table[1]//td/a[@href='../subjects/SIM-007.html']")


def test_every_unlinked_reference_is_resolved(pages, pdf_texts):
    for path, page in report_pages(pages).items():
        text = page.text_content()
        assert not re.search(r"@(?:tbl|fig|sec)-|\?(?:tbl|fig|var|meta)|\{\{<", text), path
    text = "".join(pdf_texts)
    assert "{{<" not in text
    assert "@tbl-" not in text


def test_table_numbers_agree_in_all_formats(pages, pdf_texts, word):
    def captions(text):
        return set(re.findall(r"(?:Table|Figure)\s\d+\.\d+: [A-Z][^\n:;(]{10,40}", text.replace("\xa0", " ")))

    html = captions(
        "\n".join(
            " ".join(node.text_content().split())
            for page in report_pages(pages).values()
            for node in page.xpath("//*[self::figcaption or contains(@class,'caption')]")
        )
    )
    document = captions(
        "\n".join(" ".join(p.text.split()) for p in word.paragraphs if "Caption" in p.style.name)
    )
    paper = " ".join(" ".join(pdf_texts).replace("\xa0", " ").split())
    assert len(html) >= 9
    assert html == document
    for caption in html:
        assert caption in paper, caption


def test_word_has_real_headings_and_tables(word):
    styles = {paragraph.style.name for paragraph in word.paragraphs}
    assert {"Heading 1", "Heading 2", "Caption"} <= styles
    assert len([p for p in word.paragraphs if p.style.name == "Heading 1"]) == 16
    assert len(word.tables) >= 7


def test_the_pdf_is_tagged_and_says_page_x_of_y(pdf, pdf_texts):
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert len(pdf_texts) == len(pdf.pages)
    for number, text in enumerate(pdf_texts, start=1):
        assert f"Page {number} of {len(pdf.pages)}" in " ".join(text.split())


def test_the_headline_number_reads_the_same_everywhere(pages, pdf_texts, word, published):
    text = "8 of 18 (44.4%; 95% CI 21.5 to 69.2)"
    flat = " ".join(" ".join(pdf_texts).split())
    assert text in flat
    assert any(text in " ".join(page.text_content().split()) for page in pages.values())
    paragraphs = [p.text for p in word.paragraphs]
    paragraphs += [
        p.text for t in word.tables for row in t.rows for cell in row.cells for p in cell.paragraphs
    ]
    assert any(text in paragraph for paragraph in paragraphs)
    rows = pd.read_parquet(published / "results.parquet")
    chosen = rows[
        (rows["display"] == "tbl-response") & (rows["level"] == "responder") & (rows["group"] == "total")
    ]
    values = chosen.set_index("statistic")["value"]
    assert (values["n"], values["N"]) == (8, 18)
    assert set(chosen["notebook"]) == {"30-efficacy"}


def test_executed_notebooks_are_whole_and_bear_no_time(published):
    for path in sorted((published / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in code)
        assert any("injected-parameters" in cell.metadata.get("tags", []) for cell in code)
        assert "papermill" not in notebook.metadata
        text = path.read_text(encoding="utf-8")
        assert "start_time" not in text
        for cell in code:
            assert not [output for output in cell.outputs if output.output_type == "stream"], cell.source


def test_no_path_of_the_machine_is_published(published, project):
    for path in published.rglob("*"):
        if path.is_file():
            assert str(project).encode() not in path.read_bytes(), path


def test_charts_are_drawn_in_a_browser(published, tmp_path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine; charts aren't looked at")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        f"--user-data-dir={tmp_path}", "--virtual-time-budget=10000", "--dump-dom",
        f"file://{published}/report/11-efficacy-evaluation.html",
    ]  # fmt: skip
    page = lxml.html.fromstring(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    charts = page.xpath("//*[contains(@class, 'csr-chart')]")
    assert charts
    for chart in charts:
        assert chart.xpath(".//*[local-name()='svg' and contains(@class, 'marks')]")
        assert chart.get("aria-label")
        assert not chart.xpath(".//*[contains(@class, 'csr-failed')]")


def test_results_command_prints_the_rows(project):
    result = run_itpcsr(project, "results", "output/demo-1.0.0", "--display", "tbl-response")
    assert result.returncode == 0
    assert result.stdout.startswith("display,analysis,population")
    assert run_itpcsr(project, "results", "output/demo-1.0.0", "--display", "tbl-x").returncode == 1


@pytest.mark.build
def test_a_notebook_runs_by_itself_and_in_its_own_folder(root, tmp_path):
    """README's papermill command, and JupyterLab, whose kernels start in the notebook's folder."""
    folder = copy_project(root, tmp_path / "alone")
    papermill = str(Path(sys.executable).parent / "papermill")
    command = [papermill, "notebooks/30-efficacy.ipynb", "out.ipynb", "-p", "confidence_level", "0.9"]
    for cwd in (".", "notebooks"):
        subprocess.run([*command, "--cwd", cwd], cwd=folder, capture_output=True, check=True)
        executed = json.loads((folder / "out.ipynb").read_text(encoding="utf-8"))
        rows = collect_rows(executed, "30-efficacy")
        total = rows.query("level == 'responder' and group == 'total' and statistic == 'ci_low'")
        assert round(total["value"].iloc[0], 1) == 24.4
        (folder / "out.ipynb").unlink()
