import gzip
import shutil

import pandas as pd
import pyreadstat
import pytest

from csrkit.errors import DataError
from itpcsr.sdtm import read_trial

DM = "STUDYID,DOMAIN,USUBJID,AGE\nT,DM,01,44\nT,DM,02,\n"


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_gives_text_and_numbers(tmp_path):
    put(tmp_path, "dm.csv", DM)
    dm = read_trial([tmp_path])["DM"]
    assert dm["USUBJID"].tolist() == ["01", "02"]
    assert dm["AGE"].dtype == "float64"
    assert dm["AGE"].isna().tolist() == [False, True]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_found(tmp_path, delimiter):
    put(tmp_path, "dm.csv", DM.replace(",", delimiter))
    assert read_trial([tmp_path])["DM"].shape == (2, 4)


def test_names_are_read_in_any_case(tmp_path):
    put(tmp_path, "dm.csv", DM.lower().replace("t,dm,", "T,DM,"))
    assert read_trial([tmp_path])["DM"]["AGE"].dtype == "float64"


def test_gzip_and_any_file_name(tmp_path):
    path = put(tmp_path, "export-2021.data", gzip.compress(DM.encode()))
    assert "DM" in read_trial([path])


def test_csv_and_transport_hold_the_same(root, tmp_path):
    transport = read_trial([root / "data/simulated"])
    for name, frame in transport.domains.items():
        frame.to_csv(tmp_path / f"{name.lower()}.csv", index=False)
    text = read_trial([tmp_path])
    assert set(text.domains) == set(transport.domains)
    for name, frame in transport.domains.items():
        numbers = frame.select_dtypes("number").columns
        pd.testing.assert_frame_equal(text[name][numbers], frame[numbers])
        pd.testing.assert_frame_equal(text[name].drop(columns=numbers), frame.drop(columns=numbers))


def test_the_domain_is_read_from_the_content(root, tmp_path):
    shutil.copy(root / "data/simulated/dm.xpt", tmp_path / "demographics.xpt")
    assert [path.name for path in read_trial([tmp_path]).sources["DM"]] == ["demographics.xpt"]


def test_two_files_of_one_domain_are_both_named(root, tmp_path):
    shutil.copy(root / "data/simulated/dm.xpt", tmp_path / "a.xpt")
    shutil.copy(root / "data/simulated/dm.xpt", tmp_path / "b.xpt")
    with pytest.raises(DataError, match=r"a\.xpt and .*b\.xpt both hold domain DM"):
        read_trial([tmp_path])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("dm.xpt", b"\x89PNG\r\n", "is not a SAS transport file, though its name says so"),
        ("dm.xpt", b"", "the file is empty"),
        ("dm.csv", "just a line of words\n", "no row of column names"),
        ("dm.csv", "A,B\n1,2\n", "no DOMAIN"),
        ("ae.csv", DM, "holds domain DM, though its name says AE"),
        ("dm.csv", DM.replace("44", "forty"), "AGE in line 2 is 'forty'; a number is expected"),
        ("dm.csv", DM.replace("T,DM,02,", "T,AE,02,"), "must hold one domain in every row"),
        ("dm.csv", DM.replace("T,DM,02,", "T,DM"), "line 3 has 2 values for 4 columns"),
        ("dm.csv.gz", gzip.compress(DM.encode(), mtime=0)[:20], "can't be read"),
        ("dm.csv", b"a\x00b,c\n", "neither text nor any other format"),
        ("dm.csv", DM.replace("USUBJID,AGE", "USUBJID,usubjid"), "the column USUBJID appears twice"),
        ("dm.csv", DM.replace("44", "inf"), "AGE in line 2 is 'inf'; a number is expected"),
        ("dm.csv", DM.replace("01", "\u9f3b").encode("gbk"), "is no UTF-8"),
        ("dm.csv", 'STUDYID,DOMAIN,USUBJID,AGE\nT,DM,"0\n1",44\nT,DM,02,x\n', "AGE in line 4 is 'x'"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(tmp_path, name, content, message):
    put(tmp_path, name, content)
    with pytest.raises(DataError, match=message) as error:
        read_trial([tmp_path])
    assert name in str(error.value)


@pytest.mark.parametrize("length", [100, 700, 4107, 8001])
def test_a_truncated_transport_file_is_an_error(root, tmp_path, length):
    content = (root / "data/simulated/dm.xpt").read_bytes()
    put(tmp_path, "dm.xpt", content[:length])
    with pytest.raises(DataError, match=r"dm\.xpt.*cut off"):
        read_trial([tmp_path])


def test_a_transport_file_with_numbers_for_text_is_refused(root, tmp_path):
    dm = read_trial([root / "data/simulated"])["DM"]
    for name, frame, message in (
        ("USUBJID", dm.assign(USUBJID=range(len(dm))), "USUBJID is numeric; SDTM has text there"),
        ("AGE", dm.assign(AGE="old"), "AGE in line 1 is 'old'; a number is expected"),
    ):
        pyreadstat.write_xport(frame, tmp_path / "dm.xpt", file_format_version=5, table_name="DM")
        with pytest.raises(DataError, match=message):
            read_trial([tmp_path])
        assert name in message


def test_empty_columns_at_the_right_and_office_files_do_no_harm(tmp_path):
    put(tmp_path, "dm.csv", "\n".join(line + ",," for line in DM.splitlines()))
    put(tmp_path, "~$dm.csv", b"\x00lock")
    assert read_trial([tmp_path])["DM"].shape == (2, 4)


def test_missing_and_empty_folders_are_named(tmp_path):
    with pytest.raises(DataError, match="no such folder or file"):
        read_trial([tmp_path / "nowhere"])
    with pytest.raises(DataError, match="holds no trial data"):
        read_trial([tmp_path])


def test_other_files_in_a_folder_are_left_alone(tmp_path):
    put(tmp_path, "dm.csv", DM)
    put(tmp_path, "define.xml", "<xml/>")
    assert list(read_trial([tmp_path]).domains) == ["DM"]


def test_simulated_data_say_so_even_as_csv(root, tmp_path):
    trial = read_trial([root / "data/simulated"])
    assert trial.simulated
    trial["DM"].to_csv(tmp_path / "dm.csv", index=False)
    assert read_trial([tmp_path]).simulated
    put(tmp_path, "dm.csv", DM)
    assert not read_trial([tmp_path]).simulated


@pytest.mark.parametrize("study", ["HOSP-7", "", "X-SIMULATION", "X-SIM-2"])
def test_one_record_that_does_not_say_so_makes_the_data_real(tmp_path, study):
    put(tmp_path, "dm.csv", "STUDYID,DOMAIN,USUBJID\nX-SIM,DM,01\nX-SIM,DM,02\n")
    assert read_trial([tmp_path]).simulated
    put(tmp_path, "ts.csv", f"STUDYID,DOMAIN,TSSEQ,TSPARMCD,TSVAL\n{study},TS,1,TITLE,x\n")
    assert not read_trial([tmp_path]).simulated


def test_a_label_makes_no_data_simulated(tmp_path):
    frame = pd.DataFrame({"STUDYID": ["HOSP-7"], "DOMAIN": ["DM"], "USUBJID": ["01"]})
    pyreadstat.write_xport(frame, tmp_path / "dm.xpt", file_label="Demographics (simulated)", table_name="DM")
    assert not read_trial([tmp_path]).simulated


@pytest.mark.parametrize(
    ("study", "mapping"),
    [
        ("HOSP-7", "values: {DM.STUDYID: {HOSP-7: X-SIM}}"),
        ("X-SIM", "values: {DM.STUDYID: {X-SIM: HOSP-7}}"),
        ("HOSP-7", "variables: {DM: {STUDYID: STUDY, MARK: STUDYID}}"),
    ],
)
def test_no_mapping_changes_whether_data_are_simulated(tmp_path, study, mapping):
    put(tmp_path, "dm.csv", f"STUDYID,MARK,DOMAIN,USUBJID\n{study},MADE-SIM,DM,01\n")
    path = put(tmp_path, "site.yml", mapping)
    with pytest.raises(DataError, match="the mapping changes STUDYID"):
        read_trial([tmp_path, path])


def test_a_mapping_may_name_the_study_otherwise(tmp_path):
    put(tmp_path, "dm.csv", "STUDYID,DOMAIN,USUBJID\nHOSP-7,DM,01\n")
    path = put(tmp_path, "site.yml", "values: {DM.STUDYID: {HOSP-7: NCT04014166}}")
    trial = read_trial([tmp_path, path])
    assert (trial["DM"]["STUDYID"].tolist(), trial.simulated) == (["NCT04014166"], False)


def test_the_real_study_reads_with_its_windows_text(pilot_trial):
    assert not pilot_trial.simulated
    assert len(pilot_trial["DM"]) == 306
    assert pilot_trial["TS"]["TSVAL"].str.contains("\u2019").any()


def test_the_full_laboratory_file_reads_from_gzipped_csv(pilot_folder):
    lb = read_trial([pilot_folder / "sdtm_converted/lb_full.csv.gz"])["LB"]
    assert len(lb) == 59580
    assert lb["LBSTRESN"].dtype == "float64"
    assert (lb["LBBLFL"] != "NA").all()
