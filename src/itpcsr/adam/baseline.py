"""The baseline record of each series: one rule for all analysis datasets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.domains import look_up
from itpcsr.adam.flags import yes_no
from itpcsr.study import Study

FLAGGED = "value flagged in the data"
# Time points are read where they tell of the administration: of a posture or of rest they don't.
_DOSE = r"DOS(?:E|ING)|INFUSION|INJECTION|TREATMENT|ADMINISTRATION|TRANSFUSION"
_BEFORE = rf"^(?:.*\b)?PRE[- ]?(?:{_DOSE})|\bBEFORE\b.*(?:{_DOSE})|\bPRIOR TO\b.*(?:{_DOSE})|^PRE$|^PREDOSE"
_AFTER = (
    rf"POST[- ]?(?:{_DOSE})|\b(?:AFTER|DURING|FOLLOWING)\b.*(?:{_DOSE})"
    rf"|\b(?:END|START) OF (?:THE )?(?:{_DOSE})|^POST$"
)
_POSTURE = r"LYING|STANDING|SITTING|SUPINE|REST"


def read_time_points(frame: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Return ATPT, ATPTN, ATPTREF and AELTM of a domain's records, and BLFL (flagged as baseline).

    BLFL is Y where ``--BLFL`` or ``--LOBXFL`` is; a variable that the domain lacks says nothing.
    """
    text = {
        name: frame.get(f"{domain}{part}", pd.Series("", index=frame.index, dtype="str")).fillna("")
        for name, part in {
            "ATPT": "TPT",
            "ATPTREF": "TPTREF",
            "AELTM": "ELTM",
            "B": "BLFL",
            "L": "LOBXFL",
        }.items()
    }
    number = frame.get(f"{domain}TPTNUM", pd.Series(np.nan, index=frame.index))
    flagged = (text.pop("B") == "Y") | (text.pop("L") == "Y")
    found = pd.DataFrame({name: values.astype("str") for name, values in text.items()})
    return found.assign(
        ATPTN=number.astype("float64"), BLFL=flagged.map({True: "Y", False: ""}).astype("str")
    )


def before_treatment(records: pd.DataFrame, treated: pd.DataFrame) -> pd.Series:
    """True where a record is of before the first dose.

    Parameters
    ----------
    records
        USUBJID, ADT, ADTM, and where the domain has them the variables of ``read_time_points``.
    treated
        TRTSDT and TRTSDTM of the treated, by subject.

    On the day of the first dose the times decide; without both times the time point does, by its words
    (before the infusion), its elapsed time (-PT15M) or its number (below 0), as far as it tells of a dose;
    where that is silent, too, the record counts as of before.
    """
    first, dosed = (look_up(treated[name], records["USUBJID"]) for name in ("TRTSDT", "TRTSDTM"))
    timed = (records["ADTM"] != records["ADT"]) & dosed.notna()
    same_day = (records["ADTM"] < dosed).where(timed, ~_point_after(records))
    return (records["ADT"] < first) | ((records["ADT"] == first) & same_day)


def _point_after(records: pd.DataFrame) -> pd.Series:
    """True where the time point says that the dose had been given."""
    if "ATPT" not in records:
        return pd.Series(False, index=records.index)
    words, reference = records["ATPT"].str.upper(), records["ATPTREF"].str.upper()
    elapsed = records["AELTM"].str.strip().str.upper()
    before, after = words.str.contains(_BEFORE), words.str.contains(_AFTER)
    of_dose = reference.str.contains(_DOSE) | (reference == "") & ~words.str.contains(_POSTURE)
    later = elapsed.str.startswith("P") | (records["ATPTN"] >= 0) & ~elapsed.str.startswith("-")
    return after & ~before | ~before & of_dose & later


def flag_baseline(
    records: pd.DataFrame,
    keys: list[str],
    sequence: str,
    treated: pd.DataFrame,
    study: Study,
    usable: pd.Series | None = None,
) -> pd.Series:
    """Return Y for the baseline record of each series, "" for all others.

    Parameters
    ----------
    records
        As for ``before_treatment``, with the columns of ``keys`` (USUBJID first) and ``sequence``.
    usable
        False where a record can't be a baseline, such as a sample without result.

    The last record before the first dose is the baseline: by time, of the same time by the number of the time
    point, then by ``sequence``. Under the rule ``value flagged in the data`` it is the last of those flagged;
    a flag after the first dose marks no baseline, and a test that is flagged for nobody has its last record
    before the first dose.
    """
    candidates = before_treatment(records, treated)
    if usable is not None:
        candidates &= usable
    if study.baseline.baseline_rule == FLAGGED and "BLFL" in records:
        flagged = (records["BLFL"] == "Y") & candidates
        tests = [name for name in keys if name != "USUBJID"]
        known = flagged.groupby([records[name] for name in tests]).transform("any")
        candidates = flagged | (candidates & ~known)
    order = [*keys, "ADTM", *(["ATPTN"] if "ATPTN" in records else []), sequence]
    chosen = records[candidates].sort_values(order, na_position="first", kind="stable")
    last = chosen.drop_duplicates(keys, keep="last").index
    return yes_no(records.index.to_series().isin(last)).replace("N", "")
