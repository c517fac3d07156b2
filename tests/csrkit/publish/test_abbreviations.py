import pytest
import yaml

from csrkit.errors import ParameterError
from csrkit.publish.fragments import Display, read_displays
from csrkit.publish.lists import (
    ABBREVIATIONS_PATH,
    GLOSSARY,
    page_words,
    read_glossary,
    words_of,
    write_abbreviations,
)
from csrkit.tables.files import Passage, Prose
from csrkit.tables.table import Header, Row, Table

TEXT = """\
abbreviations:
  CI: confidence interval
  CR: complete response
  CRM: continual reassessment method, as DLT allows
  DLT: dose-limiting toxicity
  HLA: human leukocyte antigen
  hUC-MSC: cells
  MSC: mesenchymal stem cells
  R: response
  SAE: serious adverse event
names: [R logistf, MAJOR]
"""


@pytest.fixture
def glossary(tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / GLOSSARY).write_text(TEXT, encoding="utf-8")
    return read_glossary(tmp_path / GLOSSARY)


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("95% CI 2 to 3; anti-HLA", ["CI", "HLA"]),
        ("four SAEs", ["SAE"]),
        ("hUC-MSC were given", ["hUC-MSC"]),
        ("the MSC and the CRs", ["CR", "MSC"]),
        ("CRM", ["CRM", "DLT"]),
        ("as R logistf does", []),
        ("CR or R", ["CR", "R"]),
        ("scripts, CIs", ["CI"]),
        ("SCRIPT", []),
    ],
)
def test_what_is_used_is_found_as_it_is_written(glossary, text, used):
    assert glossary.used([text]) == used


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("ALT and AST rose", ["ALT", "AST"]),
        ("Th17 cells, the CI", ["Th17"]),
        ("MAJOR, Major, NCT04014166, Day 1, I", []),
        ("mRNA, HLA-DR", ["DR", "mRNA"]),
    ],
)
def test_what_looks_like_an_abbreviation_and_is_unknown_is_found(glossary, text, unknown):
    assert glossary.unknown([text]) == unknown


def test_words_of_a_page_hold_its_values_and_no_markup():
    page = (
        "# Results {#sec-CI}\n\n```{=html}\n<p>SAE</p>\n```\n\nSeen in {{< var a.text >}} [@CRM2020; @tbl-DLT].\n"
        "{{< include /lists/HLA.qmd >}} `MSC` {{< var b.none >}}\n"
    )
    words = page_words(page, {"a": {"text": "2 of 3 (95% CI 1 to 2)"}})
    assert " ".join(words.split()) == "# Results Seen in 2 of 3 (95% CI 1 to 2) [ ; ]."


def test_the_list_holds_what_pages_tables_prose_and_charts_use(glossary, tmp_path):
    include = "".join(
        f"{{{{< include /results/30-x/{name}.qmd >}}}}\n" for name in ("tbl-a", "txt-a", "fig-a")
    )
    (tmp_path / "index.qmd").write_text(include, encoding="utf-8")
    (tmp_path / "results/30-x").mkdir(parents=True)
    (tmp_path / "results/30-x/fig-a.svg").write_text("<svg><text>DLT <tspan>x</tspan></text></svg>", "utf-8")
    table = Table("Item", (Header("R"),), (Row("a", ("HLA",)),), ("SAE: x",))
    displays = [
        Display("30-x", "tbl-a", "With CI", "", table, None),
        Display("30-x", "txt-a", "", "", None, None, Prose((Passage("CR", ("text",)),))),
        Display("30-x", "fig-a", "Figure", "", None, {}),
        Display("30-x", "tbl-unseen", "MSC", "", None, None),
    ]
    write_abbreviations(tmp_path, ["index.qmd"], displays, {})
    lines = (tmp_path / ABBREVIATIONS_PATH).read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == ["CI", "CR", "DLT", "HLA", "R", "SAE"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("abbreviations: {}\n", "abbreviations"), ("names: []\n", "missing"), ("x: 1\n", "unknown name")],
)
def test_a_faulty_glossary_is_refused(tmp_path, text, said):
    (tmp_path / "abbreviations.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=said):
        read_glossary(tmp_path / "abbreviations.yml")


def test_every_abbreviation_of_the_demonstration_has_an_entry(project_of_demo):
    """A failure names words: give them a meaning in report/abbreviations.yml, or a place among its names."""
    values = yaml.safe_load((project_of_demo / "_variables.yml").read_text(encoding="utf-8"))
    book = yaml.safe_load((project_of_demo / "_quarto.yml").read_text(encoding="utf-8"))["book"]
    executed = sorted((project_of_demo.parent / "notebooks").glob("*.ipynb"))
    displays = [display for path in executed for display in read_displays(path)]
    texts = list(words_of(project_of_demo, book["chapters"], displays, values))
    assert len(texts) > 10_000
    assert read_glossary(project_of_demo / GLOSSARY).unknown(texts) == []
