"""The simulated trial: SDTM domains that describe no patient, at the published counts.

What is published (cohort sizes, responders by cohort, numbers with any and with serious adverse events,
baseline counts and medians) is met exactly by assigning it. What the registry fixes (doses, infusion days,
follow-up) comes from the study file. Everything else is an assumption; ``data/README.md`` says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator

from csrkit.errors import ParameterError
from csrkit.small_texts import new_texts, texts_as_here
from itpcsr.study import Efficacy, Study
from itpsim import visits
from itpsim.catalogue import DATASET_LABELS, STUDY_ID, VARIABLE_LABELS
from itpsim.disposition import make_dm, make_ds, make_dv, treatment_end
from itpsim.events import draw_events, make_ae, make_suppae
from itpsim.immunity import draw_immune_samples, make_cp, make_cytokines, make_is
from itpsim.laboratory import draw_samples, make_lb, make_mb
from itpsim.measurements import make_pc, make_rs, make_vs
from itpsim.people import add_fates, make_people
from itpsim.tables import arrange, typed
from itpsim.treatment import add_history, infusions, make_cm, make_ex, make_mh, make_pr
from itpsim.visits import attend, last_days, make_sv

__all__ = ["DATASET_LABELS", "DEFAULT_SEED", "VARIABLE_LABELS", "simulate"]

DEFAULT_SEED = 20240423
_FEW_SUBJECTS = 200  # as many have some hundred thousand records


def simulate(study: Study, *, seed: int, subjects: int | None = None) -> dict[str, pd.DataFrame]:
    """Simulate the trial.

    Parameters
    ----------
    study
        Doses, cohort sizes, infusion days, visits and the response rule.
    seed
        Any whole number from 0 on; the same seed gives the same data. ``data/simulated`` has DEFAULT_SEED.
    subjects
        Enrolled subjects. None: as conducted, with the published counts assigned. Another number: cohorts
        in the same proportions, outcomes drawn with the published shares.

    Returns
    -------
    Domain name to frame, with the variables and the order of SDTMIG 3.4: text (ASCII) as ``str``, numbers
    as ``float64``. STUDYID ends in ``-SIM``.

    Raises
    ------
    ParameterError
        The study has no response rule or no infusions, or ``subjects`` is negative.
    """
    rule = study.efficacy
    if rule is None or not study.design.infusion_days:
        raise ParameterError("The simulated trial needs a study with `efficacy` and `design.infusion_days`.")
    if subjects is not None and subjects < 0:
        raise ParameterError(f"The number of subjects to simulate must be 0 or more (found {subjects}).")
    with new_texts(subjects is None or subjects <= _FEW_SUBJECTS):
        domains = _draw(study, rule, seed, subjects)
    return {name: texts_as_here(frame) for name, frame in domains.items()}


def _draw(study: Study, rule: Efficacy, seed: int, subjects: int | None) -> dict[str, pd.DataFrame]:
    # One stream for each part: a change in one part leaves the others as they were.
    streams = iter(np.random.default_rng(seed).spawn(18))
    course = _draw_course(streams, study, rule, subjects)
    rows = _records(streams, course, study, rule) | _findings(streams, course, study, rule)
    reference = rows["DM"].assign(treatment_end=treatment_end(rows["DM"], rows["DS"]))
    arranged = {name: arrange(name, table, reference) for name, table in rows.items()}
    domains = {name: typed(table, name) for name, table in arranged.items()}
    return domains | {"SUPPAE": make_suppae(arranged["AE"])} | _design(study)


class _Course(NamedTuple):
    """What happened in the trial, before any of it is written as SDTM."""

    people: pd.DataFrame
    visits: pd.DataFrame
    last: pd.Series
    given: pd.DataFrame
    events: pd.DataFrame
    samples: pd.DataFrame


def _draw_course(streams: Iterator[Generator], study: Study, rule: Efficacy, subjects: int | None) -> _Course:
    people = make_people(next(streams), study, subjects)
    people = add_fates(next(streams), people, study, rule)
    people = add_history(next(streams), people)
    visits = attend(next(streams), study, people)
    last = last_days(people, visits)
    given = infusions(next(streams), people, visits)
    events = draw_events(next(streams), people, visits, given, last, rule)
    samples = draw_samples(next(streams), people, visits[visits["blood"]].reset_index(drop=True))
    return _Course(people, visits, last, given, events, samples)


def _records(
    streams: Iterator[Generator], course: _Course, study: Study, rule: Efficacy
) -> dict[str, pd.DataFrame]:
    """Return the rows of subjects, interventions and events."""
    people, _, last, given, events, _ = course
    ex = make_ex(study, people, given)
    return {
        "DM": make_dm(people, ex, last),
        "EX": ex,
        "AE": make_ae(people, events, given),
        "DS": make_ds(people, given, last),
        "MH": make_mh(next(streams), people),
        "PR": make_pr(next(streams), people, study, rule),
        "CM": make_cm(next(streams), people, events, last, study, rule),
    }


def _findings(
    streams: Iterator[Generator], course: _Course, study: Study, rule: Efficacy
) -> dict[str, pd.DataFrame]:
    """Return the rows of findings, and of visits and deviations, which show in the samples."""
    people, visits, last, given, events, samples = course
    lb = make_lb(next(streams), people, samples, events, rule)
    counts = lb.loc[lb["LBTESTCD"] == rule.platelet_test, "LBSTRESN"].to_numpy(dtype="float64")
    immune = draw_immune_samples(next(streams), visits, samples, study)
    pc, missing = make_pc(next(streams), people, given, study)
    timed = {"PC": pc, "IS": make_is(next(streams), people, samples, given, study)}
    return timed | {
        "LB": pd.concat([lb, make_cytokines(next(streams), people, immune)], ignore_index=True),
        "CP": make_cp(next(streams), people, immune),
        "VS": make_vs(next(streams), people, samples, given, events),
        "RS": make_rs(next(streams), people, samples, counts, events, rule),
        "MB": make_mb(people, samples, study),
        "DV": make_dv(people, visits, given, missing, last, study),
        "SV": make_sv(people, visits, samples, timed),
    }


def _design(study: Study) -> dict[str, pd.DataFrame]:
    rows = {
        "TA": visits.make_ta(study),
        "TE": visits.make_te(study),
        "TV": visits.make_tv(study),
        "TI": visits.make_ti(),
        "TS": visits.make_ts(study),
    }
    return {name: typed(table.assign(STUDYID=STUDY_ID, DOMAIN=name), name) for name, table in rows.items()}
