"""What the notebooks on efficacy share: whether there is a response, who reached a count, trend, estimand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import constant, exceeds, span_of
from csrkit.rows import absent_rows, result_rows
from csrkit.stats.categories import exact_trend
from csrkit.stats.estimation import FEWEST_FOR_TEST, TOO_FEW, attempt
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects, mark_unrecorded
from itpcsr.study import Study

NOT_DEFINED = "This study defines no platelet response, so efficacy is not analysed here."
NO_COUNTS = (
    "The study's data hold no platelet counts, so the platelet course and the response cannot be shown."
)
POPULATION = "full analysis set"
EVENTS = ("rescue", "new_therapy", "incomplete", "death")
MISSING = ("left", "not_evaluable")
TREND = "exact conditional Cochran-Armitage test"
_ONE_DOSE = "all subjects have the same dose"
_ALL_ALIKE = "all subjects have the same response"
_MANY = "too many subjects for the exact test"
_MOST = 150  # subjects up to which all tables are enumerated within a moment


def missing_efficacy(adlb: pd.DataFrame, study: Study) -> str:
    """Return the sentence that says why there is no efficacy analysis, or "" where there is one."""
    if study.efficacy is None:
        return NOT_DEFINED
    return "" if (adlb["PARAMCD"] == study.efficacy.platelet_test).any() else NO_COUNTS


def missing_response(adrs: pd.DataFrame, study: Study) -> str:
    """Return the sentence that says why there is no response to analyse, or "" where there is one."""
    if study.efficacy is None:
        return NOT_DEFINED
    return NO_COUNTS if adrs.empty else ""


def records_ends(adsl: pd.DataFrame) -> bool:
    """Tell whether the data record an end of the study of anybody in the full analysis set, if one is in it.

    Where they don't, nobody is known to have left early, nor to have stayed.
    """
    ends = adsl.loc[adsl["FASFL"] == "Y", "EOSSTT"]
    return ends.empty or bool((ends != "").any())


def select_platelets(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the platelet counts of the full analysis set, one record per subject and analysis visit.

    ARESCFL marks those from the first day of rescue therapy on. Where they are left out, a visit whose count
    is one of them has none, so that no other count steps into its place.
    """
    if missing_efficacy(adlb, study) or study.efficacy is None:
        return adlb.head(0)
    subjects = adsl.loc[adsl["FASFL"] == "Y", "USUBJID"]
    chosen = (adlb["PARAMCD"] == study.efficacy.platelet_test) & (adlb["ANL01FL"] == "Y")
    return adlb[chosen & adlb["USUBJID"].isin(subjects)]


def reaches(counts: pd.DataFrame, level: float) -> pd.Series:
    """Tell which counts are at least the level: one beyond the measuring range where it is certain."""
    sure, _ = exceeds(span_of(counts), constant(level, len(counts)), equal=True)
    return pd.Series(sure, index=counts.index)


def trend_over_dose(adsl: pd.DataFrame, responders: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Test the trend of the response rate over dose, of the full analysis set.

    ``responders`` are named by USUBJID. Returns p_value of analysis trend, without group, by level:
    increasing (one-sided) and two-sided.
    """
    doses = {arm.code: arm.dose for arm in study.design.arms if arm.dose is not None}
    treated = adsl[(adsl["FASFL"] == "Y") & adsl["ARMCD"].isin(list(doses))]
    treated = treated[treated["ARMCD"].isin(study.design.reported_arms)]
    dose = treated["ARMCD"].map(doses).astype("float64")
    had = treated["USUBJID"].isin(responders["USUBJID"])
    table = pd.DataFrame({"dose": dose, "had": had}).groupby("dose")["had"].agg(["sum", "size"])
    reason = ""
    if len(had) < FEWEST_FOR_TEST:
        reason = TOO_FEW
    elif len(table) < 2:
        reason = _ONE_DOSE
    elif had.all() or not had.any():
        reason = _ALL_ALIKE
    elif len(had) > _MOST:
        reason = _MANY
    p = (np.nan, np.nan)
    if not reason:
        found, reason = attempt(lambda: exact_trend(table["sum"], table["size"], table.index))
        p = found or p
    return pd.DataFrame({"level": ["increasing", "two-sided"], "value": p}).assign(
        analysis="trend", group="", statistic="p_value", unit="", method=TREND, reason=reason
    )


def analyse_estimand(
    adsl: pd.DataFrame, adrs: pd.DataFrame, intercurrent: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Count the subjects whom each intercurrent event touched, and those whose data are missing.

    ``analysis`` is touched (all subjects with the event), responder (those of them with a confirmed
    response) or after (those in whom it came after the response began); ``level`` is the event as in
    ``intercurrent`` (USUBJID, EVENT, ADY). ``analysis`` missing (all subjects) and missing_responder: level
    left (left the study early, for another reason than death; not estimable where the data record no end of
    the study) and not_evaluable. The group is the study's last column.
    """
    if reason := missing_response(adrs, study):
        return absent_rows("", reason)
    members = assign_groups(adsl, study.design.columns[-1:], "FASFL")
    start = adrs[(adrs["PARAMCD"] == "CBOR") & (adrs["CRIT1FL"] == "Y")].set_index("USUBJID")["ADY"]
    began = intercurrent["USUBJID"].map(start).astype("float64")
    sets = {
        "touched": intercurrent,
        "responder": intercurrent[began.notna()],
        "after": intercurrent[intercurrent["ADY"] >= began],
    }
    parts = [
        count_subjects(events, members, list(EVENTS), "EVENT").assign(analysis=name)
        for name, events in sets.items()
    ]
    parts += _missing(adsl, adrs, members, start.index)
    return result_rows(size_rows(members), *parts, population=POPULATION, dataset="ADSL, ADEX, ADCM, ADRS")


def _missing(
    adsl: pd.DataFrame, adrs: pd.DataFrame, members: pd.DataFrame, responders: pd.Index
) -> list[pd.DataFrame]:
    """Count who left the study early alive, who couldn't be evaluated, and the responders among them."""
    left = adsl.loc[(adsl["EOSSTT"] == "DISCONTINUED") & (adsl["DTHFL"] != "Y"), "USUBJID"]
    unknown = adrs.loc[(adrs["PARAMCD"] == "CBOR") & (adrs["AVALC"] == "NE"), "USUBJID"]
    levels = zip(MISSING, (left, unknown), strict=True)
    missing = pd.concat([subjects.to_frame().assign(LEVEL=name) for name, subjects in levels])
    parts = []
    for name, records in (
        ("missing", missing),
        ("missing_responder", missing[missing["USUBJID"].isin(responders)]),
    ):
        counts = count_subjects(records, members, list(MISSING), "LEVEL")
        whose = counts["level"] == "left"
        ends = counts[whose] if records_ends(adsl) else mark_unrecorded(counts[whose])
        parts.append(pd.concat([ends, counts[~whose]]).assign(analysis=name))
    return parts
