"""PC: cells in blood around infusion 1."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Study
from itpsim.draws import Floats, pick, scaled
from itpsim.findings import collected, first_infusions
from itpsim.tables import minute_text

# Everything here is an assumption: no concentration of this trial is public. Cells spread over 70 mL of blood
# per kg; the lung keeps most at the first pass; what is left falls in two phases.
_BLOOD = 70.0  # mL/kg
_PASSED, _PASSED_SPREAD, _PASSED_MOST = 0.08, 0.8, 0.25
_FAST_SHARE = 0.85
_HALF_LIVES, _HALF_LIFE_SPREAD = (0.35, 4.5), 0.2  # hours
_ASSAY_SPREAD = 0.2
# Spread of the sampling time in minutes up to these nominal hours; late samples are rarely an hour off.
_SPREAD_TO = ((1.0, 2.0), (8.0, 6.0), (np.inf, 12.0))
_LATE, _LATE_SHARE, _LATE_BY = 16.0, 0.05, 60
_MISSING = 2


def make_pc(
    rng: Generator, people: pd.DataFrame, given: pd.DataFrame, study: Study
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of PC, and the samples that are missing (``subject``, ``PCTPT``, ``day``, ``minute``).

    Sampled are enrolled subjects of ``sampling.concentration_sex``, at ``sampling.concentration_hours``
    before the start or after the end of infusion 1. Values below the limit are written as ``<limit``
    without a number; before the infusion all of them are.
    """
    samples = _samples(rng, people, given, study)
    values = _concentrations(rng, people, samples)
    missing = pick(rng, (samples["hours"] > 0).to_numpy(), scaled(_MISSING, int(people["enrolled"].sum())))
    rows = _rows(people, samples, values, study)
    return rows[~missing].reset_index(drop=True), samples[missing].reset_index(drop=True)


def _samples(rng: Generator, people: pd.DataFrame, given: pd.DataFrame, study: Study) -> pd.DataFrame:
    sex = study.sampling.concentration_sex
    first = first_infusions(given)
    first = first[
        people["SEX"].take(first["subject"].to_numpy()).isin([sex] if sex else ["F", "M"]).to_numpy()
    ]
    hours = pd.DataFrame({"hours": np.asarray(study.sampling.concentration_hours, dtype="float64")})
    samples = first.merge(hours, how="cross")
    after = (samples["hours"] > 0).to_numpy()
    reference = samples["minute"] + np.where(after, samples["minutes"], 0)
    off = _off_time(rng, samples["hours"].to_numpy())
    minute = (reference + np.round(60 * samples["hours"]) + off).astype("int64")
    names = pd.Series([_named(value) for value in samples["hours"]], dtype="str")
    return samples.assign(reference=reference, minute=minute, PCTPT=names)


def _off_time(rng: Generator, hours: Floats) -> Floats:
    """Return minutes between planned and actual time; never so many that before becomes after."""
    spread = np.select([hours <= limit for limit, _ in _SPREAD_TO], [minutes for _, minutes in _SPREAD_TO])
    off = np.round(spread * rng.standard_normal(hours.size))
    late = (hours >= _LATE) & (rng.random(hours.size) < _LATE_SHARE)
    return np.clip(off, -10, 40) + np.where(late, _LATE_BY, 0)


def _named(hours: float) -> str:
    amount = f"{abs(hours):g} H" if abs(hours) >= 1 else f"{60 * abs(hours):g} MIN"
    return f"{amount} {'BEFORE' if hours < 0 else 'AFTER'} INFUSION"


def _duration(hours: float) -> str:
    """Return hours as an ISO 8601 duration, with a minus sign before the reference."""
    amount = f"{abs(hours):g}H" if hours == round(hours) else f"{60 * abs(hours):g}M"
    return f"{'-' if hours < 0 else ''}PT{amount}"


def _concentrations(rng: Generator, people: pd.DataFrame, samples: pd.DataFrame) -> Floats:
    """Return cells/mL at the actual times, in proportion to the dose; 0 before the infusion."""
    n, subject = len(people), samples["subject"].to_numpy()
    passed = np.clip(_PASSED * np.exp(_PASSED_SPREAD * rng.standard_normal(n)), 0.005, _PASSED_MOST)
    speed = np.exp(_HALF_LIFE_SPREAD * rng.standard_normal((2, n)))
    fast, slow = (np.log(2) / (half * own[subject]) for half, own in zip(_HALF_LIVES, speed, strict=True))
    hours = ((samples["minute"] - samples["reference"]) / 60).to_numpy()
    left = _FAST_SHARE * np.exp(-fast * hours) + (1 - _FAST_SHARE) * np.exp(-slow * hours)
    at_once = people["dose"].fillna(0).to_numpy()[subject] * 1e6 / _BLOOD * passed[subject]
    values = at_once * left * np.exp(_ASSAY_SPREAD * rng.standard_normal(subject.size))
    return np.where(hours > 0, values, 0.0)


def _rows(people: pd.DataFrame, samples: pd.DataFrame, values: Floats, study: Study) -> pd.DataFrame:
    plan = study.sampling
    limit = plan.concentration_limit or 0.0
    number = np.where(values < limit, np.nan, np.round(values))
    text = [f"<{limit:g}" if np.isnan(value) else f"{value:.0f}" for value in number]
    return collected("PC", people, samples).assign(
        PCTESTCD=plan.concentration_test,
        PCTEST="Mesenchymal Stromal Cells",
        PCCAT="CELL KINETICS",
        PCORRES=text,
        PCORRESU=plan.concentration_unit,
        PCSTRESC=text,
        PCSTRESN=number,
        PCSTRESU=plan.concentration_unit,
        PCSPEC="BLOOD",
        PCLLOQ=limit,
        PCTPT=samples["PCTPT"],
        PCTPTNUM=samples["hours"],
        PCELTM=[_duration(hours) for hours in samples["hours"]],
        PCTPTREF="INFUSION 1",
        PCRFTDTC=minute_text(
            people["start"].to_numpy()[samples["subject"]], samples["day"], samples["reference"]
        ),
    )
