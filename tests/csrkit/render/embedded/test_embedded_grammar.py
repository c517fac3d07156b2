"""What is outside the grammar is refused with file and line, all faults in one error."""

import re
from pathlib import Path

import pytest

from csrkit.errors import RenderError
from csrkit.render.embedded import read_sources, render

PAGE = "report/02-results.qmd"
START = "# Results {#sec-results}\n\n## Data {#sec-data}\n\n"
FLOATS = (
    "\n\n{{< include /results/30-efficacy/tbl-response.qmd >}}\n\n"
    "{{< include /results/30-efficacy/fig-platelets.qmd >}}\n"
)


def faults_of(project: Path) -> list[str]:
    with pytest.raises(RenderError) as caught:
        render(project)
    assert not (project / "_book").exists()
    return str(caught.value).splitlines()[1:]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("```{python}\n1\n```", 5, "a code cell"),
        ("Text `{python} x` more", 5, "code in a sentence"),
        ("{{< embed a.ipynb#tbl-x >}}", 5, "shortcode `{{< embed a.ipynb#tbl-x >}}` is not allowed"),
        ("{{{< var n >}}}", 5, "is not allowed here"),
        ("Words {{< pagebreak >}}", 5, "alone on their line"),
        ("{{< var n", 5, "on one line"),
        ("a\nb {{< var efficacy.nothing >}}", 6, "var: `efficacy.nothing` is no value of _variables.yml"),
        ("{{< var efficacy >}}", 5, "var: `efficacy` is no value"),
        ("{{< meta nothing >}}", 5, "meta: `nothing` is no value of _quarto.yml"),
        ("{{< include gone.qmd >}}", 5, "include: gone.qmd does not exist"),
        ("{{< include ../../outside.qmd >}}", 5, "does not exist in the project"),
        ("{{< include 02-results.qmd >}}", 5, "includes itself"),
        ("a\n\nSee @tbl-nothing.", 7, "no table, figure or heading has the label #tbl-nothing"),
        ("See [@tbl-response; @smith2020].", 5, "either cross-references or citations"),
        ("See [Table @tbl-response].", 5, "takes no words of its own"),
        ("See @jones1999.", 5, "neither a label (tbl-, fig-, sec-) nor in the bibliography"),
        ("::: {.panel-tabset}\ntext\n:::", 5, "division .panel-tabset; allowed are"),
        ("::: {.callout-hint}\ntext\n:::", 5, "division .callout-hint"),
        ("::: {.callout-note collapse=true}\ntext\n:::", 5, "attribute collapse is not allowed"),
        ('::: {.content-visible when-format="epub"}\ntext\n:::', 5, ".content-visible needs"),
        ('[x]{.content-visible when-format="html"}', 5, "for divisions, not for words"),
        ('::: {.content-visible when-format="html"}\n::: {#tbl-b}\na\n\nb\n:::\n:::', 6, "one format"),
        ("::: {#tbl-b}\nOnly a caption\n:::", 5, "must hold its content and, as last paragraph, its caption"),
        ("::: {#tbl-b .wide}\na\n\nb\n:::", 5, "an id and nothing else"),
        ("::: {.callout-note}\nnever closed", 5, "unclosed"),
        ("$$ x $$ {#eq-one}", 5, "only labels #tbl-, #fig- and #sec- are allowed"),
        ("[x]{#fig-here}", 5, "labels #fig- belong to divisions"),
        ("::: {#sec-here}\ntext\n:::", 5, "labels #sec- belong to headings"),
        ("```{=latex}\n\\section{x}\n```", 5, "raw `latex`"),
        ("A \\cite{x} command", 5, "raw `tex`"),
        ("## More {.unnumbered}", 5, "an id {#sec-…} and nothing else"),
        ("#### Too deep", 5, "skips a level"),
        ("# Second title", 5, "its one level-1 heading"),
        ("::: {.callout-note}\ntext\n\n### Late\n:::", 8, "a heading inside a division"),
        ("![](gone.png){fig-alt='x'}", 5, "picture gone.png does not exist"),
        ("![](https://example.org/a.png){fig-alt='x'}", 5, "only files of the project"),
        ("![](/results/30-efficacy/fig.png)", 5, "no alternative text"),
        ("![](/results/30-efficacy/fig.svg){fig-alt='x'}", 5, "Word can't show SVG"),
        ("![A caption](/results/30-efficacy/fig.png)", 5, "a captioned picture"),
        ("| a |\n|---|\n| 1 |\n\n: Caption", 9, "a table with a caption"),
        ("[x](03-references.qmd)", 5, "refer to a section with @sec-"),
        ("[x](#nowhere)", 5, "this page has no such id"),
    ],
)
def test_a_fault_names_file_and_line(book, text, line, message):
    project = book({PAGE: START + text + FLOATS})
    assert any(fault.startswith(f"  {PAGE}:{line}: ") and message in fault for fault in faults_of(project))


def test_all_faults_stand_in_one_error(book):
    project = book({PAGE: START + "@tbl-a\n\n{{< var b >}}\n\n::: {.c}\n:::\n" + FLOATS})
    assert [re.match(r"  (\S+:\d+):", fault)[1] for fault in faults_of(project)] == [
        f"{PAGE}:5",
        f"{PAGE}:7",
        f"{PAGE}:9",
    ]


def test_a_fault_in_an_included_file_names_that_file(book):
    project = book(
        {PAGE: START + "{{< include /part.qmd >}}" + FLOATS, "part.qmd": "fine\n\n{{< var b >}}\n"}
    )
    assert faults_of(project) == ["  part.qmd:3: var: `b` is no value of _variables.yml."]


def test_a_label_that_stands_twice_is_a_fault_at_both_places(book):
    project = book({PAGE: START + "## Again {#sec-title}" + FLOATS})
    assert [fault.split(": ")[0].strip() for fault in faults_of(project)] == ["index.qmd:1", f"{PAGE}:5"]


def test_citations_need_a_list_of_references(book):
    project = book({"report/03-references.qmd": "# References\n\nNone.\n"})
    assert "no page has a list of references" in faults_of(project)[0]


def test_a_page_begins_with_its_heading(book):
    project = book({PAGE: "---\ntitle: Results\n---\n\n" + START + FLOATS})
    assert any(f"{PAGE}:1: a page has no YAML header" in fault for fault in faults_of(project))


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("number-sections: true", "number-sections: false", 16, "number-sections must be true"),
        ("2026-11-23", "today", 8, "a date like 2026-11-23"),
        ("_book", "..", 3, "a folder inside the project"),
        ("lang: en", "lang: zh", 10, "English captions only"),
        ("index.qmd, report/02-results.qmd", "index.qmd, gone.qmd", 9, "gone.qmd does not exist"),
        ("[index.qmd, report", "[report", 9, "begins with index.qmd"),
        ("type: book", "type: website", 2, "must be `book`"),
        ("references.bib", "gone.bib", 15, "must name one file"),
    ],
)
def test_a_fault_of_the_configuration_names_its_line(book, old, new, place, message):
    faults = faults_of(book(config={old: new}))
    assert any(fault.startswith(f"  _quarto.yml:{place}: ") and message in fault for fault in faults)


def test_an_unknown_format_is_refused(book):
    with pytest.raises(RenderError, match="unknown formats"):
        render(book(), ["epub"])


def test_what_typst_says_reaches_the_user(book):
    project = book({PAGE: START + "```{=typst}\n#nothing\n```" + FLOATS})
    with pytest.raises(RenderError, match="Typst failed: error: unknown variable: nothing"):
        render(project, ["typst"])


def test_keys_that_quarto_alone_reads_are_allowed(book):
    links = {"  author: Sponsor\n": "  author: Sponsor\n  downloads: [pdf, docx]\n"}
    assert len(read_sources(book(config=links)).pages) == 3
