"""Rules for escalation and the choice of the dose, and what might be true of the doses."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from csrkit.parameters.strict import Strict


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
            raise ValueError("the weights of the criteria are all 0, so that no dose could be preferred")
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
            raise ValueError(f"each scenario has a name of its own; found {names}")
        return self
