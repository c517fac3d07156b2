"""Every antibody result by subject, and what became of each antibody."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.formats import format_number, format_plain
from csrkit.tables.table import Header, Row, Table
from itpcsr.study import AntibodyTest, Study

_RESULTS = {"POSITIVE": "pos.", "NEGATIVE": "neg.", "": "no result"}


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
        "autoantibody: its result at baseline and in the last sample. Subjects without sample aren't listed.",
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
