"""Random small trials: simulated ones with gaps and oddities as people really have them, by seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator

from csrkit.errors import DataError
from itpcsr.sdtm import Trial, keep_reported
from itpcsr.sdtm.checks import check_trial, raise_errors
from itpcsr.sdtm.report_units import standardise_units
from itpcsr.study import Study
from itpsim.simulate import simulate

Domains = dict[str, pd.DataFrame]
Alteration = Callable[[Domains, Generator], str]

MOST_SUBJECTS, MOST_ALTERATIONS = 40, 7
OPTIONAL = ["AE", "SUPPAE", "LB", "VS", "DS", "MH", "CM", "PR", "MB", "PC", "IS", "CP", "RS", "SV", "DV"]
DATES = [
    ("AE", "AESTDTC"), ("AE", "AEENDTC"), ("CM", "CMSTDTC"), ("CM", "CMENDTC"), ("PR", "PRSTDTC"), ("LB", "LBDTC"),
    ("MH", "MHSTDTC"), ("DS", "DSSTDTC"), ("VS", "VSDTC"), ("RS", "RSDTC"), ("IS", "ISDTC"), ("CP", "CPDTC"),
]  # fmt: skip
RESULTS = ["LB", "VS", "PC", "IS", "CP", "RS"]
TEXTS = [
    ("AE", "AETOXGR"), ("AE", "AEREL"), ("AE", "AESER"), ("AE", "AEDECOD"), ("AE", "AEBODSYS"), ("AE", "AEOUT"),
    ("AE", "AEACN"), ("CM", "CMCAT"), ("CM", "CMCLAS"), ("CM", "CMDECOD"), ("PR", "PRCAT"), ("DS", "DSSCAT"),
    ("MH", "MHCAT"), ("DM", "SEX"), ("DM", "RACE"), ("DV", "DVCAT"), ("LB", "LBSTRESU"), ("LB", "LBBLFL"),
]  # fmt: skip


class RandomTrial(NamedTuple):
    """A trial as the notebooks would read it, or the message with which the checks refuse it."""

    seed: int
    what: tuple[str, ...]
    trial: Trial | None
    refused: str


def draw_trial(seed: int, study: Study) -> RandomTrial:
    """Simulate a trial of 1 to 40 subjects, alter it, and read it as ``load_trial`` does.

    The same seed gives the same trial. Half of the trials have at most 8 subjects.
    """
    rng = np.random.default_rng(seed)
    subjects = int(rng.integers(1, 9 if rng.random() < 0.5 else MOST_SUBJECTS + 1))
    domains = dict(simulate(study, seed=seed, subjects=subjects))
    what = [f"{subjects} subjects"]
    for number in rng.integers(len(ALTERATIONS), size=rng.integers(1, MOST_ALTERATIONS + 1)):
        alter = ALTERATIONS[number]
        what.append(f"{alter.__name__} {alter(domains, rng)}".strip())
    _drop_orphans(domains)
    trial = standardise_units(Trial(domains), study)
    found = check_trial(trial, study)
    try:
        raise_errors(found)
    except DataError as error:
        return RandomTrial(seed, tuple(what), None, str(error))
    return RandomTrial(seed, tuple(what), keep_reported(replace(trial, findings=found), study), "")


def _drop_orphans(domains: Domains) -> None:
    """Leave out supplements whose events are gone, which would only be refused."""
    ae, supplements = domains.get("AE"), domains.get("SUPPAE")
    if supplements is None or not {"USUBJID", "IDVARVAL"} <= set(supplements.columns):
        return
    keys = (
        []
        if ae is None or not {"USUBJID", "AESEQ"} <= set(ae.columns)
        else zip(ae["USUBJID"], ae["AESEQ"], strict=True)
    )
    there = {(subject, f"{number:g}") for subject, number in keys}
    kept = [pair in there for pair in zip(supplements["USUBJID"], supplements["IDVARVAL"], strict=True)]
    domains["SUPPAE"] = supplements[np.array(kept, dtype="bool")].reset_index(drop=True)


def _pick(rng: Generator, values: list[str]) -> str:
    return values[int(rng.integers(len(values)))]


def _some(frame: pd.DataFrame, rng: Generator) -> pd.Series:
    """Return a random choice of records: few, some or most of them."""
    share = rng.choice([0.05, 0.3, 0.9])
    return pd.Series(rng.random(len(frame)) < share, index=frame.index)


def _set(domains: Domains, name: str, records: pd.Series, **values: object) -> None:
    """Set values in some records of a domain; a variable that isn't there is empty in the others."""
    frame = domains[name].copy()
    for variable, value in values.items():
        if variable not in frame:
            frame[variable] = pd.Series("", index=frame.index, dtype="str")
        frame.loc[records, variable] = value
    domains[name] = frame


def leave_out_domain(domains: Domains, rng: Generator) -> str:
    name = _pick(rng, OPTIONAL)
    domains.pop(name, None)
    return name


def empty_domain(domains: Domains, rng: Generator) -> str:
    name = _pick(rng, OPTIONAL)
    if name in domains:
        domains[name] = domains[name].head(0)
    return name


def drop_records(domains: Domains, rng: Generator) -> str:
    name = _pick(rng, [*OPTIONAL, "EX"])
    if name in domains:
        domains[name] = domains[name][~_some(domains[name], rng)].reset_index(drop=True)
    return name


def drop_records_of_a_subject(domains: Domains, rng: Generator) -> str:
    name, subject = _pick(rng, [*OPTIONAL, "EX"]), _pick(rng, list(domains["DM"]["USUBJID"]))
    if name in domains:
        domains[name] = domains[name][domains[name]["USUBJID"] != subject].reset_index(drop=True)
    return f"{name} {subject}"


def drop_variable(domains: Domains, rng: Generator) -> str:
    name = _pick(rng, sorted({*OPTIONAL, "DM", "EX"} & set(domains)))
    variable = _pick(rng, list(domains[name].columns))
    domains[name] = domains[name].drop(columns=variable)
    return variable


def cut_dates(domains: Domains, rng: Generator) -> str:
    name, variable = DATES[int(rng.integers(len(DATES)))]
    length = int(rng.choice([0, 4, 7, 10]))
    if name in domains and variable in domains[name]:
        frame = domains[name]
        _set(domains, name, _some(frame, rng), **{variable: frame[variable].str[:length]})
    return f"{variable} to {length} characters"


def empty_texts(domains: Domains, rng: Generator) -> str:
    name, variable = TEXTS[int(rng.integers(len(TEXTS)))]
    if name in domains and variable in domains[name]:
        _set(domains, name, _some(domains[name], rng), **{variable: ""})
    return variable


def lower_case(domains: Domains, rng: Generator) -> str:
    name, variable = TEXTS[int(rng.integers(len(TEXTS)))]
    if name in domains and variable in domains[name]:
        frame = domains[name]
        _set(domains, name, _some(frame, rng), **{variable: frame[variable].str.lower()})
    return variable


def _results(domains: Domains, rng: Generator) -> tuple[str, pd.Series] | None:
    """Choose a domain of results, and in it the records of one test or a random part of all."""
    name = _pick(rng, RESULTS)
    frame = domains.get(name)
    if frame is None or not len(frame) or not {f"{name}TESTCD", f"{name}STRESN"} <= set(frame.columns):
        return None
    if rng.random() < 0.5:
        tests = [*frame[f"{name}TESTCD"].unique(), *["PLAT"] * 10 * (name == "LB")]
        return name, frame[f"{name}TESTCD"] == _pick(rng, tests)
    return name, _some(frame, rng)


def scale_results(domains: Domains, rng: Generator) -> str:
    chosen = _results(domains, rng)
    if chosen is None:
        return ""
    name, records = chosen
    factor = float(rng.choice([0.0, 0.001, 0.1, 10.0, 1e6]))
    numbers = domains[name][f"{name}STRESN"] * factor
    text = numbers[records].map("{:.6g}".format)
    _set(domains, name, records, **{f"{name}STRESN": numbers[records], f"{name}STRESC": text})
    return f"{name} times {factor:g}"


def level_results(domains: Domains, rng: Generator) -> str:
    """Give all chosen results one value, so that nothing varies."""
    chosen = _results(domains, rng)
    if chosen is None:
        return ""
    name, records = chosen
    _set(domains, name, records, **{f"{name}STRESN": 10.0, f"{name}STRESC": "10"})
    return name


def compare_results(domains: Domains, rng: Generator) -> str:
    """Write results with a comparator, as a laboratory reports what lies beyond its scale."""
    chosen = _results(domains, rng)
    if chosen is None:
        return ""
    name, records = chosen
    text = _pick(rng, ["<5", ">2000", "<=0.1", ">=600"])
    values = {f"{name}ORRES": text, f"{name}STRESC": text, f"{name}STRESN": float("nan")}
    _set(domains, name, records, **values)
    return f"{name} {text}"


def lose_results(domains: Domains, rng: Generator) -> str:
    """Declare results as not done."""
    chosen = _results(domains, rng)
    if chosen is None:
        return ""
    name, records = chosen
    values = {
        f"{name}ORRES": "",
        f"{name}STRESC": "",
        f"{name}STRESN": float("nan"),
        f"{name}STAT": "NOT DONE",
    }
    _set(domains, name, records, **values)
    return name


def deny_records(domains: Domains, rng: Generator) -> str:
    """Say of records that they did not happen (--OCCUR = N)."""
    name = _pick(rng, ["CM", "PR", "MH", "AE"])
    if name in domains:
        _set(domains, name, _some(domains[name], rng), **{f"{name}PRESP": "Y", f"{name}OCCUR": "N"})
    return name


def repeat_records(domains: Domains, rng: Generator) -> str:
    name = _pick(rng, ["AE", "CM", "LB", "VS", "RS"])
    if name in domains and f"{name}SEQ" in domains[name]:
        frame = domains[name]
        copies = frame[_some(frame, rng)].copy()
        copies[f"{name}SEQ"] += 1000
        domains[name] = pd.concat([frame, copies], ignore_index=True)
    return name


def one_arm(domains: Domains, _: Generator) -> str:
    dm = domains["DM"]
    first = dm.iloc[0]
    values = {name: first[name] for name in ("ARMCD", "ARM", "ACTARMCD", "ACTARM") if name in dm}
    _set(domains, "DM", dm["RFSTDTC"] != "" if "RFSTDTC" in dm else dm.index >= 0, **values)
    return ""


def one_sex(domains: Domains, rng: Generator) -> str:
    domains["DM"] = domains["DM"].assign(SEX=_pick(rng, ["F", "M"]))
    return ""


def no_responder(domains: Domains, rng: Generator) -> str:
    return _limit_platelets(domains, 0.0, 25.0, rng)


def all_respond(domains: Domains, rng: Generator) -> str:
    return _limit_platelets(domains, 150.0, 1e4, rng)


def _limit_platelets(domains: Domains, least: float, most: float, _: Generator) -> str:
    frame = domains.get("LB")
    if frame is not None and {"LBTESTCD", "LBDY", "LBSTRESN"} <= set(frame.columns):
        later = (frame["LBTESTCD"] == "PLAT") & (frame["LBDY"] > 1)
        numbers = frame.loc[later, "LBSTRESN"].clip(least, most)
        _set(domains, "LB", later, LBSTRESN=numbers, LBSTRESC=numbers.map("{:g}".format))
    return ""


def no_baseline(domains: Domains, rng: Generator) -> str:
    name = _pick(rng, ["LB", "VS", "CP", "RS", "IS"])
    if name in domains and f"{name}DY" in domains[name]:
        early = domains[name][f"{name}DY"] <= 1
        domains[name] = domains[name][~(early & _some(domains[name], rng))].reset_index(drop=True)
    return name


def end_early(domains: Domains, rng: Generator) -> str:
    """Leave out the samples after a study day, as in a trial that stopped."""
    last = int(rng.choice([1, 8, 30, 100]))
    for name in (*RESULTS, "MB"):
        if name in domains and f"{name}DY" in domains[name]:
            domains[name] = domains[name][~(domains[name][f"{name}DY"] > last)].reset_index(drop=True)
    return f"Day {last}"


def death(domains: Domains, rng: Generator) -> str:
    """Let a subject die by one of the domains that can say so."""
    dm = domains["DM"]
    subject, name = _pick(rng, list(dm["USUBJID"])), _pick(rng, ["DM", "DS", "AE"])
    if name == "DM":
        day = dm.get("RFPENDTC", "")
        _set(domains, "DM", dm["USUBJID"] == subject, DTHFL="Y", DTHDTC=day)
    elif name in domains:
        own = domains[name]["USUBJID"] == subject
        last = own & ~own[::-1].duplicated()[::-1] if own.any() else own
        values = {"DS": {"DSDECOD": "DEATH", "DSTERM": "DEATH"}, "AE": {"AEOUT": "FATAL", "AESDTH": "Y"}}
        _set(domains, name, last, **values[name])
    return f"{subject} in {name}"


def fail_screening(domains: Domains, rng: Generator) -> str:
    """Make a subject a screening failure who yet has records."""
    subject = _pick(rng, list(domains["DM"]["USUBJID"]))
    values = {"ARMCD": "", "ARM": "", "ACTARMCD": "", "ACTARM": "", "ARMNRS": "SCREEN FAILURE"}
    _set(domains, "DM", domains["DM"]["USUBJID"] == subject, **values)
    for name in ("EX", *OPTIONAL):
        if name in domains and (name == "EX" or rng.random() < 0.5):
            domains[name] = domains[name][domains[name]["USUBJID"] != subject].reset_index(drop=True)
    return subject


def interrupt_infusion(domains: Domains, rng: Generator) -> str:
    """Record an infusion in two parts, half of the dose in each."""
    ex = domains["EX"]
    if not len(ex) or "EXDOSE" not in ex or not (ex["EXSTDTC"].str.len() >= 16).all():
        return ""
    number = int(rng.integers(len(ex)))
    ex = ex.copy()
    second = ex.iloc[[number]].copy()
    begin = pd.Timestamp(second["EXSTDTC"].iloc[0])
    ex.loc[ex.index[number], ["EXDOSE", "EXENDTC"]] = [second["EXDOSE"].iloc[0] / 2, _minute(begin, 10)]
    second = second.assign(
        EXSEQ=second["EXSEQ"] + 100,
        EXDOSE=second["EXDOSE"] / 2,
        EXSTDTC=_minute(begin, 30),
        EXENDTC=_minute(begin, 60),
    )
    domains["EX"] = pd.concat([ex, second], ignore_index=True)
    return str(second["USUBJID"].iloc[0])


def _minute(begin: pd.Timestamp, minutes: int) -> str:
    return (begin + pd.Timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")


def give_nothing(domains: Domains, rng: Generator) -> str:
    """Record infusions of dose 0."""
    _set(domains, "EX", _some(domains["EX"], rng), EXDOSE=0.0)
    return ""


def cut_rescue_dates(domains: Domains, rng: Generator) -> str:
    cm = domains.get("CM")
    if cm is None or not {"CMCAT", "CMSTDTC", "CMENDTC"} <= set(cm.columns):
        return ""
    rescue, length = cm["CMCAT"] == "RESCUE THERAPY", int(rng.choice([0, 4, 7]))
    _set(domains, "CM", rescue, CMSTDTC=cm["CMSTDTC"].str[:length], CMENDTC="")
    return f"to {length} characters"


def no_end_of_participation(domains: Domains, rng: Generator) -> str:
    domains["DM"] = domains["DM"].drop(columns="RFPENDTC", errors="ignore")
    if rng.random() < 0.7:
        domains.pop("DS", None)
    return "without DS" if "DS" not in domains else ""


def no_events(domains: Domains, _: Generator) -> str:
    for name in {"AE", "SUPPAE"} & set(domains):
        domains[name] = domains[name].head(0)
    return ""


def ages_unknown(domains: Domains, rng: Generator) -> str:
    _set(domains, "DM", _some(domains["DM"], rng), AGE=float("nan"))
    return ""


ALTERATIONS: list[Alteration] = [
    leave_out_domain, empty_domain, drop_records, drop_records, drop_records_of_a_subject, drop_variable,
    cut_dates, cut_dates, empty_texts, lower_case, scale_results, scale_results, level_results, level_results,
    compare_results, compare_results, lose_results, deny_records, repeat_records, one_arm, one_sex, no_responder,
    all_respond, no_baseline, end_early, death, death, fail_screening, interrupt_infusion, give_nothing,
    cut_rescue_dates, no_end_of_participation, no_events, ages_unknown,
]  # fmt: skip
