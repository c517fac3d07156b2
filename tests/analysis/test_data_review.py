"""What was read and what the checks found, counted and arranged."""

import pandas as pd

from csrkit.stats.groups import assign_groups
from itpcsr.adam.datasets import Datasets
from itpcsr.adam.making import count_domains
from itpcsr.analysis import data_review, population
from itpcsr.display import review, tables
from tests import small

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


def values(rows: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    keys = zip(rows["analysis"], rows["level"], rows["statistic"], strict=True)
    return dict(zip(keys, rows["value"], strict=True))


def test_findings_are_counted_by_rule_and_domain_and_subjects_once() -> None:
    found = values(data_review.analyse_findings(FINDINGS, RULES))
    assert found["checked", "all", "rules"] == 3
    assert found["warning", "all", "findings"] == 3
    assert found["warning", "all", "subjects"] == 2
    assert found["warning", "A-01 | AE", "subjects"] == 2
    assert found["note", "B-01 | LB", "findings"] == 1
    assert found["note", "B-01 | LB", "subjects"] == 0


def test_no_finding_is_shown_as_none() -> None:
    rows = data_review.analyse_findings(FINDINGS.iloc[:0], RULES)
    shown = review.table_findings(rows, RULES)
    assert [row.label for row in shown.rows] == ["Warnings", "None", "Notes", "None"]


def test_the_table_says_what_each_rule_asks_for() -> None:
    shown = review.table_findings(data_review.analyse_findings(FINDINGS, RULES), RULES)
    assert [(row.label, row.cells) for row in shown.rows] == [
        ("Warnings", ()),
        ("A-01: Dates are in order", ("AE", "2", "2")),
        ("A-01: Dates are in order", ("CM", "1", "1")),
        ("Notes", ()),
        ("B-01: Values are possible", ("LB", "1", "0")),
    ]


def test_domains_without_subjects_have_records_alone() -> None:
    design = pd.DataFrame({"STUDYID": ["T"], "TSPARMCD": ["TITLE"]})
    trial = small.trial(TS=design, DM=small.dm(("S1", "ESC05"), ("S2", "ESC05")))
    rows = data_review.analyse_domains(count_domains(trial))
    shown = review.table_domains(rows, {"DM": "Demographics"})
    assert [(row.label, row.cells) for row in shown.rows] == [
        ("DM: Demographics", ("2", "2")),
        ("TS", ("1", "")),
    ]


def deviations(study, *records: tuple[str, str, str]):
    dv = pd.DataFrame(records, columns=["USUBJID", "DVCAT", "DVTERM"])
    data = small.trial(DM=small.dm(("S1", "ESC05"), ("S2", "ESC10")), EX=small.ex("S1", "S2"), DV=dv)
    datasets = Datasets(data, study)
    assert len(assign_groups(datasets["adsl"], study.design.columns, "ENRLFL"))
    return population.analyse_deviations(datasets["adsl"], datasets["addv"], study)


def test_deviations_are_counted_by_category_and_term(study) -> None:
    records = [("S1", "Minor", "VISIT LATE"), ("S1", "Minor", "VISIT LATE"), ("S2", "Major", "DOSE WRONG")]
    shown = tables.table_deviations(deviations(study, *records), study)
    total = {row.label: row.cells[-1] for row in shown.rows}
    assert total == {
        "Any protocol deviation": "2 (100.0) [3]",
        "Major": "1 (50.0) [1]",
        "Dose wrong": "1 (50.0) [1]",
        "Minor": "1 (50.0) [2]",
        "Visit late": "1 (50.0) [2]",
    }


def test_deviations_without_category_are_listed_by_term(study) -> None:
    shown = tables.table_deviations(deviations(study, ("S1", "", "VISIT LATE")), study)
    assert [row.label for row in shown.rows] == ["Any protocol deviation", "Visit late"]


def test_without_the_domain_a_sentence_stands_for_the_table(study) -> None:
    data = small.trial(DM=small.dm(("S1", "ESC05")), EX=small.ex("S1"))
    datasets = Datasets(data, study)
    rows = population.analyse_deviations(datasets["adsl"], datasets["addv"], study)
    assert "no domain of protocol deviations" in tables.table_deviations(rows, study).absent
