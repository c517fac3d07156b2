"""DV: protocol deviations, found in what happened."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.study import Study
from itpsim.exposure import SHARE_GIVEN
from itpsim.tables import day_text
from itpsim.visits import planned_visits

MAJOR, MINOR = "MAJOR", "MINOR"
_COLUMNS = ["subject", "day", "DVTERM", "DVDECOD", "DVCAT"]


def make_dv(
    people: pd.DataFrame,
    visits: pd.DataFrame,
    given: pd.DataFrame,
    missing: pd.DataFrame,
    last: pd.Series,
    study: Study,
) -> pd.DataFrame:
    """Return the rows of DV: visits outside their window or missed, infusions cut short, samples missing.

    Major are an infusion cut short and a missed visit at which safety laboratory was planned (assumption).
    A missed visit has the day on which it was planned.

    Parameters
    ----------
    missing
        Missing samples of cells in blood: ``subject``, ``day``, ``PCTPT``.
    last
        Each subject's last day in the study; nothing is missed after it.
    """
    found = [
        _out_of_window(visits, study),
        _missed(people, visits, last, study),
        _cut_short(given),
        _missing_samples(missing),
    ]
    rows = pd.concat(
        [part[_COLUMNS] for part in found if len(part)] or [found[0][_COLUMNS]], ignore_index=True
    )
    subject = rows["subject"].to_numpy(dtype="int64")
    return rows.assign(
        USUBJID=people["USUBJID"].take(subject).to_numpy(),
        DVSTDTC=day_text(people["start"].to_numpy()[subject], rows["day"]),
    )


def _out_of_window(visits: pd.DataFrame, study: Study) -> pd.DataFrame:
    window = study.visits.visit_window_days
    off = (visits["day"] - (visits["VISITDY"] - 1)).astype("float64")
    outside = visits.assign(off=off)[(visits["VISITDY"] > 1) & (off.abs() > window)]
    side = np.where(outside["off"] > 0, "after", "before")
    days = outside["off"].abs().astype("int64").astype("str")
    return outside.assign(
        DVTERM=outside["VISIT"] + " " + days + " days " + side + f" the planned day (window {window} days)",
        DVDECOD="VISIT OUT OF WINDOW",
        DVCAT=MINOR,
    )


def _missed(people: pd.DataFrame, visits: pd.DataFrame, last: pd.Series, study: Study) -> pd.DataFrame:
    plan = planned_visits(study)
    enrolled = pd.DataFrame({"subject": np.flatnonzero(people["enrolled"].to_numpy(dtype=bool))})
    expected = enrolled.merge(plan, how="cross").assign(day=lambda rows: rows["VISITDY"] - 1)
    came = visits[["subject", "VISITNUM"]].assign(came=True)
    expected = expected.merge(came, on=["subject", "VISITNUM"], how="left")
    in_study = expected["day"] <= expected["subject"].map(last) - study.visits.visit_window_days
    absent = expected[expected["came"].isna() & in_study]
    return absent.assign(
        DVTERM=absent["VISIT"] + " missed",
        DVDECOD="MISSED VISIT",
        DVCAT=np.where(absent["laboratory"], MAJOR, MINOR),
    )


def _cut_short(given: pd.DataFrame) -> pd.DataFrame:
    short = given[given["interrupted"].astype(bool)]
    return short.assign(
        DVTERM="Infusion " + short["number"].astype("str") + f" stopped after {SHARE_GIVEN:.0%} of the dose",
        DVDECOD="INCOMPLETE INFUSION",
        DVCAT=MAJOR,
    )


def _missing_samples(missing: pd.DataFrame) -> pd.DataFrame:
    # Samples run beyond midnight; the minute of the first day tells on which day they were due.
    return missing.assign(
        day=missing["day"] + missing["minute"] // 1440,
        DVTERM="Sample of cells in blood " + missing["PCTPT"] + " 1 not taken",
        DVDECOD="MISSED SAMPLE",
        DVCAT=MINOR,
    )
