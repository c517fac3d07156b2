"""One subject's profile: what is known of it at the head, the chart's parts, and its records as tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from csrkit.absence import absent_domain
from csrkit.tables import words
from csrkit.tables.formats import format_count, format_limit, format_number, format_plain
from csrkit.tables.table import Header, Row, Table
from csrkit.tables.words import Record
from itpcsr.display.labels import BASELINE, dose_unit, parameter_decimals
from itpcsr.display.listings import (
    characteristic,
    deviation_row,
    event_headers,
    event_row,
    exposure_row,
    study_end,
)
from itpcsr.display.profile_chart import Spec, describe_course, draw_profile, profile_template, shared_axes
from itpcsr.display.response import response_facts
from itpcsr.display.timelines import add_end, timeline_items
from itpcsr.study import Study

_SETS = {
    "ENRLFL": "enrolled",
    "SAFFL": "safety set",
    "FASFL": "full analysis set",
    "PKFL": "pharmacokinetic set",
}
_KINDS = {"CR": "complete response", "R": "response", "NR": "no", "NE": "undecided"}
_SIDES = {"LOW": "below", "HIGH": "above"}
_NONE = "–"
_DAYS = "Days count from the first administration (Day 1; there is no Day 0)."


@dataclass(frozen=True)
class Section:
    """A table of the profile under its heading; ``datasets`` are those that it shows."""

    title: str
    table: Table
    datasets: str


@dataclass(frozen=True)
class Profile:
    """What a subject's page shows: facts (name and text), the chart with its sentence, the tables.

    ``chart`` is None for a subject without a study day, since nobody was treated; ``course`` says so then.
    """

    subject: str
    facts: tuple[tuple[str, str], ...]
    chart: Spec | None
    course: str
    sections: tuple[Section, ...]


def compose_profiles(datasets: Mapping[str, pd.DataFrame], study: Study) -> Iterator[Profile]:
    """Yield the profile of each subject of ``datasets`` (from ``adam.profiles``), in their order."""
    adsl = add_end(datasets["adsl"], datasets["participation"])
    items = timeline_items(datasets, adsl[adsl["SAFFL"] == "Y"], study)
    axes = shared_axes(datasets["counts"], items)
    template = profile_template(axes, study)
    parts = {name: _by_subject(frame) for name, frame in datasets.items() if name != "adsl"}
    items_of = _by_subject(items.rename(columns={"Subject": "USUBJID"}))
    for record in adsl.to_dict("records"):
        subject = str(record["USUBJID"])
        own = {name: part(subject) for name, part in parts.items()}
        drawn = items_of(subject)
        chart = None
        if record["SAFFL"] == "Y":
            chart = draw_profile(template, own["counts"], drawn, axes, study)
        told = describe_course(subject, own["counts"], drawn, own["adae"]) if chart else _untreated(subject)
        yield Profile(subject, tuple(_facts(record, own, study)), chart, told, tuple(_sections(own, study)))


def _by_subject(frame: pd.DataFrame) -> Callable[[str], pd.DataFrame]:
    groups = dict(iter(frame.groupby("USUBJID", sort=False)))
    return lambda subject: groups.get(subject, frame.iloc[:0])


def _untreated(subject: str) -> str:
    return f"Subject {subject} was not treated, so there are no study days and no course to draw."


def _facts(record: Record, own: Mapping[str, pd.DataFrame], study: Study) -> Iterator[tuple[str, str]]:
    """Who the subject is, what was given, how treatment and study ended, what was known at baseline."""
    yield "Subject", str(record["USUBJID"])
    who = words.capitalize(words.person(float(record["AGE"]), str(record["SEX"])))
    yield "Age and sex", who
    yield "Group assigned", words.clean(str(record["TRT01P"])) or words.NOT_RECORDED
    if record["SAFFL"] == "Y":
        yield "Group as treated", words.clean(str(record["TRT01A"])) or words.NOT_RECORDED
    sets = [text for name, text in _SETS.items() if record.get(name) == "Y"]
    yield "Analysis sets", words.capitalize(words.join(sets)) or "None"
    yield "Treatment received", _received(own["adex"], study)
    yield "End of treatment", words.capitalize(study_end(str(record["EOTSTT"]), str(record["DCTREAS"])))
    end = words.capitalize(study_end(str(record["EOSSTT"]), str(record["DCSREAS"])))
    days = float(record["STUDYD"])
    yield "End of study", end if math.isnan(days) else f"{end}, {words.study_day(days)}"
    if record["DTHFL"] == "Y":
        recorded = f"recorded in {record['DTHSRC']}"
        date = words.partial_date(str(record["DTHDTC"])) or str(record["DTHDTC"])
        yield "Death", f"{date}, {recorded}" if date else f"Day not recorded, {recorded}"
    for name, (label, _) in BASELINE.items():
        known = name in record and pd.notna(record[name]) and record[name] != ""
        if name not in ("AGE", "SEX") and (known or (name == "BPLAT" and record.get("BPLATC"))):
            label = label.removesuffix(", n (%)").replace("Platelet count", "Platelet count at baseline")
            yield label, words.capitalize(characteristic(record, name, study))


def _received(adex: pd.DataFrame, study: Study) -> str:
    if adex.empty:
        return "None recorded"
    first, last = adex["ASTDY"].min(), adex[["ASTDY", "AENDY"]].max().max()
    span = f", {words.study_day(first)} to {words.study_day(last)}" if first < last else ""
    planned = len(study.design.infusion_days)
    if not planned:
        return f"{words.plural(len(adex), 'dosing period')}{span}"
    return f"{format_count(len(adex))} of {words.plural(planned, 'planned infusion')}{span}"


def _sections(own: Mapping[str, pd.DataFrame], study: Study) -> Iterator[Section]:
    """Yield the tables that the study can have; without records a sentence stands in their place."""
    infusions = bool(study.design.infusion_days)
    yield Section("Infusions" if infusions else "Study treatment", _exposure(own["adex"], study), "ADEX")
    if study.efficacy is not None:
        yield Section("Response by the primary rule", _response(own["best"]), "ADRS")
        yield Section("Counts behind the response", _counts(own["counts"]), "ADLB, ADRS")
    yield Section("Adverse events", _events(own["adae"], study), "ADAE")
    yield Section(
        "Therapy before and during the study", _therapy(own["adcm"], own["admh"], study), "ADCM, ADMH"
    )
    yield Section("Laboratory values beyond the limits of normal", _limits(own["limits"], study), "ADLB")
    yield Section("Protocol deviations", _deviations(own["addv"]), "ADDV")


def _instead(records: pd.DataFrame, none: str) -> Table:
    """Return the sentence for no records: that there are none, or that the data hold no such domain."""
    domain = absent_domain(records)
    return Table("", absent=f"The study's data hold no {domain} domain." if domain else none)


def _table(stub: str, heads: tuple[str, ...], rows: list[Row], *notes: str) -> Table:
    return Table(stub, tuple(map(Header, heads)), tuple(rows), notes)


def _flat(row: Row) -> Row:
    return Row(row.label, row.cells)


def _exposure(adex: pd.DataFrame, study: Study) -> Table:
    if adex.empty:
        return _instead(adex, "No administration of study treatment was recorded.")
    timed = bool(adex["ADURM"].notna().any())
    noun = "Infusion" if study.design.infusion_days else "Administration"
    days = ("Day", "Duration, minutes") if timed else ("First day", "Last day")
    unit = dose_unit(study)
    heads = (*days, f"Planned dose, {unit}", f"Dose given, {unit}", "Interrupted or adjusted")
    records = adex.sort_values("EXNUM").to_dict("records")
    return _table(noun, heads, [_flat(exposure_row(record, noun, timed)) for record in records], _DAYS)


def _response(best: pd.DataFrame) -> Table:
    if best.empty:
        return _instead(best, "Response was not judged: the subject is not in the full analysis set.")
    record = best.iloc[0].to_dict()
    rows = [Row(name, (text,)) for name, text in response_facts(record) if text != _NONE]
    note = "CR: complete response; R: response; NR: no response; NE: not evaluable."
    return _table("Best confirmed response", ("Result",), rows, note)


def _counts(counts: pd.DataFrame) -> Table:
    """The counts that qualify or have a role; of all others the chart and its data tell."""
    chosen = counts[counts["AVALC"].isin(["CR", "R"]) | (counts["ROLE"] != "")]
    if chosen.empty:
        return _instead(counts, "No platelet count qualified as response.")
    heads = ("Platelets, 10⁹/L", "Ratio to baseline", "Qualifies by itself", "Role")
    rows = []
    for record in chosen.to_dict("records"):
        ratio = float(record["R2BASE"])
        cells = (
            format_limit(str(record["LIMITC"])) or format_plain(float(record["AVAL"])),
            _NONE if math.isnan(ratio) else format_number(ratio, 1),
            _KINDS.get(str(record["AVALC"]), _NONE),
            str(record["ROLE"]) or _NONE,
        )
        rows.append(Row(words.study_day(float(record["ADY"])), cells))
    note = "Counts that qualify, and those that began or ended something; the chart also shows all others."
    return _table("Day", heads, rows, f"{note} A dash: not judged, or none.")


def _events(adae: pd.DataFrame, study: Study) -> Table:
    if adae.empty:
        return _instead(adae, "No adverse event was recorded.")
    records = adae.sort_values(["ASTDT", "AESEQ"], kind="stable").to_dict("records")
    rows = [_flat(event_row(record, study, False)) for record in records]
    heads = event_headers(study, False)
    note = "Both the first and the last day count in a duration. The term as reported is in brackets."
    return Table("Preferred term [reported term]", heads, tuple(rows), (f"{_DAYS} {note}",))


def _therapy(adcm: pd.DataFrame, admh: pd.DataFrame, study: Study) -> Table:
    """Rescue, therapy of the disease before the study, and other medication, each under its heading."""
    category = study.baseline.prior_therapy_category.upper()
    rescue, earlier = adcm["RESCFL"] == "Y", adcm["CMCAT"].str.upper() == category
    prior = admh[admh["ACAT1"] == "PRIOR THERAPY"].sort_values(["ASTDTC", "ATERM", "SRCSEQ"], kind="stable")
    groups = {
        "Rescue therapy": _medication(adcm[rescue]),
        "Other medication within the study": _medication(adcm[~rescue & ~earlier & (adcm["CONFL"] == "Y")]),
        "Medication that ended before": _medication(adcm[~rescue & ~earlier & (adcm["CONFL"] == "N")]),
        "Therapy of the disease before the study": [_earlier(record) for record in prior.to_dict("records")],
    }
    rows = [row for title, part in groups.items() if part for row in (Row(title), *part)]
    if not rows:
        return _instead(adcm, "No medication and no earlier therapy was recorded.")
    return _table("Therapy [as reported]", ("Class", "Indication", "Start, day", "End, day"), rows, _DAYS)


def _medication(adcm: pd.DataFrame) -> list[Row]:
    records = adcm.sort_values(["ASTDT", "SRCDOM", "SRCSEQ"], kind="stable").to_dict("records")
    return [_medicine(record) for record in records]


def _medicine(record: Record) -> Row:
    coded, reported = (words.term(str(record[name])) for name in ("CMDECOD", "CMTRT"))
    differs = reported.lower() not in ("", coded.lower())
    cells = (
        words.term(str(record["CMCLAS"])),
        words.term(str(record["CMINDC"])) or words.NOT_RECORDED,
        words.listed_day(float(record["ASTDY"]), str(record["CMSTDTC"])),
        words.listed_day(float(record["AENDY"]), str(record["CMENDTC"])),
    )
    return Row(words.capitalize(coded) + (f" [{reported}]" if differs else ""), cells, 1)


def _earlier(record: Record) -> Row:
    days = [
        words.listed_day(float(record[day]), str(record[date]))
        for day, date in (("ASTDY", "ASTDTC"), ("AENDY", "AENDTC"))
    ]
    return Row(words.capitalize(words.term(str(record["ATERM"]))), (_NONE, _NONE, *days), 1)


def _limits(limits: pd.DataFrame, study: Study) -> Table:
    if limits.empty:
        return _instead(limits, "No value after the first administration lay beyond a limit of normal.")
    heads = ("Baseline", "Farthest beyond", "Limit", "Day", "Grade", "Values beyond")
    rows = [_limit_row(record) for record in limits.to_dict("records")]
    criteria = study.laboratory.toxicity_criteria
    grade = f" Grade: {criteria}, as far as the value alone decides it." if criteria else ""
    note = f"Tests shown as safety variables, except platelets; values after the first administration.{grade}"
    return _table("Test, side of the normal range", heads, rows, note)


def _limit_row(record: Record) -> Row:
    code, unit = str(record["PARAMCD"]), str(record["AVALU"])
    name = words.capitalize(words.lab_name(code, str(record["PARAM"]).rpartition(" (")[0]))
    measure = words.unit(unit)
    decimals = parameter_decimals(code, unit)
    base, value, limit = (
        format_limit(str(beyond))
        or (words.NOT_RECORDED if math.isnan(number) else format_number(number, decimals))
        for number, beyond in (
            (float(record["BASE"]), record["BASEC"]),
            (float(record["AVAL"]), record["AVALC"]),
            (float(record["LIMIT"]), ""),
        )
    )
    grade = str(record["ATOXGR"])
    cells = (
        base,
        value,
        limit,
        format_count(float(record["ADY"])),
        grade if grade in ("1", "2", "3", "4") else _NONE,
        f"{format_count(record['BEYOND'])} of {words.plural(record['COUNTED'], 'value')}",
    )
    label = f"{name}, {measure}" if measure else name
    return Row(f"{label}: {_SIDES[str(record['SIDE'])]}", cells)


def _deviations(addv: pd.DataFrame) -> Table:
    if addv.empty:
        return _instead(addv, "No protocol deviation was recorded.")
    records = addv.sort_values(["DVSTDTC", "DVSEQ"], kind="stable").to_dict("records")
    return _table(
        "Deviation", ("Kind", "Category", "Day"), [_flat(deviation_row(record)) for record in records], _DAYS
    )
