"""Events of the disease studied, apart from all others."""

from __future__ import annotations

import pandas as pd

from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.tally import rank_levels
from itpcsr.analysis.safety.kinds import absent, count, count_flagged, rows_of, select_events, why_absent
from itpcsr.study import Study

_NO_TERMS = "The study file names no adverse events of the disease studied, so none are shown apart."
_KINDS = ("any", "related", "severe", "serious")


def analyse_ae_disease(
    adsl: pd.DataFrame, adae: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count events of the disease studied (ADAE.DISFL) and, apart from them, all others.

    ``analysis`` is disease or other, with ``level`` any, related, severe and serious; disease also has
    worse and not_worse (than before treatment, ADAE.WORSFL); disease_term has the PT. Statistics are n, N,
    percent, ci_low, ci_high and events. A subject may have events of both and stands in each.
    """
    display = "tbl-ae-disease"
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    if not study.safety.disease_terms:
        return absent(display, _NO_TERMS)
    events = select_events(adae, members)
    if sentence := why_absent(adae, events):
        return absent(display, sentence)
    disease, other = events[events["DISFL"] == "Y"], events[events["DISFL"] != "Y"]
    worse = disease.assign(level=disease["WORSFL"].map({"Y": "worse", "N": "not_worse"}))
    terms = rank_levels(disease, members, "AEDECOD")
    parts = [size_rows(members)]
    for kind in _KINDS:
        parts.append(count_flagged(adae, disease, members, kind, confidence).assign(analysis="disease"))
        parts.append(count_flagged(adae, other, members, kind, confidence).assign(analysis="other"))
    compared = count(worse, members, ["worse", "not_worse"], "level", confidence)
    parts.append(compared.assign(analysis="disease"))
    parts.append(count(disease, members, terms, "AEDECOD").assign(analysis="disease_term"))
    return rows_of(parts, display)
