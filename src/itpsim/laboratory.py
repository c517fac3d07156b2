"""LB and MB: platelet counts, haematology, chemistry, viruses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import Generator
from pandas.api.extensions import ExtensionArray

from itpcsr.study import Efficacy, Study
from itpsim.events import LIVER_ENZYME
from itpsim.people import GASTROINTESTINAL, MENSTRUAL
from itpsim.tables import NEGATIVE, Days, Flags, Floats, between, by_test, collected, minute_text, texts

# Platelet counts: each subject's latent course, observed with noise that can't change who responds.

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


# LB: samples, haematology and chemistry.

_UNSCHEDULED = 0.4
# Share of haemoglobin lost in a serious bleeding, and the days until it is made up.
_LOST = {GASTROINTESTINAL: 0.28, MENSTRUAL: 0.2}
_RECOVERY = 45
# Multiples of the upper limit at which a raised ALT is drawn: within CTCAE 5.0 grades 1 (to 3), 2 (to 5)
# and 3 (to 20); a value without an event stays within grade 1.
_LIVER_LOW, _LIVER_HIGH = np.array([1.2, 3.2, 5.5]), np.array([2.8, 4.8, 15.0])


@dataclass(frozen=True)
class Assay:
    """One laboratory test: reference ranges for women and men, medians, and variation as fractions."""

    code: str
    name: str
    unit: str
    women: tuple[float, float]
    men: tuple[float, float]
    median: tuple[float, float]
    between: float
    within: float
    decimals: int
    category: str = "CHEMISTRY"


# Reference ranges: medians and variation are plausible for adults; all are assumptions.
PLATELETS = ("Platelets", "10^9/L", (125.0, 350.0))
_TESTS = (
    Assay("HGB", "Hemoglobin", "g/L", (115, 150), (130, 175), (122, 146), 0.08, 0.03, 0, "HEMATOLOGY"),
    Assay("NEUT", "Neutrophils", "10^9/L", (1.8, 6.3), (1.8, 6.3), (3.6, 3.8), 0.28, 0.16, 2, "HEMATOLOGY"),
    Assay("LYM", "Lymphocytes", "10^9/L", (1.1, 3.2), (1.1, 3.2), (1.9, 1.9), 0.28, 0.10, 2, "HEMATOLOGY"),
    Assay("WBC", "Leukocytes", "10^9/L", (3.5, 9.5), (3.5, 9.5), (0.55, 0.55), 0.25, 0.15, 2, "HEMATOLOGY"),
    Assay("ALT", "Alanine Aminotransferase", "U/L", (7, 40), (9, 50), (19, 25), 0.38, 0.16, 0),
    Assay("AST", "Aspartate Aminotransferase", "U/L", (13, 35), (15, 40), (20, 23), 0.24, 0.11, 0),
    Assay("ALP", "Alkaline Phosphatase", "U/L", (35, 100), (45, 125), (65, 75), 0.24, 0.06, 0),
    Assay("GGT", "Gamma Glutamyl Transferase", "U/L", (7, 45), (10, 60), (18, 27), 0.45, 0.12, 0),
    Assay("BILI", "Bilirubin", "umol/L", (0, 21), (0, 26), (10.5, 12.5), 0.35, 0.20, 1),
    Assay("CREAT", "Creatinine", "umol/L", (41, 73), (57, 97), (56, 74), 0.14, 0.05, 0),
    Assay("K", "Potassium", "mmol/L", (3.5, 5.3), (3.5, 5.3), (4.1, 4.1), 0.05, 0.05, 2),
    Assay("SODIUM", "Sodium", "mmol/L", (137, 147), (137, 147), (140.5, 140.5), 0.008, 0.007, 1),
)
_VISIT = ["VISITNUM", "VISIT", "VISITDY"]


def draw_samples(rng: Generator, people: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Return blood samples: all visits, and a few unscheduled ones with platelets alone.

    Columns: ``subject``, ``day``, ``minute``, ``laboratory``, VISITNUM, VISIT and VISITDY, in order of
    subject and day. Samples are taken before 9:30, when infusions begin, so always before the infusion.
    """
    planned = visits[["subject", "day", "laboratory", "VISITNUM", "VISIT", "VISITDY"]]
    extra = _unscheduled(rng, people, visits)
    samples = pd.concat([planned, extra], ignore_index=True) if len(extra) else planned
    samples = samples.sort_values(["subject", "day", "VISITNUM"], ignore_index=True)
    return samples.assign(minute=7 * 60 + 5 * rng.integers(0, 24, len(samples)))


def make_lb(
    rng: Generator, people: pd.DataFrame, samples: pd.DataFrame, events: pd.DataFrame, rule: Efficacy
) -> pd.DataFrame:
    """Return the rows of LB; original units are the standard ones."""
    name, unit, limits = PLATELETS
    platelets = Assay(rule.platelet_test, name, unit, limits, limits, (0, 0), 0, 0, 0, "HEMATOLOGY")
    full = np.flatnonzero(samples["laboratory"].astype(bool))
    # One row per sample, one column per test; NaN where a sample wasn't tested for it.
    values = np.full((len(samples), 1 + len(_TESTS)), np.nan)
    values[full, 1:] = _values(rng, people, samples.iloc[full], events)
    values[:, 0] = observe_platelets(rng, people, samples, rule)
    return flag_baseline(_rows(people, samples, (platelets, *_TESTS), values), people, "LB")


def _unscheduled(rng: Generator, people: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Return controls between visits: at random, and three days after rescue."""
    enrolled = np.flatnonzero(people["enrolled"])
    last = visits.groupby("subject")["day"].max().reindex(enrolled).to_numpy(dtype="int64")
    counts = rng.poisson(_UNSCHEDULED, enrolled.size)
    subject, final = np.repeat(enrolled, counts), np.repeat(last, counts)
    rescued = np.flatnonzero(people["rescue_day"].notna())
    after_rescue = people["rescue_day"].to_numpy(dtype="float64")[rescued].astype("int64") + 3
    days = np.concatenate([rng.integers(2, np.maximum(3, final)), after_rescue])
    extra = pd.DataFrame({"subject": np.concatenate([subject, rescued]), "day": days}).drop_duplicates()
    taken = pd.MultiIndex.from_frame(visits[["subject", "day"]])
    extra = extra[~pd.MultiIndex.from_frame(extra).isin(taken)]
    before = visits[["subject", "day", "VISITNUM"]].sort_values("day", kind="stable")
    extra = pd.merge_asof(extra.sort_values("day", kind="stable"), before, on="day", by="subject")
    # Tenths after the number of the visit before, so that numbers follow time.
    tenth = 0.1 * (1 + extra.groupby(["subject", "VISITNUM"]).cumcount())
    return extra.assign(
        VISITNUM=(extra["VISITNUM"] + tenth).round(1), VISIT="UNSCHEDULED", VISITDY=np.nan, laboratory=False
    )


def _values(rng: Generator, people: pd.DataFrame, full: pd.DataFrame, events: pd.DataFrame) -> Floats:
    """Return the results of the samples in ``full``, one column per test."""
    subject = full["subject"].to_numpy()
    men = (people["SEX"] == "M").to_numpy(dtype=bool)
    values = {}
    for test in _TESTS:
        own = np.where(men, test.median[1], test.median[0]) * np.exp(
            test.between * rng.standard_normal(men.size)
        )
        values[test.code] = own[subject] * np.exp(test.within * rng.standard_normal(subject.size))
    values["HGB"] *= _bleeding_factor(full, events)
    values["ALT"] = _raised(rng, values["ALT"], men[subject], full, events)
    # Leukocytes are neutrophils, lymphocytes and a rest, which is what was drawn: they never contradict.
    values["WBC"] += values["NEUT"] + values["LYM"]
    return np.column_stack([values[test.code] for test in _TESTS])


def _of_samples(full: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Return for each sample the event of its subject (NaN for none); a subject has at most one here."""
    return events.set_index("subject").reindex(full["subject"]).reset_index(drop=True)


def _bleeding_factor(full: pd.DataFrame, events: pd.DataFrame) -> Floats:
    event = _of_samples(full, events[events["serious"] & events["term"].isin(_LOST)])
    since = full["day"].to_numpy(dtype="float64") - event["day"].to_numpy(dtype="float64")
    lost = event["term"].map(_LOST).to_numpy(dtype="float64") * np.interp(
        since, [-1, 0, _RECOVERY], [0, 1, 0]
    )
    return np.asarray(1 - np.nan_to_num(lost))


def _raised(rng: Generator, alt: Floats, men: Flags, full: pd.DataFrame, events: pd.DataFrame) -> Floats:
    """Raise ALT during an event to values of the event's grade, and keep others below grade 2."""
    assay = next(test for test in _TESTS if test.code == "ALT")
    limit = np.where(men, assay.men[1], assay.women[1])
    event = _of_samples(full, events[events["term"] == LIVER_ENZYME])
    day = full["day"].to_numpy()
    during = (day >= event["day"]) & (day <= event["end"].fillna(np.inf))
    place = event["grade"].fillna(1).to_numpy(dtype="int64") - 1
    multiple = rng.uniform(_LIVER_LOW[place], _LIVER_HIGH[place])
    return np.asarray(np.where(during, multiple * limit, np.minimum(alt, _LIVER_HIGH[0] * limit)))


def _rows(
    people: pd.DataFrame, samples: pd.DataFrame, tests: tuple[Assay, ...], values: Floats
) -> pd.DataFrame:
    """Return one row per value that there is, sample after sample, in the order of the tests."""
    sample, test = np.nonzero(~np.isnan(values))
    subject = samples["subject"].to_numpy()

    def of_test(name: str) -> ExtensionArray:
        return texts([getattr(assay, name) for assay in tests]).take(test)

    decimals = np.array([assay.decimals for assay in tests])[test]
    results = result("LB", values[sample, test], of_test("unit"), decimals)
    limits = np.array([[assay.women, assay.men] for assay in tests], dtype="float64")
    low, high = limits[test, (people["SEX"] == "M").to_numpy(dtype="int64")[subject][sample]].T
    number = results["LBSTRESN"]
    written = minute_text(people["start"].to_numpy()[subject], samples["day"], samples["minute"])
    return pd.DataFrame(
        {
            "USUBJID": people["USUBJID"].array.take(subject[sample]),
            "LBTESTCD": of_test("code"),
            "LBTEST": of_test("name"),
            "LBCAT": of_test("category"),
            **results,
            "LBSTNRLO": low,
            "LBSTNRHI": high,
            "LBNRIND": texts(["NORMAL", "LOW", "HIGH"]).take(
                np.select([number < low, number > high], [1, 2], 0)
            ),
            "LBSPEC": texts(["BLOOD" if a.category == "HEMATOLOGY" else "SERUM" for a in tests]).take(test),
            **{column: samples[column].array.take(sample) for column in _VISIT},
            "LBDTC": written.take(sample),
            "day": samples["day"].to_numpy()[sample],
        }
    )


def result(
    prefix: str, values: Floats, unit: str | ExtensionArray, decimals: int | npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Write values as text and as the number that this text says: both always agree.

    Parameters
    ----------
    prefix
        Domain, the start of the variables' names.
    values
        Results in ``unit``; NaN gives empty text and NaN.
    unit, decimals
        One for all values, or one for each; at most 9 decimals.
    """
    scale = 10.0 ** np.asarray(decimals)
    whole = np.rint(values * scale)
    # Many rows share few results: each is written once. The last digit of a code says how many decimals.
    place, codes = pd.factorize(10 * whole + decimals)
    parts = [divmod(int(code), 10) for code in codes]
    # Place -1, a missing value, takes the last text.
    text = texts([*(f"{number / 10**digits:.{digits}f}" for number, digits in parts), ""]).take(place)
    return {
        f"{prefix}ORRES": text,
        f"{prefix}ORRESU": unit,
        f"{prefix}STRESC": text,
        f"{prefix}STRESN": whole / scale,
        f"{prefix}STRESU": unit,
    }


def flag_baseline(rows: pd.DataFrame, people: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Flag the last value before infusion 1 of each test of those enrolled, and drop ``day``.

    ``day`` counts from infusion 1 (day 0); values of day 0 count as before it, as samples are taken then.
    """
    enrolled = people.loc[people["enrolled"], "USUBJID"]
    place = np.flatnonzero((rows["day"] <= 0) & rows["USUBJID"].isin(enrolled))
    before = rows[["USUBJID", f"{domain}TESTCD", "day"]].iloc[place].reset_index(drop=True)
    last = before.groupby(["USUBJID", f"{domain}TESTCD"], sort=False)["day"].idxmax()
    flagged = np.zeros(len(rows), dtype="int64")
    flagged[place[last]] = 1
    flag = texts(["", "Y"]).take(flagged)
    return rows.drop(columns="day").assign(**{f"{domain}LOBXFL": flag, f"{domain}BLFL": flag})


# MB: tests for viruses and syphilis before treatment and after it.

# MBTESTCD to MBTEST and specimen. HBSAG and HBDNA are CDISC terms of MBTESTCD; HCAB, HIV12AB and TPLAB extend
# that list, because CDISC moved antibodies against microbes from MB to IS.
_VIROLOGY_TESTS = {
    "HBSAG": ("Hepatitis B Virus Surface Antigen", "SERUM"),
    "HBDNA": ("Hepatitis B Virus DNA", "PLASMA"),
    "HCAB": ("Hepatitis C Virus Antibody", "SERUM"),
    "HIV12AB": ("HIV-1/2 Antibody", "SERUM"),
    "TPLAB": ("Treponema pallidum Antibody", "SERUM"),
}


def make_mb(people: pd.DataFrame, samples: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the rows of MB: every test at screening and in the weeks planned, all negative.

    There is no row where the visit didn't take place. A test without a name here keeps its code as its name.
    """
    weeks = {1.0 + 7 * week for week in study.sampling.virus_weeks}
    planned = (samples["VISIT"] == "SCREENING") | samples["VISITDY"].isin(weeks)
    taken = collected("MB", people, samples[planned].reset_index(drop=True))
    codes = study.sampling.virus_tests
    names, specimens = (
        [_VIROLOGY_TESTS.get(code, (code, "SERUM"))[part] for code in codes] for part in (0, 1)
    )
    rows = by_test(taken, {"MBTESTCD": codes, "MBTEST": names, "MBSPEC": specimens})
    rows = rows.assign(MBCAT="VIROLOGY", MBORRES=NEGATIVE, MBSTRESC=NEGATIVE)
    return flag_baseline(rows, people, "MB")
