"""Platelet response as a rule engine: what makes qualifying counts a response, and what ends it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import is_among, look_up
from itpcsr.adam.response_counts import possible, qualify
from itpcsr.study import ResponseDefinition

# Unbroken runs of counts of one subject.


def find_runs(counts: pd.DataFrame, flag: pd.Series, days: int) -> pd.DataFrame:
    """Return the runs of flagged counts that last at least ``days`` from the first count to the last.

    A count that isn't flagged ends a run; a missed visit doesn't.

    Parameters
    ----------
    counts
        USUBJID and ADT, in order of subject and time, with a clean index from 0.
    flag
        True where a count belongs to a run.

    Returns
    -------
    DataFrame
        One row per run, in order: USUBJID, and the index of its ``first``, its ``confirming`` (the first one
        at least ``days`` after the first) and its ``last`` count.
    """
    names = ["first", "confirming", "last"]
    if counts.empty:
        return pd.DataFrame({"USUBJID": counts["USUBJID"], **{n: pd.Series(dtype="int64") for n in names}})
    flags = flag.to_numpy(dtype=bool)
    subject = pd.factorize(counts["USUBJID"])[0]
    day = counts["ADT"].to_numpy("datetime64[D]").astype("int64")
    other = np.append(True, subject[1:] != subject[:-1])
    starts = flags & (other | ~np.append(False, flags[:-1]))
    ends = flags & np.append(other[1:] | ~flags[1:], True)
    first, last = np.flatnonzero(starts), np.flatnonzero(ends)
    run = np.cumsum(starts) - 1
    late = np.flatnonzero(flags)
    late = late[day[late] - day[first[run[late]]] >= days]
    confirmed, place = np.unique(run[late], return_index=True)
    runs = {"first": first[confirmed], "confirming": late[place], "last": last[confirmed]}
    return pd.DataFrame({"USUBJID": counts["USUBJID"].to_numpy()[runs["first"]], **runs})


# Periods of confirmed response: where each begins, and what ends it.


def find_responses(
    counts: pd.DataFrame, qualifies: pd.Series, subjects: pd.DataFrame, definition: ResponseDefinition
) -> pd.DataFrame:
    """Return the confirmed responses of each subject, in order of time.

    A response begins with the first of qualifying counts that confirm one another, and lasts until counts
    that fail follow one another over at least ``loss_days``, or rescue therapy begins; fewer failing counts
    don't end it. Counts that qualify again after that, and are confirmed, begin another one.

    Parameters
    ----------
    counts
        From ``collect_counts``: USUBJID, ADT, in order of subject and time, with a clean index from 0.
    qualifies
        True for each count that qualifies as response.
    subjects
        USUBJID and RESCDT, the first day of rescue therapy.

    Returns
    -------
    DataFrame
        USUBJID, the index of its ``first`` and its ``last`` qualifying count, and LOSDT: the day on which it
        was lost, NaT where it wasn't seen to be.
    """
    runs = find_runs(counts, qualifies, definition.confirmation_days)
    failed = find_runs(counts, ~qualifies, definition.loss_days)
    # the next failing run of the same subject ends the response that a run belongs to
    place = np.searchsorted(failed["first"].to_numpy(), runs["first"].to_numpy(), side="right")
    following = failed.reindex(place).set_axis(runs.index)
    ending = following["first"].where(following["USUBJID"] == runs["USUBJID"])
    keyed = runs.assign(ending=ending.fillna(-1.0))
    periods = keyed.drop_duplicates(["USUBJID", "ending"]).reset_index(drop=True)
    good = np.flatnonzero(qualifies.to_numpy("bool"))
    bounds = periods["ending"].mask(periods["ending"] < 0, _after_last(counts, periods["USUBJID"]))
    periods["last"] = good[np.searchsorted(good, bounds.to_numpy("float64")) - 1]
    lost = counts["ADT"].reindex(periods["ending"]).set_axis(periods.index)
    if definition.rescue == "counts from rescue on do not count":
        rescue = look_up(subjects.set_index("USUBJID")["RESCDT"], periods["USUBJID"])
        lost = lost.where(~(rescue < lost) & lost.notna(), rescue)
    return periods.assign(LOSDT=lost)[["USUBJID", "first", "last", "LOSDT"]]


def _after_last(counts: pd.DataFrame, subjects: pd.Series) -> pd.Series:
    """Return the index behind the last count of each subject."""
    last = counts.drop_duplicates("USUBJID", keep="last")
    behind = pd.Series(last.index + 1.0, index=last["USUBJID"])
    return look_up(behind, subjects)


# What makes qualifying counts a response: one record per subject and definition.

NO_BASELINE = "no platelet count before the first infusion"
NO_COUNT = "no platelet count after the first infusion"
NOT_REACHED = "no count reached the threshold"
NOT_CONFIRMED = "qualifying counts not confirmed"
ONLY_BLEEDING = "threshold reached only on days with bleeding"
ONLY_RESCUED = "threshold reached only after rescue therapy"
ONLY_EITHER = "threshold reached only with bleeding or after rescue therapy"
HAD_RESCUE = "rescue therapy"
LOST = "response lost before the week"
TOO_FEW = "too few qualifying weeks"
RESPONSES = ("CR", "R")
UNDECIDED = "a count or a baseline beyond the measuring range does not decide"


def judge(
    counts: pd.DataFrame, subjects: pd.DataFrame, definition: ResponseDefinition, weeks: Sequence[int]
) -> pd.DataFrame:
    """Return the response of each subject by one definition.

    Parameters
    ----------
    counts, subjects
        From ``collect_counts`` and ``collect_subjects``.
    weeks
        The planned weeks of platelet counts, of which a definition may take the last ones.

    Returns
    -------
    DataFrame
        USUBJID, BASE, BASEC, AVALC (CR, R, NR; NE where it can't be judged), REASON (why NR or NE). Of a
        response the count that dates it (ADT, ADY, AVISITN, PLAT; SRCSEQ is its LBSEQ), the one that
        confirms it (CNFDY, CNFPLAT), the first one of a confirmed complete response (CRDY), and its loss
        (LOSDT, LOSDY): the first of the counts that end it, or the first day of rescue therapy where that is
        earlier and ends it. The last count of each subject is on LASTDY. Counts beyond the measuring range
        (``<5``) are judged twice, as if what they leave open spoke against the response and for it: where the
        two disagree on the response it is NE; else category and dates are those of the former.
    """
    rescued = is_among(counts["USUBJID"], subjects.loc[subjects["RESCDT"].notna(), "USUBJID"])
    flags = qualify(counts, definition, rescued)
    kinds = {
        "confirmed": _confirmed,
        "held to a week": _held,
        "at a week": _at_week,
        "weeks of the last": _of_last_weeks,
    }
    judge_kind = kinds[definition.kind]
    judged = judge_kind(counts, flags, subjects, definition, weeks)
    subject = judged["USUBJID"]
    most = possible(flags)
    if not most.equals(flags[list(most)]):
        other = judge_kind(counts, most, subjects, definition, weeks)
        both = judged["AVALC"].isin(RESPONSES) & other["AVALC"].isin(RESPONSES)
        judged = _without_undecided(judged, (judged["AVALC"] != other["AVALC"]) & ~both)
    judged["BASEC"] = subjects["BASEC"]
    judged["LASTDY"] = look_up(counts.groupby("USUBJID")["ADY"].max(), subject)
    no_count = ~is_among(subject, counts["USUBJID"])
    no_base = judged["BASE"].isna() & (judged["BASEC"] == "") & (definition.ratio > 0)
    judged["REASON"] = judged["REASON"].mask(no_count, NO_COUNT).mask(no_base, NO_BASELINE)
    judged["AVALC"] = judged["AVALC"].mask(no_count | no_base, "NE")
    return judged.assign(PARAMCD=definition.key)


def _without_undecided(judged: pd.DataFrame, undecided: pd.Series) -> pd.DataFrame:
    """Take back what was judged where it hangs on values beyond the measuring range."""
    judged = judged.assign(
        AVALC=judged["AVALC"].mask(undecided, "NE"), REASON=judged["REASON"].mask(undecided, UNDECIDED)
    )
    return judged.where(~undecided, _without_dates(judged))


def _confirmed(
    counts: pd.DataFrame,
    flags: pd.DataFrame,
    subjects: pd.DataFrame,
    definition: ResponseDefinition,
    weeks: Sequence[int],
) -> pd.DataFrame:
    response, complete = (
        find_runs(counts, flags[kind], definition.confirmation_days)
        .drop_duplicates("USUBJID")
        .set_index("USUBJID")
        for kind in ("R", "CR")
    )
    judged = subjects[["USUBJID", "BASE"]].copy()
    subject = judged["USUBJID"]
    judged["AVALC"] = np.select(
        [is_among(subject, complete.index), is_among(subject, response.index)], ["CR", "R"], default="NR"
    )
    first = look_up(response["first"], subject)
    judged = _dated(judged, counts, first)
    confirming = counts.reindex(look_up(response["confirming"], subject))
    judged["CNFDY"], judged["CNFPLAT"] = (confirming[name].to_numpy("float64") for name in ("ADY", "AVAL"))
    judged["CNFPLATC"] = confirming["AVALC"].fillna("").astype("str").to_numpy()
    judged["CRDY"] = counts.reindex(look_up(complete["first"], subject))["ADY"].to_numpy("float64")
    judged["LOSDT"] = _loss(counts, flags["R"], subjects, definition)
    judged["LOSDY"] = study_day(judged["LOSDT"], subjects["TRTSDT"])
    return judged.assign(REASON=_why_not(counts, flags, judged, subjects, definition))


def _dated(judged: pd.DataFrame, counts: pd.DataFrame, place: pd.Series) -> pd.DataFrame:
    """Add date, day, week and value of the count at each place (NaN for none)."""
    dating = counts.reindex(place)
    for name, source in (
        ("ADT", "ADT"),
        ("ADY", "ADY"),
        ("AVISITN", "AVISITN"),
        ("PLAT", "AVAL"),
        ("SRCSEQ", "LBSEQ"),
    ):
        judged[name] = dating[source].to_numpy()
    return judged.assign(PLATC=dating["AVALC"].fillna("").astype("str").to_numpy())


def _loss(
    counts: pd.DataFrame,
    qualifies: pd.Series,
    subjects: pd.DataFrame,
    definition: ResponseDefinition,
) -> pd.Series:
    """Return the day on which each subject's first response was lost, NaT where it wasn't seen to be."""
    responses = find_responses(counts, qualifies, subjects, definition).drop_duplicates("USUBJID")
    return look_up(responses.set_index("USUBJID")["LOSDT"], subjects["USUBJID"])


def _why_not(
    counts: pd.DataFrame,
    flags: pd.DataFrame,
    judged: pd.DataFrame,
    subjects: pd.DataFrame,
    definition: ResponseDefinition,
) -> pd.Series:
    """Return why there is no response, "" where there is one."""
    reached, qualifies = flags["reached"], flags["R"]
    bled = reached & ~qualifies & ~counts["rescued"]
    late = reached & ~qualifies & counts["rescued"]
    any_of = {
        name: is_among(judged["USUBJID"], counts.loc[flag, "USUBJID"])
        for name, flag in {"qualifies": qualifies, "bled": bled, "late": late}.items()
    }
    had = subjects["RESCDT"].notna() & (definition.rescue == "any rescue is no response")
    reasons = np.select(
        [judged["AVALC"] != "NR", had, any_of["qualifies"], any_of["bled"] & any_of["late"], any_of["bled"],
         any_of["late"]],
        ["", HAD_RESCUE, NOT_CONFIRMED, ONLY_EITHER, ONLY_BLEEDING, ONLY_RESCUED],
        default=NOT_REACHED,
    )  # fmt: skip
    return pd.Series(reasons, index=judged.index, dtype="str")


def _held(
    counts: pd.DataFrame,
    flags: pd.DataFrame,
    subjects: pd.DataFrame,
    definition: ResponseDefinition,
    weeks: Sequence[int],
) -> pd.DataFrame:
    judged = _confirmed(counts, flags, subjects, definition, weeks)
    planned = 1 + 7 * (definition.week or 0)
    responded = judged["AVALC"].isin(["CR", "R"])
    lost = responded & (judged["LOSDY"] <= planned)
    last = look_up(counts.groupby("USUBJID")["ADY"].max(), judged["USUBJID"])
    unseen = responded & ~lost & ~(last >= planned - definition.window_days)
    judged["REASON"] = (
        judged["REASON"].mask(lost, LOST).mask(unseen, f"not followed to Week {definition.week}")
    )
    judged["AVALC"] = judged["AVALC"].mask(lost, "NR").mask(unseen, "NE")
    return _without_dates(judged)


def _at_week(
    counts: pd.DataFrame,
    flags: pd.DataFrame,
    subjects: pd.DataFrame,
    definition: ResponseDefinition,
    weeks: Sequence[int],
) -> pd.DataFrame:
    away = (counts["ADY"] - 1 - 7 * (definition.week or 0)).abs()
    near = counts.assign(away=away)[away <= definition.window_days]
    # of two counts equally near the earlier one: the order is that of time
    near = near.sort_values(["USUBJID", "away"], kind="stable").drop_duplicates("USUBJID")
    chosen = flags.loc[near.index].set_index(near["USUBJID"])
    judged = subjects[["USUBJID", "BASE"]].copy()
    subject = judged["USUBJID"]
    judged = _dated(judged, counts, look_up(pd.Series(near.index, index=near["USUBJID"]), subject))
    response, complete = (is_among(subject, chosen.index[chosen[kind]]) for kind in ("R", "CR"))
    seen = is_among(subject, near["USUBJID"])
    judged["AVALC"] = np.select([~seen, complete, response], ["NE", "CR", "R"], default="NR")
    here = counts.index.isin(near.index)
    why = _why_not(counts[here], flags[here], judged, subjects, definition)
    judged["REASON"] = why.mask(~seen, f"no platelet count at Week {definition.week}")
    return _without_dates(judged)


def _of_last_weeks(
    counts: pd.DataFrame,
    flags: pd.DataFrame,
    subjects: pd.DataFrame,
    definition: ResponseDefinition,
    weeks: Sequence[int],
) -> pd.DataFrame:
    last = sorted(weeks)[-(definition.weeks_counted or 0) :]
    planned = counts["AVISITN"].isin(last) & (counts["ANL01FL"] == "Y")
    judged = subjects[["USUBJID", "BASE"]].copy()
    subject = judged["USUBJID"]
    good = look_up((flags["R"] & planned).groupby(counts["USUBJID"]).sum(), subject).fillna(0)
    seen = is_among(subject, counts.loc[planned, "USUBJID"])
    enough = good >= (definition.weeks_needed or 0)
    judged["AVALC"] = np.select([~seen, enough], ["NE", "R"], default="NR")
    had = subjects["RESCDT"].notna() & (definition.rescue == "any rescue is no response")
    judged["REASON"] = np.select(
        [~seen, enough, had],
        [f"no platelet count in the last {definition.weeks_counted} weeks", "", HAD_RESCUE],
        default=TOO_FEW,
    )
    return _without_dates(judged)


def _without_dates(judged: pd.DataFrame) -> pd.DataFrame:
    """A response at a week or over weeks has no onset and no loss of its own."""
    never = pd.Series(pd.NaT, index=judged.index)
    days = dict.fromkeys(["ADY", "AVISITN", "PLAT", "CNFDY", "CNFPLAT", "CRDY", "LOSDY", "SRCSEQ"], np.nan)
    return judged.assign(ADT=never, LOSDT=never, PLATC="", CNFPLATC="", **days)
