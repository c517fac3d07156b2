"""Other registered studies that a registry record names beside the study's own."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field

from csrkit.errors import ParameterError
from csrkit.parameters.strict import Strict
from csrkit.parameters.validation import validate
from csrkit.paths import from_root

# As ClinicalTrials.gov words them, in the order of displays; a record without phase has "".
Status = Literal[
    "Not yet recruiting",
    "Recruiting",
    "Enrolling by invitation",
    "Active, not recruiting",
    "Suspended",
    "Terminated",
    "Completed",
    "Withdrawn",
    "Unknown status",
]
Phase = Literal[
    "Early Phase 1",
    "Phase 1",
    "Phase 1/Phase 2",
    "Phase 2",
    "Phase 2/Phase 3",
    "Phase 3",
    "Phase 4",
    "N/A",
    "",
]
STATUSES: tuple[str, ...] = get_args(Status)
PHASES: tuple[str, ...] = get_args(Phase)


class RelatedStudy(Strict):
    """One registered study: number, title, status and phase as the record words them."""

    study_id: str = Field(pattern=r"^[A-Z0-9-]+$")
    title: str = Field(min_length=1)
    status: Status
    phase: Phase


class _RelatedStudies(Strict):
    studies: list[RelatedStudy]


def read_related(path: str | Path) -> list[RelatedStudy]:
    """Read and validate a CSV file of related studies; none for a study that names no file ("").

    Raises ParameterError with file, row, value and what is allowed.
    """
    if not str(path):
        return []
    path = from_root(path)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            records = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ParameterError(f"{path}: can't be read as a CSV file in UTF-8 ({error}).") from error
    studies = validate(_RelatedStudies, {"studies": records}, path).studies
    names = [study.study_id for study in studies]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ParameterError(f"{path}: {', '.join(twice)} stands twice; remove one.")
    return studies
