"""All charts of all notebooks, as their cells draw them from the datasets of any trial."""

from __future__ import annotations

from csrkit.many import Displays
from itpcsr.adam.datasets import derive
from itpcsr.sdtm import Trial
from tests.faults.chain import show

WITH_FIGURES = (
    "05-related-studies",
    "10-population",
    "20-safety",
    "28-significant-events",
    "30-efficacy",
    "32-response-rates",
    "34-response-times",
    "40-pharmacokinetics",
    "50-antibody",
    "60-immune-mechanism",
    "70-dose-selection",
)


def part_of(trial: Trial, subjects: list[str]) -> Trial:
    """Return the trial as if it had these subjects alone."""
    return Trial(
        {
            name: frame[frame["USUBJID"].isin(subjects)].reset_index(drop=True)
            if "USUBJID" in frame
            else frame
            for name, frame in trial.domains.items()
        }
    )


def every_figure(trial, study, datasets=None, limits=Displays(), notebooks=WITH_FIGURES):  # noqa: B008 (frozen)
    """Return label to chart, or to the table that stands in its place; ``limits`` part few from many."""
    found = show(
        trial,
        study,
        *notebooks,
        datasets=dict(datasets or derive(trial, study)),
        values=limits.model_dump(),
    )
    return {label: display for label, display in found.items() if label.startswith("fig-")}
