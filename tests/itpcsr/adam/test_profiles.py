"""What profiles are made of: who has one, what the rule makes of each count, and values beyond limits."""

import pandas as pd
import pytest

from itpcsr.adam.datasets import Datasets
from itpcsr.adam.states import AFTER_RESCUE, WHILE_BLEEDING, derive_profiles, select_profiled
from itpcsr.study import read_study
from tests import small


def profiles_of(study, **domains):
    trial = small.trial(**{"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), **domains})
    return derive_profiles(Datasets(trial, study), study)


def counts_of(study, counts, **domains):
    frames = profiles_of(study, LB=small.platelets("01", counts), **domains)
    return frames["counts"].set_index("ADY")[["AVALC", "ROLE"]].apply(tuple, axis=1).to_dict()


def test_every_enrolled_subject_has_a_profile_and_no_other(demo, study):
    profiled = select_profiled(demo["adsl"].sample(frac=1, random_state=1), study)
    assert list(profiled["USUBJID"]) == [f"SIM-{number:03d}" for number in range(1, 19)]


def test_arms_that_a_version_leaves_out_have_no_profile(demo, root):
    study = read_study(root / "params/study.yml", cohorts=["ESC05"])
    assert list(select_profiled(demo["adsl"], study)["USUBJID"]) == ["SIM-001", "SIM-002", "SIM-003"]


def test_each_count_has_its_part_in_the_response(study):
    assert counts_of(study, {-3: 12, 1: 10, 8: 35, 15: 120, 22: 40, 29: 15, 36: 12}) == {
        -3: ("", ""),
        1: ("", "baseline"),
        8: ("R", "dates the response"),
        15: ("CR", "confirms it"),
        22: ("R", ""),
        29: ("NR", "first of the counts that end it"),
        36: ("NR", ""),
    }


def test_a_high_count_that_does_not_count_says_why(study):
    rescue = pd.DataFrame(
        [
            {
                "STUDYID": "T", "DOMAIN": "CM", "USUBJID": "01", "CMSEQ": 1.0, "CMTRT": "IVIG", "CMDECOD": "IVIG",
                "CMCAT": "RESCUE THERAPY", "CMSTDTC": small.day(20), "CMENDTC": small.day(20),
            }
        ]
    )  # fmt: skip
    bleeding = small.events(small.event("01", "Epistaxis", small.day(8), small.day(8)))
    found = counts_of(study, {1: 10, 8: 35, 15: 12, 22: 90}, CM=rescue, AE=bleeding)
    assert found[8] == ("NR", WHILE_BLEEDING)
    assert found[15] == ("NR", "")
    assert found[22] == ("NR", AFTER_RESCUE)


def test_counts_agree_with_the_response_at_each_count(demo, demo_trial, study):
    counts = derive_profiles(demo, study)["counts"]
    adrs = demo["adrs"].query("PARAMCD == 'OVR'")
    judged = counts[counts["AVALC"] != ""]
    keys = ["USUBJID", "ADY", "AVAL"]
    expected = adrs[["USUBJID", "ADY", "PLAT", "AVALC"]].set_axis([*keys, "AVALC"], axis=1)
    pd.testing.assert_frame_equal(
        judged[[*keys, "AVALC"]].sort_values(keys, ignore_index=True),
        expected.sort_values(keys, ignore_index=True),
        check_dtype=False,
    )


def test_values_beyond_a_limit_are_one_record_per_test_and_side(study):
    days = {1: 20.0, 8: 45.0, 15: 90.0, 22: 5.0, 29: 30.0}
    alt = small.platelets("01", days).assign(
        LBTESTCD="ALT", LBTEST="ALT", LBCAT="CHEMISTRY", LBSTRESU="U/L", LBSTNRLO=10.0, LBSTNRHI=40.0
    )
    limits = profiles_of(study, LB=alt)["limits"]
    found = limits[["SIDE", "BASE", "AVAL", "ADY", "LIMIT", "BEYOND", "COUNTED"]]
    assert found.to_numpy().tolist() == [
        ["HIGH", 20.0, 90.0, 15.0, 40.0, 2, 4],
        ["LOW", 20.0, 5.0, 22.0, 10.0, 1, 4],
    ]


@pytest.mark.parametrize("name", ["study", "pilot_study"])
def test_a_trial_of_two_domains_has_profiles_without_records(name, request):
    study = request.getfixturevalue(name)
    arm = study.design.reported_arms[0]
    trial = small.trial(DM=small.dm(("01", arm)), EX=small.ex("01"))
    frames = derive_profiles(Datasets(trial, study), study)
    assert len(frames["adsl"]) == 1
    assert all(frames[part].empty for part in ("counts", "limits", "best", "adae", "addv"))
