"""Files broken in one way per case: a DataError names the file, and nothing else is raised."""

import gzip
import shutil
from pathlib import Path

import pytest

from csrkit.errors import DataError
from itpcsr.sdtm import read_trial
from itpcsr.sdtm.checks import check_trial


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


def in_place_of(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def to_csv(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.unlink()
    path.with_suffix(".csv").write_bytes(text.encode(encoding))


def to_gzip(path: Path, length: int) -> None:
    path.with_suffix(".xpt.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0)[:length])
    path.unlink()


HEAD = "STUDYID,DOMAIN,USUBJID,AESEQ,AETERM\n"
# id, what is done to the file ae.xpt, words of the error
CASES = [
    ("an empty file", lambda path: in_place_of(path, b""), "ae.xpt"),
    ("a picture", lambda path: in_place_of(path, b"\x89PNG\r\n\x1a\n"), "ae.xpt"),
    ("a page of HTML", lambda path: in_place_of(path, b"<html><body>Not found</body></html>"), "ae.xpt"),
    ("a file cut in a record", lambda path: cut(path, 3000), "ae.xpt"),
    ("a file cut in its head", lambda path: cut(path, 100), "ae.xpt"),
    ("a folder in place of a file", to_folder, "ae.xpt"),
    ("a gzip cut off", lambda path: to_gzip(path, 200), "ae.xpt.gz"),
    ("a copy under another name", lambda path: shutil.copy(path, path.with_name("ae2.xpt")), "both hold domain AE"),
    ("a file of another domain", lambda path: shutil.copy(path.with_name("cm.xpt"), path), "though its name says AE"),
    ("a text without columns", lambda path: to_csv(path, "nothing\n"), "ae.csv"),
    ("a table without domain", lambda path: to_csv(path, "A,B\n1,2\n"), "ae.csv"),
    ("a number in words", lambda path: to_csv(path, HEAD + "S,AE,01,one,FEVER\n"), "AESEQ in line 2"),
    ("a line too short", lambda path: to_csv(path, HEAD + "S,AE,01\n"), "line 2 has 3 values"),
    ("a column twice", lambda path: to_csv(path, "DOMAIN,USUBJID,USUBJID\nAE,01,01\n"), "appears twice"),
    ("zero bytes", lambda path: to_csv(path, HEAD + "S,AE,01,1,FE\x00VER\n"), "ae.csv"),
    ("two domains in one file", lambda path: to_csv(path, HEAD + "S,AE,01,1,A\nS,CM,01,1,B\n"), "ae.csv"),
    ("a quotation left open", lambda path: to_csv(path, HEAD + 'S,AE,01,1,"FEVER\n'), "ae.csv"),
]  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory, root) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    for name in ("dm", "ex", "ae", "cm"):
        shutil.copy(root / f"data/simulated/{name}.xpt", folder)
    return folder


@pytest.mark.parametrize(("damage", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_broken_file_is_named(written, tmp_path, damage, words):
    folder = tmp_path / "data"
    shutil.copytree(written, folder)
    damage(folder / "ae.xpt")
    with pytest.raises(DataError) as error:
        read_trial([folder])
    assert words in str(error.value)


def test_an_umlaut_of_windows_is_named_or_read(written, tmp_path, study):
    folder = tmp_path / "data"
    shutil.copytree(written, folder)
    to_csv(folder / "ae.xpt", HEAD + "S,AE,01,1,FI\xc8VRE\n", "cp1252")
    try:
        found = check_trial(read_trial([folder]), study)
    except DataError as error:
        assert "ae.csv" in str(error)  # noqa: PT017  (either answer is good)
    else:
        assert "STR-02" in set(found["rule"])


def test_a_file_without_rows_is_read(written, tmp_path, study):
    folder = tmp_path / "data"
    shutil.copytree(written, folder)
    to_csv(folder / "ae.xpt", "STUDYID,DOMAIN,USUBJID,AESEQ,AETERM,AEDECOD,AEBODSYS,AESTDTC,AESER\n")
    found = check_trial(read_trial([folder]), study)
    assert "STR-04" in set(found.loc[found["domain"] == "AE", "rule"])
    assert "STR-02" not in set(found["rule"])


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        read_trial([tmp_path / "nowhere"])
