"""ADPP: pharmacokinetic parameters of each subject of the PK set, or why there is none."""

from __future__ import annotations

import pandas as pd

from csrkit.nca import nca
from itpcsr.study import Study

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
