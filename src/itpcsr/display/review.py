"""Arrange what was read and what the checks found into tables. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from csrkit.tables.formats import format_count
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table

_SEVERITIES = {"warning": "Warnings", "note": "Notes"}


@sentence_if_absent
def table_domains(rows: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Arrange records and subjects by domain; ``labels`` are the names that the data sets carry."""
    lookup = Lookup(rows)
    described = set(rows.loc[rows["statistic"] == "subjects", "level"])
    body = []
    for domain in lookup.levels("domain"):
        records = format_count(lookup.value("domain", "total", "records", domain))
        subjects = ""
        if domain in described:
            subjects = format_count(lookup.value("domain", "total", "subjects", domain))
        label = labels.get(domain, "")
        body.append(Row(f"{domain}: {label}" if label else domain, (records, subjects)))
    heads = (Header("Records"), Header("Subjects"))
    return Table("Data set", heads, tuple(body), ("Without subjects: the domain describes the trial.",))


@sentence_if_absent
def table_findings(rows: pd.DataFrame, rules: Mapping[str, str]) -> Table:
    """Arrange the findings by severity and rule; ``rules`` says what each rule asks for."""
    lookup = Lookup(rows)
    body: list[Row] = []
    for severity, heading in _SEVERITIES.items():
        body.append(Row(heading))
        found = [level for level in lookup.levels(severity) if level != "all"]
        body += [_finding_row(lookup, severity, level, rules) for level in found]
        if not found:
            body.append(Row("None", ("", "0", "0"), 1))
    heads = (Header("Domain"), Header("Findings"), Header("Subjects"))
    note = "One finding for each subject and variable; some are about no single subject."
    return Table("Rule", heads, tuple(body), (note,))


def _finding_row(lookup: Lookup, severity: str, level: str, rules: Mapping[str, str]) -> Row:
    rule, domain = level.split(" | ")
    counts = (format_count(lookup.value(severity, "total", name, level)) for name in ("findings", "subjects"))
    return Row(f"{rule}: {rules[rule]}", (domain, *counts), 1)
