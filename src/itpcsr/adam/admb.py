"""ADMB: virus and syphilis tests with result, analysis visit and status at baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.sdtm import Trial
from itpcsr.study import Study

_TEXT = ("STUDYID", "USUBJID", "MBTESTCD", "MBTEST", "MBSTRESC", "MBORRES", "MBDTC", "VISIT")
_NUMBERS = ("MBSEQ",)
_POSITIVE = ("POSITIVE", "DETECTED", "REACTIVE", "POS")
_NEGATIVE = ("NEGATIVE", "NOT DETECTED", "NON-REACTIVE", "NONREACTIVE", "NEG", "UNDETECTED")
_KEYS = ["USUBJID", "PARAMCD"]


def derive_admb(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the microbiology dataset from MB: treated subjects and the tests that the study names.

    Variables: PARAMCD, PARAM, AVALC (POSITIVE, NEGATIVE or OTHER), ADT, ADTM, ADY, ABLFL (the last known
    result before the first dose; a sample of its day counts as before, unless the times say otherwise),
    BASEC ("" without baseline), AVISITN (0 baseline; the planned weeks of the study, within its window
    around the planned day; else NaN), ANL01FL (nearest to the planned day). A number is a count of
    copies: above 0 it is positive. A result below a limit ("<20"), an invalid or an indeterminate one is
    OTHER: it says neither. Records without a result or a complete date are left out; those tests are missing.
    """
    mb = read_domain(trial, "MB", _TEXT, _NUMBERS)
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    dates = to_date(mb["MBDTC"])
    result = mb["MBSTRESC"].where(mb["MBSTRESC"] != "", mb["MBORRES"]).str.strip().str.upper()
    wanted = mb["USUBJID"].isin(treated.index) & mb["MBTESTCD"].isin(study.sampling.virus_tests)
    mb = mb[(result != "") & dates.notna() & wanted]
    admb = pd.DataFrame(
        {
            "STUDYID": mb["STUDYID"],
            "USUBJID": mb["USUBJID"],
            "MBSEQ": mb["MBSEQ"],
            "PARAMCD": mb["MBTESTCD"],
            "PARAM": mb["MBTEST"],
            "AVALC": _status(result.loc[mb.index]),
            "ADT": dates.loc[mb.index],
            "ADTM": to_datetime(mb["MBDTC"]),
            "VISIT": mb["VISIT"],
        }
    ).sort_values([*_KEYS, "ADTM", "MBSEQ"], ignore_index=True)
    admb["ADY"] = study_day(admb["ADT"], look_up(treated["TRTSDT"], admb["USUBJID"]))
    return _add_visits(_add_baseline(admb, treated), study)


def _status(result: pd.Series) -> pd.Series:
    number = pd.to_numeric(result, errors="coerce")
    positive = result.isin(_POSITIVE) | (number > 0)
    negative = result.isin(_NEGATIVE) | (number == 0)
    states = np.select([positive, negative], ["POSITIVE", "NEGATIVE"], "OTHER")
    return pd.Series(states, index=result.index, dtype="str")


def _add_baseline(admb: pd.DataFrame, treated: pd.DataFrame) -> pd.DataFrame:
    first, dosed = (look_up(treated[name], admb["USUBJID"]) for name in ("TRTSDT", "TRTSDTM"))
    timed = (admb["ADTM"] != admb["ADT"]) & dosed.notna()
    before = (admb["ADTM"] < dosed).where(timed, admb["ADT"] <= first)
    baseline = admb[before].drop_duplicates(_KEYS, keep="last")
    admb["ABLFL"] = yes_no(admb.index.to_series().isin(baseline.index)).replace("N", "")
    base = baseline[[*_KEYS, "AVALC"]].rename(columns={"AVALC": "BASEC"})
    admb = admb.merge(base, on=_KEYS, how="left", validate="m:1")
    admb["BASEC"] = admb["BASEC"].fillna("").astype("str")
    return admb.assign(before=before)


def _add_visits(admb: pd.DataFrame, study: Study) -> pd.DataFrame:
    week = pd.Series(np.nan, index=admb.index)
    distance = pd.Series(np.inf, index=admb.index)
    for planned in study.sampling.virus_weeks:
        days = (admb["ADY"] - 1 - 7 * planned).abs()
        nearer = (days <= study.visits.visit_window_days) & (days < distance) & ~admb["before"]
        week, distance = week.mask(nearer, float(planned)), distance.mask(nearer, days)
    admb["AVISITN"] = week.mask(admb["ABLFL"] == "Y", 0.0)
    distance = distance.mask(admb["ABLFL"] == "Y", 0.0)
    nearest = (
        admb.assign(distance=distance)[admb["AVISITN"].notna()]
        .sort_values([*_KEYS, "AVISITN", "distance", "ADTM", "MBSEQ"])
        .drop_duplicates([*_KEYS, "AVISITN"])
        .index
    )
    admb["ANL01FL"] = pd.Series(np.where(admb.index.isin(nearest), "Y", ""), dtype="str")
    return admb.drop(columns="before")
