"""Where trial data say that a subject died: DM, disposition, adverse events, death details, status."""

from __future__ import annotations

import pandas as pd

from csrkit.sdtm.read import Trial

_DEAD = ("DEATH", "DIED", "DEAD")
COLUMNS = ["USUBJID", "SOURCE", "DTC"]
# Of two dates equally precise the one of DM counts, which is SDTM's variable of the date of death.
_ORDER = {"DM": 0, "DS": 1, "AE": 2, "DD": 3, "SS": 4}
_DAY = 10


def find_deaths(trial: Trial) -> pd.DataFrame:
    """Return every record that tells of a death: USUBJID, SOURCE (domain), DTC (its date, "" for none).

    DM with DTHFL Y or a date of death; any disposition event DEATH; an adverse event that results in death
    (AESDTH), has a fatal outcome or grade 5, dated by its end; death details (DD) and a subject's status
    DEAD (SS), whose dates are those of the report and not of the death.
    """
    parts = [_in_dm(trial["DM"]), _in_ds(trial["DS"]), _in_ae(trial["AE"]), _in_dd(trial["DD"])]
    parts.append(_in_ss(trial["SS"]))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def choose_dates(said: pd.DataFrame) -> pd.DataFrame:
    """Return the death of each subject from what ``find_deaths`` found: DTC and SOURCES, by USUBJID.

    DTC is the most precise date (``2022-09-15`` before ``2022-09``), of equally precise ones that of DM, then
    of DS, then of an adverse event's end, then the earliest; "" where no date is known. SOURCES names the
    domains that tell of the death (``DM, DS``).
    """
    known = said["DTC"].str[:_DAY]
    rank = known.str.count(r"[0-9]").astype("int64")
    said = said.assign(DTC=known, RANK=-rank, PLACE=said["SOURCE"].map(_ORDER))
    first = said.sort_values(["USUBJID", "RANK", "PLACE", "DTC"]).drop_duplicates("USUBJID")
    sources = said.sort_values(["USUBJID", "PLACE"]).drop_duplicates(["USUBJID", "SOURCE"])
    named = sources.groupby("USUBJID")["SOURCE"].agg(", ".join).astype("str")
    return first.set_index("USUBJID")[["DTC"]].assign(SOURCES=named)


def is_fatal(ae: pd.DataFrame) -> pd.Series:
    """Tell of each adverse event whether it was fatal: by AESDTH, by outcome, or by grade 5."""
    return (
        (_plain(ae, "AESDTH") == "Y")
        | (_plain(ae, "AEOUT") == "FATAL")
        | _plain(ae, "AETOXGR").str.fullmatch(r"(?:GRADE ?)?5")
    )


def _plain(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series("", index=frame.index, dtype="str")
    return frame[name].astype("str").str.strip().str.upper().str.removesuffix(".0")


def _said(frame: pd.DataFrame, dead: pd.Series, source: str, date: str) -> pd.DataFrame:
    if "USUBJID" not in frame:
        return pd.DataFrame(columns=COLUMNS, dtype="str")
    rows = frame[dead]
    dates = rows[date].astype("str") if date in rows else ""
    return pd.DataFrame({"USUBJID": rows["USUBJID"], "SOURCE": source, "DTC": dates}, dtype="str")


def _in_dm(dm: pd.DataFrame) -> pd.DataFrame:
    return _said(dm, (_plain(dm, "DTHFL") == "Y") | (_plain(dm, "DTHDTC") != ""), "DM", "DTHDTC")


def _in_ds(ds: pd.DataFrame) -> pd.DataFrame:
    coded = _plain(ds, "DSDECOD")
    dead = coded.isin(_DEAD) | ((coded == "") & _plain(ds, "DSTERM").isin(_DEAD))
    return _said(ds, dead, "DS", "DSSTDTC")


def _in_ae(ae: pd.DataFrame) -> pd.DataFrame:
    return _said(ae, is_fatal(ae), "AE", "AEENDTC")


def _in_dd(dd: pd.DataFrame) -> pd.DataFrame:
    return _said(dd, _plain(dd, "DDSTAT") != "NOT DONE", "DD", "")


def _in_ss(ss: pd.DataFrame) -> pd.DataFrame:
    return _said(ss, _plain(ss, "SSSTRESC").isin(_DEAD), "SS", "")
