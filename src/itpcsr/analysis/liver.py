"""Signs of liver injury: transaminases, bilirubin, and both together (Hy's law)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.absence import is_absent
from csrkit.limits import constant, exceeds, span_of
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import mark_unrecorded
from itpcsr.analysis.laboratory import NO_DOMAIN, count_among
from itpcsr.study import Study

_TRANSAMINASES = ("ALT", "AST")
MULTIPLES = (3, 5, 10, 20)
_BILIRUBIN, _PHOSPHATASE = 2, 2
_NO_TESTS = "The study's data hold no ALT or AST with an upper limit of normal after treatment began."


def analyse_hys_law(adsl: pd.DataFrame, adlb: pd.DataFrame, study: Study, confidence: float) -> pd.DataFrame:
    """Count subjects with raised liver tests after treatment began, with exact intervals.

    Levels: 3, 5, 10, 20 (ALT or AST at least that multiple of ULN); bilirubin (above 2 ULN); both: ALT or AST
    at least 3 ULN and bilirubin above 2 ULN at most ``hys_law_days`` apart; hys_law: moreover an alkaline
    phosphatase below 2 ULN, and none at or above, within these days of the same transaminase (FDA guidance on
    drug-induced liver injury, 2009; a transaminase without phosphatase can't fulfil it). ULN is the record's
    own upper limit of normal. A value beyond the measuring range (``>2000``) fulfils what it certainly does.
    N is the number of subjects with ALT or AST after treatment began. ``analysis`` case names subjects with
    ``both`` (``group``), by the study day of the transaminase.
    """
    display = "tbl-hys-law"
    if is_absent(adlb, "LB"):
        return absent_rows(display, NO_DOMAIN)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    values = _multiples(adlb)
    tested = values[values["PARAMCD"].isin(_TRANSAMINASES)]
    if tested.empty:
        return absent_rows(display, _NO_TESTS)
    pairs = _pairs(values, study.laboratory.hys_law_days)
    fulfilled = _criteria(values, tested, pairs)
    parts = [size_rows(members)]
    everyone = tested[["USUBJID"]].drop_duplicates().assign(level="")
    for level, subjects in fulfilled.items():
        named = everyone.assign(level=everyone["USUBJID"].isin(subjects).map({True: level, False: ""}))
        counts = count_among(named, members, [level], confidence).assign(analysis="criterion")
        needed = {"bilirubin": ["BILI"], "both": ["BILI"], "hys_law": ["BILI", "ALP"]}.get(level, [])
        known = set(needed) <= set(values["PARAMCD"])
        parts.append(counts if known else mark_unrecorded(counts))
    parts.append(_cases(pairs[pairs["USUBJID"].isin(members["USUBJID"])]))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population="safety set", dataset="ADLB"
    )


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


def _cases(pairs: pd.DataFrame) -> pd.DataFrame:
    first = pairs.sort_values(["USUBJID", "ADT"]).drop_duplicates("USUBJID")
    return pd.DataFrame(
        {
            "analysis": "case",
            "group": first["USUBJID"],
            "statistic": "day",
            "value": first["ADY"],
            "unit": "day",
        }
    )
