"""The search for original data in published files: whatever form they stand in, they are found."""

import base64
import gzip
import io
import json
import urllib.parse
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from csrkit.disclosure.leaks import Leak, Originals, find_leaks, originals_of, refuse_leaks
from csrkit.errors import PublishError
from csrkit.tables import writers
from csrkit.tables.table import Table
from itpcsr.sdtm import Trial

ORIGINALS = Originals(
    frozenset({"sim-007", "profuse menstruation", "发热三天以上"}), frozenset({"2020-03-28"})
)
PLANTED = "the subject SIM-007, on 2020-03-28"


def zipped(text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:t>{text[:15]}</w:t><w:t>{text[15:]}</w:t>")
    return content.getvalue()


def parquet(frame: pd.DataFrame, metadata: dict[str, str]) -> bytes:
    table = pa.Table.from_pandas(frame).replace_schema_metadata(metadata)
    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd")
    return content.getvalue()


FORMS = {
    "page.html": f"<p>{PLANTED}</p>".encode(),
    "split.html": b"<p>SIM-<wbr>0<b>07</b>, 2020-<i>03</i>-28</p>",
    "escaped.html": b"<p>SIM&#45;007, 2020&#x2d;03-28</p>",
    "data.json": json.dumps({"a": PLANTED}).encode(),
    "escaped.json": "".join(f"\\u{ord(sign):04x}" for sign in PLANTED).encode(),
    "chart.csv": f"subject,day\n{PLANTED}\n".encode(),
    "word.docx": zipped(PLANTED),
    "link.html": urllib.parse.quote(PLANTED, safe="").replace("-", "%2D").encode(),
    "picture.svg": b"<image href='data:text/plain;base64," + base64.b64encode(PLANTED.encode()) + b"'/>",
    "packed.bin": base64.b64encode(zipped(PLANTED)),
    "data.csv.gz": gzip.compress(PLANTED.encode()),
    "table.rtf": rb"{\rtf1\ansi {\b SIM}\'2d007 2020\'2d03-28}",
    "rows.parquet": parquet(pd.DataFrame({"x": [PLANTED]}), {}),
    "labels.parquet": parquet(pd.DataFrame({"x": [1]}), {"label": PLANTED}),
    "wide.txt": PLANTED.encode("utf-16-le"),
    "SIM-007-20200328.txt": b"nothing",
}


@pytest.mark.parametrize("name", FORMS)
def test_an_original_is_found_in_every_form(name, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).write_bytes(FORMS[name])
    found = {leak.found for leak in find_leaks(tmp_path, ORIGINALS)}
    assert found == {"sim-007", "2020-03-28"}


def test_words_as_reported_are_found_in_any_writing(tmp_path):
    (tmp_path / "a.html").write_text("<td>Profuse menstruation</td>", encoding="utf-8")
    (tmp_path / "b.rtf").write_text(
        "{\\rtf1 " + "".join(f"\\u{ord(c)}?" for c in "发热三天以上") + "}", encoding="utf-8"
    )
    table = writers.to_rtf(Table("x", absent="发热三天以上"), "Title", "Subtitle")
    (tmp_path / "c.rtf").write_text(table, encoding="ascii")
    assert find_leaks(tmp_path, ORIGINALS) == [
        Leak("a.html", "profuse menstruation"),
        Leak("b.rtf", "发热三天以上"),
        Leak("c.rtf", "发热三天以上"),
    ]


def test_the_text_of_a_pdf_is_searched(tmp_path):
    (tmp_path / "csr.pdf").write_bytes(b"%PDF-1.7 compressed")
    assert find_leaks(tmp_path, ORIGINALS, lambda path: PLANTED) == [
        Leak("csr.pdf", "sim-007"), Leak("csr.pdf", "2020-03-28")
    ]  # fmt: skip


def test_clean_files_hold_none(tmp_path):
    (tmp_path / "a.html").write_text("<p>S-7KQ3XD, 2020-03-29</p>", encoding="utf-8")
    assert find_leaks(tmp_path, ORIGINALS) == []
    refuse_leaks(tmp_path, ORIGINALS)


def test_publication_stops_without_repeating_what_was_found(tmp_path):
    (tmp_path / "a.html").write_text(PLANTED, encoding="utf-8")
    with pytest.raises(PublishError, match=r"2 identifiers, .* are in a\.html") as error:
        refuse_leaks(tmp_path, ORIGINALS)
    assert "007" not in str(error.value)


def test_what_the_report_says_anyway_is_no_original():
    original = Trial(
        {"AE": pd.DataFrame({"USUBJID": ["T-01"], "AETERM": ["HEADACHE"], "AESTDTC": ["2020-01-02T08:00"]})}
    )
    disclosed = Trial(
        {"AE": pd.DataFrame({"USUBJID": ["S-XXXXXX"], "AETERM": ["Headache"], "AESTDTC": ["2001-01-02"]})}
    )
    found = originals_of(original, disclosed, ["a report of 2019-12-31 on t-01"])
    assert found == Originals(frozenset({"t-01"}), frozenset({"2020-01-02"}))
    for text in ("from 2020-01-02 on", "seed = 20200102"):
        assert originals_of(original, disclosed, [text]).days == frozenset()
