"""Doses as tables and charts show them: the columns by dose, and how a dose is written."""

from __future__ import annotations

from collections.abc import Sequence

from csrkit.tables import words
from csrkit.tables.formats import format_number, format_plain
from itpcsr.study import Column, Design, Study


def dose_columns(design: Design) -> list[Column]:
    """Return the report columns that each hold all reported arms of one dose, in the study's order.

    Cohorts of the same dose are shown pooled where the study has such a column.
    """
    shown = {code for column in design.columns for code in column.arms}
    doses: dict[float | None, set[str]] = {}
    for arm in design.arms:
        if arm.code in shown:
            doses.setdefault(arm.dose, set()).add(arm.code)
    found = [
        next((column for column in design.columns if set(column.arms) == codes), None)
        for codes in doses.values()
    ]
    return [column for column in found if column is not None]


def dose_labels(study: Study, columns: Sequence[Column]) -> dict[str, str]:
    """Return key to the text of a legend: the column's label, with the dose unit where it is but a number."""
    labels = {column.key: column.label for column in columns}
    numbers = all(label.replace(".", "", 1).isdigit() for label in labels.values())
    unit = study.design.dose_unit
    return {key: words.amount(label, unit) if numbers else label for key, label in labels.items()}


def level_doses(study: Study) -> list[str]:
    """Return the doses of the escalation from low to high, as they are written in a column."""
    if study.dose_finding is None:
        return []
    doses = {arm.code: arm.dose or 0.0 for arm in study.design.arms}
    values = [doses[code] for code in study.dose_finding.escalation_arms]
    # as many decimals as the finest level needs, at least one: 0.5, 1.0, 2.0
    decimals = max(1, *(len(format_plain(value).partition(".")[2]) for value in values))
    return [format_number(value, decimals) for value in values]
