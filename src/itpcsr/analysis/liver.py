"""Signs of liver injury: transaminases, bilirubin, and both together (Hy's law)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import constant, exceeds, span_of

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
