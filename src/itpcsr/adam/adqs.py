"""ADQS: the values of questionnaires by analysis visit, observed and carried forward, with their change."""

from __future__ import annotations

import pandas as pd

from csrkit.adam.windows import add_change, analysis_windows, carry_forward, flag_baseline
from itpcsr.adam.dates import study_day
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.sdtm import Trial
from itpcsr.sdtm.questionnaires import QS_NUMBERS, QS_TEXT, score_assessments
from itpcsr.study import Questionnaire, Study

_SERIES = ["USUBJID", "PARAMCD"]
_OF_SUBJECT = ("SEX", "SITEGR1", "EFFFL")


def read_questionnaires(trial: Trial) -> pd.DataFrame:
    """Return QS with the variables that its derivations read."""
    return read_domain(trial, "QS", QS_TEXT, QS_NUMBERS)


def derive_adqs(trial: Trial, adsl: pd.DataFrame, questionnaire: Questionnaire, study: Study) -> pd.DataFrame:
    """Derive the dataset of one questionnaire with windows from QS, treated subjects only.

    Variables: those of ``sdtm.questionnaires.score_assessments``; ADY; AVISIT, AVISITN, AWRANGE, AWTARGET,
    AWTDIFF, AWLO, AWHI, AWU and ANL01FL (see ``csrkit.adam.windows.analysis_windows``); DTYPE (LOCF for a
    value carried forward to a visit without one, beside the observed records); ABLFL (the last value up to
    Day 1; "" where no window is the baseline's), BASE, CHG and PCHG. SEX, SITEGR1, EFFFL and the flags of
    completers are those of ADSL, where it has them. Assessments without a complete date are left out.
    """
    treated = adsl[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    scores = score_assessments(read_questionnaires(trial), questionnaire).drop(columns="RECORDED")
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
