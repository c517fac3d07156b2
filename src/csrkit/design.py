"""What the engine needs to know of a study: its names, its arms, and the columns of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import Field, model_validator

from csrkit.parameters.validation import Strict


class Identity(Strict):
    """Names of the study, as the registry gives them.

    ``related_studies``: CSV file of other studies that the registry record names; empty for a study without.
    """

    study_id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    short_title: str
    sponsor: str
    product: str
    condition: str
    phase: str
    related_studies: str = ""


class Arm(Strict):
    """One arm or cohort: ``code`` is DM.ARMCD; ``dose`` in the study's dose unit, None for none."""

    code: str = Field(min_length=1)
    label: str
    dose: float | None = Field(default=None, ge=0)
    planned: int | None = Field(default=None, ge=0)
    enrolled: int | None = Field(default=None, ge=0)


class Column(Strict):
    """One column of every table: the subjects of the arms named, so that arms can be pooled."""

    key: str = Field(pattern=r"^[a-z][a-z0-9]*$")
    label: str
    spanner: str = ""
    arms: list[str] = Field(min_length=1)


class Design(Strict):
    """Arms, report columns, the infusion schedule (study days, infusion 1 is Day 1) and follow-up."""

    arms: list[Arm] = Field(min_length=1)
    dose_unit: str
    control: str | None = None
    columns: list[Column] = Field(min_length=1)
    infusion_days: list[int] = []
    follow_up_weeks: int = Field(gt=0)

    @model_validator(mode="after")
    def _days_rise_and_columns_name_arms(self) -> Design:
        if (
            any(day < 1 for day in self.infusion_days)
            or sorted(set(self.infusion_days)) != self.infusion_days
        ):
            raise ValueError(f"infusion_days must rise from Day 1 on, each once; found {self.infusion_days}")
        codes = [arm.code for arm in self.arms]
        for kind, names in (("arm code", codes), ("column key", [column.key for column in self.columns])):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} {', '.join(twice)} appears twice")
        for column in self.columns:
            unknown = sorted(set(column.arms) - set(codes))
            if unknown:
                raise ValueError(f"column {column.key} names unknown arm {', '.join(unknown)}; arms: {codes}")
        if self.control is not None and self.control not in codes:
            raise ValueError(f"control {self.control!r} is no arm; arms: {codes}")
        return self

    @property
    def reported_arms(self) -> list[str]:
        """Return the codes of the arms that stand in some column, in the study's order."""
        shown = {code for column in self.columns for code in column.arms}
        return [arm.code for arm in self.arms if arm.code in shown]


class Described(Protocol):
    """What the engine needs to know of a study: its names, its arms and the columns of its tables."""

    @property
    def identity(self) -> Identity:
        """Return the study's names."""

    @property
    def design(self) -> Design:
        """Return arms and columns."""

    def values(self) -> Mapping[str, Any]:
        """Return all that the study file fixes, leaf name to value."""

    @property
    def files(self) -> Mapping[str, str]:
        """Return the files beside the study file that it names, each by the name of its hash."""
