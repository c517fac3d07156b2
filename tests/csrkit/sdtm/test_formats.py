"""Every format gives the same frames, and what is broken is named."""

import gzip
import json
import zlib

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from csrkit.errors import DataError
from csrkit.sdtm.formats.table import Variable
from itpcsr.sdtm import read_trial
from tests.csrkit.sdtm.sas7bdat import make_sas7bdat

DM = "STUDYID,DOMAIN,USUBJID,AGE\nT,DM,01,44\nT,DM,02,\n"
LB = "STUDYID;DOMAIN;USUBJID;LBSTRESN\n"
SAMPLES = ("ae", "cm", "dm", "ds", "ie", "mh", "relrec", "suppdm", "sv", "ta", "te", "ti", "ts", "tv")
COLUMNS = [
    {"itemOID": "IT.DM.DOMAIN", "name": "DOMAIN", "label": "Domain", "dataType": "string", "length": 2},
    {"itemOID": "IT.DM.USUBJID", "name": "USUBJID", "label": "Subject", "dataType": "string"},
    {"itemOID": "IT.DM.AGE", "name": "AGE", "label": "Age", "dataType": "integer", "displayFormat": "3."},
]  # fmt: skip
ROWS = [["DM", "01", 44], ["DM", "02", None]]


@pytest.fixture(scope="session")
def samples(root):
    folder = root.parent / "shared/data/dataset_json"
    if not folder.is_dir():
        pytest.skip(f"the Dataset-JSON samples of CDISC aren't at {folder}")
    return folder


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def dataset(rows=ROWS, **changes):
    head = {
        "datasetJSONCreationDateTime": "2024-11-11T15:09:15",
        "datasetJSONVersion": "1.1.0",
        "itemGroupOID": "IG.DM",
        "records": len(rows),
        "name": "DM",
        "label": "Demographics",
        "columns": COLUMNS,
    }
    return {**head, **changes}, rows


def as_json(rows=ROWS, **changes):
    head, rows = dataset(rows, **changes)
    return json.dumps({**head, "rows": rows}, ensure_ascii=False)


def as_ndjson(rows=ROWS, **changes):
    head, rows = dataset(rows, **changes)
    return "\n".join(json.dumps(part, ensure_ascii=False) for part in [head, *rows]) + "\n"


# --- the same rows in several forms ---


@pytest.mark.parametrize("name", SAMPLES)
def test_dataset_json_and_transport_hold_the_same(samples, name):
    trials = [read_trial([samples / f"sdtm/{name}.{form}"]) for form in ("json", "ndjson", "dsjc", "xpt")]
    domain = name.upper()
    for trial in trials[1:]:
        pd.testing.assert_frame_equal(trial[domain], trials[0][domain])
        assert trial.labels == trials[0].labels
        labels = [{n: v.label for n, v in t.variables[domain].items()} for t in (trial, trials[0])]
        assert labels[0] == labels[1]


def test_a_folder_of_compressed_dataset_json_is_a_trial(samples, tmp_path):
    for path in (samples / "sdtm").glob("*.dsjc"):
        put(tmp_path, path.name, path.read_bytes())
    put(tmp_path, "define.xml", (samples / "sdtm/define.xml").read_bytes())
    put(tmp_path, "dataset.schema.json", (samples / "schema/dataset.schema.json").read_bytes())
    put(tmp_path, "dataset-ndjson-schema.json", (samples / "schema/dataset-ndjson-schema.json").read_bytes())
    trial = read_trial([tmp_path])
    assert set(trial.domains) == {name.upper() for name in (*SAMPLES, "lb", "vs")}
    assert len(trial["LB"]) == 3488


def test_japanese_text_and_extensions_are_read(samples):
    assert read_trial([samples / "i18n/ae.json"])["AE"]["AETERM"].str.contains("[\u3040-\u30ff]").any()


def test_extended_metadata_does_no_harm_but_the_sample_breaks_the_standard(samples, tmp_path):
    path = samples / "extensions/extended_dataset.json"
    with pytest.raises(DataError, match="holds 2 rows, but says it has 72 records"):
        read_trial([path])
    whole = json.loads(path.read_text(encoding="utf-8")) | {"records": 2}
    with pytest.raises(DataError, match='AEENDY in row 1 is "na"; dataType integer is written as a number'):
        read_trial([put(tmp_path, "ae.json", json.dumps(whole))])
    whole["rows"] = [[None if cell == "na" else cell for cell in row] for row in whole["rows"]]
    assert len(read_trial([put(tmp_path, "ae.json", json.dumps(whole))])["AE"]) == 2


def test_adam_datasets_are_told_from_sdtm(pilot_folder):
    with pytest.raises(DataError, match=r"adlbc\.dsjc: has no DOMAIN .* looks like an ADaM dataset"):
        read_trial([pilot_folder / "adam_dsjc/adlbc.dsjc"])


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zlib.compress])
@pytest.mark.parametrize("form", [as_json, as_ndjson])
@pytest.mark.parametrize("mark", ["", "\ufeff", "\n "])
def test_dataset_json_in_every_framing(tmp_path, pack, form, mark):
    trial = read_trial([put(tmp_path, "anything", pack((mark + form()).encode()))])
    assert trial["DM"]["AGE"].tolist()[0] == 44
    assert trial["DM"]["AGE"].isna().tolist() == [False, True]
    assert trial.labels["DM"] == "Demographics"
    assert trial.variables["DM"]["DOMAIN"] == Variable("Domain", 2, "")
    assert trial.variables["DM"]["AGE"] == Variable("Age", None, "3.")


def test_decimals_come_as_text_and_dates_stay_text(tmp_path):
    columns = [
        *COLUMNS[:2],
        {"itemOID": "a", "name": "DMDTC", "label": "", "dataType": "date", "targetDataType": "integer"},
        {"itemOID": "b", "name": "DMDY", "label": "", "dataType": "decimal", "targetDataType": "decimal"},
    ]
    rows = [["DM", "01", "2014-01-02", "1.25"], ["DM", "02", "2014-01", None], ["DM", "03", None, ""]]
    dm = read_trial([put(tmp_path, "dm.json", as_json(rows, columns=columns))])["DM"]
    assert dm["DMDTC"].tolist() == ["2014-01-02", "2014-01", ""]
    assert dm["DMDY"].tolist()[0] == 1.25
    assert dm["DMDY"].isna().tolist() == [False, True, True]


def test_a_dataset_without_rows_is_named_by_its_metadata(tmp_path):
    trial = read_trial([put(tmp_path, "export.json", as_json([]))])
    assert trial["DM"].shape == (0, 3)
    assert trial["DM"]["AGE"].dtype == "float64"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (as_json()[:-40], "no valid JSON .* Is the file complete"),
        (as_json() + "[1]", "more text follows"),
        (as_ndjson()[:-6], "rows are no valid JSON"),
        ("\n".join(as_ndjson().splitlines()[:-1]), "holds 1 rows, but says it has 2 records"),
        (as_json(records=3), "holds 2 rows, but says it has 3 records"),
        (as_json([["DM", "01"]]), "row 1 has 2 values for 3 columns"),
        (as_json([{"DOMAIN": "DM"}]), "row 1 has"),
        (as_json([["DM", "01", "44"]]), 'AGE in row 1 is "44"; dataType integer is written as a number'),
        (as_json([["DM", 1, 44]]), "USUBJID in row 1 is 1; dataType string is written as text"),
        (as_json([["DM", "01", True]]), "AGE in row 1 is true"),
        (as_json().replace("44", "NaN"), "NaN is no JSON number"),
        (as_json(datasetJSONVersion="1.0.0"), "not Dataset-JSON 1.1"),
        (json.dumps({"clinicalData": {}}), "the form of version 1.0"),
        (json.dumps([{"DOMAIN": "DM"}]), "not Dataset-JSON: it holds"),
        (json.dumps({"name": "package"}), "not Dataset-JSON 1.1"),
        (as_json(columns=[{"name": "DOMAIN", "dataType": "text"}]), "column 1 .* has dataType 'text'"),
        (as_json(columns="DOMAIN"), "`columns` must be a list"),
        (json.dumps({"datasetJSONVersion": "1.1"}), "lacks itemGroupOID, records"),
        (as_json().encode("utf-16-le"), "dm.json"),
    ],
)
def test_faulty_dataset_json_is_named(tmp_path, content, message):
    put(tmp_path, "dm.json", content)
    with pytest.raises(DataError, match=message) as error:
        read_trial([tmp_path])
    assert "dm.json" in str(error.value)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_truncated_compressed_file_is_an_error(tmp_path, pack):
    put(tmp_path, "dm.dsjc", pack(as_ndjson().encode())[:-20])
    with pytest.raises(DataError, match=r"dm\.dsjc: can't be read .* Is the file complete"):
        read_trial([tmp_path])


# --- SAS ---


@pytest.mark.parametrize("version", [5, 8])
def test_both_transport_versions_keep_labels_and_formats(tmp_path, version):
    frame = pd.DataFrame({"DOMAIN": ["DM"], "USUBJID": ["01"], "AGE": [44.0]})
    pyreadstat.write_xport(
        frame, tmp_path / "dm.xpt", file_label="Demographics", table_name="DM", file_format_version=version,
        column_labels={"AGE": "Age"}, variable_format={"AGE": "BEST8"},
    )  # fmt: skip
    trial = read_trial([tmp_path])
    pd.testing.assert_frame_equal(trial["DM"], frame)
    assert trial.labels["DM"] == "Demographics"
    assert trial.variables["DM"]["AGE"] == Variable("Age", 8, "BEST8")
    assert trial.variables["DM"]["DOMAIN"].length == 2


SAS_COLUMNS = {
    "DOMAIN": ("Domain Abbreviation", "", 2),
    "AGE": ("Age", "BEST", 0),
    "COUNTRY": ("", "$", 8),
}
SAS_ROWS = [("DM", 44.0, "Köln"), ("DM", float("nan"), "")]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("name", ["dm.sas7bdat", "anything"])
def test_sas7bdat_is_read_in_the_encoding_that_it_names(tmp_path, encoding, name):
    path = put(tmp_path, name, make_sas7bdat("DM", SAS_COLUMNS, SAS_ROWS, encoding))
    trial = read_trial([path])
    expected = pd.DataFrame(SAS_ROWS, columns=list(SAS_COLUMNS)).astype({"AGE": float})
    pd.testing.assert_frame_equal(trial["DM"], expected)
    assert trial.variables["DM"]["AGE"] == Variable("Age", 8, "BEST")
    assert trial.variables["DM"]["COUNTRY"] == Variable("", 8, "$")
    assert trial.notes == {}


@pytest.mark.parametrize("length", [100, 1500, 6000])
def test_truncated_sas7bdat_is_an_error(tmp_path, length):
    put(tmp_path, "dm.sas7bdat", make_sas7bdat("DM", SAS_COLUMNS, SAS_ROWS)[:length])
    with pytest.raises(DataError, match=r"dm\.sas7bdat: can't be read as SAS7BDAT .* Is the file complete"):
        read_trial([tmp_path])


def test_a_transport_file_cut_within_a_row_is_an_error(tmp_path):
    rows = [("AE", float(number), f"{number:02}".ljust(23, "x")) for number in range(40)]  # of 33 bytes
    frame = pd.DataFrame(rows, columns=["DOMAIN", "AESEQ", "AETERM"])
    pyreadstat.write_xport(frame, tmp_path / "ae.xpt", table_name="AE", file_format_version=5)
    content = (tmp_path / "ae.xpt").read_bytes()
    for records in range(1, 12):
        put(tmp_path, "ae.xpt", content[: -80 * records])
        with pytest.raises(DataError, match=r"ae\.xpt: the file is cut off within its last row"):
            read_trial([tmp_path])


def test_a_sas_date_where_sdtm_has_text_is_refused(tmp_path):
    frame = pd.DataFrame({"DOMAIN": ["DM"], "DMDTC": [19725.0]})
    pyreadstat.write_xport(frame, tmp_path / "dm.xpt", table_name="DM", variable_format={"DMDTC": "DATE9"})
    with pytest.raises(DataError, match="DMDTC is numeric; SDTM has text there"):
        read_trial([tmp_path])


def test_a_numeric_column_without_values_becomes_text(tmp_path):
    frame = pd.DataFrame({"DOMAIN": ["AE", "AE"], "AETOXGR": [None, None], "AESEQ": [1.0, 2.0]}).astype(
        {"AETOXGR": float}
    )
    pyreadstat.write_xport(frame, tmp_path / "ae.xpt", table_name="AE")
    assert read_trial([tmp_path])["AE"]["AETOXGR"].tolist() == ["", ""]


def test_numbers_become_text_where_nothing_can_be_lost(tmp_path):
    frame = pd.DataFrame({"DOMAIN": ["LB", "LB"], "LBORRES": [31.0, 2.5], "LBSTRESN": [31.0, 2.5]})
    frame.to_parquet(tmp_path / "lb.parquet")
    assert read_trial([tmp_path])["LB"]["LBORRES"].tolist() == ["31", "2.5"]


def transport_with(folder, name, text):
    """Write a file whose text isn't UTF-8, by putting other bytes in the place of ASCII ones."""
    frame = pd.DataFrame({"DOMAIN": ["AE"], "USUBJID": ["01"], "AETERM": ["#" * len(text)]})
    pyreadstat.write_xport(frame, folder / name, table_name="AE", file_format_version=5)
    content = (folder / name).read_bytes()
    return put(folder, name, content.replace(b"#" * len(text), text))


def test_windows_text_in_transport_is_read_and_noted(tmp_path):
    transport_with(tmp_path, "ae.xpt", "Crohn’s disease".encode("cp1252"))
    trial = read_trial([tmp_path])
    assert trial["AE"]["AETERM"].tolist() == ["Crohn’s disease"]
    assert "cp1252" in trial.notes["AE"][0]


def test_chinese_text_in_transport_is_not_taken_for_windows_text(tmp_path):
    path = transport_with(tmp_path, "ae.xpt", "血小板减少".encode("gbk"))
    with pytest.raises(DataError, match=r"ae\.xpt: is no UTF-8; the bytes .* could be .*GBK"):
        read_trial([path])
    mapping = put(tmp_path, "site.yml", "encoding: gb18030\n")
    assert read_trial([path, mapping])["AE"]["AETERM"].tolist() == ["血小板减少"]


# --- Parquet ---


def test_parquet_of_others_is_read(tmp_path):
    table = pa.table(
        {
            "domain": pa.array(["DM", "DM"]).dictionary_encode(),
            "usubjid": pa.array(["01", None]),
            "age": pa.array([44, None], pa.int8()),
            "sex": pa.nulls(2),
            "dmdtc": pa.array(["2020-01", ""], pa.large_string()),
        }
    )
    pq.write_table(table, tmp_path / "dm.parquet")
    dm = read_trial([tmp_path])["DM"]
    assert dm["USUBJID"].tolist() == ["01", ""]
    assert dm["SEX"].tolist() == ["", ""]
    assert dm["AGE"].tolist()[0] == 44
    assert set(map(str, dm.dtypes)) == {"str", "float64"}


def test_parquet_written_by_pandas_with_an_index_is_read(tmp_path):
    pd.DataFrame({"DOMAIN": ["DM"]}, index=["a"]).to_parquet(tmp_path / "dm.parquet")
    assert list(read_trial([tmp_path])["DM"].columns) == ["DOMAIN"]


@pytest.mark.parametrize(
    "values", [pa.array([True]), pa.array([0], pa.date32()), pa.array([0], pa.timestamp("s"))]
)
def test_types_that_sdtm_does_not_have_are_refused(tmp_path, values):
    pq.write_table(pa.table({"DOMAIN": ["DM"], "DMDTC": values}), tmp_path / "dm.parquet")
    with pytest.raises(DataError, match=r"dm\.parquet: DMDTC is of type .*; SDTM has text and numbers"):
        read_trial([tmp_path])


def test_truncated_parquet_is_an_error(tmp_path):
    pq.write_table(pa.table({"DOMAIN": ["DM"]}), tmp_path / "dm.parquet")
    content = (tmp_path / "dm.parquet").read_bytes()
    for broken in (content[:-30], content.replace(b"DOMAIN", b"DOM\xfeIN")):
        put(tmp_path, "dm.parquet", broken)
        with pytest.raises(DataError, match=r"dm\.parquet: can't be read as Parquet"):
            read_trial([tmp_path])


# --- delimited text ---


@pytest.mark.parametrize(
    ("encoding", "noted"), [("utf-8", False), ("utf-8-sig", False), ("utf-16", False), ("cp1252", True)]
)
def test_encodings_of_text(tmp_path, encoding, noted):
    text = "STUDYID,DOMAIN,USUBJID,AETERM\nT,AE,01,Crohn’s disease\nT,AE,01,café µg ±1\n"
    put(tmp_path, "ae.csv", text.encode(encoding))
    trial = read_trial([tmp_path])
    assert trial["AE"]["AETERM"].tolist() == ["Crohn’s disease", "café µg ±1"]
    assert ("AE" in trial.notes) == noted


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "shift_jis"])
def test_text_that_could_be_eastern_is_refused_unless_its_encoding_is_named(tmp_path, encoding):
    text = "STUDYID,DOMAIN,USUBJID,AETERM\nT,AE,01,出血\n"
    path = put(tmp_path, "ae.csv", text.encode(encoding))
    with pytest.raises(DataError, match=r"ae\.csv: is no UTF-8; .*could be .*GBK.* Save it as UTF-8"):
        read_trial([path])
    mapping = put(tmp_path, "site.yml", f"encoding: {encoding}\n")
    assert read_trial([path, mapping])["AE"]["AETERM"].tolist() == ["出血"]


def test_bytes_of_no_known_encoding_are_refused(tmp_path):
    put(tmp_path, "ae.csv", b"STUDYID,DOMAIN,USUBJID,AETERM\nT,AE,01,\x81 \xff\n")
    with pytest.raises(DataError, match="no other encoding that is known reads it"):
        read_trial([tmp_path])


def test_decimal_commas_are_read(tmp_path):
    put(tmp_path, "lb.csv", LB + "T;LB;01;1,5\nT;LB;01;12\nT;LB;01;1,234\nT;LB;01;\n")
    trial = read_trial([tmp_path])
    assert trial["LB"]["LBSTRESN"].tolist()[:3] == [1.5, 12.0, 1.234]
    assert "decimal comma" in trial.notes["LB"][0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1,234"], "could be a decimal mark or set off thousands"),
        (["1,5", "1.234"], "both marks occur"),
        (["1,234.5"], "'1,234.5'"),
        (["1,234,567"], "thousands separators"),
        (["1,5x"], "LBSTRESN in line 2 is '1,5x'; a number is expected"),
    ],
)
def test_numbers_that_could_be_two_things_are_refused(tmp_path, values, message):
    put(tmp_path, "lb.csv", LB + "".join(f"T;LB;01;{value}\n" for value in values))
    with pytest.raises(DataError, match=message) as error:
        read_trial([tmp_path])
    assert "lb.csv" in str(error.value)


@pytest.mark.parametrize("value", ["0,123", "1234,567", "-0,5", "1,5e3"])
def test_one_unmistakable_decimal_comma_settles_it(tmp_path, value):
    put(tmp_path, "lb.csv", LB + f"T;LB;01;{value}\nT;LB;01;1,234\n")
    assert read_trial([tmp_path])["LB"]["LBSTRESN"].tolist() == [float(value.replace(",", ".")), 1.234]


def test_missing_numbers_of_r_and_sas_are_missing(tmp_path):
    put(tmp_path, "dm.csv", DM.replace("44", ".").replace("02,", "02,NA"))
    assert read_trial([tmp_path])["DM"]["AGE"].isna().all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('STUDYID,DOMAIN,USUBJID\nT,DM,"01\n', "a quotation mark in line 2 would join lines"),
        (DM.replace("STUDYID", ""), "column 1 has no name"),
        (DM + "T,DM,03,1,x\n", "line 4 has 5 values for 4 columns"),
        ("STUDYID DOMAIN\nT DM\n", "no row of column names"),
        (b"PK\x03\x04rest", "an Excel workbook, which isn't read"),
        (b"<?xml version='1.0'?>", "an XML file, which isn't read"),
        (DM.encode("utf-16-le"), "neither text nor any other format"),
    ],
)
def test_text_that_is_no_table_is_named(tmp_path, content, message):
    put(tmp_path, "dm.csv", content)
    with pytest.raises(DataError, match=message) as error:
        read_trial([tmp_path])
    assert "dm.csv" in str(error.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_quotes_of_all_systems(tmp_path, end):
    rows = ["STUDYID,DOMAIN,USUBJID,AETERM", 'T,AE,01,"said ""ouch"", twice"', "", "T,AE,01,plain  "]
    put(tmp_path, "ae.csv", (end.join(rows) + end))
    assert read_trial([tmp_path])["AE"]["AETERM"].tolist() == ['said "ouch", twice', "plain"]


# --- which files of a folder are read ---


@pytest.mark.parametrize("name", ["dm.tsv", "DM.TXT", "dm.csv.gz", "dm.txt.gz"])
def test_names_of_data_files(tmp_path, name):
    content = gzip.compress(DM.encode()) if name.endswith("gz") else DM
    put(tmp_path, name, content)
    put(tmp_path, "README.txt", "Nothing to see here.")
    assert list(read_trial([tmp_path]).domains) == ["DM"]


def test_a_domain_in_a_format_that_is_not_read_is_not_left_out_silently(tmp_path):
    put(tmp_path, "dm.csv", DM)
    put(tmp_path, "ae.xlsx", b"PK\x03\x04rest")
    with pytest.raises(DataError, match=r"ae\.xlsx: is a ZIP archive or an Excel workbook"):
        read_trial([tmp_path])


@pytest.mark.parametrize("name", ["dm.xpt", "dm.sas7bdat", "dm.parquet", "dm.json", "dm.dsjc"])
def test_text_under_the_name_of_another_format_is_refused(tmp_path, name):
    put(tmp_path, name, DM)
    with pytest.raises(DataError, match="though its name says so"):
        read_trial([tmp_path])
