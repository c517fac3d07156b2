"""Therapy of the disease in the study: rescue, and what became of the therapy kept on."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import lacks_records
from csrkit.rows import absent_rows
from csrkit.stats.proportions import count_subjects
from csrkit.stats.summaries import summarize
from itpcsr.analysis.efficacy.scope import NOT_DEFINED, efficacy_members, efficacy_rows
from itpcsr.study import Study

_NO_DOMAIN = "The study's data hold no medication domain (CM), so therapy of the disease can't be shown."
LEVELS = ("kept", "stopped", "started")


def analyse_itp_therapy(
    adsl: pd.DataFrame, adcm: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count subjects with rescue therapy and with other therapy of the disease in the study, by column.

    ``analysis`` rescue (level "", with exact interval), first_rescue (study day of its start), and other:
    level kept (under way on Day 1 and never recorded as ended), stopped (under way on Day 1, and all of it
    ended in the study) and started (begun after Day 1). Reductions of a dose aren't seen: the category's
    records have start and end.
    """
    display = "tbl-itp-therapy"
    if study.efficacy is None:
        return absent_rows(display, NOT_DEFINED)
    if lacks_records(adcm, "CM"):
        return absent_rows(display, _NO_DOMAIN)
    members = efficacy_members(adsl, study)
    rescue = adcm[adcm["RESCFL"] == "Y"].assign(level="")
    first = rescue.sort_values(["USUBJID", "ASTDY"]).drop_duplicates("USUBJID")
    parts = [
        count_subjects(rescue, members, [""], "level", confidence).assign(analysis="rescue"),
        summarize(first, members, "ASTDY").assign(analysis="first_rescue", unit="days"),
    ]
    category = study.efficacy.itp_therapy_category
    if category:
        other = _other(adcm[adcm["CMCAT"].str.upper() == category.upper()])
        parts.append(count_subjects(other, members, list(LEVELS), "level").assign(analysis="other"))
    return efficacy_rows(parts, members, display, "ADCM")


def _other(records: pd.DataFrame) -> pd.DataFrame:
    """Return each subject's therapy at Day 1 as kept or stopped, and whether any was started."""
    here = records[records["CONFL"] == "Y"]
    running = here[~(here["ASTDY"] > 1)]
    ended = running["AENDT"].notna().groupby(running["USUBJID"]).all()
    level = ended.map({True: "stopped", False: "kept"}).astype("str")
    at_start = pd.DataFrame({"USUBJID": ended.index, "level": level.to_numpy()})
    started = here.loc[here["ASTDY"] > 1, ["USUBJID"]].assign(level="started")
    return pd.concat([at_start, started], ignore_index=True)
