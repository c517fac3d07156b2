"""Values that jump: a decimal mark or a unit that slipped, seen by the subject's other values and others'."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from itpcsr.sdtm.checks.findings import NOTE, WARNING, values
from itpcsr.sdtm.checks.rules import REALITY, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

_DOMAINS = ("LB", "VS", "CP", "IS")
_TENFOLD = 0.8  # decimal logarithm of a jump from which a shift by ten is likely: 6-fold
_ENZYMES = ("ALT", "AST", "ALP", "GGT", "LDH", "CK")  # that rise several-fold when an organ is hurt
_TENFOLD_ENZYMES = 0.9  # so that only a jump by 8 or more is odd
_SPREAD = 3.0  # median absolute deviations of the logarithm that a jump lies beyond the subject's own spread
_MARGIN = 0.5  # decimal logarithm beyond that spread
_VALUES = 3  # of a test that a subject has at least
_SUBJECTS = 5  # that have a test at least where they are compared
_EXACT = 0.05  # decimal logarithm within which a jump of the platelets is a shift by ten or a hundred
_NEIGHBOURS = 0.08  # decimal logarithm within which the counts before and after it agree
# Relative change against the subject's median that a body doesn't make in a trial: kilograms and pounds are
# a factor of 2.2 apart, centimetres and inches one of 2.5.
_BODY = {"WEIGHT": 1.35, "HEIGHT": 1.06, "TEMP": 1.15}
_MASS_INDEX = (10.0, 80.0)  # kg/m², of living adults
_RISE = 0.7  # decimal logarithm by which neighbouring samples differ otherwise than in other subjects


def _results(tables: Tables, name: str) -> pd.DataFrame:
    """Return positive results with their decimal logarithm, and what makes them comparable."""
    parts = ("TESTCD", "STRESN", "STRESU", "SPEC", "DTC")
    test, result, unit, specimen, moment = (f"{name}{part}" for part in parts)
    table = tables.get(name, test, result, unit, specimen, moment, "VISIT")
    table = table[table[result] > 0].copy()
    table["log"] = np.log10(table[result])
    table["test"] = table[test] + "\x1f" + table[unit] + "\x1f" + table[specimen]
    return table


def _have(tables: Tables, name: str) -> bool:
    return all(tables.has(f"{name}.{name}{part}") for part in ("TESTCD", "STRESN"))


def _platelets(study: Study) -> str:
    return study.efficacy.platelet_test if study.efficacy else ""


def _within(tables: Tables, name: str) -> pd.DataFrame:
    """Add each subject's median of a test, the median absolute deviation, and the number of values."""
    table = _results(tables, name)
    groups = table.groupby(["USUBJID", "test"], sort=False)["log"]
    table["median"], table["number"] = groups.transform("median"), groups.transform("size")
    table["off"] = (table["log"] - table["median"]).abs()
    table["spread"] = table.groupby(["USUBJID", "test"], sort=False)["off"].transform("median")
    return table


@rule("VAL-13", WARNING, "A value isn't ten or a hundred times the subject's others", REALITY)
def _jumps(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in _DOMAINS:
        if _have(tables, name):
            table = tables.once(f"spread in {name}", partial(_within, tables, name))
            least = table[f"{name}TESTCD"].isin(_ENZYMES).map({True: _TENFOLD_ENZYMES, False: _TENFOLD})
            jump = (table["off"] >= least) & (table["off"] >= _MARGIN + _SPREAD * table["spread"])
            counts = table[f"{name}TESTCD"] == _platelets(
                study
            )  # platelets jump: that is what they are treated for
            wrong = table[jump & ~counts & (table["number"] >= _VALUES)]
            wrong = wrong.assign(times=10 ** (wrong["log"] - wrong["median"]), usual=10 ** wrong["median"])
            text = (
                f"{{{name}TESTCD}} on {{{name}DTC}}, {{times:.3g}} times the subject's median, "
                "{usual:.4g}. Is it a slip of unit or decimal mark? Check it."
            )
            yield values(name, wrong, f"{name}STRESN", text)


@rule("VAL-14", WARNING, "A subject's values aren't ten or a hundred times those of all others", REALITY)
def _other_subjects(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in _DOMAINS:
        if _have(tables, name):
            table = tables.once(f"spread in {name}", partial(_within, tables, name))
            table = table[table[f"{name}TESTCD"] != _platelets(study)]
            own = table.drop_duplicates(["USUBJID", "test"])
            tests = own.groupby("test", sort=False)["median"]
            own = own.assign(usual=tests.transform("median"), subjects=tests.transform("size"))
            own["off"] = (own["median"] - own["usual"]).abs()
            # the spread is that of single subjects' medians; a widely spread test has no order of magnitude
            own["spread"] = own.groupby("test", sort=False)["off"].transform("median")
            wrong = own[
                (own["off"] >= _TENFOLD)
                & (own["off"] >= _MARGIN + 2 * _SPREAD * own["spread"])
                & (own["subjects"] >= _SUBJECTS)
            ]
            wrong = wrong.assign(mine=10 ** wrong["median"], usual=10 ** wrong["usual"])
            text = (
                f"the subject's median of {{{name}TESTCD}} is {{mine:.4g}}, that of all subjects "
                "{usual:.4g}. Is it another unit? Check them."
            )
            yield values(name, wrong, f"{name}STRESN", text)


@rule(
    "VAL-15", WARNING, "Weight, height and temperature stay as they are", REALITY, "VS.VSTESTCD VS.VSSTRESN"
)
def _changing_bodies(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    table = tables.once("spread in VS", partial(_within, tables, "VS"))
    allowed = np.log10(table["VSTESTCD"].map(_BODY).astype("float64"))
    wrong = table[(table["off"] > allowed) & (table["number"] >= 2)]
    wrong = wrong.assign(usual=10 ** wrong["median"])
    text = (
        "{VSTESTCD} on {VSDTC}, where the subject's median is {usual:.4g}. Is it in another unit? Check it."
    )
    yield values("VS", wrong, "VSSTRESN", text)


@rule("VAL-16", WARNING, "Weight goes with height", REALITY, "VS.VSTESTCD VS.VSSTRESN VS.VSSTRESU")
def _odd_mass_index(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    vs = tables.get("VS", "VSTESTCD", "VSSTRESN", "VSSTRESU", "VSDTC")
    unit = vs["VSSTRESU"].str.lower()
    height = vs[(vs["VSTESTCD"] == "HEIGHT") & (unit == "cm")].groupby("USUBJID")["VSSTRESN"].median() / 100
    weight = vs[(vs["VSTESTCD"] == "WEIGHT") & (unit == "kg")]
    weight = weight.assign(height=height.reindex(weight["USUBJID"]).to_numpy())
    weight = weight[(weight["height"] > 0) & (weight["VSSTRESN"] > 0)]
    index = weight["VSSTRESN"] / weight["height"] ** 2
    odd = weight.assign(index=index)[~index.between(*_MASS_INDEX)]
    yield values(
        "VS",
        odd,
        "VSSTRESN",
        "kg, which makes {index:.3g} kg/m² with the height. Check both and their units.",
    )


@rule(
    "VAL-17",
    NOTE,
    "A platelet count isn't ten times both its neighbours",
    REALITY,
    "LB.LBTESTCD LB.LBSTRESN LB.LBDTC",
)
def _shifted_counts(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        table = _results(tables, "LB")
        table = table[(table["LBTESTCD"] == _platelets(study)) & (table["LBDTC"] != "")]
        table = table.sort_values(["USUBJID", "LBDTC"], kind="stable")
        logs = table.groupby("USUBJID", sort=False)["log"]
        before, after = logs.shift(1), logs.shift(-1)
        jump = (table["log"] - (before + after) / 2).abs()
        exact = ((jump - 1).abs() <= _EXACT) | ((jump - 2).abs() <= _EXACT)
        wrong = table.assign(usual=10 ** ((before + after) / 2))[
            exact & ((before - after).abs() <= _NEIGHBOURS)
        ]
        text = "a platelet count on {LBDTC} between counts of about {usual:.3g}. Check its decimal mark."
        yield values("LB", wrong, "LBSTRESN", text)


@rule("PC-11", WARNING, "There are no cells before the first infusion", REALITY, "PC.PCTPTNUM PC.PCSTRESN")
def _cells_before(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.concentration_hours:
        pc = tables.get("PC", "PCTESTCD", "PCTPTNUM", "PCSTRESN", "PCLLOQ", "PCTPTREF", "PCDTC")
        if study.sampling.concentration_test:
            pc = pc[pc["PCTESTCD"] == study.sampling.concentration_test]
        limit = pc["PCLLOQ"].fillna(study.sampling.concentration_limit or 0.0)
        first = pc["PCDTC"].groupby(pc["USUBJID"]).transform("min") == pc["PCDTC"]
        early = pc[(pc["PCTPTNUM"] < 0) & first & (pc["PCSTRESN"] > 0) & (pc["PCSTRESN"] >= limit)]
        text = "quantified before infusion 1, on {PCDTC}. Were samples exchanged? Check them."
        yield values("PC", early, "PCSTRESN", text)


@rule(
    "PC-12",
    WARNING,
    "Cells fall from sample to sample as in other subjects",
    REALITY,
    "PC.PCTPTNUM PC.PCSTRESN",
)
def _odd_courses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.concentration_hours:
        pc = tables.get("PC", "PCTESTCD", "PCTPTNUM", "PCSTRESN", "PCDTC")
        pc = pc[(pc["PCTPTNUM"] > 0) & (pc["PCSTRESN"] > 0)].copy()
        pc["log"] = np.log10(pc["PCSTRESN"])
        pc = pc.sort_values(["USUBJID", "PCTESTCD", "PCTPTNUM"], kind="stable")
        groups = pc.groupby(["USUBJID", "PCTESTCD"], sort=False)
        pc["to"], pc["next"], then = (
            groups["PCTPTNUM"].shift(-1),
            groups["PCSTRESN"].shift(-1),
            groups["log"].shift(-1),
        )
        pc["fall"] = pc["log"] - then
        pairs = pc[pc["fall"].notna()]
        others = pairs.groupby(["PCTESTCD", "PCTPTNUM", "to"], sort=False)["fall"]
        usual = others.transform("median").where(others.transform("size") >= _SUBJECTS)
        # with few subjects a tenfold step either way is told
        off = ((pairs["fall"] - usual).abs() >= _RISE).where(usual.notna(), pairs["fall"].abs() >= 1)
        text = (
            "{PCTPTNUM:g} h after infusion 1, and {next:g} after {to:g} h, unlike other subjects. Check both."
        )
        yield values("PC", pairs[off], "PCSTRESN", text)
