"""ADCP: values below the limit, ratios from their parts, baseline, scale, units; and the marker table."""

import math

import pandas as pd
import pytest

from csrkit.errors import DataError, ParameterError
from itpcsr.adam.adcp import derive_adcp
from itpcsr.adam.adsl import derive_adsl
from itpcsr.study import read_markers
from tests import small


def cell(test, number_day, value, unit="%", **more):
    return {
        "STUDYID": "T", "DOMAIN": "CP", "USUBJID": "A", "CPTESTCD": test, "CPTEST": test, "CPSTRESN": value,
        "CPSTRESC": str(value), "CPSTRESU": unit, "CPDTC": small.day(number_day), **more,
    }  # fmt: skip


def derived(study, cells, cytokines=()):
    def numbered(rows, prefix):
        frame = pd.DataFrame(rows)
        frame[f"{prefix}SEQ"] = range(1, len(frame) + 1)
        return frame

    domains = {"DM": small.dm(("A", "ESC05")), "EX": small.ex("A"), "CP": numbered(cells, "CP")}
    if cytokines:
        domains["LB"] = numbered(cytokines, "LB")
    trial = small.trial(**domains)
    return derive_adcp(trial, derive_adsl(trial, study), study)


def test_a_ratio_is_derived_from_its_parts_in_one_sample(study):
    adcp = derived(
        study,
        [
            cell("TH17TH", -1, 2.0), cell("TLHRTLH", -1, 4.0), cell("TH17TH", 15, 3.0), cell("TLHRTLH", 15, 3.0),
            cell("TH17TH", 29, 3.0),
        ],
    )  # fmt: skip
    ratio = adcp[adcp["PARAMCD"] == "TH17TREG"].set_index("AVISITN")
    assert ratio["AVAL"].to_dict() == {0.0: 0.5, 2.0: 1.0}
    assert set(ratio["DTYPE"]) == {"RATIO"}
    assert ratio.loc[2.0, "TCHG"] == pytest.approx(math.log(2))
    assert ratio.loc[2.0, "R2BASE"] == 2


def test_a_ratio_in_the_data_is_not_taken_beside_the_derived_one(study):
    adcp = derived(study, [cell("TH1TH", -1, 16.0), cell("TH2TH", -1, 2.0), cell("TH1TH2", -1, 7.9, "RATIO")])
    assert adcp.loc[adcp["PARAMCD"] == "TH1TH2", "AVAL"].tolist() == [8.0]


def test_a_value_below_the_limit_stands_as_its_half_and_says_so(study):
    cytokine = {
        "STUDYID": "T", "DOMAIN": "LB", "USUBJID": "A", "LBTESTCD": "INTLK10", "LBTEST": "IL-10",
        "LBSTRESN": float("nan"), "LBSTRESC": "<1.5", "LBSTRESU": "pg/mL", "LBDTC": small.day(-1),
    }  # fmt: skip
    text = {**cytokine, "LBSTRESC": "NOT DONE", "LBDTC": small.day(15)}
    adcp = derived(study, [cell("TLYLY", -1, 70.0)], [cytokine, text])
    found = adcp[adcp["PARAMCD"] == "INTLK10"]
    assert found[["AVAL", "DTYPE", "ABLFL"]].to_numpy().tolist() == [[0.75, "LIMIT", "Y"]]


def test_scale_follows_the_marker_table_and_zero_has_no_logarithm(study):
    adcp = derived(study, [cell("TLYLY", -1, 70.0), cell("TLHRTLH", -1, 0.0)]).set_index("PARAMCD")
    assert adcp.loc["TLYLY", ["SCALE", "TVAL"]].tolist() == ["linear", 70.0]
    assert math.isnan(adcp.loc["TLHRTLH", "TVAL"])


def test_one_marker_in_two_units_stops(study):
    with pytest.raises(DataError, match="TLYLY comes in several units"):
        derived(study, [cell("TLYLY", -1, 70.0), cell("TLYLY", 15, 1.2, "10^9/L")])


def test_the_demonstration_has_one_value_per_visit_and_derives_what_the_data_hold(demo, demo_trial):
    adcp = demo["adcp"]
    used = adcp[adcp["ANL01FL"] == "Y"]
    assert not used.duplicated(["USUBJID", "PARAMCD", "AVISITN"]).any()
    given = demo_trial["CP"].query("CPTESTCD == 'TH1TH2'").set_index(["USUBJID", "VISIT"])["CPSTRESN"]
    own = adcp[adcp["PARAMCD"] == "TH1TH2"].set_index(["USUBJID", "VISIT"])["AVAL"]
    assert (own - given).abs().max() <= 0.005 + 1e-9


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("code: TLHLY,", "code: TLYLY,", "TLYLY appears twice"),
        ("parts: [TLHLY, TLCLY]", "parts: [TLHLY, NOSUCH]", "ratio of NOSUCH, which is not measured"),
        ("parts: [TLHLY, TLCLY]", "parts: [TLHLY]", "either a domain"),
        ("scale: linear", "scale: cubic", "scale"),
    ],
)
def test_faults_of_the_marker_table_are_named(root, tmp_path, old, new, message):
    text = (root / "params/markers.yml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "markers.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ParameterError, match=message):
        read_markers(path)
