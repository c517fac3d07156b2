"""Dates in order and within participation, and visits in their windows, in order, once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.participation import find_end, is_ending
from csrkit.sdtm.read import Trial
from csrkit.sdtm.select import keep_performed
from itpcsr.sdtm.checks import known_labels
from itpcsr.sdtm.checks.baseline import platelets
from itpcsr.sdtm.checks.keys import FINDINGS
from itpcsr.sdtm.checks.rules import (
    ERROR,
    NOTE,
    PROTOCOL,
    REALITY,
    REPORT,
    SDTM,
    TRIAL_DESIGN,
    WARNING,
    Tables,
    look_up,
    rule,
    sentences,
    study_days,
    values,
)
from itpcsr.study import Study

# Dates: in order, and within the time that a subject took part.

_PRECISIONS = (4, 7, 10, 16)  # characters of a year, a month, a day, a minute
_SPANS = ("AE", "CM", "PR", "MH", "DV", "SV")
_LATER = (*FINDINGS, "AE", "EX", "SV", "DV", "PR")  # what a subject must be in the study for
_COMPLETE = 10


def earlier(first: pd.Series, second: pd.Series) -> pd.Series:
    """True where the first ISO 8601 text is certainly earlier, as far as both are precise."""
    result = pd.Series(False, index=first.index)
    lengths = first.str.len(), second.str.len()
    for length in _PRECISIONS:
        a, b = first.str[:length], second.str[:length]
        known = (lengths[0] >= length) & (lengths[1] >= length)
        if length > _PRECISIONS[0]:  # "2021---05" says nothing about the month
            known &= ~a.str.contains("--", regex=False) & ~b.str.contains("--", regex=False)
        result |= known & (a < b)
    return result


@rule("DATE-02", ERROR, "Treatment starts on complete dates", REPORT, "EX.EXSTDTC")
def _incomplete_doses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ex = tables.get("EX", "EXSTDTC", "EXOCCUR")
    vague = ex[ex["EXSTDTC"].str.len() < _COMPLETE]
    yield values("EX", vague, "EXSTDTC", "is no complete date; study days can't be counted. Fill it in.")


@rule("DATE-03", ERROR, "An administration doesn't end before it starts", REPORT, "EX.EXSTDTC EX.EXENDTC")
def _reversed_doses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ex = tables.get("EX", "EXSTDTC", "EXENDTC")
    wrong = ex[earlier(ex["EXENDTC"], ex["EXSTDTC"])]
    yield values("EX", wrong, "EXENDTC", "EXENDTC lies before EXSTDTC, {EXSTDTC}. Correct one of them.")


@rule("DATE-04", WARNING, "Nothing ends before it starts", SDTM)
def _reversed_spans(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in _SPANS:
        start, end = f"{name}STDTC", f"{name}ENDTC"
        if tables.has(f"{name}.{start}") and tables.has(f"{name}.{end}"):
            table = tables.get(name, start, end)
            wrong = table[earlier(table[end], table[start])]
            yield values(name, wrong, end, f"{end} lies before {start}, {{{start}}}. Correct one of them.")


@rule("DATE-05", WARNING, "Consent comes before treatment", "ICH E6", "DM.RFICDTC EX.EXSTDTC")
def _late_consent(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "RFICDTC")
    days = tables.day("DM", "RFICDTC")
    first = look_up(tables.first_day, dm["USUBJID"])
    late = dm.assign(first=first.dt.strftime("%Y-%m-%d"))[days > first]
    yield values("DM", late, "RFICDTC", "consent after the first infusion, {first}. Correct it or report it.")


@rule("DATE-06", WARNING, "Nothing happens before birth", REALITY, "DM.BRTHDTC")
def _before_birth(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    birth = tables.by_subject("BRTHDTC")
    for name, variable in _moments(tables, (*_LATER, "CM", "MH", "DS")):
        table = tables.get(name, variable)
        wrong = table[earlier(table[variable], tables.per_record(name, birth).fillna(""))]
        yield values(name, wrong, variable, "before the subject's birth. Correct the date.")


@rule("DATE-07", WARNING, "Results are from after consent", "ICH E6", "DM.RFICDTC")
def _before_consent(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    consent = tables.day_by_subject("RFICDTC")
    for name, variable in _moments(tables, FINDINGS):
        table = tables.get(name, variable)
        early = table[tables.day(name, variable) < tables.per_record(name, consent)]
        yield values(name, early, variable, "before the day of consent. Correct the date or report it.")


@rule("DATE-08", WARNING, "Nothing happens after death", REALITY, "DM.DTHDTC")
def _after_death(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    death = tables.day_by_subject("DTHDTC")
    if death.notna().any():
        for name, variable in _moments(tables, (*_LATER, "CM")):
            table = tables.get(name, variable)
            late = table[tables.day(name, variable) > tables.per_record(name, death)]
            yield values(name, late, variable, "after the subject's death. Correct one of the dates.")


@rule("DATE-09", WARNING, "Nothing happens after the end of participation", SDTM, "DM.RFPENDTC")
def _after_participation(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    end = tables.day_by_subject("RFPENDTC")
    for name, variable in _moments(tables, _LATER):
        table = tables.get(name, variable)
        late = table[tables.day(name, variable) > tables.per_record(name, end)]
        yield values(name, late, variable, "after the end of participation (RFPENDTC). Correct one of them.")


@rule("DATE-10", WARNING, "Reference start is the first administration", SDTM, "DM.RFXSTDTC EX.EXSTDTC")
def _other_reference(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "RFXSTDTC")
    days, first = tables.day("DM", "RFXSTDTC"), look_up(tables.first_day, dm["USUBJID"])
    other = dm.assign(first=first.dt.strftime("%Y-%m-%d"))[days.notna() & first.notna() & (days != first)]
    yield values("DM", other, "RFXSTDTC", "but the first administration in EX is of {first}. EX is used.")


@rule("DATE-11", WARNING, "Study days count from the first administration", SDTM, "EX.EXSTDTC")
def _other_days(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, variable in _moments(tables, (*FINDINGS, "AE", "EX", "DS", "CM", "PR", "MH")):
        day = f"{name}STDY" if variable.endswith("STDTC") else f"{name}DY"
        if day not in tables[name]:
            continue
        table = tables.get(name, day)
        counted = study_days(tables.day(name, variable), tables.per_record(name, tables.first_day))
        wrong = table.assign(counted=counted)[(table[day] != counted) & table[day].notna() & counted.notna()]
        yield values(name, wrong, day, f"but {variable} is study day {{counted:g}}. The date is used.")


@rule("DATE-12", NOTE, "Onsets of events and starts of rescue are complete", REPORT)
def _partial_starts(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in ("AE", "CM", "PR"):
        variable = f"{name}STDTC"
        if tables.has(f"{name}.{variable}"):
            table = tables.get(name, variable, f"{name}CAT")
            vague = table[table[variable].str.len().between(1, _COMPLETE - 1)]
            if name != "AE":
                rescue = study.efficacy.rescue_category if study.efficacy else ""
                vague = vague[(vague[f"{name}CAT"].str.upper() == rescue.upper()) & (rescue != "")]
            text = (
                "a partial date: the earliest day it allows from the first infusion on is taken, and flagged."
            )
            yield values(name, vague, variable, text)


@rule("DATE-13", WARNING, "Years are possible", REALITY)
def _odd_years(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in tables.of_subjects:
        for variable in (column for column in tables[name].columns if column.endswith("DTC")):
            table = tables.get(name, variable)
            years = table[variable].str[:4]
            odd = table[(years < str(known_labels.EARLIEST_YEAR)) & (years >= "0000")]
            yield values(name, odd, variable, f"before {known_labels.EARLIEST_YEAR}. Correct the year.")


@rule("DATE-14", WARNING, "Platelet counts have a complete date", REPORT, "LB.LBTESTCD LB.LBDTC LB.LBSTRESN")
def _undated_counts(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        lb = tables.get("LB", "LBTESTCD", "LBDTC", "LBSTRESN")
        undated = (lb["LBTESTCD"] == study.efficacy.platelet_test) & (lb["LBDTC"].str.len() < _COMPLETE)
        text = "no complete date, so this platelet count is left out. Fill it in."
        yield values("LB", lb[undated & lb["LBSTRESN"].notna()], "LBDTC", text)


@rule(
    "DATE-15",
    WARNING,
    "The reference period starts with the first administration",
    SDTM,
    "DM.RFSTDTC EX.EXSTDTC",
)
def _other_start(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    yield from _apart_from_doses(tables, "RFSTDTC", tables.first_day, "first administration")


@rule("DATE-16", WARNING, "Exposure ends with the last administration", SDTM, "DM.RFXENDTC EX.EXSTDTC")
def _other_end(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    doses = tables.infusions
    last = doses["end_day"].fillna(doses["start_day"]).groupby(doses["USUBJID"]).max()
    yield from _apart_from_doses(tables, "RFXENDTC", last, "end of the last administration")


def _apart_from_doses(tables: Tables, variable: str, wanted: pd.Series, what: str) -> Iterator[pd.DataFrame]:
    """Yield findings for subjects whose date in DM isn't that of their doses in EX."""
    dm = tables.get("DM", variable)
    days, dosed = tables.day("DM", variable), look_up(wanted, dm["USUBJID"])
    other = dm.assign(dosed=dosed.dt.strftime("%Y-%m-%d"))[days.notna() & dosed.notna() & (days != dosed)]
    yield values(
        "DM", other, variable, f"but the {what} in EX is of {{dosed}}. EX is used; correct one of them."
    )


@rule("DATE-17", WARNING, "Consent is of one day in DM and DS", SDTM, "DM.RFICDTC DS.DSDECOD DS.DSSTDTC")
def _two_consents(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ds = tables.get("DS", "DSDECOD", "DSTERM", "DSSTDTC")
    said = tables.day("DS", "DSSTDTC")[fold(ds["DSDECOD"]) == "INFORMED CONSENT OBTAINED"]
    first = said.groupby(ds["USUBJID"]).min()  # consent may be asked for again when the protocol changes
    dm = tables.get("DM", "RFICDTC")
    days, dated = tables.day("DM", "RFICDTC"), look_up(first, dm["USUBJID"])
    other = dm.assign(dated=dated.dt.strftime("%Y-%m-%d"))[days.notna() & dated.notna() & (days != dated)]
    yield values("DM", other, "RFICDTC", "but DS has informed consent on {dated}. Correct one of them.")


@rule(
    "DATE-18",
    WARNING,
    "The end of participation is the end of the study in DS",
    SDTM,
    "DM.RFPENDTC DS.DSCAT DS.DSSTDTC",
)
def _earlier_participation(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ds = tables.get("DS", "DSCAT", "DSSTDTC")
    ended = tables.day("DS", "DSSTDTC")[is_ending(ds)]
    last = ended.groupby(ds["USUBJID"]).max()
    dm = tables.get("DM", "RFPENDTC")
    days, ending = tables.day("DM", "RFPENDTC"), look_up(last, dm["USUBJID"])
    before = dm.assign(ending=ending.dt.strftime("%Y-%m-%d"))[days < ending]
    yield values(
        "DM", before, "RFPENDTC", "but DS has the end of the study on {ending}. Correct one of them."
    )


def _moments(tables: Tables, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield each domain that is there with the variable of its time: start, else collection."""
    for name in dict.fromkeys(names):
        if name in tables and name not in TRIAL_DESIGN and "USUBJID" in tables[name]:
            for variable in (f"{name}STDTC", f"{name}DTC"):
                if variable in tables[name]:
                    yield name, variable
                    break


# Visits: in their windows, in order, once, and none left out.

_UNPLANNED = "UNSCHEDULED"
_DAYS = 7


def visit_days(tables: Tables, name: str) -> pd.DataFrame:
    """Return one record per subject, visit and day of a domain.

    Unscheduled visits and samples with a planned time of their own, hours or days after one, are left out.
    """
    return tables.once(f"visits of {name}", lambda: _visit_days(tables, name))


def _visit_days(tables: Tables, name: str) -> pd.DataFrame:
    table = tables.get(name, "VISITNUM", "VISIT", "VISITDY", f"{name}TPTNUM")
    table["day"] = tables.day(name, _moment(name))
    table = table[table["VISITNUM"].notna() & table["day"].notna() & table[f"{name}TPTNUM"].isna()]
    table = table.drop_duplicates(["USUBJID", "VISITNUM", "day"])
    return table[~table["VISIT"].str.upper().str.contains(_UNPLANNED, regex=False)]


def _visited(tables: Tables) -> list[str]:
    """Return the domain of visits where there is one, else those whose records tell of visits."""
    names = [
        name
        for name in ("SV", *FINDINGS)
        if tables.has(f"{name}.VISITNUM") and tables.has(f"{name}.{_moment(name)}")
    ]
    return ["SV"] if "SV" in names else names


def _moment(name: str) -> str:
    return "SVSTDTC" if name == "SV" else f"{name}DTC"


@rule("VIS-01", WARNING, "Visits are in their windows", PROTOCOL, "EX.EXSTDTC")
def _out_of_window(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if not (study.visits.platelet_weeks or study.visits.laboratory_weeks):
        return
    window = study.visits.visit_window_days
    for name in _visited(tables):
        visits = visit_days(tables, name)
        day = study_days(visits["day"], look_up(tables.first_day, visits["USUBJID"]))
        apart = (day - visits["VISITDY"]).abs()
        late = visits.assign(studyday=day)[(apart > window) & (visits["VISITDY"] > 0)]
        text = (
            f"study day {{studyday:g}}, planned for day {{VISITDY:g}} (±{window}). Check the date of "
            "the visit."
        )
        yield values(name, late, "VISIT", text)


@rule("VIS-02", WARNING, "Visits are in the order of their dates", SDTM)
def _out_of_order(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in _visited(tables):
        visits = visit_days(tables, name).sort_values(["USUBJID", "VISITNUM", "day"], kind="stable")
        before = visits.groupby("USUBJID")["day"].cummax()
        wrong = visits[visits["day"] < before]
        yield values(name, wrong, "VISITNUM", "before a visit with a lower number. Correct number or date.")


@rule("VIS-03", WARNING, "A visit takes place once", SDTM)
def _twice(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    window = pd.Timedelta(days=study.visits.visit_window_days)
    for name in _visited(tables):
        visits = visit_days(tables, name)
        spans = visits.groupby(["USUBJID", "VISITNUM"])["day"].agg(["min", "max"])
        wide = spans[spans["max"] - spans["min"] > window].index
        again = visits[pd.MultiIndex.from_frame(visits[["USUBJID", "VISITNUM"]]).isin(wide)]
        text = (
            "{variable} {shown} of {subject} is on days that are too far apart to be one visit.  "
            "Correct them."
        )
        yield sentences(name, again, "VISIT", text)


@rule("VIS-06", WARNING, "Results are from the days of their visit", SDTM, "SV.VISITNUM SV.SVSTDTC")
def _off_visit(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    window = pd.Timedelta(days=study.visits.visit_window_days)
    spans = visit_days(tables, "SV").groupby(["USUBJID", "VISITNUM"])["day"].agg(["min", "max"]).reset_index()
    for name in FINDINGS:
        moment = _moment(name)
        if tables.has(f"{name}.VISITNUM") and tables.has(f"{name}.{moment}"):
            visits = visit_days(tables, name).merge(spans, on=["USUBJID", "VISITNUM"], how="left")
            off = visits[(visits["day"] < visits["min"] - window) | (visits["day"] > visits["max"] + window)]
            text = "SV has {VISIT} on {min:%Y-%m-%d}. Correct date or visit."
            yield values(name, off.assign(**{moment: off["day"]}), moment, text)


@rule("VIS-07", WARNING, "A visit is named, numbered and planned as in the trial design", SDTM, "TV")
def _unplanned_visits(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if not {"VISITNUM", "VISIT"} <= set(tables["TV"]):
        return
    planned = tables["TV"].drop_duplicates("VISITNUM").set_index("VISITNUM")
    for name in tables.of_subjects:
        for variable in ("VISIT", "VISITDY"):
            if {"VISITNUM", variable} <= set(tables[name]) and variable in planned:
                table = tables.get(name, "VISITNUM", variable)
                wanted = planned[variable].reindex(table["VISITNUM"]).set_axis(table.index)
                other = table.assign(wanted=wanted)[_differ(table[variable], wanted)]
                text = "but TV says {wanted} for visit number {VISITNUM:g}. Correct number, name or day."
                yield values(name, other, variable, text)


def _differ(own: pd.Series, wanted: pd.Series) -> pd.Series:
    if own.dtype == "float64":
        return own.notna() & wanted.notna() & (own != wanted)
    return (own != "") & wanted.notna() & (fold(own) != fold(wanted.fillna("")))


@rule("VIS-04", NOTE, "A visit number has one name", SDTM)
def _several_names(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in _visited(tables):
        table = tables.get(name, "VISITNUM", "VISIT")
        pairs = table.drop_duplicates(["VISITNUM", "VISIT"])
        pairs = pairs[pairs["VISITNUM"].notna() & (pairs["VISITNUM"] % 1 == 0)]
        wrong = pairs[pairs.duplicated("VISITNUM")]
        yield values(name, wrong, "VISIT", "visit number {VISITNUM:g} has another name elsewhere. Keep one.")


@rule(
    "VIS-05",
    NOTE,
    "Platelets are counted in every planned week",
    PROTOCOL,
    "LB.LBTESTCD LB.LBSTRESN LB.LBDTC EX.EXSTDTC",
)
def _missed_counts(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    weeks = study.visits.platelet_weeks
    if study.efficacy is None or not weeks:
        return
    counts = platelets(tables, study)
    since = (counts["day"] - counts["first"]).dt.days
    found = counts.assign(week=(since / _DAYS).round())
    found = found[(since - _DAYS * found["week"]).abs() <= study.visits.visit_window_days]
    missed = _missed(found[["USUBJID", "week"]], observed_days(tables), weeks)
    text = "no platelet count of {subject} in planned weeks {weeks}. They are shown as missing."
    yield sentences("LB", missed, "weeks", text).assign(variable="LBSTRESN")


def observed_days(tables: Tables) -> pd.Series:
    """Return the days from first infusion to end of participation by treated subject."""
    return tables.once("days observed", lambda: _observed_days(tables))["days"]


def _observed_days(tables: Tables) -> pd.DataFrame:
    first, doses = tables.first_day, tables.infusions
    last = doses["end_day"].fillna(doses["start_day"]).groupby(doses["USUBJID"]).max()
    subjects = pd.Series(first.index, dtype="str")
    trial = keep_performed(Trial({name: tables[name] for name in tables.of_subjects}))
    end = find_end(trial, subjects, look_up(last, subjects))["EOSDT"].set_axis(first.index)
    return pd.DataFrame({"days": (end - first).dt.days})


def _missed(found: pd.DataFrame, observed: pd.Series, weeks: list[int]) -> pd.DataFrame:
    """Return one row per subject with the planned weeks that were observed but have no record."""
    planned = pd.MultiIndex.from_product([observed.index, [float(week) for week in weeks]])
    within = np.repeat(observed.to_numpy(dtype="float64"), len(weeks)) >= _DAYS * np.tile(
        weeks, len(observed)
    )
    have = pd.MultiIndex.from_frame(found.drop_duplicates())
    lacking = planned[within & ~planned.isin(have)]
    rows = pd.DataFrame({"USUBJID": lacking.get_level_values(0), "week": lacking.get_level_values(1)})
    shown = rows.assign(week=rows["week"].map("{:g}".format)).groupby("USUBJID", sort=True)["week"]
    return shown.agg(", ".join).rename("weeks").reset_index()


def missed_weeks(
    tables: Tables, study: Study, name: str, rows: pd.DataFrame, weeks: list[int]
) -> pd.DataFrame:
    """Return subject and ``weeks``: planned weeks within the time observed near which ``rows`` has no day.

    Weeks are planned sparsely here, so a sample counts for the planned week that is nearest in time, up to
    a week off; how far off is another rule's matter.
    """
    days = tables.day(name, f"{name}DTC").reindex(rows.index)
    since = (days - look_up(tables.first_day, rows["USUBJID"])).dt.days.to_numpy(dtype="float64")
    off = np.abs(since[:, None] - _DAYS * np.array(weeks, dtype="float64")[None, :])
    nearest = off.argmin(axis=1)
    close = off[np.arange(len(rows)), nearest] <= _DAYS
    week = np.array(weeks, dtype="float64")[nearest]
    found = pd.DataFrame({"USUBJID": rows["USUBJID"].to_numpy(), "week": week})[close]
    return _missed(found, observed_days(tables), weeks)


@rule("VIS-08", WARNING, "A sample is on the side of its reference time that its time point names", SDTM)
def _wrong_side(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        if name != "PC" and tables.has(f"{name}.{name}ELTM") and tables.has(f"{name}.{name}RFTDTC"):
            moment, reference, elapsed = f"{name}DTC", f"{name}RFTDTC", f"{name}ELTM"
            table = tables.get(name, moment, reference, elapsed, f"{name}TPT")
            since = tables.minute(name, moment) - tables.minute(name, reference)
            early = table[elapsed].str.match(r"-P.*[1-9]") & (since > pd.Timedelta(0))
            late = table[elapsed].str.match(r"P.*[1-9]") & (since < pd.Timedelta(0))
            text = f"but its time point is {{{name}TPT!r}}, from {{{reference}}}. Correct one of them."
            yield values(name, table[early | late], moment, text)
