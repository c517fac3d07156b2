"""The trial of an external version: what is gone, what is moved, and what stays to the digit."""

import base64
import hashlib

import pandas as pd
import pytest

from csrkit.disclosure.pseudonyms import (
    DEMONSTRATION_KEY,
    _can_be_guessed,
    keeps_first,
    move_dates,
    name_subjects,
    read_key,
)
from csrkit.disclosure.trial import disclose
from csrkit.errors import ParameterError
from itpcsr.adam.datasets import Datasets
from itpcsr.sdtm import Trial, cut_trial
from tests.small import day, dm, ex
from tests.whole import whole_domains

KEY = b"a key of the tests, long enough for one"
BLOCK = 3


@pytest.fixture(scope="module")
def disclosed(demo_trial):
    return disclose(demo_trial, KEY, BLOCK)


@pytest.fixture(scope="module")
def names(demo_trial):
    return name_subjects(demo_trial["DM"]["USUBJID"], KEY)


def texts(trial: Trial) -> str:
    return "\n".join(frame.to_csv(index=False) for frame in trial.domains.values())


def made(**domains: pd.DataFrame) -> Trial:
    return disclose(Trial({**whole_domains(), **domains}), KEY, BLOCK)


def test_no_identifier_date_or_word_as_reported_is_left(demo_trial, disclosed):
    content = texts(disclosed)
    for subject in demo_trial["DM"]["USUBJID"]:
        assert subject not in content
    assert "SITEID" not in content
    for word in ("PROFUSE MENSTRUATION", "CYCLOSPORINE A", "3 days after the planned"):
        assert word in texts(demo_trial)
        assert word not in content
    years = disclosed["LB"]["LBDTC"].str[:4].astype("int64")
    assert years.max() < 2019  # the simulated trial ran from 2019 on


def test_every_domain_names_a_subject_alike(demo_trial, disclosed, names):
    assert set(disclosed.domains) == set(demo_trial.domains)
    for domain, frame in disclosed.domains.items():
        if "USUBJID" in frame:
            found = demo_trial[domain]["USUBJID"].map(names).value_counts()
            assert frame["USUBJID"].value_counts().to_dict() == found.to_dict(), domain


def test_a_name_follows_from_key_and_identifier_alone(names):
    assert name_subjects(["SIM-007"], KEY) == {"SIM-007": names["SIM-007"]}
    assert not set(names.values()) & set(
        name_subjects(names, b"another key, which is as long as the first").values()
    )
    assert len(set(names.values())) == len(names)


def test_records_stand_in_the_order_of_the_names(disclosed):
    for frame in disclosed.domains.values():
        if "USUBJID" in frame:
            assert frame["USUBJID"].is_monotonic_increasing


def test_the_same_key_gives_the_same_trial(demo_trial, disclosed):
    again = disclose(demo_trial, KEY, BLOCK)
    for domain, frame in disclosed.domains.items():
        pd.testing.assert_frame_equal(frame, again[domain])


@pytest.mark.parametrize(
    "name",
    ["adsl", "adae", "adaette", "adex", "adlb", "adrs", "adtte", "adpc", "adpp", "adab", "adcp", "advs"],
)
def test_analysis_datasets_hold_the_same_numbers(name, demo, demo_disclosed, names):
    before = demo[name].assign(USUBJID=demo[name]["USUBJID"].map(names))
    after = demo_disclosed[name]
    numbers = before.select_dtypes("number").columns
    shown = ["USUBJID", *numbers]
    keys = [column for column in ("USUBJID", "PARAMCD", "AVISITN", *numbers) if column in before]
    ordered = [
        frame.sort_values(list(dict.fromkeys(keys)), ignore_index=True)[shown] for frame in (before, after)
    ]
    left = ordered[0]
    if name == "adae":  # the day of the one partial onset is imputed within another month
        left = left.drop(columns="ASTDY")
        ordered[1] = ordered[1].drop(columns="ASTDY")
    pd.testing.assert_frame_equal(left, ordered[1])


@pytest.fixture(scope="module")
def demo_disclosed(disclosed, study):
    return Datasets(disclosed, study)


def test_the_first_subjects_are_the_same_by_blocks(demo_trial, disclosed, names, study):
    assert keeps_first(demo_trial, disclosed, names, study.sampling.antibody_subjects)
    kept = [keeps_first(demo_trial, disclosed, names, count) for count in range(1, 19)]
    assert kept[2::3] == [True] * 6
    assert not all(kept)  # within a block the order is another


def test_flags_of_supplements_stay_with_their_event(demo, demo_disclosed):
    def flagged(adae: pd.DataFrame) -> list[tuple[str, float]]:
        return sorted(adae.loc[adae["DLTFL"] == "Y", ["AEDECOD", "ASTDY"]].itertuples(index=False, name=None))

    assert flagged(demo_disclosed["adae"]) == flagged(demo["adae"])


def test_numbers_that_count_on_through_all_subjects_begin_anew():
    ae = whole_domains()["AE"].assign(AESEQ=[11.0, 12.0, 13.0])
    supplement = whole_domains()["SUPPAE"].assign(IDVARVAL=["11", "12", "13"])
    trial = made(AE=ae, SUPPAE=supplement)
    assert trial["AE"]["AESEQ"].tolist() == [1.0, 1.0, 1.0]
    assert trial["SUPPAE"]["IDVARVAL"].tolist() == ["1", "1", "1"]


def test_what_no_table_names_is_left_out():
    domains = whole_domains()
    subjects = domains["DM"]["USUBJID"]
    co = pd.DataFrame({"USUBJID": subjects, "DOMAIN": "CO", "COVAL": "the neighbour of the mayor"})
    trial = made(
        CO=co,
        DM=domains["DM"].assign(INVNAM="Dr Who", BRTHDTC="1980-01-01"),
        AE=domains["AE"].assign(AESPID="Z-9", AEDESC="fell in the market"),
        SUPPAE=domains["SUPPAE"].assign(QNAM="AENOTE", QVAL="told by phone"),
    )
    content = texts(trial)
    for text in ("mayor", "Who", "BRTHDTC", "Z-9", "market", "phone"):
        assert text not in content


def test_age_over_89_is_90():
    dm_old = whole_domains()["DM"].assign(AGE=[89.0, 90.0, 97.0])
    assert sorted(made(DM=dm_old)["DM"]["AGE"]) == [89.0, 90.0, 90.0]


def test_what_was_never_coded_stays_apart():
    cm = pd.concat([whole_domains()["CM"].head(1)] * 3, ignore_index=True)
    cm = cm.assign(
        CMTRT=["Grandmother's tea", "a salve", "Grandmother's tea"], CMDECOD="", CMSEQ=[1.0, 2.0, 3.0]
    )
    assert made(CM=cm)["CM"]["CMTRT"].tolist() == ["NOT CODED 1", "NOT CODED 2", "NOT CODED 1"]


def test_identifiers_within_kept_texts_are_renamed():
    people = whole_domains()["DM"]
    subjects = {name: f"T-{name}" for name in people["USUBJID"]}
    rename = {
        domain: frame.assign(USUBJID=frame["USUBJID"].map(subjects))
        for domain, frame in whole_domains().items()
        if "USUBJID" in frame
    }
    rename["SV"] = rename["SV"].assign(VISIT="UNSCHEDULED T-02")
    trial = disclose(Trial({**whole_domains(), **rename}), KEY, BLOCK)
    name = name_subjects(subjects.values(), KEY)["T-02"]
    assert set(trial["SV"]["VISIT"]) == {f"UNSCHEDULED {name}"}


def test_results_in_words_give_way_to_their_standard():
    mb = whole_domains()["MB"].assign(MBORRES="Negativ, per Fax von Frau Li")
    assert set(made(MB=mb)["MB"]["MBORRES"]) == {"NEGATIVE"}


def test_dates_of_the_trial_itself_are_left_out(disclosed, demo_trial):
    ts = disclosed["TS"].set_index("TSPARMCD")["TSVAL"]
    assert (ts[ts.index.str.endswith("DTC")] == "").all()
    assert "SSTDTC" in set(demo_trial["TS"]["TSPARMCD"])


@pytest.mark.parametrize(
    ("text", "days", "moved"),
    [
        ("2020-03-10", 1, "2020-03-11"),
        ("2020-02-28T23:59", 1, "2020-02-29T23:59"),
        ("2019-02-28", 1, "2019-03-01"),
        ("", 1, ""),
        ("2020-03", -20, "2020-02"),  # holds the first day of treatment (10 March), which moves to 19 February
        ("2020", -100, "2019"),
        ("2020-02", 20, "2020-02"),  # by its middle it would move into the month of treatment: March
        ("2020-04", -20, "2020-03"),
        ("2020-05", -20, "2020-04"),
        ("2020---05", -100, "2019"),  # a day of an unknown month counts as its year
        ("--05-05", 3, ""),
    ],
)  # fmt: skip
def test_moved_dates(text, days, moved):
    frame = pd.DataFrame({"USUBJID": ["1"], "AESTDTC": [text]})
    assert move_dates(frame, {"1": days}, {"1": "2020-03-10T09:00"})["AESTDTC"].tolist() == [moved]


def test_a_partial_end_stays_with_its_start():
    frame = pd.DataFrame({"USUBJID": ["1"], "AESTDTC": ["2020-05-20"], "AEENDTC": ["2020-05"]})
    moved = move_dates(frame, {"1": -18}, {"1": "2020-03-10"})
    assert moved[["AESTDTC", "AEENDTC"]].to_numpy().tolist() == [["2020-05-02", "2020-05"]]


def test_the_cut_is_made_by_the_true_calendar(demo_trial, names):
    cut = disclose(cut_trial(demo_trial, pd.Timestamp("2021-05-10").date()), KEY, BLOCK)
    assert 9 <= len(cut["DM"]) < 22
    later = disclose(cut_trial(demo_trial, pd.Timestamp("2021-06-30").date()), KEY, BLOCK)
    assert set(cut["DM"]["USUBJID"]) <= set(later["DM"]["USUBJID"]) <= set(names.values())


def test_subjects_without_any_date_are_no_fault():
    trial = disclose(Trial({"DM": dm(("1", "A"), ("2", "A")), "EX": ex("1", "2")}), KEY, BLOCK)
    assert len(trial["EX"]) == 8
    assert not trial["EX"]["EXSTDTC"].isin([day(1)]).any()


RANDOM = "9f0c47d1b86e52a3e8d40b7796a1f35c"  # of 32 hexadecimal digits


def put_key(folder, text, mode=0o600):
    path = folder / "key"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_key_is_needed_for_real_data(tmp_path, root):
    assert read_key(None, True, root)
    with pytest.raises(ParameterError, match="needs `disclosure_key`"):
        read_key(None, False, root)
    with pytest.raises(ParameterError, match="no such file"):
        read_key(tmp_path / "nothing", True, root)
    with pytest.raises(ParameterError, match="holds 6 characters") as error:
        read_key(put_key(tmp_path, "secret\n"), False, root)
    assert "secret" not in str(error.value).replace("the secret", "")
    assert read_key(put_key(tmp_path, f"{RANDOM}\n"), False, root) == RANDOM.encode()


@pytest.mark.parametrize(
    "text",
    ["k" * 64, "ab" * 32, "0123456789abcdef" * 4, "abcdefghijklmnopqrstuvwxyz0123456789", "a" * 31 + "b",
     RANDOM * 2, "password" * 5, "1234567890" * 4, DEMONSTRATION_KEY.decode()],
)  # fmt: skip
def test_a_key_that_can_be_guessed_is_refused(tmp_path, root, text):
    with pytest.raises(ParameterError, match="can be guessed") as error:
        read_key(put_key(tmp_path, text), False, root)
    assert text not in str(error.value)


def test_random_keys_are_never_taken_for_guessed_ones(tmp_path, root):
    for seed in range(300):
        digest = hashlib.sha256(str(seed).encode())
        for text in (digest.hexdigest()[:32], digest.hexdigest(), base64.b64encode(digest.digest()).decode()):
            assert not _can_be_guessed(text.encode()), text


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604])
def test_a_key_that_others_can_read_or_change_is_refused(tmp_path, root, mode):
    with pytest.raises(ParameterError, match=r"others on this machine may read or change it.*chmod 600"):
        read_key(put_key(tmp_path, RANDOM, mode), True, root)


def test_a_key_within_the_project_is_refused_also_behind_a_link(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    path = put_key(project, RANDOM)
    (tmp_path / "link").symlink_to(path)
    for named in (path, tmp_path / "link", tmp_path / "project/../project/key"):
        with pytest.raises(ParameterError, match="lies within the project"):
            read_key(named, False, project)


def test_a_key_that_is_no_file_is_refused(tmp_path, root):
    (tmp_path / "key").symlink_to("/dev/zero")
    with pytest.raises(ParameterError):
        read_key(tmp_path / "key", False, root)


def test_the_disclosed_trial_still_says_that_it_is_simulated(disclosed, demo_trial):
    assert disclosed.simulated
    assert demo_trial.simulated
