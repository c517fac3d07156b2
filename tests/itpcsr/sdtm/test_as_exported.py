"""Data as other programs write them: NA, cut letters, NUL, short records, stray quotation marks."""

import json

import pandas as pd
import pyreadstat
import pytest

from csrkit.errors import DataError
from csrkit.sdtm.formats.table import is_cut_utf8
from itpcsr.sdtm import read_trial
from tests.csrkit.sdtm.sas7bdat import make_sas7bdat

AE = "STUDYID,DOMAIN,USUBJID,AESEQ,AETERM,AESTDTC\n"


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_na_is_text_in_text_and_missing_with_a_note_in_numbers_and_dates(tmp_path):
    frame = pd.DataFrame(
        {"STUDYID": "T", "DOMAIN": "LB", "USUBJID": ["NA", "01"], "LBTESTCD": ["NA", "K"],
         "LBSTRESN": ["140", "NA"], "LBDTC": ["2020-01-01", "NA"], "LBNRIND": ["NA", ""]}
    )  # fmt: skip
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "b.parquet")
    pyreadstat.write_xport(frame, tmp_path / "c.xpt", table_name="LB")
    for name in ("a.csv", "b.parquet", "c.xpt"):
        trial = read_trial([tmp_path / name])
        for text in ("USUBJID", "LBTESTCD", "LBNRIND"):
            assert trial["LB"][text].tolist()[0] == "NA"
        assert trial["LB"]["LBSTRESN"].isna().tolist() == [False, True]
        assert trial["LB"]["LBDTC"].tolist() == ["2020-01-01", ""]
        assert trial.notes["LB"] == (
            "LBSTRESN: NA in 1 records is taken as missing.", "LBDTC: NA in 1 records is taken as missing.",
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["decimal", "integer", "float", "double"])
def test_a_number_of_dataset_json_may_be_missing_as_text(tmp_path, kind):
    names = {"DOMAIN": "string", "USUBJID": "string", "AEPTCD": kind}
    rows = [["AE", "01", value] for value in ("NA", " NA", "", " ", None)]
    columns = [{"itemOID": n, "name": n, "label": n, "dataType": t} for n, t in names.items()]
    head = {"datasetJSONVersion": "1.1.0", "itemGroupOID": "IG.AE", "records": 5, "name": "AE", "label": ""}
    put(tmp_path, "ae.json", json.dumps({**head, "columns": columns, "rows": rows}))
    trial = read_trial([tmp_path])
    assert trial["AE"]["AEPTCD"].isna().all()
    assert trial.notes["AE"] == ("AEPTCD: ' ', ' NA', '', 'NA' in 4 records is taken as missing.",)


CUT = "血小板减少".encode() + "症".encode()[:2]


def test_utf_8_cut_within_a_letter_is_utf_8_in_every_format(tmp_path):
    put(tmp_path, "ae.csv", AE.encode() + b"T,AE,01,1," + CUT + b",2020-01-01\n")
    frame = pd.DataFrame({"DOMAIN": ["AE"], "USUBJID": ["01"], "AETERM": ["#" * len(CUT)]})
    pyreadstat.write_xport(frame, tmp_path / "ae.xpt", table_name="AE", file_format_version=5)
    content = (tmp_path / "ae.xpt").read_bytes()
    put(tmp_path, "ae.xpt", content.replace(b"#" * len(CUT), CUT))
    columns = {"DOMAIN": ("", "$", 2), "USUBJID": ("", "$", 2), "AETERM": ("", "$", len(CUT))}
    content = make_sas7bdat("AE", columns, [("AE", "01", "#" * len(CUT))])
    put(tmp_path, "ae.sas7bdat", content.replace(b"#" * len(CUT), CUT))
    mapping = put(tmp_path, "site.yml", "encoding: gb18030\n")
    for name in ("ae.csv", "ae.xpt", "ae.sas7bdat"):
        for sources in ([tmp_path / name], [tmp_path / name, mapping]):
            trial = read_trial(sources)
            assert trial["AE"]["AETERM"].tolist() == ["血小板减少\ufffd"]
            assert "is UTF-8 with letters cut" in trial.notes["AE"][0]


def test_other_encodings_are_not_taken_for_cut_utf_8():
    words = ("血小板减少", "出血", "头晕和恶心", "上呼吸道感染", "皮疹", "发热", "鼻出血，轻度")
    for codec in ("gb18030", "big5", "shift_jis", "cp1252"):
        text = " ".join(words) if codec == "gb18030" else "出血 上 café’s" if codec == "cp1252" else "出血 上"
        assert not is_cut_utf8(text.encode(codec, "ignore"))
    assert not is_cut_utf8("µg ± Crohn’s".encode("cp1252"))
    assert not is_cut_utf8("血小板".encode())  # nothing is cut


@pytest.fixture
def transport(tmp_path):
    frame = pd.DataFrame(
        {"DOMAIN": "AE", "USUBJID": "01", "AETERM": ["a", "b"], "AESTDTC": ["2022-03-01", "2022-03-02"],
         "AESEQ": [1.0, 2.0]}
    )  # fmt: skip
    pyreadstat.write_xport(frame, tmp_path / "ae.xpt", table_name="AE", file_format_version=5)
    return frame, (tmp_path / "ae.xpt").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.rstrip(b" ") + b"\x00" * (len(text) - len(text.rstrip(b" "))),
        lambda text: text.rstrip(b" "),
        lambda text: text + b"\x00" * 240,
        lambda text: text.rstrip(b" ") + b"\x00" * 3,
    ],
)
def test_transport_files_are_read_however_their_end_is_filled(transport, tmp_path, change):
    frame, content = transport
    trial = read_trial([put(tmp_path, "ae.xpt", change(content))])
    pd.testing.assert_frame_equal(trial["AE"], frame)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['T,AE,1,1,"5 needle scar,2020', 'T,AE,2,2,7" scar,2020', "T,AE,3,3,x,2020"], "line 2 would join lines 2 to 3"),
        (['T,AE,1,1,"5 scar,2020', 'T,AE,2,2,scar 7",2020'], "join lines 2 to 3 into one record"),
        (['T,AE,1,1,"5 scar,2020', "T,AE,2,2,x,2020", 'T,AE,3,3,"5 scar,2020'], "line 2 would join lines 2 to 4"),
        (['T,AE,1,1,"5 scar,2020', "T,AE,2,2,x,2020"], "line 2 would join lines 2 to 3"),
    ],
)  # fmt: skip
def test_stray_quotation_marks_never_join_records(tmp_path, lines, message):
    put(tmp_path, "ae.csv", AE + "\n".join(lines) + "\n")
    with pytest.raises(DataError, match=message):
        read_trial([tmp_path])


def test_quotation_marks_that_join_nothing_are_text(tmp_path):
    put(
        tmp_path,
        "ae.csv",
        AE + 'T,AE,1,1,7" scar,2020\nT,AE,2,2,"a ""b"", c\nd, e",2020\n"T\nU",AE,3,3,x,2020\n',
    )
    trial = read_trial([tmp_path])
    assert trial["AE"]["AETERM"].tolist() == ['7" scar', 'a "b", c d, e', "x"]
