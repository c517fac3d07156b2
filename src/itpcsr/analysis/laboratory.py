"""Laboratory values: missing and abnormal ones, signs of the liver, and peaks (eDISH)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.absence import is_absent
from csrkit.limits import constant, exceeds, read_limits, span_of, stand_in
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups
from itpcsr.study import Laboratory, Study

# Laboratory values that a study shows as safety variables, and the abnormal ones one by one.

NO_DOMAIN = "The study's data hold no laboratory domain (LB), so laboratory values cannot be shown."
_NO_VALUES = "The study's data hold no laboratory value of a treated subject in the categories shown."


def safety_values(adlb: pd.DataFrame, rules: Laboratory) -> pd.DataFrame:
    """Return the records of the categories that the study shows as safety variables."""
    categories = [name.upper() for name in rules.laboratory_categories]
    return adlb[adlb["PARCAT1"].isin(categories)] if categories else adlb


def missing_sentence(adlb: pd.DataFrame, study: Study) -> str:
    """Return why there is nothing to show, or "" where there is."""
    if is_absent(adlb, "LB"):
        return NO_DOMAIN
    return _NO_VALUES if safety_values(adlb, study.laboratory).empty else ""


def analyse_abnormal_values(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """List the values after treatment began that are worse than at baseline and of high grade.

    Listed are values of toxicity grade ``abnormal_grade`` or more that is higher than the one at baseline (or
    whose baseline has no grade), and those that the data call clinically significant. One value has the rows
    value, range_low, range_high, grade, baseline, baseline_grade and day: ``analysis`` is listing, ``group``
    the subject, ``category`` PARAMCD, ``level`` LBSEQ, ``visit`` the visit's name; what isn't recorded has no
    row.
    ``method`` of value and baseline holds the sign of a limit (``>`` of ``>2000``). With no such value the
    display is one sentence.
    """
    if sentence := missing_sentence(adlb, study):
        return absent_rows("", sentence)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    values = safety_values(adlb, study.laboratory)
    values = values[values["USUBJID"].isin(members["USUBJID"]) & (values["ONTRTFL"] == "Y")]
    listed = values[_is_worse(values, study.laboratory.abnormal_grade) | (values["CLSIGFL"] == "Y")]
    if listed.empty:
        return absent_rows("", _nothing_listed(study.laboratory))
    low = listed["ATOXDIR"] != "H"
    numbers = {
        "value": stand_in(listed),
        "range_low": listed["ANRLO"],
        "range_high": listed["ANRHI"],
        "grade": pd.to_numeric(listed["ATOXGR"], errors="coerce"),
        "baseline": stand_in(listed, "BASE", "BASEC"),
        "baseline_grade": pd.to_numeric(listed["BTOXGRL"].where(low, listed["BTOXGRH"]), errors="coerce"),
        "day": listed["ADY"],
    }
    keys = pd.DataFrame(
        {
            "group": listed["USUBJID"],
            "category": listed["PARAMCD"],
            "level": listed["LBSEQ"].astype("Int64").astype("str"),
            "visit": listed["VISIT"],
            "order": range(len(listed)),
        }
    )
    units = {"day": "day", "grade": "", "baseline_grade": ""}
    signs = {"value": read_limits(listed["AVALC"])["sign"], "baseline": read_limits(listed["BASEC"])["sign"]}
    parts = [
        keys.assign(
            statistic=name,
            value=column,
            unit=units.get(name, listed["AVALU"]),
            method=signs.get(name, ""),
        )
        for name, column in numbers.items()
    ]
    rows = (
        pd.concat(parts).dropna(subset=["value"]).sort_values(["group", "category", "order"], kind="stable")
    )
    return make_rows(
        rows.drop(columns="order"),
        analysis="listing",
        population="safety set",
        dataset="ADLB",
    )


def _is_worse(values: pd.DataFrame, least: int) -> pd.Series:
    worse = pd.Series(False, index=values.index)
    for side in ("L", "H"):
        grade = pd.to_numeric(values[f"ATOXGR{side}"], errors="coerce")
        base = pd.to_numeric(values[f"BTOXGR{side}"], errors="coerce").fillna(-1)
        worse |= (grade >= least) & (grade > base)
    return worse


def _nothing_listed(rules: Laboratory) -> str:
    if not rules.toxicity_criteria:
        return "Laboratory values are not graded in this study, so none is listed as abnormal."
    return (
        f"No laboratory value after the start of treatment had {rules.toxicity_criteria} grade "
        f"{rules.abnormal_grade} or higher above the grade at baseline."
    )


# Signs of liver injury: transaminases, bilirubin, and both together (Hy's law).

_TRANSAMINASES = ("ALT", "AST")
MULTIPLES = (3, 5, 10, 20)
_BILIRUBIN, _PHOSPHATASE = 2, 2
# The tests beside a transaminase without which a sign can't be told
_NEEDED = {"bilirubin": {"BILI"}, "both": {"BILI"}, "hys_law": {"BILI", "ALP"}}


def liver_signs(adlb: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return which signs of liver injury each subject showed after treatment began.

    Parameters
    ----------
    adlb
        Laboratory values. ULN is each record's own upper limit of normal; a value beyond the measuring range
        (``>2000``) fulfils what it certainly does.
    days
        How far apart values may lie that count together.

    Returns
    -------
    DataFrame
        One row per subject with ALT or AST after treatment began: USUBJID; Y or N for 3, 5, 10 and 20 (ALT or
        AST at least that multiple of ULN), bilirubin (above 2 ULN), both (ALT or AST at least 3 ULN and
        bilirubin above 2 ULN within the days) and hys_law (moreover an alkaline phosphatase below 2 ULN, and
        none at or above, within these days of the same transaminase; a transaminase without phosphatase can't
        fulfil it); DAY, the study day of the first transaminase of ``both``. A sign is missing for all where
        the data hold no test that it needs.

    Notes
    -----
    FDA guidance on drug-induced liver injury, 2009.
    """
    values = _multiples(adlb)
    tested = values[values["PARAMCD"].isin(_TRANSAMINASES)]
    pairs = _pairs(values, days)
    first = pairs.sort_values(["USUBJID", "ADT"]).drop_duplicates("USUBJID").set_index("USUBJID")["ADY"]
    signs = pd.DataFrame({"USUBJID": sorted(tested["USUBJID"].unique())}, dtype="str")
    for sign, subjects in _criteria(values, tested, pairs).items():
        known = _NEEDED.get(sign, set()) <= set(values["PARAMCD"])
        shown = signs["USUBJID"].isin(subjects).map({True: "Y", False: "N"}).astype("str")
        signs[sign] = shown if known else pd.Series(pd.NA, signs.index, dtype="str")
    return signs.assign(DAY=signs["USUBJID"].map(first).astype("float64"))


def _multiples(adlb: pd.DataFrame) -> pd.DataFrame:
    """Return the liver tests after treatment began as multiples of their upper limit of normal.

    ``multiple`` is the least and ``most`` the most that the value can be, the same for a number; ``raised``:
    it certainly lies above the multiple that counts for bilirubin.
    """
    tests = (*_TRANSAMINASES, "BILI", "ALP")
    rows = adlb[adlb["PARAMCD"].isin(tests) & (adlb["ONTRTFL"] == "Y") & (adlb["ANRHI"] > 0)]
    value = span_of(rows).over(rows["ANRHI"])
    above, _ = exceeds(value, constant(_BILIRUBIN, len(rows)), equal=False)
    least, most = value.low, np.where(value.high_open, np.nextafter(value.high, -np.inf), value.high)
    named = rows.assign(multiple=least, most=most, raised=above)
    return named[["USUBJID", "PARAMCD", "ADT", "ADY", "multiple", "most", "raised"]]


def _pairs(values: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return raised transaminases with a raised bilirubin within the days, and whether ALP is low there."""
    raised = values[values["PARAMCD"].isin(_TRANSAMINASES) & (values["multiple"] >= MULTIPLES[0])]
    bilirubin = values[(values["PARAMCD"] == "BILI") & values["raised"]]
    keys = ["USUBJID", "ADT", "ADY"]
    pairs = _near(raised, bilirubin, days)[keys].drop_duplicates()
    near = _near(pairs, values[values["PARAMCD"] == "ALP"], days)
    highest = near.groupby(keys)["most"].max()
    found = highest.reindex(pd.MultiIndex.from_frame(pairs[keys])).to_numpy("float64")
    return pairs.assign(hys_law=found < _PHOSPHATASE)


def _near(rows: pd.DataFrame, others: pd.DataFrame, days: int) -> pd.DataFrame:
    others = others[["USUBJID", "ADT", "most"]].rename(columns={"ADT": "OTHERDT"})
    both = rows.drop(columns=["multiple", "most", "raised"], errors="ignore").merge(others, on="USUBJID")
    return both[(both["ADT"] - both["OTHERDT"]).abs() <= pd.Timedelta(days=days)]


def _criteria(values: pd.DataFrame, tested: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, set[str]]:
    bilirubin = values[(values["PARAMCD"] == "BILI") & values["raised"]]
    return {
        **{str(many): set(tested.loc[tested["multiple"] >= many, "USUBJID"]) for many in MULTIPLES},
        "bilirubin": set(bilirubin["USUBJID"]),
        "both": set(pairs["USUBJID"]),
        "hys_law": set(pairs.loc[pairs["hys_law"], "USUBJID"]),
    }


# Peak ALT against peak bilirubin: who lies where drug-induced liver injury would be seen (eDISH).

# Limits as multiples of the upper limit of normal: FDA guidance on drug-induced liver injury, 2009.
LIMITS = {"ALT": 3.0, "BILI": 2.0}


def select_peaks(adsl: pd.DataFrame, adlb: pd.DataFrame) -> pd.DataFrame:
    """Return peak ALT and peak bilirubin after the first dose as multiples of the upper limit of normal.

    One record per treated subject who has both: USUBJID, ALT, ALTDY, BILI, BILIDY (study days of the
    peaks, the first of several) and QUADRANT: both (ALT at least 3 times and bilirubin more than 2
    times the limit), alt, bilirubin, within. The two peaks needn't be of one day. A value
    beyond the measuring range (``>2000``) stands where its number does; it lies there or farther out.
    """
    values = adlb[(adlb["ONTRTFL"] == "Y") & (adlb["ANRHI"] > 0)]
    values = values.assign(RATIO=stand_in(values) / values["ANRHI"])
    treated = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID"]]
    for code in ("ALT", "BILI"):
        chosen = values[values["PARAMCD"] == code].sort_values(["USUBJID", "ADY", "LBSEQ"], kind="stable")
        chosen = chosen.assign(HIGH=_beyond(chosen, code))
        peaks = chosen.loc[chosen.groupby("USUBJID")["RATIO"].idxmax(), ["USUBJID", "RATIO", "ADY"]]
        peaks["HIGH"] = peaks["USUBJID"].isin(chosen.loc[chosen["HIGH"], "USUBJID"])
        peaks = peaks.rename(columns={"RATIO": code, "ADY": f"{code}DY", "HIGH": f"{code}HIGH"})
        treated = treated.merge(peaks, on="USUBJID", validate="1:1")
    high_alt, high_bilirubin = treated.pop("ALTHIGH"), treated.pop("BILIHIGH")
    quadrant = np.select(
        [high_alt & high_bilirubin, high_alt, high_bilirubin], ["both", "alt", "bilirubin"], default="within"
    )
    return treated.assign(QUADRANT=pd.Series(quadrant, index=treated.index, dtype="str"))


def _beyond(values: pd.DataFrame, code: str) -> pd.Series:
    """Tell which values certainly reach (ALT) or exceed (bilirubin) the multiple that parts the quadrants."""
    multiple = span_of(values).over(values["ANRHI"])
    sure, _ = exceeds(multiple, constant(LIMITS[code], len(values)), equal=code == "ALT")
    return pd.Series(sure, index=values.index)
