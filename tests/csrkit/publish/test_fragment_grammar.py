"""Fragments hold only what both renderers are known to render, in the form in which they render it."""

import re

import pytest

from csrkit.publish.fragments import Display, write_fragment
from csrkit.tables.files import Passage, Prose
from csrkit.tables.table import Header, Row, Table, is_wide_table
from tests.csrkit.tables.test_provenance import ROWS

NARROW = Table(
    "Subject", (Header("n", "3", "Group"),), (Row("Part"), Row("SIM-001", ("1 | 2",), 1)), ("A note.",)
)
WIDE = Table("Test", tuple(Header(f"Column number {i}") for i in range(14)), (Row("a", ("value",) * 14),))
CHART = {
    "data": {"name": "d"},
    "datasets": {"d": [{"a": 1}, {"a": 2}]},
    "mark": "point",
    "encoding": {"x": {"field": "a", "type": "quantitative"}, "tooltip": [{"field": "a", "title": "A"}]},
}
DISPLAYS = {
    "narrow": Display("30-x", "tbl-x", "Caption", "", NARROW, None),
    "wide": Display("30-x", "tbl-x", "Caption", "", WIDE, None),
    "absent": Display("30-x", "tbl-x", "Caption", "", Table("", absent="No data."), None),
    "chart": Display("30-x", "fig-x", "Caption", 'What is "shown"', None, CHART),
    "prose": Display(
        "30-x", "txt-x", "", "", None, None, Prose((Passage("Lead", ("Text {=typst} #page",)),))
    ),
}
DIVISIONS = (
    r"\{#(tbl|fig)-[a-z0-9-]+\}",
    r'\{\.content-visible when-format="(typst|docx)"\}',
    r'\{custom-style="(Table Note|Wide Table)"\}',
)
RAW = re.compile(r"^```\{=(html|typst)\}\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(params=DISPLAYS)
def fragment(request, tmp_path):
    display = DISPLAYS[request.param]
    write_fragment(display, tmp_path, ROWS.iloc[:0], {"SIM-001": "SIM-001.html"})
    return display, (tmp_path / f"{display.label}.qmd").read_text(encoding="utf-8")


def test_fences_and_divisions_are_those_of_the_grammar(fragment):
    _, text = fragment
    markdown = RAW.sub("", text)
    assert "```" not in markdown
    opened = re.findall(r"^:::+ (.+)$", markdown, re.MULTILINE)
    for line in opened:
        assert any(re.fullmatch(known, line) for known in DIVISIONS), line
    assert len(re.findall(r"^:::+$", markdown, re.MULTILINE)) == len(opened)


def test_a_page_is_turned_around_a_wide_table_alone_and_turned_back(fragment):
    display, text = fragment
    typst = [block for kind, block in RAW.findall(text) if kind == "typst"]
    turns = [block for block in typst if "flipped" in block or block.strip() == "]"]
    wide = display.table is not None and is_wide_table(display.table)
    assert turns == (["#page(flipped: true)[", "]"] if wide else [])
    if wide:  # outside of the figure, in which Typst turns no page
        start, end = text.index(turns[0]), text.rindex("\n]\n```")
        assert start < text.index("::: {#tbl-x}") < text.rindex("\n:::\n") < end


def test_each_target_has_its_own_block_and_the_caption_ends_the_division(fragment):
    display, text = fragment
    if display.prose is not None:
        assert not RAW.findall(text)
        return
    assert text.count("\n\nCaption\n\n:::\n") == 1
    assert len([kind for kind, _ in RAW.findall(text) if kind == "html"]) == 2  # the display, and its source
    assert text.count('when-format="docx"') == 1


def test_pictures_start_at_the_projects_root_and_word_gets_no_svg(fragment):
    _, text = fragment
    markdown = RAW.sub("", text)
    for target in re.findall(r"!\[\]\((.*?)\)", markdown):
        assert target.startswith("/results/")
    for block in re.findall(r'when-format="docx"\}(.*?)^:::$', markdown, re.MULTILINE | re.DOTALL):
        assert ".svg" not in block


def test_only_html_links_to_subjects(fragment):
    _, text = fragment
    assert "subjects/" not in re.sub(r"^```\{=html\}\n.*?\n```$", "", text, flags=re.MULTILINE | re.DOTALL)
