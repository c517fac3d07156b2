"""What a rule reads of a trial: without a variable that it doesn't read, it does what it does with it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import Rule
from itpcsr.sdtm.checks.rules import Tables
from itpcsr.study import Study

_ALL = ""  # in place of a variable: whatever the domain has


class Reads:
    """What a rule asks a trial for: pairs of domain and variable."""

    def __init__(self, rule: Rule, tables: Tables, study: Study) -> None:
        """Apply the rule to a trial by its tables, which may serve other rules, too."""
        self.pairs: set[tuple[str, str]] = set()
        watched = _Watched(tables, self.pairs)
        if rule.find is not None and rule.applies(watched):
            list(rule.find(watched, study))

    def any_of(self, name: str, variables: Iterable[str]) -> bool:
        """Tell whether one of these variables of a domain was asked for, or the domain as a whole."""
        return not self.pairs.isdisjoint((name, variable) for variable in (_ALL, *variables))


class _Watched(Tables):
    """Tables that note what is asked of them; of a table that is handed out whole, everything is read."""

    def __init__(self, plain: Tables, pairs: set[tuple[str, str]]) -> None:
        super().__init__(plain.trial)
        self._pairs, self._plain = pairs, plain
        del self.trial

    def _note(self, name: str, *variables: str) -> None:
        self._pairs |= {(name, variable) for variable in variables}

    def __getattr__(self, attribute: str) -> Trial:
        if attribute != "trial":
            raise AttributeError(attribute)
        for name in self.names:
            self._note(name, _ALL)
        return self._plain.trial

    @property
    def names(self) -> list[str]:
        return self._plain.names

    @property
    def of_subjects(self) -> list[str]:
        for name in self.names:
            self._note(name, "USUBJID")
        return self._plain.of_subjects

    def __contains__(self, name: str) -> bool:
        return name in self._plain

    def has(self, need: str) -> bool:
        name, _, variable = need.partition(".")
        if variable:
            self._note(name, variable, "USUBJID")
        return self._plain.has(need)

    def __getitem__(self, name: str) -> pd.DataFrame:
        self._note(name, _ALL)
        return self._plain[name]

    def get(self, name: str, *variables: str) -> pd.DataFrame:
        self._note(name, "USUBJID", f"{name}SEQ", *variables)
        return self._plain.get(name, *variables)

    def _codes(self, name: str, variable: str) -> tuple[np.ndarray, pd.Index]:
        self._note(name, variable)
        return self._plain._codes(name, variable)

    def per_record(self, name: str, values: pd.Series) -> pd.Series:
        self._note(name, "USUBJID")
        return self._plain.per_record(name, values)
