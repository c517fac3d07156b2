"""Intercurrent events of the estimand (ICH E9(R1)): what came between treatment and its measurement.

Leaving the study is none of them: it leaves data missing that would have been meaningful.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from csrkit.sdtm.labels import fold, fold_label
from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import look_up
from itpcsr.study import Study


def derive_intercurrent(datasets: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame:
    """Return the intercurrent events of the full analysis set: USUBJID, EVENT, ADY (NaN for no known day).

    EVENT is rescue (rescue therapy), new_therapy (other therapy of the disease begun after Day 1), incomplete
    (fewer infusions than planned) or death. One record per subject and event, with its first day.
    """
    adsl, adcm = datasets["adsl"], datasets["adcm"]
    treated = adsl[adsl["FASFL"] == "Y"]
    rescue = adcm[adcm["RESCFL"] == "Y"]
    category = "" if study.efficacy is None else fold_label(study.efficacy.itp_therapy_category)
    new = adcm[(fold(adcm["CMCAT"]) == category) & (category != "") & (adcm["ASTDY"] > 1)]
    died = treated["DTHFL"] == "Y"
    death = study_day(treated["DTHDT"], treated["TRTSDT"])
    parts = [
        _event(rescue["USUBJID"], "rescue", rescue["ASTDY"]),
        _event(new["USUBJID"], "new_therapy", new["ASTDY"]),
        _incomplete(treated, datasets["adex"], study),
        _event(treated.loc[died, "USUBJID"], "death", death[died]),
    ]
    events = pd.concat(parts, ignore_index=True)
    events = events[events["USUBJID"].isin(treated["USUBJID"])]
    return events.sort_values(["EVENT", "USUBJID", "ADY"]).drop_duplicates(
        ["EVENT", "USUBJID"], ignore_index=True
    )


def _event(subjects: pd.Series, name: str, day: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"USUBJID": subjects, "EVENT": name, "ADY": day.astype("float64")})


def _incomplete(treated: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Fewer infusions than planned, from the planned day of the first one not given on."""
    planned = study.design.infusion_days
    given = look_up(adex.groupby("USUBJID")["EXNUM"].max(), treated["USUBJID"]).fillna(0)
    short = given < len(planned)
    days = [float(planned[int(n)]) for n in given[short]]
    return _event(
        treated.loc[short, "USUBJID"],
        "incomplete",
        pd.Series(days, index=given[short].index, dtype="float64"),
    )
