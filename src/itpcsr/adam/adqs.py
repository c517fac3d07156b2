"""ADQS: the values of questionnaires by analysis visit, observed and carried forward, with their change."""

from __future__ import annotations

import pandas as pd

from csrkit.adam.scores import sum_items
from csrkit.adam.windows import add_change, analysis_windows, carry_forward, flag_baseline
from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold, fold_label
from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.sdtm import Trial
from itpcsr.study import Questionnaire, Study

_TEXT = ("USUBJID", "QSTESTCD", "QSCAT", "QSDTC", "QSDRVFL", "VISIT")
_NUMBERS = ("QSSEQ", "QSSTRESN", "VISITNUM")
_ASSESSMENT = ["USUBJID", "VISIT", "ADT"]
_SERIES = ["USUBJID", "PARAMCD"]
_OF_SUBJECT = ("SEX", "SITEGR1", "EFFFL")


def select_questionnaire(trial: Trial, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the records of QS that belong to a questionnaire, with the variables that derivations read."""
    qs = read_domain(trial, "QS", _TEXT, _NUMBERS)
    return qs[fold(qs["QSCAT"]) == fold_label(questionnaire.category)]


def derive_scores(trial: Trial, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the value of each dated assessment of a questionnaire.

    Variables: USUBJID, VISIT, ADT, PARAMCD, PARAM, AVAL (NaN with too many items missing), ITEMSMIS (items
    missing; 0 for a single item) and QSSEQ (of the item, or of the record of the total where QS has one).
    Of an item recorded twice at one visit and day the last record counts.
    """
    qs = select_questionnaire(trial, questionnaire)
    qs = qs.assign(ADT=to_date(qs["QSDTC"])).sort_values("QSSEQ", kind="stable")
    qs = qs[qs["ADT"].notna()].drop_duplicates([*_ASSESSMENT, "QSTESTCD"], keep="last")
    qs = qs.rename(columns={"QSTESTCD": "PARAMCD", "QSSTRESN": "AVAL"})
    if questionnaire.item:
        scores = qs[qs["PARAMCD"] == questionnaire.item].assign(ITEMSMIS=0.0)
    else:
        scores = sum_items(
            qs,
            _ASSESSMENT,
            questionnaire.items,
            code=questionnaire.code,
            label=questionnaire.label,
            most_missing=questionnaire.most_missing,
        )
        recorded = qs.loc[qs["PARAMCD"] == questionnaire.code, [*_ASSESSMENT, "QSSEQ"]]
        scores = scores.merge(recorded, on=_ASSESSMENT, how="left", validate="1:1")
    scores = scores.assign(PARAMCD=questionnaire.code, PARAM=questionnaire.label)
    return scores[[*_ASSESSMENT, "PARAMCD", "PARAM", "AVAL", "ITEMSMIS", "QSSEQ"]]


def derive_adqs(trial: Trial, adsl: pd.DataFrame, questionnaire: Questionnaire, study: Study) -> pd.DataFrame:
    """Derive the dataset of one questionnaire with windows from QS, treated subjects only.

    Variables: those of ``derive_scores``, ADY; AVISIT, AVISITN, AWRANGE, AWTARGET, AWTDIFF, AWLO, AWHI, AWU
    and ANL01FL (see ``csrkit.adam.windows.analysis_windows``); DTYPE (LOCF for a value carried forward to a
    visit without one, beside the observed records); ABLFL (the last value up to Day 1; "" where no window is
    the baseline's), BASE, CHG and PCHG. SEX, SITEGR1, EFFFL and the flags of completers are those of ADSL,
    where it has them. Assessments without a complete date are left out.
    """
    treated = adsl[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    scores = derive_scores(trial, questionnaire)
    scores = scores[scores["USUBJID"].isin(treated.index)].reset_index(drop=True)
    scores["ADY"] = study_day(scores["ADT"], look_up(treated["TRTSDT"], scores["USUBJID"]))
    windows = questionnaire.visits
    with_baseline = any(window.number == 0 for window in windows)
    if with_baseline:
        scores = flag_baseline(scores, _SERIES, order=["VISIT"])
    else:
        scores["ABLFL"] = pd.Series("", scores.index, dtype="str")
    visits = analysis_windows(scores, windows, _SERIES, ties=questionnaire.ties, order=["VISIT"])
    adqs = carry_forward(
        visits,
        [window for window in windows if window.number > 0],
        _SERIES,
        order=["VISIT"],
        only_analysed=questionnaire.only_analysed,
        from_baseline=questionnaire.from_baseline,
    )
    names = [name for name in (*_OF_SUBJECT, *study.analysis_sets.completers) if name in adsl]
    of_subject = {name: look_up(treated[name], adqs["USUBJID"]) for name in names}
    return add_change(adqs, _SERIES).assign(**of_subject)
