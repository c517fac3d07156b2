"""The baseline record of each series: one rule for all analysis datasets."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam.flags import yes_no
from itpcsr.sdtm.first_dose import FLAGGED, before_treatment, is_of_flagged_test
from itpcsr.study import Study


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
        known = is_of_flagged_test(flagged, [records[name] for name in keys if name != "USUBJID"])
        candidates = flagged | (candidates & ~known)
    order = [*keys, "ADTM", *(["ATPTN"] if "ATPTN" in records else []), sequence]
    chosen = records[candidates].sort_values(order, na_position="first", kind="stable")
    last = chosen.drop_duplicates(keys, keep="last").index
    return yes_no(records.index.to_series().isin(last)).replace("N", "")
