"""The designs that the study file names, and the path of the dose by its rule."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from csrkit.dosefinding.crm import Crm, make_skeleton
from csrkit.dosefinding.intervals import boin, keyboard, mtpi2
from csrkit.dosefinding.rule import NO_DOSE, FixedCohorts, Ints, Rule, ThreePlusThree, futility_bounds
from csrkit.errors import ParameterError
from csrkit.rows import absent_rows, make_rows
from itpcsr.study import DoseFinding, Study

# The designs that are compared: the registry's, the 3 + 3 as conducted, and the alternatives.

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


# What the trial did: cohorts, what was known at each decision, the rule's answer, the decision taken.

NOT_DEFINED = "This study finds no dose by cohorts, so there is no escalation to show."
NO_SUBJECTS = "No subject of the dose escalation was treated, so there is no decision to show."
OPEN_WINDOW = "the DLT window of the cohort was not over at the data cut"
INCOMPLETE = "the cohort had fewer evaluable subjects than planned at the data cut"
NOT_YET = "no cohort has followed in the data"
UNDEFINED = "the rule has no answer for this number of subjects at the dose"
_EVALUABLE = ["DLT", "NO DLT"]
_STATES = {"treated": None, "dlt": ["DLT"], "evaluable": _EVALUABLE, "not_evaluable": ["NE"]}


def missing_path(addl: pd.DataFrame | None, study: Study) -> str:
    """Return the sentence that says why there is no escalation to show, or "" where there is one."""
    if study.dose_finding is None or addl is None:
        return NOT_DEFINED
    return "" if (addl["PHASE"] == "ESCALATION").any() else NO_SUBJECTS


def trace_path(addl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return one record per cohort, in order of time, and what was decided after it.

    COHORTN, ARMCD, PHASE, LEVEL, DOSE; ``planned`` (subjects of the register's plan in this cohort),
    ``treated``, ``evaluable``, ``not_evaluable``, ``dlt``; of escalation cohorts also CUTDT: the data cut of
    the decision, which is the day before the next cohort's first infusion, or the day on which the last
    cohort's last result was known; ``pending``: subjects of any cohort whose result wasn't known then;
    ``next_level`` (from 1, NaN for none) and ``next_phase`` (ESCALATION, EXPANSION or END).
    """
    rules = require_dose_finding(study)
    cohorts = addl.groupby("COHORTN", sort=True).agg(
        ARMCD=("ARMCD", "first"), PHASE=("PHASE", "first"), LEVEL=("LEVEL", "first"), DOSE=("DOSE", "first"),
        first=("TRTSDT", "min"),
    )  # fmt: skip
    for name, states in _STATES.items():
        counted = addl if states is None else addl[addl["AVALC"].isin(states)]
        cohorts[name] = counted.groupby("COHORTN").size().reindex(cohorts.index, fill_value=0)
    cohorts["planned"] = _planned(cohorts, rules, study)
    cohorts["next_level"] = cohorts["LEVEL"].shift(-1)
    cohorts["next_phase"] = cohorts["PHASE"].shift(-1).fillna("END").astype("str")
    cohorts["CUTDT"] = (cohorts["first"].shift(-1) - pd.Timedelta(days=1)).fillna(
        addl[["KNOWNDT", "TRTSDT"]].max().max()
    )
    begun = [addl[addl["TRTSDT"] <= cut] for cut in cohorts["CUTDT"]]
    cohorts["pending"] = [
        int((~(part["KNOWNDT"] <= cut)).sum()) for part, cut in zip(begun, cohorts["CUTDT"], strict=True)
    ]
    return cohorts.drop(columns="first").reset_index()


def _planned(cohorts: pd.DataFrame, rules: DoseFinding, study: Study) -> list[float]:
    """The register's subjects by cohort: of an arm's plan what its earlier cohorts have left."""
    left = {arm.code: float(arm.planned or 0) for arm in study.design.arms}
    planned = []
    for arm, phase in zip(cohorts["ARMCD"], cohorts["PHASE"], strict=True):
        share = min(left[arm], rules.cohort_size) if phase == "ESCALATION" else left[arm]
        left[arm] -= share
        planned.append(share)
    return planned


def counts_at(
    addl: pd.DataFrame, cut: pd.Timestamp | None, study: Study, escalation: bool = True
) -> tuple[Ints, Ints]:
    """Return evaluable subjects and those with DLT by level (1 by levels) whose results were known at a cut.

    Without a cut all results count; without ``escalation`` the expansion's subjects count, too.
    """
    known = addl[addl["AVALC"].isin(_EVALUABLE)]
    if escalation:
        known = known[known["PHASE"] == "ESCALATION"]
    if cut is not None:
        known = known[known["KNOWNDT"] <= cut]
    levels = range(1, len(dose_levels(study)) + 1)
    n = [int((known["LEVEL"] == level).sum()) for level in levels]
    x = [int(((known["LEVEL"] == level) & (known["AVALC"] == "DLT")).sum()) for level in levels]
    return np.array([n], dtype=np.int64), np.array([x], dtype=np.int64)


def study_rules(study: Study, addl: pd.DataFrame) -> dict[str, Rule]:
    """Return all rules by name, with tables long enough for the trial's subjects."""
    rules = require_dose_finding(study)
    return make_rules(rules, len(dose_levels(study)), max(len(addl), 2 * rules.cohort_size))


def ask(rule: Rule, addl: pd.DataFrame, cohort: pd.Series, study: Study) -> tuple[float, float, str]:
    """Return a rule's answer after a cohort: level (from 1), whether it stops (0, 1), the reason for none.

    The answer is NaN with a reason where a result of an escalation cohort was still unknown at the cut, where
    the cohort has too few evaluable subjects, or the rule has none for these numbers; level NaN without a
    reason is the answer "no dose".
    """
    if cohort["pending"] > 0:
        return np.nan, np.nan, OPEN_WINDOW
    if cohort["evaluable"] < require_dose_finding(study).cohort_size:
        return np.nan, np.nan, INCOMPLETE
    n, x = counts_at(addl, cohort["CUTDT"], study)
    try:
        decision = rule.decide(n, x, np.array([int(cohort["LEVEL"]) - 1]))
    except ParameterError:
        return np.nan, np.nan, UNDEFINED
    dose = int(decision.dose[0])
    return (np.nan if dose == NO_DOSE else dose + 1.0), float(decision.stop[0]), ""


def analyse_path(path: pd.DataFrame, addl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the rows of the path: per cohort what ``trace_path`` counts, the rule's answer and the decision.

    ``level`` is the cohort's number. Statistics of the rule: rule_level (0: no dose), rule_stop; of the
    decision: next_level (0: none), expansion (1: the next is the expansion), ended (1: nothing followed) and
    differs (1: the decision isn't the rule's answer). A rule that stops with a level agrees with an
    expansion at that level, and with an end; where it goes on and nothing followed there is no decision.
    """
    if reason := missing_path(addl, study):
        return absent_rows("", reason)
    rule = study_rules(study, addl)[require_dose_finding(study).escalation_rule]
    records = []
    for cohort in (row for _, row in path.iterrows()):
        numbers = {"dose": float(cohort["DOSE"])}
        numbers |= {name: float(cohort[name]) for name in ("planned", *_STATES)}
        records += _records(cohort, numbers, "")
        if cohort["PHASE"] == "ESCALATION":
            answer = ask(rule, addl, cohort, study)
            records += _records(cohort, _decision(cohort, answer), answer[2] or NOT_YET)
            records += _records(cohort, _known(addl, cohort, study), "")
    frame = pd.DataFrame(records)
    totals = path[["planned", "treated", "evaluable", "not_evaluable", "dlt"]].sum()
    total = pd.DataFrame(
        {"analysis": "total", "statistic": totals.index, "value": totals.to_numpy("float64")}
    )
    both = pd.concat([frame, total], ignore_index=True)
    return make_rows(both, population="safety set", dataset="ADDL")


def _known(addl: pd.DataFrame, cohort: pd.Series, study: Study) -> dict[str, float]:
    n, x = counts_at(addl, cohort["CUTDT"], study)
    at = int(cohort["LEVEL"]) - 1
    return {"known_n": float(n[0, at]), "known_dlt": float(x[0, at]), "pending": float(cohort["pending"])}


def _decision(cohort: pd.Series, answer: tuple[float, float, str]) -> dict[str, float]:
    level, stop, reason = answer
    taken = float(cohort["next_level"]) if pd.notna(cohort["next_level"]) else 0.0
    expansion = float(cohort["next_phase"] == "EXPANSION")
    ended = float(cohort["next_phase"] == "END")
    said = np.nan if reason else (0.0 if np.isnan(level) else level)
    same = (said == taken and stop == expansion) or (ended == 1 and stop == 1)
    unknown = bool(reason) or (ended == 1 and not same)
    return {
        "rule_level": said,
        "rule_stop": stop,
        "next_level": taken,
        "expansion": expansion,
        "ended": ended,
        "differs": np.nan if unknown else float(not same),
    }


def _records(cohort: pd.Series, numbers: dict[str, float], reason: str) -> list[dict[str, object]]:
    return [
        {
            "analysis": "cohort",
            "level": str(int(cohort["COHORTN"])),
            "group": str(cohort["ARMCD"]),
            "statistic": name,
            "value": value,
            "reason": reason if np.isnan(value) else "",
        }
        for name, value in numbers.items()
    ]
