"""Incidence of adverse events by dose, with exact intervals."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects
from itpcsr.study import Column, Design, Study

_NO_DOMAIN = "The study's data hold no adverse event domain (AE), so the incidence of events can't be shown."
_NO_EVENT = "No treatment-emergent adverse event was reported."
_KINDS = {"any": "TRTEMFL", "related": "RELFL", "severe": "SEVFL", "serious": "SERFL"}


def dose_columns(design: Design) -> list[Column]:
    """Return the report columns that each hold all reported arms of one dose, in the study's order.

    Cohorts of the same dose are shown pooled where the study has such a column.
    """
    shown = {code for column in design.columns for code in column.arms}
    doses: dict[float | None, set[str]] = {}
    for arm in design.arms:
        if arm.code in shown:
            doses.setdefault(arm.dose, set()).add(arm.code)
    found = [
        next((column for column in design.columns if set(column.arms) == codes), None)
        for codes in doses.values()
    ]
    return [column for column in found if column is not None]


def analyse_incidence(
    adsl: pd.DataFrame, adae: pd.DataFrame, study: Study, confidence: float, terms: int
) -> pd.DataFrame:
    """Count subjects with treatment-emergent events by dose: by kind, and by the most frequent terms.

    ``analysis`` is kind (levels any, related, severe, serious) or term (the ``terms`` preferred terms with
    most subjects in all groups, ties by name); statistics are n, N, percent, ci_low and ci_high (percent).
    """
    display = "fig-incidence"
    if is_absent(adae, "AE"):
        return absent_rows(display, _NO_DOMAIN)
    members = assign_groups(adsl, dose_columns(study.design), "SAFFL")
    emergent = adae[(adae["TRTEMFL"] == "Y") & adae["USUBJID"].isin(members["USUBJID"])]
    if emergent.empty:
        return absent_rows(display, _NO_EVENT)
    parts = [size_rows(members)]
    for level, flag in _KINDS.items():
        chosen = emergent[emergent[flag] == "Y"].assign(level=level)
        parts.append(count_subjects(chosen, members, [level], "level", confidence).assign(analysis="kind"))
    frequency = emergent.groupby("AEDECOD")["USUBJID"].nunique()
    ranked = sorted(frequency.items(), key=lambda item: (-item[1], str(item[0])))
    levels = [str(term) for term, _ in ranked[:terms]]
    parts.append(count_subjects(emergent, members, levels, "AEDECOD", confidence).assign(analysis="term"))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADAE"
    )
