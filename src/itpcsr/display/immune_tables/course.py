"""Markers by visit: values, changes from baseline, planned comparisons."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.markers import Marker
from csrkit.tables.formats import format_count, format_level, format_number
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Table
from itpcsr.display.immune_tables.arrange import (
    NOT_ADJUSTED,
    RATIO_NOTE,
    Line,
    Shown,
    arrange,
    headings,
    sections,
)
from itpcsr.display.immune_tables.cells import (
    Cell,
    Reader,
    count,
    effect,
    effect_limits,
    effect_text,
    interval,
    limits,
    marker_label,
    number,
)
from itpcsr.study import Study


@sentence_if_absent
def table_immune_course(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange each marker by visit: n, median with quartiles, ratio or difference with limits."""
    lookup = Lookup(rows)
    visits = lookup.visits("value")

    def lines(marker: Marker) -> Iterator[Line]:
        for label, what in {"n": "n", "Median": "median", "Q1, Q3": "quartiles"}.items():
            yield label, tuple(_course_cell(lookup, marker, visit, what) for visit in visits), 1
        kind = "Ratio" if marker.scale == "log" else "Difference"
        yield kind, ("–", *(_estimate(lookup, marker, visit) for visit in visits[1:])), 1
        cells = (_limits(lookup, marker, visit) for visit in visits[1:])
        yield f"{format_level(confidence)}% CI", ("–", *cells), 2

    body = sections(study.markers, marker_label, lines)
    notes = (
        "n: subjects with a value at the visit. Ratio: geometric mean ratio to baseline, of subjects with "
        "both values, for markers analysed on a log scale; difference: mean difference. CI: t interval. "
        "Quartiles by averaging at discontinuities (SAS PCTLDEF=5).",
        _records_note(rows),
    )
    return Table("Marker", headings(*visits), body, (*notes, *lookup.notes()))


def _course_cell(lookup: Lookup, marker: Marker, visit: str, what: str) -> str:
    n = lookup.value("value", "total", "n", marker.code, visit)
    if what == "n":
        return format_count(n)
    if not n:
        return "–"
    names = ("q1", "q3") if what == "quartiles" else ("median",)
    texts = [
        format_number(lookup.value("value", "total", name, marker.code, visit), marker.decimals)
        for name in names
    ]
    return ", ".join(texts)


def _estimate(lookup: Lookup, marker: Marker, visit: str) -> str:
    if not lookup.value("change", "total", "n", marker.code, visit):
        return "–"
    return effect_text(marker, lookup.value("change", "total", "estimate", marker.code, visit))


def _limits(lookup: Lookup, marker: Marker, visit: str) -> str:
    if not lookup.value("change", "total", "n", marker.code, visit):
        return "–"
    low, high = (
        effect_text(marker, lookup.value("change", "total", name, marker.code, visit))
        for name in ("low", "high")
    )
    return limits(low, high)


def _records_note(rows: pd.DataFrame) -> str:
    counts = rows[rows["analysis"] == "records"].groupby("statistic")["value"].sum()
    left_out = {
        "outside": "outside the windows of the planned visits",
        "second": "further values of a visit",
        "no_logarithm": "without a logarithm",
    }
    texts = [f"{format_count(counts[name])} {words}" for name, words in left_out.items() if counts[name]]
    return (
        f"Of {format_count(counts['records'])} values {format_count(counts['used'])} are used; left out are "
        f"{', '.join(texts) or 'none'}. {format_count(counts['below_limit'])} values lay below the lowest "
        "measurable one and stand as a multiple of it. –: no value at this visit."
    )


@sentence_if_absent
def table_immune_change(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the mean change of each marker: n, ratio or difference, effect size."""
    level, analysis = format_level(confidence), "mean_change"
    columns = (
        Shown("n", analysis, count()),
        Shown(f"Ratio or difference ({level}% CI)", analysis, effect),
        Shown(f"Effect dz ({level}% CI)", analysis, interval("effect", "effect_low", "effect_high")),
    )
    notes = (
        "Each subject's changes from baseline are averaged over the visits with a value; n: subjects with "
        "baseline and a later value. dz: mean change by the SD of changes.",
        f"{RATIO_NOTE} {NOT_ADJUSTED}",
    )
    return arrange(rows, study, columns, notes)


@sentence_if_absent
def table_immune_planned(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the planned comparisons of each visit with baseline."""
    lookup = Lookup(rows)
    visits = lookup.visits("planned")
    readers = [Reader(lookup, "planned", visit=visit) for visit in visits]
    size = count()
    shown: dict[str, Cell] = {
        "Effect dz": number("effect"),
        f"{format_level(confidence)}% CI": effect_limits,
    }

    def lines(marker: Marker) -> Iterator[Line]:
        counts = tuple(size(read, marker) for read in readers)
        yield "n", counts, 1
        for label, text in shown.items():
            cells = zip(readers, counts, strict=True)
            yield label, tuple("–" if n == "0" else text(read, marker) for read, n in cells), 1

    body = sections(study.markers, lambda marker: marker.label, lines)
    notes = (
        "n: subjects with a value at baseline and at the visit. dz: mean change by the SD of changes. "
        f"{NOT_ADJUSTED} –: nobody has both values.",
    )
    return Table("Marker", headings(*visits), body, (*notes, *lookup.notes()))
