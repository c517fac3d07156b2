"""EX: one record per infusion given."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Study
from itpsim.tables import minute_text

# The infusion in which the reaction happens, and the share of the dose that was in by then (assumption).
REACTION_INFUSION, SHARE_GIVEN = 2, 0.6


def infusions(rng: Generator, people: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Return the infusions given, one row each.

    Columns: ``subject``, ``number`` (1 to 4), ``day`` (from infusion 1, day 0), ``minute`` of the day at
    the start, ``minutes`` (duration), ``interrupted``, VISITNUM, VISIT, VISITDY.
    """
    given = visits.loc[visits["given"], ["subject", "infusion", "day", "VISITNUM", "VISIT", "VISITDY"]]
    given = given.rename(columns={"infusion": "number"}).reset_index(drop=True)
    reaction = people["reaction"].to_numpy()[given["subject"]]
    interrupted = reaction & (given["number"] == REACTION_INFUSION).to_numpy()
    usual = np.round(60 + 6 * rng.standard_normal(len(given))).clip(45, 80)
    return given.assign(
        minute=9 * 60 + 30 + 5 * rng.integers(0, 24, len(given)),
        minutes=np.where(interrupted, 35, usual).astype("int64"),
        interrupted=interrupted,
    )


def make_ex(study: Study, people: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of EX; the dose is the cohort's, but for the interrupted infusion."""
    person = people[["USUBJID", "dose", "start"]].iloc[given["subject"]].reset_index(drop=True)
    share = np.where(given["interrupted"], SHARE_GIVEN, 1.0)
    return pd.DataFrame(
        {
            "USUBJID": person["USUBJID"],
            "EXTRT": study.identity.product,
            "EXDOSE": np.round(person["dose"] * share, 2),
            "EXDOSU": study.design.dose_unit,
            "EXDOSFRM": "INJECTION, SUSPENSION",
            "EXROUTE": "INTRAVENOUS",
            "EXADJ": np.where(given["interrupted"], "INFUSION RELATED REACTION", ""),
            "VISITNUM": given["VISITNUM"],
            "VISIT": given["VISIT"],
            "VISITDY": given["VISITDY"],
            "EXSTDTC": minute_text(person["start"], given["day"], given["minute"]),
            "EXENDTC": minute_text(person["start"], given["day"], given["minute"] + given["minutes"]),
        }
    )
