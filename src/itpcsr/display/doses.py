"""Doses as tables and charts show them, and the tables of dose finding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import (
    NOT_ESTIMABLE,
    format_count,
    format_level,
    format_number,
    format_percent,
    format_plain,
)
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.study import Column, Design, Scenario, Study

# Doses as tables and charts show them: the columns by dose, and how a dose is written.


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


# Tables of dose finding: the path of the trial, other rules, the choice of a dose, simulated designs.

DESIGNS = {
    "Registry": "Register",
    "3+3": "3 + 3",
    "3+3 with de-escalation": "3 + 3 with de-escalation",
}
_BY_TRIAL = {
    "total": "Subjects",
    "overdosed": "Overdosed",
    "dlts": "With DLT",
    "responders": "Responders",
    "months": "Months",
}


def _unit(study: Study) -> str:
    return words.unit(study.design.dose_unit)


def design_label(name: str) -> str:
    """Return a design's name as it is printed."""
    return DESIGNS.get(name, name)


@sentence_if_absent
def table_dose_path(rows: pd.DataFrame, path: pd.DataFrame, addl: pd.DataFrame, study: Study) -> Table:
    """Arrange the path of cohorts: subjects, DLTs, the data cut, the rule's answer and the decision taken."""
    lookup, doses = Lookup(rows), level_doses(study)
    body = [_cohort_row(lookup, cohort, doses) for _, cohort in path.iterrows()]
    body.append(Row("All cohorts", (*_counts(lookup, "total", "", ""), "", "", "", "", "")))
    rule = design_label(study.dose_finding.escalation_rule) if study.dose_finding else ""
    heads = [Header(text) for text in ("Planned", "Treated", "DLT of evaluable")]
    heads += [
        Header(text, spanner="Decision after the cohort")
        for text in ("Data cut", "DLTs known", f"{rule} says", "Taken", "Difference")
    ]
    notes = [
        f"Doses in {_unit(study)}. Planned: in the register. Data cut: the day before the first infusion of "
        "the next cohort, for the last cohort the day on which its last result was known. DLTs known: "
        "subjects with DLT of those evaluable by then, over all cohorts of the escalation at this dose.",
        "Stay: one more cohort at this dose. End: the rule ends the escalation and chooses this dose.",
    ]
    if (path["PHASE"] == "EXPANSION").any():
        notes.append("Expansion: no decision of the escalation rule follows.")
    notes += _not_evaluable(addl)
    return Table("Cohort: dose", tuple(heads), tuple(body), (*notes, *lookup.notes()))


def _cohort_row(lookup: Lookup, cohort: pd.Series, doses: list[str]) -> Row:
    number, arm, level = str(int(cohort["COHORTN"])), str(cohort["ARMCD"]), int(cohort["LEVEL"])

    def value(name: str) -> float:
        return lookup.value("cohort", arm, name, number)

    counts = _counts(lookup, "cohort", arm, number)
    label = f"{number}: {doses[level - 1]}"
    if cohort["PHASE"] == "EXPANSION":
        return Row(f"{label}, expansion", (*counts, "", "", "", "", ""))
    known = f"{format_count(value('known_dlt'))} of {format_count(value('known_n'))}"
    said = _answer(value("rule_level"), value("rule_stop"), level, doses)
    taken = _taken(value("next_level"), value("expansion"), value("ended"), level, doses)
    differs = value("differs")
    difference = NOT_ESTIMABLE if math.isnan(differs) else ("yes" if differs else "none")
    return Row(label, (*counts, cohort["CUTDT"].date().isoformat(), known, said, taken, difference))


def _counts(lookup: Lookup, analysis: str, group: str, level: str) -> tuple[str, ...]:
    """Return subjects planned, treated, and those with DLT of the evaluable."""
    names = ("planned", "treated", "dlt", "evaluable")
    planned, treated, dlt, size = (format_count(lookup.value(analysis, group, name, level)) for name in names)
    return planned, treated, f"{dlt} of {size}"


def _answer(next_level: float, stop: float, level: int, doses: list[str]) -> str:
    if math.isnan(next_level):
        return NOT_ESTIMABLE
    if stop:
        return f"End: {doses[int(next_level) - 1]}" if next_level else "Stop: no dose"
    return _step(int(next_level), level, doses)


def _taken(next_level: float, expansion: float, ended: float, level: int, doses: list[str]) -> str:
    if ended:
        return "Nothing followed"
    return f"Expand: {doses[int(next_level) - 1]}" if expansion else _step(int(next_level), level, doses)


def _step(next_level: int, level: int, doses: list[str]) -> str:
    verb = "Stay" if next_level == level else "Escalate" if next_level > level else "De-escalate"
    return f"{verb}: {doses[next_level - 1]}"


def _not_evaluable(addl: pd.DataFrame) -> list[str]:
    """One note for each subject whose window told nothing, and whether another took the place."""
    sentences = []
    for record in addl[addl["AVALC"].isin(["NE", "PENDING"])].to_dict("records"):
        follow = {"Y": "; replaced within the cohort", "N": "; not replaced"}.get(str(record["REPLFL"]), "")
        sentences.append(f"{record['USUBJID']}: not evaluable ({record['REASON']}){follow}.")
    return sentences


def rate_of(name: str) -> Callable[[Lookup, str], str]:
    """Return the cells ``n of N (%)`` of a rate, NE without subjects who can be judged."""

    def cell(lookup: Lookup, group: str) -> str:
        n, size, percent = (lookup.value(name, group, part) for part in ("n", "N", "percent"))
        if math.isnan(n):
            return NOT_ESTIMABLE
        text = f"{format_count(n)} of {format_count(size)}"
        return f"{text} ({format_percent(percent)})" if n else text

    return cell


def mean_with_spread(name: str) -> Callable[[Lookup, str], str]:
    """Return the cells ``mean (SD) [n]`` of a value."""

    def cell(lookup: Lookup, group: str) -> str:
        n, mean = lookup.value(name, group, "n"), lookup.value(name, group, "mean")
        if math.isnan(mean):
            return NOT_ESTIMABLE
        spread = format_number(lookup.value(name, group, "sd"), 1)
        return f"{format_number(mean, 1)} ({spread}) [{format_count(n)}]"

    return cell


def choice_notes(study: Study, confidence: float) -> list[str]:
    """Return the notes of the table of the choice of a dose."""
    weeks = study.dose_finding.choice_weeks if study.dose_finding else 0
    scale = format_plain(study.efficacy.complete_count) if study.efficacy else "1"
    return [
        f"Events, response and values up to Week {weeks}; percentages of evaluable subjects. CI: exact "
        f"(Clopper-Pearson) confidence interval at level {format_level(confidence)}%, in percent.",
        "Platelet rise: area between count and baseline while the count lies above, divided by its days; "
        "counts from the first day of rescue therapy on are left out. "
        "Scores: 1 minus the rate of DLT or of related severe events; the rate of response; the mean "
        f"platelet rise as a share of {scale} × 10⁹/L, and the mean relative rise of regulatory T cells, "
        "both within 0 and 1. Utility: their weighted mean; a criterion without data at a dose with "
        "subjects is left out.",
    ]


@sentence_if_absent
def table_dose_oc(rows: pd.DataFrame, scenarios: Sequence[Scenario], study: Study, trials: int) -> Table:
    """Arrange how often each dose is chosen, by scenario and design, with Monte-Carlo errors."""
    doses = level_doses(study)
    columns = {f"chosen_{level}": dose for level, dose in enumerate(doses, start=1)}
    chosen = f"Dose chosen, {_unit(study)}, % of trials"
    heads = [Header(text, spanner=chosen) for text in (*columns.values(), "None")]
    body = _by_scenario(rows, scenarios, (*columns, "none", "futile"), _share)
    note = "Futile: the expansion stopped for want of response, in % of trials."
    notes = (_trials_note(trials), note)
    return Table("True rates and design", (*heads, Header("Futile")), body, notes)


@sentence_if_absent
def table_dose_oc_subjects(
    rows: pd.DataFrame, scenarios: Sequence[Scenario], study: Study, trials: int
) -> Table:
    """Arrange whom the designs treat and how long they take, by scenario, with Monte-Carlo errors."""
    target = study.dose_finding.dlt_target if study.dose_finding else math.nan
    heads = tuple(Header(label, spanner="Mean per trial") for label in _BY_TRIAL.values())
    body = _by_scenario(rows, scenarios, tuple(_BY_TRIAL), _mean)
    note = (
        f"Overdosed: subjects treated at a dose whose true rate of DLT exceeds {format_plain(100 * target)}"
        "%. Months: from the opening of enrolment to the end of the last DLT window."
    )
    return Table("True rates and design", heads, body, (_trials_note(trials), note))


def _by_scenario(
    rows: pd.DataFrame, scenarios: Sequence[Scenario], names: Sequence[str], cell: Callable[..., str]
) -> tuple[Row, ...]:
    """Return a section for each scenario with a row for each design."""
    lookup = Lookup(rows)
    body: list[Row] = []
    for scenario in scenarios:
        rates = [_percents(scenario.dlt), _percents(scenario.response)]
        body.append(Row(f"{scenario.label} (DLT {rates[0]}%, response {rates[1]}%)"))
        designs = rows.loc[(rows["level"] == scenario.name) & (rows["analysis"] == names[-1]), "group"]
        for design in dict.fromkeys(designs):
            cells = tuple(cell(lookup, name, str(design), scenario.name) for name in names)
            body.append(Row(design_label(str(design)), cells, 1))
    return tuple(body)


def _percents(values: list[float]) -> str:
    return " / ".join(format_plain(100 * value) for value in values)


def _share(lookup: Lookup, name: str, design: str, scenario: str) -> str:
    value, error = (lookup.value(name, design, part, scenario) for part in ("percent", "mc_error of percent"))
    return f"{format_percent(value)} ({format_percent(error)})"


def _mean(lookup: Lookup, name: str, design: str, scenario: str) -> str:
    value, error = (lookup.value(name, design, part, scenario) for part in ("mean", "mc_error of mean"))
    return f"{format_number(value, 1)} ({format_number(error, 2)})"


def _trials_note(trials: int) -> str:
    return f"{format_count(trials)} simulated trials in each row; in brackets the Monte-Carlo standard error."
