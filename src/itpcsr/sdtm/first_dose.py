"""Before the first dose or after it: what a record's time and time point say, and which tests have flags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csrkit.sdtm.labels import fold

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
    flagged = (fold(text.pop("B")) == "Y") | (fold(text.pop("L")) == "Y")
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
    subjects = records["USUBJID"].to_numpy()
    first, dosed = (treated[name].reindex(subjects).set_axis(records.index) for name in ("TRTSDT", "TRTSDTM"))
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


def is_of_flagged_test(flagged: pd.Series, tests: Sequence[pd.Series]) -> pd.Series:
    """Tell of each record whether any subject has a flagged one of its test.

    Where the flags of the data make the baseline, a test that nobody has flagged goes by the rule of the last
    record before the first dose. ``tests`` are the columns that make a test (its parameter, its time point).
    """
    return flagged.groupby(list(tests)).transform("any")
