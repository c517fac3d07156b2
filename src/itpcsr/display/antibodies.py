"""What tables of antibodies say, and the listing of results by subject. Nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.tables import words
from csrkit.tables.formats import SUPPRESSED, format_count, format_number, format_plain
from csrkit.tables.lookup import Lookup
from csrkit.tables.table import Header, Row, Table
from itpcsr.study import AntibodyTest, Study

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
        "others were there before; donor-specific antibodies are found among those of the classes, too.",
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
        "autoantibody: its result at baseline and in the last sample. Subjects without sample are not "
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
