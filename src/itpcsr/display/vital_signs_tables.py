"""Arrange vital signs, virus tests and medication into tables. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from csrkit.tables.formats import format_count, format_level
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Row, Table
from itpcsr.display.labels import sentence_case
from itpcsr.display.laboratory_tables import among, course_rows, joined
from itpcsr.display.parameters import VIRUS_TESTS, parameter_decimals
from itpcsr.study import Column, Study

_RESULTS = {"NEGATIVE": "Negative", "POSITIVE": "Positive", "OTHER": "Neither", "MISSING": "Missing"}
_NAMES = {"HMG COA REDUCTASE INHIBITORS": "HMG CoA reductase inhibitors"}
_ANY = {
    "prior": "Any medication before treatment",
    "concomitant": "Any concomitant medication",
    "rescue": "Any rescue therapy",
}


@sentence_if_absent
def table_vital_signs(
    rows: pd.DataFrame, study: Study, names: Mapping[str, str], weeks: Sequence[int]
) -> Table:
    """Arrange vital signs: around each infusion, or by visit in a study without infusions."""
    if study.design.infusion_days:
        return _around_infusions(rows, study, names)
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for parameter in dict.fromkeys(name for name in rows["analysis"] if name != "size"):
        levels = rows.loc[rows["analysis"] == parameter, "level"]
        for position in dict.fromkeys(level.rpartition(" | ")[0] for level in levels):
            label = names.get(parameter, parameter)
            body.append(Row(f"{label}, {position.lower()}" if position else label))
            prefix = f"{position} | " if position else ""
            body += course_rows(rows, lookup, columns, parameter, prefix, weeks)
    notes = ("Change: from baseline. SD: standard deviation, from 3 values on.", *lookup.notes())
    return Table("Vital sign, visit", lookup.headers(columns), tuple(body), notes)


def _around_infusions(rows: pd.DataFrame, study: Study, names: Mapping[str, str]) -> Table:
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for parameter in dict.fromkeys(name for name in rows["analysis"] if name != "size"):
        own = rows[rows["analysis"] == parameter]
        decimals = parameter_decimals(str(parameter), str(own["unit"].iloc[0]))
        body.append(Row(names.get(parameter, parameter)))
        for infusion, part in own.groupby("level", sort=False):
            body.append(Row(str(infusion), indent=1))
            for time, visit in enumerate(dict.fromkeys(part["visit"])):
                place = (str(parameter), str(infusion), str(visit))
                body += _time_point(lookup, columns, *place, decimals, before=time == 0)
    notes = (
        "Before the infusion: the value; later: the change from it in the same subject. SD: standard "
        "deviation, from 3 values on.",
        *lookup.notes(),
    )
    return Table("Vital sign, infusion, time", lookup.headers(columns), tuple(body), notes)


def _time_point(
    lookup: Lookup,
    columns: Sequence[Column],
    parameter: str,
    infusion: str,
    visit: str,
    decimals: int,
    before: bool,
) -> list[Row]:
    lines = {"n": ("n",), "mean (SD)": ("mean", "sd"), "median (min, max)": ("median", "min", "max")}
    what = "" if before else "change, "
    return [
        Row(
            f"{sentence_case(visit)}: {'' if label == 'n' else what}{label}",
            tuple(
                joined(lookup, parameter, column.key, statistics, infusion, visit, decimals)
                for column in columns
            ),
            2,
        )
        for label, statistics in lines.items()
    ]


@sentence_if_absent
def table_virus(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange results of virus tests by visit, conversions with exact intervals; subjects are named."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    status = rows[rows["analysis"] == "status"]
    for test in study.sampling.virus_tests:
        body.append(Row(VIRUS_TESTS.get(test, test)))
        for visit in dict.fromkeys(status["visit"]):
            body.append(Row(str(visit), indent=1))
            body += _results(rows, lookup, columns, test, str(visit))
        cells = tuple(among(lookup, "converted", column.key, test) for column in columns)
        body.append(Row("Negative at baseline, later positive", cells, 1))
        intervals = tuple(lookup.interval("converted", column.key, test) for column in columns)
        body.append(Row(f"{format_level(confidence)}% CI", intervals, 2))
    notes = (
        "n/N (%): N is the number of subjects with a result, or still in the study on the planned day; of "
        "the later positive those negative at baseline with a later result. Neither: a result that is "
        "neither positive nor negative. "
        f"CI: exact (Clopper-Pearson) confidence interval at level {format_level(confidence)}%, in percent.",
        f"Conversions by subject: {_conversions(rows) or 'none'}.",
        *lookup.notes(),
    )
    return Table("Test, visit", lookup.headers(columns), tuple(body), notes)


def _results(
    rows: pd.DataFrame, lookup: Lookup, columns: Sequence[Column], test: str, visit: str
) -> list[Row]:
    """Return the counts of a test at a visit; results that nobody has, but negative, are left out."""
    lines = [(f"{test} | {result}", "status", label) for result, label in _RESULTS.items()]
    lines.append((test, "outside", "Sample outside the window of the visit"))
    at_visit = rows[(rows["visit"] == visit) & (rows["statistic"] == "n") & (rows["value"] > 0)]
    seen = set(zip(at_visit["analysis"], at_visit["level"], strict=True))
    return [
        Row(label, tuple(among(lookup, analysis, column.key, level, visit) for column in columns), 2)
        for level, analysis, label in lines
        if (analysis, level) in seen or label == "Negative"
    ]


def _conversions(rows: pd.DataFrame) -> str:
    found = rows[rows["analysis"] == "conversion"]
    return "; ".join(
        f"{group}: {VIRUS_TESTS.get(test, test)}, Day {format_count(day)}"
        for group, test, day in zip(found["group"], found["level"], found["value"], strict=True)
    )


@sentence_if_absent
def table_medication(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange concomitant medication by class and substance: n (%) of the safety set."""
    columns, lookup = study.design.columns, Lookup(rows)
    notes = [
        "n (%) of subjects; a subject counts once in each row. Before treatment: started before the first "
        "dose. Concomitant: not known to have ended before the first dose, without rescue therapy; a "
        "medicine that went on counts as both. Classes and substances: concomitant medication."
    ]
    if study.efficacy is not None:
        notes[0] += " Rescue therapy includes procedures."
    return _by_class(lookup, columns, "Class, substance", notes)


@sentence_if_absent
def table_rescue(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange rescue therapy after treatment began: n (%) with exact interval, by class and substance."""
    columns, lookup = study.design.columns, Lookup(rows)
    notes = [
        "n (%) of subjects; a subject counts once in each row. "
        f"CI: exact (Clopper-Pearson) confidence interval at level {format_level(confidence)}%, in percent."
    ]
    table = _by_class(lookup, columns, "Class, therapy", notes)
    cells = tuple(lookup.interval("any", column.key, "rescue") for column in columns)
    interval = Row(f"{format_level(confidence)}% CI", cells, 1)
    return Table(table.stub, table.headers, (table.rows[0], interval, *table.rows[1:]), table.notes)


def _by_class(lookup: Lookup, columns: Sequence[Column], stub: str, notes: Sequence[str]) -> Table:
    body = [_count_row(lookup, _ANY[level], columns, "any", level, 0) for level in lookup.levels("any")]
    substances = lookup.levels("substance")
    for name in lookup.levels("class"):
        body.append(_count_row(lookup, _NAMES.get(name, sentence_case(name)), columns, "class", name, 0))
        own = [level for level in substances if level.startswith(f"{name} | ")]
        if own == [f"{name} | {name}"]:
            continue
        body += [
            _count_row(
                lookup, sentence_case(level.removeprefix(f"{name} | ")), columns, "substance", level, 1
            )
            for level in own
        ]
    return Table(stub, lookup.headers(columns), tuple(body), (*notes, *lookup.notes()))


def _count_row(
    lookup: Lookup, label: str, columns: Sequence[Column], analysis: str, level: str, indent: int
) -> Row:
    cells = tuple(lookup.count_percent(analysis, column.key, level) for column in columns)
    return Row(label, cells, indent)
