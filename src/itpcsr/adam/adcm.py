"""ADCM: medication and rescue procedures, prior, concomitant and rescue."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold, fold_label
from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.adam.onset import place_in_time
from itpcsr.sdtm import Trial
from itpcsr.study import Study

NOT_CODED = "Not coded"
_RELATIVE = ("STRTPT", "STTPT", "ENRTPT", "ENTPT", "STRF", "ENRF")
_COLUMNS = [
    "USUBJID", "SRCSEQ", "CMTRT", "CMDECOD", "CMCLAS", "CMCAT", "CMINDC", "CMSTDTC", "CMENDTC", "SRCDOM",
    "AENDT", "AENDTF", "ASTDT", "ASTDTF", "ASTDY", "AENDY", "RESCFL", "PREFL", "CONFL",
]  # fmt: skip


def derive_adcm(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the medication dataset from CM and the rescue procedures of PR, treated subjects only.

    Variables: SRCDOM (CM or PR), SRCSEQ (its number there), CMTRT, CMDECOD (the reported name where nothing
    is coded), CMCLAS (the class; CMDECOD where the data know no classes, "Procedure" for PR, "Not coded"
    where a class is missing or UNCODED), CMCAT, CMINDC (the indication), CMSTDTC and CMENDTC as recorded,
    ASTDT, AENDT with their imputation flags, ASTDY, AENDY, and flags Y or N: RESCFL (of the rescue category,
    not known to have begun before the first dose, see ``onset``; rescue without any date counts from Day 1
    on, the earliest day possible), PREFL (started before the first dose; without any start date: taken as
    before) and CONFL (not known to have ended before the first dose, and no rescue). A medicine that went on
    is prior and concomitant. All that asks who had rescue, and when, reads RESCFL.
    """
    parts = [_records(trial, "CM"), _records(trial, "PR")]
    adcm = pd.concat(parts, ignore_index=True)
    rescue = fold_label(study.efficacy.rescue_category) if study.efficacy is not None else ""
    of_rescue = (fold(adcm["CMCAT"]) == rescue) & (rescue != "")
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")["TRTSDT"]
    keep = adcm["USUBJID"].isin(treated.index) & ((adcm["SRCDOM"] == "CM") | of_rescue)
    adcm = adcm[keep].reset_index(drop=True)
    first = look_up(treated, adcm["USUBJID"])
    placed = place_in_time(adcm, "CM", adsl)
    for name in ("AENDT", "AENDTF", "ASTDT", "ASTDTF"):
        adcm[name] = placed[name]
    of_rescue = of_rescue[keep].reset_index(drop=True)
    adcm["RESCFL"] = yes_no(of_rescue & ~placed["BEFORE"])
    undated = (adcm["RESCFL"] == "Y") & adcm["ASTDT"].isna()
    adcm["ASTDT"] = adcm["ASTDT"].mask(undated, first)
    adcm["ASTDTF"] = adcm["ASTDTF"].mask(undated, "Y")
    adcm["PREFL"] = yes_no(placed["BEFORE"] | (adcm["ASTDT"].isna() & (adcm["RESCFL"] == "N")))
    adcm["CONFL"] = yes_no(~placed["ENDED"] & (adcm["RESCFL"] == "N"))
    adcm["ASTDY"], adcm["AENDY"] = study_day(adcm["ASTDT"], first), study_day(adcm["AENDT"], first)
    return adcm[_COLUMNS].sort_values(["USUBJID", "SRCDOM", "SRCSEQ"], ignore_index=True)


def _records(trial: Trial, domain: str) -> pd.DataFrame:
    """Return one domain's records under the names of CM."""
    parts = ("TRT", "DECOD", "CLAS", "CAT", "INDC", "STDTC", "ENDTC", *_RELATIVE)
    names = [f"{domain}{part}" for part in parts]
    frame = read_domain(trial, domain, ["USUBJID", *names], [f"{domain}SEQ"])
    records = frame[["USUBJID", f"{domain}SEQ", *names]].set_axis(
        ["USUBJID", "SRCSEQ", *(f"CM{part}" for part in parts)], axis=1
    )
    records["CMDECOD"] = records["CMDECOD"].where(records["CMDECOD"] != "", records["CMTRT"])
    if domain == "PR":
        records["CMCLAS"] = "Procedure"
    elif f"{domain}CLAS" in trial[domain]:
        records["CMCLAS"] = records["CMCLAS"].replace({"": NOT_CODED, "UNCODED": NOT_CODED})
    else:
        records["CMCLAS"] = records["CMDECOD"]
    return records.assign(SRCDOM=domain)
