"""ADIS: antibody results with titre, time against the first dose, and the baseline sample."""

from __future__ import annotations

import pandas as pd

from csrkit.errors import DataError
from csrkit.limits import constant, exceeds, read_limits, span_of, write_limit
from csrkit.sdtm.standard_limits import standard_limits
from csrkit.sdtm.titres import ALLOWED, CUTOFF, read_titres
from itpcsr.adam.baseline import flag_baseline
from itpcsr.adam.dates import study_day, to_date, to_datetime
from itpcsr.adam.domains import look_up, read_domain
from itpcsr.adam.flags import yes_no
from itpcsr.sdtm import Trial
from itpcsr.sdtm.first_dose import before_treatment, read_time_points
from itpcsr.study import Study

_TEXT = ("STUDYID", "USUBJID", "ISTESTCD", "ISSTRESC", "ISORRES", "ISSTRESU", "ISSTAT", "ISDTC", "VISIT",
         "ISTPT")  # fmt: skip
_NUMBERS = ("ISSEQ", "ISSTRESN")
_KEYS = ["USUBJID", "PARAMCD"]


def derive_adis(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive antibody results from IS: treated subjects, the tests that the study names.

    Variables: PARAMCD, PARAM, PARCAT1 (donor or autoantibody); AVALCAT1 (POSITIVE, NEGATIVE, or "" for a
    sample without result); AVAL (the titre of a positive sample, or the ratio of an autoantibody), AVALSGN
    (``<`` or ``>`` where the titre is only known to lie beyond AVAL); ADT, ADTM, ADY; ARELDY, days from the
    first dose (from its time where both times are known); AFTERFL (Y after the first dose); ABLFL (the last
    known result before it, or the one that the data flag).

    A word (POSITIVE, NEGATIVE) decides, wherever it stands. Without one, a titre is positive unless it lies
    below the lowest dilution (``<1:10``), which is negative, and a ratio is positive from 1 on. The titre of
    a positive sample below the lowest dilution counts as that dilution. A ratio that is only known to lie
    beyond a limit is judged where that decides: ``<0.5`` is negative, ``>10`` positive (AVAL and AVALSGN as
    for titres), ``<2`` says neither.

    Raises
    ------
    DataError
        A result is neither a word nor a titre; it names subject and row.
    """
    records = read_domain(trial, "IS", _TEXT, _NUMBERS)
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    tests = {test.code: test for test in study.antibody.antibody_tests}
    wanted = records["USUBJID"].isin(treated.index) & records["ISTESTCD"].isin(list(tests))
    records = records[wanted & (records["ISSTAT"] != "NOT DONE")]
    code = records["ISTESTCD"]
    records = records.assign(
        PARCAT1=code.map({name: test.kind for name, test in tests.items()}).astype("str"),
        PARAM=code.map({name: test.label for name, test in tests.items()}).astype("str"),
    )
    kept = ["STUDYID", "USUBJID", "ISSEQ", "PARAM", "PARCAT1", "VISIT"]
    adis = records[kept].assign(
        PARAMCD=code,
        AVALU=records["ISSTRESU"],
        ADT=to_date(records["ISDTC"]),
        ADTM=to_datetime(records["ISDTC"]),
    )
    adis = adis.join(read_time_points(records, "IS")).join(_results(records))
    return _add_times(adis[adis["ADT"].notna()], treated, study)


def _results(records: pd.DataFrame) -> pd.DataFrame:
    """Return AVALCAT1, AVAL and AVALSGN of each record; raises DataError for what can't be read."""
    donor = records["PARCAT1"] == "donor"
    standard, original = (read_titres(records[name]) for name in ("ISSTRESC", "ISORRES"))
    word = standard["word"].where(standard["word"] != "", original["word"])
    titre = standard.where(standard["value"].notna(), original)
    number = records["ISSTRESN"]
    limit = read_limits(standard_limits(records, "IS").mask(donor, ""))
    ratio = number.fillna(pd.to_numeric(records["ISSTRESC"], errors="coerce"))
    ratio = limit["value"].fillna(ratio)
    value = titre["value"].fillna(number.where(number >= 1)).where(donor, ratio)
    _refuse(records, (word == "") & value.isna())
    sign = titre["sign"].where(donor, limit["sign"].str[:1])
    reached, may_reach = _at_cutoff(value, limit["sign"])
    positive = (sign != "<").where(donor, reached)
    by_number = positive.map({True: "POSITIVE", False: "NEGATIVE"})
    by_number = by_number.where(value.notna() & (donor | (reached == may_reach)), "")
    status = word.where(word != "", by_number).replace("NEITHER", "")
    kept = (status == "POSITIVE") | ~donor
    return pd.DataFrame({"AVALCAT1": status, "AVAL": value.where(kept), "AVALSGN": sign.where(kept, "")})


def _at_cutoff(value: pd.Series, sign: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return where a ratio certainly and where it possibly reaches the cut-off."""
    text = [write_limit(mark, number) if mark else "" for mark, number in zip(sign, value, strict=True)]
    limits = pd.Series(text, index=value.index, dtype="str")
    ratios = pd.DataFrame({"AVAL": value.mask(sign != ""), "AVALC": limits})
    sure, may = exceeds(span_of(ratios), constant(CUTOFF, len(ratios)), equal=True)
    return pd.Series(sure, index=value.index), pd.Series(may, index=value.index)


def _refuse(records: pd.DataFrame, unread: pd.Series) -> None:
    said = records["ISSTRESC"].where(records["ISSTRESC"].str.strip() != "", records["ISORRES"])
    said = said.where(
        (said.str.strip() != "") | records["ISSTRESN"].isna(), records["ISSTRESN"].astype("str")
    )
    wrong = records[unread & (said.str.strip() != "")]
    if len(wrong):
        record = wrong.iloc[0]
        raise DataError(
            f"IS: the result of {record['ISTESTCD']} of {record['USUBJID']} in row {wrong.index[0] + 1} "
            f"(ISSEQ {record['ISSEQ']:g}) is {said[wrong.index[0]]!r}; allowed: {ALLOWED}. Correct it."
        )


def _add_times(adis: pd.DataFrame, treated: pd.DataFrame, study: Study) -> pd.DataFrame:
    adis = adis.sort_values([*_KEYS, "ADTM", "ISSEQ"], ignore_index=True)
    first, dosed = (look_up(treated[name], adis["USUBJID"]) for name in ("TRTSDT", "TRTSDTM"))
    timed = (adis["ADTM"] != adis["ADT"]) & dosed.notna()
    elapsed = (adis["ADTM"] - dosed).where(timed, adis["ADT"] - first)
    adis["ADY"] = study_day(adis["ADT"], first)
    adis["ARELDY"] = elapsed.dt.total_seconds() / 86400
    adis["AFTERFL"] = yes_no(~before_treatment(adis, treated))
    adis["ABLFL"] = flag_baseline(adis, _KEYS, "ISSEQ", treated, study, adis["AVALCAT1"] != "")
    return adis.drop(columns=["BLFL", "ATPTN", "ATPTREF", "AELTM"])
