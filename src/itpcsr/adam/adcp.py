"""ADCP: markers of immune function (phenotypes, cytokines, autoantibodies) on their scale of analysis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csrkit.errors import DataError
from csrkit.limits import read_limits
from csrkit.markers import Marker
from csrkit.sdtm.standard_limits import standard_limits
from itpcsr.adam.baseline import flag_baseline
from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.visits import add_visits
from itpcsr.sdtm import Trial
from itpcsr.sdtm.first_dose import read_time_points
from itpcsr.sdtm.specimens import read_specimens
from itpcsr.study import Study

_KEYS = ["USUBJID", "PARAMCD"]
_ORDER = ["ADTM", "SRCSEQ"]
_DOMAINS = ("CP", "LB", "IS")
_SPECIMEN = ("LBSPEC", "LBCAT")
_POINTS = ["BLFL", "ATPT", "ATPTN", "ATPTREF", "AELTM"]
_MEASURED = [
    "STUDYID",
    "USUBJID",
    "PARAMCD",
    "AVAL",
    "AVALU",
    "DTYPE",
    "DTC",
    "VISIT",
    "SRCDOM",
    "SRCSEQ",
    *_POINTS,
]


def derive_adcp(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the markers that the study's marker table names from CP, LB and IS, treated subjects only.

    Variables: PARAMCD, PARAM, PARCAT1 (panel), AVAL in AVALU, DTYPE (``LIMIT`` where the value was below the
    lowest measurable one and is a multiple of it, or above the highest one and is that; ``RATIO`` where
    derived from two markers of one sample, else ""), SCALE (log or linear), TVAL (natural logarithm of AVAL,
    or AVAL; NaN for a value that has no logarithm), ADT, ADTM, ADY, ABLFL, BASE, CHG, R2BASE, TBASE, TCHG
    (both on the scale of analysis), AVISITN, AVISIT and ANL01FL as in ADLB, SRCDOM and SRCSEQ
    (the record that it comes from; of a ratio that of its numerator). Records without a result or a
    complete date are left out; a ratio that stands in the data is derived again, without the rounding of its
    parts.

    Raises DataError where one marker comes in more than one unit.
    """
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    adcp = _describe(_measure(trial, treated, study), study.markers)
    adcp = adcp.sort_values([*_KEYS, *_ORDER], ignore_index=True)
    adcp["ADY"] = study_day(adcp["ADT"], look_up(treated["TRTSDT"], adcp["USUBJID"]))
    adcp["ABLFL"] = flag_baseline(adcp, _KEYS, "SRCSEQ", treated, study)
    adcp = add_visits(_add_change(adcp), _KEYS, _ORDER, study)
    return adcp.drop(columns=[*_POINTS, "DTC"])


def _measure(trial: Trial, treated: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the dated results of treated subjects, and the ratios of two of them; parts end here."""
    measured = pd.concat([_read(trial, domain, study) for domain in _DOMAINS], ignore_index=True)
    dates = to_date(measured["DTC"])
    measured = measured.assign(ADT=dates, ADTM=to_datetime(measured["DTC"]))
    measured = measured[dates.notna() & measured["USUBJID"].isin(treated.index)]
    _check_units(measured)
    ratios = [_ratio(measured, marker) for marker in study.markers if marker.parts]
    return pd.concat([measured, *ratios], ignore_index=True)


def _read(trial: Trial, domain: str, study: Study) -> pd.DataFrame:
    """Return the results of one domain's markers under common names."""
    codes = [marker.code for marker in study.markers if marker.domain == domain]
    names = {f"{domain}TESTCD": "PARAMCD", f"{domain}STRESU": "AVALU", f"{domain}DTC": "DTC"}
    numbers = {f"{domain}SEQ": "SRCSEQ", f"{domain}STRESN": "AVAL"}
    frame = read_domain(trial, domain, ["STUDYID", "USUBJID", "VISIT", *_SPECIMEN, *names], list(numbers))
    frame = frame[frame[f"{domain}TESTCD"].isin(codes)]
    if domain == "LB":
        frame = frame[read_specimens(frame) == ""]
    limit = read_limits(standard_limits(frame, domain))
    frame = frame.rename(columns=names | numbers).join(read_time_points(frame, domain))
    beyond, below = limit["sign"] != "", limit["sign"].str.startswith("<")
    replaced = limit["value"] * below.map({True: study.immune.below_limit_factor, False: 1.0})
    frame["AVAL"] = frame["AVAL"].where(~beyond, replaced)
    frame["SRCDOM"] = domain
    frame["DTYPE"] = beyond.map({True: "LIMIT", False: ""}).astype("str")
    return frame.loc[frame["AVAL"].notna(), _MEASURED]


def _check_units(measured: pd.DataFrame) -> None:
    units = measured.groupby("PARAMCD")["AVALU"].unique()
    for code, found in units.items():
        if len(found) > 1:
            raise DataError(
                f"Marker {code} comes in several units ({', '.join(sorted(map(str, found)))}), so its values "
                "can't be compared. Convert them by a mapping file or in the data."
            )


def _ratio(measured: pd.DataFrame, marker: Marker) -> pd.DataFrame:
    """Return the ratio of two markers in each sample that has both, the second above zero."""
    key = ["USUBJID", "DTC", "VISIT"]
    top, bottom = (
        measured[measured["PARAMCD"] == code].drop_duplicates(key, keep="last") for code in marker.parts
    )
    both = top.merge(bottom[[*key, "AVAL"]], on=key, suffixes=("", "_BOTTOM"))
    both = both[both["AVAL_BOTTOM"] > 0]
    value = both["AVAL"] / both["AVAL_BOTTOM"]
    return both.assign(PARAMCD=marker.code, AVAL=value, AVALU="RATIO", DTYPE="RATIO")[measured.columns]


def _describe(adcp: pd.DataFrame, markers: Sequence[Marker]) -> pd.DataFrame:
    """Add what the marker table says of each marker, and the value on its scale of analysis."""
    table = pd.DataFrame(
        [(marker.code, marker.label, marker.panel, marker.scale) for marker in markers],
        columns=["PARAMCD", "PARAM", "PARCAT1", "SCALE"],
        dtype="str",
    ).set_index("PARAMCD")
    for name in table.columns:
        adcp[name] = look_up(table[name], adcp["PARAMCD"])
    positive = adcp["AVAL"].where(adcp["AVAL"] > 0).astype("float64")
    adcp["TVAL"] = np.where(adcp["SCALE"] == "log", np.log(positive.to_numpy("float64")), adcp["AVAL"])
    return adcp


def _add_change(adcp: pd.DataFrame) -> pd.DataFrame:
    base = adcp.loc[adcp["ABLFL"] == "Y", [*_KEYS, "AVAL", "TVAL"]]
    base = base.rename(columns={"AVAL": "BASE", "TVAL": "TBASE"})
    adcp = adcp.merge(base, on=_KEYS, how="left", validate="m:1")
    adcp["CHG"] = adcp["AVAL"] - adcp["BASE"]
    adcp["R2BASE"] = adcp["AVAL"] / adcp["BASE"].where(adcp["BASE"] > 0)
    adcp["TCHG"] = adcp["TVAL"] - adcp["TBASE"]
    return adcp
