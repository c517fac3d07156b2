"""Markers and platelets, prediction of response, mediation."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.markers import Marker
from csrkit.tables.formats import format_level
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Table
from itpcsr.display.immune_tables.arrange import NOT_ADJUSTED, Line, Shown, arrange, headings, sections
from itpcsr.display.immune_tables.cells import (
    Cell,
    Reader,
    count,
    interval,
    number,
    percent,
    sizes,
)
from itpcsr.display.rescue import INCLUDED
from itpcsr.study import Study


@sentence_if_absent
def table_immune_platelets(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the repeated-measures correlation of each marker with platelets at the same visit."""
    analysis = "same"
    columns = (
        Shown("n", analysis, count()),
        Shown("Pairs", analysis, count("pairs")),
        Shown(f"r ({format_level(confidence)}% CI)", analysis, interval("r", "low", "high")),
    )
    notes = (
        "Repeated-measures correlation with the logarithm of the platelet count in the same week: whether "
        "the two rise and fall together within subjects. n: subjects with at least two pairs. "
        f"{INCLUDED}",
        NOT_ADJUSTED,
    )
    return arrange(rows, study, columns, notes, "lag 0")


@sentence_if_absent
def table_immune_predictors(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange baseline markers as predictors of response."""
    analysis, level = "baseline", format_level(confidence)
    columns = (
        Shown("n", analysis, sizes),
        Shown(f"Odds ratio per SD ({level}% CI)", analysis, interval("estimate", "low", "high")),
        Shown("ROC area", analysis, number("auc")),
        Shown("Gain left out, %", analysis, percent("gain_left_out")),
    )
    notes = (
        "n: responders, non-responders with a baseline value. Firth's logistic regression, one marker at a "
        "time. ROC area: under the curve in the subjects that made the model, which flatters it. Gain "
        "left out: share of the squared error that the marker takes away when each subject is predicted from "
        "the others; below 0 the prediction is worse than without the marker.",
        NOT_ADJUSTED,
    )
    return arrange(rows, study, columns, notes)


@sentence_if_absent
def table_immune_mediation(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the paths of the mediation analysis."""
    lookup = Lookup(rows)
    paths = {
        "dose_marker": "Dose to marker",
        "marker_platelets": "Marker to platelets, given the dose",
        "total": "Dose to platelets, in all",
        "direct": "Dose to platelets, given the marker",
        "indirect": "Dose to platelets, through the marker",
    }
    shown: tuple[Cell, ...] = (count(), interval("estimate", "low", "high"))

    def lines(marker: Marker) -> Iterator[Line]:
        for path, label in paths.items():
            read = Reader(lookup, path)
            yield label, tuple(cell(read, marker) for cell in shown), 1

    there = [marker for marker in study.markers if marker.code in set(rows["level"])]
    body = sections(there, lambda marker: marker.label, lines)
    level = format_level(confidence)
    headers = headings("n", f"Estimate ({level}% CI)")
    notes = (
        "Estimates in SD per SD. The marker is its mean change in the earlier weeks, platelets the mean "
        "change of their logarithm in the later ones. "
        f"{INCLUDED} "
        "Exploratory: a reading as cause would need that nothing else moves dose, marker and platelets "
        "together, that dose was given at random, and linear relations; none of this is known here.",
    )
    return Table("Marker, path", headers, body, (*notes, *lookup.notes()))
