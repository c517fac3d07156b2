"""Subjects as displays show them: states, periods, subgroups, intercurrent events, and profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from csrkit.limits import constant, exceeds, span_of, stand_in
from csrkit.sdtm.labels import fold, fold_label
from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import look_up
from itpcsr.adam.response_counts import collect_counts, name_kinds, qualify
from itpcsr.adam.treatment import first_rescue
from itpcsr.study import Efficacy, Study

# The states that enrolled subjects reach: one rule for the flow of subjects and for their disposition.

# The ends that ADSL records: state and reason.
_ENDS = {"treatment": ("EOTSTT", "DCTREAS"), "study": ("EOSSTT", "DCSREAS")}
COMPLETED = "COMPLETED STUDY"  # the end of the study of whoever completed it without having been treated


class State(NamedTuple):
    """Subjects in one state: a box of the flow and a row of the table.

    ``why`` is the variable that says why they are in it, "" for none; ``recorded`` is False where the data
    record an end for nobody, since no record isn't a count of zero.
    """

    name: str
    subjects: pd.DataFrame
    why: str = ""
    recorded: bool = True


def list_states(adsl: pd.DataFrame) -> list[State]:
    """Return the states of enrolled subjects.

    They are treated; not_treated where there are such subjects; and of treatment and of the study completed,
    discontinued and, where the data record the end of some alone, unrecorded. An end of treatment is of those
    treated, an end of the study of all enrolled: whoever never began treatment has no end of it to record.
    """
    enrolled = adsl[adsl["ENRLFL"] == "Y"]
    treated, untreated = (enrolled[enrolled["SAFFL"] == flag] for flag in ("Y", "N"))
    states = [State("treated", treated)]
    if len(untreated):
        states.append(State("not_treated", untreated.assign(WHY=_ends_of_study(untreated)), "WHY"))
    for end, due in (("treatment", treated), ("study", enrolled)):
        status, reason = _ENDS[end]
        unknown = due[status] == ""
        recorded = due.empty or not unknown.all()
        states += [
            State(f"completed_{end}", due[due[status] == "COMPLETED"], "", recorded),
            State(f"discontinued_{end}", due[due[status] == "DISCONTINUED"], reason, recorded),
        ]
        if recorded and unknown.any():
            states.append(State(f"unrecorded_{end}", due[unknown]))
    return states


def _ends_of_study(subjects: pd.DataFrame) -> pd.Series:
    """Return how the study ended for each: completed all the same, or the reason of an early end."""
    status, reason = _ENDS["study"]
    return subjects[reason].mask(subjects[status] == "COMPLETED", COMPLETED)


# Periods of a subject's time in the study: participation, and confirmed platelet response.
#
# Both are derived elsewhere (ADSL by `participation`, ADRS by `response`) and only read here.


def derive_participation(adsl: pd.DataFrame) -> pd.DataFrame:
    """Return the last day in the study by treated subject: USUBJID, AENDY (ADSL.STUDYD)."""
    treated = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID", "STUDYD"]]
    return treated.rename(columns={"STUDYD": "AENDY"}).reset_index(drop=True)


def derive_response_periods(adrs: pd.DataFrame) -> pd.DataFrame:
    """Return the periods of confirmed response: USUBJID, ASTDY, AENDY.

    They run from the first count of the response to its loss, or to the last count where it isn't lost
    (ADRS, PARAMCD RESPPER; the first one is that of CBOR and ADTTE). No rows without platelet response.
    """
    periods = adrs[adrs["PARAMCD"] == "RESPPER"]
    ends = periods["LOSDY"].fillna(periods["LASTDY"]).astype("float64")
    return pd.DataFrame(
        {"USUBJID": periods["USUBJID"], "ASTDY": periods["ADY"].astype("float64"), "AENDY": ends}
    ).reset_index(drop=True)


# The subgroups in which response is described.

UNKNOWN = "Not known"
_SEXES = {"F": "Female", "M": "Male"}


def derive_subgroups(adsl: pd.DataFrame, adab: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the subgroups of each treated subject: USUBJID, SUBGROUP, LEVEL, in the order of display.

    Sex, age and baseline count parted where the study says, each prior therapy that the study names, and
    platelet autoantibodies at baseline (ADAB: any of them positive). Who has no value is of the level "Not
    known", so that the levels of a subgroup hold all subjects; of what is known of nobody there is no
    subgroup. No rows for a study without platelet response.
    """
    rule = study.efficacy
    columns = ["USUBJID", "SUBGROUP", "LEVEL"]
    if rule is None:
        return pd.DataFrame(columns=columns, dtype="str")
    subjects = adsl[adsl["FASFL"] == "Y"]
    parts = [
        _levels(subjects, "Sex", subjects["SEX"].map(_SEXES), list(_SEXES.values())),
        _split(subjects, "Age, years", subjects["AGE"], rule.subgroup_age),
    ]
    for therapy in study.baseline.prior_therapies:
        if therapy.flag in subjects:
            had = subjects[therapy.flag].map({"Y": "Yes", "N": "No"})
            parts.append(_levels(subjects, f"Prior {therapy.label.lower()}", had, ["Yes", "No"]))
    positive = adab.drop_duplicates("USUBJID").set_index("USUBJID")["AUTOFL"]
    found = look_up(positive, subjects["USUBJID"]).map({"Y": "Positive", "N": "Negative"})
    parts.append(_levels(subjects, "Platelet autoantibody", found, ["Positive", "Negative"]))
    parts.append(_split_counts(subjects, rule.subgroup_count))
    return pd.concat(parts, ignore_index=True)[columns]


def _split(subjects: pd.DataFrame, name: str, values: pd.Series, limit: float) -> pd.DataFrame:
    low, high = f"<{limit:g}", f"≥{limit:g}"
    level = pd.Series(low, index=values.index, dtype="str").mask(values >= limit, high)
    return _levels(subjects, name, level.where(values.notna()), [low, high])


def _split_counts(subjects: pd.DataFrame, limit: float) -> pd.DataFrame:
    """Split by the baseline count; one that is only known as ``<10`` stands where that decides."""
    name, low, high = "Baseline count, 10⁹/L", f"<{limit:g}", f"≥{limit:g}"
    sure, may = exceeds(span_of(subjects, "BPLAT", "BPLATC"), constant(limit, len(subjects)), equal=True)
    known = span_of(subjects, "BPLAT", "BPLATC").known.to_numpy() & (sure == may)
    level = pd.Series(np.where(sure, high, low), index=subjects.index, dtype="str").where(known)
    return _levels(subjects, name, level, [low, high])


def _levels(subjects: pd.DataFrame, name: str, level: pd.Series, order: list[str]) -> pd.DataFrame:
    """Return the subjects level by level, so that the order of the rows is that of the display."""
    known = level.where(level.isin(order), UNKNOWN)
    frame = pd.DataFrame({"USUBJID": subjects["USUBJID"], "SUBGROUP": name, "LEVEL": known})
    parts = [frame[known == value] for value in (*order, UNKNOWN)]
    return pd.concat(parts if (known != UNKNOWN).any() else [frame.head(0)])


# Intercurrent events of the estimand (ICH E9(R1)): what came between treatment and its measurement.
#
# Leaving the study is none of them: it leaves data missing that would have been meaningful.


def derive_intercurrent(datasets: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame:
    """Return the intercurrent events of the full analysis set: USUBJID, EVENT, ADY (NaN for no known day).

    EVENT is rescue (rescue therapy), new_therapy (other therapy of the disease begun after Day 1), incomplete
    (fewer infusions than planned) or death. One record per subject and event, with its first day.
    """
    adsl, adcm = datasets["adsl"], datasets["adcm"]
    treated = adsl[adsl["FASFL"] == "Y"]
    rescue = adcm[adcm["RESCFL"] == "Y"]
    category = "" if study.efficacy is None else fold_label(study.efficacy.itp_therapy_category)
    new = adcm[(fold(adcm["CMCAT"]) == category) & (category != "") & (adcm["ASTDY"] > 1)]
    died = treated["DTHFL"] == "Y"
    death = study_day(treated["DTHDT"], treated["TRTSDT"])
    parts = [
        _event(rescue["USUBJID"], "rescue", rescue["ASTDY"]),
        _event(new["USUBJID"], "new_therapy", new["ASTDY"]),
        _incomplete(treated, datasets["adex"], study),
        _event(treated.loc[died, "USUBJID"], "death", death[died]),
    ]
    events = pd.concat(parts, ignore_index=True)
    events = events[events["USUBJID"].isin(treated["USUBJID"])]
    return events.sort_values(["EVENT", "USUBJID", "ADY"]).drop_duplicates(
        ["EVENT", "USUBJID"], ignore_index=True
    )


def _event(subjects: pd.Series, name: str, day: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"USUBJID": subjects, "EVENT": name, "ADY": day.astype("float64")})


def _incomplete(treated: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Fewer infusions than planned, from the planned day of the first one not given on."""
    planned = study.design.infusion_days
    given = look_up(adex.groupby("USUBJID")["EXNUM"].max(), treated["USUBJID"]).fillna(0)
    short = given < len(planned)
    days = [float(planned[int(n)]) for n in given[short]]
    return _event(
        treated.loc[short, "USUBJID"],
        "incomplete",
        pd.Series(days, index=given[short].index, dtype="float64"),
    )


# What the profile of one subject is made of, beside the analysis datasets themselves.

AFTER_RESCUE = "high enough, but after the start of rescue therapy"
WHILE_BLEEDING = "high enough, but on a day with bleeding"

_COUNT = ["USUBJID", "ADY", "VISIT", "AVAL", "LIMITC", "R2BASE", "AVALC", "ROLE"]
_LIMIT = [
    "USUBJID", "PARAMCD", "PARAM", "AVALU", "SIDE", "BASE", "BASEC", "AVAL", "AVALC", "ADY", "LIMIT",
    "ATOXGR", "BEYOND", "COUNTED",
]  # fmt: skip


def select_profiled(adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return who was enrolled or treated in an arm that the study reports, by the order of identifiers."""
    arms = adsl[["ARMCD", "SAFARMCD"]].isin(study.design.reported_arms).any(axis=1)
    chosen = adsl[arms & ((adsl["ENRLFL"] == "Y") | (adsl["SAFFL"] == "Y"))]
    return chosen.sort_values("USUBJID", ignore_index=True)


def derive_profiles(datasets: Mapping[str, pd.DataFrame], study: Study) -> dict[str, pd.DataFrame]:
    """Return the frames that profiles show, of the enrolled and treated subjects alone.

    ``adsl``, ``adex``, ``adae``, ``addv``, ``adcm`` and ``admh`` as they are,
    ``participation`` and ``response`` (see ``adam.periods``), ``prior`` (therapy of the disease before the
    study, from ADMH), ``best`` (the best confirmed response, PARAMCD CBOR of ADRS), ``counts`` (see
    ``derive_counts``) and ``limits`` (see ``derive_limits``).
    """
    adsl, admh, adrs = select_profiled(datasets["adsl"], study), datasets["admh"], datasets["adrs"]
    frames = {name: datasets[name] for name in ("adex", "adae", "addv", "adcm")} | {
        "participation": derive_participation(adsl),
        "response": derive_response_periods(adrs),
        "admh": admh,
        "best": adrs[adrs["PARAMCD"] == "CBOR"],
        "counts": derive_counts(datasets, study),
        "limits": derive_limits(datasets["adlb"], study),
    }
    kept = {name: frame[frame["USUBJID"].isin(adsl["USUBJID"])] for name, frame in frames.items()}
    return {"adsl": adsl, **kept}


def derive_counts(datasets: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame:
    """Return every dated platelet count with what the primary rule makes of it, by subject and time.

    Variables: USUBJID, ADY, VISIT, AVAL (10^9/L), LIMITC (``<5`` where the count is only known to lie beyond
    a limit, of which AVAL is the number; else ""), R2BASE, AVALC (CR, R or NR by itself, NE where a limit
    doesn't decide; "" for a count that the rule doesn't judge, such as one before the first infusion), ROLE
    (what the count did for the best response, or why it doesn't count though it is high enough; "" for
    neither). No rows without platelet response.
    """
    rule, adlb, adrs = study.efficacy, datasets["adlb"], datasets["adrs"]
    if rule is None:
        return pd.DataFrame(columns=_COUNT)
    counts = adlb[(adlb["PARAMCD"] == rule.platelet_test) & adlb["ADY"].notna()]
    counts = counts.sort_values(["USUBJID", "ADTM", "LBSEQ"], ignore_index=True)
    counts = counts.rename(columns={"AVALC": "LIMITC"})
    judged = _judge(datasets, rule)
    counts = counts.merge(judged, on=["USUBJID", "LBSEQ"], how="left", validate="1:1")
    counts[["AVALC", "WHYNOT"]] = counts[["AVALC", "WHYNOT"]].fillna("").astype("str")
    counts["AVAL"] = stand_in(counts, text="LIMITC")
    return _with_roles(counts, adrs[adrs["PARAMCD"] == "CBOR"])[_COUNT]


def _judge(datasets: Mapping[str, pd.DataFrame], rule: Efficacy) -> pd.DataFrame:
    """Return AVALC of each count that the rule judges, and WHYNOT of one that is high enough but is NR."""
    adsl, rescue = datasets["adsl"], first_rescue(datasets["adcm"])
    counts = collect_counts(datasets["adlb"], datasets["adae"], datasets["adbleed"], rule)
    counts = counts[counts["USUBJID"].isin(adsl.loc[adsl["FASFL"] == "Y", "USUBJID"])]
    flags = qualify(counts, rule.primary, counts["USUBJID"].isin(rescue.index))
    kinds = name_kinds(flags)
    failed = flags["reached"] & ~flags["R"]
    why = np.select([failed & counts["rescued"], failed], [AFTER_RESCUE, WHILE_BLEEDING], default="")
    return counts[["USUBJID", "LBSEQ"]].assign(AVALC=kinds, WHYNOT=why)


def _with_roles(counts: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Name what a count did for the best response, else why it doesn't count."""
    days = counts[["USUBJID"]].merge(best[["USUBJID", "ADY", "CNFDY", "LOSDY"]], on="USUBJID", how="left")
    judged, qualifies = counts["AVALC"] != "", counts["AVALC"].isin(["CR", "R"])
    roles = counts["WHYNOT"]
    for name, text, among in (
        ("LOSDY", "first of the counts that end it", judged & ~qualifies),
        ("CNFDY", "confirms it", qualifies),
        ("ADY", "dates the response", qualifies),
    ):
        of_day = among & (counts["ADY"].to_numpy() == days[name].to_numpy())
        roles = roles.mask(of_day, text)
    return counts.assign(ROLE=roles.mask(counts["ABLFL"] == "Y", "baseline"))


def derive_limits(adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the laboratory tests with a value beyond a limit of normal after the first administration.

    One record per subject, test and side (LOW, HIGH): BASE, the most extreme value of that side (AVAL with
    ADY, LIMIT and ATOXGR), and how many of the values with a normal range lie there (BEYOND of COUNTED).
    Tests are those that the study shows as safety variables, the platelet count apart.
    """
    platelets = "" if study.efficacy is None else study.efficacy.platelet_test
    shown = study.laboratory.laboratory_categories
    chosen = (
        (adlb["ONTRTFL"] == "Y")
        & (adlb["PARAMCD"] != platelets)
        & adlb["ANRIND"].isin(["LOW", "NORMAL", "HIGH"])
    )
    values = adlb[chosen & (adlb["PARCAT1"].isin(shown) | (not shown))]
    keys = ["USUBJID", "PARAMCD", "AVALU"]
    values = values.assign(COUNTED=values.groupby(keys)["ADY"].transform("size"), AVAL=stand_in(values))
    sides = [_extremes(values[values["ANRIND"] == side], side) for side in ("LOW", "HIGH")]
    return pd.concat(sides).sort_values(["USUBJID", "PARAMCD", "AVALU", "SIDE"], ignore_index=True)[_LIMIT]


def _extremes(values: pd.DataFrame, side: str) -> pd.DataFrame:
    keys = ["USUBJID", "PARAMCD", "AVALU"]
    limit = values["ANRLO" if side == "LOW" else "ANRHI"]
    values = values.assign(SIDE=side, LIMIT=limit, BEYOND=values.groupby(keys)["AVAL"].transform("size"))
    order = values.sort_values(
        [*keys, "AVAL", "ADY", "LBSEQ"], ascending=[True] * 3 + [side == "LOW", True, True]
    )
    return order.drop_duplicates(keys)
