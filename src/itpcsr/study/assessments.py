"""Rules for what is measured beside the platelet count: safety, concentrations, antibodies, immunity."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from csrkit.parameters.strict import Strict


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
