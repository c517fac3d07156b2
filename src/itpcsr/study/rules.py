"""Rules for platelet response, for the dose, and for what is measured beside the platelet count."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from csrkit.parameters.validation import Strict

# Rules for platelet response: the definitions and how they are judged.

BleedingRule = Literal["not considered", "adverse event", "bleeding scale", "adverse event or bleeding scale"]
RescueRule = Literal["counts from rescue on do not count", "any rescue is no response", "not considered"]


class ResponseDefinition(Strict):
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


class Efficacy(Strict):
    """The response rule (IWG 2009), definitions set beside it, and how responders are analysed.

    Counts are in 10^9/L; ``response_ratio`` is a multiple of baseline. ``bleeding_source`` says where the
    absence of bleeding is read. ``platelet_levels`` are counts whose reaching is shown by visit.
    ``rate_prior`` holds the two parameters of the beta prior of a response rate, ``rate_thresholds`` rates
    (percent) that it may exceed. ``subgroup_age`` (years) and ``subgroup_count`` part the subjects in two.
    ``itp_therapy_category`` is the CMCAT of therapy of the disease that goes on in the study,
    ``major_deviation`` the DVCAT that keeps a subject out of the per-protocol analysis; each is empty for
    none.
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
    major_deviation: str = ""

    @model_validator(mode="after")
    def _is_consistent(self) -> Efficacy:
        if self.complete_count < self.response_count:
            raise ValueError(
                f"complete_count ({self.complete_count:g}) is below response_count ({self.response_count:g})"
            )
        keys = ["CBOR", "BOR", "OVR", *(definition.key for definition in self.response_definitions)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"response definition {', '.join(twice)} appears twice")
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
            key="CBOR",
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


# Rules for what is measured beside the platelet count: safety, concentrations, antibodies, immunity.


class Safety(Strict):
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


class Laboratory(Strict):
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


class Pharmacokinetics(Strict):
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


class AntibodyTest(Strict):
    """One antibody: ``code`` is IS.ISTESTCD.

    ``kind`` donor: directed at HLA or the donor's cells, with a titre where positive; autoantibody: one of
    the disease, with a ratio of signal to cut-off that is positive from 1 on.
    """

    code: str = Field(min_length=1)
    label: str = Field(min_length=1)
    kind: Literal["donor", "autoantibody"]


class Antibody(Strict):
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


class Immune(Strict):
    """Markers of immune function.

    ``marker_table``: file that names them, empty for a study without. ``below_limit_factor``: multiple of the
    lowest measurable value that stands for a value below it.
    """

    marker_table: str = ""
    below_limit_factor: float = Field(default=0.5, gt=0, le=1)


class Visits(Strict):
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


class Sampling(Strict):
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


class PriorTherapy(Strict):
    """One earlier therapy that the baseline table counts; ``flag`` is its variable in ADSL."""

    term: str = Field(min_length=1)
    flag: str = Field(pattern=r"^[A-Z][A-Z0-9]{0,5}FL$")
    label: str


class Baseline(Strict):
    """How baseline is taken, and what of the history the baseline table counts."""

    baseline_rule: Literal["last value before the first infusion", "value flagged in the data"]
    diagnosis_terms: list[str] = []
    prior_therapy_category: str = ""
    prior_therapies: list[PriorTherapy] = []


# Rules for escalation and the choice of the dose, and what might be true of the doses.


class DoseFinding(Strict):
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
            raise ValueError("the weights of the criteria are all 0, so no dose could be preferred")
        return self


class Scenario(Strict):
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


class Scenarios(Strict):
    """A file of scenarios."""

    scenarios: list[Scenario] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Scenarios:
        names = [scenario.name for scenario in self.scenarios]
        if len(set(names)) < len(names):
            raise ValueError(f"each scenario needs a different name; found {names}")
        return self
