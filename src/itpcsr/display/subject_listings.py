"""Listings of all subjects' data, one row per record: every field in words, days as study days."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import format_count, format_limit, format_number, format_plain
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.table import Header, Row, Table
from csrkit.tables.words import NOT_RECORDED, Record
from itpcsr.display.labels import BASELINE, CATEGORY_LABELS, DECIMALS, dose_unit, sentence_case
from itpcsr.display.listings import event_table, rows_by_subject
from itpcsr.study import Study

_NOT_TREATED = "not treated"
_MOST_NAMED = 40  # subjects named in a note; more are counted
_DAYS = "Days count from the first administration (Day 1; there is no Day 0)."


def instead_of_listing(rows: pd.DataFrame, lines: int, none: str) -> str:
    """Return the sentence that stands for a listing without rows, or "" where there are rows.

    ``rows`` are the result rows of the listing, ``lines`` how many rows it has, subjects' headings apart;
    ``none`` is the sentence where there is nothing to list.
    """
    return absence(rows) or ("" if lines else none)


@sentence_if_absent
def list_discontinued(rows: pd.DataFrame, subjects: pd.DataFrame, adex: pd.DataFrame, study: Study) -> Table:
    """List the subjects who ended treatment or study early: administrations, ends and their reasons.

    ``subjects`` come from ``select_discontinued``; the administrations are counted in ``adex`` by its number.
    """
    none = "No enrolled subject is recorded to have ended treatment or study early."
    if sentence := instead_of_listing(rows, len(subjects), none):
        return Table("", absent=sentence)
    given = adex.groupby("USUBJID")["EXNUM"].max()
    planned = len(study.design.infusion_days)
    body: list[Row] = []
    for heading, record in _by_arm(subjects, study):
        number = format_count(float(given.get(record["USUBJID"], 0)))
        cells = (
            f"{number} of {planned}" if planned else number,
            _number(record, "TRTDURD", 0, _NOT_TREATED),
            study_end(record["EOTSTT"], record["DCTREAS"]),
            study_end(record["EOSSTT"], record["DCSREAS"]),
            _number(record, "STUDYD", 0, _NOT_TREATED),
        )
        body += [*heading, Row(_name(record), cells, 1)]
    heads = ("Received", "Last one, day", "End of treatment", "End of study", "Last day in the study")
    notes = (f"Received: administrations of study treatment. {_DAYS}",)
    return Table("Group assigned; subject", tuple(map(Header, heads)), tuple(body), notes)


def study_end(status: str, reason: str) -> str:
    """Return how treatment or study ended: ``completed``, or ``early`` with the reason."""
    if status != "DISCONTINUED":
        return words.clean(status).lower() or NOT_RECORDED
    return f"early: {words.term(reason)}" if reason else "early: reason not recorded"


def _by_arm(subjects: pd.DataFrame, study: Study) -> Iterator[tuple[list[Row], Record]]:
    """Yield each subject in the order of the study's arms, an arm's first one with its heading."""
    for arm in study.design.arms:
        heading = [Row(arm.label)]
        for record in subjects[subjects["ARMCD"] == arm.code].to_dict("records"):
            yield heading, record
            heading = []


def _name(record: Record) -> str:
    """Return the subject, with the arm given where it isn't the one assigned."""
    given = "" if record["TRT01A"] == record["TRT01P"] else f" (given: {record['TRT01A']})"
    return f"{record['USUBJID']}{given}"


def _number(record: Record, name: str, decimals: int, missing: str = NOT_RECORDED) -> str:
    value = float(record[name])
    return missing if math.isnan(value) else format_number(value, decimals)


@sentence_if_absent
def list_subjects(rows: pd.DataFrame, subjects: pd.DataFrame, study: Study) -> Table:
    """List demographic and baseline data of each subject; what is known of nobody has no column."""
    none = "No subject was enrolled."
    if sentence := instead_of_listing(rows, len(subjects), none):
        return Table("", absent=sentence)
    shown = [name for name in BASELINE if name in subjects and _known(subjects[name])]
    body: list[Row] = []
    for heading, record in _by_arm(subjects, study):
        cells = tuple(characteristic(record, name, study) for name in shown)
        body += [*heading, Row(_name(record), cells, 1)]
    heads = tuple(Header(BASELINE[name][0].removesuffix(", n (%)")) for name in shown)
    return Table("Group assigned; subject", heads, tuple(body), ("Time since diagnosis: to the first dose.",))


def _known(values: pd.Series) -> bool:
    return bool((values.notna() & (values.astype("str") != "")).any())


def characteristic(record: Record, name: str, study: Study) -> str:
    """Return one of the variables of BASELINE of a subject in words."""
    value = record[name]
    if name == "BPLAT" and record.get("BPLATC"):
        return format_limit(str(record["BPLATC"]))
    if isinstance(value, str):
        return CATEGORY_LABELS.get(value, sentence_case(value)) if value else NOT_RECORDED
    text = _number(record, name, DECIMALS.get(name, 0))
    if name != "NPRIOR" or text == NOT_RECORDED:
        return text
    had = [words.term(therapy.label.upper()) for therapy in study.baseline.prior_therapies
           if record.get(therapy.flag) == "Y"]  # fmt: skip
    return f"{text}, with {words.join(had)}" if had else text


@sentence_if_absent
def list_deviations(rows: pd.DataFrame, addv: pd.DataFrame, adsl: pd.DataFrame) -> Table:
    """List the protocol deviations: what was reported, its kind, category and day."""
    if sentence := instead_of_listing(rows, len(addv), "No protocol deviation was recorded."):
        return Table("", absent=sentence)
    heads = ("Kind", "Category", "Day")
    body = rows_by_subject(addv, adsl, deviation_row)
    return Table("Subject; deviation", tuple(map(Header, heads)), tuple(body), (_DAYS,))


def deviation_row(record: Record) -> Row:
    """Return a deviation as a row: as reported, kind, category, day."""
    texts = [words.term(str(record[name])) or NOT_RECORDED for name in ("DVDECOD", "DVCAT")]
    day = words.listed_day(float(record["ASTDY"]), str(record["DVSTDTC"]))
    return Row(words.clean(str(record["DVTERM"])) or words.capitalize(texts[0]), (*texts, day), 1)


@sentence_if_absent
def list_exposure(rows: pd.DataFrame, adex: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> Table:
    """List each administration: day, minutes (or last day), planned and given dose, adjustment and reason."""
    none = "No administration of study treatment was recorded."
    if sentence := instead_of_listing(rows, len(adex), none):
        return Table("", absent=sentence)
    timed = bool(adex["ADURM"].notna().any())
    noun = "Infusion" if study.design.infusion_days else "Administration"
    body = rows_by_subject(adex, adsl, lambda record: exposure_row(record, noun, timed))
    unit = dose_unit(study)
    days = ("Day", "Duration, minutes") if timed else ("First day", "Last day")
    heads = (*days, f"Planned dose, {unit}", f"Dose given, {unit}", "Interrupted or adjusted")
    notes = (f"{_DAYS} Planned dose: that of the subject's group in the safety tables.",)
    return Table(f"Subject; {noun.lower()}", tuple(map(Header, heads)), tuple(body), notes)


def exposure_row(record: Record, noun: str, timed: bool) -> Row:
    """Return an administration as a row; ``timed`` shows the minutes in place of the last day."""
    last = words.listed_day(float(record["AENDY"]), str(record.get("EXENDTC", "")))
    adjusted = {"N": "no", "Y": f"yes: {words.term(str(record['EXADJ']))}"}
    cells = (
        words.listed_day(float(record["ASTDY"]), str(record["EXSTDTC"])),
        _number(record, "ADURM", 0) if timed else last,
        *(_dose(float(record[name])) for name in ("PLANDOSE", "EXDOSE")),
        adjusted.get(str(record["ADJFL"]), NOT_RECORDED),
    )
    return Row(f"{noun} {format_count(float(record['EXNUM']))}", cells, 1)


def _dose(value: float) -> str:
    """Return a dose as it was recorded, with at least one decimal."""
    if math.isnan(value):
        return NOT_RECORDED
    plain = format_plain(value)
    return plain if "." in plain else format_number(value, 1)


@sentence_if_absent
def list_all_events(rows: pd.DataFrame, adae: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> Table:
    """List every adverse event of the treated subjects, those before treatment too."""
    if sentence := instead_of_listing(rows, len(adae), "No adverse event was recorded."):
        return Table("", absent=sentence)
    notes = _without(adsl, adae, "Treated subjects without an adverse event")
    return event_table(adae, adsl, study, reasons=False, notes=notes)


def _without(adsl: pd.DataFrame, records: pd.DataFrame, text: str) -> tuple[str, ...]:
    """Name the treated subjects whom a listing doesn't hold, or say how many they are."""
    treated = adsl.loc[adsl["SAFFL"] == "Y", "USUBJID"]
    others = sorted(treated[~treated.isin(records["USUBJID"])])
    if len(others) > _MOST_NAMED:
        return (f"{text}: {format_count(len(others))}.",)
    return (f"{text}: {', '.join(others) or 'none'}.",)


@sentence_if_absent
def list_medication(rows: pd.DataFrame, adcm: pd.DataFrame, adsl: pd.DataFrame) -> Table:
    """List concomitant medication, rescue medication and procedures: class, use, indication, days."""
    none = "No concomitant or rescue medication was recorded."
    if sentence := instead_of_listing(rows, len(adcm), none):
        return Table("", absent=sentence)
    heads = ("Class", "Use", "Indication", "Start, day", "End, day")
    notes = (
        f"{_DAYS} Prior: begun before the first administration; concomitant: not known to have ended by "
        "then. An end that isn't recorded may mean that the medicine went on.",
        *_without(adsl, adcm, "Treated subjects without such medication"),
    )
    body = rows_by_subject(adcm, adsl, _medication_row)
    return Table("Subject; medication [as reported]", tuple(map(Header, heads)), tuple(body), notes)


def _medication_row(record: Record) -> Row:
    beside = "prior and concomitant" if record["PREFL"] == "Y" else "concomitant"
    coded, reported = (words.term(str(record[name])) for name in ("CMDECOD", "CMTRT"))
    differs = reported.lower() not in ("", coded.lower())
    cells = (
        words.term(str(record["CMCLAS"])),
        "rescue" if record["RESCFL"] == "Y" else beside,
        words.term(str(record["CMINDC"])) or NOT_RECORDED,
        words.listed_day(float(record["ASTDY"]), str(record["CMSTDTC"])),
        words.listed_day(float(record["AENDY"]), str(record["CMENDTC"])),
    )
    return Row(words.capitalize(coded) + (f" [{reported}]" if differs else ""), cells, 1)
