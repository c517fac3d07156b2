"""Adverse events: overview, and by system organ class and preferred term."""

from __future__ import annotations

import pandas as pd

from itpcsr.analysis.comparisons import compare_counts, single_arm_columns
from itpcsr.analysis.groups import assign_groups, size_rows
from itpcsr.analysis.proportions import count_events, count_subjects, mark_unrecorded
from itpcsr.results import absent_rows, make_rows
from itpcsr.study import Study

# Level of the overview, and the flag of ADAE that a treatment-emergent event must have for it.
OVERVIEW = {
    "any": "TRTEMFL",
    "related": "RELFL",
    "severe": "SEVFL",
    "serious": "SERFL",
    "dlt": "DLTFL",
    "infusion_reaction": "INFRFL",
    "withdrawal": "DISCFL",
    "fatal": "FATALFL",
}
# What must be recorded for any event before a level of the overview says something.
_RECORDED_IN = {
    "related": "AEREL",
    "severe": "ASEVN",
    "withdrawal": "AEACN",
    "dlt": "DLTFL",
    "infusion_reaction": "INFRFL",
    "fatal": "FATALFL",
}
_NO_DOMAIN = "The study's data hold no adverse event domain (AE), so adverse events can't be shown."


def analyse_ae_overview(
    adsl: pd.DataFrame, adae: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count subjects with treatment-emergent adverse events of each kind, with exact intervals.

    ``level`` is a key of ``OVERVIEW``; statistics are n, N, percent, ci_low, ci_high (percent) and events.
    What the data record for no event (relation, severity, action taken, outcome, the flags of SUPPAE) is
    not estimable; dose-limiting toxicity and infusion reaction belong to studies with infusions alone.
    """
    display = "tbl-ae-overview"
    if "absent" in adae.attrs:
        return absent_rows(display, _NO_DOMAIN)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    emergent = adae[adae["TRTEMFL"] == "Y"]
    parts = [size_rows(members)]
    for level, flag in OVERVIEW.items():
        if level in ("dlt", "infusion_reaction") and not study.design.infusion_days:
            continue
        chosen = emergent[emergent[flag] == "Y"].assign(level=level)
        counts = count_subjects(chosen, members, [level], "level", confidence)
        events = count_events(chosen, members, [level], "level")
        found = pd.concat([counts, events]).assign(analysis="overview")
        parts.append(found if _recorded(adae, level) else mark_unrecorded(found))
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display=display,
        population="safety set",
        dataset="ADAE",
    )


def _recorded(adae: pd.DataFrame, level: str) -> bool:
    """Tell whether any event has what the level is about; without events a count is truly zero."""
    values = adae[_RECORDED_IN[level]] if level in _RECORDED_IN else pd.Series(dtype="str")
    return values.empty or bool((values.notna() & (values != "")).any())


def analyse_ae_by_term(adsl: pd.DataFrame, adae: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count subjects and events by system organ class (SOC) and preferred term (PT).

    ``analysis`` is any, soc or pt; the level of a PT is ``SOC | PT``. Classes and the terms within them
    come in order of decreasing frequency in all groups together, ties by name. With a control arm each
    active column also gets Fisher's exact p_value against it.
    """
    display = "tbl-ae-soc-pt"
    if "absent" in adae.attrs:
        return absent_rows(display, _NO_DOMAIN)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    emergent = adae[(adae["TRTEMFL"] == "Y") & adae["USUBJID"].isin(members["USUBJID"])]
    if emergent.empty:
        return absent_rows(display, "No treatment-emergent adverse event was reported.")
    emergent = emergent.assign(any="any", soc=emergent["AEBODSYS"])
    emergent["pt"] = emergent["AEBODSYS"] + " | " + emergent["AEDECOD"]
    compared = single_arm_columns(study.design)
    parts = [size_rows(members)]
    for analysis in ("any", "soc", "pt"):
        levels = _by_frequency(emergent, analysis)
        counts = count_subjects(emergent, members, levels, analysis)
        events = count_events(emergent, members, levels, analysis)
        parts.append(pd.concat([counts, events, compare_counts(counts, compared)]).assign(analysis=analysis))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADAE"
    )


def _by_frequency(emergent: pd.DataFrame, level: str) -> list[str]:
    """Return levels by number of subjects, the most frequent first, ties by name."""
    counts = emergent.groupby(level)["USUBJID"].nunique()
    return [str(name) for name, _ in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))]
