"""The p-values of all tests, one row for each, and how each kind of test is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from csrkit.rows import levels_in
from csrkit.tables.formats import NOT_ESTIMABLE, format_count, format_level, format_number, format_p
from csrkit.tables.layouts import AND, sentence_if_absent, two_decimals, with_limits
from csrkit.tables.lookup import Lookup, reason_notes
from csrkit.tables.table import Header, Row, Table
from csrkit.vocabulary import limits_of
from itpcsr.display.antibodies import antibody_labels
from itpcsr.display.immune_figures import effect_text
from itpcsr.study import ChosenTest, Study
from itpcsr.study.testing import PLACES, Place

# How each kind of test is told in the tables of all tests: its heading, and the cells of a test.

NOTHING = "–"


@dataclass
class Tested:
    """One test: where its rows are, the rows of its display, and the study that names what it compares."""

    place: Place
    lookup: Lookup
    study: Study

    def value(self, name: str, **other: str) -> float:
        """Return a statistic of the test; ``other`` names another place (group, level) in its display."""
        here = self.place
        where: dict[str, Any] = {
            "analysis": here.analysis, "group": here.group, "level": here.level, "visit": here.visit, **other,
        }  # fmt: skip
        return self.lookup.value(statistic=name, **where)

    def interval(self, name: str, text: Callable[[float], str]) -> str:
        """Return an estimate with its limits."""
        return with_limits(*(text(self.value(one)) for one in (name, *limits_of(name))))


def _count(name: str) -> Callable[[Tested], str]:
    return lambda test: format_count(test.value(name))


def _sizes(test: Tested) -> str:
    return AND.join(format_count(test.value(name)) for name in ("n1", "n2"))


def _interval(name: str) -> Callable[[Tested], str]:
    return lambda test: test.interval(name, two_decimals)


def _of_marker(test: Tested) -> str:
    """Return a ratio, or a difference with its sign, with its limits."""
    marker = next(marker for marker in test.study.markers if marker.code == test.place.level)
    return test.interval("estimate", lambda value: effect_text(marker, value))


def _number(sign: str, name: str) -> Callable[[Tested], str]:
    """Return ``W 0.31``."""

    def text(test: Tested) -> str:
        value = two_decimals(test.value(name))
        return value if value == NOT_ESTIMABLE else f"{sign} {value}"

    return text


def _statistic(sign: str, name: str, *degrees: str) -> Callable[[Tested], str]:
    """Return ``F 2.31 (5; 40)``: a test statistic with its degrees of freedom."""

    def text(test: Tested) -> str:
        value = format_number(test.value(name), 2)
        if value == NOT_ESTIMABLE:
            return value
        found = "; ".join(format_count(test.value(one)) for one in degrees)
        return f"{sign} {value} ({found})" if degrees else f"{sign} {value}"

    return text


def _of_groups(test: Tested) -> str:
    return AND.join(format_count(test.value("N", group=group)) for group in ("with", "without"))


def _counts_of_groups(test: Tested) -> str:
    pairs = [[test.value(name, group=group) for name in ("n", "N")] for group in ("with", "without")]
    return "; ".join("/".join(map(format_count, pair)) for pair in pairs)


def _peaks(test: Tested) -> str:
    return "; ".join(format_number(test.value("median", group=group), 0) for group in ("with", "without"))


def _all_subjects(test: Tested) -> str:
    whole = test.study.design.columns[-1].key
    return format_count(test.value("N", analysis="size", group=whole, level="", visit=""))


def _bleeding(test: Tested) -> str:
    counts = (format_count(test.value("n", level=level)) for level in ("better", "worse"))
    return "lower {}, higher {}".format(*counts)


def _changed(test: Tested) -> str:
    return "gained {}, lost {}".format(*(format_count(test.value(name)) for name in ("gained", "lost")))


def _nothing(test: Tested) -> str:
    return NOTHING


@dataclass(frozen=True)
class Kind:
    """How the tests of one kind are told: a heading, the cells before the p-values, the corrected p-value."""

    heading: str
    n: Callable[[Tested], str]
    effect: Callable[[Tested], str]
    statistic: Callable[[Tested], str] = _nothing
    corrected: str = ""  # the statistic that holds it; "" for none
    among: tuple[str, ...] = field(default=("group", "visit"))  # what tells the tests of the kind apart


_RATIO = _interval("gm_ratio")
_MARKER, _BH = ("level", "visit"), "corrected: Benjamini-Hochberg over the family"
_WITH, _WITHOUT = ", counts after rescue therapy included", ", without counts after rescue therapy"


def _weeks(words: str) -> Kind:
    return Kind(
        f"Platelet count at a week against baseline{words}: geometric mean ratio, paired t-test of the "
        "logarithms; corrected: Holm over the weeks of a column",
        _count("n"), _RATIO, corrected="p_adjusted",
    )  # fmt: skip


def _friedman(words: str) -> Kind:
    heading = f"Platelet count over the visits{words}: Friedman test, Kendall's W"
    return Kind(heading, _count("n"), _number("W", "kendalls_w"), _statistic("χ²", "statistic", "df"))


def _anova(words: str) -> Kind:
    return Kind(
        f"Platelet count over the visits{words}: repeated-measures analysis of variance, generalised η²; "
        "corrected: for sphericity (Greenhouse-Geisser)",
        _count("n"), _number("η²", "ng2"), _statistic("F", "statistic", "df", "df_error"), "p_adjusted",
    )  # fmt: skip


def _antibody(words: str) -> Kind:
    heading = f"Antibody and {words}: with; without antibody, n/N, Fisher's exact test"
    return Kind(heading, _of_groups, _counts_of_groups, among=("level",))


def _mediation(words: str) -> Kind:
    heading = f"Mediation, {words}: SD per SD; {_BH}"
    return Kind(heading, _count("n"), _interval("estimate"), corrected="p_adjusted", among=_MARKER)


KINDS: dict[str, Kind] = {
    "platelets by week": _weeks(_WITH),
    "platelets by week, no rescue": _weeks(_WITHOUT),
    "platelets over visits, Friedman": _friedman(_WITH),
    "platelets over visits, ANOVA": _anova(_WITH),
    "platelets over visits, Friedman, no rescue": _friedman(_WITHOUT),
    "platelets over visits, ANOVA, no rescue": _anova(_WITHOUT),
    "response by dose": Kind(
        "Trend of response over the dose: exact Cochran-Armitage test",
        _all_subjects, _nothing, among=("level",),
    ),
    "bleeding by week": Kind(
        "WHO bleeding at a week against baseline: subjects with a lower and a higher grade; McNemar's exact "
        "test of any bleeding",
        lambda test: format_count(test.value("N", level="better")),
        _bleeding,
    ),
    "antibodies, last against first": Kind(
        "Antibody in the last sample against baseline: McNemar's exact test, statistic: its mid-p",
        _count("pairs"),
        _changed,
        lambda test: f"mid-p {format_p(test.value('mid_p'))}",
        among=("level",),
    ),
    "antibodies and response": _antibody("response"),
    "antibodies and events": _antibody("treatment-emergent adverse events"),
    "antibodies and serious events": _antibody("serious treatment-emergent events"),
    "antibodies and infusion reactions": _antibody("infusion reactions"),
    "antibodies and Cmax": Kind(
        "Antibody and Cmax: medians with; without antibody, exact rank-sum test",
        lambda test: AND.join(format_count(test.value("n", group=group)) for group in ("with", "without")),
        _peaks,
        among=("level",),
    ),
    "marker, mean change": Kind(
        f"Marker, mean change from baseline: ratio or difference, permutation by signs; {_BH}",
        _count("n"), _of_marker, corrected="p_adjusted", among=_MARKER,
    ),
    "marker, change by visit": Kind(
        f"Marker at a visit against baseline: ratio or difference, permutation by signs; {_BH}",
        _count("n"), _of_marker, corrected="p_adjusted", among=_MARKER,
    ),
    "marker over visits, Friedman": Kind(
        f"Marker over the visits: Friedman test, Kendall's W; {_BH}",
        _count("n"), _number("W", "kendalls_w"), _statistic("χ²", "statistic"), "p_adjusted", _MARKER,
    ),
    "marker over visits, ANOVA": Kind(
        "Marker over the visits: repeated-measures analysis of variance, generalised η², p after Greenhouse "
        f"and Geisser; {_BH}",
        _count("n"), _number("η²", "ng2"), _statistic("F", "statistic", "df", "df_error"),
        "p_adjusted", _MARKER,
    ),
    "marker and response": Kind(
        f"Marker, mean change of responders against non-responders: permutation of the groups; {_BH}",
        _sizes, _of_marker, corrected="p_adjusted", among=_MARKER,
    ),
    "marker and response, adjusted": Kind(
        f"Marker, the same adjusted for splenectomy and baseline: linear model; {_BH}",
        _count("n"), _of_marker, corrected="p_adjusted", among=_MARKER,
    ),
    "marker course and response": Kind(
        f"Marker, response × visit: mixed analysis of variance, p after Greenhouse and Geisser; {_BH}",
        _sizes, _nothing, _statistic("F", "statistic", "df", "df_error"), "p_adjusted", _MARKER,
    ),
    "marker and platelets": Kind(
        f"Marker and platelets within subjects, same visit, counts after rescue therapy included: r; {_BH}",
        _count("n"), _interval("r"), corrected="p_adjusted", among=("level",),
    ),
    "marker and platelets, lagged": Kind(
        "Marker and platelets within subjects, weeks from marker to count, counts after rescue therapy "
        f"included: r; {_BH}",
        _count("n"), _interval("r"), corrected="p_adjusted", among=_MARKER,
    ),
    "marker at baseline and response": Kind(
        f"Marker at baseline as predictor of response: odds ratio per SD, Firth's regression; {_BH}",
        _sizes, _interval("estimate"), corrected="p_adjusted", among=_MARKER,
    ),
    "changes of two markers": Kind(
        f"Mean changes of two markers: Spearman's r; {_BH}",
        _count("n"), _interval("r"), corrected="p_adjusted", among=_MARKER,
    ),
    "mediation, dose to marker": _mediation("dose to marker"),
    "mediation, marker to platelets": _mediation("marker to platelets, given the dose"),
    "mediation, total": _mediation("dose to platelets, in all"),
    "mediation, direct": _mediation("dose to platelets, given the marker"),
    "mediation, indirect": _mediation("dose to platelets, through the marker"),
}  # fmt: skip


def other_kind(display: str, analysis: str) -> Kind:
    """Return how a test is told that has no kind of its own, as one that a researcher adds to a notebook."""
    where = f"{display}, {analysis}" if analysis else display
    return Kind(f"Further test ({where})", _nothing, _nothing, among=("group", "level", "visit"))


# The p-values of all tests, one row for each: those chosen beforehand apart from all others.

_COMPARISONS = {
    "emergent": "HLA or donor, induced or boosted",
    "positive": "HLA or donor, in any sample",
    "autoantibody": "Platelet autoantibody at baseline",
    "increasing": "Increasing rate, one-sided",
    "two-sided": "Two-sided",
}
_NAMES = {place: name for name, place in PLACES.items()}


@sentence_if_absent
def table_tests(
    counts: pd.DataFrame,
    tests: pd.DataFrame,
    rows: pd.DataFrame,
    study: Study,
    confidence: float,
    missing: Sequence[ChosenTest] = (),
) -> Table:
    """Arrange tests, one row for each, under a heading for each kind.

    ``counts`` are the table's own result rows, ``tests`` the rows of the raw p-values (see ``select_tests``)
    and ``rows`` the result rows in which everything about these tests is found. ``missing`` are declarations
    of tests that this version doesn't make.
    """
    shown = rows[rows["display"].isin(tests["display"])]
    lookups = {str(name): Lookup(part) for name, part in shown.groupby("display", sort=False)}
    body: list[Row] = []
    for key, part in tests.groupby(["display", "analysis"], sort=False):
        display, analysis = map(str, key)
        name = _NAMES.get((display, analysis))
        kind = other_kind(display, analysis) if name is None else KINDS[name]
        body.append(Row(kind.heading))
        for where in zip(part["group"], levels_in(part), part["visit"], strict=True):
            test = Tested(Place(display, analysis, *where), lookups[display], study)
            body.append(Row(_compared(test, kind), _cells(test, kind), 1))
    headers = ("n", f"Effect ({format_level(confidence)}% CI)", "Statistic", "p", "p, corrected")
    reasons = dict.fromkeys(reason for lookup in lookups.values() for reason in lookup.reasons)
    return Table(
        "Analysis, comparison",
        tuple(map(Header, headers)),
        tuple(body),
        (*_notes(missing), *reason_notes(list(reasons))),
        sources=tuple(sorted(map(str, tests["display"].unique()))),
    )


def _cells(test: Tested, kind: Kind) -> tuple[str, ...]:
    corrected = format_p(test.value(kind.corrected)) if kind.corrected else NOTHING
    return (kind.n(test), kind.effect(test), kind.statistic(test), format_p(test.value("p_value")), corrected)


def _compared(test: Tested, kind: Kind) -> str:
    """Return what tells a test from the others of its kind: column or marker, and visit."""
    texts = {"group": _column, "level": _level, "visit": _visit}
    return ", ".join(text for name in kind.among if (text := texts[name](test)))


def _visit(test: Tested) -> str:
    """Return the week, or the weeks from marker to count (lag) with the sign of print."""
    return test.place.visit.replace("lag -", "lag −")


def _column(test: Tested) -> str:
    columns = {column.key: column for column in test.study.design.columns}
    if test.place.group not in columns:  # of subjects that make no column of the study
        return test.place.group
    column = columns[test.place.group]
    return f"{column.label} ({column.spanner})" if column.spanner else column.label


def _level(test: Tested) -> str:
    names = {marker.code: marker.label for marker in test.study.markers}
    names |= antibody_labels(test.study) if test.place.display == "tbl-antibody-paired" else {}
    level = test.place.level
    parts = [level] if isinstance(level, str) else level
    return " and ".join(_COMPARISONS.get(part, names.get(part, part)) for part in parts)


def _notes(missing: Sequence[ChosenTest]) -> list[str]:
    notes = [
        "All tests are two-sided unless stated otherwise. –: no such number, or none beside the effect. "
        "Families are corrected each for itself, nothing is corrected over families."
    ]
    if missing:
        named = "; ".join(", ".join([one.test, *one.levels, *one.visits]) for one in missing)
        notes.append(f"Chosen beforehand, but not made in this version: {named}.")
    return notes
