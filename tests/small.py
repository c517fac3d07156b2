"""Small hand-written trials: one subject or a few, with just the records that a test is about."""

from __future__ import annotations

import pandas as pd

from itpcsr.sdtm import Trial

START = pd.Timestamp("2020-03-10")


def day(number: int) -> str:
    """Return the ISO date of a study day (Day 1 is the first infusion; there is no Day 0)."""
    return (START + pd.Timedelta(days=number - (number > 0))).date().isoformat()


def dm(*subjects: tuple[str, str]) -> pd.DataFrame:
    """Return DM for (subject, arm code) pairs."""
    return pd.DataFrame(
        [
            {
                "STUDYID": "T",
                "DOMAIN": "DM",
                "USUBJID": name,
                "ARMCD": arm,
                "ARM": arm,
                "AGE": 40.0,
                "SEX": "F",
            }
            for name, arm in subjects
        ]
    )


def ex(*subjects: str, days: tuple[int, ...] = (1, 8, 15, 22)) -> pd.DataFrame:
    """Return EX with one record per subject and infusion day, without times."""
    return pd.DataFrame(
        [
            {
                "STUDYID": "T", "DOMAIN": "EX", "USUBJID": name, "EXSEQ": float(number), "EXTRT": "hUC-MSC",
                "EXDOSE": 0.5, "EXSTDTC": day(number_day), "EXENDTC": day(number_day),
            }
            for name in subjects
            for number, number_day in enumerate(days, start=1)
        ]
    )  # fmt: skip


def platelets(subject: str, counts: dict[int, float]) -> pd.DataFrame:
    """Return LB with one platelet count (10^9/L) per study day."""
    return pd.DataFrame(
        [
            {
                "STUDYID": "T", "DOMAIN": "LB", "USUBJID": subject, "LBSEQ": float(number), "LBTESTCD": "PLAT",
                "LBTEST": "Platelets", "LBSTRESN": value, "LBSTRESU": "10^9/L", "LBDTC": day(number_day),
            }
            for number, (number_day, value) in enumerate(counts.items(), start=1)
        ]
    )  # fmt: skip


def event(subject: str, term: str, start: str, end: str = "", **more: str) -> dict[str, object]:
    """Return one AE record; ``more`` replaces or adds variables."""
    return {
        "STUDYID": "T", "DOMAIN": "AE", "USUBJID": subject, "AESEQ": 1.0, "AETERM": term, "AEDECOD": term,
        "AEBODSYS": "Class", "AESTDTC": start, "AEENDTC": end, "AESER": "N", "AETOXGR": "1", "AEREL": "",
        "AEACN": "", "AEOUT": "", "AESDTH": "", "AESEV": "", **more,
    }  # fmt: skip


def events(*records: dict[str, object]) -> pd.DataFrame:
    """Return AE from records, numbered by subject."""
    frame = pd.DataFrame(records)
    frame["AESEQ"] = frame.groupby("USUBJID").cumcount() + 1.0
    return frame


def trial(**domains: pd.DataFrame) -> Trial:
    """Return a trial of the domains given; names are keywords (``DM=…``)."""
    return Trial(dict(domains))
