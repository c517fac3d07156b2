"""Operating characteristics: how often a design chooses each dose, whom it treats, and how long it takes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from csrkit.dosefinding.rule import Ints
from csrkit.errors import ParameterError
from csrkit.rows import absent_rows, make_rows
from itpcsr.analysis.dose.designs import Plan, make_plans
from itpcsr.analysis.dose.path import NOT_DEFINED
from itpcsr.analysis.dose.simulate import Run, Truth, quantities, simulate
from itpcsr.study import Scenario, Study

CHOICE, SUBJECTS = "tbl-dose-oc", "tbl-dose-oc-subjects"
_MEANS = ("total", "overdosed", "dlts", "responders", "months")
_DAYS_PER_MONTH = 365.25 / 12


def analyse_characteristics(
    study: Study,
    scenarios: Iterable[Scenario],
    trials: int,
    seed: int,
    designs: list[str] | None = None,
    run: Run = map,
) -> pd.DataFrame:
    """Simulate every design under every scenario.

    ``level`` is the scenario, ``group`` the design, ``analysis`` the quantity (see ``simulate.quantities``):
    chosen_1 and on, none and futile in percent of trials, the others as means per trial, the duration in
    months; statistics are percent or mean, and mc_error, its Monte-Carlo standard error. The shares belong
    to the display tbl-dose-oc, the means to tbl-dose-oc-subjects. Analyses true_dlt and true_response hold
    the scenario's probabilities in percent, size the number of trials. ``run``: see ``simulate``.

    Raises ParameterError for a design that there isn't, and as ``simulate`` does.
    """
    rules = study.dose_finding
    if rules is None:
        return pd.concat([absent_rows(name, NOT_DEFINED) for name in (CHOICE, SUBJECTS)], ignore_index=True)
    plans = _chosen(make_plans(study), designs)
    parts = [pd.DataFrame([{"analysis": "size", "statistic": "n", "value": float(trials), "unit": "trials"}])]
    for scenario in scenarios:
        truth = Truth(
            tuple(scenario.dlt),
            tuple(scenario.response),
            rules.dlt_target,
            rules.accrual_days,
            rules.dlt_window_days,
        )
        parts.append(_truth_rows(scenario))
        for name, plan in plans.items():
            totals = simulate(plan, truth, trials, seed, run)
            parts.append(summarise(totals, plan.levels, trials).assign(level=scenario.name, group=name))
    rows = pd.concat(parts, ignore_index=True)
    means = rows["analysis"].isin(_MEANS) | rows["analysis"].str.startswith("subjects")
    rows["display"] = np.where(means, SUBJECTS, CHOICE)
    return make_rows(rows, method="simulation")


def _chosen(plans: dict[str, Plan], designs: list[str] | None) -> dict[str, Plan]:
    unknown = sorted(set(designs or []) - set(plans))
    if unknown:
        raise ParameterError(f"There is no design {', '.join(unknown)}; designs: {', '.join(plans)}.")
    return {name: plan for name, plan in plans.items() if not designs or name in designs}


def _truth_rows(scenario: Scenario) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "analysis": f"true_{kind}",
                "level": scenario.name,
                "group": f"level_{level}",
                "statistic": "percent",
                "value": 100 * value,
                "unit": "%",
            }
            for kind in ("dlt", "response")
            for level, value in enumerate(getattr(scenario, kind), start=1)
        ]
    )


def summarise(totals: Ints, levels: int, trials: int) -> pd.DataFrame:
    """Return means and Monte-Carlo standard errors from sums and sums of squares over trials.

    A duration in days becomes months. The error is the root of (mean square - squared mean) / (trials - 1);
    with one trial it is NaN.
    """
    records = []
    for name, total, square in zip(quantities(levels), totals[0], totals[1], strict=True):
        mean = total / trials
        # whole numbers up to here: no cancellation before the one division
        spread = float(trials * int(square) - int(total) ** 2) / trials**2
        error = float(np.sqrt(spread / (trials - 1))) if trials > 1 else float("nan")
        share = name.startswith("chosen") or name in ("none", "futile")
        analysis, unit, factor = (name, "%", 100.0) if share else (name, "subjects", 1.0)
        if name == "days":
            analysis, unit, factor = "months", "months", 1 / _DAYS_PER_MONTH
        kind = "percent" if share else "mean"
        cell = {"analysis": analysis, "unit": unit, "reason": ""}
        records.append({**cell, "statistic": kind, "value": factor * mean})
        reason = "" if trials > 1 else "a single trial has no Monte-Carlo error"
        error_of = {"statistic": f"mc_error of {kind}", "value": factor * error, "reason": reason}
        records.append({**cell, **error_of})
    return pd.DataFrame(records)
