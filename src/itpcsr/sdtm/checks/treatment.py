"""Infusions by the protocol, and earlier and rescue therapy."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from csrkit.sdtm.labels import fold, fold_label, nearest
from csrkit.sdtm.select import is_performed
from itpcsr.sdtm.checks import known_labels
from itpcsr.sdtm.checks.baseline import platelets
from itpcsr.sdtm.checks.rules import (
    ERROR,
    IWG,
    NOTE,
    PROTOCOL,
    REALITY,
    REPORT,
    WARNING,
    Tables,
    look_up,
    overall,
    rule,
    study_days,
    values,
)
from itpcsr.sdtm.exposure import number_infusions
from itpcsr.study import Study

# Infusions: the protocol's dose, on its days, once.

_NEEDS = "EX.EXSTDTC EX.EXDOSE"


@rule("EX-02", WARNING, "The dose is the cohort's", PROTOCOL, f"{_NEEDS} DM.ARMCD")
def _other_doses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        doses = _with_planned_dose(tables, study)
        apart = (doses["EXDOSE"] - doses["planned"]).abs() > known_labels.DOSE_TOLERANCE * doses["planned"]
        text = "the arm {arm} gets {planned:g}, and EXADJ gives no reason. Correct it or record a deviation."
        yield values("EX", doses[apart & (doses["EXADJ"] == "") & (doses["EXDOSE"] > 0)], "EXDOSE", text)


@rule("EX-03", WARNING, "An administration has a dose", REPORT, f"{_NEEDS} DM.ARMCD")
def _no_doses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    doses = _with_planned_dose(tables, study)
    yield values("EX", doses[doses["EXDOSE"].isna()], "EXDOSE", "so the sum of doses is too low. Fill it in.")
    ex = tables.get("EX", "EXTRT", "EXDOSE", "EXOCCUR")
    nothing = ex[(ex["EXDOSE"] == 0) & (ex["EXOCCUR"] != "N") & ~is_performed("EX", ex)]
    text = "so nothing was given: it doesn't count as an infusion. Set EXOCCUR to N, or correct the dose."
    yield values("EX", nothing, "EXDOSE", text)


def _with_planned_dose(tables: Tables, study: Study) -> pd.DataFrame:
    doses = tables.administrations(study)
    planned = {arm.code: arm.dose for arm in study.design.arms if arm.dose is not None}
    arms = look_up(tables.by_subject("ARMCD"), doses["USUBJID"])
    return doses.assign(arm=arms, planned=arms.map(planned).astype("float64"))


@rule("EX-04", WARNING, "Infusions are given on the planned days", PROTOCOL, "EX.EXSTDTC")
def _other_days(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = study.design.infusion_days
    if planned:
        doses = tables.infusions
        day = study_days(doses["start_day"], look_up(tables.first_day, doses["USUBJID"]))
        apart = np.abs(day.to_numpy()[:, None] - np.array(planned, dtype="float64")[None, :]).min(axis=1)
        window = study.visits.visit_window_days
        late = doses.assign(day=day)[apart > window]
        shown = ", ".join(map(str, planned))
        yield values(
            "EX", late, "EXSTDTC",
            f"study day {{day:g}}; infusions are planned on days {shown} (±{window}). Record a deviation.",
        )  # fmt: skip


@rule("EX-05", WARNING, "There are no more infusions than planned", PROTOCOL, "EX.EXSTDTC")
def _too_many(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = len(study.design.infusion_days)
    if planned:
        doses = tables.administrations(study)
        number = doses.groupby("USUBJID").cumcount() + 1
        extra = doses.assign(number=number)[number > planned]
        text = f"infusion {{number}} of {planned} planned. Check for one that appears twice."
        yield values("EX", extra, "EXSTDTC", text)


@rule("EX-06", ERROR, "An infusion is recorded once", REPORT, _NEEDS)
def _repeated(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    doses = tables.infusions
    twice = doses[doses.duplicated(["USUBJID", "EXTRT", "EXSTDTC", "EXENDTC", "EXDOSE"])]
    text = "the same administration appears twice, so dose and number would count double. Keep one."
    yield values("EX", twice, "EXSTDTC", text)


@rule("EX-07", WARNING, "An infusion is in one part", PROTOCOL, _NEEDS)
def _two_a_day(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        doses = tables.infusions
        further = doses[number_infusions(doses).duplicated()]
        text = (
            "a further part of the infusion begun before: the two count as one, with both doses. Correct the "
            "date if it is another infusion."
        )
        yield values("EX", further, "EXSTDTC", text)


@rule("EX-08", WARNING, "An infusion takes a possible time", REALITY, "EX.EXSTDTC EX.EXENDTC")
def _odd_durations(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        doses = tables.infusions
        minutes = (doses["end_time"] - doses["start_time"]).dt.total_seconds() / 60
        low, high = known_labels.INFUSION_MINUTES
        odd = doses.assign(minutes=minutes)[(minutes >= 0) & ((minutes < low) | (minutes > high))]
        text = f"the infusion took {{minutes:g}} minutes; {low:g} to {high:g} are expected. Check both times."
        yield values("EX", odd, "EXENDTC", text)


@rule("EX-09", NOTE, "All planned infusions are given", PROTOCOL, "EX.EXSTDTC")
def _too_few(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = len(study.design.infusion_days)
    if planned:
        given = tables.administrations(study)
        last = given.drop_duplicates("USUBJID", keep="last")
        number = look_up(given["USUBJID"].value_counts(), last["USUBJID"])
        short = last.assign(number=number)[number < planned]
        text = (
            f"the last of {{number}} infusions; {planned} were planned. The reason is in DS or DV, if "
            "anywhere."
        )
        yield values("EX", short, "EXSTDTC", text)


@rule("EX-10", NOTE, "One treatment is given", REPORT, "EX.EXTRT")
def _several_treatments(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        ex = tables.get("EX", "EXTRT")
        usual = ex["EXTRT"].value_counts().index[:1]
        other = ex[~ex["EXTRT"].isin(usual)]
        text = f"other subjects got {', '.join(map(repr, usual))}. All count as the study's treatment."
        yield values("EX", other, "EXTRT", text)


@rule("EX-11", WARNING, "Infusions are in the order of their visits and numbers", REPORT, "EX.EXSTDTC")
def _out_of_order(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        ex = tables.get("EX", "EXTRT", "VISITNUM", "VISITDY", "EXSTDTC")
        doses = ex.loc[tables.infusions.index]  # in order of time
        for variable in ("VISITNUM", "VISITDY", "EXSEQ"):
            if variable in doses:
                number = doses[variable]
                earlier = number.groupby(doses["USUBJID"]).cummax()
                wrong = doses.assign(earlier=earlier)[number < earlier]
                text = (
                    "given on {EXSTDTC}, after one with number {earlier:g}. Were the dates of two exchanged?"
                )
                if variable == "EXSEQ" and doses["VISITNUM"].notna().any():
                    continue  # where visits are known, records may be numbered as they come
                yield values("EX", wrong, variable, text)


@rule("EX-12", WARNING, "Infusions are given near the day of their visit", PROTOCOL, "EX.EXSTDTC EX.VISITDY")
def _off_day(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        ex = tables.get("EX", "VISIT", "VISITDY", "EXSTDTC")
        doses = ex.loc[tables.infusions.index]
        first = look_up(tables.first_day, doses["USUBJID"])
        on = study_days(tables.day("EX", "EXSTDTC").reindex(doses.index), first)
        window = study.visits.visit_window_days
        off = doses.assign(on=on)[((on - doses["VISITDY"]).abs() > window) & (doses["VISITDY"] > 0)]
        text = f"study day {{on:g}}, but {{VISIT}} is planned for day {{VISITDY:g}} (±{window}). Check both."
        yield values("EX", off, "EXSTDTC", text)


# Earlier and rescue therapy: found under the categories that the study file names.

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
