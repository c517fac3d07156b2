"""ADPC and ADPP: concentrations around infusion 1, and pharmacokinetic parameters of each subject."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import read_limits
from csrkit.nca import nca
from csrkit.sdtm.dates import to_date
from csrkit.sdtm.units import standard_limits
from itpcsr.adam.dates import study_day, to_datetime
from itpcsr.adam.domains import look_up, read_domain, yes_no
from itpcsr.sdtm import Trial
from itpcsr.study import Study

# ADPC: concentrations around infusion 1 with nominal and actual times, and who is in the PK set.

_TEXT = (
    "STUDYID", "USUBJID", "PCTESTCD", "PCTEST", "PCSTRESC", "PCORRES", "PCSTRESU", "PCDTC", "PCTPT",
)  # fmt: skip
_NUMBERS = ("PCSEQ", "PCSTRESN", "PCLLOQ", "PCTPTNUM")
# A result below the limit of quantification: "<120", or one of these codes.
_BELOW = r"^(?:<.*|BLQ|BLOQ|BQL|LLOQ|BLLOQ|ND|NOT DETECTED|BELOW.*)$"


def derive_adpc(trial: Trial, adsl: pd.DataFrame, adex: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the concentration dataset from PC and infusion 1 of ADEX: the test that the study names.

    Variables: AVAL and AVALU (NaN where the result lies beyond a limit), BLQFL (Y below the limit of
    quantification ALLOQ: PCLLOQ, or the study's), ADT, ADY, ADTM (NaT without a time of day), ATPTN and ATPT
    (nominal time, hours before the start or after the end of infusion 1), AFRLT and AERLT (actual hours
    since its start and since its end), TDEV (actual less nominal time, hours), DUR1 (its duration, hours),
    DOSE1 and DOSE1U (what was given), ANL01FL (Y where the sample can be analysed) and ANL01RS, which says
    why not. Of samples at the same time the first counts; those after the start of infusion 2 don't.
    """
    pc = read_domain(trial, "PC", _TEXT, _NUMBERS)
    pc = pc[(pc["PCTESTCD"] == study.sampling.concentration_test) & (pc["PCTESTCD"] != "")]
    adpc = _results(pc, study).sort_values(["USUBJID", "ADTM", "PCSEQ"], ignore_index=True)
    adpc["ADY"] = study_day(adpc["ADT"], look_up(adsl.set_index("USUBJID")["TRTSDT"], adpc["USUBJID"]))
    doses = adex.sort_values(["USUBJID", "EXNUM"]).set_index("USUBJID")
    first, second = doses[doses["EXNUM"] == 1], doses[doses["EXNUM"] == 2]
    start, end = (look_up(first[name], adpc["USUBJID"]) for name in ("ASTDTM", "AENDTM"))
    adpc["AFRLT"], adpc["AERLT"] = _hours(adpc["ADTM"] - start), _hours(adpc["ADTM"] - end)
    adpc["TDEV"] = adpc["AFRLT"].where(adpc["ATPTN"] < 0, adpc["AERLT"]) - adpc["ATPTN"]
    adpc["DUR1"] = _hours(end - start)
    adpc["DOSE1"] = look_up(first["EXDOSE"], adpc["USUBJID"])
    adpc["DOSE1U"] = look_up(first["EXDOSU"], adpc["USUBJID"]).fillna("").astype("str")
    later = look_up(second["ASTDTM"].fillna(second["ASTDT"]), adpc["USUBJID"])
    adpc["ANL01RS"] = _why_not(adpc, adsl, later)
    adpc["ANL01FL"] = yes_no(adpc["ANL01RS"] == "")
    return adpc.drop(columns="ABOVE")


def add_pk_set(adsl: pd.DataFrame, adpc: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Add the pharmacokinetic set to ADSL: PKFL, and PKREAS, which says why a subject is outside.

    In the set are treated subjects of the sex sampled with a sample after the start of infusion 1 that can
    be analysed. PKREAS is NOT TREATED, NOT PLANNED, SEX NOT SAMPLED, NO SAMPLE or NO USABLE SAMPLE.
    """
    sex = study.sampling.concentration_sex
    sampled = adsl["USUBJID"].isin(adpc["USUBJID"])
    known = adsl["SEX"] if "SEX" in adsl else pd.Series("", index=adsl.index)
    usable = adsl["USUBJID"].isin(adpc.loc[(adpc["ANL01FL"] == "Y") & (adpc["AFRLT"] > 0), "USUBJID"])
    cases = {
        "NOT TREATED": adsl["SAFFL"] != "Y",
        "NOT PLANNED": pd.Series(not study.sampling.concentration_test, index=adsl.index),
        "SEX NOT SAMPLED": known.isin(["F", "M"]) & (known != sex) & (sex != ""),
        "NO SAMPLE": ~sampled,
        "NO USABLE SAMPLE": ~usable,
    }
    reason = np.select([case.to_numpy("bool") for case in cases.values()], list(cases), "")
    reasons = pd.Series(reason, index=adsl.index, dtype="str")
    return adsl.assign(PKFL=yes_no(reasons == ""), PKREAS=reasons)


def _results(pc: pd.DataFrame, study: Study) -> pd.DataFrame:
    text = pc["PCSTRESC"].where(pc["PCSTRESC"] != "", pc["PCORRES"]).str.strip().str.upper()
    limit = pc["PCLLOQ"].fillna(study.sampling.concentration_limit or np.nan)
    value, sign = pc["PCSTRESN"], read_limits(standard_limits(pc, "PC"))["sign"]
    above = sign.str.startswith(">")
    below = (
        text.str.contains(_BELOW, regex=True)
        | sign.str.startswith("<")
        | (value < limit) & (value >= 0)
        | (value == 0)
    )
    return pd.DataFrame(
        {
            "STUDYID": pc["STUDYID"],
            "USUBJID": pc["USUBJID"],
            "PCSEQ": pc["PCSEQ"],
            "PARAMCD": pc["PCTESTCD"],
            "PARAM": pc["PCTEST"],
            "AVAL": value.mask(below | above),
            "AVALU": pc["PCSTRESU"],
            "BLQFL": yes_no(below),
            "ALLOQ": limit,
            "ADT": to_date(pc["PCDTC"]),
            "ADTM": to_datetime(pc["PCDTC"]).where(pc["PCDTC"].str.len() >= 16),
            "ATPTN": pc["PCTPTNUM"],
            "ATPT": pc["PCTPT"],
            "ABOVE": above,
        }
    )


def _hours(span: pd.Series) -> pd.Series:
    return pd.Series(span.dt.total_seconds() / 3600)


def _why_not(adpc: pd.DataFrame, adsl: pd.DataFrame, later: pd.Series) -> pd.Series:
    """Return why a record can't be analysed, "" where it can; ``later`` is the start of infusion 2."""
    treated = adsl.loc[adsl["SAFFL"] == "Y", "USUBJID"]
    unit = adpc["AVALU"].mode()
    cases = {
        "subject not treated": ~adpc["USUBJID"].isin(treated),
        "above the upper limit of the assay": adpc["ABOVE"],
        "no result": adpc["AVAL"].isna() & (adpc["BLQFL"] != "Y"),
        "negative result": adpc["AVAL"] < 0,
        "no time of day of the sample": adpc["ADTM"].isna(),
        "no time of day of infusion 1": adpc["AFRLT"].isna(),
        "taken after the start of infusion 2": adpc["ADTM"] >= later,
        "not in the unit of the others": adpc["AVALU"] != (unit.iloc[0] if len(unit) else ""),
    }
    reason = np.select([case.to_numpy("bool") for case in cases.values()], list(cases), "")
    reasons = pd.Series(reason, index=adpc.index, dtype="str")
    good = adpc[reasons == ""]
    again = good.index[good.duplicated(["USUBJID", "ADTM"])]
    return reasons.mask(reasons.index.isin(again), "another sample at the same time")


# ADPP: pharmacokinetic parameters of each subject of the PK set, or why there is none.

# PARAMCD and its name in CDISC's terms (PPTESTCD, PPTEST) of the parameters kept; the area over part of the
# time comes first among the areas and takes its code from the hours.
_PARAMETERS = {
    "CMAX": "Max Conc",
    "CMAXD": "Max Conc Norm by Dose",
    "TMAX": "Time of CMAX",
    "CLST": "Last Nonzero Conc",
    "TLST": "Time of Last Nonzero Conc",
    "AUCINT": "AUC from T1 to T2",
    "AUCLST": "AUC to Last Nonzero Conc",
    "AUCALL": "AUC All",
    "AUMCLST": "AUMC to Last Nonzero Conc",
    "MRTICLST": "MRT Intravasc Cont Inf to Last Nonzero Conc",
    "LAMZ": "Lambda z",
    "LAMZNPT": "Number of Points for Lambda z",
    "LAMZLL": "Lambda z Lower Limit",
    "LAMZUL": "Lambda z Upper Limit",
    "R2": "R Squared",
    "R2ADJ": "R Squared Adjusted",
    "LAMZHL": "Half-Life Lambda z",
    "AUCIFO": "AUC Infinity Obs",
    "AUCPEO": "AUC %Extrapolation Obs",
    "AUMCIFO": "AUMC Infinity Obs",
    "MRTICIFO": "MRT Intravasc Cont Inf Infinity Obs",
    "CLO": "Total CL Obs",
    "VZO": "Vz Obs",
    "VSSO": "Vol Dist Steady State Obs",
}
_AREAS = ("AUCINT", "AUCLST", "AUCALL", "AUMCLST", "MRTICLST")
# What rests on the terminal slope; the slope itself and how well it fits stay, to be looked at.
_BY_SLOPE = ("LAMZHL", "AUCIFO", "AUCPEO", "AUMCIFO", "MRTICIFO", "CLO", "VZO", "VSSO")
_COLUMNS = ["STUDYID", "USUBJID", "PARAMCD", "PARAM", "AVAL", "AVALU", "PPREASND"]


def area_code(hours: float) -> str:
    """Return PARAMCD of the area from the start of the infusion to these hours: ``AUC0_24``."""
    return f"AUC0_{hours:g}"


def area_label(hours: float) -> str:
    """Return PARAM of that area: ``AUC from 0 to 24 h``."""
    return f"AUC from 0 to {hours:g} h"


def derive_adpp(adpc: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive the parameters of the subjects of the PK set (ADSL with PKFL) by ``nca``.

    Time 0 is the start of infusion 1. Variables: PARAMCD, PARAM, AVAL, AVALU and PPREASND, which says why
    AVAL is missing. NQUANT counts quantified concentrations. The study's rules are applied on top of the
    analysis: areas need ``area_points`` quantified concentrations, and what rests on the terminal slope an
    adjusted R² of ``terminal_fit``. The area over ``area_hours`` needs a sample at least as late, or such a
    slope.
    """
    rules = study.pharmacokinetics
    members = adsl.loc[adsl["PKFL"] == "Y", "USUBJID"]
    used = adpc[(adpc["ANL01FL"] == "Y") & adpc["USUBJID"].isin(members)]
    rows = nca(
        _concentrations(used),
        _doses(used),
        route="infusion",
        method=rules.area_method,
        blq={"before": rules.blq_before, "between": rules.blq_between, "after": rules.blq_after},
        partial=[(0.0, rules.area_hours)],
    )
    rows["parameter"] = rows["parameter"].str.replace(r" .*", "", regex=True)
    rows = rows[rows["parameter"].isin(list(_PARAMETERS))]
    rows = pd.concat([_counted(used), rows], ignore_index=True)
    rows["reason"] = rows["reason"].mask(rows["reason"] == "", _unmet(rows, used, study))
    return _as_dataset(rows, used, rules.area_hours)


def _concentrations(used: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "subject": used["USUBJID"],
            "time": used["AFRLT"],
            "concentration": used["AVAL"].mask(used["BLQFL"] == "Y", 0.0),
            "lloq": used["ALLOQ"],
            "unit": used["AVALU"],
            "time_unit": "h",
        }
    )


def _doses(used: pd.DataFrame) -> pd.DataFrame:
    first = used.drop_duplicates("USUBJID")
    return pd.DataFrame(
        {
            "subject": first["USUBJID"],
            "time": 0.0,
            "dose": first["DOSE1"],
            "duration": first["DUR1"].where(first["DUR1"] >= 0),
            "unit": first["DOSE1U"],
            "time_unit": "h",
        }
    )


def _counted(used: pd.DataFrame) -> pd.DataFrame:
    """Return the number of quantified concentrations of each subject as rows of ``nca``."""
    after = (used["AFRLT"] > 0) & (used["BLQFL"] != "Y")
    number = after.groupby(used["USUBJID"]).sum().astype("float64")
    return pd.DataFrame(
        {
            "subject": pd.Series(number.index, dtype="str"),
            "parameter": "NQUANT",
            "value": number.to_numpy(),
            "unit": "samples",
            "reason": "",
        }
    )


def _unmet(rows: pd.DataFrame, used: pd.DataFrame, study: Study) -> pd.Series:
    """Return which rule of the study a row doesn't meet, "" for none."""
    rules = study.pharmacokinetics
    wide = rows.pivot(index="subject", columns="parameter", values="value").reindex(
        columns=["NQUANT", "R2ADJ"]
    )
    number, fit = (rows["subject"].map(wide[name]).astype("float64") for name in ("NQUANT", "R2ADJ"))
    end = rows["subject"].map(used.groupby("USUBJID")["AFRLT"].max()).astype("float64")
    area, slope = rows["parameter"].isin(_AREAS), rows["parameter"].isin(_BY_SLOPE)
    poor = ~(fit >= rules.terminal_fit)
    open_end = (rows["parameter"] == "AUCINT") & (end < rules.area_hours)
    unmet = pd.Series("", index=rows.index, dtype="str")
    unmet = unmet.mask(
        (slope | open_end) & poor, f"adjusted R² of the terminal slope below {rules.terminal_fit:g}"
    )
    few = f"fewer than {rules.area_points} quantified concentrations"
    return unmet.mask((area | slope) & (number < rules.area_points), few)


def _as_dataset(rows: pd.DataFrame, used: pd.DataFrame, hours: float) -> pd.DataFrame:
    names = {**_PARAMETERS, "NQUANT": "Number of Quantified Conc", "AUCINT": area_label(hours)}
    order = {code: place for place, code in enumerate(["NQUANT", *_PARAMETERS])}
    study_id = used.drop_duplicates("USUBJID").set_index("USUBJID")["STUDYID"]
    adpp = pd.DataFrame(
        {
            "STUDYID": rows["subject"].map(study_id).astype("str"),
            "USUBJID": rows["subject"].astype("str"),
            "PARAMCD": rows["parameter"].replace("AUCINT", area_code(hours)),
            "PARAM": rows["parameter"].map(names).astype("str"),
            "AVAL": rows["value"].where(rows["reason"] == ""),
            "AVALU": rows["unit"],
            "PPREASND": rows["reason"],
        },
        columns=_COLUMNS,
    )
    place = rows["parameter"].map(order)
    return adpp.assign(place=place).sort_values(["USUBJID", "place"], ignore_index=True).drop(columns="place")
