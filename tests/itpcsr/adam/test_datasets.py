"""Each dataset is derived when it is asked for, whatever was asked for before, and once."""

import pandas as pd
import pytest

from csrkit.small_texts import usual_texts
from itpcsr.adam import datasets
from itpcsr.adam.datasets import Datasets, derive, derive_each
from itpcsr.sdtm import Trial
from tests.whole import whole_domains


@pytest.fixture(scope="module")
def trial():
    return Trial(whole_domains())


@pytest.fixture(scope="module")
def together(trial, study):
    return derive(trial, study)


@pytest.mark.parametrize("name", ["adsl", "adae", "adpp", "adtte", "addl", "adab"])
def test_a_dataset_alone_is_the_one_of_all(trial, study, together, name):
    pd.testing.assert_frame_equal(Datasets(trial, study)[name], together[name])


def test_what_a_dataset_does_not_need_is_not_derived(trial, study, monkeypatch):
    def stop(*_):
        raise AssertionError("the laboratory was derived")

    monkeypatch.setattr(datasets, "derive_adlb", stop)
    found = Datasets(trial, study)
    assert len(found["adcm"]) > 0
    with pytest.raises(AssertionError, match="the laboratory was derived"):
        found["adrs"]


def test_a_dataset_is_derived_once(trial, study):
    found = Datasets(trial, study)
    assert found["adex"] is found["adex"]


def test_the_datasets_depend_on_the_study(trial, study, together):
    assert list(together) == list(Datasets(trial, study))
    assert "addl" in together
    found = Datasets(trial, study.model_copy(update={"dose_finding": None}))
    assert "addl" not in found
    assert len(found) == len(together) - 1
    with pytest.raises(KeyError, match="addl"):
        found["addl"]


def test_one_after_the_other_they_are_the_same_and_use_up_the_trial(trial, study, together):
    given = Trial(dict(trial.domains))
    found = dict(derive_each(given, study))
    assert given.domains == {}
    assert sorted(found) == sorted(together)
    for name, frame in found.items():
        pd.testing.assert_frame_equal(frame, usual_texts(together[name]), check_exact=True)


def test_domains_and_datasets_that_nothing_needs_any_more_go(trial, study):
    found = Datasets(Trial(dict(trial.domains)), study)
    for name in datasets._LARGE_FIRST:
        found.take(name)
        domains, parts = datasets._LARGE_FIRST[name]
        assert not [domain for domain in domains if domain in found._trial]
        assert not [part for part in parts if part in found.__dict__]
