"""Visits: in their windows, in order, once, and none left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.participation import find_end
from csrkit.sdtm.performed import keep_performed
from csrkit.sdtm.read import Trial
from itpcsr.sdtm.checks.baseline import platelets
from itpcsr.sdtm.checks.findings import NOTE, WARNING, sentences, values
from itpcsr.sdtm.checks.keys import FINDINGS
from itpcsr.sdtm.checks.rules import PROTOCOL, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables, look_up, study_days
from itpcsr.study import Study

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
            "{variable} {shown} of {subject} stands on days that lie too far apart to be one visit. "
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
