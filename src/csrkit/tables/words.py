"""Coded values as words: what a reader sees in place of controlled terms, capitals and ISO dates."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from csrkit.tables.formats import format_count

Record = Mapping[Any, Any]  # one record of a dataset: variable to value
NOT_RECORDED = "not recorded"
NOT_CODED = "Not coded"  # how AEDECOD begins for an event without preferred term
_RELATIONS = {
    "RELATED": "related",
    "NOT RELATED": "not related",
    "UNRELATED": "not related",
    "NONE": "not related",
    "UNLIKELY RELATED": "unlikely to be related",
    "UNLIKELY": "unlikely to be related",
    "REMOTE": "remotely related",
    "POSSIBLY RELATED": "possibly related",
    "POSSIBLE": "possibly related",
    "PROBABLY RELATED": "probably related",
    "PROBABLE": "probably related",
    "DEFINITE": "definitely related",
}
_ACTIONS = {
    "DRUG WITHDRAWN": "treatment withdrawn",
    "DRUG INTERRUPTED": "treatment interrupted",
    "DOSE REDUCED": "dose reduced",
    "DOSE INCREASED": "dose increased",
    "DOSE NOT CHANGED": "dose not changed",
    "DOSE RATE REDUCED": "rate of infusion reduced",
    "NOT APPLICABLE": "not applicable",
    "NOT EVALUABLE": "not evaluable",
    "UNKNOWN": "unknown",
}
_OUTCOMES = {
    "RECOVERED/RESOLVED": "recovered",
    "RECOVERED/RESOLVED WITH SEQUELAE": "recovered with sequelae",
    "RECOVERING/RESOLVING": "recovering",
    "NOT RECOVERED/NOT RESOLVED": "not recovered",
    "FATAL": "fatal",
    "UNKNOWN": "unknown",
}
_SEVERITIES = {1.0: "mild", 2.0: "moderate", 3.0: "severe"}
# Words that keep their capitals when a term in capitals becomes part of a sentence.
_KEPT = (
    "Alzheimer", "Parkinson", "Crohn", "Hodgkin", "Raynaud", "Cushing", "Graves", "Sjögren", "Bell", "Evans",
    "IVIG", "ITP", "ECG", "HIV", "HBV", "HCV", "DNA", "COVID-19", "QT", "ALT", "AST", "GGT", "rhTPO",
)  # fmt: skip
_KEPT_WORDS = {word.upper(): word for word in _KEPT}
_TERMS = {
    "IMMUNOGLOBULINS NORMAL HUMAN": "normal human immunoglobulins",
    "HMG COA REDUCTASE INHIBITORS": "HMG-CoA reductase inhibitors",
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_TESTS = {
    "ALT": "ALT",
    "AST": "AST",
    "ALP": "alkaline phosphatase",
    "GGT": "GGT",
    "BILI": "bilirubin",
    "CREAT": "creatinine",
    "HGB": "haemoglobin",
    "WBC": "leukocytes",
    "NEUT": "neutrophils",
    "LYM": "lymphocytes",
    "PLAT": "platelets",
    "K": "potassium",
    "SODIUM": "sodium",
}
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def relation(code: str) -> str:
    """Return AEREL in words, for example ``possibly related``; "not recorded" for ""."""
    return _RELATIONS.get(code.upper(), _plain(code))


def event_term(event: Record) -> str:
    """Return the event's preferred term in small letters, or the reported one where nothing is coded.

    Without either it is ``an event without a term``; a death that no event tells of is ``death``.
    """
    coded, reported = str(event["AEDECOD"]), str(event["AETERM"])
    if coded.startswith(NOT_CODED):
        return term(reported) or "an event without a term"
    return term(coded) or "death"


def knows_relation(code: str) -> bool:
    """Tell whether the relation fits into a sentence: an unknown code is quoted instead."""
    return code.upper() in _RELATIONS


def action(code: str) -> str:
    """Return AEACN in words; "not recorded" for ""."""
    return _ACTIONS.get(code.upper(), _plain(code))


def outcome(code: str) -> str:
    """Return AEOUT in words; "not recorded" for ""."""
    return _OUTCOMES.get(code.upper(), _plain(code))


def severity(grade: float, variable: str) -> str:
    """Return ``grade 3`` (AETOXGR) or ``severe`` (AESEV); "not recorded" for NaN."""
    if math.isnan(grade):
        return NOT_RECORDED
    return _SEVERITIES.get(grade, NOT_RECORDED) if variable == "AESEV" else f"grade {format_count(grade)}"


def _plain(code: str) -> str:
    return clean(code).lower() or NOT_RECORDED


def clean(text: str) -> str:
    """Return text on one line, with single blanks."""
    return " ".join(text.split())


def term(text: str) -> str:
    """Return a term as it stands within a sentence: small letters, but for names and abbreviations.

    A term with capitals in the middle of words or of several words is a spelling of its own and stays;
    ``Acute myocardial infarction`` and ``ACUTE MYOCARDIAL INFARCTION`` read alike.
    """
    text = _TERMS.get(clean(text).upper(), text)
    words = clean(text).split(" ")
    own = not clean(text).isupper() and any(re.search(r"[A-Z]", word[1:]) for word in words)
    lowered = words if own else [*(word.lower() for word in words)]
    return " ".join(_keep(word) for word in lowered)


def _keep(word: str) -> str:
    """Give a name or abbreviation its capitals, also before an apostrophe or a comma."""
    core = re.match(r"[\w-]+", word)
    if core is None or core.group().upper() not in _KEPT_WORDS:
        return word
    return _KEPT_WORDS[core.group().upper()] + word[core.end() :]


def capitalize(text: str) -> str:
    """Return text with a capital first letter and the rest as it is."""
    return text[:1].upper() + text[1:]


def join(items: Sequence[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``; "" for none. Semicolons part items with commas."""
    commas = any("," in re.sub(r"\(.*?\)", "", item) for item in items)
    return " and ".join(part for part in (("; " if commas else ", ").join(items[:-1]), *items[-1:]) if part)


def plural(n: float, noun: str, several: str = "") -> str:
    """Return ``1 day`` or ``3 days``; ``several`` is a plural that doesn't end in s."""
    return f"{format_count(n)} {noun if n == 1 else several or noun + 's'}"


def study_day(number: float) -> str:
    """Return ``Day 18``, or "" for NaN."""
    return "" if math.isnan(number) else f"Day {format_count(number)}"


def is_complete(date: str) -> bool:
    """Tell whether an ISO 8601 date has year, month and day."""
    return re.match(r"\d{4}-\d{2}-\d{2}", date) is not None


def partial_date(date: str) -> str:
    """Return a partial ISO date in words: ``May 2021``, ``2021``, or "" where not even the year is known."""
    found = re.match(r"(\d{4})(?:-(\d{2}))?", date)
    if found is None:
        return ""
    year, month = found.groups()
    return f"{_MONTHS[int(month) - 1]} {year}" if month and 1 <= int(month) <= 12 else year


def listed_day(number: float, date: str) -> str:
    """Return a start or end for a listing: study day, a partial date as such, or "not recorded"."""
    if is_complete(date):
        return format_count(number) if not math.isnan(number) else date[:10]
    known = partial_date(date)
    return f"{known} (partial date)" if known else NOT_RECORDED


def person(age: float, sex: str) -> str:
    """Return ``46-year-old woman``, or what of it is known: ``woman``, ``46-year-old subject``."""
    noun = {"F": "woman", "M": "man"}.get(sex.upper(), "subject")
    return noun if math.isnan(age) else f"{format_count(age)}-year-old {noun}"


def article(text: str) -> str:
    """Return the text with ``a`` or ``an``; numbers are read: an 8-, 11-, 18- or 80-year-old."""
    vowel = re.match(r"[aeioAEIO]|8|1[18](?!\d)", text) is not None
    return f"{'an' if vowel else 'a'} {text}"


def lab_name(code: str, label: str = "") -> str:
    """Return a laboratory test's name in a sentence; ``label`` is what the data call an unknown one."""
    return _TESTS.get(code, term(label) if label else code)


def unit(text: str) -> str:
    """Return a unit as it is printed: ``10⁹/L``, ``µmol/L``, ``10⁶ cells/kg``."""
    text = re.sub(r"10\^(-?\d+)", lambda found: "10" + found.group(1).translate(_SUPERSCRIPTS), text)
    text = re.sub(r"\bumol", "µmol", text)
    return re.sub(r"\bCELLS\b", "cells", text).replace("/KG", "/kg").replace("/ML", "/mL")


def amount(value: str, measure: str) -> str:
    """Return a value with its unit; a power of ten is multiplied: ``2.0 × 10⁶ cells/kg``, ``54 mg``."""
    return clean(f"{value} × {unit(measure)}" if measure.startswith("10^") else f"{value} {unit(measure)}")
