"""Platelet counts: each subject's latent course, observed with noise that can't change who responds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Efficacy
from itpsim.draws import Days, Flags, Floats, between

# Noise on the logit scale between the bounds of a phase, and its correlation from week to week.
_SPREAD, _CORRELATION = 0.6, 0.5
# A response reaches its plateau 14 days after it began; a complete one stays complete to day 84.
_CLIMB, _STABLE = 14, 84
_HIGHEST = 320.0
# Counts after rescue: up within 4 days, back after 5 weeks; peak in 10^9/L.
_RESCUE_DAYS, _RESCUE_SHAPE, _RESCUE_PEAK = (0, 4, 14, 35), (0.0, 1.0, 0.8, 0.0), 110.0
# An isolated high count of a non-responder stays below this multiple of the threshold.
_SPIKE_WEEK, _SPIKE_HIGH = 6, 1.8


def observe_platelets(rng: Generator, people: pd.DataFrame, samples: pd.DataFrame, rule: Efficacy) -> Floats:
    """Return the platelet count (10^9/L, whole numbers) of each sample.

    The count moves around the subject's latent course within bounds that the course sets: below the
    threshold of response before a rise, after a loss and in non-responders without rescue; at or above it
    in between. So noise never makes or breaks a response, which is assigned at the published counts.

    Parameters
    ----------
    people
        The subjects with their fates.
    samples
        ``subject``, ``day`` (from infusion 1, day 0, before the infusion) and VISITDY (NaN if
        unscheduled), in order of subject and day.
    """
    subject = samples["subject"].to_numpy()
    person = _Person(people, subject, rule)
    day = samples["day"].to_numpy(dtype="float64")
    noise = _SPREAD * _correlated(rng, subject)
    low, high, centre = _course(person, day, rule)
    spike = people["spike"].to_numpy()[subject]
    spike &= (samples["VISITDY"] == 1 + 7 * _SPIKE_WEEK).to_numpy()
    low, high = np.where(spike, person.threshold, low), np.where(spike, _SPIKE_HIGH * person.threshold, high)
    # Those found ineligible at screening had too many platelets (assumption).
    ineligible = (people["ARMCD"] == "SCRNFAIL").to_numpy()[subject]
    low, high = np.where(ineligible, rule.response_count, low), np.where(ineligible, 90.0, high)
    centre = np.where(spike | ineligible, (low + high) / 2, centre)
    counts = np.floor(between(low, high, centre, noise))
    enrolled = people["enrolled"].to_numpy(dtype=bool)[subject]
    return np.where(enrolled & (day == 0), person.baseline, counts)


class _Person:
    """The course of each sample's subject, with values that change nothing where there is none."""

    def __init__(self, people: pd.DataFrame, subject: Days, rule: Efficacy) -> None:
        def of_each(name: str, missing: float) -> Floats:
            values = people[name].to_numpy(dtype="float64")
            return np.where(np.isnan(values), missing, values)[subject]

        self.baseline, self.plateau = of_each("baseline", 10.0), of_each("plateau", 30.0)
        self.threshold = of_each("threshold", rule.response_count)
        self.rise, self.loss, self.rescue = (of_each(n, np.inf) for n in ("rise", "loss", "rescue_day"))
        self.complete: Flags = (people["course"] == "complete").to_numpy()[subject]


def _course(person: _Person, day: Floats, rule: Efficacy) -> tuple[Floats, Floats, Floats]:
    """Return lower and upper bound and centre of the count on each day."""
    threshold, rise, loss = person.threshold, person.rise, person.loss
    in_response = (day >= rise) & (day < loss)
    settled = person.complete & (day >= rise + _CLIMB) & (day < _STABLE)
    ceiling = np.where(person.complete, _HIGHEST, rule.complete_count)
    low = np.where(in_response, np.where(settled, np.maximum(threshold, rule.complete_count), threshold), 1.0)
    high = np.where(in_response, ceiling, np.where(day < 0, rule.response_count, threshold))
    climb = np.clip((day - np.where(np.isinf(rise), 0.0, rise)) / _CLIMB, 0, 1)
    waning = np.interp(day, [_STABLE, 200], [0.0, -0.25])
    responding = threshold * (person.plateau / threshold) ** climb * np.exp(waning)
    before = person.baseline * (threshold / person.baseline) ** (0.8 * np.clip(day / rise, 0, 1))
    after = np.where(day >= loss, 1.4 * person.baseline, before)
    return _rescue(person, day, low, high, np.where(in_response, responding, after))


def _rescue(
    person: _Person, day: Floats, low: Floats, high: Floats, centre: Floats
) -> tuple[Floats, Floats, Floats]:
    since = day - person.rescue
    raised = _RESCUE_PEAK * np.interp(since, _RESCUE_DAYS, _RESCUE_SHAPE, left=0.0, right=0.0)
    rescued = (since > 0) & (since < _RESCUE_DAYS[-1])
    return low, np.where(rescued, _HIGHEST, high), np.where(rescued, centre + raised, centre)


def _correlated(rng: Generator, subject: Days) -> Floats:
    """Return standard normal noise, correlated from one sample of a subject to the next."""
    noise = rng.standard_normal(subject.size)
    place = np.arange(subject.size) - np.searchsorted(subject, subject)
    by_place = np.argsort(place, kind="stable")
    # All second samples from all first ones, then all third ones, and so on.
    for samples in np.split(by_place, np.cumsum(np.bincount(place)))[1:]:
        noise[samples] = _CORRELATION * noise[samples - 1] + np.sqrt(1 - _CORRELATION**2) * noise[samples]
    return noise
