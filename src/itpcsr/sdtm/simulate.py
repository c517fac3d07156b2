"""The simulated trial: SDTM domains that describe no patient, at the published counts.

What is published (cohort sizes, responders by cohort, numbers with any and with serious adverse events,
baseline counts and medians) is met exactly by assigning it. What the registry fixes (doses, infusion days,
follow-up) comes from the study file. Everything else is an assumption; ``data/README.md`` says which.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.errors import ParameterError
from itpcsr.sdtm.simulation.catalogue import DATASET_LABELS, VARIABLE_LABELS
from itpcsr.sdtm.simulation.disposition import make_dm, make_ds, treatment_end
from itpcsr.sdtm.simulation.events import draw_events, make_ae, make_suppae
from itpcsr.sdtm.simulation.exposure import infusions, make_ex
from itpcsr.sdtm.simulation.fates import add_fates
from itpcsr.sdtm.simulation.history import add_history, make_mh, make_pr
from itpcsr.sdtm.simulation.laboratory import draw_samples, make_lb, make_vs
from itpcsr.sdtm.simulation.medication import make_cm
from itpcsr.sdtm.simulation.people import make_people
from itpcsr.sdtm.simulation.tables import arrange, typed
from itpcsr.sdtm.simulation.visits import attend, last_days
from itpcsr.study import Study

__all__ = ["DATASET_LABELS", "DEFAULT_SEED", "VARIABLE_LABELS", "simulate"]

DEFAULT_SEED = 20240423


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
    # One stream for each part: a change in one part leaves the others as they were.
    streams = iter(np.random.default_rng(seed).spawn(12))
    people = make_people(next(streams), study, subjects)
    people = add_fates(next(streams), people, study, rule)
    people = add_history(next(streams), people)
    visits = attend(next(streams), study, people)
    last = last_days(people, visits)
    given = infusions(next(streams), people, visits)
    events = draw_events(next(streams), people, visits, given, last, rule)
    samples = draw_samples(next(streams), people, visits)
    ex = make_ex(study, people, given)
    rows = {
        "DM": make_dm(people, ex, last),
        "EX": ex,
        "AE": make_ae(people, events, given),
        "LB": make_lb(next(streams), people, samples, events, rule),
        "VS": make_vs(people, samples),
        "DS": make_ds(people, given, last),
        "MH": make_mh(next(streams), people),
        "PR": make_pr(next(streams), people, study, rule),
        "CM": make_cm(next(streams), people, events, last, study, rule),
    }
    reference = rows["DM"].assign(treatment_end=treatment_end(rows["DM"], rows["DS"]))
    arranged = {name: arrange(name, table, reference) for name, table in rows.items()}
    domains = {name: typed(table, name) for name, table in arranged.items()}
    return domains | {"SUPPAE": make_suppae(arranged["AE"])}
