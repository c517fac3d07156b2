"""Concentrations by nominal time: samples, those below the limit of quantification, median and range."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from itpcsr.analysis.pharmacokinetics.sets import POPULATION, why_absent
from itpcsr.study import Study

NO_SAMPLES = "no samples at this time"
MOSTLY_BELOW = "at least half of the samples are below the limit of quantification"
NO_LIMIT = "no limit of quantification is recorded"
ALL_BELOW = "all samples are below the limit of quantification"


def analyse_samples(adsl: pd.DataFrame, adpc: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Describe the concentrations at each nominal time, by column.

    ``visit`` is the nominal time (``name_time``). ``analysis`` below: N samples, n and percent of them below
    the limit of quantification. ``analysis`` concentration: median and max, for which a value below the limit
    is smaller than every quantified one; where such a value takes the middle there is no median. ``analysis``
    limit: the smallest and the largest limit of quantification.
    """
    display = "tbl-pk-samples"
    if sentence := why_absent(adsl, adpc, study):
        return absent_rows(display, sentence)
    members = assign_groups(adsl, study.design.columns, "PKFL")
    used = select_samples(adpc, adsl)
    joined = used.merge(members, on="USUBJID")
    unit = str(adpc.loc[adpc["ANL01FL"] == "Y", "AVALU"].iloc[0])
    by_cell = dict(list(joined.groupby(["ATPTN", "group"], observed=True)))
    rows: list[tuple[str, str, str, str, float, str, str]] = []
    for hour in nominal_times(adpc, study):
        for group in members["group"].cat.categories:
            cell = by_cell.get((hour, group), joined.iloc[:0])
            rows += [(name_time(hour), str(group), *row) for row in _describe(cell, unit)]
    names = ["visit", "group", "analysis", "statistic", "value", "unit", "reason"]
    limits = pd.DataFrame({"analysis": "limit", "statistic": ["min", "max"], "unit": unit})
    limits["value"] = [used["ALLOQ"].min(), used["ALLOQ"].max()]
    limits["reason"] = np.where(limits["value"].isna(), NO_LIMIT, "")
    frame = pd.concat([size_rows(members), limits, pd.DataFrame(rows, columns=names)], ignore_index=True)
    return make_rows(frame, display=display, population=POPULATION, dataset="ADPC")


def select_samples(adpc: pd.DataFrame, adsl: pd.DataFrame) -> pd.DataFrame:
    """Return the samples of the pharmacokinetic set that can be analysed, one per nominal time."""
    members = adsl.loc[adsl["PKFL"] == "Y", "USUBJID"]
    used = adpc[adpc["USUBJID"].isin(members) & (adpc["ANL01FL"] == "Y")]
    named = used[used["ATPTN"].notna()]
    # of two samples under one nominal time the one nearer to it stands
    nearest = named.assign(off=named["TDEV"].abs()).sort_values(
        ["USUBJID", "ATPTN", "off", "PCSEQ"], kind="stable"
    )
    return nearest.drop_duplicates(["USUBJID", "ATPTN"]).drop(columns="off")


def nominal_times(adpc: pd.DataFrame, study: Study) -> list[float]:
    """Return the planned nominal times and all others in the data, in order."""
    found = adpc.loc[adpc["ANL01FL"] == "Y", "ATPTN"].dropna()
    return sorted({*study.sampling.concentration_hours, *map(float, found)})


def name_time(hour: float) -> str:
    """Return the name of a nominal time: ``0.5 h before``, ``24 h after``."""
    return f"{abs(hour):g} h {'before' if hour < 0 else 'after'}"


def _describe(cell: pd.DataFrame, unit: str) -> list[tuple[str, str, float, str, str]]:
    """Return analysis, statistic, value, unit and reason of one time and group."""
    below = cell["BLQFL"] == "Y"
    total, number = float(len(cell)), float(below.sum())
    value = cell["AVAL"].mask(below, -np.inf).to_numpy()
    # the median of an even number of values is finite where both in the middle are quantified
    middle = float(np.median(value)) if total else np.nan
    highest = float(value.max()) if total else np.nan
    share = 100 * number / total if total else np.nan
    nothing = "" if total else NO_SAMPLES
    return [
        ("below", "N", total, "samples", ""),
        ("below", "n", number, "samples", ""),
        ("below", "percent", share, "%", nothing),
        ("concentration", "median", *_finite(middle, unit, nothing or MOSTLY_BELOW)),
        ("concentration", "max", *_finite(highest, unit, nothing or ALL_BELOW)),
    ]


def _finite(value: float, unit: str, reason: str) -> tuple[float, str, str]:
    return (value, unit, "") if np.isfinite(value) else (np.nan, unit, reason)


def count_listed(adpc: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count the samples that the listing holds (``analysis`` listed), and those analysed and left out."""
    display = "tbl-pk-listing"
    if not study.sampling.concentration_test or adpc.empty:
        return absent_rows(display, "The data hold no concentration that the study asks for.")
    used = float((adpc["ANL01FL"] == "Y").sum())
    numbers = {"listed": float(len(adpc)), "analysed": used, "left_out": len(adpc) - used}
    rows = pd.DataFrame({"analysis": list(numbers), "statistic": "n", "value": list(numbers.values())})
    return make_rows(rows, display=display, population="all subjects", dataset="ADPC", unit="samples")
