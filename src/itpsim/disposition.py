"""DM, DS and DV: who took part, how it ended, and deviations found in what happened."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.study import Study
from itpsim.people import INFARCTION
from itpsim.tables import day_text
from itpsim.treatment import SHARE_GIVEN
from itpsim.visits import planned_visits

# DM and DS: who took part, from when to when, and how it ended.


def make_dm(people: pd.DataFrame, ex: pd.DataFrame, last: pd.Series) -> pd.DataFrame:
    """Return the rows of DM; the reference period runs from the first to the end of the last infusion.

    ``ex`` is in order of subject and time.
    """
    first = _of_subject(people["USUBJID"], ex.drop_duplicates("USUBJID"), "EXSTDTC")
    final = _of_subject(people["USUBJID"], ex.drop_duplicates("USUBJID", keep="last"), "EXENDTC")
    consent = day_text(people["start"], people["consent"])
    return pd.DataFrame(
        {
            "USUBJID": people["USUBJID"],
            "SUBJID": people["SUBJID"],
            "RFSTDTC": first,
            "RFENDTC": final,
            "RFXSTDTC": first,
            "RFXENDTC": final,
            "RFICDTC": consent,
            "RFPENDTC": day_text(people["start"], last),
            "SITEID": "01",
            "AGE": people["AGE"],
            "AGEU": "YEARS",
            "SEX": people["SEX"],
            "RACE": "ASIAN",
            "ARMCD": people["ARMCD"],
            "ARM": people["ARM"],
            "ACTARMCD": people["ARMCD"],
            "ACTARM": people["ARM"],
            "COUNTRY": "CHN",
            "DMDTC": consent,
        }
    )


def make_ds(people: pd.DataFrame, given: pd.DataFrame, last: pd.Series) -> pd.DataFrame:
    """Return the rows of DS: consent and enrolment, end of treatment and end of study."""
    enrolled = people["enrolled"].to_numpy(dtype=bool)
    stopped = (people["serious"] == INFARCTION).to_numpy()
    left = people["left_reason"]
    final_infusion = pd.Series(people.index).map(given.groupby("subject")["day"].max())
    everyone, screened_only = np.ones(len(people), dtype=bool), ~enrolled
    withdrew = screened_only & (people["ARMCD"] == "NOTASSGN").to_numpy()
    milestone, event = "PROTOCOL MILESTONE", "DISPOSITION EVENT"
    parts = [
        _records(
            people,
            everyone,
            people["consent"],
            "INFORMED CONSENT OBTAINED",
            "INFORMED CONSENT OBTAINED",
            milestone,
        ),
        _records(people, enrolled, people["enrolment"], "ENROLLED", "ENROLLED", milestone),
    ]
    treatment = [
        (enrolled & ~stopped, final_infusion, "COMPLETED", "COMPLETED"),
        (enrolled & stopped, people["serious_day"], "DOSE-LIMITING TOXICITY", "ADVERSE EVENT"),
    ]
    study = [
        (enrolled & (left == "").to_numpy(), last, "COMPLETED", "COMPLETED"),
        *(((left == reason).to_numpy(), last, reason, reason) for reason in sorted(set(left) - {""})),
        (screened_only & ~withdrew, last, "PLATELET COUNT NOT BELOW 30 X 10^9/L", "SCREEN FAILURE"),
        (withdrew, last, "WITHDREW CONSENT BEFORE TREATMENT", "WITHDRAWAL BY SUBJECT"),
    ]
    parts += [_records(people, *record, event, "TREATMENT") for record in treatment]
    parts += [_records(people, *record, event, "STUDY") for record in study]
    return pd.concat(parts, ignore_index=True)


def treatment_end(dm: pd.DataFrame, ds: pd.DataFrame) -> pd.Series:
    """Return for each row of DM the day on which treatment ended, empty if there was none."""
    return _of_subject(dm["USUBJID"], ds[ds["DSSCAT"] == "TREATMENT"], "DSSTDTC")


def _of_subject(usubjid: pd.Series, table: pd.DataFrame, column: str) -> pd.Series:
    """Return the column's text for each subject, empty without a row; the table has one row a subject."""
    return usubjid.map(table.set_index("USUBJID")[column]).astype("str").fillna("")


def _records(
    people: pd.DataFrame,
    who: np.ndarray,
    day: pd.Series,
    term: str,
    decod: str,
    category: str,
    subcategory: str = "",
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "USUBJID": people.loc[who, "USUBJID"],
            "DSTERM": term,
            "DSDECOD": decod,
            "DSCAT": category,
            "DSSCAT": subcategory,
            "DSSTDTC": day_text(people.loc[who, "start"], day[who]),
        }
    )


# DV: protocol deviations, found in what happened.

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
