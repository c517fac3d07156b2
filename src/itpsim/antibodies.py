"""IS: antibodies against HLA before and after the cells, and autoantibodies against platelets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Study
from itpsim.draws import PUBLISHED_SUBJECTS, Flags, Floats, pick
from itpsim.findings import (
    NEGATIVE,
    POSITIVE,
    collected,
    first_infusions,
    in_response,
    last_infusions,
    no_time_point,
)
from itpsim.laboratory import flag_baseline
from itpsim.tables import minute_text


class Antibody(NamedTuple):
    """One antibody: code, name and binding agent (CDISC terms where there are some)."""

    code: str
    name: str
    agent: str


_CLASS_1 = Antibody("HLA1AB", "HLA Class I Antibody", "HLA CLASS I ANTIGENS")
_CLASS_2 = Antibody("HLA2AB", "HLA Class II Antibody", "HLA CLASS II ANTIGENS")
_DONOR = Antibody("DSAB", "Donor-Specific HLA Antibody", "DONOR HLA ANTIGENS")
_HLA = (_CLASS_1, _CLASS_2, _DONOR)
_GLYCOPROTEINS = (
    Antibody("GP2B3AAB", "GPIIb/IIIa Autoantibody", "PLATELET GLYCOPROTEIN IIB/IIIA"),
    Antibody("GP1B9AAB", "GPIb/IX Autoantibody", "PLATELET GLYCOPROTEIN IB/IX"),
    Antibody("GP1A2AAB", "GPIa/IIa Autoantibody", "PLATELET GLYCOPROTEIN IA/IIA"),
)
# Published among 18: which autoantibodies were positive together, in the order of _GLYCOPROTEINS.
_PATTERNS = {(False, True, False): 2, (True, False, False): 6, (True, False, True): 3}
_WEEKS = (12, 28)
# Signal to cut-off: from 1 on positive. Values, and how often a responder turns negative, are assumptions.
_CUTOFF, _RATIO, _RATIO_SPREAD, _CHANGE_SPREAD = 1.0, 2.2, 0.4, 0.12
_LOWEST_POSITIVE, _HIGHEST_NEGATIVE = 1.05, 0.95
_TURNS, _TURNED = 0.6, 0.3
# Of nine subjects one turns positive and one was positive before (assumption, near 12 % elsewhere).
_ONE_IN = 9
_TITRES = (40, 80, 160, 320)
_MINUTES_BEFORE = 30


def make_is(
    rng: Generator, people: pd.DataFrame, samples: pd.DataFrame, given: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Return the rows of IS.

    Antibodies against HLA: the first ``sampling.antibody_subjects`` enrolled, 30 minutes before infusion 1
    and ``sampling.antibody_hours_after`` the end of the last infusion; a titre where positive.
    Autoantibodies: everyone enrolled on Day 1 before the infusion and in weeks 12 and 28; the ratio of
    signal to cut-off. The visit of a timed sample is that of its infusion.
    """
    rows = pd.concat(
        [_hla(rng, people, given, study), _autoantibodies(rng, people, samples)], ignore_index=True
    )
    return flag_baseline(rows.assign(ISSPEC="SERUM"), people, "IS")


def _named(rows: pd.DataFrame, antibody: Antibody, category: str) -> pd.DataFrame:
    return rows.assign(ISTESTCD=antibody.code, ISTEST=antibody.name, ISBDAGT=antibody.agent, ISCAT=category)


def _found(rows: pd.DataFrame, positive: Flags, number: Floats, unit: str) -> pd.DataFrame:
    """Add the result: the word, and the number with its unit where there is one."""
    word = np.where(positive, POSITIVE, NEGATIVE)
    units = np.where(np.isnan(number), "", unit)
    return rows.assign(ISORRES=word, ISSTRESC=word, ISSTRESN=number, ISORRESU=units, ISSTRESU=units)


def _hla(rng: Generator, people: pd.DataFrame, given: pd.DataFrame, study: Study) -> pd.DataFrame:
    before, after = _timed(rng, people, given, study)
    n = len(before)
    induced = pick(rng, np.ones(n, dtype=bool), round(n / _ONE_IN))
    earlier = pick(rng, ~induced, round(n / _ONE_IN))
    titre = rng.choice(_TITRES, n).astype("float64")
    parts = []
    for antibody in _HLA:
        # Donor-specific antibodies are of class I here; who had antibodies before, had them of class II.
        new = induced & (antibody is not _CLASS_2)
        old = earlier & (antibody is _CLASS_2)
        for rows, positive in ((before, old), (after, old | new)):
            found = _found(rows, positive, np.where(positive, titre, np.nan), "titer")
            parts.append(_named(found, antibody, "HLA ANTIBODIES"))
    return pd.concat(parts, ignore_index=True)


def _timed(
    rng: Generator, people: pd.DataFrame, given: pd.DataFrame, study: Study
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the samples before infusion 1 and after the last infusion, one row per subject each."""
    limit, hours = study.sampling.antibody_subjects, study.sampling.antibody_hours_after
    chosen = first_infusions(given)["subject"].sort_values().to_numpy()[:limit]
    first, last = (
        found[found["subject"].isin(chosen)].reset_index(drop=True)
        for found in (first_infusions(given), last_infusions(given))
    )
    n = len(first)
    start, end = first["minute"], last["minute"] + last["minutes"]
    sooner = start - _MINUTES_BEFORE + rng.integers(-5, 6, n)
    later = end + round(60 * hours) + rng.integers(-30, 61, n)
    return (
        _at(people, first, sooner, start, -_MINUTES_BEFORE / 60),
        _at(people, last, later, end, hours),
    )


def _at(
    people: pd.DataFrame, infusion: pd.DataFrame, minute: pd.Series, reference: pd.Series, hours: float
) -> pd.DataFrame:
    rows = collected("IS", people, infusion.assign(minute=minute))
    start = people["start"].to_numpy()[infusion["subject"]]
    before = hours < 0
    amount = f"{60 * -hours:g} MIN BEFORE" if before else f"{hours:g} H AFTER"
    return rows.assign(
        ISTPT=f"{amount} INFUSION",
        ISTPTNUM=hours,
        ISELTM=f"-PT{60 * -hours:g}M" if before else f"PT{hours:g}H",
        ISTPTREF="INFUSION " + infusion["number"].astype("str"),
        ISRFTDTC=minute_text(start, infusion["day"], reference),
        # What is taken after the last infusion comes after infusion 1, on whatever day that was.
        day=0.0 if before else infusion["day"] + hours / 24,
    )


def _autoantibodies(rng: Generator, people: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    planned = samples["VISITDY"].isin([1.0, *(1.0 + 7 * week for week in _WEEKS)]).to_numpy()
    taken = samples[planned].reset_index(drop=True)
    subject, day = taken["subject"].to_numpy(), taken["day"].to_numpy(dtype="float64")
    rows = collected("IS", people, taken).assign(**no_time_point("IS"))
    turned = (rng.random(len(people)) < _TURNS)[subject] & in_response(people, subject, day)
    parts = []
    for antibody, has in zip(_GLYCOPROTEINS, _patterns(rng, people), strict=True):
        own = np.where(has, _positive(rng, has.size), rng.uniform(0.2, 0.85, has.size))[subject]
        ratio = own * np.exp(_CHANGE_SPREAD * rng.standard_normal(subject.size))
        positive = has[subject] & ~turned
        ratio = np.where(turned & has[subject], _TURNED * ratio, ratio)
        kept = np.where(positive, np.maximum(ratio, _LOWEST_POSITIVE), np.minimum(ratio, _HIGHEST_NEGATIVE))
        found = _found(rows, positive, np.round(kept, 2), "RATIO")
        parts.append(_named(found, antibody, "PLATELET AUTOANTIBODIES"))
    return pd.concat(parts, ignore_index=True)


def _positive(rng: Generator, n: int) -> Floats:
    return np.maximum(_RATIO * np.exp(_RATIO_SPREAD * rng.standard_normal(n)), 1.2 * _CUTOFF)


def _patterns(rng: Generator, people: pd.DataFrame) -> list[Flags]:
    """Return for each glycoprotein who is positive at baseline: the published numbers, or their shares."""
    enrolled = np.flatnonzero(people["enrolled"].to_numpy(dtype=bool))
    names = [*_PATTERNS, (False, False, False)]
    counts = [*_PATTERNS.values(), PUBLISHED_SUBJECTS - sum(_PATTERNS.values())]
    if people["exact"].all() and enrolled.size:
        kinds = rng.permutation(np.repeat(np.arange(len(names)), counts))
    else:
        kinds = rng.choice(len(names), enrolled.size, p=np.array(counts) / PUBLISHED_SUBJECTS)
    table = np.zeros((len(people), len(_GLYCOPROTEINS)), dtype=bool)
    table[enrolled] = np.array(names)[kinds]
    return list(table.T)
