"""VS: weight and height, and the vital signs around each infusion."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator
from pandas.api.extensions import ExtensionArray

from itpsim.draws import Floats
from itpsim.findings import by_test, collected, no_time_point
from itpsim.laboratory import flag_baseline, result
from itpsim.tables import minute_text, texts
from itpsim.terms import REACTION

_FEVER = "Pyrexia"
# Grade of fever by CTCAE v5.0 to the temperatures (deg C) that have it, written to one decimal.
_FEVERISH = {1: (38.0, 39.0), 2: (39.1, 40.0)}
_MINUTES_BEFORE, _HOURS_AFTER = 15, 4
# The measurement 4 hours after an infusion waits for a fever that is just rising.
_WAIT = 5
_WEIGHT_CHANGE = 0.5


class Sign(NamedTuple):
    """One vital sign: code, name, unit, usual value, spread between and within subjects, rise with fever."""

    code: str
    name: str
    unit: str
    usual: float
    between: float
    within: float
    by_fever: float


# Usual values, spreads and the rise with fever are assumptions, plausible for adults at rest.
_SIGNS = (
    Sign("PULSE", "Pulse Rate", "beats/min", 76, 7, 4, 9),
    Sign("SYSBP", "Systolic Blood Pressure", "mmHg", 116, 9, 5, 0),
    Sign("DIABP", "Diastolic Blood Pressure", "mmHg", 73, 6, 4, -1),
    Sign("RESP", "Respiratory Rate", "breaths/min", 17, 1, 0.8, 1.2),
)
# Code to name, unit and decimals.
_MEASURES = {sign.code: (sign.name, sign.unit, 0) for sign in _SIGNS} | {
    "TEMP": ("Temperature", "C", 1),
    "HEIGHT": ("Height", "cm", 0),
    "WEIGHT": ("Weight", "kg", 1),
}
# What a reaction that stops an infusion changes at its end.
_LOW_PRESSURE = {"PULSE": 18.0, "SYSBP": -14.0, "DIABP": -8.0, "RESP": 3.0}


def make_vs(
    rng: Generator, people: pd.DataFrame, samples: pd.DataFrame, given: pd.DataFrame, events: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of VS: body measures at screening, weight and vital signs around each infusion.

    Vital signs are taken 15 minutes before the start, at the end and 4 hours after the end of each infusion.
    Fever after an infusion shows in every temperature from its start on, with the values of its grade.
    """
    moments = _moments(rng, given, events)
    rows = collected("VS", people, moments).assign(
        VSTPT=moments["VSTPT"],
        VSTPTNUM=moments["VSTPTNUM"],
        VSELTM=moments["VSELTM"],
        VSTPTREF="INFUSION " + moments["number"].astype("str"),
        VSRFTDTC=_reference(people, moments),
        day=_since_first(given, moments),
    )
    temperature = _temperature(rng, _fever(moments, events))
    values = {"TEMP": temperature}
    for sign in _SIGNS:
        usual = _sign(rng, sign, people, moments, temperature)
        values[sign.code] = usual + _reaction(sign, moments, events)
    values["WEIGHT"] = _weight(rng, people, moments)
    parts = [_screening(people, samples), _measured(rows, values)]
    return flag_baseline(pd.concat(parts, ignore_index=True), people, "VS")


def _measured(rows: pd.DataFrame, values: dict[str, Floats]) -> pd.DataFrame:
    """Return the rows crossed with the tests named; a missing value gives no row."""
    names, units, decimals = zip(*(_MEASURES[code] for code in values), strict=True)
    crossed = by_test(rows, {"VSTESTCD": list(values), "VSTEST": names})
    unit = texts(units).take(np.tile(np.arange(len(units)), len(rows)))
    matrix = np.column_stack(list(values.values())).ravel()
    found = crossed.assign(**result("VS", matrix, unit, np.tile(decimals, len(rows))))
    return found[~np.isnan(matrix)].reset_index(drop=True)


def _screening(people: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    screening = samples[samples["VISIT"] == "SCREENING"].reset_index(drop=True)
    person = people.iloc[screening["subject"]]
    rows = collected("VS", people, screening).assign(**no_time_point("VS"))
    return _measured(
        rows, {name.upper(): person[name].to_numpy(dtype="float64") for name in ("height", "weight")}
    )


def _moments(rng: Generator, given: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Return three moments for each infusion, with ``minute`` of the infusion's day."""
    n = len(given)
    start, end = given["minute"].to_numpy(), (given["minute"] + given["minutes"]).to_numpy()
    after = end + 60 * _HOURS_AFTER + rng.integers(-5, 11, n)
    rising = given.merge(_fevers(events), on=["subject", "day"], how="left")["onset"].to_numpy()
    after = np.where(rising > after, rising + _WAIT, after).astype("int64")
    before = start - _MINUTES_BEFORE - rng.integers(-5, 6, n)
    points = (
        (before, "BEFORE INFUSION", -_MINUTES_BEFORE / 60, f"-PT{_MINUTES_BEFORE}M"),
        (end + rng.integers(0, 6, n), "END OF INFUSION", 0.0, "PT0H"),
        (after, f"{_HOURS_AFTER} H AFTER INFUSION", float(_HOURS_AFTER), f"PT{_HOURS_AFTER}H"),
    )
    parts = [
        given.assign(begin=start, end=end, minute=minute, VSTPT=name, VSTPTNUM=hours, VSELTM=elapsed)
        for minute, name, hours, elapsed in points
    ]
    # Infusion after infusion, as time goes.
    order = np.arange(len(points) * n).reshape(len(points), n).T.ravel()
    return pd.concat(parts, ignore_index=True).take(order).reset_index(drop=True)


def _fevers(events: pd.DataFrame) -> pd.DataFrame:
    """Return subject, day, ``onset`` (minute) and grade of the fevers after infusions."""
    fevers = events[(events["term"] == _FEVER) & events["infusion"].astype(bool)]
    fevers = fevers[["subject", "day", "minute", "grade"]].rename(columns={"minute": "onset"})
    return fevers.astype("float64").astype({"subject": "int64", "day": "int64"})


def _reference(people: pd.DataFrame, moments: pd.DataFrame) -> ExtensionArray:
    """Return the start of the infusion for what is taken before it, otherwise its end."""
    minute = np.where(moments["VSTPTNUM"] < 0, moments["begin"], moments["end"])
    return minute_text(people["start"].to_numpy()[moments["subject"]], moments["day"], minute)


def _since_first(given: pd.DataFrame, moments: pd.DataFrame) -> Floats:
    """Return the days since the start of infusion 1, negative before it: the baseline comes before."""
    first = moments["subject"].map(given[given["number"] == 1].set_index("subject")["minute"])
    return np.asarray(moments["day"] + (moments["minute"] - first) / 1440, dtype="float64")


def _fever(moments: pd.DataFrame, events: pd.DataFrame) -> Floats:
    """Return the grade of fever at each moment, 0 without."""
    found = moments[["subject", "day", "minute"]].merge(_fevers(events), on=["subject", "day"], how="left")
    return np.where(found["onset"] <= found["minute"], found["grade"], 0.0)


def _temperature(rng: Generator, fever: Floats) -> Floats:
    usual = np.clip(rng.normal(36.6, 0.2, fever.size), 36.0, 37.3)
    place = rng.random(fever.size)
    for grade, (low, high) in _FEVERISH.items():
        usual = np.where(fever == grade, low + place * (high - low), usual)
    return np.asarray(np.round(usual, 1))


def _sign(
    rng: Generator, sign: Sign, people: pd.DataFrame, moments: pd.DataFrame, temperature: Floats
) -> Floats:
    own = rng.normal(sign.usual, sign.between, len(people))[moments["subject"]]
    excess = np.clip(temperature - 37.3, 0, None)
    return np.asarray(own + rng.normal(0, sign.within, len(moments)) + sign.by_fever * excess)


def _reaction(sign: Sign, moments: pd.DataFrame, events: pd.DataFrame) -> Floats:
    """Return the change at the end of an infusion that a reaction stopped."""
    reactions = events.loc[events["term"] == REACTION, ["subject", "day"]].astype("int64")
    found = moments[["subject", "day"]].merge(
        reactions.assign(reacted=True), on=["subject", "day"], how="left"
    )
    reacted = found["reacted"].notna().to_numpy() & (moments["VSTPTNUM"] == 0).to_numpy()
    return np.where(reacted, _LOW_PRESSURE[sign.code], 0.0)


def _weight(rng: Generator, people: pd.DataFrame, moments: pd.DataFrame) -> Floats:
    """Return the weight before each infusion, NaN at other moments."""
    weight = people["weight"].to_numpy(dtype="float64")[moments["subject"]]
    changed = weight + rng.normal(0, _WEIGHT_CHANGE, len(moments))
    return np.where(moments["VSTPTNUM"] < 0, changed, np.nan)
