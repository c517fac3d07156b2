"""Quarto and the embedded renderer say the same: sections, captions, numbers, cells, references.

What is read from the pages is always held to the book's sources; where no Quarto is on the PATH the comparison
itself is skipped.
"""

import re
import shutil
from pathlib import Path

import lxml.html
import pytest
import yaml

from csrkit.errors import RenderError
from csrkit.render.render import choose_renderer, render
from csrkit.versions import page_reading as reading
from itpcsr.study import read_report

NUMBERED = (".//*[contains(@class, 'header-section-number') or contains(@class, 'chapter-number')]",)


def chapters(book: Path) -> list[Path]:
    return [book / "index.html", *sorted((book / "report").glob("*.html"))]


def main_part(page: Path) -> lxml.html.HtmlElement:
    return lxml.html.parse(str(page)).getroot().xpath("//main")[0]


def text_of(element: lxml.html.HtmlElement) -> str:
    return reading.plain(element.text_content())


def headings(page: Path) -> list[str]:
    found = main_part(page).xpath(".//h1 | .//h2 | .//h3 | .//h4 | .//h5")
    return [text_of(heading) for heading in found if any(heading.xpath(path) for path in NUMBERED)]


def captions(page: Path) -> list[str]:
    found = main_part(page).xpath(".//figcaption[contains(@class, 'quarto-float-caption')]")
    return [text_of(caption) for caption in found]


def references(page: Path) -> list[tuple[str, str]]:
    """Return words and target; that of a chapter without the place on its page, which Quarto leaves out."""
    links = main_part(page).xpath(".//a[contains(@class, 'quarto-xref')]")
    found = [(text_of(link), str(link.get("href")).partition("#")[2]) for link in links]
    return [(text, "" if text.startswith("Chapter ") else target) for text, target in found]


def cells(page: Path) -> dict[str, object]:
    stretches = reading.html_tables(page.read_text(encoding="utf-8"))
    return {label: reading.html_cells(stretch) for label, stretch in stretches.items()}


READERS = {"sections": headings, "captions": captions, "references": references, "cells": cells}


@pytest.fixture(scope="module")
def source(project):
    """Return the assembled book of the demonstration."""
    return project / "work/demo/render"


@pytest.fixture(scope="module")
def by_quarto(source, root, tmp_path_factory):
    try:
        renderer = choose_renderer("quarto")
    except RenderError as error:
        pytest.skip(f"{error} Nothing to compare with; where Quarto is, run tests/with_quarto.sh")
    folder = tmp_path_factory.mktemp("quarto") / "render"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("_book"))
    return render(folder, read_report(root / "params/demo.yml"), renderer, lambda _: None)


def test_what_is_read_is_what_the_sources_hold(source):
    book = source / "_book"
    config = yaml.safe_load((source / "_quarto.yml").read_text(encoding="utf-8"))
    texts = [(source / name).read_text(encoding="utf-8") for name in config["book"]["chapters"]]
    written = [len(re.findall(r"^#+ ", text, re.MULTILINE)) for text in texts]
    assert [len(headings(page)) for page in chapters(book)] == written
    included = [re.findall(r"/((?:tbl|fig)-[\w-]+)\.qmd >", text) for text in texts]
    assert [len(captions(page)) for page in chapters(book)] == [len(labels) for labels in included]
    assert [list(cells(page)) for page in chapters(book)] == included
    assert sum(len(references(page)) for page in chapters(book)) > sum(map(len, included))


@pytest.mark.parametrize("part", READERS)
def test_both_renderers_say_the_same(source, by_quarto, part):
    read = READERS[part]
    for own, other in zip(chapters(source / "_book"), chapters(by_quarto), strict=True):
        assert read(other) == read(own), own.name
