"""Who entered the trial, infusions in parts, and what comes before the first dose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csrkit.sdtm.labels import fold

# Who entered the trial: DM says it of a subject in ARMCD, ACTARMCD and ARMNRS.

# Codes of ACTARMCD, and reasons of ARMNRS (codelist ARMNULRS), of who was never assigned to an arm.
_CODES = ("SCRNFAIL", "NOTASSGN")
_REASONS = ("SCREEN FAILURE", "SCREENING FAILURE", "NOT ASSIGNED")


def is_enrolled(dm: pd.DataFrame) -> pd.Series:
    """Tell of each subject of DM whether nothing says that it was never assigned to an arm.

    Older exports keep the planned cohort in ARMCD and say in ACTARMCD (SCRNFAIL, NOTASSGN) or ARMNRS (SCREEN
    FAILURE, NOT ASSIGNED) that the subject failed screening. ``ASSIGNED, NOT TREATED`` and ``UNPLANNED
    TREATMENT`` are of subjects who were enrolled.
    """
    said = pd.Series(False, index=dm.index)
    for name in ("ARMCD", "ACTARMCD"):
        if name in dm:
            said |= _plain(dm[name]).isin(_CODES)
    if "ARMNRS" in dm:
        said |= _plain(dm["ARMNRS"]).isin(_REASONS)
    return ~said


def _plain(text: pd.Series) -> pd.Series:
    return text.astype("str").str.replace(r"[ \t\n\f\r]+", " ", regex=True).str.strip().str.upper()


# Infusions in parts: records of EX that together are one administration.

# An infusion interrupted in the evening may go on after midnight.
_RESUMED = pd.Timedelta(hours=12)
_DAY, _MINUTE = 10, 16


def number_infusions(ex: pd.DataFrame) -> pd.Series:
    """Return the number of the infusion that each record belongs to, counted over all subjects.

    A record is a further part of the infusion before it when it is of the same subject, treatment and unit
    and starts on the day on which that one started or ended, or within 12 hours of its end.
    """
    frame = pd.DataFrame({"subject": ex["USUBJID"], "start": ex["EXSTDTC"]})
    frame["end"] = (
        ex["EXENDTC"].where(ex["EXENDTC"] != "", ex["EXSTDTC"]) if "EXENDTC" in ex else ex["EXSTDTC"]
    )
    for name in ("EXTRT", "EXDOSU"):
        frame[name] = ex.get(name, "")
    frame = frame.sort_values(["subject", "start"], kind="stable")
    last = frame.shift()
    same = (frame[["subject", "EXTRT", "EXDOSU"]] == last[["subject", "EXTRT", "EXDOSU"]]).all(axis=1)
    day = frame["start"].str[:_DAY]
    whole = day.str.len() == _DAY
    on_day = whole & ((day == last["start"].str[:_DAY]) | (day == last["end"].str[:_DAY]))
    pause = _moment(frame["start"]) - _moment(last["end"])
    resumed = (pause >= pd.Timedelta(0)) & (pause <= _RESUMED)
    return (~(same & (on_day | resumed))).cumsum().reindex(ex.index)


def join_parts(ex: pd.DataFrame) -> pd.DataFrame:
    """Return EX with one record for each infusion: the first part's, with the doses of all added.

    The end is that of the last part. Where EXADJ is recorded, an infusion in parts was interrupted: its
    reasons are listed, or ``INTERRUPTED`` where none is given. Columns beside these are the first part's.
    """
    if ex.empty or "EXSTDTC" not in ex:
        return ex
    number = number_infusions(ex)
    if number.is_unique:
        return ex
    ordered = ex.assign(PART=number).sort_values(["PART", "EXSTDTC"], kind="stable")
    parts = ordered.groupby("PART", sort=False)
    first = ordered.drop_duplicates("PART").set_index("PART")
    last = ordered.drop_duplicates("PART", keep="last").set_index("PART")
    several = parts.size() > 1
    if "EXDOSE" in ex:
        first["EXDOSE"] = first["EXDOSE"].mask(several, parts["EXDOSE"].sum(min_count=1))
    for name in [name for name in ("EXENDTC", "EXENDY", "end_day", "end_time") if name in ex]:
        first[name] = first[name].mask(several, last[name])
    if "EXADJ" in ex:
        reasons = parts["EXADJ"].agg(lambda texts: "; ".join(dict.fromkeys(text for text in texts if text)))
        first["EXADJ"] = first["EXADJ"].mask(several, reasons.where(reasons != "", "INTERRUPTED"))
    return first.reset_index(drop=True)[list(ex.columns)].astype(ex.dtypes.to_dict())


def _moment(text: pd.Series) -> pd.Series:
    timed = text.where(text.str.len() >= _MINUTE).str[:_MINUTE]
    return pd.to_datetime(timed, format="%Y-%m-%dT%H:%M", errors="coerce")


# Before the first dose or after it: what a record's time and time point say, and which tests have flags.

FLAGGED = "value flagged in the data"
# Time points are read where they tell of the administration: of a posture or of rest they don't.
_DOSE = r"DOS(?:E|ING)|INFUSION|INJECTION|TREATMENT|ADMINISTRATION|TRANSFUSION"
_BEFORE = rf"^(?:.*\b)?PRE[- ]?(?:{_DOSE})|\bBEFORE\b.*(?:{_DOSE})|\bPRIOR TO\b.*(?:{_DOSE})|^PRE$|^PREDOSE"
_AFTER = (
    rf"POST[- ]?(?:{_DOSE})|\b(?:AFTER|DURING|FOLLOWING)\b.*(?:{_DOSE})"
    rf"|\b(?:END|START) OF (?:THE )?(?:{_DOSE})|^POST$"
)
_POSTURE = r"LYING|STANDING|SITTING|SUPINE|REST"


def read_time_points(frame: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Return ATPT, ATPTN, ATPTREF and AELTM of a domain's records, and BLFL (flagged as baseline).

    BLFL is Y where ``--BLFL`` or ``--LOBXFL`` is; a variable that the domain lacks says nothing.
    """
    text = {
        name: frame.get(f"{domain}{part}", pd.Series("", index=frame.index, dtype="str")).fillna("")
        for name, part in {
            "ATPT": "TPT",
            "ATPTREF": "TPTREF",
            "AELTM": "ELTM",
            "B": "BLFL",
            "L": "LOBXFL",
        }.items()
    }
    number = frame.get(f"{domain}TPTNUM", pd.Series(np.nan, index=frame.index))
    flagged = (fold(text.pop("B")) == "Y") | (fold(text.pop("L")) == "Y")
    found = pd.DataFrame({name: values.astype("str") for name, values in text.items()})
    return found.assign(
        ATPTN=number.astype("float64"), BLFL=flagged.map({True: "Y", False: ""}).astype("str")
    )


def before_treatment(records: pd.DataFrame, treated: pd.DataFrame) -> pd.Series:
    """True where a record is of before the first dose.

    Parameters
    ----------
    records
        USUBJID, ADT, ADTM, and where the domain has them the variables of ``read_time_points``.
    treated
        TRTSDT and TRTSDTM of the treated, by subject.

    On the day of the first dose the times decide; without both times the time point does, by its words
    (before the infusion), its elapsed time (-PT15M) or its number (below 0), as far as it tells of a dose;
    where that is silent, too, the record counts as of before.
    """
    subjects = records["USUBJID"].to_numpy()
    first, dosed = (treated[name].reindex(subjects).set_axis(records.index) for name in ("TRTSDT", "TRTSDTM"))
    timed = (records["ADTM"] != records["ADT"]) & dosed.notna()
    same_day = (records["ADTM"] < dosed).where(timed, ~_point_after(records))
    return (records["ADT"] < first) | ((records["ADT"] == first) & same_day)


def _point_after(records: pd.DataFrame) -> pd.Series:
    """True where the time point says that the dose had been given."""
    if "ATPT" not in records:
        return pd.Series(False, index=records.index)
    words, reference = records["ATPT"].str.upper(), records["ATPTREF"].str.upper()
    elapsed = records["AELTM"].str.strip().str.upper()
    before, after = words.str.contains(_BEFORE), words.str.contains(_AFTER)
    of_dose = reference.str.contains(_DOSE) | (reference == "") & ~words.str.contains(_POSTURE)
    later = elapsed.str.startswith("P") | (records["ATPTN"] >= 0) & ~elapsed.str.startswith("-")
    return after & ~before | ~before & of_dose & later


def is_of_flagged_test(flagged: pd.Series, tests: Sequence[pd.Series]) -> pd.Series:
    """Tell of each record whether any subject has a flagged one of its test.

    Where the flags of the data make the baseline, a test that nobody has flagged goes by the rule of the last
    record before the first dose. ``tests`` are the columns that make a test (its parameter, its time point).
    """
    return flagged.groupby(list(tests)).transform("any")
