"""Listings by subject: who and what is listed, and how many subjects and records that are."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import SOURCES, lacks_records
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_events, count_subjects
from itpcsr.study import Study

_POPULATIONS = {"SAFFL": "safety set", "ENRLFL": "enrolled subjects"}
_ABSENT = "The study's data hold no {domain} domain, so that there is nothing to list."


def select_discontinued(adsl: pd.DataFrame) -> pd.DataFrame:
    """Return the enrolled subjects who ended treatment or study early, or were never treated."""
    early = (adsl[["EOTSTT", "EOSSTT"]] == "DISCONTINUED").any(axis=1) | (adsl["SAFFL"] == "N")
    return _in_order(adsl[(adsl["ENRLFL"] == "Y") & early], ["USUBJID"])


def select_subjects(adsl: pd.DataFrame) -> pd.DataFrame:
    """Return all enrolled subjects."""
    return _in_order(adsl[adsl["ENRLFL"] == "Y"], ["USUBJID"])


def select_records(adsl: pd.DataFrame, records: pd.DataFrame, flag: str, order: list[str]) -> pd.DataFrame:
    """Return the records of one analysis set (``flag``), by subject and then in this order."""
    members = adsl.loc[adsl[flag] == "Y", "USUBJID"]
    return _in_order(records[records["USUBJID"].isin(members)], ["USUBJID", *order])


def select_medication(adsl: pd.DataFrame, adcm: pd.DataFrame) -> pd.DataFrame:
    """Return concomitant and rescue medication; what had ended before the first dose isn't among it."""
    beside = adcm[(adcm["CONFL"] == "Y") | (adcm["RESCFL"] == "Y")]
    return select_records(adsl, beside, "SAFFL", ["ASTDT", "SRCDOM", "ASEQ"])


def select_tests(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study, category: str) -> pd.DataFrame:
    """Return the values of one category, none where the study doesn't show it as a safety variable."""
    shown = study.laboratory.laboratory_categories
    chosen = (adlb["PARCAT1"] == category) & (not shown or category in shown)
    return select_records(adsl, adlb[chosen], "SAFFL", ["ADTM", "LBSEQ"])


def _in_order(records: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return records.sort_values(columns, ignore_index=True, kind="stable")


def count_listing(
    display: str, dataset: str, records: pd.DataFrame, adsl: pd.DataFrame, study: Study, flag: str = "SAFFL"
) -> pd.DataFrame:
    """Count the subjects (n, N, percent) and the records (events) of one listing by column.

    Parameters
    ----------
    display, dataset
        Label of the listing and name of the dataset that holds its records.
    records
        What is listed, with the columns of its dataset. Where its domain is absent: one absent row.
    adsl, study, flag
        Subjects, columns and the analysis set whose subjects the listing can hold.
    """
    domain = SOURCES.get(dataset)
    if domain and lacks_records(records, domain):
        return absent_rows(display, _ABSENT.format(domain=domain), dataset=dataset)
    members = assign_groups(adsl, study.design.columns, flag)
    named = records.assign(level="records")
    counts = [
        size_rows(members),
        count_subjects(named, members, ["records"], "level").assign(analysis="listed"),
        count_events(named, members, ["records"], "level").assign(analysis="listed", unit="records"),
    ]
    rows = pd.concat(counts, ignore_index=True)
    return make_rows(rows, display=display, population=_POPULATIONS[flag], dataset=dataset)
