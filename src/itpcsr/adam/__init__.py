"""Analysis datasets: trial data to ADaM, derived once and opened by every notebook."""

from csrkit.store import Adam
from itpcsr.adam.store import open_study

__all__ = ["Adam", "open_study"]
