"""Autoantibodies of the disease: who has them at each visit, who loses and who gets them."""

from __future__ import annotations

import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects
from csrkit.stats.summaries import summarize
from itpcsr.analysis.antibody.presence import missing_antibodies, tests_of
from itpcsr.study import Study

DISPLAY = "tbl-autoantibodies"
BASELINE = "Baseline"


def analyse_autoantibodies(
    adsl: pd.DataFrame, adis: pd.DataFrame, adab: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count subjects with each autoantibody by visit, and its changes, with exact intervals.

    ``level`` is PARAMCD, ``visit`` Baseline or the name of the visit in the data, in order of time.
    ``analysis`` positive: of those with a result then; ratio: n, median, min, max of signal to cut-off.
    ``analysis`` lost: negative in the last sample, of those positive at baseline with a later sample; gained:
    positive in any later sample, of those negative at baseline with one.
    """
    if sentence := missing_antibodies(adab, study, "autoantibody"):
        return absent_rows(DISPLAY, sentence)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    samples = _with_visits(adis[(adis["PARCAT1"] == "autoantibody") & (adis["AVALC"] != "")])
    visits = list(samples.groupby("AVISIT")["ARELDY"].median().sort_values(kind="stable").index)
    parts = [size_rows(members)]
    for test in tests_of(study, "autoantibody"):
        own = samples[samples["PARAMCD"] == test]
        for visit in visits:
            parts += _at_visit(own[own["AVISIT"] == visit], members, test, visit, confidence)
        parts += _changes(
            adab[(adab["PARAMCD"] == test) & (adab["EVALFL"] == "Y")], members, test, confidence
        )
    return make_rows(
        pd.concat(parts, ignore_index=True), display=DISPLAY, population="safety set", dataset="ADIS, ADAB"
    )


def _with_visits(samples: pd.DataFrame) -> pd.DataFrame:
    """Add AVISIT and keep one sample per visit, the last; samples before treatment but the baseline go."""
    baseline = samples["ABLFL"] == "Y"
    named = samples.assign(AVISIT=samples["VISIT"].str.strip().str.capitalize().mask(baseline, BASELINE))
    named = named[baseline | ((named["AFTERFL"] == "Y") & (named["AVISIT"] != ""))]
    return named.drop_duplicates(["USUBJID", "PARAMCD", "AVISIT"], keep="last")


def _at_visit(
    records: pd.DataFrame, members: pd.DataFrame, test: str, visit: str, confidence: float
) -> list[pd.DataFrame]:
    inner = members[members["USUBJID"].isin(records["USUBJID"])]
    positive = records[records["AVALC"] == "POSITIVE"].assign(level=test)
    counts = count_subjects(positive, inner, [test], "level", confidence).assign(analysis="positive")
    ratio = summarize(records, members, "AVAL").assign(analysis="ratio", level=test)
    ratio = ratio[ratio["statistic"].isin(["n", "median", "min", "max"])]
    return [counts.assign(visit=visit), ratio.assign(visit=visit)]


def _changes(
    records: pd.DataFrame, members: pd.DataFrame, test: str, confidence: float
) -> list[pd.DataFrame]:
    had = records["BASEC"] == "POSITIVE"
    parts = []
    for name, of, became in (
        ("lost", records[had], records["LASTC"] == "NEGATIVE"),
        ("gained", records[~had], records["POSTC"] == "POSITIVE"),
    ):
        inner = members[members["USUBJID"].isin(of["USUBJID"])]
        found = of[became.loc[of.index]].assign(level=test)
        parts.append(count_subjects(found, inner, [test], "level", confidence).assign(analysis=name))
    return parts
