"""Efficacy: platelet course, response and its definitions, rates, times, bleeding, subgroups, estimand."""

from itpcsr.analysis.efficacy.bleeding import (
    analyse_bleeding,
    analyse_bleeding_domains,
    analyse_bleeding_shift,
)
from itpcsr.analysis.efficacy.course import analyse_best_ratio, analyse_platelet_course, select_platelets
from itpcsr.analysis.efficacy.estimand import analyse_estimand
from itpcsr.analysis.efficacy.rates import analyse_rates
from itpcsr.analysis.efficacy.repeated import analyse_comparisons, analyse_repeated
from itpcsr.analysis.efficacy.response import (
    RESPONSES,
    analyse_definitions,
    analyse_response,
    analyse_sensitivity,
    analyse_subgroups,
    count_responses,
)
from itpcsr.analysis.efficacy.scope import missing_efficacy, missing_response
from itpcsr.analysis.efficacy.therapy import analyse_itp_therapy
from itpcsr.analysis.efficacy.times import analyse_response_times, estimate_response_curves

__all__ = [
    "RESPONSES",
    "analyse_best_ratio",
    "analyse_bleeding",
    "analyse_bleeding_domains",
    "analyse_bleeding_shift",
    "analyse_comparisons",
    "analyse_definitions",
    "analyse_estimand",
    "analyse_itp_therapy",
    "analyse_platelet_course",
    "analyse_rates",
    "analyse_repeated",
    "analyse_response",
    "analyse_response_times",
    "analyse_sensitivity",
    "analyse_subgroups",
    "count_responses",
    "estimate_response_curves",
    "missing_efficacy",
    "missing_response",
    "select_platelets",
]
