"""Analysis datasets: trial data to ADaM, derived once and opened by every notebook."""

from itpcsr.adam.store import Adam, open_study

__all__ = ["Adam", "open_study"]
