"""Antibodies against the cells, autoantibodies, and their relation to response, safety and exposure."""

from __future__ import annotations

from csrkit.stats.mcnemar import mcnemar_exact
from itpcsr.analysis.antibody.autoantibodies import analyse_autoantibodies
from itpcsr.analysis.antibody.paired import analyse_paired
from itpcsr.analysis.antibody.relations import analyse_relations, rank_test_exact
from itpcsr.analysis.antibody.status import analyse_status
from itpcsr.analysis.antibody.subjects import describe_subjects
from itpcsr.analysis.antibody.titres import analyse_titres

__all__ = [
    "analyse_autoantibodies",
    "analyse_paired",
    "analyse_relations",
    "analyse_status",
    "analyse_titres",
    "describe_subjects",
    "mcnemar_exact",
    "rank_test_exact",
]
