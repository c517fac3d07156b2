"""From how many subjects on a test is made: the numbers for all tests of the report.

Two kinds of tests, counted by the subjects who enter them:

- A test in a column, or of columns against each other (arms, cohorts, changes within a cohort), needs
  ``FEWEST_FOR_TEST`` subjects in each of these columns: a column of 3 or fewer has no p-value. The trend over
  dose is a test in the column of all subjects.
- A test of two subsets of one column (responders against others, with an antibody against without, in the
  column of all subjects) is a test in that column. It needs ``FEWEST_IN_SUBSET`` in each subset, so that the
  column has at least 6. Here 3 subjects can carry a p-value: 3 of 18 can be chosen in 816 ways, and even of
  two subsets of 3 the exact test can give 0.1.

A test that spreads over more than two subsets, or models them, is held to the subsets that it compares.
"""

from __future__ import annotations

# Three can't carry a p-value: the smallest that an exact test of three pairs can give is 0.25.
FEWEST_FOR_TEST = 4
TOO_FEW = "3 subjects or fewer"
FEWEST_IN_SUBSET = 3
TOO_FEW_IN_SUBSET = "fewer than 3 subjects with values in a group"
