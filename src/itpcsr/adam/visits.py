"""Analysis visits, and the baseline record of each series: one rule for all analysis datasets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.sdtm.labels import fold
from itpcsr.adam.domains import yes_no
from itpcsr.sdtm.exposure import FLAGGED, before_treatment, is_of_flagged_test
from itpcsr.study import Study

# Analysis visits: the planned week that a record belongs to, and which record stands for it.


def add_visits(records: pd.DataFrame, keys: list[str], order: list[str], study: Study) -> pd.DataFrame:
    """Add AVISITN, AVISIT and ANL01FL.

    Parameters
    ----------
    records
        ADY, VISIT, ABLFL and the columns of ``keys`` and ``order``; a clean index from 0.
    keys
        What makes a series: subject and parameter, and position where there is one.
    order
        Columns that order records of one series, date first.
    study
        Its ``visit_rule``: by the window around the planned day (week w is Day 1 + 7 w), or by the number in
        the visit's name (WEEK 4; other names belong to no week).

    Returns
    -------
    DataFrame
        AVISITN is the week (0 baseline, NaN for none), AVISIT its name; ANL01FL is Y for the record nearest
        to the planned day where a visit holds several (the earlier one of two equally near).
    """
    baseline = records["ABLFL"] == "Y"
    if study.visits.visit_rule == "visit named in the data":
        week = fold(records["VISIT"]).str.extract(r"^WEEK ([0-9]+)$", expand=False).astype("float64")
        inside = week.notna()
    else:
        week = ((records["ADY"] - 1) / 7).round()
        inside = (week >= 1) & ((records["ADY"] - 1 - 7 * week).abs() <= study.visits.visit_window_days)
    records = records.copy()
    records["AVISITN"] = week.where(inside).mask(baseline, 0.0)
    records["AVISIT"] = name_visits(records["AVISITN"])
    distance = (records["ADY"] - 1 - 7 * week).abs().mask(baseline, 0.0)
    ranked = records[[*keys, "AVISITN", *order]].assign(distance=distance)[records["AVISITN"].notna()]
    ranked = ranked.sort_values([*keys, "AVISITN", "distance", *order])
    nearest = ranked.drop_duplicates([*keys, "AVISITN"]).index
    records["ANL01FL"] = pd.Series(np.where(records.index.isin(nearest), "Y", ""), dtype="str")
    return records


def name_visits(weeks: pd.Series) -> pd.Series:
    """Return the names of planned weeks: ``Baseline`` for 0, ``Week 4`` for 4, "" for NaN."""
    names = "Week " + weeks.astype("Int64").astype("str")
    return names.mask(weeks.isna(), "").mask(weeks == 0, "Baseline").astype("str")


def flag_end_of_treatment(records: pd.DataFrame, keys: list[str], last_week: int | None) -> pd.Series:
    """Return Y for the last planned visit after baseline up to ``last_week``; empty throughout for None.

    It is the last one with a number: a value at the end of treatment is there to be summarised.
    """
    flags = pd.Series("", index=records.index, dtype="str")
    if last_week is None:
        return flags
    numbers = records[(records["ANL01FL"] == "Y") & records["AVAL"].notna()]
    planned = numbers[numbers["AVISITN"].between(1, last_week)]
    last = planned.sort_values([*keys, "AVISITN"]).drop_duplicates(keys, keep="last").index
    return flags.mask(records.index.isin(last), "Y")


# The baseline record of each series: one rule for all analysis datasets.


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
