"""Pharmacokinetics: who was sampled, concentrations by nominal time, parameters, and dose proportionality.

The non-compartmental analysis itself is in ``csrkit.nca``, since ADPP is derived by it.
"""

from csrkit.nca import nca
from itpcsr.analysis.pharmacokinetics.parameters import analyse_individual, analyse_parameters
from itpcsr.analysis.pharmacokinetics.proportionality import analyse_proportionality
from itpcsr.analysis.pharmacokinetics.samples import analyse_samples, count_listed
from itpcsr.analysis.pharmacokinetics.sets import analyse_pk_set
from itpcsr.analysis.pharmacokinetics.times import analyse_times

__all__ = [
    "analyse_individual",
    "analyse_parameters",
    "analyse_pk_set",
    "analyse_proportionality",
    "analyse_samples",
    "analyse_times",
    "count_listed",
    "nca",
]
