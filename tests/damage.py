"""Ways to break a trial, each a function of its domains."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from csrkit.small_texts import own_texts, texts_as_here
from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import RULES, no_findings
from itpcsr.sdtm.checks.rules import Tables
from itpcsr.sdtm.checks.schemas import content_faults, structure_faults
from itpcsr.study import Study

Domains = dict[str, pd.DataFrame]
Damage = Callable[[Domains], None]


def put(name: str, row: int = 0, **values: object) -> Damage:
    """Set values in one record; new variables are missing elsewhere."""

    def damage(domains: Domains) -> None:
        frame = domains[name].copy()
        for variable, value in values.items():
            if variable not in frame:
                empty = "" if isinstance(value, str) else float("nan")
                frame[variable] = pd.Series(
                    empty, index=frame.index, dtype="str" if empty == "" else "float64"
                )
            frame.loc[frame.index[row], variable] = value
        domains[name] = frame

    return damage


def every(name: str, **values: object) -> Damage:
    """Set values in every record."""

    def damage(domains: Domains) -> None:
        domains[name] = domains[name].assign(**values)

    return damage


def where(name: str, key: str, wanted: object, **values: object) -> Damage:
    """Set values in the records whose ``key`` is ``wanted``."""

    def damage(domains: Domains) -> None:
        frame = domains[name].copy()
        for variable, value in values.items():
            frame.loc[frame[key] == wanted, variable] = value
        domains[name] = frame

    return damage


def again(name: str, row: int = 0, **values: object) -> Damage:
    """Add a copy of a record, with a sequence number of its own, and other values where given."""

    def damage(domains: Domains) -> None:
        frame = domains[name]
        copy = frame.iloc[[row]].copy()
        if f"{name}SEQ" in frame:
            copy[f"{name}SEQ"] = frame[f"{name}SEQ"].max() + 1
        for variable, value in values.items():
            copy[variable] = value
        domains[name] = pd.concat([frame, copy], ignore_index=True)

    return damage


def drop(name: str) -> Damage:
    """Leave a domain out."""

    def damage(domains: Domains) -> None:
        domains.pop(name, None)

    return damage


def empty(name: str) -> Damage:
    """Leave all records of a domain out."""

    def damage(domains: Domains) -> None:
        domains[name] = domains[name].head(0)

    return damage


def strip(name: str, *variables: str) -> Damage:
    """Leave variables out."""

    def damage(domains: Domains) -> None:
        domains[name] = domains[name].drop(columns=list(variables))

    return damage


def keep(name: str, condition: str) -> Damage:
    """Keep the records for which the query holds."""

    def damage(domains: Domains) -> None:
        domains[name] = domains[name].query(condition).reset_index(drop=True)

    return damage


def both(*damages: Damage) -> Damage:
    """Do one after the other."""

    def damage(domains: Domains) -> None:
        for each in damages:
            each(domains)

    return damage


def nothing(domains: Domains) -> None:
    """Leave all as it is."""


def fired(rule: str, domains: Domains, study: Study) -> pd.DataFrame:
    """Return what this one rule finds."""
    declared, pairs = RULES[rule], []
    with own_texts(domains) as held:
        tables = Tables(Trial(held))
        if declared.find is None:
            pairs = [*structure_faults(tables), *content_faults(tables, study)]
        elif declared.applies(tables):
            pairs = [(rule, rows) for rows in declared.find(tables, study)]
    found = [texts_as_here(rows) for name, rows in pairs if name == rule and len(rows)]
    return pd.concat(found, ignore_index=True) if found else no_findings()
