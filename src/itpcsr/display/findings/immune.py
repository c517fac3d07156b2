"""Findings of the charts of immune function and antibodies."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import format_count, format_number, format_plain, format_signed
from itpcsr.display.findings import counted, few, of
from itpcsr.study import Study

# Findings of the charts of immune function. Intervals are not adjusted for the number of markers.

_NAMED = 3  # markers named on each side; the chart has all
_GROUPS = {"total": "all subjects", "responder": "responders", "nonresponder": "non-responders"}


def _wide(rows: pd.DataFrame, index: str) -> pd.DataFrame:
    return rows.pivot(index=index, columns="statistic", values="value")


def _sides(
    wide: pd.DataFrame, centre: pd.Series, study: Study, up: str, down: str, named: int = _NAMED
) -> str:
    """Return ``higher in 1 (Treg) and lower in 0 of 23 markers``: whose interval leaves out the centre."""
    known = wide.dropna(subset=["ci_low", "ci_high"])
    centre = centre.reindex(known.index)
    sides = {up: known["ci_low"] > centre, down: known["ci_high"] < centre}
    texts = []
    for side, clear in sides.items():
        names = [marker.label for marker in study.markers if clear.get(marker.code, False)]
        shown = f" ({few(names, named)})" if names and named else ""
        texts.append(f"{side} in {format_count(len(names))}{shown}")
    return f"{' and '.join(texts)} of {words.plural(len(known), 'marker')}"


def course_finding(rows: pd.DataFrame, study: Study) -> str:
    """Say for which markers the change at the last visit leaves out no change, over all subjects."""
    own = rows[(rows["analysis"] == "change") & (rows["group"] == "total")]
    known = own.loc[(own["statistic"] == "ci_low") & own["value"].notna(), "visit"]
    if known.empty:
        return "Too few subjects have values at baseline and later for an interval of any change."
    visit = list(known)[-1]
    wide = _wide(own[own["visit"] == visit], "level")
    centre = pd.Series({marker.code: 1.0 if marker.scale == "log" else 0.0 for marker in study.markers})
    return (
        f"Change from baseline to {visit} over all subjects, by intervals that leave out no change and are "
        f"not adjusted for the number of markers: {_sides(wide, centre, study, 'higher', 'lower')}."
    )


def heatmap_finding(rows: pd.DataFrame, study: Study) -> str:
    """Say the largest mean rise and fall of each group, with marker and visit."""
    means = rows[(rows["statistic"] == "mean") & rows["value"].notna()]
    texts = [
        f"{name}: {_extremes(own, 'value', 'level', 'visit', study)}"
        for group, name in _GROUPS.items()
        if len(own := means[means["group"] == group])
    ]
    return f"Largest mean changes, in SD at baseline, {'; '.join(texts)}."


def _extremes(data: pd.DataFrame, value: str, marker: str, visit: str, study: Study) -> str:
    """Return ``0.50 (Treg, Week 4) and −0.61 (IL-4, Week 16)``, the highest and the lowest value."""
    labels = {one.code: one.label for one in study.markers}
    records = data.to_dict("records")
    ends = [
        max(records, key=lambda record: record[value]),
        min(records, key=lambda record: record[value]),
    ]
    return " and ".join(
        f"{format_signed(end[value], 2)} ({labels[end[marker]]}, {end[visit]})"
        for end in ends[: len(records)]
    )


def subjects_finding(records: pd.DataFrame, study: Study) -> str:
    """Say how often a value moved by one SD or more, and the largest moves."""
    data = records[records["AVISIT"] != "Mean"]
    up, down = (data["VALUE"] >= 1).sum(), (data["VALUE"] <= -1).sum()
    return (
        f"Of {words.plural(len(data), 'change')} in {words.plural(data['USUBJID'].nunique(), 'subject')}, "
        f"{format_count(up)} are rises and {format_count(down)} falls of 1 SD or more; the largest are "
        f"{_extremes(data, 'VALUE', 'PARAMCD', 'AVISIT', study)}."
    )


def lags_finding(data: pd.DataFrame) -> str:
    """Say the range of the coefficients and in how many the interval leaves out 0.

    ``data`` has Marker, Lag (weeks), r, low and high, a record per cell.
    """
    cells = data.to_dict("records")
    low, high = min(cells, key=lambda cell: cell["r"]), max(cells, key=lambda cell: cell["r"])
    clear = data[(data["low"] > 0) | (data["high"] < 0)]
    names = f": {few(list(dict.fromkeys(clear['Marker'])), _NAMED)}" if len(clear) else ""
    return (
        f"Correlations within subjects lie from {_cell(low)} to {_cell(high)}; "
        f"{of(len(clear), len(data))} unadjusted intervals leave out 0{names}."
    )


def _cell(cell: words.Record) -> str:
    return f"{format_signed(cell['r'], 2)} ({cell['Marker']}, lag {format_signed(cell['Lag'], 0)})"


def network_finding(lines: pd.DataFrame, pairs: int, least: float) -> str:
    """Say how many pairs are joined, and the strongest; ``lines`` has Pair, r and n, a record per line."""
    strongest = max(lines.to_dict("records"), key=lambda line: abs(line["r"]))
    return (
        f"{of(len(lines), pairs, 'pair')} of measured markers have changes that correlate by "
        f"{format_plain(least)} or more in size; the strongest is "
        f"{strongest['Pair']}, {format_signed(strongest['r'], 2)} "
        f"({words.plural(strongest['n'], 'subject')})."
    )


def panel_finding(rows: pd.DataFrame, platelets: pd.DataFrame, study: Study) -> str:
    """Say for how many markers the mean change, by response, and the correlation leave out 0."""
    zero = pd.Series(0.0, index=[marker.code for marker in study.markers])
    parts = [
        f"mean change of {_GROUPS[group]}, {_sides(_wide(own, 'level'), zero, study, 'up', 'down', 0)}"
        for group in ("responder", "nonresponder")
        if len(own := _estimated(rows[rows["group"] == group]))
    ]
    same = _estimated(platelets[platelets["analysis"] == "same"])
    if len(same):
        text = _sides(_wide(same, "level"), zero, study, "positive", "negative")
        parts.append(f"correlation with platelets, {text}")
    if not parts:
        return "Too few subjects have values for any interval."
    return f"Unadjusted intervals that leave out 0: {'; '.join(parts)}."


def _estimated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, or none of them where no limit of an interval could be estimated."""
    return rows if rows.loc[rows["statistic"] == "ci_low", "value"].notna().any() else rows.iloc[:0]


# Finding of the chart of antibodies by subject.


def antibodies_finding(
    subjects: pd.DataFrame, adab: pd.DataFrame, tests: Sequence[tuple[str, str, str]], unit: str
) -> str:
    """Count what the chart shows of the subjects drawn.

    ``tests`` have code, label and kind (donor or autoantibody). Antibodies against HLA or the donor count
    where induced or boosted, of those evaluable; autoantibodies where positive at baseline, of those tested.
    """
    records = adab[adab["USUBJID"].isin(subjects["USUBJID"])]
    made = _positive(records[records["EVALFL"] == "Y"], "STATUS", ("INDUCED", "BOOSTED"), tests, "donor")
    auto = _positive(records[records["BASEC"] != ""], "BASEC", ("POSITIVE",), tests, "autoantibody")
    size, peaks = len(subjects), subjects["CMAX"].dropna()
    range_ = (
        f", {format_number(peaks.min(), 0)} to {format_number(peaks.max(), 0)} {unit}" if len(peaks) else ""
    )
    parts = [
        f"Induced or boosted: {made}" if made else "",
        f"Positive at baseline: {auto}" if auto else "",
        f"Confirmed response in {of(subjects['RESPONSE'].isin(['CR', 'R']).sum(), size, 'subject')}, "
        f"infusion reactions in {of((subjects['REACTN'] > 0).sum(), size)}, highest concentration known in "
        f"{of(len(peaks), size)}{range_}",
    ]
    return " ".join(f"{part}." for part in parts if part)


def _positive(
    records: pd.DataFrame,
    variable: str,
    values: Sequence[str],
    tests: Sequence[tuple[str, str, str]],
    kind: str,
) -> str:
    found = {code: records.loc[records["PARAMCD"] == code, variable] for code, _, _ in tests}
    return counted(
        (label, found[code].isin(values).sum(), len(found[code])) for code, label, own in tests if own == kind
    )
