"""LB: samples, haematology and chemistry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import Generator
from pandas.api.extensions import ExtensionArray

from itpcsr.sdtm.simulation.draws import Floats
from itpcsr.sdtm.simulation.fates import GASTROINTESTINAL, MENSTRUAL
from itpcsr.sdtm.simulation.platelets import observe_platelets
from itpcsr.sdtm.simulation.tables import minute_text, records, texts
from itpcsr.sdtm.simulation.terms import LIVER_ENZYME
from itpcsr.study import Efficacy

_UNSCHEDULED = 0.4
# Share of haemoglobin lost in a serious bleeding, and the days until it is made up.
_LOST = {GASTROINTESTINAL: 0.28, MENSTRUAL: 0.2}
_RECOVERY = 45
_LIVER_FACTOR = 2.4


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
    full = samples[samples["laboratory"].astype(bool)].reset_index(drop=True)
    values = _values(rng, people, full, events)
    counts = observe_platelets(rng, people, samples, rule)
    name, unit, limits = PLATELETS
    platelets = Assay(rule.platelet_test, name, unit, limits, limits, (0, 0), 0, 0, 0, "HEMATOLOGY")
    parts = [_rows(people, samples, platelets, counts)]
    parts += [_rows(people, full, test, values[test.code]) for test in _TESTS]
    return flag_baseline(pd.concat(parts, ignore_index=True), people, "LB")


def _unscheduled(rng: Generator, people: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Return controls between visits: at random, and three days after rescue."""
    rows = []
    taken = set(zip(visits["subject"], visits["day"], strict=True))
    last = visits.groupby("subject")["day"].max()
    for subject in np.flatnonzero(people["enrolled"]):
        days = list(rng.integers(2, max(3, int(last[subject])), rng.poisson(_UNSCHEDULED)))
        rescue = people["rescue_day"].iloc[subject]
        days += [] if np.isnan(rescue) else [int(rescue) + 3]
        rows += [(subject, day) for day in sorted({int(day) for day in days}) if (subject, day) not in taken]
    extra = pd.DataFrame(rows, columns=["subject", "day"]).astype("int64")
    before = visits[["subject", "day", "VISITNUM"]].sort_values("day", kind="stable")
    extra = pd.merge_asof(extra.sort_values("day", kind="stable"), before, on="day", by="subject")
    # Tenths after the number of the visit before, so that numbers follow time.
    tenth = 0.1 * (1 + extra.groupby(["subject", "VISITNUM"]).cumcount())
    return extra.assign(
        VISITNUM=(extra["VISITNUM"] + tenth).round(1), VISIT="UNSCHEDULED", VISITDY=np.nan, laboratory=False
    )


def _values(
    rng: Generator, people: pd.DataFrame, full: pd.DataFrame, events: pd.DataFrame
) -> dict[str, Floats]:
    subject = full["subject"].to_numpy()
    men = (people["SEX"] == "M").to_numpy(dtype=bool)
    values = {}
    for test in _TESTS:
        own = np.where(men, test.median[1], test.median[0]) * np.exp(
            test.between * rng.standard_normal(men.size)
        )
        values[test.code] = own[subject] * np.exp(test.within * rng.standard_normal(subject.size))
    values["HGB"] *= _bleeding_factor(full, events)
    values["ALT"] *= _liver_factor(full, events)
    # Leukocytes are neutrophils, lymphocytes and a rest, which is what was drawn: they never contradict.
    values["WBC"] += values["NEUT"] + values["LYM"]
    return values


def _bleeding_factor(full: pd.DataFrame, events: pd.DataFrame) -> Floats:
    factor = np.ones(len(full))
    for event in records(events[events["serious"].astype(bool) & events["term"].isin(_LOST)]):
        since = (full["day"] - event.day).to_numpy(dtype="float64")
        lost = _LOST[event.term] * np.interp(since, [-1, 0, _RECOVERY], [0, 1, 0])
        factor *= np.where(full["subject"] == event.subject, 1 - lost, 1.0)
    return factor


def _liver_factor(full: pd.DataFrame, events: pd.DataFrame) -> Floats:
    factor = np.ones(len(full))
    for event in records(events[events["term"] == LIVER_ENZYME]):
        end = np.inf if np.isnan(event.end) else event.end
        during = (full["day"] >= event.day) & (full["day"] <= end) & (full["subject"] == event.subject)
        factor *= np.where(during, _LIVER_FACTOR * event.grade, 1.0)
    return factor


def _rows(people: pd.DataFrame, samples: pd.DataFrame, test: Assay, values: Floats) -> pd.DataFrame:
    person = people.iloc[samples["subject"]].reset_index(drop=True)
    limits = np.where((person["SEX"] == "M").to_numpy()[:, None], test.men, test.women)
    measured = result("LB", values, test.unit, test.decimals)
    number = measured["LBSTRESN"]
    return pd.DataFrame(
        {
            "USUBJID": person["USUBJID"],
            "LBTESTCD": test.code,
            "LBTEST": test.name,
            "LBCAT": test.category,
            **measured,
            "LBSTNRLO": limits[:, 0],
            "LBSTNRHI": limits[:, 1],
            "LBNRIND": np.select([number < limits[:, 0], number > limits[:, 1]], ["LOW", "HIGH"], "NORMAL"),
            "LBSPEC": "BLOOD" if test.category == "HEMATOLOGY" else "SERUM",
            **{column: samples[column] for column in _VISIT},
            "LBDTC": minute_text(person["start"], samples["day"], samples["minute"]),
            "day": samples["day"],
        }
    )


def result(
    prefix: str, values: Floats, unit: str | ExtensionArray, decimals: int | npt.NDArray[np.int64]
) -> dict[str, object]:
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
    enrolled = people.loc[people["enrolled"].astype(bool), "USUBJID"]
    place = np.flatnonzero((rows["day"] <= 0) & rows["USUBJID"].isin(enrolled))
    before = rows[["USUBJID", f"{domain}TESTCD", "day"]].iloc[place].reset_index(drop=True)
    last = before.groupby(["USUBJID", f"{domain}TESTCD"], sort=False)["day"].idxmax()
    flagged = np.zeros(len(rows), dtype="int64")
    flagged[place[last]] = 1
    flag = texts(["", "Y"]).take(flagged)
    return rows.drop(columns="day").assign(**{f"{domain}LOBXFL": flag, f"{domain}BLFL": flag})
