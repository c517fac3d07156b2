"""Results beside each other: parts and wholes, texts and numbers, and values that jump."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.units import CUTOFF
from itpcsr.sdtm.checks.rules import NOTE, REALITY, REPORT, SDTM, WARNING, Tables, rule, values
from itpcsr.study import Study

# Relations between results: a part is no more than its whole, a text says what its number says.

_WAYS = ("SPEC", "METHOD", "LOC", "LAT", "POS", "TPT", "TPTREF")  # what else is the same of one measurement
_OF_ONE_SAMPLE = "of the same sample"
# Parts of a whole, all in one unit, by domain: what can't be above what. Codes of CDISC terminology.
_PARTS = {
    "CP": (("TLHLY", "TLYLY"), ("TLCLY", "TLYLY")),
    "LB": (
        ("NEUT", "WBC"), ("LYM", "WBC"), ("MONO", "WBC"), ("EOS", "WBC"), ("BASO", "WBC"),
        ("BILDIR", "BILI"), ("ALB", "PROT"), ("HDL", "CHOL"), ("LDL", "CHOL"),
    ),
    "VS": (("DIABP", "SYSBP"),),
}  # fmt: skip
# Parts that together are no more than their whole, or than 100 where none is named.
_SUMS = {
    "CP": (
        (("TLHLY", "TLCLY"), "TLYLY"), (("TLYLY", "BLYCELY", "NKLY"), ""),
        (("TH1TH", "TH2TH", "TH17TH"), ""),
    ),
    "LB": ((("NEUT", "LYM", "MONO", "EOS", "BASO"), "WBC"),),
}  # fmt: skip
# Ratios that are measured as well as their two parts: code, numerator, denominator.
_RATIOS = {
    "CP": (("TLYHTLYC", "TLHLY", "TLCLY"), ("TH1TH2", "TH1TH", "TH2TH"), ("TREGTH17", "TLHRTLH", "TH17TH"))
}
_ROUNDED = 1.02  # what rounding may add to a part, or take from its whole
_OVERLAP = 1.10  # what cells counted in two parts, and the error of each, may add to a sum
_RATIO_OFF = 0.10  # relative difference of a ratio that isn't rounding
_LEAST_SHARE = 2.0  # percent that T, B and NK cells together can't be: they are most of the lymphocytes


def _of_one_time(tables: Tables, name: str, codes: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per subject, time and way of measuring, with a column per test; first of several."""
    return tables.once(f"{codes} of one time in {name}", lambda: _wide(tables, name, codes))


def _wide(tables: Tables, name: str, codes: tuple[str, ...]) -> pd.DataFrame:
    test, result, unit, moment = (f"{name}{part}" for part in ("TESTCD", "STRESN", "STRESU", "DTC"))
    ways = [f"{name}{part}" for part in _WAYS if f"{name}{part}" in tables[name]]
    table = tables.get(name, test, result, unit, moment, *ways)
    table = table[table[test].isin(codes) & table[result].notna() & (table[moment] != "")]
    same = ["USUBJID", moment, unit, *ways]
    first = table.drop_duplicates([*same, test])
    wide = first.pivot(index=same, columns=test, values=result).reset_index()
    return wide.reindex(columns=[*same, *codes]).sort_values(same, kind="stable", ignore_index=True)


def _have(tables: Tables, name: str) -> bool:
    return all(tables.has(f"{name}.{name}{part}") for part in ("TESTCD", "STRESN", "DTC"))


def _told(name: str, rows: pd.DataFrame, test: str, shown: pd.Series, text: str) -> pd.DataFrame:
    """Return findings on one test of rows of several; the value is that test's."""
    rows = rows.assign(test=test, when=rows[f"{name}DTC"])
    rows[f"{name}STRESN"] = shown
    return values(name, rows, f"{name}STRESN", text)


@rule("REL-01", WARNING, "A part isn't above its whole, diastolic pressure not above systolic", REALITY)
def _parts_above_wholes(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, pairs in _PARTS.items():
        if _have(tables, name):
            wide = _of_one_time(tables, name, tuple(sorted({code for pair in pairs for code in pair})))
            for part, whole in pairs:
                wrong = wide[wide[part] > wide[whole] * _ROUNDED]
                text = (
                    f"{part} on {{when}}, above {whole}, {{whole:g}}, {_OF_ONE_SAMPLE}. Correct one of them."
                )
                text = text.replace(
                    f" {_OF_ONE_SAMPLE}", " at the same time" if name == "VS" else f" {_OF_ONE_SAMPLE}"
                )
                yield _told(name, wrong.assign(whole=wrong[whole]), part, wrong[part], text)


@rule("REL-02", WARNING, "Parts together aren't above their whole", REALITY)
def _sums_above_wholes(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, sums in _SUMS.items():
        if _have(tables, name):
            codes = {code for parts, whole in sums for code in (*parts, whole) if code}
            wide = _of_one_time(tables, name, tuple(sorted(codes)))
            for parts, whole in sums:
                limit = wide[whole] if whole else pd.Series(100.0, index=wide.index)
                percent = wide[f"{name}STRESU"] == "%"
                total = wide[list(parts)].sum(axis=1)
                wrong = (total > limit * _OVERLAP) & (percent | (whole != ""))
                rows = wide.assign(total=total, limit=limit)[wrong]
                named = " + ".join(parts)
                text = (
                    f"{parts[0]} on {{when}}, and {named} make {{total:g}}, more than "
                    f"{whole or 'the whole'}, {{limit:g}}. Correct one of them."
                )
                yield _told(name, rows, parts[0], rows[parts[0]], text)


@rule(
    "REL-03",
    WARNING,
    "A fraction isn't recorded as a percentage",
    REALITY,
    "CP.CPTESTCD CP.CPSTRESN CP.CPSTRESU",
)
def _fractions(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    wide = _of_one_time(tables, "CP", ("BLYCELY", "NKLY", "TLYLY")) if _have(tables, "CP") else None
    if wide is not None:
        total = wide[["BLYCELY", "NKLY", "TLYLY"]].sum(axis=1)
        small = (total < _LEAST_SHARE) & wide["TLYLY"].notna() & (wide["CPSTRESU"] == "%")
        rows = wide[small]
        text = "the T cells in % of lymphocytes on {when}: a fraction, it seems. Correct value or unit."
        yield _told("CP", rows, "TLYLY", rows["TLYLY"], text)


@rule("REL-04", WARNING, "A ratio is that of its parts", REALITY, "CP.CPTESTCD CP.CPSTRESN CP.CPDTC")
def _other_ratios(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    # units differ between ratio and parts, so that they are paired without them
    cp = tables.get("CP", "CPTESTCD", "CPSTRESN", "CPDTC", "CPSPEC")
    same = ["USUBJID", "CPDTC", "CPSPEC"]
    cp = cp[cp["CPSTRESN"].notna() & (cp["CPDTC"] != "")].drop_duplicates([*same, "CPTESTCD"])
    wide = cp.pivot(index=same, columns="CPTESTCD", values="CPSTRESN").reset_index()
    for code, above, below in _RATIOS["CP"]:
        if {code, above, below} <= set(wide):
            made = wide[above] / wide[below].where(wide[below] > 0)
            # a part of 0.6 is known to a tenth only, so the ratio may be off by as much
            known = 0.05 / wide[[above, below]].min(axis=1).clip(lower=0.05)
            off = (wide[code] - made).abs() > (np.maximum(_RATIO_OFF, known * 2)) * made
            rows = wide.assign(made=made)[off & (wide[[above, below]] > 0).all(axis=1)]
            text = f"{code} on {{when}}, but {above} / {below} make {{made:.3g}}. Correct one of them."
            yield _told("CP", rows, code, rows[code], text)


@rule(
    "REL-05",
    WARNING,
    "An antibody's result says what its ratio says",
    REPORT,
    "IS.ISTESTCD IS.ISSTRESC IS.ISSTRESN",
)
def _other_words(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    codes = [test.code for test in study.antibody.antibody_tests if test.kind == "autoantibody"]
    table = tables.get("IS", "ISTESTCD", "ISSTRESC", "ISORRES", "ISSTRESN", "ISDTC")
    own = table[table["ISTESTCD"].isin(codes) & table["ISSTRESN"].notna()]
    positive, high = fold(own["ISSTRESC"]).isin(["POSITIVE"]), own["ISSTRESN"] >= CUTOFF
    negative = fold(own["ISSTRESC"]).isin(["NEGATIVE"])
    wrong = own[(positive & ~high) | (negative & high)]
    text = (
        f"but the ratio of {{ISTESTCD}} on {{ISDTC}} is {{ISSTRESN:g}}, and the cut-off {CUTOFF:g}. The "
        "word is used; correct one of them."
    )
    yield values("IS", wrong, "ISSTRESC", text)


@rule("REL-06", WARNING, "Standard and original result say the same", SDTM)
def _other_results(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    words = ("POSITIVE", "NEGATIVE", "DETECTED", "NOT DETECTED", "REACTIVE", "NON-REACTIVE")
    for name in ("IS", "MB"):
        standard, original = f"{name}STRESC", f"{name}ORRES"
        if tables.has(f"{name}.{standard}") and tables.has(f"{name}.{original}"):
            table = tables.get(name, standard, original)
            said, was = fold(table[standard]), fold(table[original])
            wrong = table[said.isin(words) & was.isin(words) & (said != was)]
            text = f"but {original} is {{{original}!r}}. The standard result is used; correct one of them."
            yield values(name, wrong, standard, text)


# Values that jump: a decimal mark or a unit that slipped, seen by the subject's other values and others'.

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


def _shifts_have(tables: Tables, name: str) -> bool:
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
        if _shifts_have(tables, name):
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
        if _shifts_have(tables, name):
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
