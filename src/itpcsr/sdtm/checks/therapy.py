"""Earlier and rescue therapy: found under the categories that the study file names."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from itpcsr.sdtm.checks.baseline import platelets
from itpcsr.sdtm.checks.findings import NOTE, WARNING, overall, values
from itpcsr.sdtm.checks.rules import IWG, PROTOCOL, REPORT, rule
from itpcsr.sdtm.checks.tables import Tables, look_up
from itpcsr.study import Study

_DOMAINS = ("CM", "PR")


def _categories(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in _DOMAINS:
        if tables.has(f"{name}.{name}CAT"):
            treatment = f"{name}TRT"
            yield name, tables.get(name, f"{name}CAT", treatment, f"{name}STDTC")


def _nearly(table: pd.DataFrame, variable: str, category: str, word: str) -> pd.DataFrame:
    """Return records whose category holds the word, but isn't the category."""
    found = table[variable].str.strip().str.upper()
    return table[found.str.contains(word, regex=False) & (table[variable].str.upper() != category.upper())]


@rule("CM-01", WARNING, "Rescue therapy is spelled as in the study file", PROTOCOL)
def _other_rescue(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        category = study.efficacy.rescue_category
        for name, table in _categories(tables):
            odd = _nearly(table, f"{name}CAT", category, "RESCUE")
            text = f"only {category!r} ends response, so this therapy doesn't. Correct it or rescue_category."
            yield values(name, odd, f"{name}CAT", text)


@rule("CM-02", WARNING, "Earlier therapy is spelled as in the study file", PROTOCOL)
def _other_prior(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    category = study.baseline.prior_therapy_category
    if category:
        for name, table in _categories(tables):
            odd = _nearly(table, f"{name}CAT", category, "PRIOR")
            text = f"only {category!r} counts as earlier therapy. Correct it or prior_therapy_category."
            yield values(name, odd, f"{name}CAT", text)


@rule("CM-03", WARNING, "It is known who got rescue therapy", IWG, "DM")
def _no_rescue_information(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        for name in _DOMAINS:
            if not tables.has(f"{name}.{name}CAT"):
                lack = f"{name}CAT is not in the data" if name in tables else "the domain is absent"
                sentence = (
                    f"{lack}, so rescue therapy recorded there isn't known and can't end response. Add it."
                )
                yield overall(name, f"{name}CAT", "", sentence)


@rule("CM-04", WARNING, "Rescue therapy has a date", IWG)
def _undated_rescue(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        for name, table in _rescue(tables, study):
            undated = table[~table[f"{name}STDTC"].str.match(r"\d{4}")]
            text = (
                "rescue therapy ({"
                + f"{name}TRT"
                + "}) without a date counts from Day 1 on, unless it is known "
                "to have been before treatment: no later count is a response. Fill it in."
            )
            yield values(name, undated, f"{name}STDTC", text)


def _rescue(tables: Tables, study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    category = study.efficacy.rescue_category.upper() if study.efficacy else ""
    for name, table in _categories(tables):
        yield name, table[table[f"{name}CAT"].str.upper() == category]


@rule(
    "CM-05",
    NOTE,
    "Counts at the response level come before rescue",
    IWG,
    "LB.LBTESTCD LB.LBSTRESN LB.LBDTC EX.EXSTDTC",
)
def _counts_after_rescue(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is None:
        return
    starts = [
        pd.DataFrame(
            {"USUBJID": rows["USUBJID"], "day": tables.day(name, f"{name}STDTC").reindex(rows.index)}
        )
        for name, rows in _rescue(tables, study)
    ]
    if not starts:
        return
    together = pd.concat(starts)
    together = together[together["day"] >= look_up(tables.first_day, together["USUBJID"])]
    counts = platelets(tables, study)
    first = look_up(together.groupby("USUBJID")["day"].min(), counts["USUBJID"])
    high = counts[(counts["LBSTRESN"] >= study.efficacy.response_count) & (counts["day"] >= first)]
    text = (
        f"a count of {study.efficacy.response_count:g} or more after rescue therapy; it doesn't "
        "count as response."
    )
    yield values("LB", high, "LBSTRESN", text)


@rule("CM-06", NOTE, "Therapies are coded", REPORT)
def _not_coded(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    category = study.baseline.prior_therapy_category.upper()
    for name in _DOMAINS:
        if category and tables.has(f"{name}.{name}DECOD") and tables.has(f"{name}.{name}CAT"):
            table = tables.get(name, f"{name}CAT", f"{name}DECOD", f"{name}TRT")
            bare = (table[f"{name}DECOD"] == "") & (table[f"{name}CAT"].str.upper() == category)
            text = (
                "{" + f"{name}TRT" + "!r} isn't coded, so one therapy under two names counts twice. Code it."
            )
            yield values(name, table[bare], f"{name}DECOD", text)
