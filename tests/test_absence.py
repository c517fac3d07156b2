"""Absent isn't zero: what a notebook does to the frames between data and analysis doesn't turn one into the other."""

from collections import ChainMap

import pandas as pd
import pytest

from csrkit.absence import SOURCES, absent_domain, is_absent, lacks_records, mark_source
from csrkit.errors import DataError
from csrkit.rows import absence, absent_rows
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis import (
    antibody,
    efficacy,
    incidence,
    laboratory,
    listings,
    pharmacokinetics,
    safety,
)
from itpcsr.sdtm import Trial
from tests.whole import whole_domains

NONE = "No treatment-emergent adverse event was reported."


def asks_for(domain, dataset):
    """Return what a notebook does that asks for the domain itself."""

    def rows(of, study):
        held = "" if is_absent(of[dataset], domain) else "The domain is there, so records are counted."
        return absent_rows("", held or f"The study's data hold no domain {domain}.")

    return rows


# Domain to the analyses that say something of its records, each of the datasets and the study
ANALYSES = {
    "AE": [
        lambda of, study: absent_rows("", safety.why_absent(of["adae"])),
        lambda of, study: incidence.analyse_incidence(of["adsl"], of["adae"], study, 0.95, 10),
        lambda of, study: listings.count_listing("tbl-x", "ADAE", of["adae"], of["adsl"], study),
    ],
    "LB": [
        lambda of, study: absent_rows("", laboratory.missing_sentence(of["adlb"], study)),
        lambda of, study: laboratory.analyse_abnormal_values(of["adsl"], of["adlb"], study),
    ],
    "DV": [
        lambda of, study: listings.count_listing("tbl-x", "ADDV", of["addv"], of["adsl"], study, "ENRLFL"),
    ],
    "VS": [asks_for("VS", "advs")],
    "MB": [asks_for("MB", "admb")],
    "CM": [
        asks_for("CM", "adcm"),
        lambda of, study: efficacy.analyse_itp_therapy(of["adsl"], of["adcm"], study, 0.95),
    ],
    "PC": [lambda of, study: pharmacokinetics.analyse_pk_set(of["adsl"], of["adpc"], study)],
    "IS": [lambda of, study: antibody.analyse_status(of["adsl"], of["adab"], study, 0.95)],
    "RS": [lambda of, study: efficacy.analyse_bleeding(of["adsl"], of["adbleed"], study, [4], 0.95)],
}  # fmt: skip


def stored(frame, folder):
    frame.to_parquet(folder / "x.parquet", index=False)
    return pd.read_parquet(folder / "x.parquet")


# What a notebook may do to a dataset, given ADSL and a folder
STEPS = {
    "nothing": lambda frame, adsl, folder: frame,
    "copy": lambda frame, adsl, folder: pd.DataFrame(frame.to_dict("series")),
    "filter": lambda frame, adsl, folder: frame[frame["USUBJID"].isin(adsl["USUBJID"])].query(
        "USUBJID != ''"
    ),
    "sort": lambda frame, adsl, folder: frame.sort_values("USUBJID").reset_index(drop=True),
    "concat": lambda frame, adsl, folder: pd.concat([frame, frame.iloc[:0]], ignore_index=True),
    "assign": lambda frame, adsl, folder: frame.assign(more="").drop_duplicates(),
    "inner merge": lambda frame, adsl, folder: frame.merge(adsl[["USUBJID", "STUDYD"]], on="USUBJID"),
    "merge to it": lambda frame, adsl, folder: adsl[["USUBJID", "STUDYD"]].merge(frame, on="USUBJID"),
    "left merge": lambda frame, adsl, folder: adsl[["USUBJID"]].merge(frame, on="USUBJID", how="left"),
    "parquet": lambda frame, adsl, folder: stored(frame, folder),
}


@pytest.fixture(scope="module", params=list(ANALYSES))
def without(request, study):
    """Return a domain and the datasets of a trial that lacks it."""
    domains = {
        name: frame
        for name, frame in whole_domains().items()
        if name not in (request.param, f"SUPP{request.param}")
    }
    domains.pop("PR", None)  # which gives ADCM records, too
    return request.param, Datasets(Trial(domains), study)


@pytest.mark.parametrize("step", STEPS)
def test_an_absent_domain_stays_absent(without, study, step, tmp_path):
    domain, datasets = without
    names = [name.lower() for name, source in SOURCES.items() if source == domain]
    changed = ChainMap(
        {name: STEPS[step](datasets[name], datasets["adsl"], tmp_path) for name in names}, datasets
    )
    for analyse in ANALYSES[domain]:
        sentence = absence(analyse(changed, study))
        assert "The study's data hold no" in sentence
        assert sentence == absence(analyse(datasets, study))
        assert not any(word in sentence for word in ("reported", "recorded", "None"))


def test_every_source_is_tested():
    assert set(ANALYSES) == set(SOURCES.values())


@pytest.fixture(scope="module")
def whole(study):
    return Datasets(Trial(whole_domains()), study)


@pytest.mark.parametrize("step", [name for name in STEPS if name != "left merge"])
def test_a_domain_that_is_there_may_be_empty(whole, study, step, tmp_path):
    """No event of the filter is none; the domain is there."""
    empty = STEPS[step](whole["adae"][whole["adae"]["AEDECOD"] == "nothing"], whole["adsl"], tmp_path)
    rows = incidence.analyse_incidence(whole["adsl"], empty, study, 0.95, 10)
    assert absence(rows) == NONE


def test_a_domain_without_any_record_is_there(study):
    domains = whole_domains()
    domains |= {name: domains[name].iloc[:0] for name in ("AE", "SUPPAE")}
    datasets = Datasets(Trial(domains), study)
    rows = incidence.analyse_incidence(datasets["adsl"], datasets["adae"], study, 0.95, 10)
    assert absence(rows) == NONE


def test_a_frame_that_can_no_longer_tell_is_refused(whole, study):
    events = whole["adae"][whole["adae"]["AEDECOD"] == "nothing"].drop(columns="AESRCFL")
    with pytest.raises(
        DataError, match=r"lost whether the data hold the domain AE: the column AESRCFL .*Keep"
    ):
        incidence.analyse_incidence(whole["adsl"], events, study, 0.95, 10)


def test_the_mark_is_of_one_domain():
    frame = pd.DataFrame({"USUBJID": pd.Series(dtype="str")})
    both = mark_source(mark_source(frame, "AE", held=False), "CM", held=True)
    assert is_absent(both, "AE")
    assert not is_absent(both, "CM")
    assert absent_domain(both) == "AE"
    twice = both.merge(both, on="USUBJID")
    assert is_absent(twice, "AE")
    assert not is_absent(twice, "CM")
    assert not is_absent(pd.DataFrame({"USUBJID": ["01"]}), "AE")  # records are of data that hold the domain


def test_another_domain_may_give_the_records(study):
    """Procedures of PR stand in ADCM without a medication domain."""
    subjects = pd.DataFrame({"USUBJID": ["01", "02"]})
    adcm = mark_source(pd.DataFrame({"USUBJID": ["01"], "RESCFL": ["Y"]}), "CM", held=False)
    assert is_absent(adcm, "CM")
    assert not lacks_records(adcm, "CM")
    assert not lacks_records(subjects.merge(adcm, on="USUBJID", how="left"), "CM")
    assert lacks_records(subjects.merge(adcm.iloc[:0], on="USUBJID", how="left"), "CM")
