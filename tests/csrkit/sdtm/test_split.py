"""Split domains are one domain, only true duplicates are refused, and unused files stop nothing."""

import pandas as pd
import pytest

from csrkit.errors import DataError
from itpcsr.sdtm import read_trial
from itpcsr.sdtm.checks import check_trial

HEAD = "STUDYID,DOMAIN,USUBJID,LBSEQ,LBTESTCD,LBSTRESN"
ONE, TWO = f"{HEAD}\nT,LB,01,1,K,4\nT,LB,01,2,NA,140\n", f"{HEAD},LBSPEC\nT,LB,01,3,PLAT,20,BLOOD\n"
SUPP = "STUDYID,RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QVAL\nT,LB,01,LBSEQ,{},X,y\n"


def put(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def test_the_files_of_a_domain_are_put_together_by_name(tmp_path):
    put(tmp_path, lbhe=TWO, lbch=ONE, supplbhe=SUPP.format(3), supplbch=SUPP.format(1))
    trial = read_trial([tmp_path])
    assert sorted(trial.domains) == ["LB", "SUPPLB"]
    assert trial["LB"]["LBTESTCD"].tolist() == ["K", "NA", "PLAT"]
    assert trial["LB"]["LBSPEC"].tolist() == ["", "", "BLOOD"]
    assert trial["SUPPLB"]["IDVARVAL"].tolist() == ["1", "3"]
    assert [path.name for path in trial.sources["LB"]] == ["lbch.csv", "lbhe.csv"]
    assert list(trial.files) == ["LB lbch.csv", "LB lbhe.csv", "SUPPLB supplbch.csv", "SUPPLB supplbhe.csv"]
    assert trial.notes == {}


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (ONE, "2 of their records are the same.*LBSEQ 1.*only if the other one holds all"),
        (TWO.replace(",3,", ",1,"), "1 of their records have the same keys .*LBSEQ 1.* though they differ"),
    ],
)
def test_records_that_stand_in_two_files_are_refused(tmp_path, other, message):
    put(tmp_path, a=ONE, b=other)
    with pytest.raises(DataError, match=rf"a\.csv and .*b\.csv both hold domain LB, and {message}"):
        read_trial([tmp_path])


def test_a_type_that_differs_between_files_is_named_and_labels_are_kept(tmp_path):
    put(tmp_path, lbch=ONE)
    frame = pd.DataFrame({"STUDYID": ["T"], "DOMAIN": "LB", "USUBJID": "01", "LBSEQ": 9.0, "LBOWN": 2.5})
    frame.to_parquet(tmp_path / "lbhe.parquet")
    put(tmp_path, lbur=ONE.replace("STRESN", "OWN").replace(",1,K,4\n", ",7,K,a\n").replace(",2,", ",8,"))
    trial = read_trial([tmp_path])
    assert trial["LB"]["LBOWN"].tolist() == ["", "", "2.5", "a", "140"]
    assert "LBOWN: numbers in one file of LB, text in another" in trial.notes["LB"][-1]


def test_a_mapping_names_in_vain_only_what_no_file_holds(tmp_path):
    put(tmp_path, lbch=ONE, lbhe=TWO)
    (tmp_path / "site.yml").write_text("tests: {LB: {K: POTAS, PLAT: PLT, XX: Y}}", encoding="utf-8")
    trial = read_trial([tmp_path, tmp_path / "site.yml"])
    assert trial["LB"]["LBTESTCD"].tolist() == ["POTAS", "NA", "PLT"]
    assert trial.notes.get("LB", ()) == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [("ft", "x"), ("ftph", "not a table"), ("fa", HEAD.replace("LB", "FA") + "\nT,FACE,01,1,A,x\n"),
     ("ts", "A,B\n1,2\n"), ("relsub", "x"), ("ie", HEAD.replace("LB", "IE") + "\nT,IE,01,one,A,1\n")],
)  # fmt: skip
def test_a_file_of_a_domain_that_is_not_used_is_named_and_left_out(tmp_path, study, name, text):
    put(tmp_path, lb=ONE, **{name: text})
    trial = read_trial([tmp_path])
    assert list(trial.domains) == ["LB"]
    found = check_trial(trial, study)
    left = found[found["rule"] == "STR-12"]
    assert left["severity"].tolist() == ["warning"]
    assert f"{name}.csv is left out" in left["message"].iloc[0]
    with pytest.raises(DataError, match=name):  # given by its own name it is meant to be read
        read_trial([tmp_path / f"{name}.csv"])


@pytest.mark.parametrize("name", ["lb", "lbch", "suppae", "labs", "export"])
def test_a_file_that_is_used_or_may_be_still_stops(tmp_path, name):
    put(tmp_path, dm="STUDYID,DOMAIN,USUBJID\nT,DM,01\n", **{name: "not a table"})
    with pytest.raises(DataError, match="no row of column names"):
        read_trial([tmp_path])


def test_faults_of_a_domain_that_is_not_used_are_no_errors(tmp_path, study):
    put(tmp_path, ft="STUDYID,DOMAIN,USUBJID,FTSEQ,FTDTC\nT,FT,01,1,10MAR2020\n")
    found = check_trial(read_trial([tmp_path]), study)
    assert found.loc[found["rule"] == "DATE-01", "severity"].tolist() == ["warning"]


@pytest.mark.parametrize(("code", "domain"), [("FACE", "FA"), ("LBCH", "LB")])
def test_a_part_in_domain_is_told_what_to_write(tmp_path, code, domain):
    path = tmp_path / f"{code}.csv"
    path.write_text(f"STUDYID,DOMAIN,USUBJID\nT,{code},01\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"DOMAIN is '{code}' in every row.*Write {domain} into DOMAIN"):
        read_trial([path])
