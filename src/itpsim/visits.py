"""TA, TE, TV, TI, TS and SV: the design of the trial, planned visits, and when each subject came."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from itpcsr.study import Arm, Study
from itpsim.people import INFARCTION, ascii_label
from itpsim.tables import VISIT, Texts, day_text

# Planned visits, and when each subject came.

_SCREENING_DAY = -7
# The day before infusion 1, in the count without a day 0.
DAY_BEFORE = -1
_DEVIATIONS = (-3, -2, -1, 0, 1, 2, 3)
_DEVIATION_SHARES = (0.01, 0.04, 0.13, 0.64, 0.13, 0.04, 0.01)
_INFUSION_DEVIATIONS, _INFUSION_SHARES = (-1, 0, 1), (0.05, 0.9, 0.05)
_MISSED = 0.04


def planned_visits(study: Study) -> pd.DataFrame:
    """Return VISITNUM, VISIT, VISITDY and what is planned.

    ``infusion`` is its number or 0, ``laboratory`` a full blood test; ``blood`` is a platelet count, which
    every visit has but the day before infusion 1.
    """
    infusions = {day: number for number, day in enumerate(study.design.infusion_days, start=1)}
    laboratory = {1 + 7 * week for week in study.visits.laboratory_weeks} | {_SCREENING_DAY, 1}
    weeks = {*study.visits.platelet_weeks, *study.visits.laboratory_weeks, study.design.follow_up_weeks}
    before = [DAY_BEFORE] if study.sampling.immune_weeks else []
    days = [_SCREENING_DAY, *before, *sorted({1, *infusions, *(1 + 7 * week for week in weeks)})]
    return pd.DataFrame(
        {
            "VISITNUM": np.arange(1.0, len(days) + 1),
            "VISIT": [_visit_name(day) for day in days],
            "VISITDY": np.array(days, dtype="float64"),
            "infusion": [infusions.get(day, 0) for day in days],
            "laboratory": [day in laboratory for day in days],
            "blood": [day != DAY_BEFORE for day in days],
        }
    )


def attend(rng: Generator, study: Study, people: pd.DataFrame) -> pd.DataFrame:
    """Return the visits that took place, one row each, in order of subject and day.

    Columns: ``subject`` (row number in ``people``), those of :func:`planned_visits`, ``day`` (from
    infusion 1, day 0) and ``given`` (an infusion was given). Those not enrolled have screening alone.
    """
    plan = planned_visits(study)
    visits = plan.merge(pd.DataFrame({"subject": np.arange(len(people))}), how="cross")
    visits = visits.sort_values(["subject", "VISITNUM"], ignore_index=True)
    person = people.iloc[visits["subject"]].reset_index(drop=True)
    visits["day"] = _actual_days(rng, visits, person)
    stopped = (person["serious"] == INFARCTION) & (visits["day"] >= person["serious_day"])
    visits["given"] = (visits["infusion"] > 0) & ~stopped
    fixed = (visits["infusion"] > 0) | (visits["VISITDY"] <= 1) | (visits["VISITDY"] == plan["VISITDY"].max())
    took_place = fixed | (rng.random(len(visits)) >= _MISSED)
    gone = visits["day"] > person["left_day"].astype("float64")
    expected = person["enrolled"] | (visits["VISITNUM"] == 1)
    attended: pd.DataFrame = visits[took_place & expected & ~gone]
    return attended.reset_index(drop=True)


def last_days(people: pd.DataFrame, visits: pd.DataFrame) -> pd.Series:
    """Return each subject's last day in the study: the last visit, the early end, or after screening."""
    last = visits.groupby("subject")["day"].max().reindex(np.arange(len(people)))
    return people["left_day"].astype("float64").fillna(last.where(people["enrolled"], last + 3))


def _visit_name(day: int) -> str:
    if day == _SCREENING_DAY:
        return "SCREENING"
    return f"WEEK {(day - 1) // 7}" if day > 1 and (day - 1) % 7 == 0 else f"DAY {day}"


def _actual_days(rng: Generator, visits: pd.DataFrame, person: pd.DataFrame) -> Texts:
    usual = rng.choice(_DEVIATIONS, len(visits), p=_DEVIATION_SHARES)
    infusion = rng.choice(_INFUSION_DEVIATIONS, len(visits), p=_INFUSION_SHARES)
    moved = np.where(visits["infusion"] > 0, infusion, usual)
    planned = visits["VISITDY"] - 1 + np.where(visits["VISITDY"] == 1, 0, moved)
    screening = person["consent"] + rng.integers(0, 3, len(visits))
    days = np.where(visits["VISITDY"] < 1, screening, planned)
    return np.where(visits["VISITDY"] == DAY_BEFORE, DAY_BEFORE, days).astype("int64")


# SV: one record per visit of a subject.


def make_sv(
    people: pd.DataFrame, visits: pd.DataFrame, samples: pd.DataFrame, timed: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return the rows of SV: visits that took place, and unscheduled blood counts.

    Parameters
    ----------
    timed
        Domain name to rows whose samples may be taken on days after the visit they belong to; the visit
        ends with the last of them.
    """
    columns = ["subject", "day", *VISIT]
    unscheduled = samples.loc[samples["VISITDY"].isna(), columns].assign(SVUPDES="PLATELET COUNT")
    parts = [visits[columns].assign(SVUPDES=""), *([unscheduled] if len(unscheduled) else [])]
    rows = pd.concat(parts, ignore_index=True)
    subject = rows["subject"].to_numpy()
    start = day_text(people["start"].to_numpy()[subject], rows["day"])
    rows = rows.assign(USUBJID=people["USUBJID"].take(subject).to_numpy(), SVSTDTC=start)
    rows = rows.merge(_ends(timed), on=["USUBJID", "VISITNUM"], how="left")
    later = rows["end"].fillna("").astype("str") > rows["SVSTDTC"].astype("str")
    return rows.assign(SVENDTC=np.where(later, rows["end"], rows["SVSTDTC"])).drop(columns="end")


def _ends(timed: dict[str, pd.DataFrame]) -> pd.DataFrame:
    parts = [
        rows[["USUBJID", "VISITNUM"]].assign(end=rows[f"{name}DTC"].astype("str").str[:10])
        for name, rows in timed.items()
    ]
    ends = pd.concat(parts).sort_values("end", kind="stable")
    return ends.drop_duplicates(["USUBJID", "VISITNUM"], keep="last")


# TA, TE, TV, TI and TS: the design of the trial, from the study file, the registry and the publication.

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
