"""Mixed models for repeated measures, with Kenward-Roger and Satterthwaite degrees of freedom."""

from csrkit.stats.mmrm.model import Covariance, Mmrm, mmrm

__all__ = ["Covariance", "Mmrm", "mmrm"]
