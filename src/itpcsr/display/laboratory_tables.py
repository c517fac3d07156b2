"""Arrange laboratory results into tables. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from csrkit.tables.formats import (
    NOT_ESTIMABLE,
    format_count,
    format_level,
    format_limit,
    format_number,
    format_p,
    format_percent,
    format_plain,
    format_statistic,
    missing,
)
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.labels import sentence_case
from itpcsr.display.parameters import parameter_decimals
from itpcsr.display.rescue import platelet_note
from itpcsr.study import Column, Study

_STATUSES = {"LOW": "Low", "NORMAL": "Normal", "HIGH": "High"}
_CRITERIA = {
    "3": "ALT or AST at least 3 × ULN",
    "5": "ALT or AST at least 5 × ULN",
    "10": "ALT or AST at least 10 × ULN",
    "20": "ALT or AST at least 20 × ULN",
    "bilirubin": "Bilirubin above 2 × ULN",
    "both": "ALT or AST at least 3 × ULN with bilirubin above 2 × ULN",
    "hys_law": "Hy's law: the same with alkaline phosphatase below 2 × ULN",
}
_AMONG = "n/N (%): N is the number of subjects {which}; a percentage is of N."
_COURSE = (
    ("n", "value", ("n",)),
    ("Mean (SD)", "value", ("mean", "sd")),
    ("Median (min, max)", "value", ("median", "min", "max")),
    ("Change: n", "change", ("n",)),
    ("Change: mean (SD)", "change", ("mean", "sd")),
    ("Change: median (min, max)", "change", ("median", "min", "max")),
)


@sentence_if_absent
def table_lab_course(
    rows: pd.DataFrame, study: Study, names: Mapping[str, str], weeks: Sequence[int]
) -> Table:
    """Arrange the course of each parameter: baseline, the weeks asked for that have rows, end of treatment.

    ``names`` is PARAMCD to its label (``parameter_names``).
    """
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for parameter in _analyses(rows):
        body.append(Row(names.get(parameter, parameter)))
        body += course_rows(rows, lookup, columns, parameter, "", weeks)
    notes = [
        "Change: from baseline. SD: standard deviation, from 3 values on. "
        "Results beyond the measuring range (<5) are left out.",
        *platelet_note(study, _analyses(rows)),
    ]
    return Table("Parameter, visit", lookup.headers(columns), tuple(body), (*notes, *lookup.notes()))


def course_rows(
    rows: pd.DataFrame,
    lookup: Lookup,
    columns: Sequence[Column],
    parameter: str,
    prefix: str,
    weeks: Sequence[int],
) -> list[Row]:
    """Return the rows of one parameter (and time point, as ``prefix``) at the visits to show."""
    own = rows[(rows["analysis"] == parameter) & rows["level"].isin([f"{prefix}value", f"{prefix}change"])]
    shown = {"Baseline", "End of treatment", *(f"Week {week}" for week in weeks)}
    changed = set(own.loc[own["level"] == f"{prefix}change", "visit"])
    decimals = parameter_decimals(parameter, str(own["unit"].iloc[0]))
    body: list[Row] = []
    for visit in dict.fromkeys(own["visit"]):
        if visit not in shown:
            continue
        body.append(Row(str(visit), indent=1))
        for label, level, statistics in _COURSE:
            if level == "value" or visit in changed:
                cells = [
                    joined(
                        lookup, parameter, column.key, statistics, f"{prefix}{level}", str(visit), decimals
                    )
                    for column in columns
                ]
                body.append(Row(label, tuple(cells), 2))
    return body


def joined(
    lookup: Lookup,
    analysis: str,
    group: str,
    statistics: Sequence[str],
    level: str,
    visit: str,
    decimals: int,
) -> str:
    """Return statistics of one cell: ``mean (sd)``, ``median (min, max)``, or one alone."""
    values = [lookup.value(analysis, group, name, level, visit) for name in statistics]
    texts = [format_statistic(name, value, decimals) for name, value in zip(statistics, values, strict=True)]
    if len(texts) == 1 or texts[0] == NOT_ESTIMABLE:
        return texts[0]
    return f"{texts[0]} ({', '.join(texts[1:])})"


@sentence_if_absent
def table_lab_ranges(rows: pd.DataFrame, study: Study, names: Mapping[str, str]) -> Table:
    """Arrange the status of the most deviating value after baseline, and the shifts from baseline."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    parameters = list(dict.fromkeys(level.split(" | ")[0] for level in lookup.levels("status")))
    for parameter in parameters:
        body.append(Row(names.get(parameter, parameter)))
        for status, label in _STATUSES.items():
            level = f"{parameter} | {status}"
            body.append(_among_row(lookup, label, columns, "status", level, 1))
        for level in _occurring(rows, "shift", f"{parameter} | "):
            base, _, status = level.split(" | ")[1].partition(" to ")
            if base != status:
                label = f"{_STATUSES[base]} to {_STATUSES[status].lower()}"
                body.append(_among_row(lookup, label, columns, "shift", level, 2))
        if (rows["statistic"] == "p_value").any():
            tests = [format_p(lookup.value(name, "", "p_value", parameter)) for name in ("status", "shift")]
            body.append(Row(f"Between arms: p {tests[0]} (status), {tests[1]} (shift)", indent=1))
    notes = [
        "n/N (%): N is the number of subjects with a value after baseline; for a shift of those with that "
        "status at baseline. Shifts that occurred in no column are left out.",
        _threshold_note(study),
        *platelet_note(study, parameters),
    ]
    if (rows["statistic"] == "p_value").any():
        notes.append(
            "p, exploratory: Fisher's exact test of the status; Cochran-Mantel-Haenszel test of general "
            "association for the shift, by the status at baseline."
        )
    notes += _drawing_note(rows, names)
    return Table("Parameter", lookup.headers(columns), tuple(body), (*notes, *lookup.notes()))


def _drawing_note(rows: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """Return the note on p-values of the status that were drawn, [] where all were enumerated."""
    errors = rows[rows["statistic"] == "p_error"]
    if errors.empty:
        return []
    drawn = format_count(rows.loc[rows["statistic"] == "tables_drawn", "value"].max())
    own = [
        f"{names.get(str(level), str(level))} {format_number(float(value), 4)}"
        for level, value in zip(errors["level"], errors["value"], strict=True)
    ]
    return [
        f"p of the status by Monte Carlo, since there are too many tables to enumerate: {drawn} tables with "
        f"the same margins drawn for each parameter; standard error of p: {', '.join(own)}."
    ]


def _threshold_note(study: Study) -> str:
    rules = study.laboratory
    if (rules.threshold_low_factor, rules.threshold_high_factor) == (1, 1):
        return "Low, normal, high: against the limits of the normal range (LLN, ULN)."
    return (
        "Status: against the limits of the normal range (LLN, ULN). Shift: low below "
        f"{format_plain(rules.threshold_low_factor)} × LLN, high above "
        f"{format_plain(rules.threshold_high_factor)} × ULN."
    )


@sentence_if_absent
def table_lab_grades(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange worsening of the toxicity grade by term with exact intervals, and each shift that occurred."""
    columns, lookup = study.design.columns, Lookup(rows)
    interval = f"{format_level(confidence)}% CI"
    high = f"To grade {study.laboratory.abnormal_grade} or higher"
    body: list[Row] = []
    for term in lookup.levels("worsened"):
        body.append(Row(term))
        for analysis, label in (("worsened", "Worst grade higher than at baseline"), ("high", high)):
            body.append(_among_row(lookup, label, columns, analysis, term, 1))
            body.append(_interval_row(lookup, interval, columns, analysis, term))
        for level in _occurring(rows, "shift", f"{term} | "):
            body.append(_among_row(lookup, f"Grade {level.split(' | ')[1]}", columns, "shift", level, 2))
    notes = [
        _AMONG.format(which="with a grade at baseline and one after treatment began"),
        f"{study.laboratory.toxicity_criteria}, from the value alone. Shift: grade at baseline to worst "
        "grade after it. After a baseline above the upper limit, liver tests are graded as multiples of the "
        "baseline, so that an unchanged value is grade 0. A result beyond the measuring range "
        "counts with the lowest grade that it allows, and not where that may be 0. "
        f"CI: exact (Clopper-Pearson) confidence interval at level {format_level(confidence)}%, in percent.",
        *platelet_note(study),
    ]
    return Table("Term", lookup.headers(columns), tuple(body), (*notes, *lookup.notes()))


@sentence_if_absent
def table_hys_law(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange signs of liver injury with exact intervals; subjects who meet both criteria are named."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for level in lookup.levels("criterion"):
        body.append(_among_row(lookup, _CRITERIA[level], columns, "criterion", level, 0))
        body.append(_interval_row(lookup, f"{format_level(confidence)}% CI", columns, "criterion", level, 1))
    cases = rows[rows["analysis"] == "case"]
    named = "; ".join(
        f"{group} (Day {format_count(day)})"
        for group, day in zip(cases["group"], cases["value"], strict=True)
    )
    notes = [
        _AMONG.format(which="with ALT or AST after treatment began"),
        "ULN: upper limit of normal of the sample. Values count together when they were taken at most "
        f"{study.laboratory.hys_law_days} days from the transaminase; without an alkaline phosphatase in "
        "that time Hy's law isn't met. "
        f"CI: exact (Clopper-Pearson) confidence interval at level {format_level(confidence)}%, in percent.",
        f"Subjects with transaminases and bilirubin raised together: {named or 'none'}.",
    ]
    return Table("Criterion", lookup.headers(columns), tuple(body), (*notes, *lookup.notes()))


@sentence_if_absent
def table_lab_abnormal(rows: pd.DataFrame, study: Study, names: Mapping[str, str]) -> Table:
    """Arrange the listing of abnormal values: one row per value, under its subject."""
    body: list[Row] = []
    subject = ""
    for (group, parameter, visit), cell in rows.groupby(["group", "level", "visit"], sort=False):
        if group != subject:
            subject = str(group)
            body.append(Row(subject))
        found = dict(zip(cell["statistic"], cell["value"], strict=True))
        signs = dict(zip(cell["statistic"], cell["method"].map(format_limit), strict=True))
        unit = str(cell.loc[cell["statistic"] == "value", "unit"].iloc[0])
        place = sentence_case(str(visit).rpartition(" | ")[0])
        label = f"{names.get(str(parameter), str(parameter))}, {place}" if place else str(parameter)
        body.append(Row(label, _listed(found, signs, parameter_decimals(str(parameter), unit)), 1))
    headers = ("Day", "Value", "Normal range", "Grade", "Baseline", "Grade at baseline")
    notes = (
        f"Listed: values after treatment began of {study.laboratory.toxicity_criteria or 'toxicity'} grade "
        f"{study.laboratory.abnormal_grade} or higher that is above the grade at baseline, and values that "
        "the data call clinically significant. –: not recorded.",
        *platelet_note(study, set(rows["level"])),
    )
    return Table("Subject, parameter and visit", tuple(map(Header, headers)), tuple(body), notes)


def _listed(found: dict[str, float], signs: dict[str, str], decimals: int) -> tuple[str, ...]:
    def text(name: str, digits: int) -> str:
        return signs[name] + format_number(found[name], digits) if name in found else "–"

    limits = f"{text('range_low', decimals)} to {text('range_high', decimals)}"
    return (
        text("day", 0),
        text("value", decimals),
        limits,
        text("grade", 0),
        text("baseline", decimals),
        text("baseline_grade", 0),
    )


def among(lookup: Lookup, analysis: str, group: str, level: str, visit: str = "") -> str:
    """Return ``n/N (percent)``; ``0/N`` without a percentage, and ``0/0`` where there is nobody to count."""
    n, total = (lookup.value(analysis, group, name, level, visit) for name in ("n", "N"))
    if n != n:
        return missing(n)
    text = f"{format_count(n)}/{format_count(total)}"
    if n == 0:
        return text
    return f"{text} ({format_percent(lookup.value(analysis, group, 'percent', level, visit))})"


def _among_row(
    lookup: Lookup, label: str, columns: Sequence[Column], analysis: str, level: str, indent: int
) -> Row:
    return Row(label, tuple(among(lookup, analysis, column.key, level) for column in columns), indent)


def _interval_row(
    lookup: Lookup, label: str, columns: Sequence[Column], analysis: str, level: str, indent: int = 2
) -> Row:
    return Row(label, tuple(lookup.interval(analysis, column.key, level) for column in columns), indent)


def _occurring(rows: pd.DataFrame, analysis: str, prefix: str) -> list[str]:
    """Return the levels that at least one subject of some column is in, in the order of the rows."""
    chosen = rows[(rows["analysis"] == analysis) & (rows["statistic"] == "n") & (rows["value"] > 0)]
    return [str(level) for level in dict.fromkeys(chosen["level"]) if str(level).startswith(prefix)]


def _analyses(rows: pd.DataFrame) -> list[str]:
    return [str(name) for name in dict.fromkeys(rows["analysis"]) if name != "size"]
