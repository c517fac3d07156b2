"""Dates as ISO 8601 text, and what every SDTM table needs: study days, epoch, sequence and order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

from itpcsr.sdtm.simulation.catalogue import STUDY_ID, VARIABLE_LABELS
from itpcsr.sdtm.simulation.draws import Texts

_NUMERIC = ("SEQ", "DY", "DOSE", "STRESN", "STNRLO", "STNRHI", "AGE", "NUM", "LLOQ", "ETORD")


def texts(values: Sequence[str]) -> ExtensionArray:
    """Return the values as an array of pandas' ``str``, which ``take`` spreads over many rows cheaply."""
    return pd.array(values, dtype="str")


def day_text(start: npt.ArrayLike, day: npt.ArrayLike) -> Texts:
    """Return YYYY-MM-DD of ``day`` days after ``start`` (datetime64[D]); a missing day gives empty text."""
    days = np.asarray(day, dtype="float64")
    known = ~np.isnan(days)
    dates = np.asarray(start, dtype="datetime64[D]") + np.where(known, days, 0).astype("int64")
    return np.asarray(np.where(known, np.datetime_as_string(dates), ""), dtype=object)


def minute_text(start: npt.ArrayLike, day: npt.ArrayLike, minute: npt.ArrayLike) -> Texts:
    """Return YYYY-MM-DDThh:mm of ``minute`` minutes into the day ``day`` days after ``start``."""
    minutes = np.asarray(day, dtype="int64") * 1440 + np.asarray(minute, dtype="int64")
    moments = np.asarray(start, dtype="datetime64[D]") + minutes.astype("m8[m]")
    return np.asarray(np.datetime_as_string(moments), dtype=object)


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows as named tuples, whose fields have the columns' types."""
    yield from frame.itertuples()


def finish(name: str, rows: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Turn rows into the domain: identifiers, epoch, study days, order, sequence numbers and types.

    Parameters
    ----------
    name
        Domain; its variables and their order are the catalogue's.
    rows
        The domain's own variables with USUBJID; variables that are absent stay empty.
    reference
        One row per subject: USUBJID, RFSTDTC, RFICDTC and ``treatment_end`` (the day treatment ended).
    """
    names = VARIABLE_LABELS[name]
    moments = [column for column in names if column.startswith(name) and column.endswith("DTC")]
    table = rows.assign(STUDYID=STUDY_ID, DOMAIN=name).reset_index(drop=True)
    table = table.astype(dict.fromkeys(["USUBJID", *moments], "str"))
    subject = reference.set_index("USUBJID")
    first = table["USUBJID"].map(subject["RFSTDTC"]).astype("str")
    for moment in moments:
        table[moment.removesuffix("DTC") + "DY"] = study_day(table[moment], first)
    if "EPOCH" in names:
        table["EPOCH"] = _epoch(table[moments[0]], table["USUBJID"], subject)
    if name != "DM":
        order = dict.fromkeys(["USUBJID", moments[0], *(column for column in names if column in rows)])
        table = table.sort_values(list(order), ignore_index=True)
        table[f"{name}SEQ"] = table.groupby("USUBJID").cumcount() + 1
    return typed(table, name)


def typed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the catalogue's columns in their order: text as ``str``, numbers as ``float64``."""
    columns: dict[str, pd.Series] = {}
    for column in VARIABLE_LABELS[name]:
        if column.endswith(_NUMERIC):
            columns[column] = table[column].astype("float64")
        else:
            columns[column] = table.get(column, pd.Series("", index=table.index)).astype("str")
    return pd.DataFrame(columns)


def study_day(text: pd.Series, first: pd.Series) -> pd.Series:
    """Return the SDTM study day (no day 0); missing where a date is missing or partial."""
    days = (_date(text) - _date(first)).dt.days.astype("float64")
    return days + (days >= 0)


def _date(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text.str[:10].where(text.str.len() >= 10), format="%Y-%m-%d", errors="coerce")


def _epoch(moment: pd.Series, usubjid: pd.Series, subject: pd.DataFrame) -> pd.Series:
    """Screening until infusion 1 starts, treatment to the day on which it ended, then follow-up.

    Empty for a partial date and for what was before consent.
    """
    consent, first, last = (
        usubjid.map(subject[name]).astype("str") for name in ("RFICDTC", "RFSTDTC", "treatment_end")
    )
    day = moment.str[:10]
    timed = (moment.str.len() >= 16) & (first.str.len() >= 16)
    screening = (first == "") | (day < first.str[:10]) | (timed & (moment < first))
    epoch = pd.Series("FOLLOW-UP", index=moment.index, dtype="str")
    epoch = epoch.mask(day <= last, "TREATMENT").mask(screening, "SCREENING")
    return epoch.mask((moment.str.len() < 10) | (day < consent), "")
