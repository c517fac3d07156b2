"""Analysis datasets: trial data to ADaM, derived once and opened by every notebook."""

from itpcsr.adam.store import open_study
from itpcsr.store import Adam

__all__ = ["Adam", "open_study"]
