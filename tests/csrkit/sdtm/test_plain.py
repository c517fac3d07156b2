"""Text of trial data is one line of characters that can be shown, and a finding says where it wasn't."""

import json

import pandas as pd
import pytest

from csrkit.plain_text import cut_long_words, plain_text, unbreakable
from csrkit.sdtm.mapping import read_mapping
from itpcsr.sdtm import load_trial, read_trial, review_trial
from itpcsr.study import read_study
from tests.hostile import UNSEEN
from tests.whole import whole_domains

BREAK = "fever\nand\u2028chills\x1b"


@pytest.fixture
def folder(tmp_path):
    domains = whole_domains()
    ae = domains["AE"].copy()
    ae["AETERM"] = ae["AETERM"].astype("object")
    ae.loc[ae.index[0], "AETERM"] = BREAK
    domains["AE"] = ae
    for name, frame in domains.items():
        frame.to_csv(tmp_path / f"{name.lower()}.csv", index=False)
    return tmp_path


def test_a_break_becomes_a_blank_and_one_finding_says_where(folder, study):
    trial = review_trial([folder], study)
    assert trial["AE"]["AETERM"].iloc[0] == "fever and chills"
    found = trial.findings[trial.findings["rule"] == "TXT-03"]
    assert found[["severity", "domain", "variable", "value"]].to_numpy().tolist() == [
        ["warning", "AE", "AETERM", "fever and chills"]
    ]
    message = found["message"].iloc[0]
    assert trial["AE"]["USUBJID"].iloc[0] in message
    assert "record 1 of ae.csv has 'fever\\nand\\u2028chills\\x1b'" in message


def test_plain_data_change_nothing(demo_trial):
    assert len(demo_trial.changed) == 0
    assert "TXT-03" not in set(demo_trial.findings["rule"])


def test_a_record_after_the_cut_isnt_told_of(folder, study):
    assert "TXT-03" in set(load_trial([folder], study).findings["rule"])
    assert "TXT-03" not in set(load_trial([folder], study, "2000-01-01").findings["rule"])


def test_labels_and_csv_are_read_so_too(tmp_path, study):
    for name, frame in whole_domains().items():
        frame.to_csv(tmp_path / f"{name.lower()}.csv", index=False)
    ts = pd.DataFrame({"STUDYID": ["T"], "DOMAIN": ["TS"], "TSPARMCD": ["TITLE"], "TSVAL": ["a\r\nb"]})
    ts.to_csv(tmp_path / "ts.csv", index=False)
    found = review_trial([tmp_path], study).findings
    assert found.loc[found["rule"] == "TXT-03", "message"].tolist() == [
        "TS: TSVAL: record 1 of ts.csv has 'a\\r\\nb', with line breaks or characters that can't be shown; a "
        "blank replaces them. Correct the source."
    ]
    content = {
        "datasetJSONCreationDateTime": "2020-01-01T00:00:00", "datasetJSONVersion": "1.1.0", "itemGroupOID": "IG.TS",
        "records": 1, "name": "TS", "label": "Trial\nsummary",
        "columns": [{"itemOID": name, "name": name, "label": f"{name}\n{name}", "dataType": "string"} for name in ts],
        "rows": ts.to_numpy().tolist(),
    }  # fmt: skip
    (tmp_path / "json").mkdir()
    (tmp_path / "json/ts.json").write_text(json.dumps(content))
    trial = read_trial([tmp_path / "json"])
    assert trial.labels["TS"] == "Trial summary"
    assert trial.variables["TS"]["TSVAL"].label == "TSVAL TSVAL"


def test_parameters_and_mappings_are_plain_text(tmp_path, root):
    text = (root / "params/study.yml").read_text(encoding="utf-8")
    path = tmp_path / "study.yml"
    path.write_text(
        "\n".join(
            '  sponsor: {value: "Institute\\n```\\nof", origin: registry}'
            if line.startswith("  sponsor:")
            else line
            for line in text.splitlines()
        ),
        "utf-8",
    )
    assert read_study(path).identity.sponsor == "Institute ``` of"
    mapping = tmp_path / "mapping.yml"
    mapping.write_text('values: {AE.AEREL: {"X": "RELATED\\n\\0TO"}}\n', "utf-8")
    assert read_mapping(mapping).values["AE.AEREL"] == {"X": "RELATED TO"}


def test_plain_text():
    assert {text: plain_text(text) for text in UNSEEN} == UNSEEN
    assert plain_text("  two  blanks ") == "  two  blanks "


def test_where_a_line_may_end():
    assert unbreakable("CD4 \u7ec6\u80de x") == ["CD4", "\u7ec6", "\u80de", "x"]
    assert cut_long_words("x" * 9 + " yy", 5) == ["xxxx", "xxxx", "x yy"]
    assert cut_long_words("short words only", 6) == ["short words only"]
    assert cut_long_words("e\u0301" * 5, 4) == ["e\u0301" * 4, "e\u0301"]
    assert cut_long_words("\u8840" * 9, 4) == ["\u8840" * 9]
