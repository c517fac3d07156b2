"""Immune function: what changed, whether it goes with response and platelets, and how sure that is."""

from csrkit.stats.permutation import Permutations
from itpcsr.analysis.immune.changes import analyse_mean_change, analyse_planned, analyse_visits
from itpcsr.analysis.immune.correlations import analyse_network, analyse_platelets
from itpcsr.analysis.immune.mediation import analyse_mediation
from itpcsr.analysis.immune.panel import Panel, accounts, build_panel
from itpcsr.analysis.immune.power import analyse_power
from itpcsr.analysis.immune.predictors import analyse_predictors
from itpcsr.analysis.immune.responders import analyse_interaction, analyse_response
from itpcsr.analysis.immune.summaries import (
    analyse_course,
    analyse_picture,
    analyse_standardised,
    course_records,
    standardised_records,
)
from itpcsr.analysis.immune.tally import count_tests

__all__ = [
    "Panel",
    "Permutations",
    "accounts",
    "analyse_course",
    "analyse_interaction",
    "analyse_mean_change",
    "analyse_mediation",
    "analyse_network",
    "analyse_picture",
    "analyse_planned",
    "analyse_platelets",
    "analyse_power",
    "analyse_predictors",
    "analyse_response",
    "analyse_standardised",
    "analyse_visits",
    "build_panel",
    "count_tests",
    "course_records",
    "standardised_records",
]
