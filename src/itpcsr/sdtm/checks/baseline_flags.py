"""Baseline by the flags of the data: tests that have none."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.limits import read_limits
from csrkit.sdtm.performed import is_performed
from itpcsr.sdtm.checks.findings import NOTE, overall
from itpcsr.sdtm.checks.rules import REPORT, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.sdtm.first_dose import FLAGGED, before_treatment, is_of_flagged_test, read_time_points
from itpcsr.sdtm.manners import name_series
from itpcsr.sdtm.specimens import name_parameters, tests_of_blood
from itpcsr.study import Study

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
