"""What was read and what the checks found, counted and arranged by the notebook."""

import dataclasses
from unittest import mock

import pandas as pd
import pytest

import itpcsr.sdtm.checks
from csrkit.carried import rows_behind
from csrkit.rows import levels_in
from csrkit.vocabulary import Level
from tests import small
from tests.faults.chain import show

RULES = {"A-01": "Dates are in order", "B-01": "Values are possible", "C-01": "Nothing breaks this one"}


def finding(severity: str, rule: str, domain: str, subject: str) -> dict[str, str]:
    return {"severity": severity, "rule": rule, "domain": domain, "subject": subject}


FINDINGS = pd.DataFrame(
    [
        finding("warning", "A-01", "AE", "S1"),
        finding("warning", "A-01", "AE", "S2"),
        finding("warning", "A-01", "CM", "S1"),
        finding("note", "B-01", "LB", ""),
    ]
)


def values(rows: pd.DataFrame) -> dict[tuple[str, Level, str], float]:
    keys = zip(rows["analysis"], levels_in(rows), rows["statistic"], strict=True)
    return dict(zip(keys, rows["value"], strict=True))


def reviewed(study, findings: pd.DataFrame):
    """Return what the notebook shows of a trial with these findings, and the rows behind it."""
    trial = small.trial(
        TS=pd.DataFrame({"STUDYID": ["T"], "TSPARMCD": ["TITLE"]}),
        DM=small.dm(("S1", "ESC05"), ("S2", "ESC05")),
        EX=small.ex("S1", "S2"),
    )
    trial = dataclasses.replace(trial, findings=findings, labels={"DM": "Demographics"})
    with mock.patch.object(itpcsr.sdtm.checks, "rule_titles", return_value=RULES):
        return show(trial, study, "10-population")


@pytest.fixture(scope="module")
def shown(study):
    return reviewed(study, FINDINGS)


def test_findings_are_counted_by_rule_and_domain_and_subjects_once(shown) -> None:
    found = values(rows_behind(shown["tbl-findings"]))
    assert found["checked", "all", "rules"] == 3
    assert found["warning", "all", "findings"] == 3
    assert found["warning", "all", "subjects"] == 2
    assert found["warning", ("A-01", "AE"), "subjects"] == 2
    assert found["note", ("B-01", "LB"), "findings"] == 1
    assert found["note", ("B-01", "LB"), "subjects"] == 0


def test_no_finding_is_shown_as_none(study) -> None:
    table = reviewed(study, FINDINGS.iloc[:0])["tbl-findings"]
    assert [row.label for row in table.rows] == ["Warnings", "None", "Notes", "None"]


def test_the_table_says_what_each_rule_asks_for(shown) -> None:
    assert [(row.label, row.cells) for row in shown["tbl-findings"].rows] == [
        ("Warnings", ()),
        ("A-01: Dates are in order", ("AE", "2", "2")),
        ("A-01: Dates are in order", ("CM", "1", "1")),
        ("Notes", ()),
        ("B-01: Values are possible", ("LB", "1", "0")),
    ]


def test_domains_without_subjects_have_records_alone(shown) -> None:
    found = {row.label: row.cells for row in shown["tbl-data"].rows}
    assert found["DM: Demographics"] == ("2", "2")
    assert found["TS"] == ("1", "")


def deviations(study, *records: tuple[str, str, str]):
    dv = pd.DataFrame(records, columns=["USUBJID", "DVCAT", "DVTERM"])
    data = small.trial(DM=small.dm(("S1", "ESC05"), ("S2", "ESC10")), EX=small.ex("S1", "S2"), DV=dv)
    return show(data, study, "10-population")["tbl-deviations"]


def test_deviations_are_counted_by_category_and_term(study) -> None:
    records = [("S1", "Minor", "VISIT LATE"), ("S1", "Minor", "VISIT LATE"), ("S2", "Major", "DOSE WRONG")]
    total = {row.label: row.cells[-1] for row in deviations(study, *records).rows}
    assert total == {
        "Any protocol deviation": "2 (100.0) [3]",
        "Major": "1 (50.0) [1]",
        "Dose wrong": "1 (50.0) [1]",
        "Minor": "1 (50.0) [2]",
        "Visit late": "1 (50.0) [2]",
    }


def test_deviations_without_category_are_listed_by_term(study) -> None:
    shown = deviations(study, ("S1", "", "VISIT LATE"))
    assert [row.label for row in shown.rows] == ["Any protocol deviation", "Visit late"]


def test_without_the_domain_a_sentence_stands_for_the_table(shown) -> None:
    assert "no domain of protocol deviations" in shown["tbl-deviations"].absent
