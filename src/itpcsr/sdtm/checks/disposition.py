"""Disposition and history: one end of the study, and since when the disease is known."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.labels import fold, fold_label
from csrkit.sdtm.participation import ends_treatment, is_ending
from itpcsr.sdtm.checks import terms
from itpcsr.sdtm.checks.chronology import earlier
from itpcsr.sdtm.checks.findings import NOTE, WARNING, sentences, values
from itpcsr.sdtm.checks.rules import PROTOCOL, REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables, look_up
from itpcsr.sdtm.enrolment import is_enrolled
from itpcsr.study import Study

_NEEDS = "DS.DSDECOD DS.DSCAT DS.DSSTDTC"


def _endings(tables: Tables, of_treatment: bool) -> pd.DataFrame:
    ds = tables.get("DS", "DSDECOD", "DSCAT", "DSSCAT", "DSSTDTC")
    ds["day"] = tables.day("DS", "DSSTDTC")
    return ds[is_ending(ds) & (ends_treatment(ds) == of_treatment)]


@rule("DS-01", WARNING, "The study ends once for a subject", REPORT, _NEEDS)
def _several_ends(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for of_treatment, what in ((False, "study"), (True, "treatment")):
        ends = _endings(tables, of_treatment)
        again = ends[ends.duplicated("USUBJID")]
        yield values("DS", again, "DSDECOD", f"a second end of the {what}; the last one counts. Keep one.")


@rule("DS-02", WARNING, "The reason of an end is a term whose meaning is known", REPORT, _NEEDS)
def _unknown_reasons(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for of_treatment in (False, True):
        ends = _endings(tables, of_treatment)
        odd = ends[~fold(ends["DSDECOD"]).isin(terms.ENDINGS)]
        yield values(
            "DS", odd, "DSDECOD", "no term of the codelist NCOMPLT; it counts as discontinued. Correct it."
        )


@rule("DS-03", WARNING, "Completers were followed to the end", PROTOCOL, f"{_NEEDS} EX.EXSTDTC")
def _early_completers(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        ends = _endings(tables, of_treatment=False)
        followed = (ends["day"] - look_up(tables.first_day, ends["USUBJID"])).dt.days
        least = 7 * study.design.follow_up_weeks - 2 * study.visits.visit_window_days - 7
        early = ends.assign(followed=followed)[(fold(ends["DSDECOD"]) == "COMPLETED") & (followed < least)]
        text = (
            f"but {{followed:g}} days after infusion 1, where follow-up takes "
            f"{study.design.follow_up_weeks} weeks."
        )
        yield values("DS", early, "DSDECOD", f"{text} Correct term or date.")


@rule("DS-04", WARNING, "Completers of treatment got all infusions", PROTOCOL, f"{_NEEDS} EX.EXSTDTC")
def _short_completers(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = len(study.design.infusion_days)
    if planned:
        ends = _endings(tables, of_treatment=True)
        given = look_up(tables.administrations(study)["USUBJID"].value_counts(), ends["USUBJID"]).fillna(0)
        short = ends.assign(given=given)[(fold(ends["DSDECOD"]) == "COMPLETED") & (given < planned)]
        text = f"completed treatment with {{given:g}} of {planned} infusions. Correct DS or EX."
        yield values("DS", short, "DSDECOD", text)


@rule("DS-05", NOTE, "The end of the study is known of treated subjects", REPORT, f"{_NEEDS} EX.EXSTDTC")
def _no_end(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ended = set(_endings(tables, of_treatment=False)["USUBJID"])
    treated = tables.infusions.drop_duplicates("USUBJID")
    text = "{subject} was treated, but DS has no end of the study; the subject counts as ongoing."
    yield sentences("DS", treated[~treated["USUBJID"].isin(ended)][["USUBJID"]], "DSDECOD", text)


@rule("DS-06", WARNING, "Screening failures aren't treated", SDTM, f"{_NEEDS} EX.EXSTDTC")
def _treated_failures(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ds = tables.get("DS", "DSDECOD")
    failed = fold(ds["DSDECOD"]) == "SCREEN FAILURE"
    wrong = ds[failed & ds["USUBJID"].isin(tables.first_day.index)]
    yield values("DS", wrong, "DSDECOD", "but EX has an administration for this subject. Correct DS or EX.")


@rule("DS-07", NOTE, "Ends have a complete date", REPORT, _NEEDS)
def _undated_ends(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ends = pd.concat([_endings(tables, False), _endings(tables, True)])
    vague = ends[ends["day"].isna()]
    yield values("DS", vague, "DSSTDTC", "the end ({DSDECOD}) has no complete date. Fill it in.")


def _diagnoses(tables: Tables, study: Study) -> pd.DataFrame:
    names = {fold_label(name) for name in study.baseline.diagnosis_terms}
    mh = tables.get("MH", "MHTERM", "MHDECOD", "MHSTDTC")
    return mh[fold(mh["MHTERM"]).isin(names) | fold(mh["MHDECOD"]).isin(names)]


@rule("MH-01", WARNING, "The disease studied is in the history", PROTOCOL, "MH.MHTERM DM.ARMCD")
def _no_diagnosis(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.baseline.diagnosis_terms:
        dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS")
        enrolled = dm["ARMCD"].isin([arm.code for arm in study.design.arms]) & is_enrolled(dm)
        lacking = dm[enrolled & ~dm["USUBJID"].isin(_diagnoses(tables, study)["USUBJID"])]
        wanted = ", ".join(study.baseline.diagnosis_terms)
        text = (
            f"no history of {{subject}} names the disease ({wanted}); its duration is unknown. "
            "Correct MHTERM."
        )
        yield sentences("MH", lacking, "MHTERM", text)


@rule("MH-02", WARNING, "The start of the disease is known", REPORT, "MH.MHTERM MH.MHSTDTC")
def _undated_diagnosis(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.baseline.diagnosis_terms:
        rows = _diagnoses(tables, study)
        text = "so the duration of {MHTERM!r} is unknown. Fill in at least the year."
        yield values("MH", rows[rows["MHSTDTC"] == ""], "MHSTDTC", text)


@rule("MH-03", WARNING, "The disease is known before consent", SDTM, "MH.MHTERM MH.MHSTDTC DM.RFICDTC")
def _late_diagnosis(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    rows = _diagnoses(tables, study)
    consent = look_up(tables.by_subject("RFICDTC"), rows["USUBJID"]).fillna("")
    late = rows[earlier(consent, rows["MHSTDTC"])]
    yield values(
        "MH", late, "MHSTDTC", "the disease starts after consent; its duration counts as 0. Correct it."
    )
