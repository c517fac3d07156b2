"""Parameters of the subjects, one by one and summarised."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.summaries import FEW_VALUES, GEOMETRIC_MEAN, NO_VALUES
from itpcsr.analysis.pharmacokinetics.sets import POPULATION, why_absent
from itpcsr.study import Study

# Parameters of the table; an area over part of the time has the hours in its code.
SHOWN = ("CMAX", "TMAX", "TLST", "AUC0_", "LAMZHL")
INDIVIDUAL = ("NQUANT", *SHOWN, "LAMZNPT", "R2ADJ")
_UNITS = {"n": "subjects", "N": "subjects", "gcv": "%"}
NO_LOGARITHM = "a value of 0 has no logarithm"
GEOMETRIC = "geometric CV% = 100 sqrt(exp(s²) - 1), s the SD of the natural logarithms"
NONCOMPARTMENTAL = "non-compartmental analysis of the actual times"
_METHODS = {"gcv": GEOMETRIC, "geometric_mean": GEOMETRIC_MEAN}


def analyse_parameters(
    adsl: pd.DataFrame, adpc: pd.DataFrame, adpp: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Summarise the parameters by column.

    ``analysis`` is PARAMCD; statistics n, N (subjects of the set), geometric_mean, gcv, mean, sd, median,
    min, max. SD and geometric CV need 3 values. ``analysis`` missing counts the subjects without a value,
    ``level`` ``PARAMCD | reason``.
    """
    display = "tbl-pk-parameters"
    if sentence := why_absent(adsl, adpc, study):
        return absent_rows(display, sentence)
    members = assign_groups(adsl, study.design.columns, "PKFL")
    parts = [size_rows(members)]
    for code in codes_of(adpp, SHOWN):
        values = adpp[adpp["PARAMCD"] == code].merge(members, on="USUBJID")
        parts.append(_summary(values, members, str(values["AVALU"].iloc[0])).assign(analysis=code))
        parts.append(_missing(values, members, code))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=display, population=POPULATION, dataset="ADPP"
    )


def analyse_individual(
    adsl: pd.DataFrame, adpc: pd.DataFrame, adpp: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Return the parameters of each subject as rows: ``group`` is the subject, ``analysis`` PARAMCD.

    ``analysis`` dose is the dose of infusion 1.
    """
    display = "tbl-pk-individual"
    if sentence := why_absent(adsl, adpc, study):
        return absent_rows(display, sentence)
    shown = adpp[adpp["PARAMCD"].isin(codes_of(adpp, INDIVIDUAL))]
    values = pd.DataFrame(
        {
            "analysis": shown["PARAMCD"],
            "group": shown["USUBJID"],
            "statistic": "value",
            "value": shown["AVAL"],
            "unit": shown["AVALU"],
            "method": NONCOMPARTMENTAL,
            "reason": shown["PPREASND"],
        }
    )
    first = adpc[adpc["USUBJID"].isin(shown["USUBJID"])].drop_duplicates("USUBJID")
    given = pd.DataFrame(
        {
            "analysis": "dose",
            "group": first["USUBJID"],
            "statistic": "value",
            "value": first["DOSE1"],
            "unit": first["DOSE1U"],
            "reason": np.where(first["DOSE1"].isna(), "no dose is recorded", ""),
        }
    )
    rows = pd.concat([given, values], ignore_index=True).sort_values("group", kind="stable")
    return make_rows(rows, display=display, population=POPULATION, dataset="ADPP")


def codes_of(adpp: pd.DataFrame, names: tuple[str, ...]) -> list[str]:
    """Return the PARAMCDs that these names stand for, in their order."""
    found = list(dict.fromkeys(adpp["PARAMCD"]))
    return [
        code
        for name in names
        for code in found
        if code == name or (name.endswith("_") and code.startswith(name))
    ]


def _summary(values: pd.DataFrame, members: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Return the statistics of one parameter by group."""
    sizes = members.groupby("group", observed=False)["USUBJID"].nunique()
    parts = []
    for group, size in sizes.items():
        sample = values.loc[values["group"] == group, "AVAL"].dropna().to_numpy("float64")
        numbers = {"N": float(size)} | describe(sample)
        part = pd.DataFrame({"statistic": list(numbers), "value": list(numbers.values())})
        part["reason"] = [_why_lost(name, sample) if np.isnan(numbers[name]) else "" for name in numbers]
        part["unit"] = [_UNITS.get(name, unit) for name in numbers]
        part["method"] = [_METHODS.get(name, "") for name in numbers]
        parts.append(part.assign(group=str(group)))
    return pd.concat(parts, ignore_index=True)


def _why_lost(statistic: str, sample: np.ndarray) -> str:
    if len(sample) == 0:
        return NO_VALUES
    return NO_LOGARITHM if statistic in ("geometric_mean", "gcv") and (sample <= 0).any() else FEW_VALUES


def describe(sample: np.ndarray) -> dict[str, float]:
    """Return n, geometric mean and CV (%), mean, SD, median and range, NaN where there are too few values.

    A sample with a value of 0 or below has no geometric mean.
    """
    if len(sample) == 0:
        return {"n": 0.0} | dict.fromkeys(
            ("geometric_mean", "gcv", "mean", "sd", "median", "min", "max"), np.nan
        )
    logs = np.log(sample) if (sample > 0).all() else np.full(len(sample), np.nan)
    spread = len(sample) > 2
    return {
        "n": float(len(sample)),
        "geometric_mean": float(np.exp(logs.mean())),
        "gcv": float(100 * np.sqrt(np.expm1(logs.var(ddof=1)))) if spread else np.nan,
        "mean": float(sample.mean()),
        "sd": float(sample.std(ddof=1)) if spread else np.nan,
        "median": float(np.median(sample)),
        "min": float(sample.min()),
        "max": float(sample.max()),
    }


def _missing(values: pd.DataFrame, members: pd.DataFrame, code: str) -> pd.DataFrame:
    lost = values[values["AVAL"].isna()]
    reasons = sorted(set(lost["PPREASND"]))
    groups = list(members["group"].cat.categories)
    counts = lost.groupby(["PPREASND", "group"], observed=True).size()
    return pd.DataFrame(
        [
            (
                "missing",
                str(group),
                f"{code} | {reason}",
                "n",
                float(counts.get((reason, group), 0)),
                "subjects",
            )
            for reason in reasons
            for group in groups
        ],
        columns=["analysis", "group", "level", "statistic", "value", "unit"],
    )
