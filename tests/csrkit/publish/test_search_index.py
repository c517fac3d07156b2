import json

from csrkit.publish.search_index import write_search_index

PAGE = """<html><body><nav><a>Sections</a></nav><main><h1 id="a">1 Title<br></h1>
<div class="csr-notice">Simulated</div><p>Words &amp; more</p>
<section id="s"><h2>{heading}</h2></section>
<div id="tbl-x"><figure><figcaption>Table 1: <em>Rates</em></figcaption>
<table><tr><td>NE</td><td>NE</td><td>7</td></tr></table></figure></div>
<details><summary>Where</summary>hidden</details><p>after</p><script>no()</script></main></body></html>"""


def test_sections_and_displays_are_entries_with_their_address(tmp_path):
    script = tmp_path / "site_libs/quarto-contrib/csr-1.0.0/csr.js"
    for path in (script, tmp_path / "report/11-x.html", tmp_path / "index.html"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGE.format(heading="Deep"), encoding="utf-8")
    write_search_index(tmp_path)
    text = script.with_name("search-index.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("window.csrIndex(").removesuffix(");\n"))
    assert index["root"] == "../../../"
    assert index["entries"][3:] == [
        {"url": "report/11-x.html#a", "title": "1 Title", "text": "Words & more"},
        {"url": "report/11-x.html#s", "title": "Deep", "text": "after"},
        {"url": "report/11-x.html#tbl-x", "title": "Table 1: Rates", "text": "NE 7"},
    ]


def test_what_quarto_says_on_every_page_is_no_text_of_it(tmp_path):
    head = """<html><body><main><header id="title-block-header"><div class="quarto-title"><h1 class="title">
<span id="sec-x"><span class="chapter-number">2</span> Synopsis</span></h1></div>
<div class="quarto-title-meta"><div><div class="quarto-title-meta-heading">Published</div>
<div class="quarto-title-meta-contents"><p class="date">2026-11-23</p></div></div></div>
<div><div class="keywords"><div class="block-title">Keywords</div><p>NCT04014166, cells</p></div></div>
</header><p>Its words</p></main></body></html>"""
    for path in (tmp_path / "site_libs/csr.js", tmp_path / "index.html"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head, encoding="utf-8")
    write_search_index(tmp_path)
    text = (tmp_path / "site_libs/search-index.js").read_text(encoding="utf-8")
    (entry,) = json.loads(text.removeprefix("window.csrIndex(").removesuffix(");\n"))["entries"]
    assert (entry["title"], entry["text"]) == ("2 Synopsis", "Its words")
