"""The pharmacokinetic set: how many subjects are in it, and why the others aren't."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects
from itpcsr.study import Study

REASONS = ("SEX NOT SAMPLED", "NO SAMPLE", "NO USABLE SAMPLE")
POPULATION = "pharmacokinetic set"
_NO_DOMAIN = "The study's data hold no concentrations (domain PC), so pharmacokinetics can't be shown."
_NOT_PLANNED = "The study plans no measurement of concentrations."
_NOBODY = "No subject has a concentration after the start of infusion 1 that can be analysed."
_NOT_TREATED = "No subject was treated."


def why_absent(adsl: pd.DataFrame, adpc: pd.DataFrame, study: Study) -> str:
    """Return the sentence that stands for pharmacokinetics in a study without them, "" where there are."""
    if not study.sampling.concentration_test:
        return _NOT_PLANNED
    if is_absent(adpc, "PC"):
        return _NO_DOMAIN
    return "" if (adsl["PKFL"] == "Y").any() else _NOBODY


def analyse_pk_set(adsl: pd.DataFrame, adpc: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count the treated subjects in the pharmacokinetic set and outside it, by reason.

    ``analysis`` is in_set, or outside with the reason (PKREAS) as ``level``; percentages are of the subjects
    treated.
    """
    display = "tbl-pk-set"
    # without a usable sample this table still says why
    sentence = why_absent(adsl, adpc, study)
    if sentence and sentence != _NOBODY:
        return absent_rows(display, sentence)
    if not (adsl["SAFFL"] == "Y").any():
        return absent_rows(display, _NOT_TREATED)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    inside = adsl.assign(level=adsl["PKFL"])
    parts = [
        size_rows(members),
        count_subjects(inside, members, ["Y"], "level").assign(analysis="in_set", level=""),
        count_subjects(adsl, members, list(REASONS), "PKREAS").assign(analysis="outside"),
    ]
    rows = pd.concat(parts, ignore_index=True)
    return make_rows(rows, display=display, population="safety set", dataset="ADSL")
