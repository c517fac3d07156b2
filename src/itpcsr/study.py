"""Parameters: what the protocol fixes (``study.yml``) and what one report version chooses (``<report>.yml``).

Both files are validated here and nowhere else. An unknown name, a wrong type or an impossible value
stops with file, key, value and what is allowed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from itpcsr.errors import ParameterError
from itpcsr.markers import Marker, MarkerTable
from itpcsr.paths import from_root

ORIGINS = ("registry", "publication", "assumption")
BleedingRule = Literal["not considered", "adverse event", "bleeding scale", "adverse event or bleeding scale"]
RescueRule = Literal["counts from rescue on do not count", "any rescue is no response", "not considered"]


class _Strict(BaseModel):
    """No unknown name, no silent conversion ("7" is no number, true is no 1), no infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Identity(_Strict):
    """Names of the study, as the registry gives them."""

    study_id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    short_title: str
    sponsor: str
    product: str
    condition: str
    phase: str


class Arm(_Strict):
    """One arm or cohort: ``code`` is DM.ARMCD; ``dose`` in the study's dose unit, None for none."""

    code: str = Field(min_length=1)
    label: str
    dose: float | None = Field(default=None, ge=0)
    planned: int | None = Field(default=None, ge=0)
    enrolled: int | None = Field(default=None, ge=0)


class Column(_Strict):
    """One column of every table: the subjects of the arms named, so that arms can be pooled."""

    key: str = Field(pattern=r"^[a-z][a-z0-9]*$")
    label: str
    spanner: str = ""
    arms: list[str] = Field(min_length=1)


class Design(_Strict):
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
                raise ValueError(f"{kind} {', '.join(twice)} stands twice")
        for column in self.columns:
            unknown = sorted(set(column.arms) - set(codes))
            if unknown:
                raise ValueError(f"column {column.key} names unknown arm {', '.join(unknown)}; arms: {codes}")
        if self.control is not None and self.control not in codes:
            raise ValueError(f"control {self.control!r} is no arm; arms: {codes}")
        return self


class Visits(_Strict):
    """Planned weeks of sampling, counted from infusion 1, and how a record gets its week.

    ``visit_rule``: by the window of ``visit_window_days`` around the planned day, or by the number in the
    visit's name (WEEK 4).
    """

    platelet_weeks: list[int] = []
    laboratory_weeks: list[int] = []
    visit_rule: Literal["window around the planned day", "visit named in the data"] = (
        "window around the planned day"
    )
    visit_window_days: int = Field(default=2, ge=0)


class Sampling(_Strict):
    """Planned samples beside blood counts; weeks count from infusion 1.

    ``immune_weeks`` come after a sample on the day before infusion 1. ``antibody_hours_after`` counts from
    the end of the last infusion; that sample's partner is taken before the first. ``concentration_hours``
    are negative before the start of infusion 1 and positive after its end. ``concentration_sex`` is the
    DM.SEX sampled, empty for everyone. ``concentration_limit`` is the lower limit of quantification in
    ``concentration_unit``.
    """

    virus_tests: list[str] = []
    virus_weeks: list[int] = []
    immune_weeks: list[int] = []
    antibody_subjects: int | None = Field(default=None, ge=0)
    antibody_hours_after: float = Field(default=48, ge=0)
    concentration_test: str = ""
    concentration_hours: list[float] = []
    concentration_sex: Literal["", "F", "M"] = ""
    concentration_limit: float | None = Field(default=None, gt=0)
    concentration_unit: str = ""


class Pharmacokinetics(_Strict):
    """Rules for the analysis of concentrations without compartments.

    ``area_method``: the trapezoidal rule. ``blq_before``, ``blq_between``, ``blq_after``: what values below
    the limit of quantification become before the first quantified one, between and after the last.
    ``area_hours``: end of the area from the start of the infusion on. ``area_points``: quantified
    concentrations that an area needs. ``terminal_fit``: adjusted R² that a half-life needs.
    """

    area_method: Literal["linear", "linear-up log-down", "linear-log"] = "linear-up log-down"
    blq_before: Literal["zero", "half", "limit", "missing"] = "zero"
    blq_between: Literal["zero", "half", "limit", "missing"] = "missing"
    blq_after: Literal["zero", "half", "limit", "missing"] = "zero"
    area_hours: float = Field(default=24, gt=0)
    area_points: int = Field(default=3, ge=1)
    terminal_fit: float = Field(default=0.8, ge=0, le=1)


class PriorTherapy(_Strict):
    """One earlier therapy that the baseline table counts; ``flag`` is its variable in ADSL."""

    term: str = Field(min_length=1)
    flag: str = Field(pattern=r"^[A-Z][A-Z0-9]{0,5}FL$")
    label: str


class Baseline(_Strict):
    """How baseline is taken, and what of the history the baseline table counts."""

    baseline_rule: Literal["last value before the first infusion", "value flagged in the data"]
    diagnosis_terms: list[str] = []
    prior_therapy_category: str = ""
    prior_therapies: list[PriorTherapy] = []


class Safety(_Strict):
    """Rules for adverse events.

    ``treatment_emergent_days``: days after the last dose in which an onset still counts; None for no end.
    ``safety_arm``: whether the safety set is grouped by the arm planned or the one actually given.
    ``severity_variable``: AETOXGR (CTCAE grades 1 to 5) or AESEV (MILD, MODERATE, SEVERE read as 1, 2, 3).
    ``infusion_hours``: hours after the end of an infusion in which an onset counts as at the infusion.
    ``disease_terms``: preferred terms of the disease studied, shown apart; those of them in
    ``platelet_terms`` are compared with the platelet count at baseline.
    """

    safety_arm: Literal["planned", "actual"] = "actual"
    treatment_emergent_days: int | None = Field(default=None, ge=0)
    related_values: list[str] = Field(min_length=1)
    severe_grade: int = Field(default=3, ge=1, le=5)
    severity_variable: Literal["AETOXGR", "AESEV"] = "AETOXGR"
    infusion_hours: int = Field(default=24, ge=0)
    disease_terms: list[str] = []
    platelet_terms: list[str] = []

    @model_validator(mode="after")
    def _platelet_terms_are_of_the_disease(self) -> Safety:
        unknown = sorted(set(self.platelet_terms) - set(self.disease_terms))
        if unknown:
            raise ValueError(f"platelet_terms names {', '.join(unknown)}, which is no term of disease_terms")
        return self


class Laboratory(_Strict):
    """Rules for laboratory values and vital signs as safety variables.

    ``laboratory_categories``: LBCAT of the tests shown; empty for all. ``toxicity_criteria``: the cut-offs
    that grade a value, empty for none. ``abnormal_grade``: grade from which a value is listed.
    ``hys_law_days``: days around a transaminase within which bilirubin and alkaline phosphatase count.
    ``threshold_low_factor``, ``threshold_high_factor``: multiples of the limits of the normal range beyond
    which a value counts as shifted. ``laboratory_end_week``, ``vital_signs_end_week``: last planned week of
    treatment; the last value up to it is the end of treatment; None for a study without.
    """

    laboratory_categories: list[str] = []
    toxicity_criteria: Literal["", "CTCAE v5.0"] = "CTCAE v5.0"
    abnormal_grade: int = Field(default=3, ge=1, le=4)
    hys_law_days: int = Field(default=3, ge=0)
    threshold_low_factor: float = Field(default=1, gt=0, le=1)
    threshold_high_factor: float = Field(default=1, ge=1)
    laboratory_end_week: int | None = Field(default=None, ge=1)
    vital_signs_end_week: int | None = Field(default=None, ge=1)


class ResponseDefinition(_Strict):
    """One definition of platelet response, as a guideline or a trial words it.

    ``key`` is its PARAMCD in ADRS. A count (10^9/L) qualifies when it is at least ``count`` and ``ratio``
    times baseline, or at least ``complete_count``, which asks for no ratio (None: there is no complete
    response). ``kind`` says what makes qualifying counts a response:

    - confirmed: an unbroken run of them over at least ``confirmation_days``;
    - at a week: the count nearest to the planned day of ``week``, at most ``window_days`` away, qualifies;
    - held to a week: a confirmed response that isn't lost by ``week`` (see ``loss_days``), with a count
      from then on;
    - weeks of the last: at least ``weeks_needed`` of the last ``weeks_counted`` planned weeks qualify.

    A response is lost when counts that fail to qualify follow one another over at least ``loss_days``.
    """

    key: str = Field(pattern=r"^[A-Z][A-Z0-9]{0,7}$")
    label: str = Field(min_length=1)
    source: str = Field(min_length=1)
    kind: Literal["confirmed", "at a week", "held to a week", "weeks of the last"]
    count: float = Field(gt=0)
    ratio: float = Field(default=0, ge=0)
    complete_count: float | None = Field(default=None, gt=0)
    confirmation_days: int = Field(default=0, ge=0)
    loss_days: int = Field(default=1, ge=0)
    week: int | None = Field(default=None, ge=1)
    window_days: int = Field(default=2, ge=0)
    weeks_needed: int | None = Field(default=None, ge=1)
    weeks_counted: int | None = Field(default=None, ge=1)
    bleeding: BleedingRule
    rescue: RescueRule

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> ResponseDefinition:
        if self.complete_count is not None and self.complete_count < self.count:
            raise ValueError(f"complete_count ({self.complete_count:g}) is below count ({self.count:g})")
        if self.kind in ("at a week", "held to a week") and self.week is None:
            raise ValueError(f"a response {self.kind} needs the week")
        if self.kind == "weeks of the last":
            if self.weeks_needed is None or self.weeks_counted is None:
                raise ValueError("weeks of the last needs weeks_needed and weeks_counted")
            if self.weeks_needed > self.weeks_counted:
                raise ValueError(f"weeks_needed ({self.weeks_needed}) is above weeks_counted")
        return self


class Efficacy(_Strict):
    """The response rule (IWG 2009), definitions set beside it, and how responders are analysed.

    Counts are in 10^9/L; ``response_ratio`` is a multiple of baseline. ``bleeding_source`` says where the
    absence of bleeding is read. ``platelet_levels`` are counts whose reaching is shown by visit.
    ``rate_prior`` holds the two parameters of the beta prior of a response rate, ``rate_thresholds`` rates
    (percent) that it may exceed. ``subgroup_age`` (years) and ``subgroup_count`` part the subjects in two.
    ``itp_therapy_category`` is the CMCAT of therapy of the disease that goes on in the study,
    ``autoantibody_category`` the ISCAT of platelet autoantibodies, ``major_deviation`` the DVCAT that keeps
    a subject out of the per-protocol analysis; each is empty for none.
    """

    platelet_test: str
    response_count: float = Field(gt=0)
    response_ratio: float = Field(gt=0)
    complete_count: float = Field(gt=0)
    confirmation_days: int = Field(ge=0)
    loss_days: int = Field(default=1, ge=0)
    rescue_category: str
    bleeding_terms: list[str]
    bleeding_source: BleedingRule = "adverse event"
    response_definitions: list[ResponseDefinition] = []
    platelet_levels: list[float] = []
    rate_prior: list[float] = Field(default=[1.0, 1.0], min_length=2, max_length=2)
    rate_thresholds: list[float] = []
    subgroup_age: float = Field(default=45, gt=0)
    subgroup_count: float = Field(default=10, gt=0)
    itp_therapy_category: str = ""
    autoantibody_category: str = ""
    major_deviation: str = ""

    @model_validator(mode="after")
    def _is_consistent(self) -> Efficacy:
        if self.complete_count < self.response_count:
            raise ValueError(
                f"complete_count ({self.complete_count:g}) is below response_count ({self.response_count:g})"
            )
        keys = ["BOR", "OVR", *(definition.key for definition in self.response_definitions)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"response definition {', '.join(twice)} stands twice")
        if min(self.rate_prior) <= 0:
            raise ValueError(f"rate_prior needs two values above 0; found {self.rate_prior}")
        if any(not 0 < rate < 100 for rate in self.rate_thresholds):
            raise ValueError(
                f"rate_thresholds are percentages between 0 and 100; found {self.rate_thresholds}"
            )
        return self

    @property
    def primary(self) -> ResponseDefinition:
        """The rule of the primary variable, as a definition like the others."""
        return ResponseDefinition(
            key="BOR",
            label="IWG 2009, confirmed",
            source="Blood 2009;113:2386",
            kind="confirmed",
            count=self.response_count,
            ratio=self.response_ratio,
            complete_count=self.complete_count,
            confirmation_days=self.confirmation_days,
            loss_days=self.loss_days,
            bleeding=self.bleeding_source,
            rescue="counts from rescue on do not count",
        )


class AntibodyTest(_Strict):
    """One antibody: ``code`` is IS.ISTESTCD.

    ``kind`` donor: directed at HLA or the donor's cells, with a titre where positive; autoantibody: one of
    the disease, with a ratio of signal to cut-off that is positive from 1 on.
    """

    code: str = Field(min_length=1)
    label: str = Field(min_length=1)
    kind: Literal["donor", "autoantibody"]


class Antibody(_Strict):
    """Which antibodies are analysed, and how their change is classified (Shankar 2014, AAPS J 16:658).

    ``boost_factor``: multiple of the titre at baseline from which an antibody counts as boosted.
    ``persistence_weeks``: weeks between first and last positive sample from which it counts as persistent.
    """

    antibody_tests: list[AntibodyTest] = []
    boost_factor: float = Field(default=4, gt=1)
    persistence_weeks: int = Field(default=16, ge=1)

    @model_validator(mode="after")
    def _codes_stand_once(self) -> Antibody:
        codes = [test.code for test in self.antibody_tests]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"antibody_tests names {', '.join(twice)} twice")
        return self


class DoseFinding(_Strict):
    """Escalation, choice of the dose and expansion.

    ``escalation_arms`` are the dose levels from low to high; ``expansion_arms`` follow at one of their doses.
    A subject's DLTs count from the first infusion (Day 1) to Day ``dlt_window_days``; without DLT the
    subject is evaluable after ``evaluable_infusions`` in that time and observation to its end.
    ``dlt_target`` is the tolerable DLT rate, ``dlt_margin`` the half-width of mTPI-2's and Keyboard's
    interval around it, ``overdose_certainty`` the probability above which a level closes as too toxic;
    ``crm_*`` make the CRM's skeleton and prior. ``registry_stop_dlt`` DLTs of a cohort end the registry's
    escalation. The dose is chosen from the first ``choice_subjects``, over ``choice_weeks`` from the first
    infusion, by the ``weight_*`` of each criterion. The expansion stops for futility after
    ``futility_look`` subjects: bayesian, when the response rate exceeds ``futility_rate`` with a probability
    below ``futility_certainty``; exact, when so few responders have a probability of at most that at this
    rate. ``accrual_days`` pass on average between two subjects of a simulated trial.
    """

    escalation_rule: Literal["3+3", "3+3 with de-escalation", "BOIN", "mTPI-2", "Keyboard", "CRM"]
    escalation_arms: list[str] = Field(min_length=1)
    expansion_arms: list[str] = []
    cohort_size: int = Field(ge=1)
    dlt_window_days: int = Field(ge=1)
    evaluable_infusions: int = Field(ge=0)
    registry_stop_dlt: int = Field(ge=1)
    dlt_target: float = Field(gt=0, lt=1)
    dlt_margin: float = Field(gt=0, lt=0.5)
    overdose_certainty: float = Field(gt=0, lt=1)
    crm_halfwidth: float = Field(gt=0, lt=0.5)
    crm_prior_level: int = Field(ge=1)
    crm_prior_sd: float = Field(gt=0)
    choice_subjects: int = Field(ge=1)
    choice_weeks: int = Field(ge=1)
    treg_test: str
    weight_dlt: float = Field(ge=0)
    weight_severe: float = Field(ge=0)
    weight_response: float = Field(ge=0)
    weight_platelets: float = Field(ge=0)
    weight_treg: float = Field(ge=0)
    futility_method: Literal["bayesian", "exact"]
    futility_rate: float = Field(gt=0, lt=1)
    futility_certainty: float = Field(gt=0, lt=1)
    futility_look: int = Field(ge=0)
    accrual_days: float = Field(gt=0)
    scenarios_file: str = Field(min_length=1)

    @model_validator(mode="after")
    def _prior_level_and_weights_are_possible(self) -> DoseFinding:
        if self.crm_prior_level > len(self.escalation_arms):
            raise ValueError(f"crm_prior_level must be one of the {len(self.escalation_arms)} dose levels")
        weights = [getattr(self, name) for name in type(self).model_fields if name.startswith("weight_")]
        if sum(weights) == 0:
            raise ValueError("the weights of the criteria are all 0, so that no dose could be preferred")
        return self


class Scenario(_Strict):
    """What might be true: probabilities of DLT and of response by dose level, from low to high."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    label: str = Field(min_length=1)
    dlt: list[float] = Field(min_length=1)
    response: list[float] = Field(min_length=1)

    @model_validator(mode="after")
    def _are_probabilities_by_level(self) -> Scenario:
        for kind in ("dlt", "response"):
            wrong = [value for value in getattr(self, kind) if not 0 <= value <= 1]
            if wrong:
                raise ValueError(f"{kind} holds probabilities, from 0 to 1; found {wrong}")
        if len(self.dlt) != len(self.response):
            raise ValueError(f"dlt has {len(self.dlt)} dose levels, response {len(self.response)}")
        return self


class _Scenarios(_Strict):
    scenarios: list[Scenario] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> _Scenarios:
        names = [scenario.name for scenario in self.scenarios]
        if len(set(names)) < len(names):
            raise ValueError(f"each scenario has a name of its own; found {names}")
        return self


class Immune(_Strict):
    """Markers of immune function.

    ``marker_table``: file that names them, empty for a study without. ``below_limit_factor``: multiple of the
    lowest measurable value that stands for a value below it.
    """

    marker_table: str = ""
    below_limit_factor: float = Field(default=0.5, gt=0, le=1)


class Study(_Strict):
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

    def values(self) -> dict[str, Any]:
        """Return leaf name to value over all sections; names are unique across sections."""
        return {
            leaf: getattr(section, leaf)
            for name, model in _SECTIONS.items()
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


class Report(BaseModel):
    """What one report version chooses.

    ``rules`` tries other values of the study file for the whole version; ``notebooks`` names the notebooks
    that run, each with values for parameters that are its own.
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
    rules: dict[str, Any] = {}
    notebooks: dict[str, dict[str, Any]] = Field(min_length=1)

    @field_validator("data", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @property
    def name(self) -> str:
        """The published version's folder name, for example ``demo-1.0.0``."""
        return f"{self.report}-{self.version}"


_Model = TypeVar("_Model", bound=BaseModel)
_SECTIONS: dict[str, type[BaseModel]] = {
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
}


def read_study(path: str | Path, *, cohorts: list[str] | None = None, **overrides: object) -> Study:
    """Read and validate a study file.

    Parameters
    ----------
    path
        YAML file; every leaf is ``{value: …, origin: registry | publication | assumption}``.
    cohorts
        Arm codes to report on; the table columns are cut down to them. None or empty takes all.
    **overrides
        Leaf name to value, for notebooks that try another rule. A name that the file's model doesn't have
        is an error; the names of ``efficacy`` are accepted and not used for a study without it.

    Raises
    ------
    ParameterError
        With file, key, value and what is allowed.
    """
    path = from_root(path)
    tree = {section: _plain(path, section, leaves) for section, leaves in read_yaml(path).items()}
    for name, value in overrides.items():
        section = _section_of(name, path)
        if section in tree or Study.model_fields[section].default is not None:
            tree.setdefault(section, {})[name] = value
    study = validate(Study, tree, path)
    if study.immune.marker_table:
        table = from_root(study.immune.marker_table)
        beside = path.parent / table.name  # a study file used from another folder has its table beside it
        study = study.with_markers(read_markers(table if table.exists() else beside))
    return _only_cohorts(study, cohorts, path) if cohorts else study


def read_scenarios(path: str | Path, levels: int) -> list[Scenario]:
    """Read and validate a file of scenarios for a design with this many dose levels.

    Raises ParameterError with file, key, value and what is allowed.
    """
    path = from_root(path)
    scenarios = validate(_Scenarios, read_yaml(path), path).scenarios
    for scenario in scenarios:
        if len(scenario.dlt) != levels:
            raise ParameterError(
                f"{path}: scenario {scenario.name} has {len(scenario.dlt)} dose levels, the design {levels}."
            )
    return scenarios


def read_markers(path: str | Path) -> list[Marker]:
    """Read and validate a marker table.

    Raises ParameterError with file, key, value and what is allowed.
    """
    path = Path(path)
    return validate(MarkerTable, read_yaml(path), path).markers


def write_study(path: Path, rules: dict[str, Any], target: Path) -> Path:
    """Write a copy of a study file in which other values stand, and return it.

    Raises ParameterError for a name that the study file doesn't hold; the values are checked when the copy
    is read.
    """
    tree = read_yaml(path)
    for name, value in rules.items():
        section = _section_of(name, path)
        if name not in tree.get(section, {}):
            raise ParameterError(f"{path}: has no {section}.{name} that `rules` could change.")
        note = f"changed for this version from {tree[section][name]['value']!r}"
        tree[section][name] = {"value": value, "origin": "assumption", "note": note}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return target


def _section_of(name: str, path: Path) -> str:
    for section, model in _SECTIONS.items():
        if name in model.model_fields:
            return section
    known = sorted(leaf for model in _SECTIONS.values() for leaf in model.model_fields)
    raise ParameterError(f"{path}: no parameter is called {name!r}. Known parameters: {', '.join(known)}.")


def _only_cohorts(study: Study, cohorts: list[str], path: Path) -> Study:
    codes = [arm.code for arm in study.design.arms]
    unknown = sorted(set(cohorts) - set(codes))
    if unknown:
        raise ParameterError(f"{path}: cohorts names unknown arm {', '.join(unknown)}; arms: {codes}.")
    columns: list[Column] = []
    for column in study.design.columns:
        arms = [code for code in column.arms if code in cohorts]
        # a pooled column with the arms of one before it would say everything twice; the last is the total
        again = any(arms == other.arms for other in columns) and column is not study.design.columns[-1]
        if arms and not again:
            columns.append(column.model_copy(update={"arms": arms}))
    if not columns:
        raise ParameterError(f"{path}: no column of the study shows the cohorts {', '.join(cohorts)}.")
    return study.model_copy(update={"design": study.design.model_copy(update={"columns": columns})})


def read_origins(path: str | Path) -> dict[str, dict[str, str]]:
    """Return leaf name to its origin and note; a test holds section 9.8 of the report to them."""
    path = Path(path)
    return {
        leaf: {"origin": entry["origin"], "note": entry.get("note", "")}
        for section, leaves in read_yaml(path).items()
        for leaf, entry in _leaves(path, section, leaves)
    }


def read_report(path: str | Path) -> Report:
    """Read and validate a report version's parameter file; relative paths stay relative to the project root.

    Raises ParameterError with file, key, value and what is allowed.
    """
    path = Path(path)
    return validate(Report, read_yaml(path), path)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the names and values of a YAML file; a key that stands twice is an error (ParameterError)."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ParameterError(f"{path}: there is no such parameter file. Check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path}: can't be read as UTF-8 text ({error}).") from error
    try:
        tree = yaml.load(text, Loader=_UniqueKeys)
    except (yaml.YAMLError, ValueError) as error:  # an impossible date is a ValueError
        raise ParameterError(f"{path}: is not valid YAML. {_one_line(str(error))}") from error
    if not isinstance(tree, dict):
        raise ParameterError(f"{path}: must hold names and values (key: value), but holds {tree!r}.")
    return tree


class _UniqueKeys(yaml.SafeLoader):
    """YAML allows a key twice and keeps the last one silently; here that is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {', '.join(twice)} stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


def _leaves(path: Path, section: str, leaves: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(leaves, dict):
        raise ParameterError(f"{path}: section {section} must hold names and values, but holds {leaves!r}.")
    for leaf, entry in leaves.items():
        key = f"{section}.{leaf}"
        if not isinstance(entry, dict) or not {"value", "origin"} <= set(entry) <= {
            "value",
            "origin",
            "note",
        }:
            raise ParameterError(
                f"{path}: {key} must be written as {{value: …, origin: …}} with an optional note, "
                f"but is {entry!r}."
            )
        if entry["origin"] not in ORIGINS:
            raise ParameterError(
                f"{path}: {key} has origin {entry['origin']!r}; allowed: {', '.join(ORIGINS)}."
            )
        yield leaf, entry


def _plain(path: Path, section: str, leaves: object) -> dict[str, Any]:
    return {leaf: entry["value"] for leaf, entry in _leaves(path, section, leaves)}


def validate(model: type[_Model], tree: dict[str, Any], path: Path) -> _Model:
    """Return the model of a file's names and values, or raise ParameterError with every fault."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        faults = "\n".join(f"  {_fault(fault, model)}" for fault in error.errors())
        raise ParameterError(f"{path}:\n{faults}") from error


def _fault(fault: Any, model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "file"
    if fault["type"] == "extra_forbidden":
        parent = _model_at(model, fault["loc"][:-1])
        allowed = f" Known names: {', '.join(parent.model_fields)}." if parent else ""
        return f"{key}: unknown name.{allowed}"
    if fault["type"] == "missing":
        return f"{key}: is missing; add it."
    text = re.sub(r"^(Value error, |Input )", "", fault["msg"])
    return f"{key}: {text} (found {fault['input']!r})."


def _model_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel] | None:
    if not loc:
        return model
    return _SECTIONS.get(str(loc[0])) if model is Study and len(loc) == 1 else None


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
