"""VS, RS and PC: vital signs, bleeding, cells in blood."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator
from pandas.api.extensions import ExtensionArray

from itpcsr.study import Efficacy, Study
from itpsim.events import REACTION
from itpsim.laboratory import flag_baseline, result
from itpsim.tables import (
    Days,
    Flags,
    Floats,
    by_test,
    collected,
    first_infusions,
    in_response,
    minute_text,
    no_time_point,
    pick,
    scaled,
    texts,
)

# VS: weight and height, and the vital signs around each infusion.

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


# RS: bleeding by the WHO scale and by ITP-BAT, in step with platelets and with adverse events.

# Probability of bleeding without an adverse event, by platelet count in 10^9/L (assumption).
_COUNTS, _PROBABILITIES = (0, 10, 20, 30, 50, 100), (0.7, 0.6, 0.45, 0.25, 0.08, 0.0)
# Share of subjects who bleed with WHO grade 2 at screening; the others have grade 1 (assumption).
_SECOND_GRADE = 0.3
_ITP_BAT_WEEKS = (4, 8, 12, 16, 28)
# Code, name and category; the domains of ITP-BAT in the order of their numbers.
_SCALES = (
    ("WHOBLEED", "WHO Bleeding Grade", "WHO BLEEDING SCALE"),
    ("ITPSKIN", "ITP-BAT Skin Grade", "ITP-BAT"),
    ("ITPMUCOS", "ITP-BAT Visible Mucosae Grade", "ITP-BAT"),
    ("ITPORGAN", "ITP-BAT Organ Grade", "ITP-BAT"),
)
_SKIN, _MUCOSA, _ORGAN = range(3)
# Where a bleeding term bleeds; every other one is of an organ.
_PLACES = {
    "Petechiae": _SKIN,
    "Ecchymosis": _SKIN,
    "Purpura": _SKIN,
    "Epistaxis": _MUCOSA,
    "Gingival bleeding": _MUCOSA,
}
_MUCOSAL_SHARE, _SKIN_TOO = 0.3, 0.4
_HIGHEST_GRADE, _NOT_SCORED = 4, -1


def make_rs(
    rng: Generator,
    people: pd.DataFrame,
    samples: pd.DataFrame,
    counts: Floats,
    events: pd.DataFrame,
    rule: Efficacy,
) -> pd.DataFrame:
    """Return the rows of RS: the state on the day of each planned blood count.

    Everyone enrolled bleeds at screening with grade 1 or 2. Afterwards a bleeding adverse event gives its
    grade on its days; other bleeding is of grade 1, likelier the fewer platelets there are, and never during
    a response.

    Parameters
    ----------
    samples, counts
        The blood samples with the platelet count (10^9/L) of each.
    """
    planned = samples["VISITDY"].notna().to_numpy()
    taken, counts = samples[planned].reset_index(drop=True), counts[planned]
    event, place = _bleeding_events(taken, events, rule)
    grade = np.maximum(event, _other_bleeding(rng, people, taken, counts))
    domains = _by_domain(rng, grade, np.where(event == grade, place, -1))
    weeks = taken["VISITDY"].isin([1.0 + 7 * week for week in _ITP_BAT_WEEKS])
    scored = (weeks | (taken["VISIT"] == "SCREENING")).to_numpy()
    grades = np.column_stack([grade, *(np.where(scored, values, _NOT_SCORED) for values in domains)]).ravel()
    codes, names, categories = zip(*_SCALES, strict=True)
    rows = by_test(collected("RS", people, taken), {"RSTESTCD": codes, "RSTEST": names, "RSCAT": categories})
    done = grades != _NOT_SCORED
    rows, grades = rows[done].reset_index(drop=True), grades[done]
    text = texts([str(value) for value in range(_HIGHEST_GRADE + 1)]).take(grades)
    rows = rows.assign(RSORRES=text, RSSTRESC=text, RSSTRESN=grades.astype("float64"), RSEVAL="INVESTIGATOR")
    return flag_baseline(rows, people, "RS")


def _bleeding_events(taken: pd.DataFrame, events: pd.DataFrame, rule: Efficacy) -> tuple[Days, Days]:
    """Return for each sample the highest grade of bleeding events on its day (0 without), and its place."""
    bleeding = events.loc[
        events["term"].isin(rule.bleeding_terms), ["subject", "term", "day", "end", "grade"]
    ]
    bleeding = bleeding.rename(columns={"day": "from"}).astype({"subject": "int64"})
    pairs = taken[["subject", "day"]].reset_index(names="sample").merge(bleeding, on="subject")
    during = (pairs["from"] <= pairs["day"]) & (pairs["day"] <= pairs["end"].astype("float64").fillna(np.inf))
    worst = pairs[during].astype({"grade": "int64"}).sort_values(["sample", "grade"], kind="stable")
    worst = worst.drop_duplicates("sample", keep="last")
    grade, place = np.zeros(len(taken), dtype="int64"), np.full(len(taken), -1, dtype="int64")
    grade[worst["sample"]] = np.minimum(worst["grade"], _HIGHEST_GRADE)
    place[worst["sample"]] = worst["term"].map(_PLACES).fillna(_ORGAN).astype("int64")
    return grade, place


def _other_bleeding(rng: Generator, people: pd.DataFrame, taken: pd.DataFrame, counts: Floats) -> Days:
    subject, day = taken["subject"].to_numpy(), taken["day"].to_numpy(dtype="float64")
    bleeds = rng.random(subject.size) < np.interp(counts, _COUNTS, _PROBABILITIES)
    bleeds &= ~in_response(people, subject, day)
    at_screening: Flags = (taken["VISIT"] == "SCREENING").to_numpy()
    enrolled = people["enrolled"].to_numpy(dtype=bool)[subject]
    worst = 1 + (rng.random(len(people)) < _SECOND_GRADE).astype("int64")[subject]
    return np.where(at_screening & enrolled, worst, bleeds.astype("int64"))


def _by_domain(rng: Generator, grade: Days, place: Days) -> list[Days]:
    """Return the grades of skin, mucosae and organs; the worst of them is the WHO grade."""
    somewhere = np.where(rng.random(grade.size) < _MUCOSAL_SHARE, _MUCOSA, _SKIN)
    worst = np.where(place >= 0, place, somewhere)
    skin_too = (rng.random(grade.size) < _SKIN_TOO) & (grade > 0)
    domains = [np.where(worst == domain, grade, 0) for domain in (_SKIN, _MUCOSA, _ORGAN)]
    domains[_SKIN] = np.maximum(domains[_SKIN], skin_too.astype("int64"))
    return domains


# PC: cells in blood around infusion 1.

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
