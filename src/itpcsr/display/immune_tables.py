"""Arrange the results on immune function into tables. Nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from itpcsr.display.formats import (
    NOT_ESTIMABLE,
    format_count,
    format_level,
    format_number,
    format_p,
    format_percent,
    format_plain,
)
from itpcsr.display.lookup import Lookup
from itpcsr.display.rows import sentence_if_absent
from itpcsr.display.table import Header, Row, Table
from itpcsr.markers import Marker
from itpcsr.study import Study

Cells = Callable[[str], tuple[str, ...]]
_AND = "\u00a0+\u00a0"  # between the sizes of two groups, without a break of the line
EXPLORATORY = "All tests are exploratory; adjusted: Benjamini-Hochberg over the family."
RATIO_NOTE = (
    "Ratio: geometric mean ratio for markers analysed on a log scale; the others are shown as differences, "
    "marked by a sign."
)
_FAMILIES = {
    "tbl-immune-change | mean_change": "Mean change from baseline",
    "tbl-immune-planned | planned": "Planned visits against baseline",
    "tbl-immune-visits | friedman": "All visits, Friedman test",
    "tbl-immune-visits | anova": "All visits, repeated-measures ANOVA",
    "tbl-immune-visits | mixed": "All visits, mixed model",
    "tbl-immune-response | difference": "Responders against non-responders, mean change",
    "tbl-immune-response | splenectomy": "The same, adjusted for splenectomy and baseline",
    "tbl-immune-interaction | anova": "Response × visit, mixed ANOVA",
    "tbl-immune-interaction | mixed": "Response × visit, mixed model",
    "tbl-immune-platelets | same": "Correlation with platelets at the same visit",
    "tbl-immune-platelets | lagged": "Correlation with platelets earlier and later",
    "tbl-immune-predictors | baseline": "Baseline as predictor of response",
    "fig-immune-network | pair": "Correlation of changes, pairs of markers",
    "tbl-immune-mediation | dose_marker": "Mediation: dose to marker",
    "tbl-immune-mediation | marker_platelets": "Mediation: marker to platelets",
    "tbl-immune-mediation | total": "Mediation: total",
    "tbl-immune-mediation | direct": "Mediation: direct",
    "tbl-immune-mediation | indirect": "Mediation: indirect",
    "all": "All tests",
}


def marker_label(marker: Marker) -> str:
    """Return a marker's name with its unit, where it has one that says something."""
    return f"{marker.label}, {marker.unit}" if marker.unit not in ("", "RATIO") else marker.label


def effect_text(marker: Marker, value: float) -> str:
    """Return a ratio with two decimals, or a difference with its sign and one decimal more than the data."""
    if math.isnan(value):
        return NOT_ESTIMABLE
    if marker.scale == "log":
        return format_number(value, 2)
    text = format_number(value, marker.decimals + 1)
    return text.replace("-", "−") if text.startswith("-") else f"+{text}"


def with_limits(estimate: str, low: str, high: str) -> str:
    """Return ``estimate (low to high)``; the estimate alone where there is no interval."""
    if estimate == NOT_ESTIMABLE or low == NOT_ESTIMABLE:
        return estimate
    return f"{estimate} ({low} to {high})"


def _signed(value: float, decimals: int = 2) -> str:
    return format_number(value, decimals).replace("-", "−")


class _Reader:
    """The values of one analysis by marker, as text."""

    def __init__(self, lookup: Lookup, analysis: str, group: str = "total", visit: str = "") -> None:
        self._lookup, self._place = lookup, (analysis, group, visit)

    def _get(self, level: str, name: str) -> float:
        analysis, group, visit = self._place
        return self._lookup.value(analysis, group, name, level, visit)

    def count(self, level: str, name: str = "n") -> str:
        return format_count(self._get(level, name))

    def p(self, level: str) -> tuple[str, str]:
        return format_p(self._get(level, "p_value")), format_p(self._get(level, "p_adjusted"))

    def number(self, level: str, name: str, decimals: int = 2) -> str:
        return _signed(self._get(level, name), decimals)

    def interval(self, level: str, names: Sequence[str], decimals: int = 2) -> str:
        return with_limits(*(_signed(self._get(level, name), decimals) for name in names))

    def effect(self, marker: Marker) -> str:
        return with_limits(
            *(effect_text(marker, self._get(marker.code, name)) for name in ("estimate", "low", "high"))
        )

    def percent(self, level: str, name: str) -> str:
        return format_percent(100 * self._get(level, name)).replace("-", "−")


def _by_panel(markers: Sequence[Marker], cells: Callable[[Marker], tuple[str, ...]]) -> tuple[Row, ...]:
    return tuple(_panel_rows(markers, cells))


def _panel_rows(markers: Sequence[Marker], cells: Callable[[Marker], tuple[str, ...]]) -> Iterator[Row]:
    panel = ""
    for marker in markers:
        if marker.panel != panel:
            panel = marker.panel
            yield Row(panel)
        yield Row(marker.label, cells(marker), 1)


def _headers(*labels: str | tuple[str, str]) -> tuple[Header, ...]:
    return tuple(
        Header(label) if isinstance(label, str) else Header(label[1], spanner=label[0]) for label in labels
    )


@sentence_if_absent
def table_immune_course(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange each marker by visit: n, median with quartiles, ratio or difference with limits."""
    lookup = Lookup(rows)
    visits = lookup.visits("value")
    body: list[Row] = []
    for marker in study.markers:
        body.append(Row(marker_label(marker)))
        body.append(Row("n", tuple(_course_cell(lookup, marker, visit, "n") for visit in visits), 1))
        body.append(
            Row("Median", tuple(_course_cell(lookup, marker, visit, "median") for visit in visits), 1)
        )
        quartiles = tuple(_course_cell(lookup, marker, visit, "quartiles") for visit in visits)
        body.append(Row("Q1, Q3", quartiles, 1))
        kind = "Ratio" if marker.scale == "log" else "Difference"
        estimates = tuple(_estimate(lookup, marker, visit) for visit in visits[1:])
        limits = tuple(_limits(lookup, marker, visit) for visit in visits[1:])
        body.append(Row(kind, ("–", *estimates), 1))
        body.append(Row(f"{format_level(confidence)}% CI", ("–", *limits), 2))
    notes = (
        "n: subjects with a value at the visit. Ratio: geometric mean ratio to baseline, of subjects with "
        "both values, for markers analysed on a log scale; difference: mean difference. CI: t interval. "
        "Quartiles by averaging at discontinuities (SAS PCTLDEF=5).",
        _records_note(rows),
    )
    return Table("Marker", _headers(*visits), tuple(body), (*notes, *lookup.notes()))


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
    return low if low == NOT_ESTIMABLE else f"{low} to {high}"


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
    """Arrange the mean change of each marker: n, ratio or difference, effect size, raw and adjusted p."""
    lookup = Lookup(rows)
    read = _Reader(lookup, "mean_change")

    def cells(marker: Marker) -> tuple[str, ...]:
        code = marker.code
        effect = read.interval(code, ("effect", "effect_low", "effect_high"))
        return (read.count(code), read.effect(marker), effect, *read.p(code))

    body = _by_panel(study.markers, cells)
    level = format_level(confidence)
    headers = _headers(
        "n", f"Ratio or difference ({level}% CI)", f"Effect dz ({level}% CI)", "p, raw", "p, adjusted"
    )
    notes = (
        "Each subject's changes from baseline are averaged over the visits with a value; n: subjects with "
        "baseline and a later value. dz: mean change by the SD of changes.",
        f"{RATIO_NOTE} p: permutation test by signs, two-sided. {EXPLORATORY}",
    )
    return Table("Marker", headers, body, (*notes, *lookup.notes()))


@sentence_if_absent
def table_immune_planned(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the planned comparisons of each visit with baseline."""
    lookup = Lookup(rows)
    visits = lookup.visits("planned")
    readers = [_Reader(lookup, "planned", visit=visit) for visit in visits]
    body: list[Row] = []
    for marker in study.markers:
        body.append(Row(marker.label))
        lines: dict[str, Callable[[_Reader, Marker], str]] = {
            "n": lambda read, own: read.count(own.code),
            "Effect dz": lambda read, own: read.number(own.code, "effect"),
            f"{format_level(confidence)}% CI": lambda read, own: _dash(read, own),
            "p, raw": lambda read, own: read.p(own.code)[0],
            "p, adjusted": lambda read, own: read.p(own.code)[1],
        }
        for label, text in lines.items():
            cells = tuple(
                "–" if label != "n" and read.count(marker.code) == "0" else text(read, marker)
                for read in readers
            )
            body.append(Row(label, cells, 1))
    notes = (
        "n: subjects with a value at baseline and at the visit. dz: mean change by the SD of changes. "
        "p: permutation test by signs, two-sided; the family is all markers at all visits. "
        f"{EXPLORATORY} –: nobody has both values.",
    )
    return Table("Marker", _headers(*visits), tuple(body), (*notes, *lookup.notes()))


def _dash(read: _Reader, marker: Marker) -> str:
    low, high = (read.number(marker.code, name) for name in ("effect_low", "effect_high"))
    return low if low == NOT_ESTIMABLE else f"{low} to {high}"


@sentence_if_absent
def table_immune_visits(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the tests over all visits: complete cases, and all values by a mixed model."""
    lookup = Lookup(rows)
    friedman, anova, mixed = (_Reader(lookup, name) for name in ("friedman", "anova", "mixed"))

    def cells(marker: Marker) -> tuple[str, ...]:
        code = marker.code
        return (
            anova.count(code), anova.count(code, "visits"),
            friedman.number(code, "effect"), *friedman.p(code),
            anova.number(code, "epsilon"), anova.number(code, "effect"), *anova.p(code),
            mixed.count(code), mixed.count(code, "values"), *mixed.p(code),
        )  # fmt: skip

    groups = {
        "Complete": ("n", "Visits"),
        "Friedman": ("W", "p", "adj."),
        "ANOVA": ("ε", "η²", "p", "adj."),
        "Mixed model": ("n", "Values", "p", "adj."),
    }
    headers = _headers(*((group, label) for group, labels in groups.items() for label in labels))
    notes = (
        "Friedman test and repeated-measures ANOVA use subjects with a value at every visit at which anyone "
        "has one; the mixed model uses all values. W: Kendall's coefficient; ε: Greenhouse-Geisser; η²: "
        "generalised eta squared; p of the ANOVA is the corrected one; adj.: adjusted p.",
        EXPLORATORY,
    )
    return Table("Marker", headers, _by_panel(study.markers, cells), (*notes, *lookup.notes()))


@sentence_if_absent
def table_immune_response(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange responders against non-responders: mean changes, alone and adjusted for splenectomy."""
    lookup = Lookup(rows)
    difference, adjusted = _Reader(lookup, "difference"), _Reader(lookup, "splenectomy")

    def cells(marker: Marker) -> tuple[str, ...]:
        code = marker.code
        sizes = f"{difference.count(code, 'n1')}{_AND}{difference.count(code, 'n2')}"
        effect = difference.interval(code, ("effect", "effect_low", "effect_high"))
        return (
            sizes, difference.effect(marker), effect, *difference.p(code),
            adjusted.effect(marker), *adjusted.p(code),
        )  # fmt: skip

    level = format_level(confidence)
    groups = {
        "Mean change by response": (
            "n", f"Estimate ({level}% CI)", f"g ({level}% CI)", "p", "adj."
        ),
        "Adjusted for splenectomy": (f"Estimate ({level}% CI)", "p", "adj."),
    }  # fmt: skip
    headers = _headers(*((group, label) for group, labels in groups.items() for label in labels))
    notes = (
        "n: responders, non-responders with baseline and a later value. Estimate: ratio of the groups' "
        "ratios to baseline, or difference of their differences; on the right from a linear model with "
        "response, earlier splenectomy and the baseline value. g: difference by the pooled SD with "
        "Hedges' correction. p: permutation of the groups; t test in the adjusted model. adj.: adjusted p.",
        f"{RATIO_NOTE} {EXPLORATORY}",
    )
    return Table("Marker", headers, _by_panel(study.markers, cells), (*notes, *lookup.notes()))


@sentence_if_absent
def table_immune_interaction(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the interaction of response and visit: mixed ANOVA and mixed model."""
    lookup = Lookup(rows)
    anova, mixed = _Reader(lookup, "anova"), _Reader(lookup, "mixed")

    def cells(marker: Marker) -> tuple[str, ...]:
        code = marker.code
        return (
            f"{anova.count(code, 'n1')}{_AND}{anova.count(code, 'n2')}",
            anova.number(code, "statistic"), anova.number(code, "epsilon"), *anova.p(code),
            f"{mixed.count(code, 'n1')}{_AND}{mixed.count(code, 'n2')}",
            mixed.count(code, "values"), mixed.number(code, "statistic"), *mixed.p(code),
        )  # fmt: skip

    groups = {
        "Mixed ANOVA, complete subjects": ("n", "F", "ε", "p", "adj."),
        "Mixed model, all values": ("n", "Values", "F", "p", "adj."),
    }
    headers = _headers(*((group, label) for group, labels in groups.items() for label in labels))
    notes = (
        "n: responders, non-responders. ε: Greenhouse-Geisser, by which p of the ANOVA is corrected. adj.: "
        f"adjusted p. {EXPLORATORY}",
    )
    return Table("Marker", headers, _by_panel(study.markers, cells), (*notes, *lookup.notes()))


@sentence_if_absent
def table_immune_platelets(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the repeated-measures correlation of each marker with platelets at the same visit."""
    lookup = Lookup(rows)
    read = _Reader(lookup, "same", visit="lag 0")

    def cells(marker: Marker) -> tuple[str, ...]:
        code = marker.code
        return (
            read.count(code),
            read.count(code, "pairs"),
            read.interval(code, ("r", "low", "high")),
            *read.p(code),
        )

    headers = _headers("n", "Pairs", f"r ({format_level(confidence)}% CI)", "p, raw", "p, adjusted")
    notes = (
        "Repeated-measures correlation with the logarithm of the platelet count in the same week: whether "
        "the two rise and fall together within subjects. n: subjects with at least two pairs. Counts after "
        "rescue therapy are included.",
        EXPLORATORY,
    )
    return Table("Marker", headers, _by_panel(study.markers, cells), (*notes, *lookup.notes()))


@sentence_if_absent
def table_immune_predictors(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange baseline markers as predictors of response."""
    lookup = Lookup(rows)
    read = _Reader(lookup, "baseline")

    def cells(marker: Marker) -> tuple[str, ...]:
        code = marker.code
        return (
            f"{read.count(code, 'n1')}{_AND}{read.count(code, 'n2')}",
            read.interval(code, ("estimate", "low", "high")), *read.p(code),
            read.number(code, "auc"), read.percent(code, "gain_left_out"),
        )  # fmt: skip

    headers = _headers(
        "n",
        f"Odds ratio per SD ({format_level(confidence)}% CI)",
        "p, raw",
        "p, adjusted",
        "ROC area",
        "Gain left out, %",
    )
    notes = (
        "n: responders, non-responders with a baseline value. Firth's logistic regression, one marker at a "
        "time. ROC area: under the curve in the subjects that made the model, which flatters it. Gain "
        "left out: share of the squared error that the marker takes away when each subject is predicted from "
        "the others; below 0 the prediction is worse than without the marker.",
        EXPLORATORY,
    )
    return Table("Marker", headers, _by_panel(study.markers, cells), (*notes, *lookup.notes()))


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
    body: list[Row] = []
    for marker in study.markers:
        if marker.code not in set(rows["level"]):
            continue
        body.append(Row(marker.label))
        for path, label in paths.items():
            read = _Reader(lookup, path)
            estimate = read.interval(marker.code, ("estimate", "low", "high"))
            body.append(Row(label, (read.count(marker.code), estimate, *read.p(marker.code)), 1))
    level = format_level(confidence)
    headers = _headers("n", f"Estimate ({level}% CI)", "p, raw", "p, adjusted")
    notes = (
        "Estimates in SD per SD. The marker is its mean change in the earlier weeks, platelets the mean "
        "change of their logarithm in the later ones. Adjusted over the markers shown. "
        "Exploratory: a reading as cause would need that nothing else moves dose, marker and platelets "
        "together, that dose was given at random, and linear relations; none of this is known here.",
    )
    return Table("Marker, path", headers, tuple(body), (*notes, *lookup.notes()))


@sentence_if_absent
def table_immune_power(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the smallest effects that the observed numbers of subjects could show."""
    lookup = Lookup(rows)
    labels = {"change": "Mean change, SDs of changes", "response": "Responders against non-responders, SDs"}
    levels = {"single": "One test alone", "family": "Smallest p of the family"}
    body: list[Row] = []
    for analysis, label in labels.items():
        body.append(Row(label))
        for level, words in levels.items():
            n1, n2, alpha = (lookup.value(analysis, "total", name, level) for name in ("n1", "n2", "alpha"))
            sizes = (
                format_count(n1) if analysis == "change" else f"{format_count(n1)}{_AND}{format_count(n2)}"
            )
            least = lookup.value(analysis, "total", "least_effect", level)
            power = lookup.value(analysis, "total", "power", level)
            cells = (sizes, format_number(alpha, 4), format_number(least, 2), format_percent(100 * power))
            body.append(Row(words, cells, 1))
    notes = (
        "By simulation with the tests of the analysis. Smallest p of the family: the level that one marker "
        "has to reach when no other moves. n: subjects, or responders, non-responders.",
    )
    return Table(
        "Question",
        _headers("n", "Level", "Smallest effect, SD", "Power, %"),
        tuple(body),
        (*notes, *lookup.notes()),
    )


@sentence_if_absent
def table_immune_tests(rows: pd.DataFrame, study: Study, rate: float) -> Table:
    """Arrange how many tests were made, by family."""
    lookup = Lookup(rows)
    body = []
    for level in lookup.levels("tests"):
        counts = [
            format_count(lookup.value("tests", "total", name, level))
            for name in ("tests", "not_estimable", "raw", "adjusted")
        ]
        expected = format_number(lookup.value("tests", "total", "expected", level), 1)
        cells = (*counts[:2], expected, *counts[2:])
        body.append(Row(_FAMILIES.get(level, level), cells))
    limit = format_plain(rate)
    headers = _headers(
        "Tests", "Not estimable", "Expected by chance", f"Raw p ≤ {limit}", f"Adjusted p ≤ {limit}"
    )
    notes = (
        f"Expected by chance: raw p at or below {limit} if nothing moved and nothing were related. Adjusted: "
        "Benjamini-Hochberg within each family; nothing is adjusted over families.",
    )
    return Table("Family of tests", headers, tuple(body), notes)
