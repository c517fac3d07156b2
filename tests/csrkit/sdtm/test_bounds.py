"""What is too large, too deep or endless is refused with its bound; nothing of it ends in a traceback."""

import gzip
import json
import os
import time
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from pydantic import ValidationError

from csrkit.bounds import VARIABLE, Bounds, chosen_bounds, held_to, write_bounds
from csrkit.errors import DataError, ParameterError
from csrkit.sdtm.formats.table import column_names
from itpcsr.sdtm import load_trial, read_trial
from itpcsr.study import read_report, read_study, read_yaml
from tests.csrkit.sdtm.sas7bdat import make_sas7bdat

HEAD = {"datasetJSONVersion": "1.1.0", "itemGroupOID": "IG.DM", "records": 1, "name": "DM", "label": "DM"}
DOMAIN = {"itemOID": "IT.DM.DOMAIN", "name": "DOMAIN", "label": "", "dataType": "string"}
AGE = {"itemOID": "IT.DM.AGE", "name": "AGE", "label": "", "dataType": "integer"}
ONE = b"STUDYID,DOMAIN,USUBJID\nT,DM,01\n"


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def as_json(columns=(DOMAIN,), rows='[["DM"]]', **changes):
    head = json.dumps({**HEAD, "columns": list(columns), **changes})
    return f'{head[:-1]}, "rows": {rows}}}'


# --- size ---


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, bytes])
def test_a_file_that_unpacks_to_more_than_the_bound_is_refused(tmp_path, pack):
    path = put(tmp_path, "dm", pack(ONE + b"T,DM,02\n" * 500_000))
    with pytest.raises(
        DataError, match=r"dm: .*bytes or more, beyond the bound `size` of 2,000,000\. .*raise"
    ):
        read_trial([path], Bounds(size=2_000_000))
    assert len(read_trial([path])["DM"]) == 500_001


def test_members_of_gzip_are_counted_together(tmp_path):
    path = put(tmp_path, "dm", gzip.compress(ONE) + gzip.compress(b"T,DM,02\n" * 1000))
    assert len(read_trial([path])["DM"]) == 1001
    with pytest.raises(DataError, match="`size`"):
        read_trial([path], Bounds(size=5000))


def test_parquet_is_as_large_as_its_values(tmp_path):
    many = pa.DictionaryArray.from_arrays(np.zeros(200_000, "int32"), ["T" * 1000])
    pq.write_table(pa.table({"DOMAIN": many}), tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size < 40_000
    with pytest.raises(DataError, match=r"t\.parquet: unpacks to 201,600,000 bytes, beyond the bound `size`"):
        read_trial([tmp_path], Bounds(size=100_000_000))


def test_rows_of_parquet_are_counted_before_they_are_read(tmp_path):
    pq.write_table(pa.table({"AGE": pa.array(np.zeros(200_000))}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"unpacks to 1,600,000 bytes, beyond the bound `size`"):
        read_trial([tmp_path], Bounds(size=1_000_000))


def test_rows_of_sas7bdat_are_counted_before_they_are_read(tmp_path):
    content = make_sas7bdat("DM", {"DOMAIN": ("", "$", 2), "COUNTRY": ("", "$", 8)}, [("DM", "")] * 50)
    path = put(tmp_path, "dm.sas7bdat", content)
    with pytest.raises(DataError, match="beyond the bound `size`"):
        read_trial([path], Bounds(size=499))


# --- only regular files ---


@pytest.mark.parametrize("kind", ["pipe", "device", "link to a device", "link to a pipe"])
@pytest.mark.parametrize("name", ["dm.csv", "map.yml"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, kind, name):
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a pipe":
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to(tmp_path / "pipe")
    else:
        path.symlink_to("/dev/zero")
    started = time.monotonic()
    with pytest.raises((DataError, ParameterError), match=f"{name}: is no regular file but a (pipe|device)"):
        read_trial([path])
    assert time.monotonic() - started < 5


def test_a_link_to_a_file_is_read(tmp_path):
    put(tmp_path, "other", ONE)
    (tmp_path / "dm.csv").symlink_to(tmp_path / "other")
    assert len(read_trial([tmp_path / "dm.csv"])["DM"]) == 1


# --- columns ---


def wide(form, folder, number):
    names = ["DOMAIN", *(f"C{count}" for count in range(number - 1))]
    values = ["DM"] * number
    if form == "csv":
        return put(folder, "dm.csv", f"{','.join(names)}\n{','.join(values)}\n")
    if form == "json":
        columns = [{**DOMAIN, "name": name} for name in names]
        return put(folder, "dm.json", as_json(columns, json.dumps([values])))
    frame = pd.DataFrame([values], columns=names)
    if form == "parquet":
        frame.to_parquet(folder / "dm.parquet")
    elif form == "xpt":
        pyreadstat.write_xport(frame, folder / "dm.xpt", table_name="DM")
    else:
        content = make_sas7bdat("DM", dict.fromkeys(names, ("", "$", 2)), [tuple(values)])
        return put(folder, "dm.sas7bdat", content)
    return folder / f"dm.{form}"


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "xpt", "sas7bdat"])
def test_columns_have_a_bound_in_every_format(tmp_path, form):
    path = wide(form, tmp_path, 40)
    assert read_trial([path], Bounds(columns=40))["DM"].shape == (1, 40)
    message = r"dm\..*: has 40 columns, beyond the bound `columns` of 39\. .*`reading: \{columns: 40\}`"
    with pytest.raises(DataError, match=message):
        read_trial([path], Bounds(columns=39))


def test_names_of_columns_are_compared_in_linear_time(tmp_path):
    started = time.monotonic()
    names = column_names((f"C{number}" for number in range(100_000)), tmp_path)
    assert (len(names), time.monotonic() - started < 5) == (100_000, True)


# --- depth ---


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"a": "\\"[", "b": ' + "[" * 65])
def test_deep_json_is_refused(tmp_path, text):
    with pytest.raises(DataError, match=r"dm\.json: nests lists and objects .* deep .*bound `nesting` of 64"):
        read_trial([put(tmp_path, "dm.json", text)])


def test_brackets_in_texts_nest_nothing(tmp_path):
    rows = json.dumps([["DM", '[{"' * 100 + "\\" * 5]])
    columns = [DOMAIN, {**DOMAIN, "name": "DMTEXT"}]
    assert read_trial([put(tmp_path, "dm.json", as_json(columns, rows))])["DM"]["DMTEXT"][0].startswith(
        '[{"['
    )


@pytest.mark.parametrize("text", ["a: " + "[" * 20_000, "a: " + "{b: " * 70 + "1" + "}" * 70])
def test_deep_yaml_is_refused(tmp_path, text):
    with pytest.raises(ParameterError, match=r"x\.yml: nests lists and objects 65 deep .*`nesting` of 64"):
        read_yaml(put(tmp_path, "x.yml", text))


# --- YAML: entries and aliases ---


def test_forty_thousand_keys_take_no_quadratic_time(tmp_path):
    path = put(tmp_path, "x.yml", "".join(f"k{number}: {number}\n" for number in range(40_000)))
    started = time.monotonic()
    assert len(read_yaml(path)) == 40_000
    assert time.monotonic() - started < 30  # 48 s before, each key sought among all others
    with pytest.raises(ParameterError, match=r"has 101 names and values or more, .*bound `entries` of 100"):
        read_yaml(path, Bounds(entries=100))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]\n", "aliases stand for 31 names"),
        ("a: &a {b: *a}\n", "aliases"),
        ("a: &a {x: 1}\nb: {<<: [*a, *a]}\n", r"merges \(<<\) aren't read"),
    ],
)
def test_aliases_stand_for_no_more_than_the_bound(tmp_path, text, message):
    with pytest.raises(ParameterError, match=rf"x\.yml: .*{message}"):
        read_yaml(put(tmp_path, "x.yml", text), Bounds(entries=30))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "9" * 400, "holds a number of 400 characters, beyond the bound `number_length`"),
        ('a: "\\uD800"', "half a character"),
        (f"a: {'x' * 100_001}", "text of 100,001 characters, beyond the bound `field_length`"),
        ("a: !!int ''", "is not valid YAML"),
        ("a: !!timestamp x", "is not valid YAML"),
        ("? [a]\n: b", "is not valid YAML: found unhashable key"),
        ("a: 2020-13-45", "is not valid YAML"),
        ("root:x:0:0:root:/root:/bin/bash\n", "holds a single value"),
        (b"a: \xff", "can't be read as UTF-8"),
        (b"a: \x01", "special characters are not allowed"),
    ],
)
def test_faulty_yaml_is_a_sentence_without_the_files_content(tmp_path, text, message):
    with pytest.raises(ParameterError, match=message) as error:
        read_yaml(put(tmp_path, "x.yml", text))
    assert len(str(error.value)) < 600
    assert "bash" not in str(error.value)


def test_a_large_parameter_file_is_not_parsed(tmp_path):
    with pytest.raises(ParameterError, match="beyond the bound `parameter_size`"):
        read_yaml(put(tmp_path, "x.yml", "a: 1\n" * 10), Bounds(parameter_size=40))


@pytest.mark.parametrize(
    "text", ["github.com:\n  oauth_token: SECRET\n", "a: SECRET\n", "SECRET\n", "[SECRET\n"]
)
def test_another_file_named_as_study_file_is_not_shown(tmp_path, text):
    with pytest.raises(ParameterError) as error:
        read_study(put(tmp_path, "hosts.yml", text))
    assert "SECRET" not in str(error.value)


# --- numbers, texts ---


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dm.csv", "DOMAIN,AGE\nDM," + "9" * 400 + "\n"),
        ("dm.json", as_json([DOMAIN, AGE], f'[["DM",{"9" * 400}]]')),
        ("dm.json", as_json([DOMAIN, AGE], f'[["DM",{"9" * 9000}]]')),
        ("dm.json", as_json([DOMAIN, {**AGE, "dataType": "float"}], f'[["DM",1.{"0" * 400}]]')),
    ],
)
def test_long_numbers_are_refused(tmp_path, name, content):
    with pytest.raises(
        DataError, match=r"number of [\d,]+ characters.*beyond the bound `number_length` of 100"
    ):
        read_trial([put(tmp_path, name, content)])


def test_digits_in_a_text_are_no_number(tmp_path):
    path = put(
        tmp_path, "dm.json", as_json([DOMAIN, {**DOMAIN, "name": "DMTEXT"}], f'[["DM","{"9" * 400}"]]')
    )
    assert read_trial([path])["DM"]["DMTEXT"].tolist() == ["9" * 400]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("dm.json", as_json(rows="null"), "`rows` must be a list of rows, but holds null"),
        ("dm.json", as_json(rows='{"a": 1}'), "`rows` must be a list"),
        ("dm.json", as_json(rows='[["\\ud800"]]'), r"half a character \('\\ud800'\)"),
        ("dm.json", as_json(rows='[["DM"]]', label="\udfff"), "half a character"),
        ("dm.json", as_json(rows='[["DM"]]', label=["x"]), "`label` must be text"),
        ("dm.json", as_json([{**DOMAIN, "length": "9"}]), 'column 1 .* has length "9"'),
        ("dm.json", as_json([DOMAIN, {**AGE, "dataType": "float"}], '[["DM",1e999]]'), "AGE in line 1 is infinite"),
        ("dm.csv", f"{'A' * 200_000},DOMAIN\nx,DM\n", "beyond the bound `field_length` of 100,000"),
        ("dm.csv", f"DOMAIN,COUNTRY\nDM,{'x' * 200_000}\n", "a value of COUNTRY has 200,000 characters"),
        ("dm.csv", f'DOMAIN,COUNTRY\nDM,"{"x" * 200_000}"\n', "a value that begins in line 2 has more than"),
        ("dm.csv", f'DOMAIN,COUNTRY\nDM,"{"x" * 200_000}\n', "a value that begins in line 2 has more than"),
    ],
)  # fmt: skip
def test_odd_content_is_an_error_that_names_the_file(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message) as error:
        read_trial([put(tmp_path, name, content)])
    assert f"{name}: " in str(error.value)


def test_a_character_of_two_halves_is_one(tmp_path):
    path = put(
        tmp_path, "dm.json", as_json([DOMAIN, {**DOMAIN, "name": "DMTEXT"}], '[["DM","\\ud83d\\ude00"]]')
    )
    assert read_trial([path])["DM"]["DMTEXT"].tolist() == ["😀"]


def test_a_longer_value_is_read_with_a_higher_bound(tmp_path):
    path = put(tmp_path, "dm.csv", f'DOMAIN,COUNTRY,AGE\nDM,"{"x" * 200_000}",44\n')
    assert len(read_trial([path], Bounds(field_length=200_000))["DM"]["COUNTRY"][0]) == 200_000


# --- time and memory ---


def test_reading_has_a_time(tmp_path, monkeypatch):
    def endless(*args):
        while True:
            pass

    monkeypatch.setattr("csrkit.sdtm.read.settle_types", endless)
    with pytest.raises(
        DataError, match=r"dm\.csv: isn't read after 1 seconds, beyond the bound `seconds` of 1"
    ):
        read_trial([put(tmp_path, "dm.csv", ONE)], Bounds(seconds=1))


@pytest.mark.parametrize(("fault", "message"), [(MemoryError, "more memory"), (RecursionError, "too deep")])
def test_the_end_of_memory_is_a_sentence(tmp_path, fault, message):
    with pytest.raises(DataError, match=message), held_to(tmp_path / "dm.csv", Bounds()):
        raise fault


# --- where bounds come from ---


def test_the_environment_raises_bounds_and_the_report_has_the_last_word(monkeypatch):
    monkeypatch.setenv(VARIABLE, "columns=60000, seconds=9")
    assert chosen_bounds() == Bounds(columns=60000, seconds=9)
    assert chosen_bounds({"seconds": 7}) == Bounds(columns=60000, seconds=7)
    assert write_bounds(chosen_bounds()) == "columns=60000,seconds=9"
    monkeypatch.setenv(VARIABLE, write_bounds(Bounds()))
    assert chosen_bounds() == Bounds()


@pytest.mark.parametrize(
    ("text", "message"), [("colums=9", "Do you mean columns"), ("size=big", "'big'"), ("size=0", "")]
)
def test_a_wrong_bound_is_named(monkeypatch, text, message):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ParameterError, match=f"{VARIABLE}.*{message}"):
        chosen_bounds()


def test_the_environment_holds_for_a_notebook(tmp_path, monkeypatch, study):
    path = wide("csv", tmp_path, 40)
    monkeypatch.setenv(VARIABLE, "columns=39")
    with pytest.raises(DataError, match="`columns` of 39"):
        load_trial([path], study)


def test_a_report_raises_bounds_by_name(root, tmp_path):
    text = (root / "params/demo.yml").read_text(encoding="utf-8")
    report = read_report(put(tmp_path, "demo.yml", text + "reading: {columns: 60000}\n"))
    assert report.reading == Bounds(columns=60000)
    with pytest.raises(ParameterError, match=r"reading\.colums: unknown name"):
        read_report(put(tmp_path, "demo.yml", text + "reading: {colums: 60000}\n"))
    with pytest.raises(ValidationError):
        Bounds(seconds=0)
