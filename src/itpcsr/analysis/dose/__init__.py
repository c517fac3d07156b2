"""Dose finding: rules of escalation, what a trial did by them, the choice of a dose, and simulated designs.

Doses are levels, counted from 0 in this package and from 1 in outcome strings; -1 is no dose. Every rule
answers for many trials at once: the same code decides for the trial's data, for the published examples that
the tests hold it to, and for the simulated trials.
"""
