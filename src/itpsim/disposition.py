"""DM and DS: who took part, from when to when, and how it ended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpsim.fates import INFARCTION
from itpsim.tables import day_text


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
