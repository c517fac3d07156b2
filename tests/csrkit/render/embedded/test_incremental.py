"""What is rendered again after a change, and that it is what a rendering from nothing gives."""

from pathlib import Path

import pytest

from csrkit.errors import RenderError
from csrkit.made_files import Memo
from csrkit.render.embedded import pandoc, pdf, render

INDEX, RESULTS = "index.qmd", "report/02-results.qmd"


@pytest.fixture
def written(monkeypatch):
    """Return the formats that pandoc writes, one for each page of HTML."""
    formats = []

    def run(arguments, text, epoch=0, run=pandoc.run):
        formats.append(arguments[arguments.index("-t") + 1] if "-t" in arguments else "")
        return run(arguments, text, epoch)

    def set_pdf(source, settings, typeset=pdf.typeset):
        formats.append("pdf")
        return typeset(source, settings)

    monkeypatch.setattr(pandoc, "run", run)
    monkeypatch.setattr(pdf, "typeset", set_pdf)
    return formats


@pytest.fixture
def rendered(book, written):
    """Return a project that was rendered once, and what renders it again as a new process would."""
    project = book()

    def again(formats=("html",), program="one"):
        written.clear()
        memo = Memo(project.parent / "made", program)
        out = render(project, formats, memo=memo)
        memo.forget_unused()
        return contents(out)

    again(("html", "typst", "docx"))
    return project, again


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def change_sentence(project: Path) -> None:
    replace(project / RESULTS, "The rate was", "The rate of all was")


def change_value(project: Path) -> None:
    replace(project / "_variables.yml", "8/18", "9/18")


def shift_number(project: Path) -> None:
    table = "::: {#tbl-first}\n\n| A |\n|---|\n| 1 |\n\nOne\n\n:::\n\n"
    replace(project / RESULTS, "{{< include ../results", f"{table}{{{{< include ../results")


def rename_section(project: Path) -> None:
    replace(project / RESULTS, "# Results", "# All results")


def cite_another(project: Path) -> None:
    replace(project / INDEX, "Cited: [@smith2020, p. 3].", "Not cited.")
    replace(project / RESULTS, "The rate was", "[@smith2020, p. 4]: the rate was")


def change_reference(project: Path) -> None:
    replace(project / "references.bib", "On platelets", "On all platelets")


def change_style(project: Path) -> None:
    replace(project / "_extensions/csr/assets/csr.css", "{", " {")


CHANGES = {
    change_sentence: 1,  # its page
    change_value: 1,
    shift_number: 2,  # the page and the one that quotes it
    rename_section: 1,  # the others name it in their frames, which pandoc doesn't write
    cite_another: 2,
    change_reference: 1,  # the page with the list
    change_style: 0,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_writes_the_pages_that_it_reaches_as_from_nothing(rendered, written, change):
    project, again = rendered
    change(project)
    out = again(("html", "typst", "docx"))
    assert written.count("html5") == CHANGES[change]
    assert out == contents(render(project))


def test_a_value_that_two_pages_quote_writes_both(rendered, written):
    project, again = rendered
    replace(project / INDEX, "Alone:", "{{< var efficacy.orr.text >}}. Alone:")
    again()
    change_value(project)
    again()
    assert written.count("html5") == 2


def test_nothing_changed_writes_nothing_and_touches_no_file(rendered, written):
    project, again = rendered
    before = {path: path.stat().st_mtime_ns for path in (project / "_book").rglob("*")}
    again(("html", "typst", "docx"))
    assert written == []
    assert {path: path.stat().st_mtime_ns for path in (project / "_book").rglob("*")} == before


def test_another_program_writes_everything(rendered, written):
    _, again = rendered
    again(("html", "typst", "docx"), program="two")
    assert written.count("html5") == 3
    assert {"pdf", "docx"} <= set(written)


@pytest.mark.parametrize(
    "name", ["report/02-results.html", "csr.pdf", "csr.docx", "site_libs/frame/frame.css"]
)
@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("spoiled")])
def test_an_output_that_is_gone_or_spoiled_comes_back(rendered, written, name, spoil):
    project, again = rendered
    before = contents(project / "_book")
    spoil(project / "_book" / name)
    assert again(("html", "typst", "docx")) == before
    assert written == []


def test_a_result_that_was_cut_off_is_made_again(rendered, written):
    project, again = rendered
    before = contents(project / "_book")
    for path in (project.parent / "made").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert again(("html", "typst", "docx")) == before
    assert written.count("html5") == 3


def test_html_alone_makes_no_pdf_and_shows_none_of_other_sources(rendered, written):
    project, again = rendered
    assert {"csr.pdf", "csr.docx"} <= again().keys()  # they are those of the sources
    change_sentence(project)
    out = again()
    assert {"pdf", "typst", "docx"}.isdisjoint(written)
    assert not {"csr.pdf", "csr.docx"} & out.keys()
    assert b"csr.pdf" not in out["index.html"]


def test_a_document_alone_leaves_the_pages_as_they_were(rendered, written):
    project, again = rendered
    before = contents(project / "_book")
    change_sentence(project)
    out = again(("typst",))
    assert "html5" not in written
    assert "csr.docx" not in out
    assert out["report/02-results.html"] == before["report/02-results.html"]
    assert out["csr.pdf"] != before["csr.pdf"]


def test_a_fault_is_said_again_though_the_page_is_known(rendered):
    project, again = rendered
    replace(project / INDEX, "@tbl-response,", "@tbl-nope,")
    for _ in range(2):
        with pytest.raises(RenderError, match="no table, figure or heading has the label #tbl-nope"):
            again()


def test_a_label_that_goes_is_missed_by_a_page_that_stayed_the_same(rendered):
    project, again = rendered
    replace(project / RESULTS, "## Data {#sec-data}", "## Data")
    with pytest.raises(RenderError, match=r"index\.qmd:\d+: @sec-data"):
        again()


def test_a_picture_that_goes_is_missed(rendered):
    project, again = rendered
    next(project.glob("results/*/*.png")).unlink()
    with pytest.raises(RenderError, match="does not exist"):
        again()
