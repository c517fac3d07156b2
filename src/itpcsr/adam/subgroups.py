"""The subgroups in which response is described."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.analysed import as_analysed
from itpcsr.adam.dates import to_date
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.limits import constant, exceeds, span_of
from itpcsr.sdtm import Trial
from itpcsr.sdtm.labels import fold, fold_label
from itpcsr.sdtm.titres import read_titres
from itpcsr.study import Efficacy, Study

_SEXES = {"F": "Female", "M": "Male"}


def derive_subgroups(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the subgroups of each treated subject: USUBJID, SUBGROUP, LEVEL, in the order of display.

    Sex, age and baseline count parted where the study says, each prior therapy that the study names, and
    platelet autoantibodies at baseline (IS: any of them positive in the last samples up to the first
    infusion). Who has no value stands in no level. No rows for a study without platelet response.
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
    positive = look_up(_autoantibodies(as_analysed(trial, study), adsl, rule), subjects["USUBJID"])
    found = positive.map({1.0: "Positive", 0.0: "Negative"})
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
    frame = pd.DataFrame({"USUBJID": subjects["USUBJID"], "SUBGROUP": name, "LEVEL": level})
    return pd.concat([frame[frame["LEVEL"] == value] for value in order])


def _autoantibodies(trial: Trial, adsl: pd.DataFrame, rule: Efficacy) -> pd.Series:
    """Return 1.0 or 0.0 by subject: any autoantibody positive at baseline; nobody without a sample."""
    found = read_domain(trial, "IS", ["USUBJID", "ISTESTCD", "ISCAT", "ISSTRESC", "ISDTC"], ["ISSEQ"])
    found = found[fold(found["ISCAT"]) == fold_label(rule.autoantibody_category)]
    found = found.assign(WORD=read_titres(found["ISSTRESC"])["word"])
    first = look_up(adsl.set_index("USUBJID")["TRTSDT"], found["USUBJID"])
    before = found[(to_date(found["ISDTC"]) <= first) & found["WORD"].isin(["POSITIVE", "NEGATIVE"])]
    last = before.sort_values(["USUBJID", "ISTESTCD", "ISDTC", "ISSEQ"])
    last = last.drop_duplicates(["USUBJID", "ISTESTCD"], keep="last")
    return (last["WORD"] == "POSITIVE").groupby(last["USUBJID"]).max().astype("float64")
