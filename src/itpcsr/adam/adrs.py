"""ADRS and ADTTE: platelet response at each count, and the times to it and to its loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import is_among, look_up, yes_no
from itpcsr.adam.response import RESPONSES, UNDECIDED, find_responses, judge
from itpcsr.adam.response_counts import collect_counts, collect_subjects, name_kinds, qualify
from itpcsr.adam.treatment import first_rescue
from itpcsr.adam.visits import name_visits
from itpcsr.study import Efficacy, ResponseDefinition, Study

# ADRS: platelet response at each count, by the primary rule and by the definitions set beside it.

COLUMNS = [
    "USUBJID", "SRCDOM", "SRCSEQ", "PARAMCD", "PARAM", "AVALC", "AVAL", "CRIT1", "CRIT1FL", "ADT", "ADY",
    "AVISITN", "AVISIT", "PLAT", "PLATC", "BASE", "BASEC", "REASON", "CNFDY", "CNFPLAT", "CNFPLATC", "CRDY",
    "LOSDT", "LOSDY", "LASTDY",
]  # fmt: skip
_CONFIRMED = "Best confirmed response (IWG 2009)"
_BEST = "Best response at any count, not confirmed"
_CRITERION = "Response (CR or R)"
_KINDS = ["CR", "R", "NR", "NE"]  # from the best to the worst
_LIMITED_BASE = "the baseline count is beyond the measuring range"
_NO_COUNTED = "no platelet count that counts"


def derive_adrs(
    adsl: pd.DataFrame,
    adlb: pd.DataFrame,
    adae: pd.DataFrame,
    adbleed: pd.DataFrame,
    adcm: pd.DataFrame,
    study: Study,
) -> pd.DataFrame:
    """Derive response by the rule of Rodeghiero et al., Blood 2009;113:2386, and by all other definitions.

    A count after the first infusion qualifies as complete response when it is at least ``complete_count``,
    as response when it is that or at least ``response_count`` and ``response_ratio`` times baseline; in both
    cases on a day without a bleeding (as ``bleeding_source`` says) and before any rescue therapy. A rescue
    or a bleeding with a partial date counts from the earliest day on or after the first infusion that the
    date allows, a bleeding without start from Day 1. A response is confirmed when qualifying counts follow
    one another over at least ``confirmation_days``, with no count in between that fails to qualify; a missed
    visit in between does not break it. It dates from the first of these counts, and is lost when counts that
    fail follow one another over at least ``loss_days``, or when rescue therapy begins.

    Returns
    -------
    DataFrame
        PARAMCD ``OVR``: one record per count after the first infusion, AVALC CR, R, NR, or NE where it is
        only known to lie beyond a limit that doesn't decide; PLAT is the count, PLATC the limit (``<5``).
        PARAMCD ``BOR``: the best of them, whether or not it was confirmed, by subject with a count, dated by
        the first such count. PARAMCD ``CBOR`` (confirmed), and the key of each definition of the study: one
        record per treated subject (see ``response.judge``). CRIT1FL of all these is Y for CR and R, else N.
        PARAMCD ``RESPPER``: one record per period of confirmed response by the primary rule (see
        ``response.find_responses``), the first of which is that of ``CBOR``: its first count (ADT, ADY), its
        last qualifying one (CNFDY), the days from one to the other, both included (AVAL), and its loss
        (LOSDT, LOSDY). PARAMCD ``PCTRESP``: the percentage
        of the days up to the last count that lie within these periods, from the first qualifying count to
        the last. PARAMCD ``BESTRAT``: the highest ratio to baseline of the counts before rescue (PLAT is the
        count). SRCDOM and SRCSEQ name the record of the count that dates a record. No rows for a study
        without platelet response or without laboratory data.
    """
    rule = study.efficacy
    if rule is None or not (adlb["PARAMCD"] == rule.platelet_test).any():
        return pd.DataFrame(columns=COLUMNS)
    rescue = first_rescue(adcm)
    subjects = collect_subjects(adsl, adlb, rescue, rule)
    counts = collect_counts(adlb, adae, adbleed, rule)
    adrs = _judge_all(*_numbered(counts, subjects), rule, study.visits.platelet_weeks)
    adrs["USUBJID"] = subjects["USUBJID"].take(adrs["USUBJID"].to_numpy("int64")).to_numpy()
    return adrs


def _numbered(counts: pd.DataFrame, subjects: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return counts and subjects with places in place of names, which are compared many times as fast."""
    place = pd.Index(subjects["USUBJID"]).get_indexer(pd.Index(counts["USUBJID"]))
    counts = counts.assign(USUBJID=place)[place >= 0].reset_index(drop=True)
    return counts, subjects.assign(USUBJID=range(len(subjects)))


def _judge_all(
    counts: pd.DataFrame, subjects: pd.DataFrame, rule: Efficacy, weeks: Sequence[int]
) -> pd.DataFrame:
    best = judge(counts, subjects, rule.primary, weeks).assign(PARAM=_CONFIRMED)
    others = [
        judge(counts, subjects, definition, weeks).assign(PARAM=definition.label)
        for definition in rule.response_definitions
    ]
    flags = _primary_flags(counts, subjects, rule.primary)
    periods = _periods(counts, flags, subjects, best, rule.primary)
    by_count = _by_count(counts, flags)
    parts = [
        by_count,
        _best_of(by_count, best),
        best,
        periods,
        _time_in_response(periods, best),
        _best_ratio(counts, best),
    ]
    adrs = pd.concat([*parts, *others], ignore_index=True).reindex(columns=COLUMNS)
    limits = ["PLATC", "BASEC", "CNFPLATC"]
    adrs[limits] = adrs[limits].fillna("").astype("str")
    return _described(adrs)


def _described(adrs: pd.DataFrame) -> pd.DataFrame:
    """Add the week's name, the domain that a record comes from, and whether a judgement is a response."""
    adrs["AVISIT"] = name_visits(adrs["AVISITN"])
    adrs["SRCDOM"] = adrs["SRCSEQ"].notna().map({True: "LB", False: ""}).astype("str")
    judged = adrs["AVALC"] != ""
    adrs["CRIT1"] = judged.map({True: _CRITERION, False: ""}).astype("str")
    adrs["CRIT1FL"] = yes_no(adrs["AVALC"].isin(RESPONSES)).where(judged, "")
    return adrs


def _primary_flags(
    counts: pd.DataFrame, subjects: pd.DataFrame, definition: ResponseDefinition
) -> pd.DataFrame:
    rescued = is_among(counts["USUBJID"], subjects.loc[subjects["RESCDT"].notna(), "USUBJID"])
    return qualify(counts, definition, rescued)


def _by_count(counts: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    kinds = name_kinds(flags)
    return counts.assign(
        PARAMCD="OVR",
        PARAM="Response at this count, not confirmed",
        AVALC=kinds,
        PLAT=counts["AVAL"],
        PLATC=counts["AVALC"],
        AVAL=np.nan,
        SRCSEQ=counts["LBSEQ"],
        REASON=kinds.map(lambda kind: UNDECIDED if kind == "NE" else "").astype("str"),
    )


def _best_of(by_count: pd.DataFrame, confirmed: pd.DataFrame) -> pd.DataFrame:
    """Return the best response at any count of each subject who has one, dated by its first such count."""
    rank = by_count["AVALC"].map({kind: place for place, kind in enumerate(_KINDS)})
    first = by_count.assign(rank=rank).sort_values(["USUBJID", "rank"], kind="stable")
    best = first.drop_duplicates("USUBJID").sort_values("USUBJID").drop(columns="rank")
    last = look_up(confirmed.set_index("USUBJID")["LASTDY"], best["USUBJID"])
    return best.assign(PARAMCD="BOR", PARAM=_BEST, LASTDY=last)


def _periods(
    counts: pd.DataFrame,
    flags: pd.DataFrame,
    subjects: pd.DataFrame,
    best: pd.DataFrame,
    definition: ResponseDefinition,
) -> pd.DataFrame:
    """Return one record per period of confirmed response; CNFDY is its last qualifying count."""
    found = find_responses(counts, flags["R"], subjects, definition)
    first, last = (counts.reindex(found[name]).set_axis(found.index) for name in ("first", "last"))
    start = look_up(subjects.set_index("USUBJID")["TRTSDT"], found["USUBJID"])
    periods = (
        found[["USUBJID", "LOSDT"]]
        .assign(
            ADT=first["ADT"],
            ADY=first["ADY"],
            AVISITN=first["AVISITN"],
            PLAT=first["AVAL"],
            CNFDY=last["ADY"],
            SRCSEQ=first["LBSEQ"],
        )
        .assign(PLATC=first["AVALC"])
    )
    periods["LOSDY"] = study_day(periods["LOSDT"], start)
    periods["AVAL"] = (periods["CNFDY"] - periods["ADY"] + 1).astype("float64")
    for name in ("BASE", "BASEC", "LASTDY"):
        periods[name] = look_up(best.set_index("USUBJID")[name], periods["USUBJID"])
    return periods.assign(PARAMCD="RESPPER", PARAM="Period of confirmed response", AVALC="", REASON="")


def _time_in_response(periods: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Percentage of the days from Day 1 to the last count in confirmed response; NaN where NE."""
    shares = best[["USUBJID", "BASE", "AVALC", "LASTDY", "REASON"]].copy()
    within = periods["AVAL"].groupby(periods["USUBJID"]).sum().reindex(shares["USUBJID"]).fillna(0).to_numpy()
    shares["AVAL"] = (100 * within / shares["LASTDY"]).where(shares["AVALC"] != "NE")
    shares["REASON"] = shares["REASON"].where(shares["AVALC"] == "NE", "")
    return shares.assign(PARAMCD="PCTRESP", PARAM="Time in confirmed response (% of days observed)", AVALC="")


def _best_ratio(counts: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    free = counts[~counts["rescued"] & counts["R2BASE"].notna()]
    top = free.sort_values(["USUBJID", "R2BASE"], ascending=[True, False], kind="stable")
    top = top.drop_duplicates("USUBJID").set_index("USUBJID")
    ratios = best[["USUBJID", "BASE", "LASTDY"]].copy()
    for name, source in (
        ("AVAL", "R2BASE"), ("PLAT", "AVAL"), ("ADT", "ADT"), ("ADY", "ADY"), ("AVISITN", "AVISITN"),
        ("SRCSEQ", "LBSEQ"),
    ):  # fmt: skip
        ratios[name] = top[source].reindex(ratios["USUBJID"]).to_numpy()
    limited = best["BASEC"].to_numpy() != ""
    missing = ratios["AVAL"].isna()
    ratios["REASON"] = np.select([missing & limited, missing], [_LIMITED_BASE, _NO_COUNTED], "")
    return ratios.assign(PARAMCD="BESTRAT", PARAM="Highest ratio to baseline before rescue therapy", AVALC="")


# ADTTE: times to platelet response and from it to its loss, by the primary rule.

ADTTE_COLUMNS = [
    "USUBJID", "SRCDOM", "SRCVAR", "SRCSEQ", "PARAMCD", "PARAM", "STARTDT", "AVAL", "CNSR", "ADT", "ADY",
    "CNSDTDSC",
]  # fmt: skip
_LAST_COUNT = "last platelet count"


def derive_adtte(adsl: pd.DataFrame, adrs: pd.DataFrame) -> pd.DataFrame:
    """Derive times of confirmed response, in days; CNSR is 0 for an event and 1 for none.

    - TTRESP, TTCR: study day of the first count of the confirmed response, or complete response, of every
      subject of the full analysis set. Without one the time ends with the last count (Day 1 where there is
      none), also after rescue therapy: its counts are no response, so the subject stays without one.
    - DURRESP: days from the response's first count to its loss, of responders.
    - TTLOSS: study day of the loss, of responders.

    A response not lost ends, censored, with the last count. STARTDT is the day from which a time is counted,
    ADT and ADY the one on which it ends; SRCDOM, SRCVAR and SRCSEQ name the variable of ADRS that has it
    ("" and NaN where there is no count). No rows for a study without platelet response.
    """
    numbers = adrs.groupby("USUBJID").cumcount() + 1.0  # as ADRS counts its records: ASEQ
    best = adrs.assign(ASEQ=numbers)[adrs["PARAMCD"] == "CBOR"].set_index("USUBJID")
    subjects = adsl.loc[adsl["FASFL"] == "Y", ["USUBJID", "TRTSDT"]]
    if best.empty:
        return pd.DataFrame(columns=ADTTE_COLUMNS)
    of = pd.DataFrame(
        {
            name: look_up(best[name], subjects["USUBJID"])
            for name in ("ADY", "CRDY", "LOSDY", "LASTDY", "ASEQ")
        }
    ).assign(TRTSDT=subjects["TRTSDT"])
    responded = of["ADY"].notna()
    parts = [
        _times(of, "TTRESP", "Time to response", "ADY", 0.0),
        _times(of, "TTCR", "Time to complete response", "CRDY", 0.0),
        _times(of, "DURRESP", "Duration of response", "LOSDY", of["ADY"])[responded],
        _times(of, "TTLOSS", "Time from first infusion to loss of response", "LOSDY", 0.0)[responded],
    ]
    of_all = [part.assign(USUBJID=subjects["USUBJID"].reindex(part.index)) for part in parts]
    return pd.concat(of_all, ignore_index=True)[ADTTE_COLUMNS]


def _times(of: pd.DataFrame, code: str, label: str, event: str, origin: pd.Series | float) -> pd.DataFrame:
    """Return the time from the day ``origin`` (0: it is the study day) to an event or the last count."""
    ended = of[event].isna()
    day = of[event].fillna(of["LASTDY"]).fillna(1.0)
    first = of["TRTSDT"]
    counted = of["LASTDY"].notna() | ~ended
    start = first if isinstance(origin, float) else first + pd.to_timedelta(origin - 1, unit="D")
    return pd.DataFrame(
        {
            "SRCDOM": counted.map({True: "ADRS", False: ""}).astype("str"),
            "SRCVAR": pd.Series(event, of.index, dtype="str").mask(ended, "LASTDY").where(counted, ""),
            "SRCSEQ": of["ASEQ"].where(counted),
            "PARAMCD": code,
            "PARAM": label,
            "STARTDT": start,
            "AVAL": day - origin,
            "CNSR": ended.astype("float64"),
            "ADT": first + pd.to_timedelta(day - 1, unit="D"),
            "ADY": day,
            "CNSDTDSC": pd.Series("", index=of.index, dtype="str").mask(ended, _LAST_COUNT),
        }
    )
