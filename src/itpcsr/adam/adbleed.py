"""ADBLEED: grades of bleeding scales, with baseline, change and week."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.labels import fold
from itpcsr.adam.baseline import flag_baseline
from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.visits import add_visits
from itpcsr.sdtm import Trial
from itpcsr.sdtm.bleeding_scales import highest_grade
from itpcsr.sdtm.first_dose import read_time_points
from itpcsr.study import Study

_KEYS = ["USUBJID", "PARAMCD"]
_TEXT = ("USUBJID", "RSTESTCD", "RSTEST", "RSCAT", "RSDTC", "VISIT")


def derive_adbleed(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the grades of bleeding from RS, treated subjects only.

    Variables: RSSEQ, PARAMCD (RSTESTCD), PARAM, PARCAT1 (RSCAT in capitals), AVAL (the grade), ADT, ADTM,
    ADY, ABLFL (Y for the baseline, by the one rule of all datasets), BASE, CHG, AVISITN, AVISIT and ANL01FL
    (see ``add_visits``). Records of other scales (see ``sdtm.bleeding_scales``), without a numeric grade or
    without a complete date are left out.
    """
    rs = read_domain(trial, "RS", _TEXT, ("RSSEQ", "RSSTRESN"))
    first = look_up(adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")["TRTSDT"], rs["USUBJID"])
    dates = to_date(rs["RSDTC"])
    keep = rs["RSSTRESN"].notna() & highest_grade(rs).notna() & dates.notna() & first.notna()
    adbleed = pd.DataFrame(
        {
            "USUBJID": rs["USUBJID"], "RSSEQ": rs["RSSEQ"], "PARAMCD": rs["RSTESTCD"], "PARAM": rs["RSTEST"],
            "PARCAT1": fold(rs["RSCAT"]), "AVAL": rs["RSSTRESN"], "ADT": dates,
            "ADTM": to_datetime(rs["RSDTC"]), "ADY": study_day(dates, first), "VISIT": rs["VISIT"],
        }
    )[keep]  # fmt: skip
    points = read_time_points(rs, "RS")
    adbleed = adbleed.join(points).sort_values([*_KEYS, "ADTM", "RSSEQ"], ignore_index=True)
    adbleed["ABLFL"] = flag_baseline(adbleed, _KEYS, "RSSEQ", adsl.set_index("USUBJID"), study)
    adbleed = adbleed.drop(columns=list(points))
    base = adbleed.loc[adbleed["ABLFL"] == "Y", [*_KEYS, "AVAL"]].rename(columns={"AVAL": "BASE"})
    adbleed = adbleed.merge(base, on=_KEYS, how="left", validate="m:1")
    adbleed["CHG"] = adbleed["AVAL"] - adbleed["BASE"]
    return add_visits(adbleed, _KEYS, ["ADTM", "RSSEQ"], study)
