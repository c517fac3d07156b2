"""Baseline: what is known of a subject before the first infusion, and after it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.standard_limits import standard_limits
from itpcsr.sdtm.checks.findings import NOTE, WARNING, sentences, values
from itpcsr.sdtm.checks.rules import IWG, PROTOCOL, REPORT, rule
from itpcsr.sdtm.checks.tables import Tables, look_up
from itpcsr.study import Study

_COUNTS = "LB.LBTESTCD LB.LBSTRESN LB.LBDTC EX.EXSTDTC DM.ARMCD"


def platelets(tables: Tables, study: Study) -> pd.DataFrame:
    """Return the dated platelet counts of treated subjects, in order of time; ``after`` the first infusion.

    On the day of the infusion the times decide; without both times a count was taken before.
    """
    return tables.once("platelets", lambda: _platelets(tables, study))


def _platelets(tables: Tables, study: Study) -> pd.DataFrame:
    results = ("LBSTRESN", "LBSTRESC", "LBORRES", "LBORRESU", "LBSTRESU")
    lb = tables.get("LB", "LBTESTCD", *results, "LBDTC", "LBBLFL", "LBLOBXFL")
    lb["day"], lb["time"] = tables.day("LB", "LBDTC"), tables.minute("LB", "LBDTC")
    test = study.efficacy.platelet_test if study.efficacy else ""
    known = lb["LBSTRESN"].notna() | (standard_limits(lb, "LB") != "")
    lb = lb[(lb["LBTESTCD"] == test) & known & lb["day"].notna()].copy()
    lb["first"] = look_up(tables.first_day, lb["USUBJID"])
    timed = lb["time"] - look_up(tables.first_time, lb["USUBJID"])
    lb["after"] = (lb["day"] > lb["first"]) | ((lb["day"] == lb["first"]) & (timed >= pd.Timedelta(0)))
    return lb[lb["first"].notna()].sort_values(["USUBJID", "LBDTC"], kind="stable")


def _treated(tables: Tables, study: Study) -> pd.DataFrame:
    dm = tables.get("DM", "ARMCD").drop_duplicates("USUBJID")
    codes = [arm.code for arm in study.design.arms]
    return dm[dm["USUBJID"].isin(tables.first_day.index) & dm["ARMCD"].isin(codes)]


@rule("BASE-01", WARNING, "There is a platelet count before the first infusion", IWG, _COUNTS)
def _no_baseline(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        counts, treated = platelets(tables, study), _treated(tables, study)
        lacking = treated[~treated["USUBJID"].isin(counts.loc[~counts["after"], "USUBJID"].unique())]
        text = (
            "no platelet count of {subject} before the first infusion; the response can't be "
            "estimated. Add it."
        )
        yield sentences("LB", lacking, "LBSTRESN", text)


@rule("BASE-02", WARNING, "There is a platelet count after the first infusion", IWG, _COUNTS)
def _no_follow_up(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        counts, treated = platelets(tables, study), _treated(tables, study)
        lacking = treated[~treated["USUBJID"].isin(counts.loc[counts["after"], "USUBJID"].unique())]
        text = "no platelet count of {subject} after the first infusion; the response can't be estimated."
        yield sentences("LB", lacking, "LBSTRESN", text)


@rule("BASE-03", WARNING, "Platelets at baseline are below the response count", PROTOCOL, _COUNTS)
def _high_baseline(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        counts = platelets(tables, study)
        base = counts[~counts["after"]].drop_duplicates("USUBJID", keep="last")
        high = base[base["LBSTRESN"] >= study.efficacy.response_count]
        text = (
            f"the baseline count reaches {study.efficacy.response_count:g}; the protocol takes lower "
            "ones. Check eligibility."
        )
        yield values("LB", high, "LBSTRESN", text)


@rule("BASE-04", NOTE, "Platelets at baseline are above zero", IWG, _COUNTS)
def _zero_baseline(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        counts = platelets(tables, study)
        base = counts[~counts["after"]].drop_duplicates("USUBJID", keep="last")
        yield values("LB", base[base["LBSTRESN"] == 0], "LBSTRESN", "no ratio to this baseline can be taken.")


@rule("BASE-05", WARNING, "The flagged baseline is the last count before the first infusion", REPORT, _COUNTS)
def _other_flags(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is None:
        return
    counts = platelets(tables, study)
    last = counts[~counts["after"]].drop_duplicates("USUBJID", keep="last").index
    for flag in ("LBBLFL", "LBLOBXFL"):
        wrong = counts[(counts[flag] == "Y") & ~counts.index.isin(last)]
        text = "but this count of {LBDTC} isn't the last before the first infusion. Correct flag or date."
        yield values("LB", wrong, flag, text)


@rule(
    "BASE-06",
    NOTE,
    "Weight is known before the first infusion",
    PROTOCOL,
    "VS.VSTESTCD VS.VSSTRESN VS.VSDTC EX.EXSTDTC DM.ARMCD",
)
def _no_weight(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    vs = tables.get("VS", "VSTESTCD", "VSSTRESN")
    known = (vs["VSTESTCD"] == "WEIGHT") & vs["VSSTRESN"].notna()
    early = vs[known & (tables.day("VS", "VSDTC") <= look_up(tables.first_day, vs["USUBJID"]))]
    treated = _treated(tables, study)
    lacking = treated[~treated["USUBJID"].isin(early["USUBJID"].unique())]
    yield sentences(
        "VS", lacking, "VSSTRESN", "no weight of {subject} on or before the day of the first infusion."
    )
