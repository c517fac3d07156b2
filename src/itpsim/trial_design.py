"""TA, TE, TV, TI and TS: the design of the trial, from the study file, the registry and the publication."""

from __future__ import annotations

import pandas as pd

from itpcsr.study import Arm, Study
from itpsim.people import ascii_label
from itpsim.visits import planned_visits

_SCREENING = ("SCRN", "Screening", "Informed consent", "1 day before infusion 1 at the latest")
_FOLLOW_UP = ("FU", "Follow-up", "End of the last infusion")
# Published as main criteria of inclusion; the protocol's list is not public. The last one is the registry's.
_INCLUSION = (
    "Age 18 to 60 years",
    "Immune thrombocytopenia for more than 6 months",
    "Platelet count below 30 x 10^9/L",
    "Bleeding manifestations at enrolment",
    "Refractory immune thrombocytopenia",
    "If splenectomised: splenectomy more than 3 months before recruitment",
)
_PRIMARY = (
    "To evaluate the safety and efficacy of human umbilical cord-derived mesenchymal stem cells (hUC-MSCs) "
    "to treat refractory immune thrombocytopenia (ITP)"
)
_SECONDARY = (
    "To observe the changes of immune function in refractory ITP patients after infusion of hUC-MSCs",
    "To explore and reveal the mechanism of hUC-MSCs in treating ITP",
)
_UNKNOWN = "UNK"


def make_ta(study: Study) -> pd.DataFrame:
    """Return the rows of TA: screening, treatment and follow-up of each arm."""
    rows = []
    for arm in study.design.arms:
        elements = (
            (*_SCREENING[:2], "Enrolled at this dose level", "SCREENING"),
            (_element_code(arm), _element_name(arm), "", "TREATMENT"),
            (*_FOLLOW_UP[:2], "", "FOLLOW-UP"),
        )
        for order, (code, name, branch, epoch) in enumerate(elements, start=1):
            rows.append((arm.code, ascii_label(arm.label), float(order), code, name, branch, epoch))
    names = ["ARMCD", "ARM", "TAETORD", "ETCD", "ELEMENT", "TABRANCH", "EPOCH"]
    return pd.DataFrame(rows, columns=names)


def make_te(study: Study) -> pd.DataFrame:
    """Return the rows of TE: what starts and ends each element; arms of one dose share their treatment."""
    treatment = {
        _element_code(arm): (
            _element_name(arm),
            "Start of infusion 1",
            f"End of infusion {len(study.design.infusion_days)}",
        )
        for arm in study.design.arms
    }
    last = f"{study.design.follow_up_weeks} weeks after infusion 1"
    elements = [_SCREENING, *((code, *text) for code, text in treatment.items()), (*_FOLLOW_UP, last)]
    return pd.DataFrame(elements, columns=["ETCD", "ELEMENT", "TESTRL", "TEENRL"])


def make_tv(study: Study) -> pd.DataFrame:
    """Return the rows of TV: the planned visits, the same in every arm."""
    plan = planned_visits(study)[["VISITNUM", "VISIT", "VISITDY"]]
    days = (plan["VISITDY"] - 1).astype("int64")
    rule = days.astype("str") + f" days after infusion 1, window {study.visits.visit_window_days} days"
    rule = rule.mask(plan["VISIT"] == "SCREENING", "After informed consent")
    rule = rule.mask(plan["VISITDY"] == -1, "The day before infusion 1")
    return plan.assign(TVSTRL=rule.mask(plan["VISITDY"] == 1, "The day of infusion 1"))


def make_ti() -> pd.DataFrame:
    """Return the rows of TI: the published criteria of inclusion."""
    codes = [f"INCL{number:02d}" for number in range(1, len(_INCLUSION) + 1)]
    return pd.DataFrame({"IETESTCD": codes, "IETEST": _INCLUSION, "IECAT": "INCLUSION"})


def make_ts(study: Study) -> pd.DataFrame:
    """Return the rows of TS: one per parameter and value; ``UNK`` in TSVALNF where nothing is public."""
    rows = pd.DataFrame(
        [*_identity(study), *_design(study), *_treatment(study)], columns=["TSPARMCD", "TSPARM", "TSVAL"]
    )
    rows["TSSEQ"] = rows.groupby("TSPARMCD").cumcount() + 1.0
    rows["TSVALNF"] = rows["TSVAL"].eq("").map({True: _UNKNOWN, False: ""})
    return rows.sort_values(["TSPARMCD", "TSSEQ"], ignore_index=True)


def _identity(study: Study) -> list[tuple[str, str, str]]:
    identity = study.identity
    return [
        ("TITLE", "Trial Title", identity.title),
        ("SPONSOR", "Clinical Study Sponsor", identity.sponsor),
        ("REGID", "Registry Identifier", identity.study_id),
        ("INDIC", "Trial Disease/Condition Indication", identity.condition),
        ("TPHASE", "Trial Phase Classification", f"{identity.phase.upper()} TRIAL"),
        ("STYPE", "Study Type", "INTERVENTIONAL"),
        ("TTYPE", "Trial Type", "SAFETY"),
        ("TTYPE", "Trial Type", "EFFICACY"),
        ("OBJPRIM", "Trial Primary Objective", _PRIMARY),
        *(("OBJSEC", "Trial Secondary Objective", text) for text in _SECONDARY),
        ("FCNTRY", "Planned Country of Investigational Sites", "CHN"),
        ("SSTDTC", "Study Start Date", ""),
        ("SENDTC", "Study End Date", ""),
        ("SDTIGVER", "SDTM IG Version", "3.4"),
        ("SDTMVER", "SDTM Version", "2.0"),
    ]


def _design(study: Study) -> list[tuple[str, str, str]]:
    arms = study.design.arms
    return [
        ("PLANSUB", "Planned Number of Subjects", str(sum(arm.planned or 0 for arm in arms))),
        ("ACTSUB", "Actual Number of Subjects", str(sum(arm.enrolled or 0 for arm in arms))),
        ("NARMS", "Planned Number of Arms", "1"),
        ("NCOHORT", "Number of Groups/Cohorts", str(len(arms))),
        ("AGEMIN", "Planned Minimum Age of Subjects", "P18Y"),
        ("AGEMAX", "Planned Maximum Age of Subjects", "P60Y"),
        ("SEXPOP", "Sex of Participants", "BOTH"),
        ("HLTSUBJI", "Healthy Subject Indicator", "N"),
        ("RANDOM", "Trial is Randomized", "N"),
        ("INTMODEL", "Intervention Model", ""),
        ("TBLIND", "Trial Blinding Schema", "OPEN LABEL"),
        ("TCNTRL", "Control Type", "NONE"),
        ("LENGTH", "Trial Length", f"P{study.design.follow_up_weeks}W"),
        ("STOPRULE", "Study Stop Rules", ""),
        ("OUTMSPRI", "Primary Outcome Measure", ""),
        ("DCUTDTC", "Data Cutoff Date", ""),
    ]


def _treatment(study: Study) -> list[tuple[str, str, str]]:
    doses = sorted({arm.dose for arm in study.design.arms if arm.dose is not None})
    return [
        ("TRT", "Investigational Therapy or Treatment", study.identity.product),
        ("INTTYPE", "Intervention Type", "BIOLOGIC"),
        *(("DOSE", "Dose per Administration", f"{dose:g}") for dose in doses),
        ("DOSU", "Dose Units", study.design.dose_unit),
        ("DOSFRQ", "Dosing Frequency", "EVERY WEEK"),
        ("ROUTE", "Route of Administration", "INTRAVENOUS"),
        ("ADDON", "Added on to Existing Treatments", ""),
    ]


def _element_code(arm: Arm) -> str:
    return f"TRT{10 * (arm.dose or 0):02.0f}"


def _element_name(arm: Arm) -> str:
    return f"Treatment {arm.dose or 0:.1f} x 10^6/kg"
