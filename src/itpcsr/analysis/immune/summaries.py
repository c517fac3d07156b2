"""What changed: each marker by visit and group, standardised changes of subjects and groups."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.effects import T_INTERVAL, describe, mean_interval
from csrkit.stats.families import FEW, to_rows
from csrkit.stats.summaries import QUARTILES
from itpcsr.analysis.immune.panel import Floats, Panel, count_values, mean_over, missing_sentence
from itpcsr.study import Study

POPULATION = "full analysis set"
GROUPS = ("total", "responder", "nonresponder")
_NO_VALUES = "no values in this group"


def members_of(panel: Panel) -> dict[str, NDArray[np.bool_]]:
    """Return who belongs to each group: everyone, responders, non-responders."""
    everyone = np.ones(len(panel.subjects), dtype="bool")
    return {"total": everyone, "responder": panel.responder == 1, "nonresponder": panel.responder == 0}


def analyse_course(adcp: pd.DataFrame, panel: Panel, study: Study, level: float) -> pd.DataFrame:
    """Summarise each marker by visit, for all subjects and by response.

    ``analysis`` value: n, median, q1 and q3 in the unit of the data. ``analysis`` change: n (subjects with
    baseline and visit), estimate, low and high: the geometric mean ratio to baseline on a log scale, else
    the mean difference (``unit`` says which). ``analysis`` records counts each marker's values: those used,
    and those left out and why. ``level`` is the marker.
    """
    display = "tbl-immune-course"
    if sentence := missing_sentence(adcp, study):
        return absent_rows(display, sentence)
    parts = [count_values(adcp, panel)]
    for group, members in members_of(panel).items():
        size = {"statistic": ["N"], "value": [float(members.sum())]}
        parts.append(pd.DataFrame(size).assign(analysis="size", group=group, unit="subjects"))
        for number, visit in enumerate(panel.visits):
            parts.append(_values(panel, panel.original[members, number]).assign(group=group, visit=visit))
            if number:
                change = _changes(panel, panel.change[members, number - 1], level)
                parts.append(change.assign(group=group, visit=visit))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population=POPULATION, dataset="ADCP"
    )


def _values(panel: Panel, values: Floats) -> pd.DataFrame:
    count = np.isfinite(values).sum(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a marker without values has no quantiles: NaN
        quartiles = (
            np.nanquantile(values, [0.25, 0.5, 0.75], axis=0, method="averaged_inverted_cdf")
            if len(values)
            else np.full((3, len(panel.markers)), np.nan)
        )
    statistics = {"n": count, "median": quartiles[1], "q1": quartiles[0], "q3": quartiles[2]}
    methods = {"q1": QUARTILES, "q3": QUARTILES}
    units = {marker.code: marker.unit for marker in panel.markers}
    rows = to_rows(panel.codes, statistics, _NO_VALUES, methods, analysis="value")
    return rows.assign(unit=rows["level"].map(units))


def _changes(panel: Panel, change: Floats, level: float) -> pd.DataFrame:
    n, mean, low, high = mean_interval(change, level)
    statistics = {"n": n, **back(panel, mean, low, high)}
    reasons = np.where(n == 0, _NO_VALUES, FEW)
    rows = to_rows(
        panel.codes, statistics, reasons, dict.fromkeys(("low", "high"), T_INTERVAL), analysis="change"
    )
    return rows.assign(unit=rows["level"].map(effect_units(panel)))


def back(panel: Panel, estimate: Floats, low: Floats, high: Floats) -> dict[str, Floats]:
    """Return an effect and its limits as ratio where the scale is logarithmic, else as difference."""
    names = {"estimate": estimate, "low": low, "high": high}
    return {name: np.where(panel.is_log, np.exp(value), value) for name, value in names.items()}


def effect_units(panel: Panel) -> dict[str, str]:
    """Return what an effect of each marker is: a ratio, or a difference in the marker's unit."""
    return {
        marker.code: "ratio" if marker.scale == "log" else f"difference, {marker.unit}"
        for marker in panel.markers
    }


def _response(panel: Panel) -> NDArray[np.object_]:
    known = [panel.responder == 1, panel.responder == 0]
    return np.select(known, np.array(["responder", "nonresponder"], dtype="object"), default="unknown")


def standardise(panel: Panel) -> Floats:
    """Return changes in units of each marker's SD at baseline; NaN where that can't be estimated."""
    _, _, sd = describe(panel.values[:, 0])
    safe = np.where(sd > 1e-12, sd, np.nan)
    return np.asarray(panel.change / safe)


def analyse_standardised(adcp: pd.DataFrame, panel: Panel, study: Study) -> pd.DataFrame:
    """Return the mean standardised change by marker, visit and group, for the heatmap.

    The change on the scale of analysis divided by the SD of all subjects at baseline.
    """
    display = "fig-immune-heatmap"
    if sentence := missing_sentence(adcp, study):
        return absent_rows(display, sentence)
    changes = standardise(panel)
    parts = []
    for group, members in members_of(panel).items():
        for number, visit in enumerate(panel.visits[1:]):
            own = changes[members, number]
            statistics = {"n": np.isfinite(own).sum(axis=0), "mean": mean_over(own, axis=0)}
            parts.append(to_rows(panel.codes, statistics, _NO_VALUES, group=group, visit=visit))
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display=display,
        analysis="standardised",
        population=POPULATION,
        dataset="ADCP",
        unit="SD at baseline",
    )


def standardised_records(panel: Panel) -> pd.DataFrame:
    """Return each subject's standardised changes for charts.

    Columns USUBJID, RESPONSE (responder, nonresponder or unknown), PARAMCD, AVISIT, VALUE; one more AVISIT,
    ``Mean``, holds the mean over the visits with a value. Missing values have no record.
    """
    changes = standardise(panel)
    changes = np.concatenate([changes, mean_over(changes, axis=1)[:, None]], axis=1)
    subjects, visits, markers = changes.shape
    response = _response(panel)
    frame = pd.DataFrame(
        {
            "USUBJID": np.repeat(np.array(panel.subjects, dtype="object"), visits * markers),
            "RESPONSE": np.repeat(response, visits * markers),
            "AVISIT": np.tile(np.repeat([*panel.visits[1:], "Mean"], markers), subjects),
            "PARAMCD": np.tile(np.array(panel.codes, dtype="object"), subjects * visits),
            "VALUE": changes.ravel(),
        }
    )
    return frame.dropna(subset=["VALUE"]).reset_index(drop=True)


def course_records(panel: Panel) -> pd.DataFrame:
    """Return each subject's values in the unit of the data: USUBJID, RESPONSE, PARAMCD, AVISITN, AVAL."""
    subjects, visits, markers = panel.original.shape
    response = _response(panel)
    frame = pd.DataFrame(
        {
            "USUBJID": np.repeat(np.array(panel.subjects, dtype="object"), visits * markers),
            "RESPONSE": np.repeat(response, visits * markers),
            "AVISITN": np.tile(np.repeat([0, *panel.weeks], markers), subjects),
            "PARAMCD": np.tile(np.array(panel.codes, dtype="object"), subjects * visits),
            "AVAL": panel.original.ravel(),
        }
    )
    return frame.dropna(subset=["AVAL"]).reset_index(drop=True)


def analyse_picture(adcp: pd.DataFrame, panel: Panel, study: Study, level: float) -> pd.DataFrame:
    """Return the mean standardised change over all visits by group with its t interval, for one picture."""
    display = "fig-immune-panel"
    if sentence := missing_sentence(adcp, study):
        return absent_rows(display, sentence)
    changes = mean_over(standardise(panel), axis=1)
    parts = []
    for group, members in members_of(panel).items():
        n, mean, low, high = mean_interval(changes[members], level)
        statistics = {"n": n, "mean": mean, "low": low, "high": high}
        reasons = np.where(n == 0, _NO_VALUES, FEW)
        parts.append(to_rows(panel.codes, statistics, reasons, {"low": T_INTERVAL}, group=group))
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display=display,
        analysis="moved",
        population=POPULATION,
        dataset="ADCP",
        unit="SD at baseline",
    )
