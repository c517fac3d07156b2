"""Small counts in external versions: which result rows are suppressed, so that no one can work them out.

The rule, which ``docs/disclosure.md`` gives in words:

1. A count from 1 to one below the minimum is suppressed, and one that leaves so few of its group or of the
   arm, with all that was computed from these subjects.
2. The size of a set is a count like any other where a characteristic decides who is in it (women sampled for
   concentrations, responders, those with a value at a visit): where it is small, or leaves few of the arm, N
   goes with all that rests on it. The sizes of the arms themselves stay.
3. In a row of a table with a suppressed count only the total stands, if it isn't suppressed itself: no
   column follows from the others.
4. Where levels add up to a number that is known, never one level alone is suppressed, and never levels of
   fewer subjects together than the minimum: the smallest of the others goes, too.
5. Minimum, maximum and the outer quantiles of bands are values of single subjects and suppressed; so are the
   other summaries of fewer than five, which would give the values away.

Every display is judged by itself, so that a table, its rows and the sentences that quote them agree, but
against the sizes of the arms, which all displays share. What several displays together would still tell,
``build.differencing`` finds; it comes back here as ``Rule.also``.
"""

from csrkit.disclosure.small_counts.counted import (
    CELL,
    COUNTS,
    NOT_SUBJECTS,
    SIZE,
    WITHOUT_SUBJECTS,
    blocks_of,
    with_whole_levels,
)
from csrkit.disclosure.small_counts.rule import TOTAL, VARIABLE, Cell, Rule, rule_in_force
from csrkit.disclosure.small_counts.suppress import as_shown, is_suppressed, suppress

__all__ = [
    "CELL",
    "COUNTS",
    "NOT_SUBJECTS",
    "SIZE",
    "TOTAL",
    "VARIABLE",
    "WITHOUT_SUBJECTS",
    "Cell",
    "Rule",
    "as_shown",
    "blocks_of",
    "is_suppressed",
    "rule_in_force",
    "suppress",
    "with_whole_levels",
]
