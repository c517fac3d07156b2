"""Adverse events by system organ class (SOC) and preferred term (PT)."""

from __future__ import annotations

import pandas as pd

from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.tally import rank_levels
from itpcsr.analysis.comparisons import compare_counts, single_arm_columns
from itpcsr.analysis.safety.kinds import absent, count, rows_of, select_events, why_absent
from itpcsr.study import Study

_DISPLAYS = {"any": "tbl-ae-soc-pt", "severe": "tbl-ae-severe", "serious": "tbl-ae-serious"}
_TERMS = ["USUBJID", "AEBODSYS", "AEDECOD"]


def analyse_ae_by_term(
    adsl: pd.DataFrame, adae: pd.DataFrame, study: Study, kind: str = "any"
) -> pd.DataFrame:
    """Count subjects and events of a kind (any, severe, serious) by SOC and PT.

    ``analysis`` is any, soc or pt; the level of a PT is ``SOC | PT``. Classes and the terms within them
    come in order of decreasing frequency in all groups together, ties by name. With a control arm each
    active column also gets Fisher's exact p_value against it.
    """
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    chosen = select_events(adae, members, kind)
    if sentence := why_absent(adae, chosen, kind):
        return absent(_DISPLAYS[kind], sentence)
    events = label_terms(chosen)
    compared = single_arm_columns(study.design)
    parts = [size_rows(members)]
    for analysis in ("any", "soc", "pt"):
        levels = ["any"] if analysis == "any" else rank_levels(events, members, analysis)
        counts = count(events, members, levels, analysis)
        parts.append(pd.concat([counts, compare_counts(counts, compared)]).assign(analysis=analysis))
    return rows_of(parts, _DISPLAYS[kind])


def label_terms(events: pd.DataFrame) -> pd.DataFrame:
    """Return USUBJID with the categorical columns any ("any"), soc and pt (``SOC | PT``) of events."""
    terms = events[_TERMS].astype("category")
    soc, pt = (terms[name].cat.codes.to_numpy("int64") for name in _TERMS[1:])
    width = max(len(terms["AEDECOD"].cat.categories), 1)
    code, both = pd.factorize(soc * width + pt)
    names = terms["AEBODSYS"].cat.categories[both // width] + " | "
    names = names + terms["AEDECOD"].cat.categories[both % width]
    return pd.DataFrame(
        {
            "USUBJID": terms["USUBJID"],
            "any": pd.Series("any", index=terms.index).astype("category"),
            "soc": terms["AEBODSYS"],
            "pt": pd.Categorical.from_codes(code, categories=names),
        }
    )


def analyse_ae_frequent(
    adsl: pd.DataFrame, adae: pd.DataFrame, study: Study, percent: float, confidence: float
) -> pd.DataFrame:
    """Count the PTs that at least ``percent`` of all subjects had, with exact intervals.

    ``analysis`` is term, ``level`` the PT; the share is that of the subjects of all columns together.
    """
    display = "tbl-ae-frequent"
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    events = select_events(adae, members)
    if sentence := why_absent(adae, events):
        return absent(display, sentence)
    subjects = events.groupby("AEDECOD")["USUBJID"].nunique()
    # a product instead of a quotient: 2 of 20 subjects are 10 % in binary, too
    enough = set(subjects.index[100 * subjects >= percent * members["USUBJID"].nunique()])
    levels = [term for term in rank_levels(events, members, "AEDECOD") if term in enough]
    if not levels:
        return absent(display, f"No preferred term was reported for {percent:g}% of the subjects or more.")
    counts = count(events, members, levels, "AEDECOD", confidence).assign(analysis="term")
    return rows_of([size_rows(members), counts], display)
