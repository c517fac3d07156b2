"""From how many subjects on a test is made: one number for all tests of the report."""

from __future__ import annotations

# Subjects who enter a test, in each of the columns compared. Three can't carry a p-value: the smallest that
# an exact test of three pairs can give is 0.25.
FEWEST_FOR_TEST = 4
TOO_FEW = "3 subjects or fewer"
