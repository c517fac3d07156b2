"""ADIS and ADAB: antibody results, and what became of each antibody in each subject."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.errors import DataError
from csrkit.limits import constant, exceeds, read_limits, span_of, write_limit
from csrkit.sdtm.dates import to_date
from csrkit.sdtm.units import ALLOWED, CUTOFF, read_titres, standard_limits
from itpcsr.adam.dates import study_day, to_datetime
from itpcsr.adam.domains import look_up, read_domain, yes_no
from itpcsr.adam.visits import flag_baseline
from itpcsr.sdtm import Trial
from itpcsr.sdtm.exposure import before_treatment, read_time_points
from itpcsr.study import Study

# ADIS: antibody results with titre, time against the first dose, and the baseline sample.

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


# ADAB: what became of each antibody in each subject: induced, boosted, unchanged; transient, persistent.

ANY = "ANY"  # PARAMCD of all antibodies against HLA or the donor together
ANY_LABEL = "Any against HLA or donor"
NOT_PLANNED = "no sample planned"
NO_SAMPLE = "no result at all"
NO_BASELINE = "no result before treatment"
NO_LATER = "no result after treatment began"
# From what says most to what says least: the status of ANY is the first that one of its antibodies has.
STATUSES = ("INDUCED", "BOOSTED", "UNKNOWN", "UNCHANGED", "NEGATIVE")
_ROUNDING = 1e-9  # a rise of just the factor counts, whatever its binary form


def derive_adab(adis: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive one record per treated subject and antibody, and one for all against HLA or the donor (ANY).

    Added to the variables of ``classify_antibodies``: PARAM, PARCAT1; PLANFL (N where the study samples
    only the first subjects treated and this isn't one of them); TESTFL (Y with any result); EVALFL (Y with a
    result before and one after treatment began); REASON, why not; AUTOFL (Y or N in all records of a subject:
    any autoantibody positive at baseline; "" where none has a result there). ANY is evaluable where one of
    its antibodies is. A subject who had one antibody before and gets another counts as INDUCED there; its
    onset is the earliest, its duration the longest of them.
    """
    rules = study.antibody
    treated = adsl.loc[adsl["SAFFL"] == "Y"].sort_values(["TRTSDT", "TRTSDTM", "USUBJID"])
    tests = pd.DataFrame(
        [(test.code, test.label, test.kind) for test in rules.antibody_tests],
        columns=["PARAMCD", "PARAM", "PARCAT1"],
        dtype="str",
    )
    adab = treated[["STUDYID", "USUBJID"]].merge(tests, how="cross")
    donor = adis["PARCAT1"] == "donor"
    # the ratio of an autoantibody is no titre, so that no rise of it counts
    parts = [
        classify_antibodies(adis[chosen], factor, rules.persistence_weeks)
        for chosen, factor in ((donor, rules.boost_factor), (~donor, np.inf))
    ]
    found = pd.concat(parts, ignore_index=True)
    adab = adab.merge(found, on=_KEYS, how="left", validate="1:1")
    text = ["BASEC", "BASESGN", "POSTC", "LASTC", "PEAKSGN", "STATUS", "PERSIST"]
    adab[text] = adab[text].fillna("").astype("str")
    adab = pd.concat([adab, _any_of(adab)], ignore_index=True) if len(adab) else adab
    limit = study.sampling.antibody_subjects
    first = treated["USUBJID"].head(len(treated) if limit is None else limit)
    planned = adab["USUBJID"].isin(first) | (adab["PARCAT1"] != "donor")
    return _add_sets(adab, planned).sort_values(["USUBJID", "PARCAT1"], kind="stable", ignore_index=True)


def classify_antibodies(samples: pd.DataFrame, boost_factor: float, persistence_weeks: int) -> pd.DataFrame:
    """Classify each subject and antibody by its samples, any number of them (after Shankar 2014).

    Parameters
    ----------
    samples
        USUBJID, PARAMCD, AVALCAT1 (POSITIVE, NEGATIVE, "" for no result), AVAL (titre of a positive sample on
        the scale of dilutions, NaN for none), AVALSGN (``<``, ``>`` or ""), ARELDY (days from the first
        dose), AFTERFL and ABLFL (Y or not).
    boost_factor
        Rise of the titre over baseline, as a multiple, from which an antibody counts as boosted.
    persistence_weeks
        Weeks between the first and the last positive sample from which an antibody counts as persistent.

    Returns
    -------
    DataFrame
        One row per subject and antibody with any result. BASEC, BASE, BASESGN at baseline; POSTC (POSITIVE
        where any later sample is), LASTC (the last sample); NPOST; PEAK, PEAKSGN (highest later titre), FOLD
        (PEAK over BASE). STATUS, empty without baseline or later result: NEGATIVE; INDUCED (negative, later
        positive); for those positive at baseline BOOSTED (a titre risen by the factor), UNCHANGED (no such
        rise, or negative later), UNKNOWN (positive later, but a titre is missing or beyond the highest
        dilution, so that a rise can't be told). For INDUCED and BOOSTED: ONSETW, weeks from the first dose
        to the first sample that shows it; DURW, weeks from there to the last, both days included. PERSIST
        for INDUCED: PERSISTENT (positive in the last sample, or over ``persistence_weeks``), TRANSIENT, or
        NOT ASSESSABLE with a single sample after treatment began.

    Shankar counts a missing baseline as negative; here such a subject isn't evaluable, since an antibody
    that was there before can't be told from an induced one.
    """
    known = samples[samples["AVALCAT1"] != ""].sort_values([*_KEYS, "ARELDY"], kind="stable")
    names = {"AVALCAT1": "BASEC", "AVAL": "BASE", "AVALSGN": "BASESGN"}
    base = known.loc[known["ABLFL"] == "Y", [*_KEYS, *names]].rename(columns=names)
    later = known[(known["AFTERFL"] == "Y") & (known["ABLFL"] != "Y")].merge(base, on=_KEYS, how="left")
    later = _add_rise(later, boost_factor)
    found = known[_KEYS].drop_duplicates(ignore_index=True)
    for part in (base, _later_results(later), _peaks(later), _emergence(later)):
        found = found.merge(part, on=_KEYS, how="left", validate="1:1")
    found["NPOST"] = found["NPOST"].fillna(0.0)
    text = ["BASEC", "BASESGN", "POSTC", "LASTC", "PEAKSGN"]
    found[text] = found[text].fillna("").astype("str")
    found["FOLD"] = found["PEAK"] / found["BASE"]
    found["STATUS"] = _status(found)
    found["PERSIST"] = _persistence(found, persistence_weeks)
    emergent = found["STATUS"].isin(["INDUCED", "BOOSTED"])
    for name in ("ONSETW", "DURW"):
        found[name] = found[name].where(emergent)
    return found.drop(columns=["ROSE", "UNSURE", "SPANW"])


def _add_rise(later: pd.DataFrame, factor: float) -> pd.DataFrame:
    """Add to each later sample whether it is positive, risen by the factor, or neither can be told."""
    positive = later["AVALCAT1"] == "POSITIVE"
    both = positive & (later["BASEC"] == "POSITIVE")
    ratio = later["AVAL"] / later["BASE"]
    # a titre above the highest dilution could be any higher one: the rise has a lower or an upper bound only
    lowest = ratio.mask(later["BASESGN"] == ">", 0.0)
    highest = ratio.mask(later["AVALSGN"] == ">", np.inf)
    needed = factor * (1 - _ROUNDING)
    rose = both & (lowest >= needed)
    return later.assign(
        positive=positive,
        rose=rose,
        unsure=both & ~rose & ~(highest < needed),
        emergent=rose | (positive & (later["BASEC"] == "NEGATIVE")),
    )


def _later_results(later: pd.DataFrame) -> pd.DataFrame:
    groups = later.groupby(_KEYS, sort=False)
    found = groups.agg(
        any_positive=("positive", "max"),
        LASTC=("AVALCAT1", "last"),
        NPOST=("AVALCAT1", "size"),
        ROSE=("rose", "max"),
        UNSURE=("unsure", "max"),
    )
    found["POSTC"] = np.where(found["any_positive"].astype(bool), "POSITIVE", "NEGATIVE")
    return found.drop(columns="any_positive").reset_index()


def _peaks(later: pd.DataFrame) -> pd.DataFrame:
    """Return the highest later titre; of two alike one beyond the highest dilution."""
    with_titre = later[later["AVAL"].notna()].assign(beyond=later["AVALSGN"] == ">")
    highest = with_titre.sort_values([*_KEYS, "AVAL", "beyond"]).drop_duplicates(_KEYS, keep="last")
    return highest[[*_KEYS, "AVAL", "AVALSGN"]].rename(columns={"AVAL": "PEAK", "AVALSGN": "PEAKSGN"})


def _emergence(later: pd.DataFrame) -> pd.DataFrame:
    days = later[later["emergent"]].groupby(_KEYS, sort=False)["ARELDY"].agg(["min", "max"])
    span = days["max"] - days["min"]
    weeks = pd.DataFrame({"ONSETW": days["min"] / 7, "DURW": (span + 1) / 7, "SPANW": span / 7})
    return weeks.reset_index()


def _status(found: pd.DataFrame) -> pd.Series:
    negative, positive = found["BASEC"] == "NEGATIVE", found["BASEC"] == "POSITIVE"
    later = found["NPOST"] > 0
    kinds = [
        negative & (found["POSTC"] == "POSITIVE"),
        positive & found["ROSE"].eq(True),  # missing where there is no later sample
        positive & found["UNSURE"].eq(True),
        positive & later,
        negative & later,
    ]
    return pd.Series(np.select(kinds, STATUSES, default=""), index=found.index, dtype="str")


def _persistence(found: pd.DataFrame, weeks: int) -> pd.Series:
    induced = found["STATUS"] == "INDUCED"
    lasting = (found["LASTC"] == "POSITIVE") | (found["SPANW"] >= weeks)
    kinds = [~induced, found["NPOST"] < 2, lasting]
    return pd.Series(
        np.select(kinds, ["", "NOT ASSESSABLE", "PERSISTENT"], default="TRANSIENT"),
        index=found.index,
        dtype="str",
    )


def _any_of(adab: pd.DataFrame) -> pd.DataFrame:
    """Return the record of ANY for each subject, from those of the antibodies against HLA or the donor."""
    donor = adab[adab["PARCAT1"] == "donor"]
    groups = donor.groupby(["STUDYID", "USUBJID"], sort=False)
    parts = {}
    for name, order in (
        ("STATUS", STATUSES),
        ("BASEC", ("POSITIVE", "NEGATIVE")),
        ("POSTC", ("POSITIVE", "NEGATIVE")),
        ("LASTC", ("POSITIVE", "NEGATIVE")),
        ("PERSIST", ("PERSISTENT", "TRANSIENT", "NOT ASSESSABLE")),
    ):
        ranks = donor[name].map({value: rank for rank, value in enumerate(order)}).fillna(len(order))
        best = ranks.groupby([donor["STUDYID"], donor["USUBJID"]], sort=False).min().astype("int64")
        parts[name] = best.map(dict(enumerate((*order, ""))))
    parts["NPOST"] = groups["NPOST"].max()
    parts["ONSETW"] = groups["ONSETW"].min()
    parts["DURW"] = groups["DURW"].max()
    found = pd.DataFrame(parts).reset_index().assign(PARAMCD=ANY, PARAM=ANY_LABEL, PARCAT1="donor")
    return found.assign(BASESGN="", PEAKSGN="").reindex(columns=adab.columns)


def _add_sets(adab: pd.DataFrame, planned: pd.Series) -> pd.DataFrame:
    tested, evaluable = (adab["BASEC"] != "") | (adab["NPOST"] > 0), adab["STATUS"] != ""
    reasons = np.select(
        [evaluable, tested & (adab["BASEC"] == ""), tested, planned],
        ["", NO_BASELINE, NO_LATER, NO_SAMPLE],
        default=NOT_PLANNED,
    )
    return adab.assign(
        PLANFL=yes_no(planned),
        TESTFL=yes_no(tested),
        EVALFL=yes_no(evaluable),
        REASON=pd.Series(reasons, index=adab.index, dtype="str"),
        AUTOFL=_autoantibodies(adab),
    )


def _autoantibodies(adab: pd.DataFrame) -> pd.Series:
    """Return Y or N of each record's subject: any autoantibody positive at baseline; "" without a result."""
    known = adab[(adab["PARCAT1"] == "autoantibody") & (adab["BASEC"] != "")]
    positive = yes_no((known["BASEC"] == "POSITIVE").groupby(known["USUBJID"]).max())
    return look_up(positive, adab["USUBJID"]).fillna("").astype("str")
