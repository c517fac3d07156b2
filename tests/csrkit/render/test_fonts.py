"""PDF and charts show the characters of the data, drawn by the chosen fonts alone, or the build stops."""

import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import docx
import nbformat
import pandas as pd
import pypdf
import pytest
import yaml
from docx.oxml.ns import qn
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable
from fontTools.ttLib.tables._f_v_a_r import Axis

from csrkit.charts.assets import Fonts, choose_fonts, spell_lacking
from csrkit.errors import DataError, ParameterError, RenderError
from csrkit.inputs.hashes import file_hash
from csrkit.publish import pipeline
from csrkit.publish.assemble import refuse_unprintable_data, spell_uncovered
from csrkit.render.font_files import lay_fonts, read_fonts
from csrkit.render.reference_doc import reference_doc
from csrkit.versions.published import read_manifest
from csrkit.versions.verify import verify
from itpcsr.publish.trial import TRIAL
from itpcsr.sdtm import Trial
from tests.tiny import make_project

TERMS = (
    "发热",
    "血小板减少",
    "頭痛",
    "过敏反应（输注相关），经对症处理后好转，未影响研究用药的继续使用，研究者判断可能有关",
)
SIGN, HANGUL = "🤒", "두통"
CELL = f"""\
#| label: tbl-number
#| tbl-cap: A number of 发热
import altair as alt
import pandas as pd
from csrkit.tables.table import Header, Row, Table
from csrkit.carried import with_rows
from csrkit.rows import make_rows

terms = {[*TERMS, SIGN]!r}
frame = pd.DataFrame([{{"group": "total", "level": "number", "statistic": "n", "value": number}}])
shown = Table("Number", (Header("Total", ""),), tuple(Row(term, (str(number),)) for term in terms))
with_rows(shown, make_rows(frame, analysis="one"))
"""
FIGURE = f"""\
#| label: fig-number
#| fig-cap: The number
#| fig-alt: One bar
bars = pd.DataFrame({{"term": ["发热 fever", "{SIGN} face"], "n": [1, 2]}})
alt.Chart(bars, description="Two bars.").mark_bar().encode(x="n:Q", y="term:N")
"""


def outline() -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for point in ((100, 700), (800, 700), (800, 0)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def make_font(path: Path, characters: str, family: str = "Square", width: int = 900, rights: int = 0) -> Path:
    """Write a TrueType font in which every character is a black square."""
    names = {ord(char): f"c{ord(char)}" for char in characters}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    builder.setupGlyf({name: outline() for name in (".notdef", *names.values())})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", *names.values()), (width, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable(
        {
            "familyName": family, "styleName": "Regular", "fullName": f"{family} Regular",
            "psName": re.sub(r"\W", "", family) + "-Regular",
        }
    )  # fmt: skip
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, fsType=rights)
    builder.setupPost()
    builder.save(path)
    return path


def add_cells(project: Path, *cells: str) -> None:
    path = project / "notebooks/10-number.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2:] = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, path)


def change(project: Path, **values: object) -> None:
    path = project / "params/tiny.yml"
    path.write_text(
        yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | values), encoding="utf-8"
    )


def build(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    return pipeline.build_report(
        TRIAL, Path("params/tiny.yml"), Path(), Path("output"), "embedded", lambda _: None
    )


@pytest.fixture(scope="module")
def chinese(make_derived, tmp_path_factory):
    """Return a project with Chinese terms and an emoji in a table and a chart, built and published."""
    project = make_derived(tmp_path_factory.mktemp("chinese"))
    add_cells(project, CELL, FIGURE)
    page = "# Number\n\nSee `发热`, *发热* and **发热**.\n\n"
    for label in ("tbl-number", "fig-number"):
        page += f"{{{{< include /results/10-number/{label}.qmd >}}}}\n\n"
    page += "{{< include /lists/provenance.qmd >}}\n"
    (project / "report/number.qmd").write_text(page, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        build(project, patch)
    return project


def fonts_named_in(pdf: pypdf.PdfReader) -> list[pypdf.generic.IndirectObject]:
    """Return the descriptors of all fonts, also of those in pictures."""
    objects = (pdf.get_object(number) for number in range(1, len(pdf.xref[0]) + 1))
    fonts = [found for found in objects if isinstance(found, dict) and found.get("/Type") == "/Font"]
    return [font.raw_get("/FontDescriptor") for font in fonts if "/FontDescriptor" in font]


def fonts_of(pdf: pypdf.PdfReader) -> dict[str, int]:
    """Return the name of each embedded font, without its tag, and the size of its file in bytes."""
    found = {}
    for descriptor in map(pypdf.generic.IndirectObject.get_object, fonts_named_in(pdf)):
        file = next(descriptor[key] for key in ("/FontFile2", "/FontFile3") if key in descriptor)
        found[str(descriptor["/FontName"]).split("+")[1]] = len(file.get_object().get_data())
    return found


@pytest.mark.build
def test_the_pdf_shows_chinese_with_the_characters_it_uses_alone(chinese):
    pdf = pypdf.PdfReader(chinese / "output/tiny-1.0.0/csr.pdf")
    text = re.sub(r"\s", "", "".join(page.extract_text() for page in pdf.pages))
    assert [term for term in TERMS if term not in text] == []
    fonts = fonts_of(pdf)
    assert 0 < fonts["NotoSansSC-Regular"] < 60_000
    assert set(fonts) <= {
        "NotoSansSC-Regular", "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "LibertinusSerif-Regular",
        "LibertinusSerif-Bold", "LibertinusSerif-Italic",
    }  # fmt: skip


@pytest.mark.build
def test_a_sign_without_a_font_is_printed_by_its_number_and_said(chinese):
    published = chinese / "output/tiny-1.0.0"
    text = "".join(page.extract_text() for page in pypdf.PdfReader(published / "csr.pdf").pages)
    assert text.count("[U+1F912]") == 2  # in the table and in the chart
    page = (published / "report/number.html").read_text(encoding="utf-8")
    assert f'<th scope="row">{SIGN}' in page
    assert "shows their number" in page or "show their number" in page
    assert "U+1F912 (face with thermometer)" in page
    with zipfile.ZipFile(published / "csr.docx") as archive:
        assert SIGN in archive.read("word/document.xml").decode()


@pytest.mark.build
def test_only_the_chosen_fonts_lie_in_the_path(chinese):
    project = chinese / "work/tiny/render"
    names = {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "NotoSansSC-Regular.otf"}
    assert {path.name for path in (project / "fonts").iterdir()} == names
    config = yaml.safe_load((project / "_quarto.yml").read_text(encoding="utf-8"))
    assert config["csr-fonts"] == ["DejaVu Sans", "Noto Sans SC"]
    assert config["csr-uncovered"] == [ord(SIGN)]
    assert config["format"]["csr-typst"]["font-paths"] == ["fonts"]
    manifest = read_manifest(chinese / "output/tiny-1.0.0")
    assert manifest["fonts"] == {name: file_hash(project / "fonts" / name) for name in names}
    named = {"manifest.json", "ro-crate-metadata.json", "report/number.html"}
    assert named.isdisjoint(fault.file for fault in verify(chinese / "output/tiny-1.0.0"))


@pytest.mark.build
def test_a_version_is_set_in_the_font_that_it_names(chinese, tmp_path, monkeypatch):
    font = make_font(tmp_path / "hangul.ttf", HANGUL + "发")
    page = chinese / "report/number.qmd"
    before = page.read_text(encoding="utf-8")
    page.write_text(f"{before}\n{HANGUL}\n", encoding="utf-8")
    try:
        with pytest.raises(
            RenderError, match=rf"report/number.qmd “{HANGUL}”: no font has U\+B450 .*and 1 more"
        ):
            build(chinese, monkeypatch)
        change(chinese, fonts=[str(font)], version="2.0.0")
        published = build(chinese, monkeypatch)
    finally:
        page.write_text(before, encoding="utf-8")
    pdf = pypdf.PdfReader(published / "csr.pdf")
    assert HANGUL in "".join(page.extract_text() for page in pdf.pages)
    assert {"Square-Regular", "NotoSansSC-Regular"} <= set(fonts_of(pdf))
    assert read_manifest(published)["fonts"]["hangul.ttf"] == file_hash(font)


def test_the_build_stops_before_the_notebooks_run(root, tmp_path, monkeypatch):
    project = make_project(root, tmp_path / "project")
    terms = pd.read_csv(project / "data/ae.csv", dtype="str")
    terms.loc[terms.index[-1], "AETERM"] = HANGUL
    terms.to_csv(project / "data/ae.csv", index=False)
    with pytest.raises(
        DataError, match=rf"AE\.AETERM \(ae\.csv, subject {terms['USUBJID'].iloc[-1]}\) “{HANGUL}”"
    ):
        build(project, monkeypatch)
    assert not (project / "work/tiny/notebooks").exists()
    assert not (project / "output/tiny-1.0.0").exists()


def trial(**texts: str) -> Trial:
    frame = pd.DataFrame(
        {"USUBJID": ["01", "02"], **{name: ["Headache", text] for name, text in texts.items()}}
    )
    return Trial({"AE": frame}, {"AE": (Path("data/ae.csv"),)})


@pytest.mark.parametrize("text", [HANGUL, f"mild {HANGUL}, resolved", "ปวดหัว", "सिरदर्द", "𠀀"])
def test_letters_of_the_data_without_a_font_stop_the_build(text):
    with pytest.raises(DataError) as error:
        refuse_unprintable_data(trial(AETERM=text), choose_fonts())
    message = str(error.value)
    assert f"AE.AETERM (ae.csv, subject 02) “{text}”: no font has U+" in message
    assert "under `fonts` in the report's parameters" in message


@pytest.mark.parametrize(
    "text",
    [
        "发热 頭痛 ≒，（）",
        "סדר عربي",
        "Ἑλλάς Ünïcode Ж",
        "🤒 👩‍⚕️ ❤️",
        "\ue123",
        "a\u00adb\u200bc\u2028d\n",
        "10⁹/L ≥ ½ µ",
    ],
)
def test_what_the_fonts_have_and_signs_stop_nothing(text):
    refuse_unprintable_data(trial(AETERM=text), choose_fonts())


def test_every_character_of_the_chinese_standards_is_covered():
    both = [bytes((high, low)) for high in range(0x81, 0xFF) for low in range(0x40, 0xFF)]
    for standard in ("gb2312", "gbk", "big5"):
        text = "".join(pair.decode(standard, "ignore") for pair in both)
        assert len(text) > 6_000
        assert [char for char in choose_fonts().lacking(text) if not "\ue000" <= char <= "\uf8ff"] == []


def test_without_the_chinese_font_the_message_says_what_to_install():
    without = Fonts(choose_fonts().files[:-1])
    with pytest.raises(DataError, match="needs the package pylopdf-fonts-zh-cn"):
        refuse_unprintable_data(trial(AETERM="发热"), without)


def test_signs_in_values_and_charts_are_found_too(tmp_path):
    (tmp_path / "_variables.yml").write_text(
        yaml.dump({"a": SIGN}, Dumper=yaml.CSafeDumper, allow_unicode=True)
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20"><text y="15">{SIGN} x\ue123</text></svg>'
    (tmp_path / "fig.svg").write_text(svg, encoding="utf-8")
    (tmp_path / "fig.png").write_bytes(b"")
    (tmp_path / "page.qmd").write_text(f"```{{=html}}\n{HANGUL}\n```\n", encoding="utf-8")
    assert spell_uncovered(tmp_path, choose_fonts()) == ["\ue123", SIGN]
    assert "[U+1F912] x[U+E123]" in (tmp_path / "fig.svg").read_text(encoding="utf-8")
    assert (tmp_path / "fig.png").read_bytes().startswith(b"\x89PNG")
    assert spell_lacking(f"{SIGN}发", choose_fonts()) == "[U+1F912]发"


def collection(path: Path) -> Path:
    fonts = TTCollection()
    for family in ("Square JP", "Square SC"):
        fonts.fonts.append(TTFont(make_font(path.with_name(f"{family}.ttf"), "发", family)))
    fonts.save(path)
    return path


def test_of_a_collection_the_face_for_simplified_chinese_is_taken(tmp_path):
    collection(tmp_path / "two.ttc")
    chosen = read_fonts([Path("two.ttc")], tmp_path, tmp_path / "work")
    assert lay_fonts(chosen.fonts, tmp_path / "fonts") == ["DejaVu Sans", "Square SC", "Noto Sans SC"]
    assert chosen.hashes["two.ttc"] == file_hash(tmp_path / "two.ttc")
    first = chosen.named[0].read_bytes()
    again = read_fonts([Path("two.ttc")], tmp_path, tmp_path / "again")
    assert again.named[0].read_bytes() == first


def variable(path: Path) -> Path:
    font = TTFont(make_font(path, "发"))
    axis = Axis()
    axis.axisTag, axis.minValue, axis.defaultValue, axis.maxValue = "wght", 100, 400, 900
    font["fvar"] = newTable("fvar")
    font["fvar"].axes, font["fvar"].instances = [axis], []
    font.save(path)
    return path


def cut_short(path: Path) -> Path:
    path.write_bytes(make_font(path, "发").read_bytes()[:300])
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path, "font.ttf is no file"),
        (lambda path: path.mkdir() or path, "font.ttf is no file"),
        (lambda path: path.write_text("GIF89a") and path, "can't be read as a TrueType or OpenType font"),
        (cut_short, "can't be read as a TrueType or OpenType font"),
        (lambda path: make_font(path, ""), "holds no outlines"),
        (variable, "is a variable font"),
        (lambda path: make_font(path, "发", rights=0x0002), "allows no embedding"),
        (lambda path: make_font(path, "发", rights=0x0100), "allows no embedding"),
        (lambda path: make_font(path, "发", family='A"]; #panic()'), "a name that can't be used"),
    ],
)
def test_a_file_that_cant_set_the_report_is_refused(tmp_path, make, message):
    path = make(tmp_path / "font.ttf")
    with pytest.raises(ParameterError, match=re.escape(message)):
        read_fonts([path], tmp_path, tmp_path / "work")


def test_two_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    paths = [make_font(tmp_path / "x.ttf", "发"), make_font(tmp_path / "a/x.ttf", "热")]
    with pytest.raises(ParameterError, match=r"two files are called x\.ttf"):
        read_fonts(paths, tmp_path, tmp_path / "work")


DRAW = """\
import hashlib
import altair as alt, pandas as pd
from csrkit.charts import drawing
data = pd.DataFrame({"term": ["发热 fever", "头痛", "plain"], "n": [1, 2, 3]})
chart = alt.Chart(data, title="头痛 by term").mark_bar().encode(x="n:Q", y="term:N").to_dict()
svg = drawing.chart_svg(chart)
print(hashlib.sha256(svg.encode() + drawing.chart_png(svg)).hexdigest())
"""


def test_charts_are_the_same_whatever_fonts_the_machine_has(tmp_path):
    make_font(tmp_path / "a.ttf", "发热头痛", family="AAA", width=3000)
    make_font(tmp_path / "b.ttf", "plainfever", family="DejaVu Sans", width=3000)
    listing = tmp_path / "fonts.conf"
    listing.write_text(f"<fontconfig><dir>{tmp_path}</dir></fontconfig>", encoding="utf-8")
    results = set()
    for more in ({}, {"FONTCONFIG_FILE": str(listing)}, {"HOME": str(tmp_path)}):
        command = [sys.executable, "-c", DRAW]
        env = {**os.environ, **more}
        results.add(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout)
    assert len(results) == 1


def test_word_names_a_font_for_chinese_wherever_it_names_one(tmp_path):
    (tmp_path / "reference.docx").write_bytes(reference_doc("Title", "Notice"))
    document = docx.Document(io.BytesIO((tmp_path / "reference.docx").read_bytes()))
    section = document.sections[0]
    for part in (document.styles.element, section.header._element, section.footer._element):
        named = list(part.iter(qn("w:rFonts")))
        assert named
        assert {fonts.get(qn("w:eastAsia")) for fonts in named} == {"Microsoft YaHei"}
        assert not [fonts for fonts in named if fonts.get(qn("w:eastAsiaTheme"))]


@pytest.mark.parametrize(
    "path",
    [
        "_extensions/csr/assets/csr.css",
        "src/csrkit/render/embedded/templates/frame.css",
        "src/csrkit/versions/templates/compare.html",
    ],
)
def test_pages_name_fonts_for_chinese(root, path):
    families = re.findall(r"font: 1rem/[^;]+;", (root / path).read_text(encoding="utf-8"))
    assert families
    for found in families:
        assert re.search(r'"Noto Sans SC", "PingFang SC",\s+"Microsoft YaHei", sans-serif;$', found)
