"""What every definition of response reads, and which counts qualify, each by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import Flags, Span, constant, exceeds, span_of
from csrkit.sdtm.labels import fold_label, term_key
from itpcsr.adam.domains import look_up
from itpcsr.sdtm.series import WHO
from itpcsr.study import Efficacy, ResponseDefinition

# What every definition of response reads: the counts after the first infusion, and the subjects.

_COUNT = [
    "USUBJID",
    "ADT",
    "ADTM",
    "LBSEQ",
    "ADY",
    "AVISITN",
    "ANL01FL",
    "AVAL",
    "AVALC",
    "BASE",
    "BASEC",
    "R2BASE",
]


def collect_counts(
    adlb: pd.DataFrame, adae: pd.DataFrame, adbleed: pd.DataFrame, rule: Efficacy
) -> pd.DataFrame:
    """Return the platelet counts after the first infusion, in order of subject and time.

    Those columns of ADLB that a rule reads, and three facts about each count: ``by_event`` (a bleeding
    adverse event was under way on its day; what has no known start or end has none), ``by_scale`` (a WHO
    bleeding grade of 1 or more was recorded on its day) and ``rescued`` (taken on the first day of rescue
    therapy or later: ARESCFL of ADLB).
    """
    chosen = (adlb["PARAMCD"] == rule.platelet_test) & (adlb["ONTRTFL"] == "Y")
    counts = adlb.loc[chosen, [*_COUNT, "ARESCFL"]]
    counts = counts.sort_values(["USUBJID", "ADTM", "LBSEQ"], ignore_index=True)
    counts["by_event"] = _bleeding_event(counts, adae, rule)
    counts["by_scale"] = _bleeding_grade(counts, adbleed)
    counts["rescued"] = counts.pop("ARESCFL") == "Y"
    return counts


def collect_subjects(
    adsl: pd.DataFrame, adlb: pd.DataFrame, rescue: pd.Series, rule: Efficacy
) -> pd.DataFrame:
    """Return the full analysis set: USUBJID, TRTSDT, BASE (baseline count), RESCDT (first day of rescue).

    BASEC is the baseline where it is a limit (``<10``), of which BASE is NaN; else "".
    """
    subjects = adsl.loc[adsl["FASFL"] == "Y", ["USUBJID", "TRTSDT"]].reset_index(drop=True)
    base = adlb[(adlb["PARAMCD"] == rule.platelet_test) & (adlb["ABLFL"] == "Y")]
    base = base.set_index("USUBJID")
    subjects["BASE"] = look_up(base["AVAL"], subjects["USUBJID"])
    subjects["BASEC"] = look_up(base["AVALC"], subjects["USUBJID"]).fillna("").astype("str")
    return subjects.assign(RESCDT=look_up(rescue, subjects["USUBJID"]))


def _bleeding_event(counts: pd.DataFrame, adae: pd.DataFrame, rule: Efficacy) -> pd.Series:
    terms = {fold_label(term) for term in rule.bleeding_terms}
    events = adae[term_key(adae["AEDECOD"]).isin(terms)]
    days = counts[["USUBJID", "ADT"]].reset_index()
    pairs = days.merge(events[["USUBJID", "ASTDT", "AENDT"]], on="USUBJID")
    during = ~(pairs["ASTDT"] > pairs["ADT"]) & ~(pairs["AENDT"] < pairs["ADT"])
    return counts.index.to_series().isin(pairs.loc[during, "index"])


def _bleeding_grade(counts: pd.DataFrame, adbleed: pd.DataFrame) -> pd.Series:
    graded = adbleed[(adbleed["PARAMCD"] == WHO) & (adbleed["AVAL"] >= 1)]
    bled = pd.MultiIndex.from_frame(graded[["USUBJID", "ADT"]])
    return pd.Series(pd.MultiIndex.from_frame(counts[["USUBJID", "ADT"]]).isin(bled), index=counts.index)


# Which counts qualify as response: each by itself, without its neighbours.


def qualify(counts: pd.DataFrame, definition: ResponseDefinition, rescued: pd.Series) -> pd.DataFrame:
    """Return flags of each count: ``reached`` (high enough), ``R`` and ``CR`` (nothing speaks against it).

    Every complete response is a response. ``counts`` come from ``collect_counts``; ``rescued`` says of each
    of them whether its subject ever had rescue therapy. A count or a baseline that is only known to lie
    beyond a limit (``<5``) reaches what it certainly reaches; ``may_reach``, ``may_R`` and ``may_CR`` say
    what it possibly does, and are the same for numbers.
    """
    value, base = span_of(counts), span_of(counts, "BASE", "BASEC")
    high = _at_least(value, constant(definition.count, len(counts)))
    if definition.ratio > 0:
        twice = _at_least(value, base.scaled(definition.ratio))
        high = high[0] & twice[0], high[1] & twice[1]
    # complete response asks for no doubling (Rodeghiero et al., Blood 2009;113:2386, table 2)
    none = np.zeros(len(counts), bool)
    complete = none, none
    if definition.complete_count is not None:
        complete = _at_least(value, constant(definition.complete_count, len(counts)))
    if definition.ratio > 0:
        known = base.known.to_numpy()
        complete = complete[0] & known, complete[1] & known
    clear = ~_bleeding(counts, definition) & ~_after_rescue(counts, definition, rescued)
    flags: dict[str, Flags | pd.Series] = {}
    for kind, place in (("", 0), ("may_", 1)):
        reached = high[place] | complete[place]
        flags |= {
            f"{kind}reach{'' if kind else 'ed'}": reached,
            f"{kind}R": reached & clear,
            f"{kind}CR": complete[place] & clear,
        }
    return pd.DataFrame(flags, index=counts.index)


def possible(flags: pd.DataFrame) -> pd.DataFrame:
    """Return the flags as they are if all that is undecided speaks for the response."""
    return pd.DataFrame({"reached": flags["may_reach"], "R": flags["may_R"], "CR": flags["may_CR"]})


def name_kinds(flags: pd.DataFrame) -> pd.Series:
    """Return what each count is by itself: CR, R, NR, or NE where it isn't decided whether it qualifies.

    A count that certainly qualifies as response is R, even if it may be a complete one.
    """
    states = np.select([flags["CR"], flags["R"], flags["may_R"]], ["CR", "R", "NE"], default="NR")
    return pd.Series(states, index=flags.index, dtype="str")


def _at_least(value: Span, limit: Span) -> tuple[Flags, Flags]:
    return exceeds(value, limit, equal=True)


def _bleeding(counts: pd.DataFrame, definition: ResponseDefinition) -> pd.Series:
    by_event = counts["by_event"] & ("adverse event" in definition.bleeding)
    return by_event | (counts["by_scale"] & ("bleeding scale" in definition.bleeding))


def _after_rescue(counts: pd.DataFrame, definition: ResponseDefinition, rescued: pd.Series) -> pd.Series:
    if definition.rescue == "not considered":
        return pd.Series(False, index=counts.index)
    return rescued if definition.rescue == "any rescue is no response" else counts["rescued"]
