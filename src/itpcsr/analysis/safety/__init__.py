"""Adverse events: who had which, how severe, when, for how long, and how often per time."""

from itpcsr.analysis.safety.by_term import analyse_ae_by_term, analyse_ae_frequent
from itpcsr.analysis.safety.disease import analyse_ae_disease
from itpcsr.analysis.safety.grades import analyse_ae_grades
from itpcsr.analysis.safety.infusions import analyse_ae_infusion_terms, analyse_ae_infusions
from itpcsr.analysis.safety.outcomes import analyse_ae_outcomes
from itpcsr.analysis.safety.overview import analyse_ae_overview
from itpcsr.analysis.safety.rates import analyse_ae_rates
from itpcsr.analysis.safety.relation import analyse_ae_relation
from itpcsr.analysis.safety.times import analyse_ae_times, estimate_ae_curves

__all__ = [
    "analyse_ae_by_term",
    "analyse_ae_disease",
    "analyse_ae_frequent",
    "analyse_ae_grades",
    "analyse_ae_infusion_terms",
    "analyse_ae_infusions",
    "analyse_ae_outcomes",
    "analyse_ae_overview",
    "analyse_ae_rates",
    "analyse_ae_relation",
    "analyse_ae_times",
    "estimate_ae_curves",
]
