"""The data as delivered: what was read, and what the checks found."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from csrkit.rows import make_rows

SEVERITIES = ("warning", "note")


def analyse_domains(domains: pd.DataFrame) -> pd.DataFrame:
    """Count the records and the subjects of each domain (``level``), in the order given.

    ``domains`` has DOMAIN, RECORDS and SUBJECTS; a domain that describes the trial and no subject (SUBJECTS
    is NaN) has records alone.
    """
    counts = domains.set_axis(["level", "records", "subjects"], axis="columns").melt(
        "level", var_name="statistic", ignore_index=False
    )
    counts = counts.dropna().sort_index(kind="stable").assign(unit=lambda found: found["statistic"])
    return make_rows(
        counts,
        display="tbl-data",
        analysis="domain",
        population="data as reported on",
        dataset="SDTM",
        group="total",
    )


def analyse_findings(findings: pd.DataFrame, rules: Mapping[str, str]) -> pd.DataFrame:
    """Count the findings that don't stop a report, and the subjects they are about.

    Parameters
    ----------
    findings
        One row per finding: severity (warning or note), rule, domain, subject ("" if about none).
    rules
        Every rule that was applied, with what it says; those without finding count, too.

    Returns
    -------
    Result rows: analysis ``checked`` (number of rules), ``warning`` and ``note``, each with level ``all``
    and one level ``rule | domain`` for what was found; statistics findings and subjects.
    """
    counts: list[tuple[str, str, str, float, str]] = [
        ("checked", "all", "rules", float(len(rules)), "rules"),
    ]
    for severity in SEVERITIES:
        found = findings[findings["severity"] == severity]
        counts += _counts(severity, "all", found)
        for (rule, domain), part in found.groupby(["rule", "domain"]):
            counts += _counts(severity, f"{rule} | {domain}", part)
    return make_rows(
        pd.DataFrame(counts, columns=["analysis", "level", "statistic", "value", "unit"]),
        display="tbl-findings",
        population="data as reported on",
        dataset="SDTM",
        group="total",
    )


def _counts(severity: str, level: str, found: pd.DataFrame) -> list[tuple[str, str, str, float, str]]:
    subjects = found.loc[found["subject"] != "", "subject"].nunique()
    return [
        (severity, level, "findings", float(len(found)), "findings"),
        (severity, level, "subjects", float(subjects), "subjects"),
    ]
