"""ADLB: laboratory values with analysis visit, baseline, change, normal range and toxicity grade."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from csrkit.errors import DataError
from csrkit.limits import constant, exceeds, span_of, stand_in
from csrkit.sdtm.dates import to_date
from csrkit.sdtm.labels import fold
from csrkit.sdtm.units import conversion, read_cutoffs, standard_limits
from itpcsr.adam.dates import study_day, to_datetime
from itpcsr.adam.domains import look_up, read_domain, yes_no
from itpcsr.adam.visits import add_visits, flag_baseline, flag_end_of_treatment
from itpcsr.sdtm import Trial
from itpcsr.sdtm.exposure import before_treatment, read_time_points
from itpcsr.sdtm.series import name_parameters, tests_of_blood
from itpcsr.study import Laboratory, Study

# Values against their normal range: status, status by thresholds, and the most deviating record.

_STATUS = ("LOW", "NORMAL", "HIGH")


def add_ranges(adlb: pd.DataFrame, recorded: pd.Series, rules: Laboratory) -> pd.DataFrame:
    """Add ANRIND and LIMIND, the status of each value, and BNRIND and BLIMIND, that of its baseline.

    ANRIND is LOW, NORMAL or HIGH as recorded (``recorded``, LBNRIND), else by the limits of the normal range;
    "" without either, and where a limit (``<5``) doesn't decide. LIMIND is the same by the thresholds of the
    study, which are multiples of these limits: LOW below ``threshold_low_factor`` times ANRLO, HIGH above
    ``threshold_high_factor`` times ANRHI.
    """
    adlb = adlb.copy()
    low, high = adlb["ANRLO"], adlb["ANRHI"]
    status = fold(recorded)
    adlb["ANRIND"] = status.where(status.isin(_STATUS), _status(adlb, low, high)).astype("str")
    adlb["LIMIND"] = _status(adlb, low * rules.threshold_low_factor, high * rules.threshold_high_factor)
    keys, names = ["USUBJID", "PARAMCD"], {"ANRIND": "BNRIND", "LIMIND": "BLIMIND"}
    base = adlb.loc[adlb["ABLFL"] == "Y", [*keys, *names]].rename(columns=names)
    adlb = adlb.merge(base, on=keys, how="left", validate="m:1")
    for name in names.values():
        adlb[name] = adlb[name].fillna("").astype("str")
    return adlb


def _status(adlb: pd.DataFrame, low: pd.Series, high: pd.Series) -> pd.Series:
    """LOW, NORMAL or HIGH; a limit that is missing bounds nothing; "" where both or the value are.

    "" as well where the value is only known to lie beyond a number (``<5``) that doesn't decide.
    """
    value = span_of(adlb)
    below, may_be_below = exceeds(constant(low, len(adlb)), value, equal=False)
    above, may_be_above = exceeds(value, constant(high, len(adlb)), equal=False)
    normal = value.known.to_numpy() & ~may_be_below & ~may_be_above
    states = np.select([below, above, normal], ["LOW", "HIGH", "NORMAL"], "")
    known = (low.notna() | high.notna()).to_numpy()
    return pd.Series(np.where(known, states, ""), index=adlb.index, dtype="str")


def flag_most_deviating(adlb: pd.DataFrame, rules: Laboratory) -> pd.Series:
    """Return Y for the one record of each subject and parameter that deviates most after baseline.

    That is the value farthest from the middle between the two thresholds, among the planned visits after
    baseline (up to ``laboratory_end_week`` where there is one), the first of equally far ones. Where one
    threshold is missing the distance beyond the other decides. A limit (``>2000``) deviates as its number,
    where it decides the status (LIMIND).
    """
    value = stand_in(adlb)
    low, high = adlb["ANRLO"] * rules.threshold_low_factor, adlb["ANRHI"] * rules.threshold_high_factor
    above, below = value - low, high - value
    deviation = above.where(above >= below, below)
    deviation = deviation.mask(high.isna(), low - value).mask(low.isna(), value - high)
    last = rules.laboratory_end_week or np.inf
    planned = (adlb["ANL01FL"] == "Y") & adlb["AVISITN"].between(1, last) & deviation.notna()
    planned &= adlb["AVAL"].notna() | (adlb["LIMIND"] != "")
    # 12 digits: the same deviation from two sides need not have the same binary form
    keys = ["USUBJID", "PARAMCD"]
    ranked = adlb.loc[planned, [*keys, "AVISITN"]].assign(
        deviation=deviation[planned].map(lambda value: float(f"{value:.12g}"))
    )
    most = ranked.sort_values([*keys, "deviation", "AVISITN"], ascending=[True, True, False, True])
    return pd.Series("", index=adlb.index, dtype="str").mask(
        adlb.index.isin(most.drop_duplicates(keys).index), "Y"
    )


# Toxicity grades of laboratory values, by the cut-offs of the CTCAE.

_LIMIT = re.compile(
    r"(?P<equal>>= )?(?:(?P<factor>[\d.]+) )?(?P<name>LLN|ULN|BASE)(?: \+ (?P<more>[\d.]+))?"
    r"|(?P<number>[\d.]+)"
)
_VARIABLES = {"LLN": "ANRLO", "ULN": "ANRHI", "BASE": "BASE"}
GRADES = ("1", "2", "3", "4")
# A limit is reached or not on the decimal value: three times 0.1 is 0.3.
_NOISE = 1e-9


def add_grades(adlb: pd.DataFrame, criteria: str) -> pd.DataFrame:
    """Add the toxicity grade of each value, low and high side apart, and the one at baseline.

    Parameters
    ----------
    adlb
        PARAMCD, AVAL, AVALU, ANRLO, ANRHI, BASE, BNRIND, ONTRTFL and ABLFL; AVALC and BASEC where results
        can be limits (``<5``).
    criteria
        ``CTCAE v5.0``; empty grades nothing.

    Returns
    -------
    DataFrame
        With text columns ATOXDSCL, ATOXDSCH (the term of each side; "" where the criteria grade no such
        value, or not in this unit), ATOXGRL, ATOXGRH (0 to 4; "" where the limits of normal that grade 1
        needs are missing), BTOXGRL, BTOXGRH (of the baseline record), ATOXGR and ATOXDIR (the higher of the
        two grades and its side L or H; side "" for grade 0). Values before treatment are graded as with a
        normal baseline: a baseline isn't compared with itself. Values after a baseline above the upper limit
        count multiples of the baseline where the criteria say so, so that an unchanged value is grade 0.
        A limit has the lowest grade that it allows (``<30`` platelets are grade 3 at least), and none where
        it allows grade 0 and higher ones; ATOXUNL, ATOXUNH name the grades between which it doesn't decide
        (``3 to 4``), else "".

    Notes ----- Criteria that are multiples of a limit of normal or of baseline alone hold in any unit;
    numbers hold in the unit of the criteria, and in others after conversion.
    """
    names = [f"{name}{side}" for name in ("ATOXDSC", "ATOXGR", "ATOXUN") for side in ("L", "H")]
    # objects until all are there: to set some texts of a column makes the whole column anew
    texts = {name: np.full(len(adlb), "", dtype="object") for name in names}
    table: list[dict[str, str]] = []
    if criteria:
        table = read_cutoffs(criteria).to_dict("records")  # type: ignore[assignment]
    for row in table:
        for unit in _units_of(adlb, row, table):
            chosen = _rows_of(adlb, row["test"], unit, row["baseline"])
            if chosen.any():
                side, factor = row["side"], _factor(unit, row) or 1.0
                limits = [row[f"grade{grade}"] for grade in GRADES]
                found = _grade(adlb[chosen], side, limits, factor)
                places = chosen.to_numpy("bool")
                texts[f"ATOXDSC{side}"][places] = row["term"]
                for name in found:
                    texts[f"{name}{side}"][places] = found[name].to_numpy("object")
    added = {name: pd.Series(values, index=adlb.index, dtype="str") for name, values in texts.items()}
    return _add_worse_side(_add_baseline_grades(adlb.assign(**added)))


def _units_of(adlb: pd.DataFrame, row: Mapping[str, str], table: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the units of the test's values to which a row of the criteria applies.

    A unit that has a row of its own for this side and baseline isn't converted into another row's.
    """
    keys = ("test", "side", "baseline")
    own = {other["unit"] for other in table if all(other[key] == row[key] for key in keys)}
    found = sorted(set(adlb.loc[adlb["PARAMCD"] == row["test"], "AVALU"]))
    return [
        unit for unit in found if unit == row["unit"] or (unit not in own and _factor(unit, row) is not None)
    ]


def _factor(unit: str, row: Mapping[str, str]) -> float | None:
    """Return what turns a value in a unit into the unit of the criteria; None where nothing does."""
    parts = [part for grade in GRADES for part in row[f"grade{grade}"].split(" | ") if part]
    if unit == row["unit"] or all(_is_multiple(part) for part in parts):
        return 1.0
    try:
        factor, offset = conversion(unit, row["unit"])
    except DataError:
        return None
    return factor if offset == 0 else None


def _is_multiple(text: str) -> bool:
    found = _LIMIT.fullmatch(text)
    return found is not None and not found["number"] and not found["more"]


def _rows_of(adlb: pd.DataFrame, test: str, unit: str, baseline: str) -> pd.Series:
    chosen = (adlb["PARAMCD"] == test) & (adlb["AVALU"] == unit)
    raised = (adlb["BNRIND"] == "HIGH") & (adlb["ONTRTFL"] == "Y")
    return {"any": chosen, "normal": chosen & ~raised, "abnormal": chosen & raised}[baseline]


def _grade(values: pd.DataFrame, side: str, limits: list[str], factor: float) -> dict[str, pd.Series]:
    """Return ATOXGR, the highest grade whose limit the value lies beyond, and ATOXUN.

    ATOXGR is "" where grade 1 can't be told.
    """
    before = values["ONTRTFL"] == "N"
    known = values.assign(BASE=values["BASE"].mask(before))
    if "BASEC" in known:
        known["BASEC"] = known["BASEC"].mask(before, "")
    sure = pd.Series("0", index=values.index, dtype="str")
    most, untold = sure, pd.Series(False, index=values.index)
    for grade, text in zip(GRADES, limits, strict=True):
        for part in text.split(" | ") if text else ():
            beyond, maybe, missing = _beyond(known, side, part, factor)
            untold |= missing & (grade == "1")
            sure, most = sure.mask(beyond, grade), most.mask(maybe, grade)
    between = (sure + " to " + most).where(sure != most, "")
    ungraded = (sure == "0") & (untold | (between != "")) | ~span_of(values).known
    return {"ATOXGR": sure.mask(ungraded, ""), "ATOXUN": between}


def _beyond(
    values: pd.DataFrame, side: str, text: str, factor: float
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return where values certainly and possibly lie beyond a limit, and where the limit is missing."""
    found = _LIMIT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no limit of a grade; see the head of the table of cut-offs.")
    if found["number"]:
        limit = constant(float(found["number"]), len(values))
    else:
        name = _VARIABLES[found["name"]]
        own = span_of(values, name, "BASEC" if name == "BASE" else "")
        limit = own.scaled(factor * float(found["factor"] or 1), float(found["more"] or 0))
    value, equal = span_of(values).scaled(factor), bool(found["equal"])
    above = (value, limit) if side == "H" else (limit, value)
    sure, may = exceeds(*above, equal=equal, noise=_NOISE)
    index = values.index
    return pd.Series(sure, index), pd.Series(may, index), pd.Series(~limit.known.to_numpy(), index)


def _add_baseline_grades(graded: pd.DataFrame) -> pd.DataFrame:
    keys = ["USUBJID", "PARAMCD"]
    names = {"ATOXGRL": "BTOXGRL", "ATOXGRH": "BTOXGRH"}
    base = graded.loc[graded["ABLFL"] == "Y", [*keys, *names]].rename(columns=names)
    graded = graded.merge(base, on=keys, how="left", validate="m:1")
    for name in names.values():
        graded[name] = graded[name].fillna("").astype("str")
    return graded


def _add_worse_side(graded: pd.DataFrame) -> pd.DataFrame:
    low, high = (pd.to_numeric(graded[name], errors="coerce") for name in ("ATOXGRL", "ATOXGRH"))
    is_low = low.fillna(-1) >= high.fillna(-1)
    graded["ATOXGR"] = graded["ATOXGRL"].where(is_low, graded["ATOXGRH"])
    side = pd.Series(np.where(is_low, "L", "H"), index=graded.index, dtype="str")
    graded["ATOXDIR"] = side.where(graded["ATOXGR"].isin(GRADES), "")
    return graded


_TEXT = (
    "STUDYID", "USUBJID", "LBTESTCD", "LBTEST", "LBCAT", "LBSTRESU", "LBDTC", "LBNRIND", "LBCLSIG",
    "LBSPEC", "LBMETHOD", "VISIT",
)  # fmt: skip
_NUMBERS = ("LBSEQ", "LBSTRESN", "LBSTNRLO", "LBSTNRHI")
_KEYS = ["USUBJID", "PARAMCD"]
_READ = ["BLFL", "ATPT", "ATPTN", "ATPTREF", "AELTM", "LBNRIND"]


def derive_adlb(trial: Trial, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the laboratory dataset from LB, treated subjects only.

    Variables: PARAMCD, PARAM (see ``name_parameters``: urine isn't serum), PARCAT1 (LBCAT), AVAL in AVALU,
    AVALC (``<5`` where the result is a limit, of which AVAL is NaN; else ""), ADT, ADTM, ADY, ONTRTFL (N:
    taken before the first dose, see ``before_treatment``), ABLFL (Y for the baseline record, see
    ``flag_baseline``), BASE and BASEC (its AVAL and AVALC), CHG (AVAL - BASE), R2BASE (AVAL / BASE; NaN for a
    baseline of 0), all NaN without baseline; AVISITN, AVISIT and ANL01FL (see ``add_visits``); EOTFL (Y for
    the last planned visit of treatment, where the study names its week); ANRIND, LIMIND, BNRIND, BLIMIND (see
    ``add_ranges``); WORSTFL (see ``flag_most_deviating``); toxicity grades (see ``add_grades``); CLSIGFL (Y
    where LBCLSIG says clinically significant). Records with neither a number nor a limit, or without a
    complete date, are left out.
    """
    treated = adsl.loc[adsl["SAFFL"] == "Y"].set_index("USUBJID")
    adlb = _read_results(trial, treated, study)
    adlb["ADY"] = study_day(adlb["ADT"], look_up(treated["TRTSDT"], adlb["USUBJID"]))
    adlb["ONTRTFL"] = yes_no(~before_treatment(adlb, treated))
    adlb["ABLFL"] = flag_baseline(adlb, _KEYS, "LBSEQ", treated, study)
    adlb = add_visits(_add_baseline(adlb), _KEYS, ["ADTM", "LBSEQ"], study)
    return _add_safety(adlb, study).drop(columns=_READ)


def _read_results(trial: Trial, treated: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the results of treated subjects that have a value and a date, in order; nothing derived yet."""
    lb = read_domain(trial, "LB", _TEXT, _NUMBERS)
    dates, limits = to_date(lb["LBDTC"]), standard_limits(lb, "LB")
    measured = lb["LBSTRESN"].notna() | (limits != "")
    kept = measured & dates.notna() & lb["USUBJID"].isin(treated.index)
    parameters = name_parameters(lb, tests_of_blood(study))
    # filtered when what is read of it stands: LB has many other variables, and millions of records
    results = pd.DataFrame(
        {
            "STUDYID": lb["STUDYID"],
            "USUBJID": lb["USUBJID"],
            "LBSEQ": lb["LBSEQ"],
            "PARAMCD": parameters["PARAMCD"],
            "PARAM": parameters["PARAM"],
            "PARCAT1": fold(lb["LBCAT"]),
            "AVAL": lb["LBSTRESN"].mask(limits != ""),
            "AVALC": limits,
            "AVALU": lb["LBSTRESU"],
            "ADT": dates,
            "ADTM": to_datetime(lb["LBDTC"]),
            "VISIT": lb["VISIT"],
            "LBNRIND": lb["LBNRIND"],
            "CLSIGFL": yes_no(fold(lb["LBCLSIG"]) == "Y"),
            "ANRLO": lb["LBSTNRLO"],
            "ANRHI": lb["LBSTNRHI"],
        }
    ).join(read_time_points(lb, "LB"))
    return results[kept].sort_values([*_KEYS, "ADTM", "LBSEQ"], ignore_index=True)


def _add_safety(adlb: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Add what the safety displays read: end of treatment, status against the ranges, toxicity grades."""
    rules = study.laboratory
    adlb["EOTFL"] = flag_end_of_treatment(adlb, _KEYS, rules.laboratory_end_week)
    adlb = add_ranges(adlb, adlb["LBNRIND"], rules)
    adlb["WORSTFL"] = flag_most_deviating(adlb, rules)
    return add_grades(adlb, rules.toxicity_criteria)


def _add_baseline(adlb: pd.DataFrame) -> pd.DataFrame:
    base = adlb.loc[adlb["ABLFL"] == "Y", [*_KEYS, "AVAL", "AVALC"]]
    base = base.rename(columns={"AVAL": "BASE", "AVALC": "BASEC"})
    adlb = adlb.merge(base, on=_KEYS, how="left", validate="m:1")
    adlb["BASEC"] = adlb["BASEC"].fillna("").astype("str")
    adlb["CHG"] = adlb["AVAL"] - adlb["BASE"]
    adlb["R2BASE"] = adlb["AVAL"] / adlb["BASE"].where(adlb["BASE"] > 0)
    return adlb
