"""Immune function: what changed, whether it goes with response and platelets, and how sure that is."""

from itpcsr.analysis.immune.correlations import (
    FEW_PAIRS,
    FEW_WITHIN,
    NO_PLATELETS,
    RM_CORRELATION,
    SPEARMAN,
    platelet_weeks,
    rm_correlation,
    spearman,
)
from itpcsr.analysis.immune.mediation import MEDIATION, NO_MECHANISM, PATHS, mediate
from itpcsr.analysis.immune.panel import (
    Panel,
    accounts,
    build_panel,
    count_values,
    course_records,
    mean_over,
    missing_response,
    missing_sentence,
    quartiles,
    standardised_records,
)
from itpcsr.analysis.immune.power import POWER, POWER_OF_MANY, least_effect
from itpcsr.analysis.immune.predictors import FIRTH, left_out_method, predict
from itpcsr.analysis.immune.visits import (
    FRIEDMAN,
    MIXED_ANOVA,
    RM_ANOVA,
    complete_cases,
    interaction,
    why_no_variance,
    why_not_ranked,
)

__all__ = [
    "FEW_PAIRS",
    "FEW_WITHIN",
    "FIRTH",
    "FRIEDMAN",
    "MEDIATION",
    "MIXED_ANOVA",
    "NO_MECHANISM",
    "NO_PLATELETS",
    "PATHS",
    "POWER",
    "POWER_OF_MANY",
    "RM_ANOVA",
    "RM_CORRELATION",
    "SPEARMAN",
    "Panel",
    "accounts",
    "build_panel",
    "complete_cases",
    "count_values",
    "course_records",
    "interaction",
    "least_effect",
    "left_out_method",
    "mean_over",
    "mediate",
    "missing_response",
    "missing_sentence",
    "platelet_weeks",
    "predict",
    "quartiles",
    "rm_correlation",
    "spearman",
    "standardised_records",
    "why_no_variance",
    "why_not_ranked",
]
