"""Charts of immune function, from result rows and records of the analysis."""

from __future__ import annotations

from itpcsr.display.immune_figures.course import figure_immune_course
from itpcsr.display.immune_figures.heatmaps import (
    figure_immune_heatmap,
    figure_immune_lags,
    figure_immune_subjects,
)
from itpcsr.display.immune_figures.network import figure_immune_network
from itpcsr.display.immune_figures.panel import figure_immune_panel

__all__ = [
    "figure_immune_course",
    "figure_immune_heatmap",
    "figure_immune_lags",
    "figure_immune_network",
    "figure_immune_panel",
    "figure_immune_subjects",
]
