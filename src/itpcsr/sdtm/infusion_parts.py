"""Infusions in parts: records of EX that together are one administration."""

from __future__ import annotations

import pandas as pd

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
