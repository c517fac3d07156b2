"""The specification of the analysis datasets holds for the simulated trial and for the pilot study."""

import re
import subprocess
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest

from csrkit.conformance import find_faults
from csrkit.errors import DataError
from itpcsr.adam import making
from itpcsr.adam.datasets import Datasets
from itpcsr.adam.specification import STUDY, specify
from itpcsr.sdtm import Trial
from tests.whole import whole_domains


@pytest.fixture(scope="module")
def specification(study):
    return specify(study)


def faults(datasets, specification, **how):
    return [
        str(fault)
        for name, frame in datasets.items()
        for fault in find_faults(frame, specification[name], specification, **how)
    ]


def test_the_simulated_trial_conforms(demo, specification):
    assert faults(demo, specification, copies=True) == []
    assert {name.upper() for name in demo} == {one.name for one in specification.datasets}


def test_the_pilot_study_conforms(pilot, pilot_study):
    derived = {name: frame for name, frame in pilot.items() if name != "adqsnpix"}  # that one is as given
    assert faults(derived, specify(pilot_study), copies=True) == []


def test_every_variable_is_derived(demo, specification):
    """Those that some data lack are named with the data that have them, and each of the rest is there."""
    for one in specification.datasets:
        there = set(demo[one.name.lower()].columns)
        elsewhere = {"ETHNIC", *(name for name in one.names if name.endswith("ABSFL"))}
        elsewhere |= {given.name for given in one.variables if given.where.startswith("the study file has")}
        assert there | elsewhere >= set(one.names), one.name


def test_a_trial_that_lacks_domains_conforms_as_far_as_it_goes(study):
    for domain in ("LB", "AE", "PC", "CM", "MB"):
        domains = {
            name: frame for name, frame in whole_domains().items() if name not in (domain, f"SUPP{domain}")
        }
        datasets = Datasets(Trial(domains), study)
        assert faults(datasets, datasets.specification) == [], domain


def test_each_parameter_of_the_study_is_known(demo, specification, study):
    known = {one.name: {parameter.code for parameter in one.parameters} for one in specification.datasets}
    assert {one.key for one in study.efficacy.response_definitions} <= known["ADRS"]
    assert {one.code for one in study.markers} <= known["ADCP"]
    for name in ("adrs", "adtte", "adaette", "adpp", "adcp", "adab", "adis"):
        assert set(demo[name]["PARAMCD"]) <= known[name.upper()], name


def test_predecessors_are_variables_of_what_they_name(specification, demo_trial, demo):
    """A copy names a variable of a domain or dataset, and has its values where it is of the same name."""
    for one in specification.datasets:
        for variable in one.variables:
            for source in variable.predecessors:
                place, name = source.split(".")
                if place.lower() in demo:
                    assert name in specification[place].names, f"{one.name}.{variable.name}"
                elif place in demo_trial.domains and name in demo_trial[place]:
                    values = set(demo[one.name.lower()].get(variable.name, pd.Series(dtype="str")))
                    if len(variable.predecessors) == 1 and variable.type == "text":
                        assert values <= {"", *demo_trial[place][name]}, f"{one.name}.{variable.name}"


def test_a_record_leads_back_to_the_one_that_it_comes_from(demo, demo_trial):
    for name in ("adcm", "admh", "adcp", "adrs"):
        frame = demo[name][demo[name]["SRCDOM"] != ""]
        assert len(frame) > 0
        for domain, records in frame.groupby("SRCDOM"):
            known = pd.MultiIndex.from_frame(demo_trial[domain][["USUBJID", f"{domain}SEQ"]])
            assert pd.MultiIndex.from_frame(records[["USUBJID", "SRCSEQ"]]).isin(known).all(), name
    counts = (
        demo["adrs"]
        .query("SRCDOM == 'LB'")
        .merge(
            demo["adlb"],
            left_on=["USUBJID", "SRCSEQ"],
            right_on=["USUBJID", "LBSEQ"],
            suffixes=("", "_LB"),
            validate="m:1",
        )
    )
    assert (counts["ADT"] == counts["ADT_LB"]).all()
    assert (counts["PLAT"] == counts["AVAL_LB"]).all()


def test_a_time_is_the_days_between_its_dates_and_names_what_ends_it(demo):
    times = demo["adtte"]
    days = (times["ADT"] - times["STARTDT"]).dt.days + (times["PARAMCD"] != "DURRESP")
    assert (times["AVAL"] == days).all()
    sources = times.merge(
        demo["adrs"], left_on=["USUBJID", "SRCSEQ"], right_on=["USUBJID", "ASEQ"], suffixes=("", "_RS")
    )
    assert len(sources) == len(times)
    assert set(sources["PARAMCD_RS"]) == {"CBOR"}
    lost_or_last = {
        "LOSDY": sources["LOSDY"],
        "LASTDY": sources["LASTDY"],
        "CRDY": sources["CRDY"],
        "ADY": sources["ADY_RS"],
    }
    for variable, day in lost_or_last.items():
        own = sources["SRCVAR"] == variable
        assert own.any()
        assert (sources.loc[own, "ADY"] == day[own]).all(), variable


def test_a_time_to_an_event_names_the_event(demo):
    times = demo["adaette"]
    assert (times["AVAL"] == (times["ADT"] - times["STARTDT"]).dt.days + 1).all()
    events = times[times["CNSR"] == 0]
    assert set(events["SRCDOM"]) == {"AE"}
    assert set(times.loc[times["CNSR"] == 1, "SRCDOM"]) == {"ADSL"}
    found = events.merge(
        demo["adae"], left_on=["USUBJID", "SRCSEQ"], right_on=["USUBJID", "AESEQ"], validate="m:1"
    )
    assert len(found) == len(events)
    assert (found["ASTDY"].fillna(1) == found["AVAL"]).all()


def test_words_say_what_is_meant(specification):
    """Labels are titles without end mark; derivations and reasons are clauses that others can follow."""
    for one in specification.datasets:
        for variable in one.variables:
            assert not re.search(r"[.;]$", variable.label + variable.derivation + variable.reason), (
                variable.name
            )
            assert "can't" not in variable.derivation, variable.name


def test_the_page_of_the_documentation_is_current(root):
    made = subprocess.run(
        [sys.executable, "-m", "itpcsr.adam.specification", STUDY],
        cwd=root, capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert (root / "docs/adam.md").read_text(encoding="utf-8") == made.stdout


def test_the_datasets_on_disk_carry_labels(tmp_path, study, specification):
    trial = Trial(whole_domains())
    parts = making.store_parts([], study, None, "program", "environment")
    store = making.write_store(tmp_path / "adam", trial, study, parts, [])
    for name in store:
        schema, one = pq.read_schema(store.path(name)), specification[name]
        assert schema.metadata[b"label"].decode() == one.label
        labels = {variable.name: variable.label for variable in one.variables}
        for field in schema:
            assert field.metadata[b"label"].decode() == labels[field.name]


def test_a_dataset_that_is_not_as_specified_is_not_kept(tmp_path, study, monkeypatch):
    def derive_each(trial, study):
        for name, frame in Datasets(trial, study).items():
            yield name, frame.assign(SAFFL="P") if name == "adsl" else frame

    monkeypatch.setattr("itpcsr.adam.datasets.derive_each", derive_each)
    parts = making.store_parts([], study, None, "program", "environment")
    with pytest.raises(DataError, match=r"ADSL\.SAFFL: holds 'P', which is no code of NY"):
        making.write_store(tmp_path / "adam", Trial(whole_domains()), study, parts, [])
    assert not (tmp_path / "adam").exists()
