"""ADCP and ADMB: markers of immune function, and tests for viruses and syphilis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csrkit.errors import DataError
from csrkit.limits import read_limits
from csrkit.markers import Marker
from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold
from csrkit.sdtm.units import standard_limits
from itpcsr.adam.dates import study_day, to_datetime
from itpcsr.adam.domains import look_up, read_domain, yes_no
from itpcsr.adam.visits import add_visits, flag_baseline, name_visits
from itpcsr.sdtm import Trial
from itpcsr.sdtm.exposure import before_treatment, read_time_points
from itpcsr.sdtm.series import read_specimens
from itpcsr.study import Study

# ADCP: markers of immune function (phenotypes, cytokines, autoantibodies) on their scale of analysis.

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


# ADMB: virus and syphilis tests with result, analysis visit and status at baseline.

_TEXT = ("STUDYID", "USUBJID", "MBTESTCD", "MBTEST", "MBSTRESC", "MBORRES", "MBDTC", "VISIT")
_NUMBERS = ("MBSEQ",)
_POSITIVE = ("POSITIVE", "DETECTED", "REACTIVE", "POS")
_NEGATIVE = ("NEGATIVE", "NOT DETECTED", "NON-REACTIVE", "NONREACTIVE", "NEG", "UNDETECTED")


def derive_admb(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the microbiology dataset from MB: treated subjects and the tests that the study names.

    Variables: PARAMCD, PARAM, AVALC (POSITIVE, NEGATIVE or OTHER), MBSTRESC (the result it was read from, in
    capitals), ADT, ADTM, ADY, ABLFL (the last known result before the first dose, see ``flag_baseline``),
    BASEC ("" without baseline), AVISITN and AVISIT (0 baseline; the planned weeks of the study, within its
    window around the planned day; where no sample lies in it, one of the visit of that name, with WINFL N;
    else NaN), ANL01FL (nearest to the planned day). A number is a count of copies: above 0 it is positive. A
    result below a limit ("<20"), an invalid or an indeterminate one is OTHER: it says neither. A test
    without a result at baseline or at a planned week is a record with AVALC MISSING (DTYPE PHANTOM, and no
    date), if the subject was still in the study on the planned day and the data reach beyond that visit's
    window.
    """
    mb = read_domain(trial, "MB", _TEXT, _NUMBERS)
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    dates = to_date(mb["MBDTC"])
    result = fold(mb["MBSTRESC"].where(mb["MBSTRESC"].str.strip() != "", mb["MBORRES"]))
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
            "MBSTRESC": result.loc[mb.index],
            "ADT": dates.loc[mb.index],
            "ADTM": to_datetime(mb["MBDTC"]),
            "VISIT": mb["VISIT"],
        }
    ).join(read_time_points(mb, "MB"))
    admb = admb.sort_values([*_KEYS, "ADTM", "MBSEQ"], ignore_index=True)
    admb["ADY"] = study_day(admb["ADT"], look_up(treated["TRTSDT"], admb["USUBJID"]))
    admb = _add_visits(_add_baseline(admb, treated, study), study).drop(columns=_POINTS)
    missing = _missing_tests(admb, _expected(trial, treated, study), study)
    admb["DTYPE"] = ""
    admb = pd.concat([admb, missing.assign(DTYPE="PHANTOM")], ignore_index=True) if len(missing) else admb
    return admb.assign(AVISIT=name_visits(admb["AVISITN"]))


def _expected(trial: Trial, treated: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the subjects (USUBJID) and planned weeks (AVISITN) at which their tests were due."""
    last = _last_date(trial)
    window = pd.Timedelta(days=study.visits.visit_window_days)
    parts = [pd.DataFrame({"USUBJID": treated.index.to_series(), "AVISITN": 0.0})]
    # the last day with a record is no end: who is only known to have been there is still expected
    end = treated["EOSDT"].where(treated["EOSSRC"] != "RECORDS")
    for week in study.sampling.virus_weeks:
        planned = treated["TRTSDT"] + pd.Timedelta(days=7 * week)
        due = ~(end < planned) & (planned + window <= last)
        parts.append(pd.DataFrame({"USUBJID": treated.index[due], "AVISITN": float(week)}))
    return pd.concat(parts, ignore_index=True)


def _last_date(trial: Trial) -> pd.Timestamp:
    """Return the last day of any visit in the data: what was due later can't be missing yet."""
    dates = [
        to_date(trial[domain][name]).max()
        for domain, name in (("LB", "LBDTC"), ("VS", "VSDTC"), ("MB", "MBDTC"), ("DS", "DSSTDTC"))
        if name in trial[domain]
    ]
    return max((date for date in dates if not pd.isna(date)), default=pd.Timestamp.max)


def _missing_tests(admb: pd.DataFrame, expected: pd.DataFrame, study: Study) -> pd.DataFrame:
    tests = pd.DataFrame({"PARAMCD": study.sampling.virus_tests}, dtype="str")
    due = expected.merge(tests, how="cross")
    keys = [*_KEYS, "AVISITN"]
    have = pd.MultiIndex.from_frame(admb.loc[admb["ANL01FL"] == "Y", keys])
    due = due[~pd.MultiIndex.from_frame(due[keys]).isin(have)]
    names = admb.drop_duplicates("PARAMCD").set_index("PARAMCD")["PARAM"]
    base = admb[admb["ABLFL"] == "Y"].set_index(_KEYS)["AVALC"]
    filled = due.assign(
        PARAM=due["PARAMCD"].map(names).fillna(due["PARAMCD"]),
        AVALC="MISSING",
        BASEC=base.reindex(pd.MultiIndex.from_frame(due[_KEYS])).fillna("").to_numpy(),
        ANL01FL="Y",
    )
    text = dict.fromkeys(("STUDYID", "VISIT", "MBSTRESC", "ABLFL", "WINFL"), "")
    return filled.assign(**text).reindex(columns=admb.columns).astype(admb.dtypes)


def _status(result: pd.Series) -> pd.Series:
    number = pd.to_numeric(result, errors="coerce")
    positive = result.isin(_POSITIVE) | (number > 0)
    negative = result.isin(_NEGATIVE) | (number == 0)
    states = np.select([positive, negative], ["POSITIVE", "NEGATIVE"], "OTHER")
    return pd.Series(states, index=result.index, dtype="str")


def _add_baseline(admb: pd.DataFrame, treated: pd.DataFrame, study: Study) -> pd.DataFrame:
    before = before_treatment(admb, treated)
    admb["ABLFL"] = flag_baseline(admb, _KEYS, "MBSEQ", treated, study)
    base = admb.loc[admb["ABLFL"] == "Y", [*_KEYS, "AVALC"]].rename(columns={"AVALC": "BASEC"})
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
    named = fold(admb["VISIT"]).str.extract(r"^WEEK ([0-9]+)$", expand=False).astype("float64")
    late = week.isna() & named.isin(study.sampling.virus_weeks) & ~admb["before"]
    # later than any within the window, so that it stands for its visit only where none is
    week, distance = week.mask(late, named), distance.mask(late, 1e6 + (admb["ADY"] - 1 - 7 * named).abs())
    admb["WINFL"] = yes_no(~late)
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
