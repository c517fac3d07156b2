"""How many subjects, rows and values a display shows one by one; beyond that it has another form.

A chart of a thousand lines and a table of a thousand pages can't be read, and the page that holds them is
slow. Each limit is a parameter of the report version (``displays``) and of the notebooks that it concerns.
"""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict, Field

from csrkit.errors import ParameterError

# How a kernel learns what the charts of its version may hold
VARIABLE = "ITPCSR_CHART_DATA"
# rows of a listing that stand in the report where the whole is a file
ROWS_SHOWN = 30


class Displays(BaseModel):
    """Up to how much a display shows each subject.

    ``lines_at_most`` are the subjects that share the panels of a chart, with a line or a mark each;
    ``subjects_at_most`` those of a chart with a row, a bar or a panel for each; ``chart_values_at_most`` the
    numbers and texts that a chart of single subjects holds. ``listing_rows_at_most`` are the rows of a
    listing that is printed, ``narratives_at_most`` the subjects whose narratives are, ``pages_at_most`` those
    who have a page of their own. ``chart_data_at_most`` are the numbers and texts that any chart may hold: a
    notebook stops at a larger one before it is drawn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    lines_at_most: int = Field(default=300, ge=0)
    subjects_at_most: int = Field(default=40, ge=0)
    chart_values_at_most: int = Field(default=100_000, ge=0)
    listing_rows_at_most: int = Field(default=600, ge=0)
    narratives_at_most: int = Field(default=150, ge=0)
    pages_at_most: int = Field(default=500, ge=0)
    chart_data_at_most: int = Field(default=500_000, ge=0)


def chart_data_at_most() -> int:
    """Return how many values a chart of this process may hold: as its version says, else the usual number.

    Raises ParameterError where the environment variable is no whole number.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return Displays().chart_data_at_most
    if not (text.isascii() and text.isdigit()):
        raise ParameterError(f"{VARIABLE}: is {text!r}; write a whole number of values.")
    return int(text)


def why_not_one_by_one(subjects: int, most: int, values: int = 0, values_most: int = 0) -> str:
    """Return why a chart can't show its subjects one by one, or "" where it can.

    ``values`` are the numbers and texts that its data would hold; both limits count.

    >>> why_not_one_by_one(1000, 300)
    '1,000 subjects, more than the 300 up to which each is shown'
    """
    if subjects > most:
        return f"{subjects:,} subjects, more than the {most:,} up to which each is shown"
    if values > values_most:
        return (
            f"{subjects:,} subjects with {values:,} values in the chart, more than the {values_most:,} up to "
            "which each is shown"
        )
    return ""
