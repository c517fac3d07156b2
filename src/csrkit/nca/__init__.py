"""Non-compartmental analysis (NCA) of concentrations over time, for many subjects at once.

This room knows concentrations, times and doses, and nothing of trials: datasets (`adam`) and statistics
(`analysis`) may both use it.
"""

from csrkit.nca.calculate import nca

__all__ = ["nca"]
