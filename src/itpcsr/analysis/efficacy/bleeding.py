"""Bleeding by the scales: by visit, shift from baseline, and the paired exact test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csrkit.absence import is_absent
from csrkit.rows import absent_rows
from csrkit.stats.fewest import FEWEST_FOR_TEST, TOO_FEW
from csrkit.stats.mcnemar import EXACT, NO_CHANGE, mcnemar_exact
from csrkit.stats.proportions import count_subjects
from itpcsr.analysis.efficacy.scope import efficacy_members, efficacy_rows
from itpcsr.study import Study

SCALE = "WHOBLEED"
_NO_DOMAIN = "The study's data hold no bleeding scales (RS), so bleeding by scale can't be shown."
_NO_SCALE = "The study's data hold no grade of this bleeding scale."
_NO_PAIRS = "no subject with a grade at baseline and at this visit"


def analyse_bleeding(
    adsl: pd.DataFrame, adbleed: pd.DataFrame, study: Study, weeks: Sequence[int], confidence: float
) -> pd.DataFrame:
    """Count subjects with bleeding on the WHO scale by visit and column, and test the change from baseline.

    ``analysis`` grade, ``visit`` Baseline or Week w: level any (grade 1 or more) with exact interval, and
    level second (grade 2 or more), N are the subjects with a grade at the visit. ``analysis`` change, by
    week: level better, same, worse against baseline, N are the subjects with both grades; level any has
    p_value of McNemar's exact test of bleeding yes or no.
    """
    display = "tbl-bleeding"
    if reason := _missing(adbleed, [SCALE]):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    graded = _graded(adbleed, members, SCALE)
    parts = [_grades(graded, members, visit, confidence) for visit in _visits(weeks)]
    parts += [_change(graded, members, visit) for visit in _visits(weeks)[1:]]
    return efficacy_rows(parts, members, display, "ADBLEED")


def _missing(adbleed: pd.DataFrame, codes: Sequence[str]) -> str:
    if is_absent(adbleed, "RS"):
        return _NO_DOMAIN
    return "" if adbleed["PARAMCD"].isin(list(codes)).any() else _NO_SCALE


def _visits(weeks: Sequence[int]) -> list[str]:
    return ["Baseline", *(f"Week {week}" for week in weeks)]


def _graded(adbleed: pd.DataFrame, members: pd.DataFrame, code: str) -> pd.DataFrame:
    chosen = (adbleed["PARAMCD"] == code) & (adbleed["ANL01FL"] == "Y")
    return adbleed[chosen & adbleed["USUBJID"].isin(members["USUBJID"])]


def _grades(
    graded: pd.DataFrame, members: pd.DataFrame, visit: str, confidence: float | None
) -> pd.DataFrame:
    here = graded[graded["AVISIT"] == visit]
    seen = members[members["USUBJID"].isin(here["USUBJID"])]
    levels = {"any": 1, "second": 2}
    bled = pd.concat([here[here["AVAL"] >= grade].assign(level=name) for name, grade in levels.items()])
    return count_subjects(bled, seen, list(levels), "level", confidence).assign(analysis="grade", visit=visit)


def _change(graded: pd.DataFrame, members: pd.DataFrame, visit: str) -> pd.DataFrame:
    here = graded[(graded["AVISIT"] == visit) & graded["BASE"].notna()]
    pairs = members[members["USUBJID"].isin(here["USUBJID"])]
    level = np.select([here["CHG"] < 0, here["CHG"] > 0], ["better", "worse"], default="same")
    counts = count_subjects(here.assign(level=level), pairs, ["better", "same", "worse"], "level")
    counts["reason"] = np.where(counts["value"].isna(), _NO_PAIRS, "")
    return pd.concat([counts, _paired_test(here, members)]).assign(analysis="change", visit=visit)


def _paired_test(here: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    joined = here.merge(members, on="USUBJID")
    rows = []
    for group in members["group"].cat.categories:
        part = joined[joined["group"] == group]
        before, after = part["BASE"] >= 1, part["AVAL"] >= 1
        p, _ = mcnemar_exact(int((~before & after).sum()), int((before & ~after).sum()))
        reason = TOO_FEW if len(part) < FEWEST_FOR_TEST else NO_CHANGE if np.isnan(p) else ""
        rows.append({"group": group, "value": np.nan if reason else p, "reason": reason})
    return pd.DataFrame(rows).assign(level="any", statistic="p_value", method=EXACT)


def analyse_bleeding_shift(
    adsl: pd.DataFrame, adbleed: pd.DataFrame, study: Study, weeks: Sequence[int]
) -> pd.DataFrame:
    """Count subjects by WHO grade at baseline and at each week, by column.

    ``analysis`` shift, ``visit`` Week w, ``level`` "grade at baseline > grade at the week"; the grades are
    those that occur. N are the subjects of the column, "missing" stands for no grade at the week.
    """
    display = "tbl-bleeding-shift"
    if reason := _missing(adbleed, [SCALE]):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    graded = _graded(adbleed, members, SCALE)
    base = graded[graded["ABLFL"] == "Y"].set_index("USUBJID")["AVAL"]
    parts = []
    for visit in _visits(weeks)[1:]:
        here = graded[graded["AVISIT"] == visit].set_index("USUBJID")["AVAL"]
        table = pd.DataFrame({"USUBJID": group_names(members)})
        grades = [_named(table["USUBJID"].map(values)) for values in (base, here)]
        table["level"] = grades[0] + " > " + grades[1]
        parts.append(
            count_subjects(table, members, sorted(set(table["level"])), "level").assign(
                visit=visit, analysis="shift"
            )
        )
    return efficacy_rows(parts, members, display, "ADBLEED")


def group_names(members: pd.DataFrame) -> list[str]:
    """Return the subjects of any column, each once."""
    return sorted(set(members["USUBJID"]))


def _named(grades: pd.Series) -> pd.Series:
    whole = grades.astype("Float64").astype("Int64").astype("str")
    return whole.mask(grades.isna(), "missing").astype("str")


def analyse_bleeding_domains(
    adsl: pd.DataFrame, adbleed: pd.DataFrame, study: Study, weeks: Sequence[int]
) -> pd.DataFrame:
    """Count subjects with bleeding in each domain of ITP-BAT by visit and column.

    ``analysis`` is the domain's PARAMCD, ``visit`` Baseline or Week w, levels any (grade 1 or more) and
    second (grade 2 or more); N are the subjects with a grade at the visit.
    """
    display = "tbl-bleeding-domains"
    codes = sorted(set(adbleed.loc[adbleed["PARCAT1"] == "ITP-BAT", "PARAMCD"]))
    if reason := _missing(adbleed, codes):
        return absent_rows(display, reason)
    members = efficacy_members(adsl, study)
    parts = [
        _grades(_graded(adbleed, members, code), members, visit, None).assign(analysis=code)
        for code in codes
        for visit in _visits(weeks)
    ]
    return efficacy_rows(parts, members, display, "ADBLEED")
