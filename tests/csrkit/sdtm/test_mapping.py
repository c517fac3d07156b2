"""The mapping file: another sponsor's words become ours, and a faulty file is named."""

import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from csrkit.errors import DataError, ParameterError
from csrkit.sdtm.mapping import read_mapping
from itpcsr.adam.making import describe_files
from itpcsr.cli import app
from itpcsr.sdtm import load_trial, read_trial

LB = "STUDYID,DOMAIN,USUBJID,LBSEQ,TEST_CODE,LBTEST,LBRESN,LBSTRESU,VISIT\nT,LB,01,1,PLT,Platelets,2.9,10E4/ul,V1\n"
DM = "STUDYID,DOMAIN,USUBJID,ARMCD,ACTARMCD,SEX\nT,DM,01,A,B,1\nT,DM,02,B,A,2\nT,DM,03,C,,U\n"
MAPPING = """
variables: {LB: {test_code: LBTESTCD, LBRESN: LBSTRESN}}
tests: {LB: {PLT: PLAT}}
units: {10E4/ul: 10^4/uL}
visits: {V1: SCREENING}
arms: {A: B, B: A}
values: {DM.SEX: {1: M, 2: F}}
"""


def put(folder, name, content):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_names_codes_and_units_become_ours(tmp_path, study):
    put(tmp_path, "lb.csv", LB)
    put(tmp_path, "dm.csv", DM)
    trial = read_trial([tmp_path, put(tmp_path, "site.yml", MAPPING)])
    row = trial["LB"].iloc[0]
    assert row[["LBTESTCD", "LBSTRESN", "LBSTRESU", "VISIT"]].tolist() == [
        "PLAT",
        2.9,
        "10^4/uL",
        "SCREENING",
    ]
    assert trial["LB"]["LBSTRESN"].dtype == "float64"
    assert trial["DM"]["ARMCD"].tolist() == ["B", "A", "C"]  # all at once: A and B change places
    assert trial["DM"]["ACTARMCD"].tolist() == ["A", "B", ""]
    assert trial["DM"]["SEX"].tolist() == ["M", "F", "U"]
    assert trial.sources["mapping"][0].name == "site.yml"
    assert "mapping" not in trial
    assert trial.notes == {}


def test_the_manifest_hashes_the_mapping(root, tmp_path):
    sources = [root / "data/simulated/dm.xpt", put(tmp_path, "site.yml", MAPPING)]
    hashes = [describe_files(read_trial(sources))["mapping"]]
    put(tmp_path, "site.yml", MAPPING + "# changed\n")
    hashes.append(describe_files(read_trial(sources))["mapping"])
    assert hashes[0] != hashes[1]


def test_numbers_can_be_given_words(tmp_path):
    pd.DataFrame({"DOMAIN": ["AE"] * 3, "AESEV": [1, 2, None]}).to_parquet(tmp_path / "ae.parquet")
    mapping = put(tmp_path, "site.yml", "values: {AE.AESEV: {1: MILD, 2: MODERATE}}")
    assert read_trial([tmp_path, mapping])["AE"]["AESEV"].tolist() == ["MILD", "MODERATE", ""]


def test_labels_follow_their_variable(root, tmp_path):
    mapping = put(tmp_path, "site.yml", "variables: {AE: {AETERM: AEWORDS}}")
    trial = read_trial([root / "data/simulated/ae.xpt", mapping])
    assert trial.variables["AE"]["AEWORDS"].label == "Reported Term for the Adverse Event"
    assert "AETERM" not in trial.variables["AE"]


def test_what_the_data_lack_is_noted(tmp_path):
    put(tmp_path, "dm.csv", DM)
    mapping = put(
        tmp_path, "site.yml", "variables: {DM: {SEXO: SEX}}\nvalues: {DM.SEX: {9: U}, DM.RACE: {1: ASIAN}}"
    )
    notes = " ".join(read_trial([tmp_path, mapping]).notes["DM"])
    assert "renames SEXO" in notes
    assert "names 9 in DM.SEX" in notes
    assert "names DM.RACE, which dm.csv doesn't hold" in notes


def test_domains_that_the_data_lack_are_noted(tmp_path):
    put(tmp_path, "dm.csv", DM)
    mapping = put(tmp_path, "site.yml", "tests: {LB: {A: B}}\nvalues: {AE.AESER: {'1': 'Y'}, DM.SEX: {1: M}}")
    assert read_trial([tmp_path, mapping]).notes["mapping"] == (
        "The mapping names AE, LB, which the data don't hold.",
    )


def test_a_column_cannot_get_the_name_of_another(tmp_path):
    put(tmp_path, "dm.csv", DM)
    mapping = put(tmp_path, "site.yml", "variables: {DM: {SEX: ARMCD}}")
    with pytest.raises(
        DataError, match=r"dm\.csv: the mapping renames a column to ARMCD, which is there already"
    ):
        read_trial([tmp_path, mapping])


def test_two_mapping_files_are_both_named(tmp_path):
    files = [put(tmp_path, name, "visits: {A: B}") for name in ("a.yml", "b.yaml")]
    with pytest.raises(DataError, match=r"a\.yml and .*b\.yaml are both mapping files"):
        read_trial(files)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("units: {10E4: 10^4/ul, x: furlong}", "furlong on the right is no known unit"),
        ("values: {AESER: {1: Y}}", "AESER on the left must be written like AE.AEREL"),
        ("tests: {Lab: {PLT: PLAT}}", "Lab on the left must be written like AE"),
        ("values: {AE.AESER: {yes: Y}}", "YAML reads 'True' as a truth value; put the code into quotes"),
        ("values: {AE.AESER: {1: yes}}", "values.AE.AESER.1: .*string"),
        ("encoding: gbkk", "no encoding has this name"),
        ("unit: {a: b}", "unit: unknown name"),
        ("visits: [a, b]", "visits: "),
        ("visits: {a: b, a: c}", "appears twice"),
        ("- a", "must hold names and values"),
    ],
)
def test_a_faulty_mapping_is_named(tmp_path, text, message):
    path = put(tmp_path, "site.yml", text)
    with pytest.raises(ParameterError, match=message) as error:
        read_mapping(path)
    assert "site.yml" in str(error.value)


def test_the_example_is_valid_and_no_obstacle(root, study):
    trial = load_trial([root / "data/simulated", root / "params/example-mapping.yml"], study)
    assert len(trial["DM"]) == 22


def test_the_command_line_takes_a_mapping(root, tmp_path, study):
    for name in ("dm.xpt", "ex.xpt"):
        shutil.copy(root / "data/simulated" / name, tmp_path)
    before = read_trial([root / "data/simulated/lb.xpt"])["LB"]
    lb = before.copy()
    plates = lb["LBTESTCD"] == "PLAT"
    lb["LBTESTCD"] = lb["LBTESTCD"].mask(plates, "PLT")
    lb["LBSTRESU"] = lb["LBSTRESU"].mask(plates, "Tsd./ul")
    lb.to_csv(tmp_path / "lb.csv", index=False)
    mapping = put(tmp_path, "site.yml", "tests: {LB: {PLT: PLAT}}\nunits: {Tsd./ul: 10^3/uL}")
    result = CliRunner().invoke(app, ["check", str(tmp_path), str(mapping)])
    assert result.exit_code == 0, result.output
    found = load_trial([tmp_path, mapping], study)["LB"]
    pd.testing.assert_frame_equal(found, before)
