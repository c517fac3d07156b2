"""Trial data and findings as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd
from rich.table import Table
from rich.text import Text

from csrkit.sdtm.read import Trial
from itpcsr.sdtm.checks import SEVERITIES, Rule

_SHOWN = 3  # findings of each rule; a file holds them all
_COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def domain_table(trial: Trial) -> Table:
    """Return one line per domain: records, subjects, file."""
    table = Table("Domain", "Records", "Subjects", "File")
    for name, frame in sorted(trial.domains.items()):
        subjects = str(frame["USUBJID"].nunique()) if "USUBJID" in frame else ""
        table.add_row(name, str(len(frame)), subjects, Text(", ".join(map(str, trial.sources.get(name, ())))))
    return table


def unit_table(units: pd.DataFrame) -> Table:
    """Return one line per test and unit as found, with what it was understood as."""
    table = Table("Domain", "Test", "Unit found", "Records", "Understood as")
    for domain, test, unit, records, understood in units.astype("str").to_numpy().tolist():
        table.add_row(domain, test, Text(repr(unit)), records, Text(understood))
    return table


def finding_tables(findings: pd.DataFrame) -> Iterator[Table]:
    """Yield one table per severity that occurs: the first findings of each rule, and how many more."""
    for severity in SEVERITIES:
        own = findings[findings["severity"] == severity]
        if own.empty:
            continue
        title = Text(f"{severity}s: {len(own)}", style=_COLOURS[severity])
        table = Table("Rule", "Finding", title=title, title_justify="left")
        for rule, part in own.groupby("rule"):
            for message in part["message"].head(_SHOWN):
                table.add_row(str(rule), Text(message))
            if len(part) > _SHOWN:
                table.add_row(
                    "", f"… and {len(part) - _SHOWN} more of {rule}; --findings FILE writes them all"
                )
        yield table


def summary(findings: pd.DataFrame) -> str:
    """Return how many findings of each severity there are, as a sentence."""
    counts = findings["severity"].value_counts()
    numbers = [(int(counts.get(severity, 0)), severity) for severity in SEVERITIES]
    return ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for number, name in numbers) + "."


def rule_table(rules: Iterable[Rule]) -> Table:
    """Return all rules by id, with severity and source."""
    table = Table("Rule", "Severity", "What must hold", "Source")
    for rule in sorted(rules, key=lambda rule: rule.id):
        table.add_row(rule.id, Text(rule.severity, style=_COLOURS[rule.severity]), rule.title, rule.source)
    return table
