"""The study file as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, PrivateAttr, model_validator

from csrkit.design import Design, Identity
from csrkit.markers import Marker
from csrkit.parameters.validation import Strict
from itpcsr.study.questionnaires import AnalysisSets, Characteristics, Events, Questionnaires
from itpcsr.study.rules import (
    Antibody,
    Baseline,
    DoseFinding,
    Efficacy,
    Immune,
    Laboratory,
    Pharmacokinetics,
    Safety,
    Sampling,
    Visits,
)
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
    "questionnaires": Questionnaires,
    "analysis_sets": AnalysisSets,
    "characteristics": Characteristics,
    "events": Events,
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
    questionnaires: Questionnaires = Questionnaires()
    analysis_sets: AnalysisSets = AnalysisSets()
    characteristics: Characteristics = Characteristics()
    events: Events = Events()
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
    def _sets_name_what_there_is(self) -> Study:
        keys = [one.key for one in self.questionnaires.questionnaire_list]
        needed = self.analysis_sets.efficacy_set.needs if self.analysis_sets.efficacy_set else []
        if unknown := sorted(set(needed) - set(keys)):
            raise ValueError(
                f"efficacy_set needs unknown questionnaire {', '.join(unknown)}; questionnaires: {keys}"
            )
        arms = [arm.code for arm in self.design.arms]
        if unknown := sorted(set(self.characteristics.planned_doses) - set(arms)):
            raise ValueError(f"planned_doses names unknown arm {', '.join(unknown)}; arms: {arms}")
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
    def files(self) -> dict[str, str]:
        """Return the files that the study file names, paths from the project's root."""
        named = {
            "scenarios": self.dose_finding.scenarios_file if self.dose_finding is not None else "",
            "markers": self.immune.marker_table,
            "related": self.identity.related_studies,
        }
        return {name: file for name, file in named.items() if file}
