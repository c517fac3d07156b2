"""Place adverse events in time against the infusions: which one came before, and how long before."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import to_datetime
from itpcsr.adam.domains import look_up
from itpcsr.study import Study

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
