"""The listing of abnormal laboratory values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from csrkit.tables.formats import (
    NOT_ESTIMABLE,
    format_limit,
    format_number,
    format_statistic,
)
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.labels import sentence_case
from itpcsr.display.parameters import parameter_decimals
from itpcsr.display.rescue import platelet_note
from itpcsr.study import Study


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
def table_lab_abnormal(rows: pd.DataFrame, study: Study, names: Mapping[str, str]) -> Table:
    """Arrange the listing of abnormal values: one row per value, under its subject."""
    body: list[Row] = []
    subject = ""
    keys = ["group", "category", "level", "visit"]
    for (group, parameter, _, visit), cell in rows.groupby(keys, sort=False):
        if group != subject:
            subject = str(group)
            body.append(Row(subject))
        found = dict(zip(cell["statistic"], cell["value"], strict=True))
        signs = dict(zip(cell["statistic"], cell["method"].map(format_limit), strict=True))
        unit = str(cell.loc[cell["statistic"] == "value", "unit"].iloc[0])
        place = sentence_case(str(visit))
        label = f"{names.get(str(parameter), str(parameter))}, {place}" if place else str(parameter)
        body.append(Row(label, _listed(found, signs, parameter_decimals(str(parameter), unit)), 1))
    headers = ("Day", "Value", "Normal range", "Grade", "Baseline", "Grade at baseline")
    notes = (
        f"Listed: values after treatment began of {study.laboratory.toxicity_criteria or 'toxicity'} grade "
        f"{study.laboratory.abnormal_grade} or higher that is above the grade at baseline, and values that "
        "the data call clinically significant. –: not recorded.",
        *platelet_note(study, set(rows["category"])),
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
