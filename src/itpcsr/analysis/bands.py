"""Which form a chart has for many subjects, and the bands, shares and spreads that it then shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from csrkit.limits import stand_in
from csrkit.many import why_not_one_by_one
from csrkit.rows import make_rows
from csrkit.stats.groups import QUARTILES, assign_groups
from csrkit.stats.proportions import count_subjects
from csrkit.vocabulary import level_columns
from itpcsr.analysis.efficacy import POPULATION as ANALYSED
from itpcsr.study import Column, Study

# The form of a chart for many subjects: which one it has and why, and the quantiles that it draws.
#
# A form is chosen by the number of subjects before anything is drawn, and its numbers are result rows. The
# rows of a chart that shows its subjects one by one are none.

QUANTILES = {"p5": 0.05, "q1": 0.25, "median": 0.5, "q3": 0.75, "p95": 0.95}
# How each form begins the sentence that says which one it is.
BANDS = "Quantile bands replace a line for each subject"
SHARES = "Shares of subjects replace a row for each subject"
SPREAD = "The spread of each group replaces a mark for each subject"
COUNTS = "Numbers of subjects replace a mark for each subject"

NO_FORM = make_rows(pd.DataFrame())
_PLACE = ["group", "level", "visit"]


def choose_form(
    form: str,
    subjects: int,
    most: int,
    values: int = 0,
    values_most: int = 0,
    where: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the one row that names the form of a chart (``level``) and why it has it (``method``).

    No row where the subjects are few enough to be shown one by one. ``where`` has further columns of the row.
    """
    why = why_not_one_by_one(subjects, most, values, values_most)
    if not why:
        return NO_FORM
    row = {"analysis": ["form"], "level": [form], "statistic": ["N"], "value": [float(subjects)]}
    frame = pd.DataFrame({**row, "unit": ["subjects"], "method": [why]})
    return make_rows(frame, **(where or {}))


def band_rows(records: pd.DataFrame, **constants: str) -> pd.DataFrame:
    """Return n and the quantiles (5, 25, 50, 75 and 95%) of each place as rows of analysis ``band``.

    Parameters
    ----------
    records
        ``value``, a record per subject and place, and those of ``group``, ``level`` and ``visit`` that tell
        places apart; a record without value is left out, and so is a place without records.
    **constants
        Columns that are the same in every row.
    """
    known = records.dropna(subset=["value"])
    keys = [name for name in _PLACE if name in known]
    parts = [(key, part.to_numpy("float64")) for key, part in known.groupby(keys, sort=False)["value"]]
    numbers = [[float(len(values)), *_quantiles(values)] for _, values in parts]
    statistics = ["n", *QUANTILES]
    frame = pd.DataFrame([key for key, _ in parts], columns=keys).loc[
        np.repeat(np.arange(len(parts)), len(statistics))
    ]
    frame = frame.assign(
        statistic=statistics * len(parts),
        value=np.array(numbers, dtype="float64").ravel(),
        method=["", *[QUARTILES] * len(QUANTILES)] * len(parts),
    )
    return make_rows(frame.astype(dict.fromkeys(keys, "str")), analysis="band", **constants)


def _quantiles(values: np.ndarray) -> Sequence[float]:
    found: Sequence[float] = np.quantile(values, list(QUANTILES.values()), method="averaged_inverted_cdf")
    return found


def join_rows(chosen: pd.DataFrame, *others: pd.DataFrame) -> pd.DataFrame:
    """Return the row of a form with the rows that it draws, or none where subjects are shown one by one."""
    return pd.concat([chosen, *others], ignore_index=True) if len(chosen) else chosen


# What charts draw of many subjects in place of each one: quantiles by visit, shares in response, bins.
#
# Each function returns no rows where the subjects are few enough to be drawn one by one (`analysis.forms`).

# Fields of a record in the chart of single subjects.
_PLATELET, _LABORATORY, _SAMPLE, _MARKER, _TICK, _PEAK, _RING = 6, 4, 8, 6, 4, 8, 5
# Bounds of the bins of peak ALT and bilirubin, multiples of the upper limit of normal: halves and doubles.
PEAK_BOUNDS = (0.0, *(float(2.0**power) for power in np.arange(-3, 7.5, 0.5)), np.inf)


def platelet_bands(
    platelets: pd.DataFrame, adsl: pd.DataFrame, study: Study, lines_at_most: int, values_at_most: int
) -> pd.DataFrame:
    """Return quantiles of the platelet count (10^9/L) by column and analysis visit, for ``fig-platelets``.

    ``platelets`` has one record per subject and visit; a count beyond a limit counts as that number.
    """
    where = {"population": ANALYSED, "dataset": "ADLB"}
    values = _PLATELET * len(platelets)
    subjects = platelets["USUBJID"].nunique()
    form = choose_form(BANDS, subjects, lines_at_most, values, values_at_most, where)
    if form.empty:
        return form
    records = platelets.assign(value=stand_in(platelets), visit=platelets["AVISIT"])
    records = records.merge(assign_groups(adsl, study.design.columns, "FASFL"), on="USUBJID").sort_values(
        ["group", "AVISITN"]
    )
    return join_rows(form, band_rows(records, unit="10^9/L", **where))


def response_shares(
    adsl: pd.DataFrame, adrs: pd.DataFrame, study: Study, subjects_at_most: int
) -> pd.DataFrame:
    """Return the share of subjects in confirmed response by week, for ``fig-swimmer``.

    Of the subjects whose last count isn't earlier than the week's planned day; ``visit`` is Week w, analysis
    ``in_response``, level ``in response``. A response reaches from its first count to the day before its
    loss; later ones of the same subject (RESPPER) count, too.
    """
    best = adrs[adrs["PARAMCD"] == "CBOR"]
    where = {"population": ANALYSED, "dataset": "ADRS"}
    form = choose_form(SHARES, len(best), subjects_at_most, where=where)
    if form.empty:
        return form
    members = assign_groups(adsl, study.design.columns, "FASFL")
    periods = adrs[adrs["PARAMCD"] == "RESPPER"]
    end = periods["LOSDY"].astype("float64").fillna(np.inf)
    parts = []
    for week in study.visits.platelet_weeks:
        day = 7 * week + 1
        seen = members[members["USUBJID"].isin(best.loc[best["LASTDY"] >= day, "USUBJID"])]
        there = periods.loc[(periods["ADY"] <= day) & (end > day), ["USUBJID"]].assign(level="in response")
        parts.append(count_subjects(there, seen, ["in response"], "level").assign(visit=f"Week {week}"))
    if not parts:
        return form
    shares = make_rows(pd.concat(parts, ignore_index=True), analysis="in_response", **where)
    return join_rows(form, shares)


def laboratory_bands(
    adlb: pd.DataFrame,
    adsl: pd.DataFrame,
    columns: Sequence[Column],
    tests: Sequence[str],
    lines_at_most: int,
    values_at_most: int,
) -> pd.DataFrame:
    """Return quantiles of laboratory values by test, dose and analysis visit, for the subjects' courses.

    ``columns`` are those by dose; ``level`` is the test code. Values at no analysis visit aren't among them.
    """
    where = {"population": "safety set", "dataset": "ADLB"}
    members = assign_groups(adsl, columns, "SAFFL")
    drawn = adlb[adlb["PARAMCD"].isin(tests) & adlb["USUBJID"].isin(members["USUBJID"])]
    form = choose_form(
        BANDS,
        drawn["USUBJID"].nunique(),
        lines_at_most,
        _LABORATORY * len(drawn),
        values_at_most,
        where,
    )
    if form.empty:
        return form
    at_visit = drawn[drawn["ANL01FL"] == "Y"]
    records = at_visit.assign(value=stand_in(at_visit), level=at_visit["PARAMCD"], visit=at_visit["AVISIT"])
    records = records.merge(members, on="USUBJID").sort_values(["level", "group", "AVISITN"])
    return join_rows(form, band_rows(records, **where))


def peak_bins(peaks: pd.DataFrame, lines_at_most: int, values_at_most: int) -> pd.DataFrame:
    """Return the number of subjects in each bin of peak ALT and bilirubin, for ``fig-edish``.

    Bins are half steps of doubling from 1/8 on; ``category`` is the lower bound of ALT,
    ``level`` that of bilirubin. With
    so few subjects beyond a limit that each can be drawn, only those below both limits are counted.
    """
    where = {"population": "safety set", "dataset": "ADLB"}
    form = choose_form(COUNTS, len(peaks), lines_at_most, _PEAK * len(peaks), values_at_most, where)
    if form.empty:
        return form
    beyond = peaks["QUADRANT"] != "within"
    counted = peaks[~beyond] if beyond.sum() <= lines_at_most else peaks
    low = np.array(PEAK_BOUNDS)
    places = {name: np.searchsorted(low, counted[name].to_numpy("float64"), "right") - 1
              for name in ("ALT", "BILI")}  # fmt: skip
    tally = pd.DataFrame(places).value_counts(sort=False)
    levels = [(f"{low[alt]:g}", f"{low[bilirubin]:g}") for alt, bilirubin in tally.index]
    frame = pd.DataFrame({**level_columns(levels), "statistic": "n", "value": tally.to_numpy("float64")})
    return join_rows(form, make_rows(frame, analysis="bin", unit="subjects", **where))


def concentration_bands(
    adpc: pd.DataFrame,
    adsl: pd.DataFrame,
    columns: Sequence[Column],
    lines_at_most: int,
    values_at_most: int,
) -> pd.DataFrame:
    """Return quantiles of the concentration by dose and nominal time, for the profiles of infusion 1.

    ``visit`` is the nominal time after the end in hours; what is below the limit of quantification counts as
    half of it.
    """
    where = {"population": "pharmacokinetic set", "dataset": "ADPC"}
    members = assign_groups(adsl, columns, "PKFL")
    used = adpc[(adpc["ANL01FL"] == "Y") & adpc["USUBJID"].isin(members["USUBJID"])]
    form = choose_form(
        BANDS, used["USUBJID"].nunique(), lines_at_most, _SAMPLE * len(used), values_at_most, where
    )
    if form.empty:
        return form
    after = used[used["ATPTN"] >= 0]
    value = after["AVAL"].mask(after["BLQFL"] == "Y", after["ALLOQ"] / 2)
    records = after.assign(value=value, visit=after["ATPTN"].map("{:g}".format))
    records = records.merge(members, on="USUBJID").sort_values(["group", "ATPTN"])
    return join_rows(form, band_rows(records, **where))


def deviation_bands(
    adpc: pd.DataFrame, adsl: pd.DataFrame, lines_at_most: int, values_at_most: int
) -> pd.DataFrame:
    """Return quantiles of actual less nominal time (minutes) by nominal time, for ``fig-pk-times``."""
    where = {"population": "pharmacokinetic set", "dataset": "ADPC"}
    used = adpc[(adpc["ANL01FL"] == "Y") & adpc["USUBJID"].isin(adsl.loc[adsl["PKFL"] == "Y", "USUBJID"])]
    used = used.dropna(subset=["ATPTN", "TDEV"]).sort_values("ATPTN")
    form = choose_form(
        SPREAD, used["USUBJID"].nunique(), lines_at_most, _RING * len(used), values_at_most, where
    )
    if form.empty:
        return form
    records = used.assign(value=60 * used["TDEV"], visit=used["ATPTN"].map("{:g}".format))
    return join_rows(form, band_rows(records.drop(columns="level", errors="ignore"), unit="min", **where))


def marker_bands(records: pd.DataFrame, lines_at_most: int, values_at_most: int) -> pd.DataFrame:
    """Return quantiles of each marker by response and week, for ``fig-immune-course``.

    ``records`` have USUBJID, RESPONSE, PARAMCD, AVISITN and AVAL; ``level`` is the marker, ``visit`` its
    week.
    """
    where = {"population": ANALYSED, "dataset": "ADCP"}
    form = choose_form(
        BANDS,
        records["USUBJID"].nunique(),
        lines_at_most,
        _MARKER * len(records),
        values_at_most,
        where,
    )
    if form.empty:
        return form
    named = {"RESPONSE": "group", "PARAMCD": "level", "AVAL": "value"}
    values = records.rename(columns=named).assign(visit=records["AVISITN"].map("Week {:g}".format))
    return join_rows(form, band_rows(values.sort_values(["level", "group", "AVISITN"]), **where))


def change_bands(records: pd.DataFrame, lines_at_most: int, values_at_most: int) -> pd.DataFrame:
    """Return quantiles of the subjects' mean standardised changes by marker and response.

    For ``fig-immune-panel``; ``records`` have USUBJID, RESPONSE, PARAMCD, AVISIT (``Mean``) and VALUE.
    """
    where = {"population": ANALYSED, "dataset": "ADCP"}
    means = records[records["AVISIT"] == "Mean"]
    form = choose_form(
        SPREAD, means["USUBJID"].nunique(), lines_at_most, _TICK * len(means), values_at_most, where
    )
    if form.empty:
        return form
    values = means.rename(columns={"RESPONSE": "group", "PARAMCD": "level", "VALUE": "value"})
    return join_rows(
        form,
        band_rows(values.sort_values(["level", "group"]), unit="SD at baseline", **where),
    )
