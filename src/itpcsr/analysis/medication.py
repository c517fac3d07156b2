"""Concomitant and rescue medication by class and substance."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent, lacks_records
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects
from itpcsr.study import Study

_NO_DOMAIN = "The study's data hold no medication domain (CM), so medication can't be shown."
_NO_RESCUE = "No rescue therapy was recorded after treatment began."
_NO_RULE = "The study names no category of rescue therapy."


def analyse_medication(adsl: pd.DataFrame, adcm: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count subjects with concomitant medication, by class and substance.

    ``analysis`` any (``level`` prior, concomitant, rescue), class (CMCLAS) and substance (``class |
    substance``); classes and substances, concomitant only and without rescue, come in order of decreasing
    frequency, ties by name.
    """
    display = "tbl-medication"
    if is_absent(adcm, "CM"):
        return absent_rows(display, _NO_DOMAIN)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    treated = adcm[adcm["USUBJID"].isin(members["USUBJID"])]
    flags = {"prior": "PREFL", "concomitant": "CONFL"}
    if study.efficacy is not None:
        flags["rescue"] = "RESCFL"
    parts = [size_rows(members)]
    for level, flag in flags.items():
        chosen = treated[treated[flag] == "Y"].assign(level=level)
        parts.append(count_subjects(chosen, members, [level], "level").assign(analysis="any"))
    parts.append(_by_class(treated[treated["CONFL"] == "Y"], members))
    return _rows(parts, display)


def analyse_rescue(adsl: pd.DataFrame, adcm: pd.DataFrame, study: Study, confidence: float) -> pd.DataFrame:
    """Count subjects with rescue therapy after treatment began, medicines and procedures.

    ``analysis`` any (with exact interval), class and substance as for concomitant medication.
    """
    display = "tbl-rescue"
    if study.efficacy is None:
        return absent_rows(display, _NO_RULE)
    if lacks_records(adcm, "CM"):
        return absent_rows(display, _NO_DOMAIN)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    rescue = adcm[adcm["USUBJID"].isin(members["USUBJID"]) & (adcm["RESCFL"] == "Y")]
    if rescue.empty:
        return absent_rows(display, _NO_RESCUE)
    counts = count_subjects(rescue.assign(level="rescue"), members, ["rescue"], "level", confidence)
    return _rows([size_rows(members), counts.assign(analysis="any"), _by_class(rescue, members)], display)


def _by_class(records: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    named = records.assign(classes=records["CMCLAS"])
    named["substance"] = named["CMCLAS"] + " | " + named["CMDECOD"]
    return pd.concat(
        [
            count_subjects(named, members, _by_frequency(named, "classes"), "classes").assign(
                analysis="class"
            ),
            count_subjects(named, members, _by_frequency(named, "substance"), "substance").assign(
                analysis="substance"
            ),
        ],
        ignore_index=True,
    )


def _by_frequency(records: pd.DataFrame, level: str) -> list[str]:
    counts = records.groupby(level)["USUBJID"].nunique()
    return [str(name) for name, _ in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))]


def _rows(parts: list[pd.DataFrame], display: str) -> pd.DataFrame:
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADCM"
    )
