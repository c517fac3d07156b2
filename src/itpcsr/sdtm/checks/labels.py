"""Labels, texts and wording: a misspelt label is the one that it nearly is, answers can be understood."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.plain_text import plain_text
from csrkit.sdtm.dates import is_known_point
from csrkit.sdtm.join import still_there
from csrkit.sdtm.labels import fold, fold_label, near_pairs, nearest
from csrkit.sdtm.select import is_performed, is_unknown
from itpcsr.sdtm.checks import known_labels
from itpcsr.sdtm.checks.keys import FINDINGS
from itpcsr.sdtm.checks.known_labels import CODELISTS, LABELS, NO_ARM, SPELLED, Label, tests_of_study
from itpcsr.sdtm.checks.rules import (
    ERROR,
    NOTE,
    PROTOCOL,
    REPORT,
    SDTM,
    TERMS,
    WARNING,
    Tables,
    listed,
    overall,
    rule,
    values,
)
from itpcsr.study import Study

# Labels: a misspelt one is the label that it nearly is, not an unknown one that means nothing.

_OFTEN = 3  # times as often as its misspelling a label has to stand to be the right one
_LETTERS = 6  # that a label has at least whose misspelling is looked for among the data's own labels
_TOXICITY = r"\bDLT|DLT\b|DOSE[- ]?LIMITING"
_REACTION = r"INFUSION[- ](?:RELATED )?REACTION|^AEINF?R"


@rule("TERM-14", ERROR, "Labels that key results hang on are spelled as the derivations know them", REPORT)
def _misspelt_key_labels(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    yield from _misspelt(tables, study, key=True)


@rule("TERM-15", WARNING, "Labels that derivations compare are spelled as they know them", REPORT)
def _misspelt_labels(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    yield from _misspelt(tables, study, key=False)


def _misspelt(tables: Tables, study: Study, key: bool) -> Iterator[pd.DataFrame]:
    for label in (label for label in LABELS if label.key == key):
        if tables.has(f"{label.domain}.{label.variable}"):
            meant = _meant(label, tables, study)
            if meant:
                table = tables.get(label.domain, label.variable)
                rows = table[table[label.variable].isin(list(meant))]
                rows = rows.assign(meant=rows[label.variable].map(meant))
                text = f"nearly {{meant!r}}, so {label.lost}. Correct it."
                yield values(label.domain, rows, label.variable, text)


def _meant(label: Label, tables: Tables, study: Study) -> dict[str, str]:
    """Return the known label by each value that nearly is one."""
    known = label.known(study)
    same = [other for other in LABELS if (other.domain, other.variable) == (label.domain, label.variable)]
    every = {fold_label(word) for other in same for word in other.known(study)}
    found = {}
    for value in tables.different(label.domain, label.variable):
        meant = nearest(value, known, label.mistakes)
        if meant and value not in label.others and (label.exact or fold_label(value) not in every):
            found[value] = meant
    return found


@rule("TERM-16", WARNING, "Race and ethnicity are terms of their codelists", TERMS)
def _outside_codelists(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for (domain, variable), allowed in CODELISTS.items():
        if tables.has(f"{domain}.{variable}"):
            table = tables.get(domain, variable)
            odd = table[(table[variable] != "") & ~fold(table[variable]).isin(allowed)]
            meant = odd[variable].map(lambda value, known=allowed: _nearly(nearest(value, known)))
            text = "no term of its codelist{meant}, so it has a row of its own in the tables. Correct it."
            yield values(domain, odd.assign(meant=meant), variable, text)


def _nearly(label: str) -> str:
    return f" (nearly {label!r})" if label else ""


@rule("TERM-17", WARNING, "A label is written in one way", REPORT)
def _several_spellings(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, variable in _spelled(tables):
        usual = _usual_spelling(tables, name, variable)
        if usual:
            table = tables.get(name, variable)
            rows = table[table[variable].isin(list(usual))]
            rows = rows.assign(usual=rows[variable].map(usual))
            text = "elsewhere written {usual!r}; they differ in case or blanks only. Write it in one way."
            yield values(name, rows, variable, text)


def _spelled(tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield the domains of subjects with their variables that hold labels."""
    for name in tables.of_subjects:
        wanted = {*SPELLED, *(f"{name}{part}" for part in SPELLED), *(("EXTRT",) if name == "EX" else ())}
        for variable in tables[name].columns:
            if variable in wanted:
                yield name, variable


def _usual_spelling(tables: Tables, name: str, variable: str) -> dict[str, str]:
    """Return the commonest spelling by each other one of the same label; of equally common ones the first."""
    different = pd.Series(tables.different(name, variable), dtype="str")
    if not different.empty and (folded := fold(different)).duplicated().any():
        several = set(different[folded.duplicated(keep=False)])
        counts = tables[name][variable].value_counts()
        order = sorted(several, key=lambda value: (-int(counts[value]), value))
        first: dict[str, str] = {}
        for value in order:
            first.setdefault(fold_label(value), value)
        return {value: first[fold_label(value)] for value in order if first[fold_label(value)] != value}
    return {}


@rule("TERM-18", WARNING, "A rare label isn't one letter away from a common one", REPORT)
def _rare_neighbours(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, variable in _spelled(tables):
        if variable.endswith(("TESTCD", "TEST")):
            continue  # tests may differ by a letter (height, weight); their code tells them apart
        common = _common_neighbours(tables, name, variable)
        if common:
            table = tables.get(name, variable)
            rows = table[table[variable].isin(list(common))]
            rows = rows.assign(common=rows[variable].map(common))
            text = "one letter away from {common!r}, which is common. Correct it, or it has a row of its own."
            yield values(name, rows, variable, text)


def _common_neighbours(tables: Tables, name: str, variable: str) -> dict[str, str]:
    labels = [value for value in tables.different(name, variable) if len(value) >= _LETTERS]
    pairs = [pair for pair in near_pairs(labels) if fold_label(pair[0]) != fold_label(pair[1])]
    if not pairs:
        return {}
    counts = tables[name][variable].value_counts()
    found = {}
    for first, second in pairs:
        rare, common = sorted((first, second), key=lambda value: int(counts[value]))
        if counts[common] >= _OFTEN * counts[rare]:
            found[rare] = common
    return found


@rule("TERM-19", WARNING, "A test's code and its name belong to each other", SDTM)
def _other_names(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        code, test = f"{name}TESTCD", f"{name}TEST"
        if tables.has(f"{name}.{code}") and tables.has(f"{name}.{test}"):
            table = tables.get(name, code, test)
            for variable, key in ((code, test), (test, code)):
                usual = _usual_partner(table, key, variable)
                odd = table[table[key].isin(usual.index)]
                odd = odd.assign(usual=usual.reindex(odd[key]).to_numpy(), key=odd[key])
                odd = odd[odd[variable] != odd["usual"]]
                text = f"but {key} {{key!r}} goes with {{usual!r}} elsewhere. Correct code or name."
                yield values(name, odd, variable, text)


def _usual_partner(table: pd.DataFrame, key: str, variable: str) -> pd.Series:
    """Return the commonest value of ``variable`` by ``key``, of those keys that have several."""
    pairs = table[(table[key] != "") & (table[variable] != "")]
    counts = pairs[[key, variable]].value_counts().rename("number").reset_index()
    counts = counts.sort_values([key, "number", variable], ascending=[True, False, True])
    counts = counts[~counts.assign(folded=fold(counts[variable])).duplicated([key, "folded"])]
    several = counts[counts.duplicated(key, keep=False)].drop_duplicates(key)
    return several.set_index(key)[variable]


@rule("TERM-20", WARNING, "No test goes by nearly the code that the study file names", PROTOCOL)
def _tests_by_other_codes(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, wanted in tests_of_study(study).items():
        code = f"{name}TESTCD"
        if tables.has(f"{name}.{code}"):
            found = set(tables.different(name, code))
            lacking = sorted(set(wanted) - found)
            meant = {value: nearest(value, lacking) for value in sorted(found - set(wanted))}
            table = tables.get(name, code)
            rows = table[table[code].isin([value for value, test in meant.items() if test])]
            rows = rows.assign(meant=rows[code].map(meant))
            text = (
                "nearly {meant!r}, which the study file names and the data don't have. Correct one of them."
            )
            yield values(name, rows, code, text)


@rule(
    "TERM-21",
    ERROR,
    "Platelet counts have the code that the study file names",
    PROTOCOL,
    "LB.LBTESTCD LB.LBTEST",
)
def _platelets_by_other_codes(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.efficacy is not None:
        wanted = study.efficacy.platelet_test
        lb = tables.get("LB", "LBTESTCD", "LBTEST", "LBSTRESU")
        names = set(fold(lb.loc[lb["LBTESTCD"] == wanted, "LBTEST"])) - {""}
        close = {value for value in tables.different("LB", "LBTESTCD") if nearest(value, [wanted], 1)}
        other = (lb["LBTESTCD"] != wanted) & lb["LBSTRESU"].str.upper().isin(known_labels.COUNT_UNITS)
        named = fold(lb["LBTEST"]).isin(names)
        closely = lb["LBTESTCD"].isin(close) & (
            lb["LBTEST"].str.upper().str.contains("PLATELET", regex=False)
        )
        if names:  # without any, another rule says that there are none
            text = f"a platelet count that isn't read, since only {wanted!r} is. Correct it."
            yield values("LB", lb[other & (named | closely)], "LBTESTCD", text)


@rule("TERM-22", ERROR, "A dose-limiting toxicity is marked by AEDLT", REPORT, "SUPPAE.QNAM SUPPAE.QVAL")
def _toxicities_by_other_names(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    yield _marked_otherwise(tables, "AEDLT", _TOXICITY, "this toxicity isn't counted as dose-limiting")


@rule("TERM-23", WARNING, "A reaction to an infusion is marked by AEINFRN", REPORT, "SUPPAE.QNAM SUPPAE.QVAL")
def _reactions_by_other_names(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    yield _marked_otherwise(tables, "AEINFRN", _REACTION, "this reaction to an infusion isn't counted")


def _marked_otherwise(tables: Tables, flag: str, pattern: str, lost: str) -> pd.DataFrame:
    """Return qualifiers whose name or label speaks of what the flag marks, though they aren't the flag."""
    table = tables.get("SUPPAE", "QNAM", "QLABEL", "QVAL", "IDVARVAL")
    names = pd.Series(tables.different("SUPPAE", "QNAM"), dtype="str")
    misspelt = {name for name in names if nearest(name, [flag])}  # the rule on labels tells of these
    speaks = (table["QNAM"] + " " + table["QLABEL"]).str.upper().str.contains(pattern, regex=True)
    yes = table["QVAL"].str.upper().isin(["Y", "YES", "1", "TRUE"])
    other = table[speaks & yes & (table["QNAM"] != flag) & ~table["QNAM"].isin(misspelt)]
    return values("SUPPAE", other, "QNAM", f"only {flag} is read, so {lost}. Correct QNAM.")


@rule("TERM-24", WARNING, "Arm codes are the study's, or say that there is no arm", SDTM, "DM.ARMCD")
def _unknown_arms(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    codes = [arm.code for arm in study.design.arms]
    for variable, lost in (("ARMCD", "so the subject isn't enrolled"), ("ACTARMCD", "so it isn't used")):
        if tables.has(f"DM.{variable}"):
            dm = tables.get("DM", variable)
            known = dm[variable].isin(codes) | fold(dm[variable]).isin(["", *NO_ARM])
            misspelt = dm[variable].map(lambda value: bool(nearest(value, codes))).astype("bool")
            text = (
                f"neither an arm of the study ({', '.join(codes)}) nor a term for none, {lost}. Correct it."
            )
            yield values("DM", dm[~known & ~misspelt], variable, text)


@rule("TERM-25", NOTE, "A visit has the name that the trial's visits have", SDTM, "TV")
def _unplanned_names(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = set(fold(tables["TV"]["VISIT"])) if "VISIT" in tables["TV"] else set()
    for name in tables.of_subjects:
        if "VISIT" in tables[name]:
            different = pd.Series(tables.different(name, "VISIT"), dtype="str")
            folded = fold(different)
            odd = different[~folded.isin(planned | {""}) & ~folded.str.contains("UNSCHED|UNPLAN", regex=True)]
            table = tables.get(name, "VISIT")
            text = f"no visit of the trial ({listed(sorted(planned))}). Correct it."
            yield values(name, table[table["VISIT"].isin(odd)], "VISIT", text)


# Texts that aren't read as they stand in their files, since a report can't show them.

_TEXT = (
    "record {record} of {file} has {original}, with line breaks or characters that can't be shown; a blank "
    "replaces them. Correct the source."
)


@rule("TXT-03", WARNING, "Text is one line of characters that can be shown", SDTM)
def _changed_on_reading(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    changed = tables.trial.changed
    for name in sorted(set(changed["domain"]) & set(tables.names)):
        own = still_there(changed[changed["domain"] == name], tables[name], name)
        for variable in sorted(set(own["variable"])):
            yield _of_variable(name, variable, own[own["variable"] == variable], tables)


def _of_variable(name: str, variable: str, changed: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    now = changed["original"].map(plain_text)
    rows = changed.assign(original=changed["original"].map(repr))
    if "USUBJID" not in tables[name]:
        first = {column: rows[column].iloc[0] for column in rows}
        return overall(name, variable, now.iloc[0], f"{variable}: {_TEXT.format_map(first)}")
    named = {"USUBJID": rows["subject"], f"{name}SEQ": rows["sequence"], variable: now}
    return values(name, rows.assign(**named), variable, _TEXT)


# Wording: answers and reference points that can be understood.

_TIMED = ("AE", "CM", "PR")


@rule("OCC-01", NOTE, "It is known whether what was asked for took place", SDTM, "DM")
def _unknown_occurrence(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in tables.of_subjects:
        table = tables[name]
        unknown = is_unknown(name, table)
        for counts, text in (
            (True, "with a date it counts as having taken place"),
            (False, "it doesn't count"),
        ):
            rows = table[unknown & (is_performed(name, table) == counts)]
            advice = "but it was asked for, or the answer isn't Y or N; " + text + ". Fill in Y or N."
            yield values(name, rows, f"{name}OCCUR", advice)


@rule("TIME-01", WARNING, "The point that relative timing names is known", SDTM, "DM")
def _unknown_points(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in _TIMED:
        for relation, point, date in (("STRTPT", "STTPT", "STDTC"), ("ENRTPT", "ENTPT", "ENDTC")):
            if tables.has(f"{name}.{name}{relation}"):
                table = tables.get(name, f"{name}{relation}", f"{name}{point}", f"{name}{date}")
                before = fold(table[f"{name}{relation}"]) == "BEFORE"
                vague = (
                    before
                    & ~is_known_point(table[f"{name}{point}"])
                    & (table[f"{name}{date}"].str.len() < 10)
                )
                text = (
                    f"so BEFORE in {name}{relation} doesn't say whether it was before treatment; it counts "
                    "as not known. Name a date, or the first dose."
                )
                yield values(name, table[vague], f"{name}{point}", text)


@rule("TERM-26", WARNING, "Codes of tests are in capitals, without blanks", SDTM)
def _other_codes(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in FINDINGS:
        code = f"{name}TESTCD"
        if tables.has(f"{name}.{code}"):
            odd = [test for test in tables.different(name, code) if test != test.strip().upper()]
            table = tables.get(name, code)
            text = "codes are read as they stand, so this is no result of {meant!r}. Correct it."
            rows = table[table[code].isin(odd)]
            yield values(name, rows.assign(meant=rows[code].str.strip().str.upper()), code, text)
