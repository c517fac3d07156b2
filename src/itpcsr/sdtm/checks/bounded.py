"""Results that are only known to lie beyond a limit (``<5``, ``>2000``): which there are, how they count."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.limits import constant, exceeds, span_of, write_limit
from csrkit.sdtm.standard_limits import standard_limits
from csrkit.sdtm.titres import CUTOFF, read_titres
from itpcsr.sdtm.checks.findings import NOTE, WARNING, overall, values
from itpcsr.sdtm.checks.rules import IWG, REPORT, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

_OF_LABORATORY = "It counts where that decides (grade, status, response, baseline), and is left out of means"
_OF_VITALS = "It is left out: of baseline, means and changes"
_OF_RATIOS = "It is positive or negative where the limit decides, and the limit stands for its ratio"
_OF_TITRES = "The highest dilution stands for it; a rise that hangs on it counts as not known"


def limited(tables: Tables, name: str) -> pd.DataFrame:
    """Return the results of a domain with ``limit`` (``<5``), "" for those that are no limit."""
    return tables.once(f"limits of {name}", lambda: _limited(tables, name))


def _limited(tables: Tables, name: str) -> pd.DataFrame:
    parts = ("TESTCD", "STRESN", "STRESC", "ORRES", "ORRESU", "STRESU", "DTC")
    table = tables.get(name, *(f"{name}{part}" for part in parts))
    return table.assign(limit=standard_limits(table, name))


@rule("VAL-18", NOTE, "Results lie within the measuring range", REPORT)
def _beyond_the_range(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in ("LB", "VS", "CP", "IS"):
        if tables.has(f"{name}.{name}TESTCD"):
            table = limited(tables, name)
            if name == "IS":
                table = table.assign(limit=table["limit"].mask(table["limit"] == "", _highest(table, study)))
            known = (table["limit"] != "") | table[f"{name}STRESN"].notna()
            numbers = table[known].groupby(f"{name}TESTCD")["limit"].size()
            for test, rows in table[table["limit"] != ""].groupby(f"{name}TESTCD", sort=True):
                yield from _told(study, name, str(test), rows, int(numbers[test]))


def _told(study: Study, name: str, test: str, rows: pd.DataFrame, number: int) -> Iterator[pd.DataFrame]:
    """Yield how the limits of one test count: by subject, and once for a marker, by the study's own rule."""
    share = f"({len(rows)} of {number} results of this test)"
    if fate := _fate(study, name, test):
        text = f"{test} of {{{name}DTC}} is only known to be {{limit}} {{{name}STRESU}}. {fate} {share}."
        yield values(name, rows, f"{name}STRESC", text)
    if _is_marker(study, name, test):
        text = (
            f"results of {test} that are only known to lie beyond a limit: {len(rows)} of {number}. In means "
            f"of markers {study.immune.below_limit_factor:g} times the limit stands for a value below, and "
            "the limit for a value above it."
        )
        yield overall(name, f"{name}STRESC", test, text)


def _highest(table: pd.DataFrame, study: Study) -> pd.Series:
    """Return titres above the highest dilution as limits, "" for all else; ``<1:10`` is a negative result."""
    donor = [test.code for test in study.antibody.antibody_tests if test.kind == "donor"]
    said = table["ISSTRESC"].where(table["ISSTRESC"].str.strip() != "", table["ISORRES"])
    titres = read_titres(said.where(table["ISTESTCD"].isin(donor), ""))
    above = titres["sign"] == ">"
    return titres["value"].map(lambda value: write_limit(">", value)).where(above, "").astype("str")


def _is_marker(study: Study, name: str, test: str) -> bool:
    return any(marker.domain == name and marker.code == test for marker in study.markers)


def _fate(study: Study, name: str, test: str) -> str:
    """Say how a limit counts beside the means of markers; "" where no other dataset takes the test."""
    if name == "IS":
        kinds = {antibody.code: antibody.kind for antibody in study.antibody.antibody_tests}
        return {"donor": _OF_TITRES, "autoantibody": _OF_RATIOS}.get(kinds.get(test, ""), "")
    if name == "LB" and not _is_marker(study, name, test):
        return _OF_LABORATORY
    return _OF_VITALS if name == "VS" else ""


@rule(
    "VAL-19",
    WARNING,
    "A platelet count beyond the range is above or below the response count",
    IWG,
    "LB.LBTESTCD LB.LBSTRESC",
)
def _undecided_counts(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        lb = limited(tables, "LB")
        lb = lb[lb["LBTESTCD"] == study.efficacy.platelet_test]
        text = (
            f"whether the count of {{LBDTC}} reaches {study.efficacy.response_count:g} isn't known. "
            "A response that hangs on it is not evaluable. Give the number if the laboratory has it."
        )
        yield values("LB", lb[_undecided(lb, study.efficacy.response_count)], "LBSTRESC", text)


@rule("IS-04", WARNING, "A ratio beyond the range is above or below the cut-off", REPORT, "IS.ISTESTCD")
def _undecided_ratios(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    codes = [test.code for test in study.antibody.antibody_tests if test.kind == "autoantibody"]
    table = limited(tables, "IS")
    table = table[table["ISTESTCD"].isin(codes)]
    words = read_titres(table["ISSTRESC"])["word"] + read_titres(table["ISORRES"])["word"]
    text = (
        f"whether the ratio of {{ISTESTCD}} on {{ISDTC}} reaches the cut-off of {CUTOFF:g} isn't known, so "
        "the sample has no result. Give the number, or POSITIVE or NEGATIVE."
    )
    yield values("IS", table[_undecided(table, CUTOFF) & (words == "")], "ISSTRESC", text)


def _undecided(table: pd.DataFrame, limit: float) -> pd.Series:
    spans = span_of(table.assign(number=float("nan")), "number", "limit")
    sure, may = exceeds(spans, constant(limit, len(table)), equal=True)
    return pd.Series(may & ~sure, index=table.index)


@rule("PC-13", WARNING, "Concentrations lie below the upper limit of the assay", REPORT, "PC.PCTESTCD")
def _above_the_assay(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pc = limited(tables, "PC")
    above = pc["limit"].str.startswith(">") & (pc["PCTESTCD"] == study.sampling.concentration_test)
    text = (
        f"the concentration of {{PCDTC}} is only known to be {{limit}} {{PCSTRESU}}. It is left out "
        f"({int(above.sum())} samples in all), so maximum and area may be too low. Give the number after "
        "dilution if there is one."
    )
    yield values("PC", pc[above], "PCSTRESC", text)
