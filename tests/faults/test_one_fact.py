"""One fact has one derivation: datasets and displays agree on any small trial, however it is recorded."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itpcsr.adam.datasets import Datasets
from itpcsr.adam.states import derive_intercurrent, derive_profiles
from itpcsr.analysis.efficacy import EVENTS
from itpcsr.analysis.significant_events import select_events
from itpcsr.sdtm import Trial
from itpcsr.study import Study, read_study
from itpsim.simulate import simulate
from tests.faults.conftest import WEEKS

_DATES = ("2020-01", "2020", "2020---20", "", "2019-12-31", "2021")


def _without_end(domains: dict[str, pd.DataFrame], rng: np.random.Generator) -> None:
    domains["DM"] = domains["DM"].drop(columns="RFPENDTC", errors="ignore")
    if rng.random() < 0.5:
        domains.pop("DS", None)


def _failing_counts(domains: dict[str, pd.DataFrame], rng: np.random.Generator) -> None:
    lb = domains["LB"]
    platelets = (lb["LBTESTCD"] == "PLAT").to_numpy()
    failed = platelets & (rng.random(len(lb)) < 0.15)
    high = platelets & (rng.random(len(lb)) < 0.4)
    domains["LB"] = lb.assign(LBSTRESN=lb["LBSTRESN"].mask(high, 120.0).mask(failed, 5.0))


def _partial_dates(domains: dict[str, pd.DataFrame], rng: np.random.Generator) -> None:
    for name in ("AE", "CM"):
        frame = domains[name]
        year = domains["DM"]["RFSTDTC"].str[:4].max()
        texts = [text.replace("2020", year) for text in _DATES]
        for date in (f"{name}STDTC", f"{name}ENDTC"):
            drawn = pd.Series(rng.choice(texts, len(frame)), index=frame.index, dtype="str")
            frame = frame.assign(**{date: frame[date].mask(rng.random(len(frame)) < 0.3, drawn)})
        domains[name] = frame


def _on_the_first_day(domains: dict[str, pd.DataFrame], rng: np.random.Generator) -> None:
    first = domains["EX"].groupby("USUBJID")["EXSTDTC"].min().str[:10]
    for name, date in (("AE", "AESTDTC"), ("VS", "VSDTC"), ("LB", "LBDTC")):
        frame = domains[name]
        hours = pd.Series(rng.choice(["", "T06:30", "T12:00", "T23:00"], len(frame)), index=frame.index)
        day = frame["USUBJID"].map(first) + hours
        chosen = (rng.random(len(frame)) < 0.1) & day.notna()
        domains[name] = frame.assign(**{date: frame[date].mask(chosen, day).astype("str")})


def _more_rescue(domains: dict[str, pd.DataFrame], rng: np.random.Generator) -> None:
    cm = domains["CM"]
    domains["CM"] = cm.assign(CMCAT=cm["CMCAT"].mask(rng.random(len(cm)) < 0.2, "RESCUE THERAPY"))


def _deaths(domains: dict[str, pd.DataFrame], rng: np.random.Generator) -> None:
    name = str(rng.choice(["DM", "DS", "AE"]))
    value = {"DM": ("DTHFL", "Y"), "DS": ("DSDECOD", "DEATH"), "AE": ("AEOUT", "FATAL")}[name]
    if name in domains and len(domains[name]):
        frame = domains[name]
        column = frame.get(value[0], pd.Series("", index=frame.index, dtype="str"))
        chosen = rng.random(len(frame)) < 0.2
        domains[name] = frame.assign(**{value[0]: column.mask(chosen, value[1])})


_CHANGES = (_without_end, _failing_counts, _partial_dates, _on_the_first_day, _more_rescue, _deaths)


def _agree(whole: dict[str, pd.DataFrame], study: Study, changes: set[int], seed: int) -> None:
    domains, rng = dict(whole), np.random.default_rng(seed)
    for number in sorted(changes):
        _CHANGES[number](domains, rng)
    datasets = Datasets(Trial(domains), study)
    profiles = derive_profiles(datasets, study)
    _agree_on_rescue(datasets)
    _agree_on_emergence(datasets)
    _agree_on_baseline(datasets)
    _agree_on_response(datasets, profiles)
    _agree_on_participation(datasets, profiles)
    _agree_on_deaths(datasets, study)


def _agree_on_rescue(datasets: dict[str, pd.DataFrame]) -> None:
    adcm, adrs, admh = datasets["adcm"], datasets["adrs"], datasets["admh"]
    rescue = adcm[adcm["RESCFL"] == "Y"]
    assert not (rescue["PREFL"] == "Y").any()
    assert set(admh.loc[admh["ACAT1"] == "RESCUE THERAPY", "USUBJID"]) == set(rescue["USUBJID"])
    first = rescue.groupby("USUBJID")["ASTDY"].min()
    assert first.notna().all()
    counts = adrs[adrs["PARAMCD"] == "OVR"]
    after = counts["ADY"] >= counts["USUBJID"].map(first)
    assert (counts.loc[after, "AVALC"] == "NR").all()
    adlb = datasets["adlb"]
    late = (adlb["ADY"] >= adlb["USUBJID"].map(first)) & (adlb["ONTRTFL"] == "Y")
    assert ((adlb["ARESCFL"] == "Y") == late).all()


def _agree_on_emergence(datasets: dict[str, pd.DataFrame]) -> None:
    adae, adsl = datasets["adae"], datasets["adsl"]
    treated = adae[adae["USUBJID"].isin(adsl.loc[adsl["TRTSDT"].notna(), "USUBJID"])]
    assert ((treated["INFNUM"] == 0) == (treated["TRTEMFL"] == "N")).all()
    assert ((treated["PREFL"] == "Y") == (treated["TRTEMFL"] == "N")).all()
    ends = treated[(treated["ASTDTF"] != "") & treated["AENDT"].notna()]
    assert (ends["ASTDT"] <= ends["AENDT"]).all()


def _agree_on_baseline(datasets: dict[str, pd.DataFrame]) -> None:
    adsl = datasets["adsl"].set_index("USUBJID")
    for name, dataset, test in (("WEIGHTBL", "advs", "WEIGHT"), ("HEIGHTBL", "advs", "HEIGHT"),
                                ("BPLAT", "adlb", "PLAT")):  # fmt: skip
        frame = datasets[dataset]
        flagged = frame[(frame["PARAMCD"] == test) & (frame["ABLFL"] == "Y")].set_index("USUBJID")["AVAL"]
        found = adsl[name].dropna()
        assert set(found.index) == set(flagged.index)
        assert np.allclose(found, flagged.reindex(found.index), atol=0.051)


def _agree_on_response(datasets: dict[str, pd.DataFrame], profiles: dict[str, pd.DataFrame]) -> None:
    adrs, adtte, shown = datasets["adrs"], datasets["adtte"], profiles["response"]
    first = shown.drop_duplicates("USUBJID").set_index("USUBJID")
    best = adrs[(adrs["PARAMCD"] == "CBOR") & adrs["AVALC"].isin(["CR", "R"])].set_index("USUBJID")
    assert set(first.index) == set(best.index)
    assert (first["ASTDY"] == best["ADY"].reindex(first.index)).all()
    ends = adtte[adtte["PARAMCD"] == "TTLOSS"].set_index("USUBJID")["ADY"]
    assert (first["AENDY"] == ends.reindex(first.index)).all()
    assert (shown["ASTDY"] > shown.groupby("USUBJID")["AENDY"].shift().fillna(-1)).all()


def _agree_on_participation(datasets: dict[str, pd.DataFrame], profiles: dict[str, pd.DataFrame]) -> None:
    adsl = datasets["adsl"].set_index("USUBJID")
    shown = profiles["participation"].set_index("USUBJID")["AENDY"]
    assert (shown == adsl["STUDYD"].reindex(shown.index)).all()
    treated = adsl.loc[adsl["SAFFL"] == "Y"].dropna(subset=["EOSDT"])
    assert (treated["EOSDT"] >= treated["TRTEDT"]).all()


def _agree_on_deaths(datasets: dict[str, pd.DataFrame], study: Study) -> None:
    adsl, adae = datasets["adsl"], datasets["adae"]
    dead = set(adsl.loc[(adsl["DTHFL"] == "Y") & (adsl["SAFFL"] == "Y"), "USUBJID"])
    listed = select_events(adsl, adae, study)
    deaths = listed[listed["LISTED"] == "death"]
    assert set(deaths["USUBJID"]) == dead
    assert (deaths["NARRFL"] == "Y").all()
    between = derive_intercurrent(datasets, study)
    assert set(between.loc[between["EVENT"] == "death", "USUBJID"]) == dead
    assert set(between["EVENT"]) <= set(EVENTS)


@pytest.mark.build
@pytest.mark.examples(5)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
def test_datasets_and_displays_agree_on_every_fact(root, drawing):
    study = read_study(root / "params/study.yml", platelet_weeks=WEEKS, immune_weeks=WEEKS)
    simulated = cache(lambda subjects: simulate(study, seed=3, subjects=subjects))

    @drawing
    @given(
        subjects=st.sampled_from([3, 8]),
        changes=st.sets(st.sampled_from(range(len(_CHANGES))), min_size=2),
        seed=st.integers(0, 10_000),
    )
    def agree(subjects: int, changes: set[int], seed: int) -> None:
        _agree(simulated(subjects), study, changes, seed)

    agree()
