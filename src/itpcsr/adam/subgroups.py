"""The subgroups in which response is described."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import constant, exceeds, span_of
from itpcsr.adam.domains import look_up
from itpcsr.study import Study

UNKNOWN = "Not known"
_SEXES = {"F": "Female", "M": "Male"}


def derive_subgroups(adsl: pd.DataFrame, adab: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the subgroups of each treated subject: USUBJID, SUBGROUP, LEVEL, in the order of display.

    Sex, age and baseline count parted where the study says, each prior therapy that the study names, and
    platelet autoantibodies at baseline (ADAB: any of them positive). Who has no value is of the level "Not
    known", so that the levels of a subgroup hold all subjects; of what is known of nobody there is no
    subgroup. No rows for a study without platelet response.
    """
    rule = study.efficacy
    columns = ["USUBJID", "SUBGROUP", "LEVEL"]
    if rule is None:
        return pd.DataFrame(columns=columns, dtype="str")
    subjects = adsl[adsl["FASFL"] == "Y"]
    parts = [
        _levels(subjects, "Sex", subjects["SEX"].map(_SEXES), list(_SEXES.values())),
        _split(subjects, "Age, years", subjects["AGE"], rule.subgroup_age),
    ]
    for therapy in study.baseline.prior_therapies:
        if therapy.flag in subjects:
            had = subjects[therapy.flag].map({"Y": "Yes", "N": "No"})
            parts.append(_levels(subjects, f"Prior {therapy.label.lower()}", had, ["Yes", "No"]))
    positive = adab.drop_duplicates("USUBJID").set_index("USUBJID")["AUTOFL"]
    found = look_up(positive, subjects["USUBJID"]).map({"Y": "Positive", "N": "Negative"})
    parts.append(_levels(subjects, "Platelet autoantibody", found, ["Positive", "Negative"]))
    parts.append(_split_counts(subjects, rule.subgroup_count))
    return pd.concat(parts, ignore_index=True)[columns]


def _split(subjects: pd.DataFrame, name: str, values: pd.Series, limit: float) -> pd.DataFrame:
    low, high = f"<{limit:g}", f"≥{limit:g}"
    level = pd.Series(low, index=values.index, dtype="str").mask(values >= limit, high)
    return _levels(subjects, name, level.where(values.notna()), [low, high])


def _split_counts(subjects: pd.DataFrame, limit: float) -> pd.DataFrame:
    """Split by the baseline count; one that is only known as ``<10`` stands where that decides."""
    name, low, high = "Baseline count, 10⁹/L", f"<{limit:g}", f"≥{limit:g}"
    sure, may = exceeds(span_of(subjects, "BPLAT", "BPLATC"), constant(limit, len(subjects)), equal=True)
    known = span_of(subjects, "BPLAT", "BPLATC").known.to_numpy() & (sure == may)
    level = pd.Series(np.where(sure, high, low), index=subjects.index, dtype="str").where(known)
    return _levels(subjects, name, level, [low, high])


def _levels(subjects: pd.DataFrame, name: str, level: pd.Series, order: list[str]) -> pd.DataFrame:
    """Return the subjects level by level, so that the order of the rows is that of the display."""
    known = level.where(level.isin(order), UNKNOWN)
    frame = pd.DataFrame({"USUBJID": subjects["USUBJID"], "SUBGROUP": name, "LEVEL": known})
    parts = [frame[known == value] for value in (*order, UNKNOWN)]
    return pd.concat(parts if (known != UNKNOWN).any() else [frame.head(0)])
