"""Virus and syphilis tests: status at baseline and at the planned weeks, and conversions."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from itpcsr.analysis.laboratory import count_among
from itpcsr.study import Study

STATUSES = ["NEGATIVE", "POSITIVE", "OTHER", "MISSING"]
_DISPLAY = "tbl-virus"
_NO_DOMAIN = "The study's data hold no domain of virus tests (MB), so virus status can't be shown."
_NOT_PLANNED = "The study plans no virus tests."
_NOT_DUE = "No virus test of a treated subject was due or recorded."


def analyse_virology(adsl: pd.DataFrame, admb: pd.DataFrame, study: Study, confidence: float) -> pd.DataFrame:
    """Count subjects by the result of each virus test at baseline and the planned weeks.

    ``analysis`` is status, ``level`` ``PARAMCD | status`` (NEGATIVE, POSITIVE, OTHER, MISSING), ``visit``
    Baseline or Week w; N is the number of subjects with a result or due then: still in the study on the
    planned day. ``analysis`` outside: results of a sample outside the visit's window (``level`` PARAMCD).
    ``analysis`` converted, with exact interval: negative at baseline and positive in any later test,
    planned or not, among those negative at baseline and tested later. ``analysis`` conversion names each such
    subject (``group``) and test (``level``) by the study day of the first positive one.
    """
    if is_absent(admb, "MB"):
        return absent_rows(_DISPLAY, _NO_DOMAIN)
    if not study.sampling.virus_tests:
        return absent_rows(_DISPLAY, _NOT_PLANNED)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    tests = admb[admb["USUBJID"].isin(members["USUBJID"])]
    if tests.empty:
        return absent_rows(_DISPLAY, _NOT_DUE)
    parts = [size_rows(members)]
    for week in (0, *study.sampling.virus_weeks):
        at_week = tests[(tests["AVISITN"] == week) & (tests["ANL01FL"] == "Y")]
        visit = f"Week {week}" if week else "Baseline"
        for test in study.sampling.virus_tests:
            parts += [part.assign(visit=visit) for part in _status(at_week, members, test)]
    parts += [_converted(tests, members, test, confidence) for test in study.sampling.virus_tests]
    parts.append(_conversions(tests))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=_DISPLAY, population="safety set", dataset="ADMB"
    )


def _status(at_week: pd.DataFrame, members: pd.DataFrame, test: str) -> list[pd.DataFrame]:
    records = at_week[at_week["PARAMCD"] == test]
    named = records.assign(level=test + " | " + records["AVALC"])
    outside = records.assign(level=records["WINFL"].map({"N": test}).fillna(""))
    return [
        count_among(named, members, [f"{test} | {status}" for status in STATUSES]).assign(analysis="status"),
        count_among(outside, members, [test]).assign(analysis="outside"),
    ]


def _later(tests: pd.DataFrame) -> pd.DataFrame:
    """Return the known results after baseline of subjects negative there."""
    known = (tests["BASEC"] == "NEGATIVE") & (tests["AVALC"] != "MISSING")
    return tests[known & (tests["ABLFL"] != "Y") & (tests["ADY"] >= 1)]


def _converted(tests: pd.DataFrame, members: pd.DataFrame, test: str, confidence: float) -> pd.DataFrame:
    later = _later(tests[tests["PARAMCD"] == test])
    named = later.assign(level=later["AVALC"].map({"POSITIVE": test}).fillna(""))
    return count_among(named, members, [test], confidence).assign(analysis="converted")


def _conversions(tests: pd.DataFrame) -> pd.DataFrame:
    later = _later(tests)
    first = later[later["AVALC"] == "POSITIVE"].sort_values(["USUBJID", "PARAMCD", "ADY"])
    first = first.drop_duplicates(["USUBJID", "PARAMCD"])
    return pd.DataFrame(
        {
            "analysis": "conversion",
            "group": first["USUBJID"],
            "level": first["PARAMCD"],
            "statistic": "day",
            "value": first["ADY"],
            "unit": "day",
        }
    )
