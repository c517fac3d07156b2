"""Questionnaires of QS: which records are one, and the value of each assessment."""

from __future__ import annotations

import pandas as pd

from csrkit.adam.scores import sum_items
from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold, fold_label
from itpcsr.study import Questionnaire

# What is read of QS.
QS_TEXT = ("USUBJID", "QSTESTCD", "QSCAT", "QSDTC", "VISIT")
QS_NUMBERS = ("QSSEQ", "QSSTRESN", "VISITNUM")
_ASSESSMENT = ["USUBJID", "VISIT", "ADT"]


def select_questionnaire(qs: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the records of QS that belong to a questionnaire."""
    return qs[fold(qs["QSCAT"]) == fold_label(questionnaire.category)]


def impossible_scores(qs: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the records of items whose score is below 0 or above the largest, with LARGEST."""
    own = select_questionnaire(qs, questionnaire)
    own = own.assign(LARGEST=own["QSTESTCD"].map(dict(questionnaire.items)).astype("float64"))
    wrong = (own["QSSTRESN"] > own["LARGEST"]) | (own["LARGEST"].notna() & (own["QSSTRESN"] < 0))
    return own[wrong]


def score_assessments(qs: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the value of each dated assessment of a questionnaire, as the study file says.

    Parameters
    ----------
    qs
        QS with the variables ``QS_TEXT`` and ``QS_NUMBERS``, without impossible scores.

    Returns
    -------
    DataFrame
        USUBJID, VISIT, ADT, PARAMCD, PARAM, AVAL (NaN with too many items missing), ITEMSMIS (items missing;
        0 for a single item), QSSEQ (of the item, or of the record of the total where QS has one) and RECORDED
        (the value of that record). Of an item recorded twice at one visit and day the last record counts.
    """
    own = select_questionnaire(qs, questionnaire)
    own = own.assign(ADT=to_date(own["QSDTC"])).sort_values("QSSEQ", kind="stable")
    own = own[own["ADT"].notna()].drop_duplicates([*_ASSESSMENT, "QSTESTCD"], keep="last")
    own = own.rename(columns={"QSTESTCD": "PARAMCD", "QSSTRESN": "AVAL"})
    held = own.loc[own["PARAMCD"] == (questionnaire.item or questionnaire.code)]
    held = held[[*_ASSESSMENT, "QSSEQ", "AVAL"]].rename(columns={"AVAL": "RECORDED"})
    if questionnaire.item:
        scores = held.assign(AVAL=held["RECORDED"], ITEMSMIS=0.0)
    else:
        totals = sum_items(
            own,
            _ASSESSMENT,
            questionnaire.items,
            code=questionnaire.code,
            label=questionnaire.label,
            most_missing=questionnaire.most_missing,
        )
        scores = totals.merge(held, on=_ASSESSMENT, how="left", validate="1:1")
    scores = scores.assign(PARAMCD=questionnaire.code, PARAM=questionnaire.label)
    return scores[[*_ASSESSMENT, "PARAMCD", "PARAM", "AVAL", "ITEMSMIS", "QSSEQ", "RECORDED"]]
