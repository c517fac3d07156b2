"""ADAE and ADAETTE: adverse events, placed in time against the infusions, and the time to the first one."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold, fold_label, term_key
from csrkit.sdtm.participation import is_fatal
from itpcsr.adam.dates import place_in_time, study_day, to_datetime
from itpcsr.adam.domains import add_supplement, look_up, read_domain, yes_no
from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks.known_labels import GRADE
from itpcsr.study import Study
from itpcsr.study.questionnaires import FirstEvent

# Place adverse events in time against the infusions: which one came before, and how long before.

_LAST_MINUTE = pd.Timedelta(hours=23, minutes=59)


def add_infusion_timing(adae: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Add where an onset lies against the infusions.

    ASTDTM is the onset to the minute (NaT without a time of day). INFNUM is the number of the latest
    infusion begun before or at the onset, 0 for an event known to have begun before the first (PREFL, by the
    rule that decides on treatment emergence, too), NaN where the day of onset isn't known well enough: a
    partial date will do if even its earliest day lies beyond the hours after the last infusion.
    INFHRS is the time from its start to the onset in hours, NaN where either has no time of day. INFTIMFL
    is Y during that infusion or within the study's ``infusion_hours`` after its end (after its start where
    the end isn't recorded), else N; empty where the day of onset isn't known.

    Where a time of day is missing, days are compared: an onset on the day of an infusion is taken to follow
    it, and counts as within the hours up to the last day that they can reach. This errs towards the
    infusion. Without infusions in the study all three are missing.
    """
    timed = adae["AESTDTC"].str.len() >= 16
    placed = adae.assign(ASTDTM=to_datetime(adae["AESTDTC"]).where(timed))
    if not study.design.infusion_days or adae.empty:
        return placed.assign(INFNUM=float("nan"), INFHRS=float("nan"), INFTIMFL="")
    reach = pd.Timedelta(days=-(-study.safety.infusion_hours // 24))
    last = look_up(
        adex["AENDT"].fillna(adex["ASTDT"]).groupby(adex["USUBJID"]).max() + reach, placed["USUBJID"]
    )
    before = placed["PREFL"] == "Y"
    known = placed["ASTDT"].notna() & ((placed["ASTDTF"] == "") | (placed["ASTDT"] > last)) & ~before
    latest = _latest_infusion(placed[known], adex).reindex(placed.index)
    hours = (placed["ASTDTM"] - latest["START"]).dt.total_seconds() / 3600
    within = _is_within(placed, latest, study.safety.infusion_hours, reach)
    # an untreated subject has no first infusion to be before
    treated = look_up(adex.groupby("USUBJID").size(), placed["USUBJID"]).notna()
    return placed.assign(
        INFNUM=latest["EXNUM"].mask(before & treated, 0.0),
        INFHRS=hours,
        INFTIMFL=within.map({True: "Y", False: "N"}).where((known | before) & treated, "").astype("str"),
    )


def _latest_infusion(adae: pd.DataFrame, adex: pd.DataFrame) -> pd.DataFrame:
    """Return number, day, start and end of the latest infusion begun by each onset, by event."""
    infusions = pd.DataFrame(
        {
            "USUBJID": adex["USUBJID"],
            "key": adex["ASTDTM"].fillna(adex["ASTDT"]).astype("datetime64[ns]"),
            "EXNUM": adex["EXNUM"],
            "DAY": adex["ASTDT"],
            "LASTDAY": adex["AENDT"].fillna(adex["ASTDT"]),
            "START": adex["ASTDTM"],
            "END": adex["AENDTM"].fillna(adex["ASTDTM"]),
        }
    ).dropna(subset="key")
    onset = adae["ASTDTM"].fillna(adae["ASTDT"] + _LAST_MINUTE).astype("datetime64[ns]")
    events = pd.DataFrame({"USUBJID": adae["USUBJID"], "key": onset, "event": adae.index})
    found = pd.merge_asof(
        events.sort_values("key", kind="stable"),
        infusions.sort_values("key", kind="stable"),
        on="key",
        by="USUBJID",
    )
    return found.set_index("event").drop(columns=["USUBJID", "key"])


def _is_within(placed: pd.DataFrame, latest: pd.DataFrame, hours: int, reach: pd.Timedelta) -> pd.Series:
    exact = placed["ASTDTM"].notna() & latest["END"].notna()
    by_time = placed["ASTDTM"] <= latest["END"] + pd.Timedelta(hours=hours)
    by_day = placed["ASTDT"] <= latest["LASTDAY"] + reach
    return by_time.where(exact, by_day)


# ADAE: one record per adverse event, with onset relative to treatment, relation, severity and flags.

_SEVERITY = {"MILD": 1.0, "MODERATE": 2.0, "SEVERE": 3.0}
_KEPT = (
    "STUDYID", "USUBJID", "AESEQ", "AETERM", "AEDECOD", "AEBODSYS", "AESER", "AESDTH", "AEREL", "AEACN",
    "AEOUT", "AESTDTC", "AEENDTC", "AETOXGR", "AESEV",
)  # fmt: skip
NOT_CODED = "Not coded"


def derive_adae(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the adverse event dataset from AE and SUPPAE.

    Added variables: ASTDT, AENDT with their imputation flags ASTDTF, AENDTF, ASTDY, AENDY, ASEVN (severity
    1 to 5, NaN if not recorded) and flags Y or N: TRTEMFL (not known to have begun before the
    first dose, see ``onset``, and within the study's window after the last one), PREFL (known to have begun
    before it), RELFL (related to treatment), SEVFL (severity from the study's
    severe grade on), SERFL, DLTFL and INFRFL (from SUPPAE), INTRFL and DISCFL (led to interruption, or to
    withdrawal of treatment), FATALFL. ADURN is the duration in days, both included (NaN unless both days
    are known). A flag is empty throughout where the data record nothing that it could be taken from.
    An event without preferred term is kept as "Not coded: " and its reported term, one without system organ
    class under "Not coded".
    """
    ae = read_domain(trial, "AE", [name for name in _KEPT if name != "AESEQ"], ["AESEQ"])
    supplied = add_supplement(ae, trial["SUPPAE"], "AE")
    adae = supplied[list(_KEPT)].copy()
    subject = adsl.set_index("USUBJID")
    first, last = (look_up(subject[name], adae["USUBJID"]) for name in ("TRTSDT", "TRTEDT"))
    placed = place_in_time(supplied, "AE", adsl)
    for name in ("AENDT", "AENDTF", "ASTDT", "ASTDTF"):
        adae[name] = placed[name]
    adae["ASTDY"], adae["AENDY"] = study_day(adae["ASTDT"], first), study_day(adae["AENDT"], first)
    adae["ASEVN"] = _severity(adae, study)
    known = (adae["ASTDTF"] == "") & (adae["AENDTF"] == "")
    adae["ADURN"] = ((adae["AENDT"] - adae["ASTDT"]).dt.days + 1.0).where(known)
    reported = (NOT_CODED + ": " + adae["AETERM"]).where(adae["AETERM"] != "", NOT_CODED)
    adae["AEDECOD"] = adae["AEDECOD"].where(adae["AEDECOD"] != "", reported)
    adae["AEBODSYS"] = adae["AEBODSYS"].replace("", NOT_CODED)
    adae["PREFL"] = yes_no(placed["BEFORE"])
    adae["TRTEMFL"] = yes_no(_treatment_emergent(adae, placed["BEFORE"], first, last, study))
    related = [fold_label(value) for value in study.safety.related_values]
    adae["RELFL"] = yes_no(fold(adae["AEREL"]).isin(related))
    adae["SEVFL"] = yes_no(adae["ASEVN"] >= study.safety.severe_grade)
    adae["SERFL"] = yes_no(adae["AESER"] == "Y")
    action = fold(adae["AEACN"])
    adae["INTRFL"] = yes_no(action == "DRUG INTERRUPTED")
    adae["DISCFL"] = yes_no(action == "DRUG WITHDRAWN")
    fatal = is_fatal(adae)
    adae["FATALFL"] = yes_no(fatal)
    if (adae[["AESDTH", "AEOUT"]] == "").all(axis=None) and not fatal.any():
        adae["FATALFL"] = ""
    for name, qualifier in (("DLTFL", "AEDLT"), ("INFRFL", "AEINFRN")):
        marked = supplied.get(qualifier, pd.Series("", index=adae.index)) == "Y"
        adae[name] = yes_no(marked) if "SUPPAE" in trial else ""
    return adae


def _severity(adae: pd.DataFrame, study: Study) -> pd.Series:
    if study.safety.severity_variable == "AESEV":
        return fold(adae["AESEV"]).map(_SEVERITY).astype("float64")
    grades = adae["AETOXGR"]
    return grades.str[-1:].where(grades.str.fullmatch(GRADE)).astype("float64")


def _treatment_emergent(
    adae: pd.DataFrame, before: pd.Series, first: pd.Series, last: pd.Series, study: Study
) -> pd.Series:
    """Of a treated subject, not known to begin before the first dose, and not too long after the last."""
    emergent = first.notna() & ~before
    window = study.safety.treatment_emergent_days
    if window is None:
        return emergent
    return emergent & ~(adae["ASTDT"] > last + pd.Timedelta(days=window))


# ADAETTE: one record per treated subject and kind of adverse event, with the time to the first one.

# PARAMCD: what it is the time to, and the flag of ADAE of such events.
KINDS = {
    "AEANY": ("Time to first adverse event", "TRTEMFL"),
    "AEREL": ("Time to first related adverse event", "RELFL"),
    "AESEV": ("Time to first severe adverse event", "SEVFL"),
    "AESER": ("Time to first serious adverse event", "SERFL"),
}


def derive_adaette(adsl: pd.DataFrame, adae: pd.DataFrame) -> pd.DataFrame:
    """Derive times to the first treatment-emergent adverse event of each kind, for the safety set.

    AVAL counts days from first dose (Day 1) to the day of onset, or to the last day at risk (ADSL.RISKD),
    both included; CNSR is 0 for an event and 1 for none; ADT and ADY are the day. An event without any start
    date counts from Day 1, the earliest day possible. SRCDOM, SRCVAR and SRCSEQ name what the day is taken
    from: the first event in AE, or ADSL.
    """
    subjects = adsl.loc[adsl["SAFFL"] == "Y", ["STUDYID", "USUBJID", "TRTSDT", "RISKD"]]
    first = look_up(subjects.set_index("USUBJID")["TRTSDT"], adae["USUBJID"])
    days = study_day(adae["ASTDT"], first).fillna(1.0)
    parts = []
    for code, (label, flag) in KINDS.items():
        chosen = (adae["TRTEMFL"] == "Y") & (adae[flag] == "Y") & first.notna()
        events = adae.loc[chosen, ["USUBJID", "AESEQ"]].assign(day=days[chosen])
        events = (
            events.sort_values(["USUBJID", "day", "AESEQ"]).drop_duplicates("USUBJID").set_index("USUBJID")
        )
        onset, number = (look_up(events[name], subjects["USUBJID"]) for name in ("day", "AESEQ"))
        of_event = onset.notna()
        part = subjects[["STUDYID", "USUBJID"]].assign(PARAMCD=code, PARAM=label, STARTDT=subjects["TRTSDT"])
        part["SRCDOM"] = of_event.map({True: "AE", False: "ADSL"}).astype("str")
        part["SRCVAR"] = of_event.map({True: "AESTDTC", False: "RISKD"}).astype("str")
        part["SRCSEQ"] = number
        part["AVAL"] = onset.fillna(subjects["RISKD"])
        part["CNSR"] = onset.isna().astype("float64")
        part["ADT"] = part["STARTDT"] + pd.to_timedelta(part["AVAL"] - 1, unit="D")
        part["ADY"] = part["AVAL"]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


# ADTTE: time to the first treatment-emergent adverse event of each kind that the study names.


def derive_first_events(trial: Trial, adsl: pd.DataFrame, adae: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the times to first events of the safety set, with the variables of ADTTE.

    AVAL counts days from first dose (Day 1) to the onset of the first such event, or to the date of DM that
    the study names (NaT there leaves the subject out); CNSR is 0 for an event and 1 for none. An event
    without any start date counts from Day 1. No rows where the study names no such event or the data hold no
    adverse events.
    """
    subjects = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID", "TRTSDT"]]
    first = look_up(subjects.set_index("USUBJID")["TRTSDT"], adae["USUBJID"])
    emergent = adae.assign(DAY=study_day(adae["ASTDT"], first).fillna(1.0))[adae["TRTEMFL"] == "Y"]
    parts = []
    for kind in study.events.first_events if "AE" in trial else []:
        own = emergent[_is_of_kind(emergent, kind)].sort_values(["USUBJID", "DAY", "AESEQ"], kind="stable")
        own = own.drop_duplicates("USUBJID").set_index("USUBJID")
        onset, number = (look_up(own[name], subjects["USUBJID"]) for name in ("DAY", "AESEQ"))
        dm = read_domain(trial, "DM", ["USUBJID", kind.censored_at], []).set_index("USUBJID")
        last = study_day(to_date(look_up(dm[kind.censored_at], subjects["USUBJID"])), subjects["TRTSDT"])
        had = onset.notna()
        day = onset.fillna(last.astype("float64"))
        part = pd.DataFrame(
            {
                "USUBJID": subjects["USUBJID"], "PARAMCD": kind.code, "PARAM": kind.label,
                "SRCDOM": had.map({True: "AE", False: "DM"}).astype("str"),
                "SRCVAR": had.map({True: "AESTDTC", False: kind.censored_at}).astype("str"),
                "SRCSEQ": number, "STARTDT": subjects["TRTSDT"], "AVAL": day,
                "CNSR": (~had).astype("float64"), "ADY": day,
                "ADT": subjects["TRTSDT"] + pd.to_timedelta(day - 1, unit="D"),
                "CNSDTDSC": had.map({True: "", False: kind.censored_at}).astype("str"),
            }
        )  # fmt: skip
        parts.append(part[day.notna()])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _is_of_kind(adae: pd.DataFrame, kind: FirstEvent) -> pd.Series:
    term, system = term_key(adae["AEDECOD"]), term_key(adae["AEBODSYS"])

    def contains(texts: list[str]) -> pd.Series:
        keys = [fold_label(text) for text in texts]
        return term.map(lambda name: any(key in name for key in keys)).astype("bool")

    in_class = system.isin([fold_label(text) for text in kind.classes])
    return contains(kind.terms) | (in_class & ~contains(kind.left_out))
