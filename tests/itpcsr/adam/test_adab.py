"""ADAB: induced, boosted, unchanged; transient and persistent, by hand and against another derivation."""

import math

import numpy as np
import pandas as pd
import pytest

from csrkit.absence import absent_domain
from itpcsr.adam.adis import NO_BASELINE, NO_LATER, NO_SAMPLE, NOT_PLANNED, classify_antibodies
from itpcsr.adam.states import derive_subgroups
from tests import small
from tests.itpcsr.adam.antibodies import AFTER, BEFORE, derived, result, status

# the result before and after the first infusion, and the status
PAIRS = [
    ("NEGATIVE", "NEGATIVE", "NEGATIVE"),
    ("NEGATIVE", "1:40", "INDUCED"),
    ("<1:10", "1:40", "INDUCED"),
    ("1:40", "1:160", "BOOSTED"),  # just fourfold
    ("1:40", "1:80", "UNCHANGED"),
    ("1:40", "NEGATIVE", "UNCHANGED"),
    ("1:40", ">1:160", "BOOSTED"),
    ("1:320", ">1:640", "UNKNOWN"),  # at least twice, perhaps more
    (">1:640", "1:640", "UNCHANGED"),
    (">1:640", ">1:640", "UNKNOWN"),
    (">1:160", "1:640", "UNKNOWN"),
    ("POSITIVE", "1:640", "UNKNOWN"),  # no titre at baseline
    ("1:40", "POSITIVE", "UNKNOWN"),
]


@pytest.fixture(scope="module")
def of_pairs(study):
    """Return the datasets of a trial with a subject for each pair of samples."""
    names = [f"P{number:02}" for number in range(len(PAIRS))]
    samples = [
        result(name, day, text)
        for name, (before, after, _) in zip(names, PAIRS, strict=True)
        for day, text in ((BEFORE, before), (AFTER, after))
    ]
    sampling = study.sampling.model_copy(update={"antibody_subjects": len(PAIRS)})
    return derived(study.model_copy(update={"sampling": sampling}), *samples, subjects=names)


@pytest.mark.parametrize("number", range(len(PAIRS)), ids=[" then ".join(pair[:2]) for pair in PAIRS])
def test_status_of_two_samples(of_pairs, number):
    record, expected = status(of_pairs, f"P{number:02}"), PAIRS[number][-1]
    assert (record["STATUS"], record["EVALFL"], record["REASON"]) == (expected, "Y", "")
    assert record["PERSIST"] == ("NOT ASSESSABLE" if expected == "INDUCED" else "")


def test_the_factor_is_a_parameter(study):
    rules = study.antibody.model_copy(update={"boost_factor": 2.0})
    found = derived(
        study.model_copy(update={"antibody": rules}), result("A", -1, "40"), result("A", 24, "80")
    )
    assert status(found)["STATUS"] == "BOOSTED"


def test_who_is_not_evaluable_and_why(study):
    sampling = study.sampling.model_copy(update={"antibody_subjects": 3})
    found = derived(
        study.model_copy(update={"sampling": sampling}),
        result("A", BEFORE, "NEGATIVE"), result("B", AFTER, "1:40"), result("B", BEFORE, "INDETERMINATE"),
        subjects=("A", "B", "C", "D"),
    )  # fmt: skip
    reasons = {name: status(found, name)["REASON"] for name in "ABCD"}
    assert reasons == {"A": NO_LATER, "B": NO_BASELINE, "C": NO_SAMPLE, "D": NOT_PLANNED}
    assert [status(found, name)["TESTFL"] for name in "ABCD"] == ["Y", "Y", "N", "N"]
    assert status(found, "B")["POSTC"] == "POSITIVE"
    assert set(found["adab"]["STATUS"]) == {""}


def test_none_planned(study):
    sampling = study.sampling.model_copy(update={"antibody_subjects": 0})
    found = derived(study.model_copy(update={"sampling": sampling}), result("A", -1, "POSITIVE", "DSAB"))
    assert status(found, "B")["REASON"] == NOT_PLANNED


def test_any_antibody_takes_what_says_most(study):
    found = derived(
        study,
        result("A", BEFORE, "NEGATIVE"), result("A", AFTER, "1:40"),
        result("A", BEFORE, "1:40", "HLA2AB"), result("A", AFTER, "1:40", "HLA2AB"),
        result("B", BEFORE, "1:40", "HLA2AB"), result("B", AFTER, "1:40", "HLA2AB"),
        result("C", BEFORE, "NEGATIVE", "DSAB"),
    )  # fmt: skip
    both, kept, half = (status(found, name, "ANY") for name in "ABC")
    assert (both["STATUS"], both["BASEC"], both["POSTC"]) == ("INDUCED", "POSITIVE", "POSITIVE")
    assert kept["STATUS"] == "UNCHANGED"
    assert (half["STATUS"], half["REASON"]) == ("", NO_LATER)


def test_an_autoantibody_is_never_boosted(study):
    ratios = [result("A", number_day, "", "GP2B3AAB", value) for number_day, value in ((-1, 1.1), (80, 9.0))]
    assert status(derived(study, *ratios), test="GP2B3AAB")["STATUS"] == "UNCHANGED"


def samples(*results):
    """Return samples of one subject: (day from the first dose, result, titre)."""
    return pd.DataFrame(
        [
            {
                "USUBJID": "A", "PARAMCD": "X", "AVALCAT1": word, "AVAL": titre, "AVALSGN": "", "ARELDY": float(day),
                "AFTERFL": "Y" if day > 0 else "N", "ABLFL": "" if day > 0 else "Y",
            }
            for day, word, titre in results
        ]
    )  # fmt: skip


NEG, POS = ("NEGATIVE", math.nan), ("POSITIVE", 40.0)


@pytest.mark.parametrize(
    ("later", "expected", "weeks"),
    [
        ([(14, *POS), (168, *NEG)], "TRANSIENT", 1 / 7),
        ([(14, *POS), (125, *POS), (168, *NEG)], "TRANSIENT", 16),  # 15.9 weeks apart
        ([(14, *POS), (126, *POS), (168, *NEG)], "PERSISTENT", 113 / 7),  # 16 weeks apart
        ([(14, *NEG), (168, *POS)], "PERSISTENT", 1 / 7),  # first seen in the last sample
        ([(14, *POS), (100, *NEG), (168, *POS)], "PERSISTENT", 155 / 7),
        ([(14, *POS)], "NOT ASSESSABLE", 1 / 7),
    ],
)
def test_persistence_of_more_samples(later, expected, weeks):
    found = classify_antibodies(samples((-1, *NEG), *later), 4, 16).iloc[0]
    assert (found["STATUS"], found["PERSIST"]) == ("INDUCED", expected)
    assert found["DURW"] == pytest.approx(weeks)
    assert found["ONSETW"] == pytest.approx(next(day for day, word, _ in later if word == "POSITIVE") / 7)


def test_no_sample_at_all():
    empty = samples((-1, *NEG)).head(0)
    assert classify_antibodies(empty, 4, 16).empty


def test_simulated_trial(demo):
    union = demo["adab"].query("PARAMCD == 'ANY' and EVALFL == 'Y'")
    assert union["STATUS"].value_counts().to_dict() == {"NEGATIVE": 7, "INDUCED": 1, "UNCHANGED": 1}
    assert set(union["PERSIST"]) == {"", "NOT ASSESSABLE"}


def test_a_trial_without_the_domain(study):
    from itpcsr.adam.datasets import Datasets

    found = Datasets(small.trial(DM=small.dm(("A", "ESC05")), EX=small.ex("A")), study)
    assert absent_domain(found["adis"]) == "IS"
    assert absent_domain(found["adab"]) == "IS"
    assert set(found["adab"]["REASON"]) == {NO_SAMPLE}


@pytest.fixture(scope="module")
def pharmaverse(root):
    """Return their derived status by subject (127 of them), and the samples that it comes from."""
    folder = root.parent / "shared/data/pharmaverse_pk_ada"
    if not folder.is_dir():
        pytest.skip(f"the antibody data of the pharmaverse aren't at {folder}")
    adab = pd.read_csv(folder / "adab.csv.gz", low_memory=False)
    return adab, _their_samples(adab[adab["PARAMCD"] == "BABXANOM"])


def _their_samples(records):
    """Their titres are logarithms to base 10; a positive sample without a number has the lowest, 1.4."""
    text = records["ISSTRESC"].fillna("")
    return pd.DataFrame(
        {
            "USUBJID": records["USUBJID"],
            "PARAMCD": records["PARAMCD"],
            "AVALCAT1": np.where(text == "NEGATIVE", "NEGATIVE", "POSITIVE"),
            "AVAL": 10 ** records["AVAL"],
            "AVALSGN": "",
            "ARELDY": records["AFRLT"],
            "AFTERFL": np.where(records["AFRLT"] > 0, "Y", "N"),
            "ABLFL": records["ABLFL"].fillna(""),
        }
    )


def test_status_as_in_the_pharmaverse(pharmaverse):
    adab, taken = pharmaverse
    # they ask for a rise of 0.6 on the logarithmic scale, a little less than fourfold
    found = classify_antibodies(taken, 10**0.6, 16).set_index("USUBJID")
    theirs = adab.pivot_table(index="USUBJID", columns="PARAMCD", values="AVALC", aggfunc="first")
    flags = {
        "BFLAG1": found["BASEC"] == "POSITIVE",
        "INDUCD1": found["STATUS"] == "INDUCED",
        "ENHANC1": found["STATUS"] == "BOOSTED",
        "TRUNAFF1": found["STATUS"] == "UNCHANGED",
        "EMERPOS1": found["STATUS"].isin(["INDUCED", "BOOSTED"]),
        "EMERNEG1": found["STATUS"].isin(["UNCHANGED", "NEGATIVE"]),
        "NOTRREL1": found["STATUS"] == "",  # no sample after the first dose
        "TRANADA1": found["PERSIST"] == "TRANSIENT",
    }
    assert len(found) == 127
    for name, ours in flags.items():
        assert (ours == (theirs.loc[ours.index, name] == "Y")).all(), name
    numbers = adab.pivot_table(index="USUBJID", columns="PARAMCD", values="AVAL", aggfunc="first")
    for ours, name in (("ONSETW", "TIMADA1"), ("DURW", "ADADUR1")):
        expected = numbers[name].reindex(found.index)
        pd.testing.assert_series_equal(found[ours], expected, atol=5e-5, rtol=0, check_names=False)


def test_they_call_one_positive_sample_persistent(pharmaverse):
    """The one difference: with a single later sample, positive, they say persistent, we not assessable."""
    adab, taken = pharmaverse
    found = classify_antibodies(taken, 10**0.6, 16).set_index("USUBJID")
    theirs = adab[adab["PARAMCD"] == "PERSADA1"].set_index("USUBJID")["AVALC"] == "Y"
    ours = found["PERSIST"] == "PERSISTENT"
    differing = found[ours != theirs.loc[found.index]]
    assert set(differing["PERSIST"]) == {"NOT ASSESSABLE"}
    assert set(differing["NPOST"]) == {1.0}
    assert theirs.loc[differing.index].all()
    assert ours.sum() + len(differing) == theirs.sum() == 11


def test_autoantibodies_of_a_subgroup_are_those_of_the_flagged_baseline(study):
    """Infused on Day 1 at 10:00: what was found at 15:00 is no baseline, what was found at 9:00 is the last."""
    infusions = small.ex("A", "B", "C")
    infusions["EXSTDTC"] = infusions["EXSTDTC"] + "T10:00"
    samples = [
        result("A", BEFORE, "POSITIVE", "GP2B3AAB"), result("A", 1, "NEGATIVE", "GP2B3AAB"),
        result("B", 1, "NEGATIVE", "GP2B3AAB"), result("C", 1, "POSITIVE", "GP2B3AAB"),
    ]  # fmt: skip
    for sample, hour in zip(samples, ("T09:00", "T15:00", "T09:00", "T15:00"), strict=True):
        sample["ISDTC"] += hour
    found = derived(study, *samples, ex=infusions)
    assert found["adab"].groupby("USUBJID")["AUTOFL"].unique().map(list).to_dict() == {
        "A": ["Y"], "B": ["N"], "C": [""],
    }  # fmt: skip
    adsl = found["adsl"].assign(BPLAT=20.0, BPLATC="")
    levels = derive_subgroups(adsl, found["adab"], study).query("SUBGROUP == 'Platelet autoantibody'")
    assert levels.set_index("USUBJID")["LEVEL"].to_dict() == {
        "A": "Positive",
        "B": "Negative",
        "C": "Not known",
    }
