"""How many subjects had, got or kept antibodies against HLA or the donor."""

from __future__ import annotations

import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.groups import assign_groups, size_rows
from csrkit.stats.proportions import count_subjects
from csrkit.stats.summaries import summarize
from itpcsr.analysis.antibody.presence import missing_antibodies, tests_of
from itpcsr.study import Study

ANY = "ANY"
DISPLAY = "tbl-antibody-status"
TIMES = {"onset": "ONSETW", "duration": "DURW"}


def analyse_status(adsl: pd.DataFrame, adab: pd.DataFrame, study: Study, confidence: float) -> pd.DataFrame:
    """Count subjects by what became of each antibody, with exact intervals.

    ``level`` is PARAMCD, ANY for all together. ``analysis``: planned, tested and evaluable of all subjects;
    baseline, induced, boosted, unchanged, cleared (unchanged, but negative in the last sample), unknown,
    negative and incidence (induced or boosted) of the evaluable ones; prevalence (positive in any sample) of
    those tested. onset and duration: weeks (n, median, min, max) of those induced or boosted. later_samples:
    the most samples after treatment began that anyone has (statistic max, in the study's last column).
    ``analysis`` outside: subjects not evaluable for ANY, by reason (``level``). ``analysis``
    persistence: of those induced by ``PARAMCD | PERSISTENT``, TRANSIENT or NOT ASSESSABLE.
    """
    if sentence := missing_antibodies(adab, study, "donor"):
        return absent_rows(DISPLAY, sentence)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    donor = adab[adab["PARCAT1"] == "donor"]
    levels = [ANY, *tests_of(study, "donor")]
    parts = [size_rows(members)]
    for level in levels:
        parts += _count_antibody(donor[donor["PARAMCD"] == level], members, level, confidence)
    parts.append(_later_samples(donor[donor["PARAMCD"] == ANY], members))
    outside = donor[(donor["PARAMCD"] == ANY) & (donor["EVALFL"] == "N")]
    reasons = sorted(outside["REASON"].unique())
    if reasons:
        parts.append(count_subjects(outside, members, reasons, "REASON").assign(analysis="outside"))
    return make_rows(
        pd.concat(parts, ignore_index=True), display=DISPLAY, population="safety set", dataset="ADAB"
    )


def _count_antibody(
    records: pd.DataFrame, members: pd.DataFrame, level: str, confidence: float
) -> list[pd.DataFrame]:
    evaluable, tested = records[records["EVALFL"] == "Y"], records[records["TESTFL"] == "Y"]
    of_all = {"planned": records[records["PLANFL"] == "Y"], "tested": tested, "evaluable": evaluable}
    inner, wider = (members[members["USUBJID"].isin(part["USUBJID"])] for part in (evaluable, tested))
    positive = tested[(tested["BASEC"] == "POSITIVE") | (tested["POSTC"] == "POSITIVE")]
    parts = [_count(part, members, level).assign(analysis=name) for name, part in of_all.items()]
    parts += [
        _count(part, inner, level, confidence).assign(analysis=name)
        for name, part in _by_status(evaluable).items()
    ]
    parts.append(_count(positive, wider, level, confidence).assign(analysis="prevalence"))
    for name, variable in TIMES.items():
        times = summarize(evaluable, members, variable).assign(analysis=name, level=level, unit="weeks")
        parts.append(times[times["statistic"].isin(["n", "median", "min", "max"])])
    return [*parts, _count_persistence(evaluable[evaluable["STATUS"] == "INDUCED"], members, level)]


def _by_status(evaluable: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the records of each status, and those that they make up together."""
    status = evaluable["STATUS"]
    return {
        "baseline": evaluable[evaluable["BASEC"] == "POSITIVE"],
        **{
            kind.lower(): evaluable[status == kind] for kind in ("INDUCED", "BOOSTED", "UNKNOWN", "UNCHANGED")
        },
        "cleared": evaluable[(status == "UNCHANGED") & (evaluable["LASTC"] == "NEGATIVE")],
        "negative": evaluable[status == "NEGATIVE"],
        "incidence": evaluable[status.isin(["INDUCED", "BOOSTED"])],
    }


def _later_samples(records: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    last = members["group"].cat.categories[-1]
    own = records[records["USUBJID"].isin(members.loc[members["group"] == last, "USUBJID"])]
    most = float(own["NPOST"].max()) if len(own) else 0.0
    return pd.DataFrame(
        {
            "analysis": ["later_samples"],
            "group": [last],
            "level": [ANY],
            "statistic": ["max"],
            "value": [most],
            "unit": ["samples"],
        }
    )


def _count(
    records: pd.DataFrame, members: pd.DataFrame, level: str, confidence: float | None = None
) -> pd.DataFrame:
    return count_subjects(records.assign(level=level), members, [level], "level", confidence)


def _count_persistence(induced: pd.DataFrame, members: pd.DataFrame, level: str) -> pd.DataFrame:
    kinds = [f"{level} | {kind}" for kind in ("PERSISTENT", "TRANSIENT", "NOT ASSESSABLE")]
    named = induced.assign(level=level + " | " + induced["PERSIST"])
    inner = members[members["USUBJID"].isin(induced["USUBJID"])]
    return count_subjects(named, inner, kinds, "level").assign(analysis="persistence")
