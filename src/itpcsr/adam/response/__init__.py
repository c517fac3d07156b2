"""Platelet response as a rule engine: facts about each count, what qualifies, what makes a response."""

from itpcsr.adam.response.facts import collect_counts, collect_subjects
from itpcsr.adam.response.judge import RESPONSES, UNDECIDED, judge
from itpcsr.adam.response.periods import find_responses
from itpcsr.adam.response.qualify import name_kinds, qualify

__all__ = [
    "RESPONSES",
    "UNDECIDED",
    "collect_counts",
    "collect_subjects",
    "find_responses",
    "judge",
    "name_kinds",
    "qualify",
]
