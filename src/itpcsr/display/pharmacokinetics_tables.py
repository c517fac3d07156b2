"""Arrange concentrations and pharmacokinetic parameters into tables. Nothing is computed here."""

from __future__ import annotations

import math

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import (
    NOT_ESTIMABLE,
    SUPPRESSED,
    Suppressed,
    format_count,
    format_level,
    format_number,
    format_plain,
    format_statistic,
)
from csrkit.tables.layouts import among, count_row, finish, sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.labels import DECIMALS
from itpcsr.study import Study

BELOW = "BLQ"
_OUTSIDE = {
    "NO SAMPLE": "No sample in the data",
    "NO USABLE SAMPLE": "No sample that can be analysed",
}
_SEXES = {"F": "Not female: samples were planned of women", "M": "Not male: samples were planned of men"}
_NAMES = {"CMAX": "Cmax", "TMAX": "Tmax", "TLST": "Tlast", "LAMZHL": "Half-life"}
_GEOMETRIC = ("Geometric mean (CV%)", ("geometric_mean", "gcv"))
_SPREAD = (("Median", ("median",)), ("Min, max", ("min", "max")))
_LINES = {
    "CMAX": (("n", ("n",)), _GEOMETRIC),
    "AUC0_": (("n", ("n",)), _GEOMETRIC),
    "LAMZHL": (("n", ("n",)),),
}
_TIMES_NOTE = "Times count from the start of infusion 1."
_METHODS = {
    "linear": "the linear trapezoidal rule",
    "linear-up log-down": "the trapezoidal rule, linear where values rise and logarithmic where they fall",
    "linear-log": "the trapezoidal rule, linear up to the maximum and logarithmic after it",
}
_BELOW_RULES = {"zero": "0", "half": "half the limit", "limit": "the limit", "missing": "missing"}
_HEADS = ("Quantified", "Cmax", "Tmax", "Tlast", "AUC", "Half-life", "Points", "R²")


def parameter_name(code: str) -> str:
    """Return the name of a parameter as it is printed: ``Cmax``, ``AUC 0–24 h``."""
    return _NAMES.get(code) or f"AUC 0–{code.partition('_')[2]} h"


@sentence_if_absent
def table_pk_set(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the number of subjects in the pharmacokinetic set, and outside it by reason."""
    columns, lookup = study.design.columns, Lookup(rows)
    names = {"SEX NOT SAMPLED": _SEXES.get(study.sampling.concentration_sex, "")} | _OUTSIDE
    body = [
        count_row(lookup, "In the pharmacokinetic set", columns, "in_set", ""),
        Row("Outside, by reason"),
        *(count_row(lookup, label, columns, "outside", level, 1) for level, label in names.items() if label),
    ]
    notes = [
        "n (%) of the subjects treated. In the set: treated, of the sex that the study samples, with at "
        "least one sample after the start of infusion 1 that can be analysed."
    ]
    return finish("Pharmacokinetic set", lookup, columns, body, notes)


@sentence_if_absent
def table_pk_samples(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the concentrations by nominal time: below the limit n/N (%), median and maximum."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    for visit in lookup.visits("below"):
        cells = [
            (among(lookup, "below", column.key, "", visit), _middle(rows, lookup, column.key, visit))
            for column in columns
        ]
        body.append(Row(visit))
        body.append(Row("Below the limit, n/N (%)", tuple(cell[0] for cell in cells), 1))
        body.append(Row("Median (max)", tuple(cell[1] for cell in cells), 1))
    unit = words.unit(str(rows.loc[rows["analysis"] == "concentration", "unit"].iloc[0]))
    notes = [
        f"Concentrations in {unit}. N: samples that can be analysed. Nominal time: before the start or after "
        "the end of infusion 1.",
        f"{BELOW}: below the limit of quantification, {_limit(lookup, unit)}. A median is {BELOW} where at "
        "least half of the samples are; such a value counts as smaller than every quantified one.",
    ]
    return finish("Nominal time", lookup, columns, body, notes)


def _limit(lookup: Lookup, unit: str) -> str:
    low, high = (lookup.value("limit", "", name) for name in ("min", "max"))
    if math.isnan(low):
        return "which isn't recorded"
    text = format_plain(low) if low == high else f"{format_plain(low)} to {format_plain(high)}"
    return f"{text} {unit}"


def _middle(rows: pd.DataFrame, lookup: Lookup, group: str, visit: str) -> str:
    """Return ``median (max)``, or BLQ for what is below the limit."""
    if lookup.value("below", group, "N", "", visit) == 0:
        return "–"
    # BLQ, and a number in its place, tell of how many the concentration lay below the limit
    if isinstance(lookup.value("below", group, "n", "", visit), Suppressed):
        return SUPPRESSED
    place = (rows["analysis"] == "concentration") & (rows["visit"] == visit) & (rows["group"] == group)
    found = rows[place].set_index("statistic")["value"]
    # a maximum that was suppressed isn't one below the limit
    if not math.isnan(found["max"]) and math.isnan(lookup.peek("concentration", group, "max", visit=visit)):
        return SUPPRESSED
    texts = [
        BELOW if math.isnan(found[name]) else format_statistic(name, found[name], 0)
        for name in ("median", "max")
    ]
    return BELOW if texts == [BELOW, BELOW] else f"{texts[0]} ({texts[1]})"


@sentence_if_absent
def table_pk_parameters(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the parameters: number, geometric mean with CV where it makes sense, median and range."""
    columns, lookup = study.design.columns, Lookup(rows)
    body: list[Row] = []
    codes = [str(name) for name in dict.fromkeys(rows["analysis"]) if name not in ("size", "missing")]
    for code in codes:
        unit = rows.loc[(rows["analysis"] == code) & (rows["statistic"] == "median"), "unit"].iloc[0]
        body.append(Row(f"{parameter_name(code)}, {area_unit(str(unit))}"))
        lines = _LINES.get("AUC0_" if code.startswith("AUC0_") else code, ())
        for label, names in (*lines, *_SPREAD):
            cells = tuple(_joined(lookup, code, column.key, names) for column in columns)
            body.append(Row(label, cells, 1))
    return finish("Parameter", lookup, columns, body, [*_parameter_notes(study), *_missing(rows, study)])


def area_unit(text: str) -> str:
    """Return a unit as it is printed, with a point for the product: ``h·cells/mL``."""
    return words.unit(text).replace("*", "·")


def _joined(lookup: Lookup, code: str, group: str, names: tuple[str, ...]) -> str:
    decimals = DECIMALS.get(code, 0)
    values = [lookup.value(code, group, name) for name in names]
    texts = [format_statistic(name, value, decimals) for name, value in zip(names, values, strict=True)]
    if len(texts) == 1 or texts[0] == NOT_ESTIMABLE:
        return texts[0]
    return ", ".join(texts) if names == ("min", "max") else f"{texts[0]} ({texts[1]})"


def _parameter_notes(study: Study) -> list[str]:
    rules = study.pharmacokinetics
    below = [_BELOW_RULES[rule] for rule in (rules.blq_before, rules.blq_between, rules.blq_after)]
    return [
        f"{_TIMES_NOTE} AUC: by {_METHODS[rules.area_method]}, from {rules.area_points} quantified "
        f"concentrations on. Values below the limit of quantification are {below[0]} before the first "
        f"quantified one, {below[1]} between and {below[2]} after the last.",
        "Half-life: where the terminal slope, over at least 3 points after Cmax, has an adjusted R² of at "
        f"least {format_plain(rules.terminal_fit)}. CV%: geometric coefficient of variation.",
    ]


def _missing(rows: pd.DataFrame, study: Study) -> list[str]:
    """Return a sentence on the subjects of the last column without a value, by parameter and reason."""
    last = study.design.columns[-1].key
    lookup = Lookup(rows)
    lost = rows[(rows["analysis"] == "missing") & (rows["group"] == last) & (rows["value"] > 0)]
    texts = []
    for level, statistic in zip(lost["level"], lost["statistic"], strict=True):
        code, _, reason = str(level).partition(" | ")
        number = lookup.value("missing", last, statistic, level)
        texts.append(f"{parameter_name(code)}: {reason} ({words.plural(number, 'subject')})")
    return [f"No value in all subjects together: {'; '.join(texts)}."] if texts else []


@sentence_if_absent
def table_pk_proportionality(rows: pd.DataFrame, confidence: float) -> Table:
    """Arrange the power model: slope and factor at twice the dose with intervals, a row per parameter."""
    lookup = Lookup(rows)
    body = []
    for code in dict.fromkeys(rows["analysis"]):
        counts = [format_count(lookup.value(code, "", name)) for name in ("n", "doses")]
        intervals = [_interval(lookup, str(code), name) for name in ("slope", "doubling")]
        body.append(Row(parameter_name(str(code)), (*counts, *intervals)))
    level = format_level(confidence)
    heads = ("Subjects", "Doses", f"Slope ({level}% CI)", f"Factor at twice the dose ({level}% CI)")
    notes = (
        "Power model: the natural logarithm of the parameter on that of the dose, by least squares over all "
        "subjects with a value; the interval by Student's t. In proportion to the dose the slope is 1 and "
        "the factor 2.",
        *lookup.notes(),
    )
    return Table("Parameter", tuple(map(Header, heads)), tuple(body), notes)


def _interval(lookup: Lookup, code: str, name: str) -> str:
    names = (name, f"{name}_low", f"{name}_high")
    texts = [format_statistic(key, lookup.value(code, "", key), 0) for key in names]
    return texts[0] if texts[0] == NOT_ESTIMABLE else f"{texts[0]} ({texts[1]} to {texts[2]})"


@sentence_if_absent
def table_pk_individual(rows: pd.DataFrame) -> Table:
    """Arrange the parameters of each subject, under the dose given."""
    lookup = Lookup(rows)
    dose = rows[rows["analysis"] == "dose"].sort_values(["value", "group"])
    codes = [str(name) for name in dict.fromkeys(rows["analysis"]) if name != "dose"]
    body: list[Row] = []
    for amount, part in dose.groupby("value", sort=True, dropna=False):
        text = _dose(float(str(amount)), str(part["unit"].iloc[0]))
        body.append(Row(text or "Dose not recorded"))
        for subject in part["group"]:
            values = {code: lookup.value(code, str(subject), "value") for code in codes}
            body.append(Row(str(subject), _individual(values), 1))
    units = dict(zip(rows["analysis"], rows["unit"], strict=True))
    area = next(code for code in codes if code.startswith("AUC0_"))
    heads = list(_HEADS)
    heads[_HEADS.index("AUC")] = parameter_name(area)
    notes = (
        "Quantified: number of concentrations above the limit of quantification. Cmax in "
        f"{area_unit(units['CMAX'])}, AUC in {area_unit(units[area])}, times in hours. {_TIMES_NOTE} "
        "Points, R²: of the terminal slope, adjusted.",
        *lookup.notes(),
    )
    return Table("Dose, subject", tuple(map(Header, heads)), tuple(body), notes)


def _dose(amount: float, unit: str) -> str:
    """Return a dose with at least one decimal and its unit, "" where it isn't recorded."""
    if math.isnan(amount):
        return ""
    text = format_plain(amount)
    return words.amount(text if "." in text else f"{text}.0", unit)


def _individual(values: dict[str, float]) -> tuple[str, ...]:
    area = next(code for code in values if code.startswith("AUC0_"))
    decimals = {
        "NQUANT": 0, "CMAX": 0, "TMAX": 2, "TLST": 2, area: 0, "LAMZHL": 1, "LAMZNPT": 0, "R2ADJ": 2,
    }  # fmt: skip
    return tuple(format_number(values[code], digits) for code, digits in decimals.items())


@sentence_if_absent
def list_concentrations(rows: pd.DataFrame, adpc: pd.DataFrame) -> Table:
    """List every sample by subject: nominal and actual time, concentration, and whether it is analysed."""
    body: list[Row] = []
    for subject, part in adpc.sort_values(["USUBJID", "ADTM", "PCSEQ"]).groupby("USUBJID", sort=True):
        dose = _dose(float(part["DOSE1"].iloc[0]), str(part["DOSE1U"].iloc[0]))
        body.append(Row(": ".join(text for text in (str(subject), dose) if text)))
        body += [_listed(record) for record in part.to_dict("records")]
    unit = words.unit(str(adpc["AVALU"].iloc[0]))
    heads = ("Date, time", "From start", "From end", "Off", "Result", "Analysed")
    notes = (
        "Nominal time: before the start or after the end of infusion 1. From start, from end: actual hours "
        "since the start and the end of infusion 1. Off: actual less nominal time, minutes. "
        f"Result in {unit}; <: below the limit of quantification. –: not recorded.",
    )
    return Table("Subject, nominal time", tuple(map(Header, heads)), tuple(body), notes)


def _listed(record: words.Record) -> Row:
    nominal, moment = float(record["ATPTN"]), record["ADTM"]
    if math.isnan(nominal):
        label = words.capitalize(words.clean(str(record["ATPT"])).lower()) or "Not named"
    else:
        label = f"{format_plain(abs(nominal))} h {'before' if nominal < 0 else 'after'}"
    cells = (
        "–" if pd.isna(moment) else f"{moment:%Y-%m-%d %H:%M}",
        _or_dash(record["AFRLT"], 2),
        _or_dash(record["AERLT"], 2),
        _or_dash(60 * record["TDEV"], 0),
        f"<{format_plain(record['ALLOQ'])}" if record["BLQFL"] == "Y" else _or_dash(record["AVAL"], 0),
        "Yes" if record["ANL01FL"] == "Y" else f"No: {record['ANL01RS']}",
    )
    return Row(label, cells, 1)


def _or_dash(value: float, decimals: int) -> str:
    return "–" if math.isnan(value) else format_number(value, decimals)
