"""Narratives of deaths, serious and other significant events, composed from the data.

Every sentence follows what is recorded: a piece that isn't leaves its clause out, and what matters by its
absence (relation, action, outcome) is said to be missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.files import Passage, Prose
from csrkit.tables.formats import format_count, format_number, format_plain
from csrkit.tables.words import Record
from itpcsr.display import course
from itpcsr.display.listings import duration
from itpcsr.study import Study

_NONE = (
    "No death, other serious adverse event, dose-limiting toxicity, event that ended treatment or infusion "
    "reaction that interrupted it was recorded."
)
_MOST_NAMED = 8
_SOURCES = {
    "DM": "demographics",
    "DS": "disposition",
    "AE": "adverse events",
    "DD": "death details",
    "SS": "subject status",
}


@dataclass(frozen=True)
class Subject:
    """All records of one subject that a narrative draws on; each frame may be empty."""

    record: Record
    told: pd.DataFrame
    events: pd.DataFrame
    doses: pd.DataFrame
    history: pd.DataFrame
    laboratory: pd.DataFrame
    bleeding: pd.DataFrame


def compose_narratives(
    rows: pd.DataFrame, events: pd.DataFrame, datasets: Mapping[str, pd.DataFrame], study: Study
) -> Prose:
    """Compose one narrative per subject with an event whose NARRFL is Y, in the order of the subjects.

    ``events`` come from ``select_events``; ``datasets`` has adsl, adae, adex, admh, adlb and bleeding.
    Without such an event the prose is a sentence that says so.
    """
    if sentence := absence(rows):
        return Prose(absent=sentence)
    told = events[events["NARRFL"] == "Y"]
    if told.empty:
        return Prose(absent=_NONE)
    names = ("adae", "adex", "admh", "adlb", "bleeding")
    known = [_by_subject(datasets[name], told["USUBJID"]) for name in names]
    records = {record["USUBJID"]: record for record in datasets["adsl"].to_dict("records")}
    passages = []
    for name, part in told.groupby("USUBJID", sort=True):
        own = [part(str(name)) for part in known]
        passages.append(compose(Subject(records[name], part, *own), study))
    return Prose(tuple(passages))


def _by_subject(frame: pd.DataFrame, subjects: pd.Series) -> Callable[[str], pd.DataFrame]:
    parts = dict(iter(frame[frame["USUBJID"].isin(subjects)].groupby("USUBJID", sort=False)))
    return lambda subject: parts.get(subject, frame.head(0))


def rank_narratives(events: pd.DataFrame) -> list[int]:
    """Return how grave each narrative's worst event is, in the order of the narratives: 0 for a death.

    1 is a serious event, 2 another significant one. ``events`` come from ``select_events``.
    """
    told = events[events["NARRFL"] == "Y"]
    ranks = told["LISTED"].map({"death": 0, "serious": 1}).fillna(2).astype("int64")
    return ranks.groupby(told["USUBJID"]).min().sort_index().tolist()


def compose(subject: Subject, study: Study) -> Passage:
    """Compose the narrative of one subject: who, treatment, each event with its course, what else."""
    told = subject.told.to_dict("records")
    paragraphs = [
        f"{_introduce(subject, study)} {_treatment(subject, study)}",
        *(_tell(event, subject, study) for event in told),
        f"{_others(subject, study)} {_ending(subject)}",
    ]
    return Passage(_heading(subject, told), tuple(words.clean(text) for text in paragraphs))


def _heading(subject: Subject, told: Sequence[Record]) -> str:
    terms = dict.fromkeys(words.event_term(event) for event in told)
    return f"Subject {subject.record['USUBJID']}: {words.join(list(terms))}"


def _introduce(subject: Subject, study: Study) -> str:
    record, history = subject.record, subject.history
    who = words.article(words.person(float(record["AGE"]), str(record["SEX"])))
    arm = words.clean(str(record["TRT01A"]))
    group = f", treated in the group {arm}" if arm else ""
    text = f"The subject was {who} with {study.identity.condition}{_diagnosed(subject)}{group}."
    prior = _terms(history, "PRIOR THERAPY")
    if prior:
        text += f" Earlier therapy of the disease: {words.join(prior)}."
    elif record.get("NPRIOR", math.nan) == 0:
        text += " No earlier therapy of the disease was recorded."
    illnesses = _terms(history, "HISTORY")
    if illnesses:
        text += f" Medical history: {words.join(illnesses)}."
    return text


def _diagnosed(subject: Subject) -> str:
    months = float(subject.record.get("DISDURM", math.nan))
    if not math.isnan(months):
        whole = math.floor(months + 0.5)
        return (
            f", diagnosed {words.plural(whole, 'month') if whole else 'less than a month'} before treatment"
        )
    dates = subject.history.loc[subject.history["ACAT1"] == "DIAGNOSIS", "ASTDTC"]
    known = sorted(words.partial_date(date[:7]) for date in dates.sort_values().head(1) if date)
    return f", diagnosed in {known[0]}" if known and known[0] else ""


def _terms(history: pd.DataFrame, category: str) -> list[str]:
    terms = history.loc[history["ACAT1"] == category, "ATERM"]
    return sorted(dict.fromkeys(words.term(text) for text in terms if text))


def _treatment(subject: Subject, study: Study) -> str:
    doses = subject.doses
    days = [words.study_day(day).removeprefix("Day ") for day in doses["ASTDY"] if not math.isnan(day)]
    if doses.empty or not days:
        return "No administration of treatment with a date was recorded."
    if not study.design.infusion_days:
        return _continuous(doses)
    planned = words.plural(len(study.design.infusion_days), "planned infusion")
    noun = "Day" if len(days) == 1 else "Days"
    text = f"The subject received {format_count(len(doses))} of {planned}, on {noun} {words.join(days)}"
    return f"{text}{_total(doses)}.{_adjusted(doses)}"


def _total(doses: pd.DataFrame) -> str:
    """The sum of the doses, where all are recorded in one unit."""
    units = set(doses.get("EXDOSU", pd.Series(dtype="str")))
    if len(units) != 1 or "" in units or doses["EXDOSE"].isna().any():
        return ""
    return f" ({words.amount(format_number(float(doses['EXDOSE'].sum()), 1), units.pop())} in total)"


def _adjusted(doses: pd.DataFrame) -> str:
    if not {"EXADJ", "EXDOSE", "EXDOSU"} <= set(doses.columns):
        return ""
    texts = []
    for dose in doses[doses["EXADJ"] != ""].to_dict("records"):
        amount = ""
        if not math.isnan(dose["EXDOSE"]):
            amount = f", {words.amount(format_plain(dose['EXDOSE']), dose['EXDOSU'])} given"
        number = format_count(dose["EXNUM"])
        texts.append(f" Infusion {number} was changed ({words.term(dose['EXADJ'])}){amount}.")
    return "".join(texts)


def _continuous(doses: pd.DataFrame) -> str:
    names = words.join(sorted({words.term(text) for text in doses["EXTRT"] if text})) or "treatment"
    first = doses.sort_values("ASTDY").iloc[0]
    last = doses["AENDT"].fillna(doses["ASTDT"]).max()
    day = (last - first["ASTDT"]).days + first["ASTDY"]
    text = f"The subject began to receive {names} on {first['ASTDT'].date().isoformat()} (Day 1)"
    return f"{text}; the last dose was on {words.study_day(day)} ({last.date().isoformat()})."


def _tell(event: Record, subject: Subject, study: Study) -> str:
    if not event["AEDECOD"]:
        return f"{_death(subject.record)} No adverse event with fatal outcome was recorded."
    when = course.place(event, subject.doses, bool(study.design.infusion_days))
    reported = words.term(str(event["AETERM"]))
    quoted = (
        f", reported as “{reported}”" if reported.lower() not in ("", words.event_term(event).lower()) else ""
    )
    severity = words.severity(float(event["ASEVN"]), study.safety.severity_variable)
    graded = (
        f" ({severity}{quoted})" if severity != words.NOT_RECORDED else f" (severity not recorded{quoted})"
    )
    sentences = [
        f"{when} {words.event_term(event)} occurred{graded}.",
        _significance(event),
        course.around(event, subject.laboratory, subject.bleeding, study),
        _relation(str(event["AEREL"])),
        _action(str(event["AEACN"])),
        _rescue(event, subject),
        _outcome(event, subject.record),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _significance(event: Record) -> str:
    criteria = str(event.get("AESCRIT", "")).replace("; ", ", ")
    serious = f"was serious ({criteria})" if criteria else "was serious"
    marks = [serious] if event["AESER"] == "Y" else []
    marks += ["was recorded as a dose-limiting toxicity"] if event["DLTFL"] == "Y" else []
    marks += ["was recorded as an infusion reaction"] if event["INFRFL"] == "Y" else []
    text = f"The event {words.join(marks)}." if marks else ""
    if event["FATALFL"] == "Y" and event["AESER"] == "N":
        text = f"{text} The data do not flag it as serious."
    return text


def _relation(code: str) -> str:
    if not code:
        return "The relation of the event to treatment was not recorded."
    if words.knows_relation(code):
        return f"The event was judged {words.relation(code)} to treatment."
    return f"The relation of the event to treatment was recorded as: {words.relation(code)}."


def _action(code: str) -> str:
    phrases = {
        "DRUG WITHDRAWN": "Treatment was withdrawn because of it.",
        "DRUG INTERRUPTED": "Treatment was interrupted because of it.",
        "DOSE REDUCED": "The dose was reduced because of it.",
        "DOSE INCREASED": "The dose was increased.",
        "DOSE RATE REDUCED": "The rate of infusion was reduced because of it.",
        "DOSE NOT CHANGED": "The dose was not changed.",
        "NOT APPLICABLE": "No action with treatment was applicable.",
        "": "The action taken with treatment was not recorded.",
    }
    return phrases.get(code.upper(), f"Action taken with treatment: {words.action(code)}.")


def _rescue(event: Record, subject: Subject) -> str:
    """Rescue therapy from the week before the event on, as long as it lasted and two weeks after."""
    rescue = subject.history[subject.history["ACAT1"] == "RESCUE THERAPY"]
    low, high = course.window(event, 7, 14)
    near = rescue[rescue["ASTDY"].between(low, high)].sort_values(["ASTDY", "ATERM"], kind="stable")
    given: dict[str, list[str]] = {}
    for record in near.to_dict("records"):
        days = words.study_day(record["ASTDY"])
        if record["AENDY"] > record["ASTDY"]:
            days += f" to {words.study_day(record['AENDY'])}"
        given.setdefault(words.term(record["ATERM"]), []).append(days)
    texts = [f"{name} ({', '.join(days)})" for name, days in given.items()]
    return f"Rescue therapy: {words.join(texts)}." if texts else ""


def _death(record: Record) -> str:
    """When the subject died, as ADSL has it, and which domains say so."""
    when = course.date_phrase(record["DTHADY"], str(record["DTHDTC"]))
    sources = words.join([_SOURCES[name] for name in str(record["DTHSRC"]).split(", ")])
    day = "" if when else "; the day of death was not recorded"
    return f"The subject died{f' {when}' if when else ''}, by the record of {sources}{day}."


def _outcome(event: Record, record: Record) -> str:
    end = course.date_phrase(event["AENDY"], str(event["AEENDTC"]))
    lasted = duration(event)
    length = f"; the event lasted {words.plural(int(lasted), 'day')}" if lasted.isdigit() and end else ""
    code = str(event["AEOUT"]).upper()
    if code in ("RECOVERED/RESOLVED", "RECOVERED/RESOLVED WITH SEQUELAE"):
        how = "recovered with sequelae" if code.endswith("SEQUELAE") else "recovered"
        when = f" {end}{length}" if end else "; the day was not recorded"
        return f"The subject {how}{when}."
    if code == "FATAL":
        # the event's own end is its day of death; without it that of ADSL
        end = end or course.date_phrase(record["DTHADY"], str(record["DTHDTC"]))
        return (
            f"The subject died {end}." if end else "The event was fatal; the day of death was not recorded."
        )
    ended = f", and the event ended {end}" if end else ""
    phrases = {
        "NOT RECOVERED/NOT RESOLVED": f"The subject had not recovered {end or 'at the last report'}.",
        "RECOVERING/RESOLVING": "The subject was recovering at the last report.",
        "UNKNOWN": f"The outcome is unknown{ended}.",
        "": f"The outcome was not recorded{ended}.",
    }
    return phrases.get(code, f"Outcome: {words.outcome(code)}{ended}.")


def _others(subject: Subject, study: Study) -> str:
    others = subject.events[~subject.events["AESEQ"].isin(subject.told["AESEQ"])]
    others = others.sort_values(["ASTDT", "AESEQ"], kind="stable")
    if others.empty:
        return "No other adverse event was reported."
    if len(others) > _MOST_NAMED:
        count = words.plural(len(others), "other adverse event")
        return f"{count} were reported, none of them recorded as serious."
    names = [_brief(event, study) for event in others.to_dict("records")]
    head = "One other adverse event was" if len(names) == 1 else "Other adverse events were"
    return f"{head} reported: {words.join(names)}."


def _brief(event: Record, study: Study) -> str:
    severity = words.severity(float(event["ASEVN"]), study.safety.severity_variable)
    day = words.study_day(event["ASTDY"]) if words.is_complete(str(event["AESTDTC"])) else ""
    day = day or words.partial_date(str(event["AESTDTC"]))
    details = [part for part in (severity, day) if part and part != words.NOT_RECORDED]
    return f"{words.event_term(event)} ({', '.join(details)})" if details else words.event_term(event)


def _ending(subject: Subject) -> str:
    record = subject.record
    reason = words.term(str(record["DCSREAS"]))
    if record["EOSSTT"] == "COMPLETED":
        return "The subject completed the study."
    if record["EOSSTT"] == "DISCONTINUED":
        return f"The subject left the study early{f' ({reason})' if reason else ''}."
    return "The end of the study was not recorded."
