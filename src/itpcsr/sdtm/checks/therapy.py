"""Earlier and rescue therapy: found under the categories that the study file names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.labels import fold, fold_label, nearest
from itpcsr.sdtm.checks.baseline import platelets
from itpcsr.sdtm.checks.findings import ERROR, NOTE, WARNING, overall, values
from itpcsr.sdtm.checks.rules import IWG, PROTOCOL, REPORT, rule
from itpcsr.sdtm.checks.tables import Tables, look_up
from itpcsr.study import Study

_DOMAINS = ("CM", "PR")
# Indications of rescue, and those that make the same drug another therapy.
_OF_RESCUE = r"\bRESCUE|\bSALVAGE|\bLOW PLATELET|PLATELET.*\b(?:LOW|DECREAS|DROP|FALL|FELL)"
_OF_OTHERS = r"PREMED|PROPHYLA"


def _categories(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in _DOMAINS:
        if tables.has(f"{name}.{name}CAT"):
            treatment = f"{name}TRT"
            yield name, tables.get(name, f"{name}CAT", treatment, f"{name}STDTC")


def _nearly(table: pd.DataFrame, variable: str, category: str, words: tuple[str, ...]) -> pd.DataFrame:
    """Return records whose category is nearly the one meant, or holds a word of it, however misspelt.

    A category that denies the word (NON-RESCUE) is none.
    """
    found = {
        value: _means(fold_label(value), category, words)
        for value in sorted(set(table[variable]))
        if fold_label(value) != fold_label(category)
    }
    return table[table[variable].map(found).fillna(False).astype("bool")]


def _means(value: str, category: str, words: tuple[str, ...]) -> bool:
    parts = re.findall(r"[^\W_]+", value)
    if {"NO", "NON", "NOT", "WITHOUT"} & set(parts):
        return False
    spelled = any(word in value or any(nearest(part, [word], 1) for part in parts) for word in words)
    return spelled or bool(nearest(value, [category]))


@rule("CM-01", ERROR, "Rescue therapy is spelled as in the study file", PROTOCOL)
def _other_rescue(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        category = study.efficacy.rescue_category
        for name, table in _categories(tables):
            odd = _nearly(table, f"{name}CAT", category, ("RESCUE", "SALVAGE"))
            text = f"only {category!r} ends response, so this therapy doesn't. Correct it or rescue_category."
            yield values(name, odd, f"{name}CAT", text)


@rule("CM-02", WARNING, "Earlier therapy is spelled as in the study file", PROTOCOL)
def _other_prior(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    category = study.baseline.prior_therapy_category
    if category:
        for name, table in _categories(tables):
            odd = _nearly(table, f"{name}CAT", category, ("PRIOR",))
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
            undated = table[~table[f"{name}STDTC"].str.match(r"[0-9]{4}")]
            text = (
                "rescue therapy ({"
                + f"{name}TRT"
                + "}) without a date counts from Day 1 on, unless it is known "
                "to have been before treatment: no later count is a response. Fill it in."
            )
            yield values(name, undated, f"{name}STDTC", text)


def _rescue(tables: Tables, study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    category = study.efficacy.rescue_category if study.efficacy else ""
    for name, table in _categories(tables):
        yield name, table[(fold(table[f"{name}CAT"]) == fold_label(category)) & (category != "")]


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
    category = fold_label(study.baseline.prior_therapy_category)
    for name in _DOMAINS:
        if category and tables.has(f"{name}.{name}DECOD") and tables.has(f"{name}.{name}CAT"):
            table = tables.get(name, f"{name}CAT", f"{name}DECOD", f"{name}TRT")
            bare = (table[f"{name}DECOD"] == "") & (fold(table[f"{name}CAT"]) == category)
            text = (
                "{" + f"{name}TRT" + "!r} isn't coded, so one therapy under two names counts twice. Code it."
            )
            yield values(name, table[bare], f"{name}DECOD", text)


@rule("CM-07", WARNING, "Therapies have a category", IWG)
def _no_category(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        for name, table in _categories(tables):
            category = f"{name}CAT"
            if (table[category] != "").any():
                text = (
                    "so {" + f"{name}TRT" + "!r} counts neither as rescue nor as earlier therapy. Fill it in."
                )
                yield values(name, table[table[category] == ""], category, text)


@rule("CM-08", WARNING, "Earlier therapy starts before the first infusion", PROTOCOL, "EX.EXSTDTC")
def _later_prior(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    category = study.baseline.prior_therapy_category
    if category:
        for name, table in _categories(tables):
            earlier = fold(table[f"{name}CAT"]) == fold_label(category)
            late = tables.day(name, f"{name}STDTC") > look_up(tables.first_day, table["USUBJID"])
            text = (
                "but it starts after the first infusion, {"
                + f"{name}STDTC"
                + "}. Is it rescue therapy? Correct one."
            )
            yield values(name, table[earlier & late], f"{name}CAT", text)


@rule("CM-09", WARNING, "Later therapy that looks like rescue has its category", IWG, "EX.EXSTDTC")
def _rescue_elsewhere(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is None or not study.efficacy.rescue_category:
        return
    category = study.efficacy.rescue_category
    told = [fold_label(label) for label in ("", category, study.baseline.prior_therapy_category)]
    therapies = list(_named_therapies(tables))
    drugs = {drug for _, rows in therapies for drug in rows.loc[rows["cat"] == fold_label(category), "drug"]}
    for name, rows in therapies:
        alike = rows["drug"].isin(drugs - {""}) | rows["indication"].str.contains(_OF_RESCUE, regex=True)
        later = tables.day(name, f"{name}STDTC") > look_up(tables.first_day, rows["USUBJID"])
        # categories left out here are those of which other rules tell
        other = ~rows["cat"].isin(told) & ~rows["indication"].str.contains(_OF_OTHERS, regex=True)
        nearly = _nearly(rows, f"{name}CAT", category, ("RESCUE", "SALVAGE")).index
        text = (
            f"but {{drug}}, begun on {{{name}STDTC}} for {{indication!r}}, looks like {category!r}, which "
            "ends response: by its indication, or as others got it. Correct the category if it is."
        )
        yield values(name, rows[alike & later & other & ~rows.index.isin(nearly)], f"{name}CAT", text)


def _named_therapies(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the domains of therapy with ``cat``, ``drug`` (coded, else as reported) and ``indication``."""
    for name, table in _categories(tables):
        more = tables.get(name, f"{name}DECOD", f"{name}INDC")
        coded, reported = fold(more[f"{name}DECOD"]), fold(table[f"{name}TRT"])
        drug = coded.where(~coded.isin(["", "UNCODED"]), reported)
        indication = fold(more[f"{name}INDC"])
        yield name, table.assign(cat=fold(table[f"{name}CAT"]), drug=drug, indication=indication)
