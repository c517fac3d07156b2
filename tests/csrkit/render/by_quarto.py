"""The demonstration by a real Quarto; tests/with_quarto.sh runs this, pytest alone doesn't collect it."""

import contextlib
import html
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import lxml.html
import pypdf
import pytest

from csrkit.errors import RenderError
from csrkit.render import quarto
from csrkit.render.links import HOME
from csrkit.render.quarto import holes_of_html
from csrkit.versions.published import read_manifest
from csrkit.versions.verify import verify
from tests.built import PARTS, copy_project, run_itpcsr
from tests.csrkit.render.embedded.conftest import book  # noqa: F401
from tests.csrkit.render.test_both_renderers import READERS, chapters
from tests.csrkit.versions import made_up
from tests.itpcsr.publish.browser import Browser

PREVIEW_SECONDS = 600
# Wrapping at the ends of lines, and the signs of callouts
WORDS_APART = 120
HOLES = "\n@tbl-nope, {{< var nope.x >}}, {{< meta nope.y >}}, [@nope2024], @sec-nope\n"


def call_quarto(folder, *arguments):
    return subprocess.run(
        ["quarto", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def git(folder, *arguments):
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def root_of_quarto(project, root, tmp_path_factory):
    """Return a copy of the project, as a checkout, in which nothing but the notebooks has been run."""
    folder = copy_project(root, tmp_path_factory.mktemp("quarto") / "project")
    shutil.copytree(root / "lists", folder / "lists")
    shutil.copyfile(root / ".gitignore", folder / ".gitignore")
    git(folder, "init", "-q")
    git(folder, "add", *PARTS, "lists", ".gitignore")
    git(folder, "commit", "-qm", "x")
    return folder


@pytest.fixture(scope="module")
def says_what_to_run(root_of_quarto):
    """Return what Quarto says before any run."""
    return call_quarto(root_of_quarto, "render", "--to", "csr-html")


@pytest.fixture(scope="module")
def built(root_of_quarto, says_what_to_run, project):
    """Return what a build by Quarto said and the version that it published."""
    shutil.copytree(project / "work", root_of_quarto / "work", dirs_exist_ok=True)
    done = run_itpcsr(root_of_quarto, "build", "params/demo.yml", "--engine", "quarto")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr, root_of_quarto / "output/demo-1.0.0"


@pytest.fixture(scope="module")
def version(built):
    return built[1]


def pdf(folder):
    return pypdf.PdfReader(folder / "csr.pdf")


def test_before_any_run_quarto_s_error_names_the_command(says_what_to_run):
    assert says_what_to_run.returncode != 0
    assert HOME.as_posix() in says_what_to_run.stdout + says_what_to_run.stderr


def test_the_build_says_how_far_it_is_and_no_harmless_warning(built):
    assert re.search(r"\[ *3/16\] report/03-table-of-contents\.qmd", built[0])
    assert "Unable to resolve link target: notebooks/" not in built[0]


def test_the_version_is_sound_and_says_who_made_it(version):
    assert verify(version) == []
    found = quarto.version()
    manifest = read_manifest(version)
    assert manifest["renderer"] == f"Quarto {quarto.name(found)}"
    metadata = pdf(version).trailer["/Root"]["/Metadata"].get_data().decode()
    names = {"PDF/A-2b": "<pdfaid:part>2<", "PDF/UA-1": "<pdfuaid:part>1<"}
    assert [name for name, mark in names.items() if mark in metadata] == manifest["pdf_standards"]


@pytest.mark.parametrize("part", READERS)
def test_both_renderers_say_the_same(published, version, part):
    for own, other in zip(chapters(published), chapters(version), strict=True):
        assert READERS[part](other) == READERS[part](own), own.name


def test_the_pdf_has_the_words_and_the_links_of_the_other(published, version):
    documents = [pdf(published), pdf(version)]
    assert abs(len(documents[0].pages) - len(documents[1].pages)) <= 2
    one, other = (
        Counter(word for page in document.pages for word in page.extract_text().split())
        for document in documents
    )
    assert ((one - other) + (other - one)).total() <= WORDS_APART
    counts = [
        sum(
            link.get_object().get("/Subtype") == "/Link"
            for page in document.pages
            for link in page.get("/Annots", [])
        )
        for document in documents
    ]
    assert counts[1] >= 0.98 * counts[0]
    assert holes_of_html(html.escape(" ".join(other))) == []


def test_no_page_has_a_hole(version):
    for page in chapters(version):
        assert holes_of_html(page.read_text(encoding="utf-8")) == [], page.name


def test_every_link_within_the_version_leads_somewhere(version):
    broken = []
    ids = {}
    for page in [*chapters(version), *(version / "subjects").glob("*.html")]:
        tree = lxml.html.parse(str(page)).getroot()
        for link in tree.xpath(
            "//main//a/@href | //nav//a/@href | //link/@href | //script/@src | //img/@src"
        ):
            if re.match(r"[a-z]+:|#$", link) or not link:
                continue
            path, _, place = unquote(link).partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists():
                broken.append(f"{page.name}: {link}")
            elif place and target.suffix == ".html":
                if target not in ids:
                    ids[target] = set(lxml.html.parse(str(target)).getroot().xpath("//@id"))
                broken += [] if place in ids[target] else [f"{page.name}: {link}"]
    assert broken == []


def test_no_page_asks_another_host(version):
    for path in (version / "site_libs").rglob("*.css"):
        assert (
            re.findall(r"(?:@import|url\()\s*[\"'(]*https?:[^)\"']*", path.read_text(encoding="utf-8")) == []
        )
    with Browser() as browser:
        browser.size(1280)
        for page in chapters(version):
            browser.go(page)
        assert [url for url in browser.requests if not re.match(r"(file|about|data|blob):", url)] == []


def test_search_and_contents_are_seen_whole(version):
    with Browser() as browser:
        browser.size(1280)
        browser.go(version / "report/11-efficacy-evaluation.html")
        browser.run("document.querySelector('.csr-search-form input').focus()")
        browser.type("response")
        script = """new Promise((done) => { const look = () => {
            const hits = document.querySelector(".csr-hits");
            if (!hits.querySelector("a")) return setTimeout(look, 20);
            const box = hits.getBoundingClientRect();
            const inside = document.elementFromPoint(box.left + 5, box.top + 30);
            done([box.left >= 0 && box.right <= innerWidth, hits.contains(inside)]); }; look(); })"""
        assert browser.run(script) == [True, True]
        hidden = (
            "[...document.querySelectorAll('.quarto-title-meta, .keywords')].map((part) => part.offsetHeight)"
        )
        assert not any(browser.run(hidden))
        deep = (
            "[...document.querySelectorAll('nav[role=doc-toc] ul ul')].every((list) => list.offsetHeight > 0)"
        )
        assert browser.run(deep)
        assert browser.run("getComputedStyle(document.querySelector('main figcaption')).textAlign") == "left"
    assert not (version / "search.json").exists()


def test_word_is_the_embedded_renderer_s(version):
    with zipfile.ZipFile(version / "csr.docx") as archive:
        text = archive.read("word/document.xml").decode()
    assert text.count("SEQ Table") > 50
    assert 'w:orient="landscape"' in text
    assert not re.search(r"<w:pPr>(?:(?!</w:pPr>).)*<w:pPr>", text)


def test_holes_are_refused_whoever_says_so(built, root_of_quarto, book, tmp_path):  # noqa: F811
    page = root_of_quarto / "report/08-study-objectives.qmd"
    before = page.read_text(encoding="utf-8")
    page.write_text(before + HOLES, encoding="utf-8")
    try:
        done = run_itpcsr(root_of_quarto, "render", "params/demo.yml", "--engine", "quarto")
    finally:
        page.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    assert "faults in the report's sources" in done.stderr
    # past the checks of the sources, what Quarto itself says
    small = book(config={"    pdf-standard: [a-2b, ua-1]\n": "", "  docx: default\n": ""})
    with (small / "index.qmd").open("a", encoding="utf-8") as stream:
        stream.write(HOLES)
    with pytest.raises(RenderError) as caught:
        quarto.render(small, small / "_book", "csr-html", made_up.report().date, lambda _: None)
    for name in ("tbl-nope", "nope.x", "nope.y", "nope2024"):
        assert name in str(caught.value)


def test_a_page_renders_in_the_root_and_git_sees_nothing(built, root_of_quarto):
    done = call_quarto(root_of_quarto, "render", "report/10-study-patients.qmd", "--to", "csr-html")
    assert done.returncode == 0, done.stderr
    assert "tbl-disposition" in (root_of_quarto / "_book/report/10-study-patients.html").read_text(
        encoding="utf-8"
    )
    assert call_quarto(root_of_quarto, "inspect").returncode == 0
    assert [
        line for line in git(root_of_quarto, "status", "--short").splitlines() if "output/" not in line
    ] == []


def test_preview_serves_the_page_that_is_written(built, root_of_quarto, tmp_path):
    port = 4817
    page = "report/10-study-patients"
    command = ["quarto", "preview", f"{page}.qmd", "--no-browser", "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=root_of_quarto,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            until = time.monotonic() + PREVIEW_SECONDS
            text = ""
            while "tbl-disposition" not in text and time.monotonic() < until and process.poll() is None:
                time.sleep(2)
                try:
                    address = f"http://localhost:{port}/{page}.html"
                    text = urllib.request.urlopen(address, timeout=10).read().decode()
                except OSError:
                    continue
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            time.sleep(3)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert "tbl-disposition" in text, Path(tmp_path / "log").read_text()[-3000:]
