"""Titres of antibodies against HLA or the donor, before and after treatment began."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.summaries import GEOMETRIC_MEAN, summarize
from itpcsr.analysis.antibody.presence import missing_antibodies, tests_of
from itpcsr.study import Study

DISPLAY = "tbl-antibody-titres"
VISITS = {"Before treatment": "BASE", "Highest after treatment began": "PEAK"}
_NO_TITRE = "no positive sample with a titre"


def analyse_titres(adsl: pd.DataFrame, adab: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Summarise titres of positive samples of evaluable subjects by antibody.

    ``level`` is PARAMCD, ``visit`` Before treatment or Highest after treatment began (``analysis`` titre),
    or empty (``analysis`` rise, the second over the first in subjects with both). Statistics: n, median,
    min, max and geometric_mean, which takes 3 values. A titre below the lowest or above the highest dilution
    enters as that dilution; ``censored`` counts these.
    """
    if sentence := missing_antibodies(adab, study, "donor"):
        return absent_rows(DISPLAY, sentence)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    parts = [size_rows(members)]
    for test in tests_of(study, "donor"):
        records = adab[(adab["PARAMCD"] == test) & (adab["EVALFL"] == "Y")]
        for visit, name in VISITS.items():
            found = _summarise(records, members, name).assign(analysis="titre", visit=visit)
            parts += [part.assign(level=test) for part in (found, _censored(records, members, name, visit))]
        parts.append(_summarise(records, members, "FOLD").assign(analysis="rise", level=test))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=DISPLAY, population="safety set", dataset="ADAB"
    )


def _summarise(records: pd.DataFrame, members: pd.DataFrame, variable: str) -> pd.DataFrame:
    rows = summarize(records, members, variable)
    rows = rows[rows["statistic"].isin(["n", "median", "min", "max"])]
    logs = summarize(records.assign(log=np.log(records[variable])), members, "log")
    means = logs[logs["statistic"] == "mean"]
    few = logs.loc[logs["statistic"] == "sd", "value"].isna().to_numpy()
    geometric = means.assign(
        statistic="geometric_mean",
        value=np.exp(means["value"]).mask(few),
        method=GEOMETRIC_MEAN,
        reason=logs.loc[logs["statistic"] == "sd", "reason"].to_numpy(),
    )
    rows = pd.concat([rows, geometric], ignore_index=True)
    empty = rows["reason"].eq("no values in this group")
    return rows.assign(reason=rows["reason"].mask(empty, _NO_TITRE))


def _censored(records: pd.DataFrame, members: pd.DataFrame, variable: str, visit: str) -> pd.DataFrame:
    sign = records["BASESGN" if variable == "BASE" else "PEAKSGN"]
    beyond = members[members["USUBJID"].isin(records.loc[sign != "", "USUBJID"])]
    counts = beyond.groupby("group", observed=False)["USUBJID"].nunique()
    return pd.DataFrame(
        {
            "analysis": "titre",
            "visit": visit,
            "group": counts.index.astype("str"),
            "statistic": "censored",
            "value": counts.to_numpy("float64"),
            "unit": "subjects",
        }
    )
