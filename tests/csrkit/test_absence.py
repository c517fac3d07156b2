"""Absent isn't zero: what a notebook does to the frames between data and analysis doesn't turn one into the other."""

import pandas as pd
import pytest

from csrkit.absence import absent_domain, is_absent, lacks_records, mark_source
from csrkit.errors import DataError
from csrkit.tables.table import Table
from itpcsr.adam.datasets import Datasets
from itpcsr.adam.specification import specify
from itpcsr.sdtm import Trial
from tests.faults.chain import show
from tests.whole import whole_domains

# Domain to a notebook that shows its records
SHOWN = {
    "AE": "20-safety",
    "LB": "25-laboratory",
    "DV": "10-population",
    "VS": "25-laboratory",
    "MB": "25-laboratory",
    "CM": "25-laboratory",
    "PC": "40-pharmacokinetics",
    "IS": "50-antibody",
    "RS": "38-bleeding",
}


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


def trial_without(domain):
    domains = {
        name: frame for name, frame in whole_domains().items() if name not in (domain, f"SUPP{domain}")
    }
    domains.pop("PR", None)  # which gives ADCM records, too
    return Trial(domains)


@pytest.fixture(scope="module", params=list(SHOWN))
def without(request, study):
    """Return a domain, a trial that lacks it, and its datasets."""
    trial = trial_without(request.param)
    return request.param, trial, Datasets(trial, study)


@pytest.mark.parametrize("step", STEPS)
def test_an_absent_domain_stays_absent(without, step, tmp_path):
    domain, _, datasets = without
    names = [one.name.lower() for one in datasets.specification.datasets if one.domain == domain]
    for name in names:
        assert is_absent(STEPS[step](datasets[name], datasets["adsl"], tmp_path), domain), name


def test_the_displays_of_an_absent_domain_say_so(without, study):
    domain, trial, datasets = without
    shown = show(trial, study, SHOWN[domain], datasets=datasets)
    sentences = [display.absent for display in shown.values() if isinstance(display, Table)]
    assert any("The study's data hold no" in sentence for sentence in sentences)


def test_every_source_is_tested(study):
    assert set(SHOWN) == {one.domain for one in specify(study).datasets} - {""}


@pytest.fixture(scope="module")
def whole(study):
    return Datasets(Trial(whole_domains()), study)


@pytest.mark.parametrize("step", [name for name in STEPS if name != "left merge"])
def test_a_domain_that_is_there_may_be_empty(whole, step, tmp_path):
    """No event of the filter is none; the domain is there."""
    empty = STEPS[step](whole["adae"][whole["adae"]["AEDECOD"] == "nothing"], whole["adsl"], tmp_path)
    assert not is_absent(empty, "AE")


def test_a_domain_without_any_record_is_there(study):
    domains = whole_domains()
    domains |= {name: domains[name].iloc[:0] for name in ("AE", "SUPPAE")}
    shown = show(Trial(domains), study, "20-safety")
    assert "was reported" in shown["tbl-ae-soc-pt"].absent


def test_a_frame_that_can_no_longer_tell_is_refused(whole):
    events = whole["adae"][whole["adae"]["AEDECOD"] == "nothing"].drop(columns="AESRCFL")
    with pytest.raises(
        DataError, match=r"lost whether the data hold the domain AE: the column AESRCFL .*Keep"
    ):
        is_absent(events, "AE")


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
