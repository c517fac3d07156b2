"""List each subject's response: the counts that made it, and when it was lost; else why there is none."""

from __future__ import annotations

import math

import pandas as pd

from csrkit.tables.formats import format_count, format_limit, format_number, format_plain
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.table import Header, Row, Table
from csrkit.tables.words import Record, capitalize
from itpcsr.study import Study

_RATIO = "Highest ratio to baseline"
_HEADS = (
    "Baseline, 10⁹/L", "Best response", "First count: day, 10⁹/L", "Confirmed by: day, 10⁹/L",
    "Complete from, day", "Lost, day", "Last count, day", _RATIO, "Why no response",
)  # fmt: skip


@sentence_if_absent
def list_responses(rows: pd.DataFrame, adsl: pd.DataFrame, adrs: pd.DataFrame, study: Study) -> Table:
    """List the best response of each subject of the full analysis set, arm by arm.

    ``rows`` are those of the display; ``adrs`` has the records CBOR and BESTRAT.
    """
    best = adrs[adrs["PARAMCD"] == "CBOR"].merge(adsl[["USUBJID", "ARMCD"]], on="USUBJID")
    ratios = adrs[adrs["PARAMCD"] == "BESTRAT"].set_index("USUBJID")["AVAL"]
    best["RATIO"] = best["USUBJID"].map(ratios).astype("float64")
    body: list[Row] = []
    for arm in study.design.arms:
        of_arm = best[best["ARMCD"] == arm.code].sort_values("USUBJID")
        if len(of_arm):
            body.append(Row(arm.label))
            body += [Row(str(record["USUBJID"]), _cells(record), 1) for record in of_arm.to_dict("records")]
    notes = (
        "CR: complete response; R: response; NR: no response; NE: not evaluable. Days count from the first "
        "infusion (Day 1). A dash: none. Ratio: of the counts before rescue therapy.",
        "Lost: first of the counts that end the response, or the first day of rescue therapy.",
    )
    return Table("Subject", tuple(Header(head) for head in _HEADS), tuple(body), notes)


def response_facts(record: Record) -> list[tuple[str, str]]:
    """Return what is listed of a subject's best response (PARAMCD CBOR) as pairs of name and text."""
    pairs = zip(_HEADS, _cells({**record, "RATIO": math.nan}), strict=True)
    return [(name, text) for name, text in pairs if name != _RATIO]


def _cells(record: Record) -> tuple[str, ...]:
    return (
        format_limit(str(record.get("BASEC", ""))) or _plain(record["BASE"]),
        str(record["AVALC"]),
        _count(record["ADY"], record["PLAT"], record.get("PLATC", "")),
        _count(record["CNFDY"], record["CNFPLAT"], record.get("CNFPLATC", "")),
        _day(record["CRDY"]),
        _day(record["LOSDY"]),
        _day(record["LASTDY"]),
        "–" if math.isnan(record["RATIO"]) else format_number(record["RATIO"], 1),
        capitalize(str(record["REASON"])) or "–",
    )


def _plain(value: float) -> str:
    return "–" if math.isnan(value) else format_plain(value)


def _day(value: float) -> str:
    return "–" if math.isnan(value) else format_count(value)


def _count(day: float, value: float, limit: object) -> str:
    shown = format_limit(limit if isinstance(limit, str) else "") or _plain(value)
    return "–" if math.isnan(day) else f"{format_count(day)}: {shown}"
