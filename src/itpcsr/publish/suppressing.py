"""The rule by which an external version suppresses small counts, and what all its displays together need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from csrkit import rows as results
from csrkit.design import Described
from csrkit.disclosure.differencing import Found, attack
from csrkit.disclosure.small_counts import TOTAL, Rule
from csrkit.errors import PublishError
from csrkit.stats.groups import assign_groups, group_sizes
from csrkit.vocabulary import LEVEL

if TYPE_CHECKING:
    from itpcsr.publish.version import Run

# Sets that stand for the arms: whoever was assigned, and whoever was treated. Their sizes are no secret.
_ARMS = ("ENRLFL", "SAFFL", "FASFL")
_ROUNDS = 5


def run_suppressed(run: Run, run_all: Callable[[Rule], None], say: Callable[[str], None]) -> None:
    """Run the notebooks until no suppressed count follows from the displays of all of them together.

    ``run_all`` runs the notebooks by a rule, those alone that it changes. Raises PublishError where counts
    can still be worked out after several rounds, which says what to do.
    """
    rule = make_rule(run.adam["adsl"], run.study, run.report.minimum_count)
    for _ in range(_ROUNDS):
        run_all(rule)
        found = attack_version(run, rule)
        if not found.recovered:
            say(
                f"Subtracting displays from each other recovers none of {found.hidden} small counts "
                f"({found.cells} counts, {found.equations} equations)"
            )
            return
        say(f"Suppressing what gives {len(found.recovered)} small counts back, in all displays together")
        rule = replace(rule, also=rule.also | found.beside)
    places = "; ".join(" ".join(filter(None, cell)) for cell in found.recovered[:5])
    raise PublishError(
        f"{len(found.recovered)} suppressed counts follow from others that this version shows, for example "
        f"{places}. Nothing was published. Raise `minimum_count` in {run.parameters}, or leave out the "
        "notebook of these displays."
    )


def make_rule(adsl: pd.DataFrame, study: Described, minimum: int) -> Rule:
    """Return the rule of a version: its minimum, and who knows the trial knows its arms and their sizes."""
    sizes: dict[str, set[int]] = {TOTAL: set()}
    for flag in _ARMS:
        members = assign_groups(adsl, study.design.columns, flag)
        sizes[TOTAL].add(members["USUBJID"].nunique())
        for column, size in group_sizes(members).items():
            sizes.setdefault(str(column), set()).add(int(size))
    arms = {column: tuple(sorted(found)) for column, found in sizes.items()}
    return Rule(minimum, arms, {column.key: tuple(column.arms) for column in study.design.columns})


def rule_of(run: Run, rule: Rule, notebook: str) -> Rule:
    """Return the rule with what concerns the displays of one notebook, as it last ran."""
    if not rule.also:
        return rule
    own = set(_rows(run, notebook, results.WHOLE)["display"])
    return replace(rule, also=frozenset(cell for cell in rule.also if cell[0] in own))


def attack_version(run: Run, rule: Rule) -> Found:
    """Take the part of someone who has all result rows that the version publishes."""
    whole, shown = (
        pd.concat([_rows(run, name, file) for name in run.report.notebooks], ignore_index=True)
        for file in (results.WHOLE, results.FILE)
    )
    disclosed = run.disclosed
    subjects = disclosed.subjects if disclosed is not None else frozenset()
    of_order = disclosed.of_order if disclosed is not None else frozenset()
    gone = whole["display"].isin(of_order) | whole[[*LEVEL, "group"]].isin(subjects).any(axis=1)
    return attack(whole[~gone], shown[~gone], rule)


def _rows(run: Run, notebook: str, file: str) -> pd.DataFrame:
    return results.read_rows(run.rows_folder(notebook), file)
