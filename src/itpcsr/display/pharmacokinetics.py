"""What tables of concentrations and parameters say, and the listings by subject. Nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import (
    SUPPRESSED,
    Suppressed,
    format_number,
    format_plain,
    format_statistic,
)
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.study import Study

BELOW = "BLQ"
_NAMES = {"CMAX": "Cmax", "TMAX": "Tmax", "TLST": "Tlast", "LAMZHL": "Half-life"}
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


def median_or_below(rows: pd.DataFrame, visit: str) -> Callable[[Lookup, str], str]:
    """Return the cells ``median (max)`` of one nominal time, with BLQ for what is below the limit."""
    chosen = rows[(rows["analysis"] == "concentration") & (rows["visit"] == visit)]
    found = {group: part.set_index("statistic")["value"] for group, part in chosen.groupby("group")}
    return lambda lookup, group: _middle(found[group], lookup, group, visit)


def _middle(found: pd.Series, lookup: Lookup, group: str, visit: str) -> str:
    if lookup.value("below", group, "N", "", visit) == 0:
        return "–"
    # BLQ, and a number in its place, tell of how many the concentration lay below the limit
    if isinstance(lookup.value("below", group, "n", "", visit), Suppressed):
        return SUPPRESSED
    # a maximum that was suppressed isn't one below the limit
    if not math.isnan(found["max"]) and math.isnan(lookup.peek("concentration", group, "max", visit=visit)):
        return SUPPRESSED
    texts = [
        BELOW if math.isnan(found[name]) else format_statistic(name, found[name], 0)
        for name in ("median", "max")
    ]
    return BELOW if texts == [BELOW, BELOW] else f"{texts[0]} ({texts[1]})"


def sample_notes(rows: pd.DataFrame) -> list[str]:
    """Return the notes on units and on the limit of quantification; none for a display without data."""
    if absence(rows):
        return []
    unit = words.unit(str(rows.loc[rows["analysis"] == "concentration", "unit"].iloc[0]))
    return [
        f"Concentrations in {unit}. N: samples that can be analysed. Nominal time: before the start or after "
        "the end of infusion 1.",
        f"{BELOW}: below the limit of quantification, {_limit(Lookup(rows), unit)}. A median is {BELOW} "
        "where at least half of the samples are; such a value counts as smaller than every quantified one.",
    ]


def _limit(lookup: Lookup, unit: str) -> str:
    low, high = (lookup.value("limit", "", name) for name in ("min", "max"))
    if math.isnan(low):
        return "which is not recorded"
    text = format_plain(low) if low == high else f"{format_plain(low)} to {format_plain(high)}"
    return f"{text} {unit}"


def product_unit(text: str) -> str:
    """Return a unit as it is printed, with a point for the product: ``h·cells/mL``."""
    return words.unit(text).replace("*", "·")


def parameter_notes(rows: pd.DataFrame, study: Study) -> list[str]:
    """Return the notes on rules, and how many subjects have no value and why; none without data."""
    if absence(rows):
        return []
    rules = study.pharmacokinetics
    below = [_BELOW_RULES[rule] for rule in (rules.blq_before, rules.blq_between, rules.blq_after)]
    return [
        f"{_TIMES_NOTE} AUC: by {_METHODS[rules.area_method]}, from {rules.area_points} quantified "
        f"concentrations on. Values below the limit of quantification are {below[0]} before the first "
        f"quantified one, {below[1]} between and {below[2]} after the last.",
        "Half-life: where the terminal slope, over at least 3 points after Cmax, has an adjusted R² of at "
        f"least {format_plain(rules.terminal_fit)}. CV%: geometric coefficient of variation.",
        *_missing(rows, study),
    ]


def _missing(rows: pd.DataFrame, study: Study) -> list[str]:
    """Return a sentence on the subjects of the last column without a value, by parameter and reason."""
    last = study.design.columns[-1].key
    lookup = Lookup(rows)
    lost = rows[(rows["analysis"] == "missing") & (rows["group"] == last) & (rows["value"] > 0)]
    texts = []
    for code, reason, statistic in lost[["category", "level", "statistic"]].itertuples(index=False):
        number = lookup.value("missing", last, statistic, (code, reason))
        texts.append(f"{parameter_name(code)}: {reason} ({words.plural(number, 'subject')})")
    return [f"No value in all subjects together: {'; '.join(texts)}."] if texts else []


@sentence_if_absent
def list_parameters(rows: pd.DataFrame) -> Table:
    """List the parameters of each subject, under the dose given."""
    lookup = Lookup(rows)
    dose = rows[rows["analysis"] == "dose"].sort_values(["value", "group"])
    codes = [str(name).upper() for name in dict.fromkeys(rows["analysis"]) if name != "dose"]
    body: list[Row] = []
    for amount, part in dose.groupby("value", sort=True, dropna=False):
        text = _dose(float(str(amount)), str(part["unit"].iloc[0]))
        body.append(Row(text or "Dose not recorded"))
        for subject in part["group"]:
            values = {code: lookup.value(code.lower(), str(subject), "value") for code in codes}
            body.append(Row(str(subject), _individual(values), 1))
    units = dict(zip(rows["analysis"].str.upper(), rows["unit"], strict=True))
    area = next(code for code in codes if code.startswith("AUC0_"))
    heads = list(_HEADS)
    heads[_HEADS.index("AUC")] = parameter_name(area)
    notes = (
        "Quantified: number of concentrations above the limit of quantification. Cmax in "
        f"{product_unit(units['CMAX'])}, AUC in {product_unit(units[area])}, times in hours. {_TIMES_NOTE} "
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
