"""Rules that trial data are held to, and what is found where they break one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import pandas as pd

from csrkit.sdtm.read import Trial, is_used
from csrkit.small_texts import own_texts, texts_as_here
from csrkit.store import give_back_memory
from itpcsr.sdtm.checks import (  # noqa: F401  (a module's rules are known once it is imported)
    baseline,
    chronology,
    events,
    grades,
    keys,
    labels,
    laboratory,
    relations,
    samples,
    subjects,
    supplements,
    treatment,
)
from itpcsr.sdtm.checks.rules import (
    COLUMNS,
    ERROR,
    NOTE,
    RULES,
    SEVERITIES,
    WARNING,
    Rule,
    Tables,
    in_order,
    no_findings,
    raise_errors,
)
from itpcsr.sdtm.checks.schemas import content_faults, structure_faults
from itpcsr.study import Study

__all__ = [
    "COLUMNS", "ERROR", "NOTE", "RULES", "SEVERITIES", "WARNING", "Rule", "check_trial", "no_findings",
    "raise_errors", "rule_titles",
]  # fmt: skip


def rule_titles() -> dict[str, str]:
    """Return what each rule asks for, by its id."""
    return {name: rule.title for name, rule in sorted(RULES.items())}


def check_trial(trial: Trial, study: Study) -> pd.DataFrame:
    """Hold trial data to all rules.

    Parameters
    ----------
    trial, study
        The data as read, and what the protocol fixes; a rule of the protocol applies where the study file
        has its value.

    Returns
    -------
    DataFrame
        Text columns rule, severity (error, warning, note), domain, subject, variable, value, message; one
        row per subject, variable and rule, in a total order. Where required domains or variables are
        missing, the rules that need them are left out. Whatever the data look like, no rule raises.
    """
    found = [no_findings()]
    with own_texts(trial.domains) as domains:
        for rule, rows in _faults(Tables(replace(trial, domains=domains)), study):
            if len(rows):
                severity = [_severity(rule, domain) for domain in rows["domain"]]
                found.append(rows.assign(rule=rule, severity=severity)[COLUMNS].astype("str"))
    return in_order(pd.concat([texts_as_here(rows) for rows in found], ignore_index=True))


def _severity(rule: str, domain: str) -> str:
    """Return a rule's severity; what is wrong in a domain that the report doesn't use stops nothing."""
    severity = RULES[rule].severity
    return WARNING if severity == ERROR and domain and not is_used(domain) else severity


def _faults(tables: Tables, study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    yield from structure_faults(tables)
    yield from content_faults(tables, study)
    for _, rules in groupby(RULES.values(), lambda rule: rule.find and rule.find.__module__):
        for rule in rules:
            if rule.find is not None and rule.applies(tables):
                for rows in rule.find(tables, study):
                    yield rule.id, rows
        tables.forget_selected()
        give_back_memory()
