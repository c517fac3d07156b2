"""The designs that are compared: the registry's, the 3 + 3 as conducted, and the alternatives."""

from __future__ import annotations

from dataclasses import dataclass, field

from csrkit.dosefinding.crm import Crm, make_skeleton
from csrkit.dosefinding.futility import futility_bounds
from csrkit.dosefinding.intervals import boin, keyboard, mtpi2
from csrkit.dosefinding.rule import Ints, Rule
from csrkit.dosefinding.three_plus_three import FixedCohorts, ThreePlusThree
from csrkit.errors import ParameterError
from itpcsr.study import DoseFinding, Study

REGISTRY = "Registry"


@dataclass(frozen=True)
class Plan:
    """A design to simulate.

    Cohorts of ``cohort`` follow each other by ``rule`` until it stops or the next would pass ``most``
    subjects; ``expansion`` more are treated at the dose chosen, with a look at the response of all subjects
    at that dose after the first ``look`` of them (0: none). ``futility`` are the bounds of
    ``futility_bounds``.
    """

    rule: Rule
    levels: int
    cohort: int
    most: int
    expansion: int
    look: int
    futility: Ints = field(compare=False)


def require_dose_finding(study: Study) -> DoseFinding:
    """Return the study's rules of dose finding; raises ParameterError for a study without them."""
    if study.dose_finding is None:
        raise ParameterError(
            "The study file has no section dose_finding: this study finds no dose. Add the section, or leave "
            "dose selection (70-dose-selection) out of this version."
        )
    return study.dose_finding


def dose_levels(study: Study) -> list[float]:
    """Return the doses of the escalation from low to high, in the study's unit; none without dose finding."""
    if study.dose_finding is None:
        return []
    doses = {arm.code: arm.dose for arm in study.design.arms}
    return [doses[code] or 0.0 for code in study.dose_finding.escalation_arms]


def make_rules(rules: DoseFinding, levels: int, most: int) -> dict[str, Rule]:
    """Return all rules by name, the study's own parameters in them; ``most`` subjects at one level."""
    target, margin, certainty = rules.dlt_target, rules.dlt_margin, rules.overdose_certainty
    skeleton = make_skeleton(rules.crm_halfwidth, target, rules.crm_prior_level, levels)
    return {
        "3+3": ThreePlusThree(),
        "3+3 with de-escalation": ThreePlusThree(deescalate=True),
        "BOIN": boin(target, most, certainty),
        "mTPI-2": mtpi2(target, most, margin, certainty),
        "Keyboard": keyboard(target, most, margin, certainty),
        "CRM": Crm(skeleton, target, rules.crm_prior_sd, certainty),
    }


def make_plans(study: Study) -> dict[str, Plan]:
    """Return the designs by name; none without dose finding.

    The registry's has one cohort at each level, chooses by utility and expands; the 3 + 3 end by themselves;
    the others end with the number of subjects that the escalation as conducted had.
    """
    rules, levels = study.dose_finding, len(dose_levels(study))
    if rules is None:
        return {}
    arms = {arm.code: arm for arm in study.design.arms}
    expansion = sum(arms[code].planned or 0 for code in rules.expansion_arms)
    conducted = sum(arms[code].enrolled or 0 for code in rules.escalation_arms)
    full = 2 * rules.cohort_size * levels
    most = conducted or full
    bounds = futility_bounds(
        rules.futility_method, rules.futility_rate, rules.futility_certainty, full + most + expansion
    )
    registry = FixedCohorts(
        rules.registry_stop_dlt, rules.cohort_size, rules.weight_response, rules.weight_dlt
    )
    sizes = {REGISTRY: rules.cohort_size * levels, "3+3": full, "3+3 with de-escalation": full}
    return {
        name: Plan(
            rule, levels, rules.cohort_size, sizes.get(name, most), expansion, rules.futility_look, bounds
        )
        for name, rule in {REGISTRY: registry, **make_rules(rules, levels, full + most)}.items()
    }
