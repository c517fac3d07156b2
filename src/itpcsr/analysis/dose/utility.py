"""The choice of a dose: safety and efficacy side by side, a weighted utility, and what the weights decide."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd

from csrkit.dosefinding.rule import Floats
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.proportions import EXACT, LIMITS, exact_interval
from itpcsr.analysis.dose.designs import NO_SUBJECTS, NOT_DEFINED, dose_levels
from itpcsr.study import DoseFinding, Study

SAFETY, EFFICACY = ("dlt", "severe"), ("response", "platelets", "treg")
CRITERIA = (*SAFETY, *EFFICACY)
_FLAGS = {"dlt": "DLTFL", "severe": "SEVFL", "response": "RESPFL"}
_VALUES = {"platelets": "PLATRISE", "treg": "TREGCHG"}
_NO_SUBJECT = "no subject at this dose"
_NO_DATA = "no subject with data at this dose"
_FEW = "fewer than 3 values"
_UNWEIGHED = "no weight falls on a criterion that has data at every dose with subjects"
_NO_CRITERION = "No criterion has data at every dose with subjects, so no dose can be preferred."
SHARES = tuple(range(0, 101, 5))
_STEPS = 10
_EXACT = 1e9


def analyse_choice(choice: pd.DataFrame, study: Study, confidence: float) -> pd.DataFrame:
    """Describe the first subjects by dose level, and give each level its utility.

    ``analysis`` is size (N), dlt, severe, response (n, N of those with data, percent, exact limits),
    platelets (10^9/L), treg (% of baseline) (n, mean, sd), score (each criterion from 0 to 1), utility or
    chosen (1 for the level of the largest utility, the lower of two equal); ``group`` is ``level_1`` and on.
    Scores: 1 less the rate of DLT, and of related severe events; the rate of response; the mean platelet
    rise as a share of the count of complete response, and the mean relative rise of regulatory T cells, both
    within 0 and 1. A criterion without data at some level with subjects is left out for all of them.
    """
    rules = study.dose_finding
    if rules is None or choice.empty:
        return absent_rows("", NO_SUBJECTS if rules else NOT_DEFINED)
    levels = range(1, len(dose_levels(study)) + 1)
    records = []
    for level in levels:
        part = choice[choice["LEVEL"] == level]
        records += _describe(part, f"level_{level}", confidence)
    scores = score_levels(choice, study)
    records += _score_records(scores, rules)
    return make_rows(pd.DataFrame(records), population="safety set", dataset="ADDL")


def _describe(part: pd.DataFrame, group: str, confidence: float) -> list[dict[str, object]]:
    """Return the counts and means of one dose level."""
    cells: dict[tuple[str, str], tuple[float, str]] = {("size", "N"): (float(len(part)), "")}
    for name, flag in _FLAGS.items():
        known = part[part[flag] != ""]
        n, size = float((known[flag] == "Y").sum()), float(len(known))
        low, high = exact_interval(n, size, confidence)
        why = "" if size else _NO_DATA
        cells[(name, "n")], cells[(name, "N")] = (n if size else math.nan, why), (size, "")
        cells[(name, "percent")] = (100 * n / size if size else math.nan, why)
        for limit, value in zip(LIMITS, (low, high), strict=True):
            cells[(name, limit)] = (100 * float(value), why)
    for name, column in _VALUES.items():
        values = part[column].dropna() * (100 if name == "treg" else 1)
        why = "" if len(values) else _NO_DATA
        cells[(name, "n")] = (float(len(values)), "")
        cells[(name, "mean")] = (float(values.mean()) if len(values) else math.nan, why)
        few = "" if len(values) > 2 else _FEW
        cells[(name, "sd")] = (float(values.std()) if len(values) > 2 else math.nan, few)
    return [
        {
            "analysis": analysis,
            "group": group,
            "statistic": statistic,
            "value": value,
            "method": EXACT if statistic in LIMITS else "",
            "reason": why,
        }
        for (analysis, statistic), (value, why) in cells.items()
    ]


def score_levels(choice: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the scores (0 to 1) of the criteria by level; NaN without data."""
    scale = study.efficacy.complete_count if study.efficacy else 1.0
    scores = {}
    for level in range(1, len(dose_levels(study)) + 1):
        part = choice[choice["LEVEL"] == level]
        rates = {name: _rate(part[flag]) for name, flag in _FLAGS.items()}
        scores[level] = {
            "dlt": 1 - rates["dlt"],
            "severe": 1 - rates["severe"],
            "response": rates["response"],
            "platelets": _within(part["PLATRISE"].mean() / scale),
            "treg": _within(part["TREGCHG"].mean()),
        }
    return pd.DataFrame(scores).T


def _rate(flags: pd.Series) -> float:
    known = flags[flags != ""]
    return float((known == "Y").mean()) if len(known) else math.nan


def _within(value: float) -> float:
    return math.nan if math.isnan(value) else min(max(float(value), 0.0), 1.0)


def weigh(scores: pd.DataFrame, weights: dict[str, float]) -> pd.Series:
    """Return the utility by level: the weighted mean of the scores; NaN for a level without subjects.

    Criteria that some level with data lacks are left out at all levels, so that levels stay comparable.
    """
    present, usable = scores.dropna(how="all"), _usable(scores)
    total = sum(weights[name] for name in usable)
    if total == 0:
        return pd.Series(math.nan, index=scores.index)
    combined = sum((present[name] * weights[name] for name in usable), start=pd.Series(0.0, present.index))
    return (combined / total).reindex(scores.index)


def _usable(scores: pd.DataFrame) -> list[str]:
    """Return the criteria that every level with subjects has data of."""
    present = scores.dropna(how="all")
    return [name for name in CRITERIA if len(present) and present[name].notna().all()]


def study_weights(rules: DoseFinding) -> dict[str, float]:
    """Return criterion to its weight in the study file."""
    return {name: float(getattr(rules, f"weight_{name}")) for name in CRITERIA}


def _score_records(scores: pd.DataFrame, rules: DoseFinding) -> list[dict[str, object]]:
    utility = weigh(scores, study_weights(rules))
    # sums of the same parts must compare equal whatever their order
    best = np.rint(utility * _EXACT).idxmax() if utility.notna().any() else None
    records: list[dict[str, object]] = []
    for (level, row), weighted in zip(scores.iterrows(), utility, strict=True):
        empty = _NO_SUBJECT if row.isna().all() else _UNWEIGHED
        group = {"group": f"level_{level}"}
        for name, value in row.items():
            reason = _NO_DATA if math.isnan(value) else ""
            cell = {
                "analysis": "score",
                "level": name,
                "statistic": "score",
                "value": value,
                "reason": reason,
            }
            records.append({**group, **cell})
        value = float(weighted)
        reason = empty if math.isnan(value) else ""
        records.append(
            {**group, "analysis": "utility", "statistic": "score", "value": value, "reason": reason}
        )
        records.append({**group, "analysis": "chosen", "statistic": "flag", "value": float(level == best)})
    return records


def vary_weights(choice: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Say how utility and choice move with the weights.

    ``analysis`` is share: utility by level (``group``) when safety has so many percent of the weight
    (``level``), within safety and within efficacy as in the study file; weightings: percent of all
    weightings in steps of a tenth that favour each level most (equal utilities count for the lower level);
    and current: the share of safety in the study file's weights.
    """
    rules = study.dose_finding
    if rules is None or choice.empty:
        return absent_rows("", NO_SUBJECTS if rules else NOT_DEFINED)
    scores = score_levels(choice, study)
    usable = _usable(scores)
    if not usable:
        return absent_rows("", _NO_CRITERION)
    weights = study_weights(rules)
    favoured = _favoured(scores.loc[:, usable].to_numpy("float64"))
    records = _share_records(scores, weights, usable)
    records += [
        {"analysis": "weightings", "group": f"level_{level}", "statistic": "percent", "value": value}
        for level, value in zip(scores.index, favoured, strict=True)
    ]
    current = _safety_share(weights, usable)
    records.append({"analysis": "current", "statistic": "percent", "value": current, "reason": _UNWEIGHED})
    frame = pd.DataFrame(records)
    frame["reason"] = frame["reason"].fillna(_NO_SUBJECT).where(frame["value"].isna(), "")
    return make_rows(frame, population="safety set", dataset="ADDL")


def _share_records(
    scores: pd.DataFrame, weights: dict[str, float], usable: list[str]
) -> list[dict[str, object]]:
    """Return the utility of each level by the share of safety; a side without data can't have all weight."""
    records: list[dict[str, object]] = []
    for share in SHARES:
        shared = _shared(weights, share / 100, usable)
        reason = _NO_SUBJECT if sum(shared.values()) else _UNWEIGHED
        records += [
            {
                "analysis": "share",
                "level": str(share),
                "group": f"level_{level}",
                "statistic": "score",
                "value": value,
                "reason": reason,
            }
            for level, value in weigh(scores, shared).items()
        ]
    return records


def _shared(weights: dict[str, float], share: float, usable: list[str]) -> dict[str, float]:
    """Give safety this share of the weight, each side parted as before (equally, if it had none)."""
    result = dict.fromkeys(CRITERIA, 0.0)
    for side, part in ((SAFETY, share), (EFFICACY, 1 - share)):
        names = [name for name in side if name in usable]
        total = sum(weights[name] for name in names)
        for name in names:
            result[name] = part * (weights[name] / total if total else 1 / len(names))
    return result


def _safety_share(weights: dict[str, float], usable: list[str]) -> float:
    total = sum(weights[name] for name in usable)
    return 100 * sum(weights[name] for name in usable if name in SAFETY) / total if total else math.nan


def _favoured(scores: Floats) -> list[float]:
    """Percent of all weightings of the criteria in tenths under which each level has the largest utility."""
    criteria = scores.shape[1]
    grid = [
        weights for weights in itertools.product(range(_STEPS + 1), repeat=criteria) if sum(weights) == _STEPS
    ]
    utility = np.array(grid, dtype="float64") @ np.nan_to_num(scores, nan=-1e9).T
    # sums of the same tenths must compare equal whatever their order
    best = np.argmax(np.rint(utility * _EXACT), axis=1)
    shares = [100 * float((best == level).mean()) for level in range(len(scores))]
    return [math.nan if np.isnan(row).all() else value for row, value in zip(scores, shares, strict=True)]
