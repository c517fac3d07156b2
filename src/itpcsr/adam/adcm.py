"""ADCM: medication and rescue procedures, prior, concomitant and rescue."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.dates import impute_end, impute_start, study_day
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.sdtm import Trial
from itpcsr.study import Study

NOT_CODED = "Not coded"


def derive_adcm(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the medication dataset from CM and the rescue procedures of PR, treated subjects only.

    Variables: SRCDOM (CM or PR), ASEQ, CMTRT, CMDECOD (the reported name where nothing is coded), CMCLAS (the
    class; CMDECOD where the data know no classes, "Procedure" for PR, "Not coded" where a class is missing
    or UNCODED), CMCAT, CMINDC (the indication), CMSTDTC and CMENDTC as recorded, ASTDT, AENDT with their
    imputation flags, ASTDY, AENDY, and flags Y or N: RESCFL (of the
    rescue category, from the first dose on), PREFL (started before the first dose; without any
    start date: taken as before) and CONFL (not known to have ended before the first dose, and no rescue).
    A medicine that went on is prior and concomitant.
    """
    parts = [_records(trial, "CM"), _records(trial, "PR")]
    adcm = pd.concat(parts, ignore_index=True)
    rescue = study.efficacy.rescue_category.upper() if study.efficacy is not None else ""
    of_rescue = (adcm["CMCAT"].str.upper() == rescue) & (adcm["CMCAT"] != "")
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")["TRTSDT"]
    keep = adcm["USUBJID"].isin(treated.index) & ((adcm["SRCDOM"] == "CM") | of_rescue)
    adcm = adcm[keep].reset_index(drop=True)
    first = look_up(treated, adcm["USUBJID"])
    adcm["AENDT"], adcm["AENDTF"] = impute_end(adcm["CMENDTC"])
    adcm["ASTDT"], adcm["ASTDTF"] = impute_start(adcm["CMSTDTC"], first, adcm["AENDT"])
    adcm["ASTDY"], adcm["AENDY"] = study_day(adcm["ASTDT"], first), study_day(adcm["AENDT"], first)
    of_rescue = of_rescue[keep].reset_index(drop=True)
    adcm["RESCFL"] = yes_no(of_rescue & ~(adcm["ASTDT"] < first))
    adcm["PREFL"] = yes_no((adcm["ASTDT"] < first) | (adcm["ASTDT"].isna() & (adcm["RESCFL"] == "N")))
    adcm["CONFL"] = yes_no(~(adcm["AENDT"] < first) & (adcm["RESCFL"] == "N"))
    return adcm.sort_values(["USUBJID", "SRCDOM", "ASEQ"], ignore_index=True)


def _records(trial: Trial, domain: str) -> pd.DataFrame:
    """Return one domain's records under the names of CM."""
    parts = ("TRT", "DECOD", "CLAS", "CAT", "INDC", "STDTC", "ENDTC")
    names = [f"{domain}{part}" for part in parts]
    frame = read_domain(trial, domain, ["USUBJID", *names], [f"{domain}SEQ"])
    records = frame[["USUBJID", f"{domain}SEQ", *names]].set_axis(
        ["USUBJID", "ASEQ", *(f"CM{part}" for part in parts)], axis=1
    )
    records["CMDECOD"] = records["CMDECOD"].where(records["CMDECOD"] != "", records["CMTRT"])
    if domain == "PR":
        records["CMCLAS"] = "Procedure"
    elif f"{domain}CLAS" in trial[domain]:
        records["CMCLAS"] = records["CMCLAS"].replace({"": NOT_CODED, "UNCODED": NOT_CODED})
    else:
        records["CMCLAS"] = records["CMDECOD"]
    return records.assign(SRCDOM=domain)
