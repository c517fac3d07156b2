"""CP, cytokines of LB, and IS: immune function and antibodies before the cells and after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Study
from itpsim.laboratory import flag_baseline, result
from itpsim.tables import (
    NEGATIVE,
    POSITIVE,
    PUBLISHED_SUBJECTS,
    Flags,
    Floats,
    by_test,
    collected,
    first_infusions,
    in_response,
    last_infusions,
    minute_text,
    no_time_point,
    pick,
    texts,
)
from itpsim.visits import DAY_BEFORE

# CP and cytokines of LB: immune function before the cells and in the weeks after them.

_MISSING = 0.03
# The shift of a responder is complete some days after the rise of platelets, holds to week 12, then fades to
# a part of itself by week 28; after a loss of response little is left within four weeks (assumption).
_COMPLETE, _HOLDS, _ENDS, _KEPT = 14, 84, 196, 0.5
_GONE_AFTER, _LEFT_AFTER_LOSS = 28, 0.1
_SHIFT = (0.2, 0.4)


class Subset(NamedTuple):
    """One share of cells: code, name (CDISC), markers, median in percent, log spread between and within."""

    code: str
    name: str
    markers: str
    median: float
    between: float
    within: float
    decimals: int = 1


# Medians and spreads near published values of patients with chronic ITP (assumption for this trial).
_HELPER = Subset("TLHLY", "TLym Help/Lym", "CD3+CD4+", 36, 0.13, 0.05)
_CYTOTOXIC = Subset("TLCLY", "TLym Cytx/Lym", "CD3+CD8+", 29, 0.15, 0.05)
_OTHER_T = Subset("", "", "", 4, 0.3, 0.1)
_ALL_T = Subset("TLYLY", "TLym/Lym", "CD3+", 0, 0, 0)
_B = Subset("BLYCELY", "B-Lymphocytes/Lymphocytes", "CD19+", 11, 0.35, 0.08)
_KILLER = Subset("NKLY", "NK Cells/Lym", "CD3-CD56+", 12.5, 0.3, 0.1)
_REGULATORY = Subset("TLHRTLH", "TLym Help Reg/TLym Help", "CD4+CD25+FOXP3+", 2.9, 0.3, 0.06, 2)
_TH1 = Subset("TH1TH", "TLym Help 1/TLym Help", "CD4+IFNG+", 16, 0.3, 0.05, 2)
_TH2 = Subset("TH2TH", "TLym Help 2/TLym Help", "CD4+IL4+", 1.45, 0.35, 0.05, 2)
_TH17 = Subset("TH17TH", "TLym Help 17/TLym Help", "CD4+IL17A+", 1.9, 0.35, 0.08, 2)
_LARGEST_SUM = 98.0
_SHOWN = (_ALL_T, _HELPER, _CYTOTOXIC, _B, _KILLER, _REGULATORY, _TH1, _TH2, _TH17)
# Ratios: code, name, markers, numerator and denominator.
_RATIO_DECIMALS = 2
_RATIOS = (
    ("TLYHTLYC", "TLym Help/TLym Cytx", "CD4+/CD8+", _HELPER, _CYTOTOXIC),
    ("TH1TH2", "TLym Help 1/TLym Help 2", "TH1/TH2", _TH1, _TH2),
    ("TREGTH17", "TLym Help Reg/TLym Help 17", "TREG/TH17", _REGULATORY, _TH17),
)


class Cytokine(NamedTuple):
    """One cytokine: code and name (CDISC), median and lowest measurable value in pg/mL, decimals."""

    code: str
    name: str
    median: float
    limit: float
    decimals: int
    splenectomy: float = 1.0
    response: float = 1.0


# Medians and limits are assumptions. Earlier splenectomy raises IL-10 and TGF-beta 1, as published elsewhere;
# what responders shift is small.
_CYTOKINES = (
    Cytokine("INTLK2", "Interleukin 2", 2.8, 1.0, 1),
    Cytokine("INTLK4", "Interleukin 4", 2.0, 1.0, 1),
    Cytokine("INTLK6", "Interleukin 6", 6.5, 1.5, 1),
    Cytokine("INTLK10", "Interleukin 10", 4.0, 1.0, 1, splenectomy=1.6, response=1.15),
    Cytokine("INTLK17", "Interleukin 17", 14.0, 2.0, 1, response=0.9),
    Cytokine("IFNG", "Interferon Gamma", 9.0, 2.0, 1, response=0.9),
    Cytokine("TNF", "Tumor Necrosis Factor", 7.5, 1.5, 1),
    Cytokine("TGFB1", "Transforming Growth Factor Beta 1", 9000.0, 60.0, 0, splenectomy=1.5, response=1.15),
)
# Log-normal with a coefficient of variation near 70 %.
_CYTOKINE_BETWEEN, _CYTOKINE_WITHIN = 0.55, 0.3


def draw_immune_samples(
    rng: Generator, visits: pd.DataFrame, samples: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Return the samples for immune function: the day before infusion 1, and with blood counts later.

    Columns as of the blood samples: ``subject``, ``day``, ``minute``, VISITNUM, VISIT and VISITDY. A few
    of the later ones are missing although the visit took place.
    """
    weeks = {1.0 + 7 * week for week in study.sampling.immune_weeks}
    before = visits[visits["VISITDY"] == DAY_BEFORE]
    before = before.assign(minute=7 * 60 + 5 * rng.integers(0, 96, len(before)))
    columns = ["subject", "day", "minute", "VISITNUM", "VISIT", "VISITDY"]
    taken = pd.concat([before[columns], samples.loc[samples["VISITDY"].isin(weeks), columns]])
    taken = taken.sort_values(["subject", "day"], ignore_index=True)
    missing = pick(rng, (taken["day"] > 0).to_numpy(), round(_MISSING * len(taken)))
    return taken[~missing].reset_index(drop=True)


def shift(people: pd.DataFrame, subject: np.ndarray, day: Floats) -> Floats:
    """Return how much of a responder's immune shift is there on each day, 0 (none) to 1 (all of it)."""
    rise, loss = (people[name].astype("float64").to_numpy()[subject] for name in ("rise", "loss"))
    complete = np.where(np.isnan(rise), np.inf, rise + _COMPLETE)
    growing = np.clip(day / complete, 0, 1)
    fading = np.interp(day, [_HOLDS, _ENDS], [1.0, _KEPT])
    since = day - np.where(np.isnan(loss), np.inf, loss)
    lost = np.interp(since, [0, _GONE_AFTER], [1.0, _LEFT_AFTER_LOSS])
    return np.asarray(growing * fading * lost)


def make_cp(rng: Generator, people: pd.DataFrame, immune: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of CP: shares of cells in percent, and ratios computed from the shares as written."""
    subject, day = immune["subject"].to_numpy(), immune["day"].to_numpy(dtype="float64")
    shares = _lineages(rng, len(people), subject) | _helpers(rng, people, subject, day)
    tests = [(*subset[:3], "%", subset.decimals, shares[subset]) for subset in _SHOWN]
    tests += [
        (code, name, markers, "RATIO", _RATIO_DECIMALS, shares[top] / shares[bottom])
        for code, name, markers, top, bottom in _RATIOS
    ]
    codes, names, markers, units, decimals, values = zip(*tests, strict=True)
    rows = by_test(collected("CP", people, immune), {"CPTESTCD": codes, "CPTEST": names, "CPMRKSTR": markers})
    measured = _written("CP", values, units, decimals)
    return flag_baseline(rows.assign(CPCAT="IMMUNOPHENOTYPING", CPSPEC="BLOOD", **measured), people, "CP")


def make_cytokines(rng: Generator, people: pd.DataFrame, immune: pd.DataFrame) -> pd.DataFrame:
    """Return rows of LB with the cytokines; below the lowest measurable value ``<limit`` without a number."""
    subject, day = immune["subject"].to_numpy(), immune["day"].to_numpy(dtype="float64")
    there = shift(people, subject, day)
    splenectomy = people["splenectomy"].fillna(False).to_numpy(dtype=bool)[subject]
    values = []
    for cytokine in _CYTOKINES:
        factor = np.where(splenectomy, cytokine.splenectomy, 1.0) * cytokine.response**there
        spread = _log_spread(rng, len(people), subject, _CYTOKINE_BETWEEN, _CYTOKINE_WITHIN)
        values.append(cytokine.median * factor * spread)
    codes, names = ([getattr(cytokine, part) for cytokine in _CYTOKINES] for part in ("code", "name"))
    rows = by_test(collected("LB", people, immune), {"LBTESTCD": codes, "LBTEST": names})
    rows = rows.assign(LBCAT="CYTOKINE", LBSPEC="SERUM", LBNRIND="", LBSTNRLO=np.nan, LBSTNRHI=np.nan)
    return flag_baseline(rows.assign(**_limited(values)), people, "LB")


def _written(
    prefix: str, values: Sequence[Floats], units: Sequence[str], decimals: Sequence[int]
) -> dict[str, Any]:
    """Return results of tests (each an array over samples), sample after sample."""
    samples = len(values[0])
    unit = texts(units).take(np.tile(np.arange(len(units)), samples))
    return result(prefix, np.column_stack(values).ravel(), unit, np.tile(decimals, samples))


def _limited(values: Sequence[Floats]) -> dict[str, Any]:
    """Return the results of the cytokines, those below the limit without a number."""
    count, samples = len(_CYTOKINES), len(values[0])
    measured = _written("LB", values, ["pg/mL"] * count, [cytokine.decimals for cytokine in _CYTOKINES])
    number = np.asarray(measured["LBSTRESN"], dtype="float64")
    low = number < np.tile([cytokine.limit for cytokine in _CYTOKINES], samples)
    below = texts([f"<{cytokine.limit:g}" for cytokine in _CYTOKINES]).take(
        np.tile(np.arange(count), samples)
    )
    text = pd.Series(measured["LBORRES"]).mask(low, pd.Series(below)).array
    return measured | {"LBORRES": text, "LBSTRESC": text, "LBSTRESN": np.where(low, np.nan, number)}


def _log_spread(rng: Generator, n: int, subject: np.ndarray, between: float, within: float) -> Floats:
    """Return log-normal factors with median 1 that stay alike within a subject."""
    own = between * rng.standard_normal(n)
    return np.asarray(np.exp(own[subject] + within * rng.standard_normal(subject.size)))


def _drawn(rng: Generator, subset: Subset, n: int, subject: np.ndarray) -> Floats:
    return subset.median * _log_spread(rng, n, subject, subset.between, subset.within)


def _lineages(rng: Generator, n: int, subject: np.ndarray) -> dict[Subset, Floats]:
    """Return T, helper, cytotoxic, B and killer cells as shares of lymphocytes that never exceed 100 %."""
    parts = (_HELPER, _CYTOTOXIC, _OTHER_T, _B, _KILLER)
    drawn = np.array([_drawn(rng, part, n, subject) for part in parts])
    drawn *= np.minimum(1.0, _LARGEST_SUM / drawn.sum(axis=0))
    shares = {part: np.round(values, 1) for part, values in zip(parts, drawn, strict=True)}
    return shares | {_ALL_T: shares[_HELPER] + shares[_CYTOTOXIC] + shares[_OTHER_T]}


def _helpers(rng: Generator, people: pd.DataFrame, subject: np.ndarray, day: Floats) -> dict[Subset, Floats]:
    """Return the kinds of helper cells; responders gain regulatory cells and lose Th1 against Th2."""
    n = len(people)
    there = shift(people, subject, day)
    gained, lost = (rng.uniform(*_SHIFT, n)[subject] for _ in range(2))
    # Half of the fall of Th1/Th2 is fewer Th1 cells, half more Th2 cells (on the log scale).
    half = np.sqrt(1 - lost * there)
    factors = {_REGULATORY: 1 + gained * there, _TH1: half, _TH2: 1 / half, _TH17: np.ones(subject.size)}
    return {
        subset: np.round(np.maximum(_drawn(rng, subset, n, subject) * factor, 0.05), subset.decimals)
        for subset, factor in factors.items()
    }


# IS: antibodies against HLA before and after the cells, and autoantibodies against platelets.


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
