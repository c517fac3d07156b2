"""What other rules would have said of the same data, their decision tables, and estimates of the DLT rate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from csrkit.dosefinding.crm import Crm
from csrkit.dosefinding.intervals import IntervalRule, isotonic_rates
from csrkit.dosefinding.rule import Ints
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.proportions import EXACT, LIMITS, exact_interval
from itpcsr.analysis.dose.designs import (
    OPEN_WINDOW,
    ask,
    counts_at,
    dose_levels,
    make_rules,
    missing_path,
    study_rules,
)
from itpcsr.study import Study

CHOSEN = "chosen"
NO_ESTIMATE = "no evaluable subject at this dose"
NO_COHORT = "no evaluable subject in the escalation"
RULE = "dose-escalation rule"
ISOTONIC = "isotonic regression, weights of the inverse variances (as BOIN's select.mtd)"
POSTERIOR = "continual reassessment method, posterior mean and 90% interval"
_ESTIMATORS = {"isotonic": ISOTONIC, "crm": POSTERIOR}


def compare_rules(path: pd.DataFrame, addl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return every rule's answer after each escalation cohort, and its choice from the whole escalation.

    ``group`` is the rule, ``level`` the cohort's number; statistics are next_level (from 1; 0: no dose), stop
    and, where there is a level, its dose. Analysis ``chosen`` holds dose_level (0: none) and the dose
    that the rule chooses at the end.
    """
    if reason := missing_path(addl, study):
        return absent_rows("", reason)
    escalation = path[path["PHASE"] == "ESCALATION"]
    n, x = counts_at(addl, None, study)
    open_ = _unfinished(addl, n)
    records = []
    for name, rule in study_rules(study, addl).items():
        for _, cohort in escalation.iterrows():
            level, stop, reason = ask(rule, addl, cohort, study)
            answer = 0.0 if np.isnan(level) and not reason else level
            where = {
                "analysis": "answer",
                "group": name,
                "level": str(int(cohort["COHORTN"])),
                "reason": reason,
            }
            records.append({**where, "statistic": "next_level", "value": answer})
            records.append({**where, "statistic": "stop", "value": stop})
            records += _dose_of(answer, where, study)
        chosen = np.nan if open_ else int(rule.select(n, x, x)[0]) + 1.0
        where = {"analysis": CHOSEN, "group": name, "reason": open_}
        records.append({**where, "statistic": "dose_level", "value": chosen})
        records += _dose_of(chosen, where, study)
    rows = pd.DataFrame(records)
    rows["method"] = RULE + ": " + rows["group"]
    return make_rows(rows, population="safety set", dataset="ADDL")


def _dose_of(level: float, where: Mapping[str, str], study: Study) -> list[dict[str, object]]:
    """Return a row with the dose of a level; none for no level."""
    if np.isnan(level) or not level:
        return []
    dose = dose_levels(study)[int(level) - 1]
    return [{**where, "statistic": "dose", "value": dose, "unit": study.design.dose_unit}]


def _unfinished(addl: pd.DataFrame, n: Ints) -> str:
    """Return why no dose can be chosen from the escalation yet, or "" where one can."""
    if ((addl["PHASE"] == "ESCALATION") & (addl["AVALC"] == "PENDING")).any():
        return OPEN_WINDOW
    return "" if n.any() else NO_COHORT


def tabulate_boundaries(study: Study, sizes: list[int]) -> pd.DataFrame:
    """Return the decision tables of the interval rules: DLTs by number of subjects at the dose.

    ``group`` is the rule, ``level`` the number of subjects; statistics are escalate (so many or fewer),
    deescalate and eliminate (so many or more), NaN with a reason where no number of DLTs does it.
    """
    if study.dose_finding is None:
        return absent_rows("", missing_path(None, study))
    rules = make_rules(study.dose_finding, len(dose_levels(study)), max(sizes))
    records = [
        {"group": name, "level": str(size), **cell}
        for name, rule in rules.items()
        if isinstance(rule, IntervalRule)
        for size in sizes
        for cell in _boundary_cells(rule, size)
    ]
    rows = pd.DataFrame(records)
    rows["method"] = RULE + ": " + rows["group"]
    return make_rows(rows, analysis="boundary", unit="subjects with DLT")


def _boundary_cells(rule: IntervalRule, size: int) -> list[dict[str, object]]:
    table = rule.boundaries
    bounds = {
        "escalate": (table.escalate[size], table.escalate[size] >= 0),
        "deescalate": (table.deescalate[size], table.deescalate[size] <= size),
        "eliminate": (table.eliminate[size], table.eliminate[size] <= size),
    }
    return [
        {
            "statistic": statistic,
            "value": float(value) if possible else np.nan,
            "reason": "" if possible else "no number of DLTs leads to this decision",
        }
        for statistic, (value, possible) in bounds.items()
    ]


def estimate_curves(addl: pd.DataFrame, study: Study, confidence: float) -> pd.DataFrame:
    """Estimate the DLT rate by dose level, in percent, at three times.

    ``visit`` is first (the first subjects from whom the dose is chosen), escalation or all; ``analysis`` is
    observed (n, N, percent and exact limits), isotonic (percent) or crm (percent at the posterior mean, 90 %
    limits); ``level`` counts from 1. CRM and isotonic estimates are NaN with a reason without data.
    """
    reason = missing_path(addl, study)
    if reason or study.dose_finding is None:
        return absent_rows("", reason)
    first = addl.head(study.dose_finding.choice_subjects)
    stages = {"first": (first, False), "escalation": (addl, True), "all": (addl, False)}
    rule = study_rules(study, addl)["CRM"]
    parts = []
    for visit, (part, escalation) in stages.items():
        n, x = counts_at(part, None, study, escalation)
        parts.append(_estimates(n[0], x[0], rule, confidence).assign(visit=visit))
    return make_rows(pd.concat(parts), population="safety set", dataset="ADDL")


def _estimates(n: np.ndarray, x: np.ndarray, rule: object, confidence: float) -> pd.DataFrame:
    low, high = exact_interval(x, n, confidence)
    rates = np.divide(x, n, out=np.full(len(n), np.nan), where=n > 0)
    columns = {
        ("observed", "n"): x.astype("float64"),
        ("observed", "N"): n.astype("float64"),
        ("observed", "percent"): 100 * rates,
        ("observed", LIMITS[0]): 100 * low,
        ("observed", LIMITS[1]): 100 * high,
        ("isotonic", "percent"): 100 * isotonic_rates(n[None, :], x[None, :])[0],
    }
    if isinstance(rule, Crm):
        posterior = rule.posterior(n[None, :], x[None, :])
        columns[("crm", "percent")] = 100 * posterior.dlt[0]
        columns[("crm", LIMITS[0])] = 100 * posterior.low[0]
        columns[("crm", LIMITS[1])] = 100 * posterior.high[0]
    records = [
        {
            "analysis": analysis,
            "statistic": statistic,
            "level": str(level),
            "value": float(value),
            "unit": "subjects" if statistic in ("n", "N") else "%",
            "method": _method(analysis, statistic),
            "reason": NO_ESTIMATE if np.isnan(value) else "",
        }
        for (analysis, statistic), values in columns.items()
        for level, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(records)


def _method(analysis: str, statistic: str) -> str:
    exact = analysis == "observed" and statistic in LIMITS
    return EXACT if exact else _ESTIMATORS.get(analysis, "")
