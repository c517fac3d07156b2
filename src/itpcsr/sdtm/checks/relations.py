"""Relations between results: a part is no more than its whole, a text says what its number says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from csrkit.sdtm.labels import fold
from csrkit.sdtm.titres import CUTOFF
from itpcsr.sdtm.checks.findings import WARNING, values
from itpcsr.sdtm.checks.rules import REALITY, REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

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
