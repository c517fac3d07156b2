"""Arrange antibodies into tables and a listing. Nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from itpcsr.display import words
from itpcsr.display.formats import (
    NOT_ESTIMABLE,
    format_count,
    format_interval,
    format_level,
    format_number,
    format_p,
    format_plain,
)
from itpcsr.display.laboratory_tables import among, joined
from itpcsr.display.lookup import Lookup
from itpcsr.display.rows import EXACT_NOTE, finish, interval_row, sentence_if_absent
from itpcsr.display.table import Header, Row, Table
from itpcsr.results import absence
from itpcsr.study import AntibodyTest, Column, Study

_ANY, _ANY_LABEL = "ANY", "Any against HLA or donor"
_STATUS_ROWS = {
    "baseline": "Positive at baseline",
    "induced": "Treatment-induced",
    "boosted": "Treatment-boosted",
    "unknown": "Positive before and after, rise not known",
    "unchanged": "Positive at baseline, not boosted",
    "cleared": "of these negative in the last sample",
    "negative": "Negative throughout",
}
_RARE = ("unknown", "cleared")  # rows that are shown only where somebody is in them
_PERSISTENCE = {"PERSISTENT": "persistent", "TRANSIENT": "transient", "NOT ASSESSABLE": "not assessable"}
_COMPARISONS = {
    "emergent": "Against HLA or donor: induced or boosted (with), neither (without)",
    "positive": "Against HLA or donor: positive in any sample (with), in none (without)",
    "autoantibody": "Platelet autoantibody at baseline: any (with), none (without)",
}
_OUTCOMES = {
    "response": "Response (CR or R), n/N (%)",
    "teae": "Any treatment-emergent adverse event, n/N (%)",
    "serious": "Any serious treatment-emergent event, n/N (%)",
    "reaction": "Any infusion reaction, n/N (%)",
}
_RESULTS = {"POSITIVE": "pos.", "NEGATIVE": "neg.", "": "no result"}


def antibody_labels(study: Study) -> dict[str, str]:
    """Return PARAMCD to the name of the antibody, ANY included."""
    return {_ANY: _ANY_LABEL, **{test.code: test.label for test in study.antibody.antibody_tests}}


@sentence_if_absent
def table_antibody_status(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange how many subjects had, got or kept each antibody; incidence and prevalence with intervals."""
    columns, lookup, labels = study.design.columns, Lookup(rows), antibody_labels(study)
    body: list[Row] = []
    for level in lookup.levels("evaluable"):
        body.append(Row(labels[level]))
        for analysis, label in (("planned", "Samples planned, n"), ("evaluable", "Evaluable, n")):
            cells = tuple(lookup.text(analysis, column.key, "n", level) for column in columns)
            body.append(Row(label, cells, 1))
        body += _status_rows(lookup, columns, level)
        for analysis, label in (
            ("incidence", "Incidence: induced or boosted"),
            ("prevalence", "Prevalence: positive in any sample"),
        ):
            body.append(_among_row(lookup, label, columns, analysis, level, 1))
            body.append(interval_row(lookup, columns, analysis, level, confidence, 2))
        if _has_course(lookup, columns):
            body += _course_rows(lookup, columns, level)
    body += _outside_rows(lookup, columns)
    return finish("Antibody", lookup, columns, body, _status_notes(lookup, study, confidence))


def _among_row(
    lookup: Lookup, label: str, columns: Sequence[Column], analysis: str, level: str, indent: int
) -> Row:
    return Row(label, tuple(among(lookup, analysis, column.key, level) for column in columns), indent)


def _status_rows(lookup: Lookup, columns: Sequence[Column], level: str) -> list[Row]:
    last = columns[-1].key
    body = []
    for analysis, label in _STATUS_ROWS.items():
        if analysis in _RARE and not lookup.peek(analysis, last, "n", level) > 0:
            continue
        body.append(_among_row(lookup, label, columns, analysis, level, 2 if analysis == "cleared" else 1))
        if analysis == "induced" and _persistence_known(lookup, last, level):
            body += [
                _among_row(lookup, label, columns, "persistence", f"{level} | {kind}", 2)
                for kind, label in _PERSISTENCE.items()
            ]
    return body


def _has_course(lookup: Lookup, columns: Sequence[Column]) -> bool:
    """Tell whether anyone has more than one sample after treatment began."""
    return lookup.peek("later_samples", columns[-1].key, "max", _ANY) > 1


def _course_rows(lookup: Lookup, columns: Sequence[Column], level: str) -> list[Row]:
    return [
        Row(
            f"{label}, weeks, median (min, max)",
            tuple(
                joined(lookup, analysis, column.key, ("median", "min", "max"), level, "", 1)
                for column in columns
            ),
            1,
        )
        for analysis, label in (("onset", "Onset after the first dose"), ("duration", "Duration"))
    ]


def _persistence_known(lookup: Lookup, group: str, level: str) -> bool:
    return any(
        lookup.peek("persistence", group, "n", f"{level} | {kind}") > 0
        for kind in ("PERSISTENT", "TRANSIENT")
    )


def _outside_rows(lookup: Lookup, columns: Sequence[Column]) -> list[Row]:
    reasons = lookup.levels("outside")
    if not reasons:
        return []
    body = [Row("Not evaluable for any of these antibodies, n")]
    for reason in reasons:
        cells = tuple(lookup.text("outside", column.key, "n", reason) for column in columns)
        body.append(Row(words.capitalize(reason), cells, 1))
    return body


def _status_notes(lookup: Lookup, study: Study, confidence: float) -> list[str]:
    rules = study.antibody
    notes = [
        "n/N (%): N is the number of evaluable subjects, with a result before and one after treatment began; "
        "of prevalence, that of subjects with any result. Induced: negative at baseline, positive later. "
        f"Boosted: positive at baseline, and a titre later at least {format_plain(rules.boost_factor)} times "
        "as high. In the first section a subject with any induced antibody counts as induced, whatever "
        "others were there before; donor-specific antibodies are found among those of the classes, too.",
        EXACT_NOTE.format(level=format_level(confidence)),
    ]
    if not _has_course(lookup, study.design.columns):
        notes.append(
            "One sample after treatment began can't show whether an induced antibody is transient or "
            f"persistent (over {rules.persistence_weeks} weeks): persistence is not assessable here. A "
            "sample taken soon after the last infusion can also miss an antibody that comes later."
        )
    return notes


@sentence_if_absent
def table_antibody_titres(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange titres of positive samples before and after, and the rise in those with both."""
    columns, lookup, labels = study.design.columns, Lookup(rows), antibody_labels(study)
    body: list[Row] = []
    for level in lookup.levels("titre"):
        body.append(Row(labels[level]))
        for visit in lookup.visits("titre"):
            body += _titre_rows(lookup, columns, "titre", level, visit, visit)
        body += _titre_rows(lookup, columns, "rise", level, "", "Rise, second over first")
    notes = [
        "Titres of evaluable subjects with a positive sample, as the dilution: 40 for 1:40. One below the "
        "lowest dilution (<) or above the highest (>) counts as that dilution; such titres: "
        f"{_count_censored(rows, study)}. Geometric mean from 3 values on."
    ]
    return finish("Antibody", lookup, columns, body, notes)


def _titre_rows(
    lookup: Lookup, columns: Sequence[Column], analysis: str, level: str, visit: str, label: str
) -> list[Row]:
    """Return n and median; the geometric mean only where all subjects together have one."""
    lines = {f"{label}, n": ("n",), "Median (min, max)": ("median", "min", "max")}
    if not math.isnan(lookup.peek(analysis, columns[-1].key, "geometric_mean", level, visit)):
        lines["Geometric mean"] = ("geometric_mean",)
    decimals = 0 if analysis == "titre" else 1
    return [
        Row(
            name,
            tuple(
                joined(lookup, analysis, column.key, statistics, level, visit, decimals) for column in columns
            ),
            1 if statistics == ("n",) else 2,
        )
        for name, statistics in lines.items()
    ]


def _count_censored(rows: pd.DataFrame, study: Study) -> str:
    own = rows[(rows["statistic"] == "censored") & (rows["group"] == study.design.columns[-1].key)]
    return format_count(own["value"].sum()) if own["value"].sum() else "none"


@sentence_if_absent
def table_antibody_paired(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the last sample against baseline with the exact test, one row per antibody."""
    lookup, labels = Lookup(rows), antibody_labels(study)
    key = study.design.columns[-1].key
    counts = ("pairs", "neither", "gained", "lost", "both")
    body = []
    for level in lookup.levels("change"):
        numbers = [format_count(lookup.value("change", key, name, level)) for name in counts]
        tests = [format_p(lookup.value("change", key, name, level)) for name in ("p_value", "mid_p")]
        body.append(Row(labels[level], (*numbers, *tests)))
    spanner = "Positive at baseline, in the last sample"
    headers = (
        Header("Subjects"),
        *(Header(name, spanner=spanner) for name in ("In neither", "Last only", "Baseline only", "In both")),
        *(Header(name, spanner="McNemar's test") for name in ("Exact p", "Mid-p")),
    )
    notes = (
        "Subjects: those with a result at baseline and later. McNemar's exact conditional test and mid-p, "
        "two-sided, exploratory and not adjusted for multiplicity; all treated subjects together.",
        *lookup.notes(),
    )
    return Table("Antibody", headers, tuple(body), notes)


@sentence_if_absent
def table_autoantibodies(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange positive autoantibodies by visit with the ratio, and who lost or gained one."""
    columns, lookup, labels = study.design.columns, Lookup(rows), antibody_labels(study)
    body: list[Row] = []
    for level in lookup.levels("positive"):
        body.append(Row(labels[level]))
        for visit in lookup.visits("positive"):
            cells = tuple(among(lookup, "positive", column.key, level, visit) for column in columns)
            body.append(Row(f"{visit}: positive", cells, 1))
            body += [
                _ratio_row(lookup, columns, level, visit, names) for names in (("median",), ("min", "max"))
            ]
        for analysis, label in (
            ("lost", "Positive at baseline, negative in the last sample"),
            ("gained", "Negative at baseline, later positive"),
        ):
            body.append(_among_row(lookup, label, columns, analysis, level, 1))
            body.append(interval_row(lookup, columns, analysis, level, confidence, 2))
    notes = [
        "n/N (%): N is the number of subjects with a result then; of changes, those with one at baseline "
        "and later. Ratio: signal to cut-off, positive from 1 on.",
        EXACT_NOTE.format(level=format_level(confidence)),
    ]
    return finish("Autoantibody, visit", lookup, columns, body, notes)


def _ratio_row(
    lookup: Lookup, columns: Sequence[Column], level: str, visit: str, names: tuple[str, ...]
) -> Row:
    cells = []
    for column in columns:
        texts = [joined(lookup, "ratio", column.key, (name,), level, visit, 2) for name in names]
        cells.append(NOT_ESTIMABLE if NOT_ESTIMABLE in texts else ", ".join(texts))
    return Row(f"Ratio, {', '.join(names)}", tuple(cells), 2)


@sentence_if_absent
def table_antibody_relation(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange response, adverse events and exposure of subjects with and without antibodies."""
    lookup = Lookup(rows)
    unit = words.unit(study.sampling.concentration_unit)
    body: list[Row] = []
    for comparison in lookup.levels("cmax"):
        body.append(Row(_COMPARISONS[comparison]))
        for outcome, label in _OUTCOMES.items():
            body += _relation_rows(lookup, outcome, label, comparison, confidence)
        cells = [_peak(lookup, comparison, group) for group in ("with", "without")]
        p = format_p(lookup.value("cmax", "", "p_value", comparison))
        body.append(Row(f"Cmax, {unit}: n; median (min, max)", (*cells, p), 1))
    headers = (Header("With antibody"), Header("Without"), Header("Exact p"))
    notes = (
        "Fisher's exact test; for Cmax, the highest quantified concentration after infusion 1, the exact "
        "rank-sum test. Two-sided, descriptive, not adjusted for multiplicity nor for dose; groups weren't "
        "formed at random, so a difference is no effect of the antibody.",
        EXACT_NOTE.format(level=format_level(confidence)),
        *lookup.notes(),
    )
    return Table("Antibodies, outcome", headers, tuple(body), notes)


def _relation_rows(lookup: Lookup, outcome: str, label: str, comparison: str, confidence: float) -> list[Row]:
    groups = ("with", "without")
    cells = [among(lookup, outcome, group, comparison) for group in groups]
    limits = [
        format_interval(
            lookup.value(outcome, group, "ci_low", comparison),
            lookup.value(outcome, group, "ci_high", comparison),
        )
        for group in groups
    ]
    p = format_p(lookup.value(outcome, "", "p_value", comparison))
    return [Row(label, (*cells, p), 1), Row(f"{format_level(confidence)}% CI", (*limits, ""), 2)]


def _peak(lookup: Lookup, comparison: str, group: str) -> str:
    n = format_count(lookup.value("cmax", group, "n", comparison))
    text = joined(lookup, "cmax", group, ("median", "min", "max"), comparison, "", 0)
    return n if text == NOT_ESTIMABLE else f"{n}; {text}"


def list_antibodies(rows: pd.DataFrame, adis: pd.DataFrame, adab: pd.DataFrame, study: Study) -> Table:
    """List every result of each subject: one row per sample, one column per antibody.

    ``rows`` are those of the status table and of the autoantibodies; where both are absent, so is the
    listing. A last row of each subject says what became of the antibodies against HLA or the donor.
    """
    sentences = [absence(part) for _, part in rows.groupby("display", sort=False)]
    if all(sentences):
        return Table("", absent=sentences[0])
    tests = [test for test in study.antibody.antibody_tests if test.code in set(adis["PARAMCD"])]
    body: list[Row] = []
    for subject, part in adis.groupby("USUBJID", sort=True):
        body.append(Row(str(subject)))
        for _, sample in part.groupby(["ADTM", "VISIT", "ATPT"], sort=True):
            results = {record["PARAMCD"]: _result(record) for record in sample.to_dict("records")}
            cells = tuple(results.get(test.code, "–") for test in tests)
            body.append(Row(_sample_name(sample.iloc[0]), cells, 1))
        body.append(Row("Conclusion", _conclusions(adab[adab["USUBJID"] == subject], tests), 1))
    spanners = {"donor": "Against HLA or donor", "autoantibody": "Platelet autoantibodies"}
    headers = tuple(Header(test.label, spanner=spanners[test.kind]) for test in tests)
    notes = (
        "Day: study day of the sample. pos., neg.: positive, negative, with the titre of a positive sample, "
        "or an autoantibody's ratio of signal to cut-off. –: not tested in this sample. Conclusion, of an "
        "autoantibody: its result at baseline and in the last sample. Subjects without sample aren't listed.",
    )
    return Table("Subject, sample", headers, tuple(body), notes)


def _sample_name(sample: pd.Series) -> str:
    day = "Day not known" if math.isnan(sample["ADY"]) else words.study_day(float(sample["ADY"]))
    point = words.clean(str(sample["ATPT"] or sample["VISIT"])).lower()
    return f"{day}, {point}" if point and point != day.lower() else day


def _result(record: words.Record) -> str:
    word, value = _RESULTS[str(record["AVALC"])], float(record["AVAL"])
    if math.isnan(value) or not record["AVALC"]:
        return word
    if record["PARCAT1"] == "donor":
        return f"{word} {record['AVALSGN']}1:{format_plain(value)}"
    return f"{word} {format_number(value, 2)}"


def _conclusions(records: pd.DataFrame, tests: Sequence[AntibodyTest]) -> tuple[str, ...]:
    found = {record["PARAMCD"]: record for record in records.to_dict("records")}
    return tuple(conclude(found[test.code]) for test in tests)


def conclude(record: words.Record) -> str:
    """Return what became of one antibody in one subject: ``induced``; why it can't be told; – untested.

    Negative: in every sample; positive, of an autoantibody: at baseline and in the last sample.
    """
    if record["TESTFL"] != "Y":
        return "–"
    if record["EVALFL"] != "Y":
        return "no baseline" if record["BASEC"] == "" else "no later result"
    if record["PARCAT1"] != "donor":
        changes = {("POSITIVE", "NEGATIVE"): "lost", ("NEGATIVE", "POSITIVE"): "gained"}
        same = str(record["LASTC"]).lower()
        return changes.get((str(record["BASEC"]), str(record["LASTC"])), same)
    return {
        "INDUCED": "induced",
        "BOOSTED": "boosted",
        "UNKNOWN": "positive, rise not known",
        "UNCHANGED": "not boosted",
        "NEGATIVE": "negative",
    }[str(record["STATUS"])]
