"""The registry of rules: each has an id, a severity, a title and the standard or protocol it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

Find = Callable[[Tables, Study], Iterator[pd.DataFrame]]

# Where a rule comes from.
SDTM = "SDTMIG 3.4"
TERMS = "CDISC controlled terminology"
PROTOCOL = "protocol (study file)"
REPORT = "what the derivations read"
REALITY = "what is possible"
IWG = "IWG 2009, Blood 113:2386"


@dataclass(frozen=True)
class Rule:
    """One rule.

    ``needs`` names what it can't be applied without: ``DM`` a domain, ``LB.LBDTC`` a variable. ``find``
    yields frames of findings without rule and severity; it is None for a rule that a schema declares.
    """

    id: str
    severity: str
    title: str
    source: str
    needs: tuple[str, ...] = ()
    find: Find | None = None

    def applies(self, tables: Tables) -> bool:
        """Tell whether the data hold all that the rule needs."""
        return all(tables.has(need) for need in self.needs)


RULES: dict[str, Rule] = {}


def declare(rule: Rule) -> None:
    """Add a rule; its id must be new."""
    if rule.id in RULES:
        raise ValueError(f"rule {rule.id} is declared twice")
    RULES[rule.id] = rule


def rule(id: str, severity: str, title: str, source: str, needs: str = "") -> Callable[[Find], Find]:
    """Register a function as a rule; ``needs`` holds domains and variables divided by blanks."""

    def register(find: Find) -> Find:
        declare(Rule(id, severity, title, source, tuple(needs.split()), find))
        return find

    return register
