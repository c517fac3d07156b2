"""The published pages as a reader uses them, in headless Chromium, from a folder and without a network."""

import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from csrkit.versions.compare import compare
from csrkit.versions.comparisons import record_comparison
from tests.itpcsr.publish.browser import Browser

AXE = Path(os.environ.get("AXE_CORE", Path(__file__).parents[3] / "node_modules/axe-core/axe.min.js"))
# Rows and marks beyond these repeat the same markup; with them axe takes minutes.
SHORTEN = """
for (const group of document.querySelectorAll("svg g")) [...group.children].slice(4).forEach((mark) => mark.remove());
for (const part of document.querySelectorAll("details")) part.open = true;
for (const body of document.querySelectorAll("tbody")) [...body.rows].slice(4).forEach((row) => row.remove());
"""
VIOLATIONS = """
axe.run(document, { resultTypes: ["violations"], ...OPTIONS }).then((found) => JSON.stringify(found.violations.map(
  (fault) => [fault.id, fault.nodes.slice(0, 3).map((node) => node.html.slice(0, 200) + node.failureSummary)],
)))
"""
EFFICACY = "report/11-efficacy-evaluation.html"


@pytest.fixture(scope="module")
def browser():
    with Browser() as opened:
        yield opened


def every_page(published):
    """Return all pages but of the subjects', which are made alike, those of a rescue and of a response."""
    pages = [page for page in published.rglob("*.html") if page.parent.name != "subjects"]
    return sorted([*pages, *(published / f"subjects/SIM-{number}.html" for number in ("001", "010"))])


@dataclass
class Looked:
    """What was seen of all pages: those wider than the screen, what axe found, and what else was asked for."""

    wide: list[str] = field(default_factory=list)
    faults: dict[str, object] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def looked(browser, published):
    """Look at each page at three widths and by axe, where it is at hand; loading a page takes longest."""
    axe = AXE.read_text(encoding="utf-8") if AXE.exists() else ""
    browser.requests.clear()
    seen = Looked()
    for page in every_page(published):
        browser.dark(False)
        browser.size(360)
        browser.go(page)
        for width in (360, 1920, 1280):
            browser.size(width)
            if browser.run("document.documentElement.scrollWidth") > width:
                seen.wide.append(f"{page.name} at {width}")
        if axe:
            browser.run(f"{SHORTEN};{axe};0")
            seen.faults.update(by_axe(browser, page.name))
    seen.elsewhere = [url for url in browser.requests if not re.match(r"(file|about|data|blob):", url)]
    return seen


def by_axe(browser, page):
    """Return what axe finds in light and dark, by page and theme; in the dark only colours are different."""
    found = {}
    for theme, options in (("light", "{}"), ("dark", '{ runOnly: ["color-contrast"] }')):
        browser.run(f"document.body.classList.replace('quarto-light', 'quarto-{theme}');0")
        if faults := json.loads(browser.run(VIOLATIONS.replace("OPTIONS", options))):
            found[f"{page}, {theme}"] = faults
    return found


def test_axe_finds_no_fault_in_light_and_dark(looked):
    if not AXE.exists():
        pytest.skip(f"axe-core isn't at {AXE}; `npm install --no-save axe-core` puts it there")
    assert looked.faults == {}


def test_no_page_is_wider_than_the_screen_and_none_asks_another_host(looked):
    assert looked.wide == []
    assert looked.elsewhere == []


def test_search_finds_a_table_and_goes_there(browser, published):
    browser.size(1280)
    browser.go(published / "index.html")
    browser.run("document.querySelector('.csr-search-form input').focus()")
    browser.type("confirmed response")
    hits = """new Promise((done) => { const look = () => {
        const links = [...document.querySelectorAll(".csr-hits a")].map((a) => [a.innerText, a.href]);
        links.length ? done(links) : setTimeout(look, 20); }; look(); })"""
    found = browser.run(hits)
    assert any("Best confirmed response" in text and url.endswith("#tbl-response") for text, url in found)
    browser.key("Tab")
    assert browser.run("document.activeElement.href") == found[0][1]
    browser.key("Escape")
    assert browser.run("document.querySelector('.csr-hits').hidden")
    browser.run("document.querySelector('.csr-search-form input').value = ''")
    browser.type("zzzz")
    said = "document.querySelector('.csr-hits [role=status]').innerText"
    assert browser.run(f"new Promise((done) => setTimeout(() => done({said}), 200))") == "Nothing found"


def test_a_table_keeps_its_head_in_sight_and_a_wide_one_is_reached_by_keyboard(browser, published):
    script = """(() => {
        const table = document.querySelector("#tbl-response table");
        table.rows[table.rows.length - 1].scrollIntoView({ block: "start", behavior: "instant" });
        scrollBy({ top: -150, behavior: "instant" });
        const head = table.tHead.getBoundingClientRect();
        const notice = document.querySelector(".csr-notice").getBoundingClientRect();
        const wrap = table.parentElement;
        return [head.top >= notice.bottom - 2 && head.top < 150, wrap.tabIndex, wrap.getAttribute("role"),
          wrap.getAttribute("aria-label")];
    })()"""
    browser.size(1920)
    browser.go(published / EFFICACY)
    assert browser.run(script) == [True, -1, None, None]
    browser.size(360)
    browser.go(published / EFFICACY)
    assert browser.run(script)[1:3] == [0, "region"]
    assert "response" in browser.run(script)[3]


def test_the_source_of_a_display_leads_to_its_cell_and_its_rows(browser, published):
    browser.size(1280)
    browser.go(published / EFFICACY, "#tbl-response")
    links = browser.run(
        "[...document.querySelector('#tbl-response + .csr-behind').querySelectorAll('a')].map((a) => a.href)"
    )
    assert any(link.endswith("tables/tbl-response-rows.csv") for link in links)
    browser.go(published / "notebooks/30-efficacy.html", "#tbl-response")
    assert browser.run("document.querySelector('#tbl-response table').getBoundingClientRect().top") < 900


def test_a_listing_leads_to_the_subject_and_back(browser, published):
    browser.size(1280)
    browser.go(published / "report/16-appendices.html", "#tbl-listing-events")
    link = "document.querySelector('#tbl-listing-events a[href*=subjects]')"
    name = browser.run(f"{link}.textContent")
    target = Path(browser.run(f"decodeURIComponent(new URL({link}.href).pathname)"))
    browser.go(target)
    assert browser.run("document.querySelector('h1').textContent") == f"Subject {name}"
    drawn = """new Promise((done) => { const look = () => {
        const marks = document.querySelectorAll(".csr-canvas svg .mark-symbol path").length;
        marks ? done(marks) : setTimeout(look, 20); }; look(); })"""
    assert browser.run(drawn) > 20
    back = "[...document.querySelectorAll('main nav a, main li a')].map((a) => a.getAttribute('href'))"
    assert "../report/16-appendices.html#tbl-listing-subjects" in browser.run(back)
    assert "../report/16-appendices.html#tbl-listing-events" in browser.run(back)


@pytest.fixture
def two_versions(published, tmp_path):
    """Return the demonstration twice, under two numbers, and the first one's comparison with the second."""
    folders = [tmp_path / "output" / name for name in ("demo-1.0.0", "demo-1.1.0")]
    for folder in folders:
        for part in ("report", "site_libs"):
            shutil.copytree(published / part, folder / part)
        for name in ("index.html", "manifest.json", "SHA256SUMS", "results.parquet"):
            shutil.copyfile(published / name, folder / name)
    manifest = json.loads((folders[1] / "manifest.json").read_text(encoding="utf-8"))
    (folders[1] / "manifest.json").write_text(json.dumps(manifest | {"version": "1.1.0"}), encoding="utf-8")
    record_comparison(compare(*folders), *folders)
    return folders


def test_the_switch_leads_to_the_same_page_of_the_other_version_and_to_what_changed(browser, two_versions):
    links = "[...document.querySelectorAll('.csr-versions a')].map((a) => a.href.split('/output/')[1])"
    opened = "document.querySelector('.csr-versions').open"
    browser.size(1280)
    browser.go(two_versions[1] / EFFICACY)
    assert browser.run(links) == [
        "comparisons/demo-1.0.0--demo-1.1.0/index.html", f"demo-1.0.0/{EFFICACY}", f"demo-1.1.0/{EFFICACY}",
    ]  # fmt: skip
    browser.run("document.querySelector('.csr-versions summary').focus()")
    browser.key("Enter")
    browser.key("Tab")
    assert browser.run(
        "[document.activeElement.href.endsWith('--demo-1.1.0/index.html'), " + opened + "]"
    ) == [True, True]
    browser.key("Escape")
    assert browser.run(opened) is False
    browser.go(two_versions[0] / "index.html")
    assert [link for link in browser.run(links) if link.startswith("comparisons")] == []
    (two_versions[0].parent / "versions.js").unlink()
    browser.go(two_versions[0] / "index.html")
    assert browser.run(links) == []
