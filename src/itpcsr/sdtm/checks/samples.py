"""The planned samples of viruses, antibodies, immune cells and cells in blood, and what they tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from csrkit.sdtm.units import ALLOWED, read_titres
from itpcsr.sdtm.checks import known_labels
from itpcsr.sdtm.checks.chronology import missed_weeks
from itpcsr.sdtm.checks.rules import (
    ERROR,
    NOTE,
    PROTOCOL,
    REALITY,
    REPORT,
    SDTM,
    WARNING,
    Tables,
    look_up,
    rule,
    sentences,
    values,
)
from itpcsr.sdtm.questionnaires import QS_NUMBERS, QS_TEXT, impossible_scores, score_assessments
from itpcsr.study import Study

# Viruses, antibodies, immune cells and bleeding: the planned samples, and what they tell.

_RESULTS = ("NEGATIVE", "POSITIVE", "INDETERMINATE", "NOT DETECTED", "DETECTED", "")


@rule(
    "MB-01", WARNING, "Viruses are tested in the planned weeks", PROTOCOL, "MB.MBTESTCD MB.MBDTC EX.EXSTDTC"
)
def _missed_viruses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    weeks, mb = study.sampling.virus_weeks, tables.get("MB", "MBTESTCD")
    if not (weeks and study.sampling.virus_tests):
        return
    missed = [
        missed_weeks(tables, study, "MB", mb[mb["MBTESTCD"] == test], weeks).assign(test=test)
        for test in study.sampling.virus_tests
    ]
    together = pd.concat(missed).groupby(["USUBJID", "weeks"], sort=True)["test"]
    lacking = together.agg(", ".join).rename("tests").reset_index()
    text = "no {tests} of {subject} near week(s) {weeks}. Add the results or record a deviation."
    yield sentences("MB", lacking, "tests", text).assign(variable="MBTESTCD")


@rule("MB-02", WARNING, "No virus is found", REPORT, "MB.MBTESTCD MB.MBSTRESC")
def _positive_viruses(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    mb = tables.get("MB", "MBTESTCD", "MBSTRESC", "MBDTC")
    found = mb[mb["MBSTRESC"].str.upper().isin(known_labels.POSITIVE)]
    yield values("MB", found, "MBSTRESC", "{MBTESTCD} on {MBDTC}: a safety finding. Confirm it.")


@rule(
    "MB-03", NOTE, "Viruses are tested before the first infusion", PROTOCOL, "MB.MBTESTCD MB.MBDTC EX.EXSTDTC"
)
def _no_virus_baseline(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.virus_tests:
        mb = tables.get("MB", "MBTESTCD", "MBDTC")
        before = mb[tables.day("MB", "MBDTC") <= look_up(tables.first_day, mb["USUBJID"])]
        treated = tables.infusions.drop_duplicates("USUBJID")[["USUBJID"]]
        lacking = treated[~treated["USUBJID"].isin(before["USUBJID"].unique())]
        text = "no virus test of {subject} before infusion 1; a later finding can't be told from an old one."
        yield sentences("MB", lacking, "MBTESTCD", text)


@rule("MB-04", NOTE, "Results of virus tests are terms or numbers", SDTM, "MB.MBTESTCD MB.MBSTRESC")
def _odd_virus_results(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    mb = tables.get("MB", "MBTESTCD", "MBSTRESC")
    known = mb["MBSTRESC"].str.upper().isin(_RESULTS) | mb["MBSTRESC"].str.contains(r"[0-9]", regex=True)
    yield values("MB", mb[~known], "MBSTRESC", "neither NEGATIVE, POSITIVE nor a number. Correct it.")


@rule(
    "IS-01", NOTE, "Antibodies to HLA and donor are of the first subjects", PROTOCOL, "IS.ISTESTCD EX.EXSTDTC"
)
def _other_antibody_subjects(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.antibody_subjects is not None:
        first = _first_treated(tables, study.sampling.antibody_subjects)
        table = _donor_antibodies(tables)
        extra = table[~table["USUBJID"].isin(first)]
        text = f"records of {{subject}} ({{records}}), who isn't among the first {len(first)} treated."
        yield sentences("IS", extra, "ISTESTCD", text)


@rule(
    "IS-02",
    WARNING,
    "The first subjects have antibodies before and after treatment",
    PROTOCOL,
    "IS.ISDTC EX.EXSTDTC",
)
def _half_antibodies(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.antibody_subjects is None:
        return
    table = _donor_antibodies(tables)
    after = table["day"] > look_up(tables.first_day, table["USUBJID"])
    dated = table["day"].notna()
    first = pd.DataFrame({"USUBJID": _first_treated(tables, study.sampling.antibody_subjects)}, dtype="str")
    for found, when in ((dated & ~after, "before"), (dated & after, "after")):
        lacking = first[~first["USUBJID"].isin(table.loc[found, "USUBJID"])]
        text = f"no antibody sample of {{subject}} {when} treatment; a change can't be estimated. Add it."
        yield sentences("IS", lacking, "ISDTC", text).assign(value=when)


@rule("IS-03", ERROR, "Results of antibodies are words or titres", REPORT, "IS.ISTESTCD IS.ISSTRESC")
def _unread_antibodies(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    codes = [test.code for test in study.antibody.antibody_tests if test.kind == "donor"]
    table = tables.get("IS", "ISTESTCD", "ISSTRESC", "ISORRES", "ISSTRESN")
    standard, original = (read_titres(table[name]) for name in ("ISSTRESC", "ISORRES"))
    word = (standard["word"] != "") | (original["word"] != "")
    titre = standard["value"].notna() | original["value"].notna() | (table["ISSTRESN"] >= 1)
    silent = ((table["ISSTRESC"] + table["ISORRES"]).str.strip() == "") & table["ISSTRESN"].isna()
    wrong = table[table["ISTESTCD"].isin(codes) & ~word & ~titre & ~silent]
    yield values("IS", wrong, "ISSTRESC", f"allowed are {ALLOWED}. Correct it.")


def _donor_antibodies(tables: Tables) -> pd.DataFrame:
    """Return antibodies to HLA and to the donor; those to the subject's own platelets are of everyone."""
    table = tables.get("IS", "ISTESTCD", "ISCAT")
    table["day"] = tables.day("IS", "ISDTC")
    words = table["ISTESTCD"] + " " + table["ISCAT"].str.upper()
    return table[words.str.contains("HLA|DONOR|DSA", regex=True)]


def _first_treated(tables: Tables, number: int) -> list[str]:
    """Return the subjects treated first; the registry takes the first ones for antibodies."""
    order = tables.infusions.drop_duplicates("USUBJID").sort_values(["EXSTDTC", "USUBJID"], kind="stable")
    return order["USUBJID"].head(number).tolist()


@rule(
    "CP-01",
    NOTE,
    "Immune cells are measured in the planned weeks",
    PROTOCOL,
    "CP.CPTESTCD CP.CPDTC EX.EXSTDTC",
)
def _missed_phenotypes(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.immune_weeks:
        rows = tables.get("CP", "CPDTC")
        missed = missed_weeks(tables, study, "CP", rows, study.sampling.immune_weeks)
        text = "no cell phenotypes of {subject} near week(s) {weeks}. They are shown as missing."
        yield sentences("CP", missed, "weeks", text).assign(variable="CPTESTCD")


@rule("CP-02", NOTE, "Cytokines are measured in the planned weeks", PROTOCOL, "LB.LBCAT LB.LBDTC EX.EXSTDTC")
def _missed_cytokines(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    lb = tables.get("LB", "LBCAT", "LBDTC")
    rows = lb[lb["LBCAT"].str.upper() == "CYTOKINE"]
    if study.sampling.immune_weeks and len(rows):
        missed = missed_weeks(tables, study, "LB", rows, study.sampling.immune_weeks)
        text = "no cytokines of {subject} near week(s) {weeks}. They are shown as missing."
        yield sentences("LB", missed, "weeks", text).assign(variable="LBCAT")


@rule(
    "CP-03",
    WARNING,
    "Immune cells are measured before the first infusion",
    PROTOCOL,
    "CP.CPTESTCD CP.CPDTC EX.EXSTDTC",
)
def _no_phenotype_baseline(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.immune_weeks:
        cp = tables.get("CP", "CPDTC")
        before = cp[tables.day("CP", "CPDTC") <= look_up(tables.first_day, cp["USUBJID"])]
        lacking = tables.infusions.drop_duplicates("USUBJID")[["USUBJID"]]
        lacking = lacking[~lacking["USUBJID"].isin(before["USUBJID"].unique())]
        yield sentences(
            "CP",
            lacking,
            "CPTESTCD",
            "no cell phenotypes of {subject} before infusion 1; no change can be estimated.",
        )


# Antibodies: titres that are dilutions.

_LEAST, _MOST = 5, 0.8  # titres of a test, and the share of them, that show by which factor it is diluted
_OFF = 0.02  # of the binary logarithm, by which rounding may move a titre within its series


def _titres(tables: Tables, study: Study) -> pd.DataFrame:
    """Return the results of donor antibodies with what they say: word, value and sign (``read_titres``)."""
    codes = [test.code for test in study.antibody.antibody_tests if test.kind == "donor"]
    table = tables.get("IS", "ISTESTCD", "ISSTRESC", "ISORRES", "ISSTRESN", "ISDTC")
    table = table[table["ISTESTCD"].isin(codes)]
    standard, original = (read_titres(table[name]) for name in ("ISSTRESC", "ISORRES"))
    word = standard["word"].where(standard["word"] != "", original["word"])
    return table.assign(word=word, value=standard["value"].fillna(original["value"]))


@rule("IS-05", WARNING, "A titre is 1 or more", REALITY, "IS.ISTESTCD IS.ISSTRESN")
def _titres_below_one(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    table = _titres(tables, study)
    low = table[(table["word"] == "POSITIVE") & table["value"].isna() & (table["ISSTRESN"] < 1)]
    text = "no dilution, so the titre of {ISTESTCD} on {ISDTC} counts as not known. Correct it."
    yield values("IS", low, "ISSTRESN", text)


@rule("IS-06", NOTE, "Titres of a test are steps of one dilution", REPORT, "IS.ISTESTCD")
def _titres_between_steps(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    table = _titres(tables, study)
    table = table.assign(value=table["value"].fillna(table["ISSTRESN"].where(table["ISSTRESN"] >= 1)))
    table = table[table["value"].notna() & (table["word"] != "NEGATIVE")]
    for _, rows in table.groupby("ISTESTCD", sort=True):
        usual = rows["value"].mode().iloc[0]
        steps = np.log2(rows["value"] / usual)
        between = (steps - steps.round()).abs() > _OFF
        if len(rows) >= _LEAST and (~between).mean() >= _MOST:
            text = f"a titre of {{value:g}} is no doubling from {usual:g}, as the others are. Check it."
            yield values("IS", rows[between], "ISSTRESC", text)


# Cells in blood: whose, when, and how much.

_TIMES = "PC.PCDTC PC.PCTPTNUM EX.EXSTDTC"
_LEAST_MINUTES = 5.0  # a clock is read to a few minutes, whatever the nominal time
_HALF_MINUTE = 1 / 120  # times are recorded to the minute


def _samples(tables: Tables, study: Study) -> pd.DataFrame:
    """Return concentrations with hours since infusion 1: from its start before it, from its end after it."""
    pc = tables.get(
        "PC",
        "PCTESTCD",
        "PCTPT",
        "PCTPTNUM",
        "PCTPTREF",
        "PCSTRESN",
        "PCSTRESC",
        "PCLLOQ",
        "PCDTC",
        "PCRFTDTC",
    )
    pc = pc.assign(time=tables.minute("PC", "PCDTC"), reference=tables.minute("PC", "PCRFTDTC"))
    first = tables.infusions.drop_duplicates("USUBJID").set_index("USUBJID")
    start, end = (look_up(first[name], pc["USUBJID"]) for name in ("start_time", "end_time"))
    pc["since_start"] = (pc["time"] - start).dt.total_seconds() / 3600
    pc["since_end"] = (pc["time"] - end).dt.total_seconds() / 3600
    pc["hours"] = pc["since_start"].where(pc["PCTPTNUM"] < 0, pc["since_end"])
    pc["is_reference"] = (pc["reference"] == start) | (pc["reference"] == end)
    if study.sampling.concentration_test:
        pc = pc[pc["PCTESTCD"] == study.sampling.concentration_test]
    return pc


@rule("PC-01", WARNING, "Samples are on the side of the infusion that they are named for", REPORT, _TIMES)
def _wrong_side(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pc = _samples(tables, study)
    early = pc[(pc["PCTPTNUM"] > 0) & (pc["since_start"] < 0)]
    yield values(
        "PC", early, "PCDTC", "before infusion 1, though named {PCTPTNUM:g} h after it. Correct one."
    )
    late = pc[(pc["PCTPTNUM"] < 0) & (pc["since_start"] > 0)]
    yield values(
        "PC", late, "PCDTC", "after the start of infusion 1, though named as before it. Correct one."
    )


@rule("PC-02", WARNING, "Samples are taken near their nominal times", PROTOCOL, _TIMES)
def _off_time(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.concentration_hours:
        pc = _samples(tables, study)
        allowed = np.maximum(known_labels.TIME_TOLERANCE * pc["PCTPTNUM"].abs(), _LEAST_MINUTES / 60)
        same_side = (pc["PCTPTNUM"] < 0) == (pc["since_start"] < 0)
        off = pc[same_side & ((pc["hours"] - pc["PCTPTNUM"]).abs() > allowed + _HALF_MINUTE)]
        text = "{hours:.2f} h from infusion 1 where {PCTPTNUM:g} h were planned. The actual time is used."
        yield values("PC", off, "PCDTC", text)


@rule("PC-03", WARNING, "Samples are of the sex that the protocol names", PROTOCOL, "PC.PCTESTCD DM.SEX")
def _other_sex(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    wanted = study.sampling.concentration_sex
    if wanted:
        pc = tables.get("PC", "PCTESTCD")
        sex = look_up(tables.by_subject("SEX"), pc["USUBJID"])
        other = pc.assign(SEX=sex)[sex.notna() & (sex != wanted)]
        text = (
            f"records of {{subject}}, whose sex is {{SEX}} ({{records}}); cells are measured in sex "
            f"{wanted}. Check SEX."
        )
        yield sentences("PC", other, "PCTESTCD", text)


@rule("PC-04", WARNING, "Everyone to be sampled has samples", PROTOCOL, "PC.PCTESTCD DM.SEX EX.EXSTDTC")
def _no_samples(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.concentration_hours:
        dm = tables.get("DM", "SEX").drop_duplicates("USUBJID")
        wanted = study.sampling.concentration_sex
        due = dm["USUBJID"].isin(tables.first_day.index) & ((dm["SEX"] == wanted) | (not wanted))
        lacking = dm[due & ~dm["USUBJID"].isin(tables.different("PC", "USUBJID"))]
        text = "no sample of {subject} (sex {SEX}), who was treated. Add the data or record a deviation."
        yield sentences("PC", lacking, "PCTESTCD", text)


@rule("PC-05", WARNING, "No number lies below the limit of quantification", SDTM, "PC.PCSTRESN PC.PCTESTCD")
def _below_limit(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pc = tables.get("PC", "PCTESTCD", "PCSTRESN", "PCLLOQ")
    limit = pc["PCLLOQ"].fillna(study.sampling.concentration_limit or np.nan)
    low = pc.assign(limit=limit)[(pc["PCSTRESN"] < limit) & (pc["PCSTRESN"] >= 0)]
    yield values(
        "PC", low, "PCSTRESN", "below the limit of quantification, {limit:g}. Report it as below the limit."
    )


@rule("PC-06", WARNING, "Nominal times are the protocol's", PROTOCOL, "PC.PCTPTNUM")
def _other_times(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = study.sampling.concentration_hours
    if planned:
        pc = tables.get("PC", "PCTPTNUM", "PCTPT")
        other = pc[~pc["PCTPTNUM"].isin(planned)]
        shown = ", ".join(f"{hour:g}" for hour in planned)
        yield values("PC", other, "PCTPTNUM", f"no hour of the protocol ({shown}). Correct it.")


@rule("PC-07", NOTE, "All planned samples were taken", PROTOCOL, "PC.PCTPTNUM PC.PCTESTCD")
def _missed_times(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = study.sampling.concentration_hours
    if planned:
        pc = tables.get("PC", "PCTPTNUM").drop_duplicates(["USUBJID", "PCTPTNUM"])
        number = pc[pc["PCTPTNUM"].isin(planned)].groupby("USUBJID").size()
        short = number[number < len(planned)].rename("number").rename_axis("USUBJID").reset_index()
        text = (
            f"{{subject}} has {{number}} of the {len(planned)} planned samples; the area under the "
            "curve may lack parts."
        )
        yield sentences("PC", short, "PCTPTNUM", text)


@rule(
    "PC-08",
    WARNING,
    "The reference time is start or end of infusion 1",
    SDTM,
    "PC.PCRFTDTC EX.EXSTDTC EX.EXENDTC",
)
def _other_reference(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.concentration_hours:
        pc = _samples(tables, study)
        wrong = pc[~pc["is_reference"] & pc["reference"].notna()]
        text = "neither start nor end of infusion 1 in EX. The times of EX are used; correct one of them."
        yield values("PC", wrong, "PCRFTDTC", text)


@rule("PC-09", NOTE, "The limit of quantification is the study's", PROTOCOL, "PC.PCLLOQ")
def _other_limit(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    wanted = study.sampling.concentration_limit
    if wanted is not None:
        pc = tables.get("PC", "PCLLOQ")
        other = pc[pc["PCLLOQ"].notna() & (pc["PCLLOQ"] != wanted)]
        yield values("PC", other, "PCLLOQ", f"the study file says {wanted:g}. Correct one of them.")


@rule("PC-10", WARNING, "Samples have a time of day", REPORT, "PC.PCDTC PC.PCTESTCD")
def _no_time(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pc = tables.get("PC", "PCDTC", "PCSTRESC", "PCSTAT")
    vague = pc[tables.minute("PC", "PCDTC").isna() & (pc["PCSTAT"] == "")]
    yield values("PC", vague, "PCDTC", "no date with time, so the actual time since the infusion is unknown.")


# Questionnaires: scores that there are, and totals that are those of the items.

_NEEDED = "QS.QSTESTCD QS.QSCAT QS.QSSTRESN"
_TOTAL_DIFFERS = 0.005  # totals are recorded with up to two decimals


@rule("QS-01", ERROR, "A score lies between 0 and the largest of its item", REPORT, _NEEDED)
def _impossible_scores(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    qs = tables.get("QS", *QS_TEXT, *QS_NUMBERS)
    for questionnaire in study.questionnaires.questionnaire_list:
        text = "a score of {QSTESTCD} is between 0 and {LARGEST:g}. Correct it, or the study file."
        yield values("QS", impossible_scores(qs, questionnaire), "QSSTRESN", text)


@rule("QS-02", WARNING, "A recorded total is that of its items", REPORT, f"{_NEEDED} QS.QSDTC")
def _other_totals(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    qs = tables.get("QS", *QS_TEXT, *QS_NUMBERS)
    for questionnaire in study.questionnaires.questionnaire_list:
        if questionnaire.item:
            continue
        possible = qs.drop(index=impossible_scores(qs, questionnaire).index)
        scores = score_assessments(possible, questionnaire)
        apart = (scores["AVAL"] - scores["RECORDED"]).abs() > _TOTAL_DIFFERS
        unsummed = scores["AVAL"].isna() & scores["RECORDED"].notna()
        wrong = scores.assign(QSSTRESN=scores["RECORDED"])[apart | unsummed]
        text = "the items of {PARAMCD} at {VISIT} give {AVAL:g}, which is analysed. Correct one of them."
        yield values("QS", wrong, "QSSTRESN", text)
