"""The two kinds of parameter files as a whole: the study and the report version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from itpcsr.bounds import Bounds
from itpcsr.markers import Marker
from itpcsr.study.assessments import Antibody, Immune, Laboratory, Pharmacokinetics, Safety
from itpcsr.study.base import Strict
from itpcsr.study.design import Baseline, Design, Identity, Sampling, Visits
from itpcsr.study.dose_finding import DoseFinding
from itpcsr.study.response import Efficacy
from itpcsr.study.testing import Testing

SECTIONS: dict[str, type[BaseModel]] = {
    "identity": Identity,
    "design": Design,
    "visits": Visits,
    "sampling": Sampling,
    "pharmacokinetics": Pharmacokinetics,
    "baseline": Baseline,
    "safety": Safety,
    "laboratory": Laboratory,
    "efficacy": Efficacy,
    "antibody": Antibody,
    "dose_finding": DoseFinding,
    "immune": Immune,
    "testing": Testing,
}


class Study(Strict):
    """Everything that the protocol fixes.

    ``efficacy`` is None for a study without platelet response, ``dose_finding`` for one that finds no dose.
    Markers of immune function come from the file that ``immune.marker_table`` names.
    """

    identity: Identity
    design: Design
    visits: Visits = Visits()
    sampling: Sampling = Sampling()
    pharmacokinetics: Pharmacokinetics = Pharmacokinetics()
    baseline: Baseline
    safety: Safety
    laboratory: Laboratory = Laboratory()
    efficacy: Efficacy | None = None
    antibody: Antibody = Antibody()
    dose_finding: DoseFinding | None = None
    immune: Immune = Immune()
    testing: Testing = Testing()
    _markers: tuple[Marker, ...] = PrivateAttr(())  # no section: they come from a file of their own

    @model_validator(mode="after")
    def _dose_levels_are_arms(self) -> Study:
        if self.dose_finding is None:
            return self
        doses = {arm.code: arm.dose for arm in self.design.arms}
        escalation, expansion = self.dose_finding.escalation_arms, self.dose_finding.expansion_arms
        unknown = sorted({*escalation, *expansion} - set(doses))
        if unknown:
            raise ValueError(f"dose_finding names unknown arm {', '.join(unknown)}; arms: {list(doses)}")
        levels = [doses[code] or 0.0 for code in escalation]
        if levels != sorted(set(levels)):
            raise ValueError(f"the doses of escalation_arms must rise; found {levels}")
        if not {doses[code] for code in expansion} <= set(levels):
            raise ValueError(f"expansion_arms must have a dose of the escalation; found {expansion}")
        return self

    @model_validator(mode="after")
    def _chosen_tests_are_of_columns(self) -> Study:
        keys = [column.key for column in self.design.columns]
        named = {chosen.group for chosen in self.testing.chosen_tests if chosen.group}
        if unknown := sorted(named - set(keys)):
            raise ValueError(f"chosen_tests names unknown column {', '.join(unknown)}; columns: {keys}")
        return self

    def values(self) -> dict[str, Any]:
        """Return leaf name to value over all sections; names are unique across sections."""
        return {
            leaf: getattr(section, leaf)
            for name, model in SECTIONS.items()
            if (section := getattr(self, name)) is not None
            for leaf in model.model_fields
        }

    @property
    def markers(self) -> tuple[Marker, ...]:
        """Return the markers of immune function in their order; none for a study without a marker table."""
        return self._markers

    def with_markers(self, markers: Iterable[Marker]) -> Study:
        """Return the study with these markers, for another panel."""
        other = self.model_copy()
        other._markers = tuple(markers)
        return other

    @property
    def reported_arms(self) -> list[str]:
        """Return the codes of the arms that stand in some column, in the study's order."""
        shown = {code for column in self.design.columns for code in column.arms}
        return [arm.code for arm in self.design.arms if arm.code in shown]


class Limits(BaseModel):
    """How long a notebook may take, in seconds: far more than it needs, so that a hanging one ends.

    ``start_seconds`` is for its kernel to answer, ``cell_seconds`` for a cell to end, ``output_seconds`` for
    the output of an ended cell to arrive.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_seconds: int = Field(default=300, gt=0)
    cell_seconds: int = Field(default=7200, gt=0)
    output_seconds: int = Field(default=600, gt=0)


class Report(BaseModel):
    """What one report version chooses.

    ``rules`` tries other values of the study file for the whole version; ``notebooks`` names the notebooks
    that run, each with values for parameters that are its own. ``disclosure``: external for a version that
    leaves the house, with names, dates and small counts as ``docs/disclosure.md`` says; ``disclosure_key``
    is the file of its secret, ``minimum_count`` the smallest count that it shows. ``fonts`` are files of
    further fonts for PDF and charts, which are asked for a character before the font for Chinese is.
    ``reading`` raises bounds of the files that are read, ``running`` those of the notebooks' time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    report: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")
    status: Literal["draft", "final"]
    title: str = Field(min_length=1)
    date: dt.date
    study: Path
    data: list[Path] = Field(min_length=1)
    data_cutoff: dt.date | None = None
    cohorts: list[str] | None = Field(default=None, min_length=1)
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    pages: Path | None = None
    fonts: list[Path] = []
    disclosure: Literal["internal", "external"] = "internal"
    disclosure_key: Path | None = None
    minimum_count: int = Field(default=3, ge=2, le=20)
    reading: Bounds = Bounds()
    running: Limits = Limits()
    rules: dict[str, Any] = {}
    notebooks: dict[str, dict[str, Any]] = Field(min_length=1)

    @field_validator("data", "fonts", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @property
    def name(self) -> str:
        """The published version's folder name, for example ``demo-1.0.0``."""
        return f"{self.report}-{self.version}"

    @property
    def external(self) -> bool:
        """True for a version that leaves the house."""
        return self.disclosure == "external"

    @property
    def cutoff(self) -> str | None:
        """The data cut-off as it is shown: the day, in an external version its year; None for none."""
        if self.data_cutoff is None:
            return None
        return str(self.data_cutoff.year) if self.external else self.data_cutoff.isoformat()
