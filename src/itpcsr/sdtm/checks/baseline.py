"""Baseline: its flags, and what is known of a subject before the first infusion and after it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.limits import read_limits
from csrkit.sdtm.select import is_performed
from csrkit.sdtm.units import standard_limits
from itpcsr.sdtm.checks.keys import FINDINGS
from itpcsr.sdtm.checks.rules import (
    IWG,
    NOTE,
    PROTOCOL,
    REPORT,
    SDTM,
    WARNING,
    Tables,
    look_up,
    overall,
    rule,
    sentences,
    values,
)
from itpcsr.sdtm.exposure import FLAGGED, before_treatment, is_of_flagged_test, read_time_points
from itpcsr.sdtm.series import name_parameters, name_series, tests_of_blood
from itpcsr.study import Study

# Baseline: what is known of a subject before the first infusion, and after it.

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


# Baseline by the flags of the data: tests that have none.

_IN_WORDS = ("IS", "MB")  # domains whose results need not be numbers


@rule("BASE-08", NOTE, "A test has a baseline flag where the study goes by flags", REPORT, "EX.EXSTDTC")
def _tests_without_flags(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.baseline.baseline_rule != FLAGGED:
        return
    for name in ("LB", "VS", "CP", "IS", "MB"):
        if tables.has(f"{name}.{name}TESTCD") and tables.has(f"{name}.{name}DTC"):
            records = _candidates(tables, study, name)
            flagged = records["BLFL"] == "Y"
            bare = records[~is_of_flagged_test(flagged, [records["test"]])]
            for number, tests in _by_number(bare):
                sentence = (
                    f"no record of {tests} before the first dose is flagged as baseline ({name}BLFL, "
                    f"{name}LOBXFL), so the last one before it counts, in {number} subject(s) each. Set the "
                    "flags if another one is meant."
                )
                yield overall(name, f"{name}BLFL", tests, sentence)


def _candidates(tables: Tables, study: Study, name: str) -> pd.DataFrame:
    """Return the results before the first dose with their ``test``, as the derivations part them."""
    table = tables[name]
    day = tables.day(name, f"{name}DTC")
    frame = pd.DataFrame(
        {"USUBJID": table["USUBJID"], "ADT": day, "ADTM": tables.minute(name, f"{name}DTC").fillna(day)}
    ).join(read_time_points(table, name))
    dosed = pd.DataFrame({"TRTSDT": tables.first_day, "TRTSDTM": tables.first_time})
    kept = before_treatment(frame, dosed) & _has_result(tables, name) & is_performed(name, table)
    tests = _tests(tables, study, name)
    return frame.assign(test=tests)[kept & (tests != "")]


def _has_result(tables: Tables, name: str) -> pd.Series:
    number, text, original = f"{name}STRESN", f"{name}STRESC", f"{name}ORRES"
    table = tables.get(name, number, text, original)
    said = table[text].where(table[text].str.strip() != "", table[original])
    words = said.str.strip() != "" if name in _IN_WORDS else read_limits(said)["sign"] != ""
    return words | table[number].notna()


def _tests(tables: Tables, study: Study, name: str) -> pd.Series:
    """Return what each record is a baseline of; "" where no dataset with a baseline takes it."""
    code = f"{name}TESTCD"
    if name == "LB":
        columns = ("LBTEST", "LBSTRESU", "LBCAT", "LBSPEC", "LBMETHOD", "LBDTC")
        return name_parameters(tables.get("LB", code, *columns), tests_of_blood(study))["PARAMCD"]
    if name == "VS":
        table = tables.get("VS", code, "VSTPT", "VSPOS", "VSLOC", "VSLAT", "VSMETHOD")
        series = name_series(table, bool(study.design.infusion_days))
        return table[code].str.cat(" (" + series + ")").where(series != "", table[code])
    wanted = {
        "IS": [test.code for test in study.antibody.antibody_tests],
        "MB": list(study.sampling.virus_tests),
        "CP": [],
    }[name] + [marker.code for marker in study.markers if marker.domain == name]
    tests = tables.get(name, code)[code]
    return tests.where(tests.isin(wanted), "")


def _by_number(bare: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """Yield how many subjects have records of a test, with the tests of which as many have some."""
    numbers = bare.groupby("test", sort=True)["USUBJID"].nunique()
    for number, tests in numbers.groupby(numbers, sort=True):
        yield int(number), ", ".join(tests.index)


# Baseline flags: one for a test, before the first dose, and a value to be compared with at all.

_FLAGS = ("BLFL", "LOBXFL")
# What makes two records of one test two baselines, not one twice.
_MEASURED = ("CAT", "SCAT", "SPEC", "METHOD", "LOC", "LAT", "POS", "TPT", "TPTNUM", "TPTREF", "GRPID", "EVAL")
_MOST = 0.6  # of the subjects that have later values: so many have an earlier one where it is planned
_SUBJECTS = 3


def _flagged(tables: Tables) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for name in FINDINGS:
        for part in _FLAGS:
            flag = f"{name}{part}"
            if tables.has(f"{name}.{flag}") and tables.has(f"{name}.{name}TESTCD"):
                ways = [f"{name}{way}" for way in _MEASURED if f"{name}{way}" in tables[name]]
                table = tables.get(name, f"{name}TESTCD", f"{name}DTC", "VISIT", flag, *ways)
                yield name, flag, table[table[flag] == "Y"]


@rule("FLAG-01", WARNING, "A test has one baseline in a subject", SDTM)
def _several_baselines(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, flag, table in _flagged(tables):
        ways = [column for column in table if column not in ("VISIT", f"{name}DTC", f"{name}SEQ")]
        again = table[table.duplicated(ways)]
        text = f"a second baseline of {{{name}TESTCD}} ({{{name}DTC}}). Keep the flag of the right one."
        yield values(name, again, flag, text)


@rule("FLAG-02", WARNING, "A baseline is from before the first dose", SDTM, "EX.EXSTDTC")
def _late_baselines(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, flag, table in _flagged(tables):
        day, time = (read(name, f"{name}DTC").reindex(table.index) for read in (tables.day, tables.minute))
        first, start = (look_up(of, table["USUBJID"]) for of in (tables.first_day, tables.first_time))
        late = table[(day > first) | (time > start)]
        text = f"but {{{name}TESTCD}} is of {{{name}DTC}}, after the first dose. Correct flag or date."
        yield values(name, late, flag, text)


@rule(
    "FLAG-03",
    WARNING,
    "What is measured later is measured before the first dose, as in others",
    REPORT,
    "EX.EXSTDTC",
)
def _no_earlier_value(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        code, moment = f"{name}TESTCD", f"{name}DTC"
        if tables.has(f"{name}.{code}") and tables.has(f"{name}.{moment}"):
            table = tables.get(name, code, f"{name}STRESN", f"{name}STRESC")
            first = tables.per_record(name, tables.first_day)
            day = tables.day(name, moment)
            known = (
                day.notna()
                & first.notna()
                & ((table[f"{name}STRESC"] != "") | table[f"{name}STRESN"].notna())
            )
            pairs = table.assign(before=day <= first, after=day > first)[known]
            pairs = pairs.groupby(["USUBJID", code], sort=True)[["before", "after"]].any().reset_index()
            later = pairs[pairs["after"]]
            tests = later.groupby(code)["before"]
            planned = (tests.transform("mean") >= _MOST) & (tests.transform("size") >= _SUBJECTS)
            lacking = later[planned & ~later["before"]]
            shown = lacking.groupby("USUBJID", sort=True)[code].agg(", ".join).rename("tests").reset_index()
            text = (
                "no {tests} of {subject} before the first dose, though there are later results, and others "
                "have both. Do visit and date belong to each other?"
            )
            yield sentences(name, shown, "tests", text).assign(variable=code)


@rule(
    "FLAG-04", NOTE, "A test that has a baseline flag in others has one in every subject", SDTM, "EX.EXSTDTC"
)
def _no_baselines(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, flag, table in _flagged(tables):
        code = f"{name}TESTCD"
        own = tables.get(name, code)[["USUBJID", code]].drop_duplicates()
        own = own[own["USUBJID"].isin(tables.first_day.index)]
        marked = pd.MultiIndex.from_frame(table[["USUBJID", code]])
        own = own.assign(flagged=pd.MultiIndex.from_frame(own).isin(marked))
        tests = own.groupby(code)["flagged"]
        usual = (tests.transform("mean") >= _MOST) & (tests.transform("size") >= _SUBJECTS)
        lacking = own[usual & ~own["flagged"]].sort_values(["USUBJID", code])
        shown = lacking.groupby("USUBJID", sort=True)[code].agg(", ".join).rename("tests").reset_index()
        text = (
            f"{flag} marks no {{tests}} of {{subject}}, as it does in others. Set it, if there is a baseline."
        )
        yield sentences(name, shown, "tests", text).assign(variable=flag)
