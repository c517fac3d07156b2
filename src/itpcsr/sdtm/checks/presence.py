"""What is there at all: domains, records, subjects, tests."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from itpcsr.sdtm.checks.findings import NOTE, WARNING, listed, overall
from itpcsr.sdtm.checks.rules import REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import TRIAL_DESIGN, Tables
from itpcsr.study import Study

_LOST = {
    "AE": "adverse events",
    "DS": "disposition",
    "LB": "laboratory values and platelet response",
}
_LESS = {
    "SUPPAE": "dose-limiting toxicities and reactions to infusions",
    "VS": "weight and height",
    "MH": "duration of the disease",
    "CM": "earlier, concomitant and rescue therapy",
    "PR": "splenectomy and transfusions",
}


@rule("STR-04", NOTE, "A domain has records", REPORT)
def _empty_domains(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in tables.names:
        if tables[name].empty:
            yield overall(name, "", "", "has no records. If there should be some, export it anew.")


@rule("STR-05", WARNING, "Records name a subject", SDTM)
def _domains_without_subjects(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name in tables.names:
        if name not in (*TRIAL_DESIGN, "RELREC") and "USUBJID" not in tables[name]:
            yield overall(name, "USUBJID", "", "has no USUBJID, so nothing in it is used. Export it anew.")


@rule("STR-06", WARNING, "The domains that the main tables come from are there", REPORT)
def _lost_domains(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, what in _LOST.items():
        if name not in tables:
            sentence = f"the domain is absent, so the report can't show {what}. Add its file if there is one."
            yield overall(name, "", "", sentence)


@rule("STR-07", NOTE, "The domains that single results come from are there", REPORT)
def _lesser_domains(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, what in {**_LESS, **_sampled(study)}.items():
        if name not in tables:
            sentence = f"the domain is absent, so nothing is known of {what}. Add its file if there is one."
            yield overall(name, "", "", sentence)


def _sampled(study: Study) -> dict[str, str]:
    sampling = study.sampling
    wanted = {
        "MB": ("viruses", bool(sampling.virus_tests)),
        "PC": ("cells in blood", bool(sampling.concentration_hours)),
        "IS": ("antibodies", bool(sampling.antibody_subjects)),
        "CP": ("cell phenotypes", bool(sampling.immune_weeks)),
    }
    return {name: what for name, (what, planned) in wanted.items() if planned}


@rule("STR-08", WARNING, "The laboratory data hold platelet counts", REPORT, "LB.LBTESTCD")
def _no_platelets(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    codes = sorted(tables.different("LB", "LBTESTCD"))
    if study.efficacy is not None and codes and study.efficacy.platelet_test not in codes:
        sentence = (
            f"LBTESTCD is never {study.efficacy.platelet_test}, so the response can't be shown; found "
            f"{listed(codes)}. Correct the code or platelet_test in the study file."
        )
        yield overall("LB", "LBTESTCD", listed(codes), sentence)


@rule("STR-09", NOTE, "The trial has more than one subject", REPORT, "DM.USUBJID")
def _few_subjects(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    number = tables["DM"]["USUBJID"].nunique()
    if number < 2:
        sentence = (
            f"holds {number} subject{'s' if number == 0 else ''}; most tables will say that nothing "
            "can be estimated."
        )
        yield overall("DM", "USUBJID", str(number), sentence)


@rule("STR-10", NOTE, "Both sexes are in the trial", REPORT, "DM.SEX")
def _one_sex(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    found = set(tables.different("DM", "SEX"))
    sampled = study.sampling.concentration_sex
    if len(tables["DM"]) > 1 and len(found & {"F", "M"}) == 1:
        lost = (
            f"; cells in blood are measured in sex {sampled} alone"
            if sampled and sampled not in found
            else ""
        )
        yield overall(
            "DM", "SEX", listed(sorted(found)), f"all subjects are of one sex{lost}. Is the file whole?"
        )


@rule("STR-11", NOTE, "Nothing had to be decided on reading", REPORT)
def _decided_on_reading(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, notes in sorted(tables.trial.notes.items()):
        for note in notes:
            yield overall(name, "", "", note)


@rule("STR-12", WARNING, "Every file of trial data can be read", REPORT)
def _left_out(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for name, reason in sorted(tables.trial.left_out.items()):
        sentence = (
            f"{name} is left out, since it can't be read and the report doesn't use its domain. {reason}"
        )
        yield overall("", "", name, sentence).assign(message=sentence)
