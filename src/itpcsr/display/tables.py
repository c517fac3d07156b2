"""Arrange result rows into tables. Nothing is computed here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec, cast

import pandas as pd

from itpcsr.display.formats import NOT_ESTIMABLE, format_count, format_level, format_p
from itpcsr.display.lookup import Lookup
from itpcsr.display.parameters import PARAMETER_DECIMALS
from itpcsr.display.table import Header, Row, Table
from itpcsr.results import absence
from itpcsr.study import Column, Study

_P = ParamSpec("_P")
STATES = {
    "treated": "Treated",
    "completed_treatment": "Completed treatment",
    "discontinued_treatment": "Discontinued treatment",
    "completed_study": "Completed study",
    "discontinued_study": "Discontinued study",
}
# Variable, label, decimals of the data.
BASELINE = {
    "AGE": ("Age, years", 0),
    "SEX": ("Sex, n (%)", 0),
    "RACE": ("Race, n (%)", 0),
    "WEIGHTBL": ("Weight, kg", 1),
    "HEIGHTBL": ("Height, cm", 1),
    "DISDURM": ("Time since diagnosis, months", 0),
    "BPLAT": ("Platelet count, 10⁹/L", 0),
    "NPRIOR": ("Distinct prior therapies", 0),
}
CATEGORY_LABELS = {
    "F": "Female",
    "M": "Male",
    "AMERICAN INDIAN OR ALASKA NATIVE": "American Indian or Alaska Native",
    "BLACK OR AFRICAN AMERICAN": "Black or African American",
    "NATIVE HAWAIIAN OR OTHER PACIFIC ISLANDER": "Native Hawaiian or other Pacific Islander",
}
EXPOSURE = {
    "NADMIN": ("Administrations received", 0),
    "CUMDOSE": ("Cumulative dose", 1),
    "TRTDURD": ("First to last administration, days", 0),
}
# Decimals of the data by variable: means get one more, SDs two more. Variables not named here are whole.
DECIMALS = {
    **{name: decimals for name, (_, decimals) in (BASELINE | EXPOSURE).items()},
    "R2BASE": 1,
    **PARAMETER_DECIMALS,
}
OVERVIEW = {
    "any": "Any adverse event",
    "related": "Related",
    "severe": "Severe",
    "serious": "Serious",
    "dlt": "Dose-limiting toxicity",
    "infusion_reaction": "Infusion reaction",
    "withdrawal": "Leading to withdrawal of treatment",
    "fatal": "Fatal",
}
RESPONSES = {
    "CR": "Complete response (CR)",
    "R": "Response (R)",
    "NR": "No response (NR)",
    "NE": "Not evaluable",
}
_EXACT_NOTE = "CI: exact (Clopper-Pearson) confidence interval at level {level}%, in percent."


def sentence_if_absent(arrange: Callable[_P, Table]) -> Callable[_P, Table]:
    """Show the one sentence of a display without data in place of its table."""

    @functools.wraps(arrange)
    def arrange_or_say(*args: _P.args, **kwargs: _P.kwargs) -> Table:
        sentence = absence(cast(pd.DataFrame, args[0]))
        return Table("", absent=sentence) if sentence else arrange(*args, **kwargs)

    return arrange_or_say


@sentence_if_absent
def table_disposition(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange disposition: n (%) of enrolled subjects by state, with reasons."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for state, label in STATES.items():
        body.append(_count_row(lookup, label, columns, "status", state))
        body += [
            _count_row(lookup, sentence_case(reason), columns, state, reason, indent=1)
            for reason in lookup.levels(state)
        ]
    return _finish("Status, n (%)", lookup, columns, body, ["Percentages of the enrolled subjects."])


@sentence_if_absent
def table_deviations(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange protocol deviations by category and term: n (%) of enrolled subjects [deviations]."""
    columns, lookup = study.design.columns, Lookup(rows)
    body = [_term_row(lookup, "Any protocol deviation", columns, (), "any", "any", 0)]
    terms = lookup.levels("term")
    for category in ["", *lookup.levels("category")]:
        if category:
            body.append(_term_row(lookup, sentence_case(category), columns, (), "category", category, 0))
        body += [
            _term_row(lookup, sentence_case(term.partition(" | ")[2]), columns, (), "term", term, 1)
            for term in terms
            if term.partition(" | ")[0] == category
        ]
    notes = ["n (%) of enrolled subjects [number of deviations]; a subject counts once in each row."]
    return _finish("Deviation", lookup, columns, body, notes)


@sentence_if_absent
def table_baseline(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange demographic and baseline characteristics; with a control arm the p-values stand last."""
    columns, lookup = study.design.columns, Lookup(rows)
    flags = {therapy.flag: therapy.label for therapy in study.baseline.prior_therapies}
    body: list[Row] = []
    for variable, (label, _) in BASELINE.items():
        levels = lookup.levels(variable)
        if levels:
            body.append(Row(label))
            names = {level: CATEGORY_LABELS.get(level, sentence_case(level)) for level in levels}
            body += [_count_row(lookup, names[level], columns, variable, level, 1) for level in levels]
        elif lookup.has(variable):
            body.append(Row(label))
            body += _summary_rows(lookup, columns, variable)
    had = [flag for flag in flags if lookup.has(flag)]
    if had:
        body.append(Row("Prior therapy, n (%)"))
        body += [_count_row(lookup, flags[flag], columns, flag, "Y", 1) for flag in had]
    notes = ["SD: standard deviation. Percentages of the subjects treated."]
    if study.design.control is not None:
        notes.append(_comparison_note(lookup))
    return _finish("Characteristic", lookup, columns, body, notes)


def _comparison_note(lookup: Lookup) -> str:
    shown = [
        f"{label.split(',')[0]} {format_p(lookup.value(variable, '', 'p_value'))}"
        for variable, (label, _) in BASELINE.items()
        if lookup.has(variable)
    ]
    return (
        "p-values of the comparison of arms (analysis of variance; Pearson's chi-square for categories), "
        f"exploratory: {', '.join(shown)}."
    )


@sentence_if_absent
def table_exposure(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange exposure: administrations received, cumulative dose, time on treatment."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    if lookup.has("administrations"):
        body.append(Row(f"Infusions received of {len(study.design.infusion_days)} planned, n (%)"))
        levels = lookup.levels("administrations")
        body += [_count_row(lookup, level, columns, "administrations", level, 1) for level in levels]
    for variable, (label, _) in EXPOSURE.items():
        if lookup.has(variable):
            unit = f", {_dose_unit(study)}" if variable == "CUMDOSE" else ""
            body += [Row(label + unit), *_summary_rows(lookup, columns, variable)]
    return _finish("Exposure", lookup, columns, body, ["SD: standard deviation."])


def _dose_unit(study: Study) -> str:
    return study.design.dose_unit.replace("10^6 CELLS/KG", "10⁶ cells/kg")


@sentence_if_absent
def table_ae_overview(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange the overview of treatment-emergent adverse events: n (%) [events] and exact interval."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for level in lookup.levels("overview"):
        label = OVERVIEW[level]
        if level == "severe":
            label = f"Severity grade {study.safety.severe_grade} or higher"
        cells = [_with_events(lookup, "overview", column.key, level) for column in columns]
        body.append(Row(label, tuple(cells)))
        intervals = [lookup.interval("overview", column.key, level) for column in columns]
        body.append(Row(f"{format_level(confidence)}% CI", tuple(intervals), 1))
    notes = [
        "n (%) of subjects [number of events]. " + _EXACT_NOTE.format(level=format_level(confidence)),
        _severity_note(study),
    ]
    return _finish("Treatment-emergent, n (%) [events]", lookup, columns, body, notes)


def _severity_note(study: Study) -> str:
    if study.safety.severity_variable == "AESEV":
        return "Severity grade: mild, moderate and severe are read as grades 1, 2 and 3."
    return "Severity grade: CTCAE grade as recorded."


@sentence_if_absent
def table_ae_by_term(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange adverse events by system organ class and preferred term: n (%) [events].

    With a control arm each active column is followed by its p-value against control.
    """
    columns, lookup = study.design.columns, Lookup(rows)
    compared = [column.key for column in columns if any(_p_levels(rows, column.key))]
    body = [_term_row(lookup, "Any adverse event", columns, compared, "any", "any", 0)]
    terms = lookup.levels("pt")
    for soc in lookup.levels("soc"):
        body.append(_term_row(lookup, sentence_case(soc), columns, compared, "soc", soc, 0))
        body += [
            _term_row(lookup, sentence_case(term.removeprefix(f"{soc} | ")), columns, compared, "pt", term, 1)
            for term in terms
            if term.startswith(f"{soc} | ")
        ]
    notes = ["n (%) of subjects [number of events]; a subject counts once in each row."]
    if compared:
        notes.append("p: Fisher's exact test against control, two-sided, not adjusted, exploratory.")
    table = _finish("System organ class, preferred term", lookup, columns, body, notes)
    return _with_p_columns(table, columns, compared) if compared else table


def _p_levels(rows: pd.DataFrame, group: str) -> pd.Series:
    return (rows["group"] == group) & (rows["statistic"] == "p_value")


def _term_row(
    lookup: Lookup,
    label: str,
    columns: Sequence[Column],
    compared: Sequence[str],
    analysis: str,
    level: str,
    indent: int,
) -> Row:
    cells = []
    for column in columns:
        cells.append(_with_events(lookup, analysis, column.key, level))
        if column.key in compared:
            cells.append(format_p(lookup.value(analysis, column.key, "p_value", level)))
    return Row(label, tuple(cells), indent)


def _with_p_columns(table: Table, columns: Sequence[Column], compared: Sequence[str]) -> Table:
    headers: list[Header] = []
    for header, column in zip(table.headers, columns, strict=True):
        headers += [header, Header("p")] if column.key in compared else [header]
    return Table(table.stub, tuple(headers), table.rows, table.notes, table.absent)


@sentence_if_absent
def table_response(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange best confirmed response: responders with exact interval, then each category."""
    columns, lookup = study.design.columns, Lookup(rows)
    body = [
        _count_row(lookup, "Responders (CR or R), n (%)", columns, "overall", "responder"),
        _interval_row(lookup, columns, "overall", "responder", confidence),
        Row("Best confirmed response, n (%)"),
    ]
    for level in lookup.levels("category"):
        body.append(_count_row(lookup, RESPONSES[level], columns, "category", level, 1))
        body.append(_interval_row(lookup, columns, "category", level, confidence))
    notes = [
        _EXACT_NOTE.format(level=format_level(confidence)),
        "Subjects not evaluable count as non-responders.",
    ]
    return _finish("Response", lookup, columns, body, notes)


@sentence_if_absent
def table_platelets(rows: pd.DataFrame, study: Study, weeks: Iterable[int]) -> Table:
    """Arrange the platelet course at baseline and the weeks asked for: n, median, quartiles, change."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for visit in ["Baseline", *(f"Week {week}" for week in weeks)]:
        body.append(Row(visit))
        for label, analysis, names in _course_lines(visit):
            cells = [_joined(lookup, analysis, column.key, names, visit) for column in columns]
            body.append(Row(label, tuple(cells), 1))
    notes = [
        "Platelet counts in 10⁹/L; change from and ratio to baseline.",
        "Q1, Q3: quartiles by averaging at discontinuities (SAS PCTLDEF=5).",
    ]
    return _finish("Visit", lookup, columns, body, notes)


def _course_lines(visit: str) -> list[tuple[str, str, tuple[str, ...]]]:
    lines = [
        ("n", "AVAL", ("n",)),
        ("Median (Q1, Q3)", "AVAL", ("median", "q1", "q3")),
        ("Min, max", "AVAL", ("min", "max")),
    ]
    if visit != "Baseline":
        lines.append(("Median change", "CHG", ("median",)))
        lines.append(("Median ratio", "R2BASE", ("median",)))
    return lines


def _joined(lookup: Lookup, analysis: str, group: str, names: tuple[str, ...], visit: str = "") -> str:
    """Join statistics: a range as ``min, max``, others as ``mean (SD)`` or ``median (Q1, Q3)``."""
    decimals = DECIMALS.get(analysis, 0)
    texts = [lookup.statistic(analysis, group, name, decimals, visit) for name in names]
    if texts[0] == NOT_ESTIMABLE or len(texts) == 1:
        return texts[0]
    if names == ("min", "max"):
        return ", ".join(texts)
    return f"{texts[0]} ({', '.join(texts[1:])})"


def _summary_rows(lookup: Lookup, columns: Sequence[Column], variable: str) -> list[Row]:
    lines = {"n": ("n",), "Mean (SD)": ("mean", "sd"), "Median": ("median",), "Min, max": ("min", "max")}
    return [
        Row(label, tuple(_joined(lookup, variable, column.key, names) for column in columns), 1)
        for label, names in lines.items()
    ]


def _count_row(
    lookup: Lookup, label: str, columns: Sequence[Column], analysis: str, level: str, indent: int = 0
) -> Row:
    return Row(label, tuple(lookup.count_percent(analysis, column.key, level) for column in columns), indent)


def _interval_row(
    lookup: Lookup, columns: Sequence[Column], analysis: str, level: str, confidence: float
) -> Row:
    cells = tuple(lookup.interval(analysis, column.key, level) for column in columns)
    return Row(f"{format_level(confidence)}% CI", cells, 2 if analysis == "category" else 1)


def _with_events(lookup: Lookup, analysis: str, group: str, level: str) -> str:
    text = lookup.count_percent(analysis, group, level)
    events = lookup.value(analysis, group, "events", level)
    return f"{text} [{format_count(events)}]" if events > 0 else text


def _finish(
    stub: str,
    lookup: Lookup,
    columns: Sequence[Column],
    body: list[Row],
    notes: list[str],
) -> Table:
    """Close a table: heads with N, and the notes with the reasons of what isn't estimable."""
    return Table(stub, lookup.headers(columns), tuple(body), (*notes, *lookup.notes()))


def sentence_case(text: str) -> str:
    """Return coded text as a reader expects it: only an all-capitals text is lowered."""
    return text.capitalize() if text.isupper() else text
