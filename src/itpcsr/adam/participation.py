"""How long each treated subject was observed, and how long an adverse event would have counted."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.participation import find_end
from itpcsr.sdtm import Trial
from itpcsr.study import Study


def add_participation(adsl: pd.DataFrame, trial: Trial, study: Study) -> pd.DataFrame:
    """Add the end of participation and the days on study and at risk to ADSL.

    EOSDT and EOSSRC are those of ``sdtm.participation.find_end``. Every display of the end of participation,
    and who is still expected at a visit, reads these.
    STUDYD counts the days from first dose to EOSDT, RISKD those of them on which the onset of an adverse
    event would be treatment-emergent; both days included, NaN for the untreated.
    """
    first, last_dose = adsl["TRTSDT"], adsl["TRTEDT"]
    found = find_end(trial, adsl["USUBJID"], last_dose)
    end = found["EOSDT"]
    window = study.safety.treatment_emergent_days
    risk_end = end
    if window is not None:
        limit = last_dose + pd.Timedelta(days=window)
        risk_end = end.mask(end > limit, limit)
    days = {"STUDYD": (end - first).dt.days + 1.0, "RISKD": (risk_end - first).dt.days + 1.0}
    return adsl.assign(EOSDT=end, EOSSRC=found["EOSSRC"], **days)
