"""Small antibody data that several tests build on."""

import pandas as pd

from csrkit.absence import mark_source
from csrkit.small_texts import own_texts, texts_as_here
from itpcsr.adam.adis import derive_adab, derive_adis
from itpcsr.adam.adsl import derive_adsl
from tests import small

BEFORE, AFTER = -1, 24


def result(subject, number_day, text, test="HLA1AB", number=float("nan"), **more):
    return {
        "STUDYID": "T", "DOMAIN": "IS", "USUBJID": subject, "ISTESTCD": test, "ISTEST": test,
        "ISSTRESC": text, "ISORRES": text, "ISSTRESN": number, "ISSTRESU": "",
        "ISDTC": small.day(number_day), "VISIT": f"DAY {number_day}", "ISTPT": "", **more,
    }  # fmt: skip


def derived(study, *records, subjects=("A", "B", "C"), ex=None):
    """Return adsl, adis and adab of a small trial; all subjects get four infusions from Day 1 on."""
    table = pd.DataFrame([*records, result("", 1, "")]).iloc[: len(records)]
    table["ISSEQ"] = pd.Series(range(1, len(table) + 1), dtype="float64")
    dm = small.dm(*((subject, "ESC05") for subject in subjects))
    domains = {"DM": dm, "EX": small.ex(*subjects) if ex is None else ex, "IS": table}
    with own_texts(domains) as held:
        trial = small.trial(**held)
        adsl = derive_adsl(trial, study)
        adis = derive_adis(trial, adsl, study)
        adab = mark_source(derive_adab(adis, adsl, study), "IS", held=True)
    return {name: texts_as_here(frame) for name, frame in (("adsl", adsl), ("adis", adis), ("adab", adab))}


def status(found, subject="A", test="HLA1AB"):
    """Return the record of ADAB."""
    adab = found["adab"]
    chosen = adab[(adab["USUBJID"] == subject) & (adab["PARAMCD"] == test)]
    assert len(chosen) == 1
    return chosen.iloc[0]
