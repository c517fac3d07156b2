"""Antibodies: words, notes, listings and charts by subject."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.charts.theme import PALETTE, alt, describe
from csrkit.many import why_not_one_by_one
from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import SUPPRESSED, format_count, format_number, format_plain
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.display.findings.immune import antibodies_finding
from itpcsr.study import AntibodyTest, Study

# What tables of antibodies say, and the listing of results by subject. Nothing is computed here.

_ANY_LABEL = "Any against HLA or donor"
_RESULTS = {"POSITIVE": "pos.", "NEGATIVE": "neg.", "": "no result"}


def antibody_labels(study: Study) -> dict[str, str]:
    """Return PARAMCD to the name of the antibody, that of any against HLA or the donor (ANY) included."""
    return {"ANY": _ANY_LABEL, **{test.code: test.label for test in study.antibody.antibody_tests}}


def status_notes(study: Study, followed: bool, exact: str) -> list[str]:
    """Return the notes of the table of status, with that on ``exact`` intervals.

    ``followed`` tells whether anyone has more than one sample after treatment began.
    """
    rules = study.antibody
    notes = [
        "n/N (%): N is the number of evaluable subjects, with a result before and one after treatment began; "
        "of prevalence, that of subjects with any result. Induced: negative at baseline, positive later. "
        f"Boosted: positive at baseline, and a titre later at least {format_plain(rules.boost_factor)} times "
        "as high. In the first section a subject with any induced antibody counts as induced, whatever "
        "others were there before; donor-specific antibodies are also found among those of the classes.",
        exact,
    ]
    if not followed:
        notes.append(
            "One sample after treatment began cannot show whether an induced antibody is transient or "
            f"persistent (over {rules.persistence_weeks} weeks): persistence is not assessable here. A "
            "sample taken soon after the last infusion can also miss an antibody that comes later."
        )
    return notes


def titre_note(rows: pd.DataFrame, group: str) -> str:
    """Return the note on titres, with the number of those of one column beyond the dilutions made."""
    lookup = Lookup(rows)
    numbers = [
        lookup.value("titre", group, "censored", level, visit)
        for level in lookup.levels("titre")
        for visit in lookup.visits("titre")
    ]
    total = sum(numbers)
    beyond = SUPPRESSED if math.isnan(total) else format_count(total) if total else "none"
    return (
        "Titres of evaluable subjects with a positive sample, as the dilution: 40 for 1:40. One below the "
        "lowest dilution (<) or above the highest (>) counts as that dilution; such titres: "
        f"{beyond}. Geometric mean from 3 values on."
    )


def list_antibodies(adis: pd.DataFrame, adab: pd.DataFrame, study: Study, absent: str = "") -> Table:
    """List every result of each subject: one row per sample, one column per antibody.

    ``absent`` is the sentence that takes the place of the listing in a study without antibodies. A last row
    of each subject says what became of the antibodies against HLA or the donor.
    """
    if absent:
        return Table("", absent=absent)
    tests = [test for test in study.antibody.antibody_tests if test.code in set(adis["PARAMCD"])]
    body: list[Row] = []
    of_subject = {str(name): part for name, part in adab.groupby("USUBJID", sort=False)}
    samples = _samples(adis)
    for subject in sorted(set(adis["USUBJID"])):
        body.append(Row(str(subject)))
        for records in samples.get(str(subject), []):
            results = {record["PARAMCD"]: _result(record) for record in records}
            cells = tuple(results.get(test.code, "–") for test in tests)
            body.append(Row(_sample_name(records[0]), cells, 1))
        body.append(Row("Conclusion", _conclusions(of_subject.get(str(subject), adab.head(0)), tests), 1))
    spanners = {"donor": "Against HLA or donor", "autoantibody": "Platelet autoantibodies"}
    headers = tuple(Header(test.label, spanner=spanners[test.kind]) for test in tests)
    notes = (
        "Day: study day of the sample. pos., neg.: positive, negative, with the titre of a positive sample, "
        "or an autoantibody's ratio of signal to cut-off. –: not tested in this sample. Conclusion, of an "
        "autoantibody: its result at baseline and in the last sample. Subjects without a sample are not "
        "listed.",
    )
    return Table("Subject, sample", headers, tuple(body), notes)


def _samples(adis: pd.DataFrame) -> dict[str, list[list[words.Record]]]:
    """Return the records of each sample of each subject, in order of time; without a time there is none."""
    keys = ["USUBJID", "ADTM", "VISIT", "ATPT"]
    found: dict[tuple[object, ...], list[words.Record]] = {}
    for record in adis.dropna(subset=keys).sort_values(keys, kind="stable").to_dict("records"):
        found.setdefault(tuple(record[key] for key in keys), []).append(record)
    samples: dict[str, list[list[words.Record]]] = {}
    for key, records in found.items():
        samples.setdefault(str(key[0]), []).append(records)
    return samples


def _sample_name(sample: words.Record) -> str:
    day = "Day not known" if math.isnan(sample["ADY"]) else words.study_day(float(sample["ADY"]))
    point = words.clean(str(sample["ATPT"] or sample["VISIT"])).lower()
    return f"{day}, {point}" if point and point != day.lower() else day


def _result(record: words.Record) -> str:
    word, value = _RESULTS[str(record["AVALCAT1"])], float(record["AVAL"])
    if math.isnan(value) or not record["AVALCAT1"]:
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


# One line per subject: antibodies, response, infusion reactions and exposure side by side.

_BLUE, _RED, _GREEN, _PINK, _SKY, _BLACK = PALETTE
_ROW, _CELL, _PANEL = 20, 66, 190
_TWO_LINES = "[split(datum.label, ' ')[0], join(slice(split(datum.label, ' '), 1), ' ')]"
_TICKS = [float(f"{digit}e{power}") for power in range(7) for digit in (1, 3)]
# What a cell says, its colour and sign: the sign carries it where colours don't.
_LOOKS = {
    "induced or boosted": (_RED, "+"),
    "positive": (_PINK, "●"),
    "positive, rise not known": (_PINK, "?"),
    "negative": ("#dfe5ea", "–"),
    "not tested": ("#ffffff", "·"),
}
_TOO_MANY = (
    "The tables of antibodies replace a line for each subject tested for antibodies against HLA or donor: "
    "{why}. Each subject's results are in the analysis datasets ADIS and ADAB."
)
_CONCLUSIONS = {
    "INDUCED": "induced or boosted",
    "BOOSTED": "induced or boosted",
    "UNCHANGED": "positive",
    "UNKNOWN": "positive, rise not known",
    "NEGATIVE": "negative",
}


def figure_antibody_subjects(
    rows: pd.DataFrame, subjects: pd.DataFrame, adab: pd.DataFrame, study: Study, subjects_at_most: int = 40
) -> alt.HConcatChart | Table:
    """Draw antibodies, response, infusion reactions and Cmax of every treated subject, one line each.

    Parameters
    ----------
    rows
        Result rows of the relations; where they are absent, so is the figure.
    subjects
        From ``describe_subjects``.
    adab
        One record per subject and antibody. Antibodies against HLA or the donor are shown by what became of
        them, autoantibodies by their result at baseline.
    study
        Names of antibodies, arms and their order, unit of concentrations.
    subjects_at_most
        With more subjects only those tested for antibodies against HLA or the donor are drawn, which the
        title says; where even they are more, a sentence stands in the figure's place.
    """
    if sentence := absence(rows):
        return Table("", absent=sentence)
    treated = len(subjects)
    if treated > subjects_at_most:
        subjects = subjects[subjects["POSFL"] != ""]
    if why := why_not_one_by_one(len(subjects), subjects_at_most):
        return Table("", absent=_TOO_MANY.format(why=why))
    order = _order(subjects, study)
    height = _ROW * len(order)
    left = _tiles(_cells(subjects, adab, study), order).properties(height=height)
    right = _peaks(subjects, order, study).properties(width=_PANEL, height=height)
    chart = alt.hconcat(left, right, spacing=12).resolve_scale(color="independent", shape="independent")
    tests = [(test.code, test.label, test.kind) for test in study.antibody.antibody_tests]
    unit = words.unit(study.sampling.concentration_unit)
    finding = antibodies_finding(subjects, adab, tests, unit)
    chart = describe(chart.configure_view(stroke=None), finding)
    if treated == len(subjects):
        return chart
    drawn = f"{format_count(len(subjects))} of {format_count(treated)} treated subjects"
    return chart.properties(title=f"{drawn}: those tested for antibodies against HLA or donor")


def _tiles(cells: pd.DataFrame, order: list[str]) -> alt.LayerChart:
    """Return a tile with a sign for each antibody, and the text of the other columns, by subject."""
    names = list(dict.fromkeys(cells["Column"]))
    kinds = [_named(name) for name in _LOOKS if _named(name) in set(cells["What"])]
    heads = alt.Axis(
        orient="top",
        labelAngle=0,
        labelExpr=_TWO_LINES,
        labelBaseline="bottom",
        labelPadding=16,
        domain=False,
        ticks=False,
    )
    base = alt.Chart(cells).encode(
        x=alt.X("Column:N", title=None, sort=names, axis=heads),
        y=alt.Y("Line:N", title=None, sort=order, axis=alt.Axis(labelLimit=220, ticks=False, domain=False)),
        tooltip=["Subject:N", "Column:N", "What:N", "Detail:N"],
    )
    colours = alt.Scale(domain=kinds, range=[_LOOKS[kind[2:]][0] for kind in kinds])
    legend = alt.Legend(
        orient="bottom", title=None, columns=len(kinds), labelLimit=300, symbolStrokeColor="#666666"
    )
    tiles = (
        base.transform_filter("datum.What != ''")
        .mark_rect(stroke="white", strokeWidth=2)
        .encode(color=alt.Color("What:N", scale=colours, legend=legend))
    )
    signs = base.mark_text(fontSize=11, color="#111111").encode(text="Sign:N")
    return (tiles + signs).properties(width=_CELL * len(names))


def _line(subject: object, arm: object) -> str:
    return f"{subject} · {str(arm).replace(' escalation', ' esc.').replace(' expansion', ' exp.')}"


def _order(subjects: pd.DataFrame, study: Study) -> list[str]:
    arms = [arm.code for arm in study.design.arms]
    rank = subjects["SAFARMCD"].map({code: place for place, code in enumerate(arms)})
    placed = subjects.assign(rank=rank).sort_values(["rank", "USUBJID"])
    return [_line(name, arm) for name, arm in zip(placed["USUBJID"], placed["TRT01A"], strict=True)]


def _cells(subjects: pd.DataFrame, adab: pd.DataFrame, study: Study) -> pd.DataFrame:
    records = {(record["USUBJID"], record["PARAMCD"]): record for record in adab.to_dict("records")}
    cells = []
    for person in subjects.to_dict("records"):
        line, name = _line(person["USUBJID"], person["TRT01A"]), str(person["USUBJID"])
        for test in study.antibody.antibody_tests:
            record = records[(name, test.code)]
            what = _what(record)
            detail = record["REASON"] or f"baseline {str(record['BASEC']).lower()}"
            cells.append((line, name, test.label, _named(what), _LOOKS[what][1], detail))
        response = str(person["RESPONSE"]) or "–"
        cells.append((line, name, "Response", "", response, "best confirmed response"))
        reactions = person["REACTN"]
        sign = "–" if math.isnan(reactions) else format_count(reactions)
        cells.append((line, name, "Infusion reactions", "", sign, "number of infusion reactions"))
    return pd.DataFrame(cells, columns=["Line", "Subject", "Column", "What", "Sign", "Detail"])


def _named(what: str) -> str:
    return f"{_LOOKS[what][1]} {what}"


def _what(record: words.Record) -> str:
    if record["PARCAT1"] == "donor":
        return _CONCLUSIONS.get(str(record["STATUS"]), "not tested")
    return {"POSITIVE": "positive", "NEGATIVE": "negative"}.get(str(record["BASEC"]), "not tested")


def _peaks(subjects: pd.DataFrame, order: list[str], study: Study) -> alt.LayerChart:
    data = pd.DataFrame(
        {
            "Line": [_line(*pair) for pair in zip(subjects["USUBJID"], subjects["TRT01A"], strict=True)],
            "Cmax": subjects["CMAX"],
        }
    )
    unit = words.unit(study.sampling.concentration_unit)
    y = alt.Y("Line:N", title=None, sort=order, axis=alt.Axis(labels=False, ticks=False, grid=True))
    known = data["Cmax"].dropna()
    span = [10.0, 1000.0] if known.empty else [float(known.min()) / 1.5, float(known.max()) * 1.5]
    scale = alt.Scale(type="log", domain=span, nice=False)
    x = alt.X("Cmax:Q", title=f"Cmax, {unit}", scale=scale, axis=alt.Axis(values=_TICKS))
    points = (
        alt.Chart(data.dropna(subset="Cmax"))
        .mark_point(filled=True, size=55, opacity=1, color=_BLUE)
        .encode(x=x, y=y, tooltip=["Line:N", alt.Tooltip("Cmax:Q", title=f"Cmax, {unit}")])
    )
    missing = (
        alt.Chart(data[data["Cmax"].isna()])
        .mark_text(align="left", dx=4, fontSize=10, color="#666666")
        .encode(x=alt.value(0), y=y, text=alt.value("not measured or none quantified"))
    )
    return points + missing
