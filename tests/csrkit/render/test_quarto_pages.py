"""The extension's script and style on a page as Quarto builds it, with the rules of Quarto's that stand in the way."""

import shutil

import pytest

from csrkit.publish.search_index import write_search_index
from tests.itpcsr.publish.browser import Browser

# Loaded behind the extension's own: where two rules weigh the same, Quarto's counts.
QUARTO_RULES = """
#quarto-content { display: grid; grid-template-columns: 250px 1fr 200px; }
#quarto-sidebar { position: sticky; overflow: auto; max-height: 100vh; grid-column: 1; }
.collapse:not(.show) { display: none; }
p { margin: 0 0 1rem; }
.quarto-figure-center > figure > p, .quarto-figure-center > figure > div { text-align: center; }
figure.quarto-float-tbl figcaption.quarto-float-caption-top { margin-bottom: 0.25rem; text-align: center; }
"""
PAGE = """<!DOCTYPE html><html><head><link rel="stylesheet" href="site_libs/quarto-contrib/csr-1.0.0/csr.css">
<style>{rules}</style><script src="site_libs/quarto-contrib/csr-1.0.0/csr.js"></script></head>
<body class="nav-sidebar quarto-light"><div id="quarto-content">
<nav id="quarto-sidebar" class="sidebar collapse show sidebar-navigation overflow-auto"><a href="#">Sections</a></nav>
<div id="quarto-margin-sidebar"><nav id="TOC" role="doc-toc"><ul><li><a href="#a">One</a>
<ul class="collapse"><li><a id="deep" href="#b">Deeper</a></li></ul></li></ul></nav></div>
<main class="content" id="quarto-document-content"><header id="title-block-header" class="quarto-title-block default">
<h1 class="title"><span id="sec-synopsis" class="quarto-section-identifier">2 Synopsis</span></h1>
<div class="quarto-title-meta"><p class="date">2026-11-23</p></div><div><div class="keywords"><p>Cells</p></div></div>
</header><div id="tbl-one" class="quarto-float quarto-figure quarto-figure-center anchored">
<figure class="quarto-float quarto-float-tbl figure">
<figcaption class="quarto-float-caption-top quarto-float-caption quarto-float-tbl">Table 1: Platelets</figcaption>
<div aria-describedby="x"><table class="csr-table"><tbody><tr><td>1</td></tr></tbody></table>
<p class="csr-note">A note.</p></div></figure></div>
<table id="form" class="table"><tbody><tr><td><p>A value</p></td></tr></tbody></table></main></div></body></html>"""
STYLE = "(() => {{ const part = getComputedStyle(document.querySelector('{}')); return part.{}; }})()"


@pytest.fixture(scope="module")
def browser(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    assets = folder / "site_libs/quarto-contrib/csr-1.0.0"
    assets.mkdir(parents=True)
    for name in ("csr.css", "csr.js"):
        shutil.copy(root / "_extensions/csr/assets" / name, assets)
    (folder / "index.html").write_text(PAGE.format(rules=QUARTO_RULES), encoding="utf-8")
    write_search_index(folder)
    with Browser() as opened:
        opened.size(1280)
        opened.go(folder / "index.html")
        yield opened


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        (".quarto-title-meta", "display", "none"),
        (".keywords", "display", "none"),
        ("#TOC ul ul", "display", "block"),
        ("figcaption", "textAlign", "left"),
        (".csr-note", "textAlign", "left"),
        ("#tbl-one td", "textAlign", "center"),
        ("#form td > p", "marginBottom", "0px"),
        ("#form td", "borderTopStyle", "solid"),
    ],
)
def test_the_page_looks_as_the_embedded_renderer_s(browser, part, name, value):
    assert browser.run(STYLE.format(part, name)) == value


def test_what_is_found_is_seen_whole(browser):
    browser.run("document.querySelector('.csr-search-form input').focus()")
    browser.type("platelets")
    script = """new Promise((done) => { const look = () => {
        const hits = document.querySelector(".csr-hits");
        if (!hits.querySelector("a")) return setTimeout(look, 20);
        const box = hits.getBoundingClientRect();
        const seen = [[box.left + 4, box.top + 20], [box.right - 4, box.bottom - 4]].map(([x, y]) =>
          hits.contains(document.elementFromPoint(x, y)));
        done([box.width > 300, ...seen, !document.querySelector("#quarto-sidebar .csr-search-form")]); };
      look(); })"""
    assert browser.run(script) == [True, True, True, True]
