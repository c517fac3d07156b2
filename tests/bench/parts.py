"""The parts of the pipeline that are measured alone, with inputs that are the same each time.

As a program (``python parts.py PART FOLDER``) it prints the seconds of a part's first and second call as JSON. It
imports nothing but the project, so that one file measures whichever ``itpcsr`` stands on the path.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from itpcsr.analysis.dose.designs import Plan
from itpcsr.analysis.dose.simulate import Truth, simulate
from itpcsr.sdtm import load_trial
from itpcsr.study import Study, read_study

try:
    from csrkit.dosefinding.intervals import boin
    from csrkit.dosefinding.rule import Rule, futility_bounds
    from csrkit.nca import nca
    from csrkit.stats.groups import assign_groups
    from itpcsr.adam.datasets import derive
    from itpcsr.analysis.safety import count_by_term
except ModuleNotFoundError:  # the plain project has them here
    from itpcsr.analysis.dose.futility import futility_bounds
    from itpcsr.analysis.dose.intervals import boin
    from itpcsr.analysis.dose.rule import Rule
    from itpcsr.nca import nca

    from itpcsr.adam import derive
    from itpcsr.analysis.safety import analyse_ae_by_term

    count_by_term = None

STUDY = Path("params/study.yml")  # from the root of the project that is measured
EVENTS, SUBJECTS, CLASSES, TERMS = 1_000_000, 20_000, 26, 800
PROFILES, POINTS = 10_000, 12
TRIALS, LEVELS, MOST = 100_000, 5, 30
TRUTH = Truth((0.05, 0.1, 0.2, 0.3, 0.5), (0.1, 0.2, 0.3, 0.4, 0.5), 0.3, 60.0, 28)

Call = Callable[[], object]


def split_arms(whole: Study) -> Study:
    """Return the study with its four arms as the only columns."""
    columns = [column for column in whole.design.columns if len(column.arms) == 1]
    return whole.model_copy(update={"design": whole.design.model_copy(update={"columns": columns})})


def make_events(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ADSL and ADAE of a large trial, with as much of them as counting needs."""
    rng = np.random.default_rng(1)
    names = pd.Series([f"SIM-{number:06}" for number in range(SUBJECTS)], dtype="str")
    arms = rng.choice([arm.code for arm in study.design.arms], SUBJECTS)
    adsl = pd.DataFrame({"USUBJID": names, "ARMCD": arms, "SAFARMCD": arms, "SAFFL": "Y"})
    term = rng.integers(0, TERMS, EVENTS)
    adae = pd.DataFrame(
        {
            "USUBJID": names.to_numpy()[rng.integers(0, SUBJECTS, EVENTS)],
            "AEBODSYS": np.array([f"Class {number}" for number in range(CLASSES)])[term % CLASSES],
            "AEDECOD": np.array([f"Term {number}" for number in range(TERMS)])[term],
            "TRTEMFL": "Y",
        }
    ).astype("str")
    return adsl, adae


def count_events(adsl: pd.DataFrame, adae: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the counts of events by class and term."""
    if count_by_term is None:
        return analyse_ae_by_term(adsl, adae, study)
    return count_by_term(adae, assign_groups(adsl, study.design.columns, "SAFFL"))


def make_profiles() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return samples and doses of many subjects after an extravascular dose."""
    rng = np.random.default_rng(1)
    hours = np.array([0, 0.25, 0.5, 1, 2, 4, 6, 8, 12, 16, 24, 36])
    fast, slow = rng.uniform(0.5, 3, (PROFILES, 1)), rng.uniform(0.05, 0.3, (PROFILES, 1))
    values = 10 * (np.exp(-slow * hours) - np.exp(-fast * hours)) * rng.lognormal(0, 0.1, (PROFILES, POINTS))
    names = [f"S{number:05}" for number in range(PROFILES)]
    samples = pd.DataFrame(
        {
            "subject": np.repeat(names, POINTS),
            "time": np.tile(hours, PROFILES),
            "concentration": values.ravel(),
        }
    )
    return samples, pd.DataFrame({"subject": names, "time": 0.0, "dose": 100.0})


def analyse_profiles(samples: pd.DataFrame, doses: pd.DataFrame) -> pd.DataFrame:
    """Return the non-compartmental analysis of ``make_profiles``."""
    return nca(samples, doses, route="extravascular", method="linear-up log-down", lloq=0.3)


def make_plan(rule: Rule) -> Plan:
    """Return a dose escalation by a rule, with a futility bound."""
    return Plan(rule, LEVELS, 3, MOST, 6, 3, futility_bounds("bayesian", 0.3, 0.1, MOST + 6))


def _reading(folder: Path) -> Call:
    study = read_study(STUDY)
    return lambda: load_trial([folder], study)


def _derivation(folder: Path) -> Call:
    study = read_study(STUDY)
    trial = load_trial([folder], study)
    return lambda: derive(trial, study)


def _ae_tables(_: Path) -> Call:
    study = split_arms(read_study(STUDY))
    adsl, adae = make_events(study)
    return lambda: count_events(adsl, adae, study)


def _nca(_: Path) -> Call:
    samples, doses = make_profiles()
    return lambda: analyse_profiles(samples, doses)


def _designs(_: Path) -> Call:
    plan = make_plan(boin(0.3, MOST + 6))
    return lambda: simulate(plan, TRUTH, TRIALS, 1)


# What a part does beside its name is in the page; each takes the folder of a trial and returns the call to measure.
PARTS: dict[str, Callable[[Path], Call]] = {
    "data-reading": _reading,
    "derivation": _derivation,
    "ae-tables": _ae_tables,
    "nca": _nca,
    "design-simulation": _designs,
}


def time_twice(call: Call) -> dict[str, float]:
    """Return the seconds of the first call, which may import and compile, and of the second."""
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return dict(zip(("first", "second"), seconds, strict=True))


if __name__ == "__main__":
    print(json.dumps(time_twice(PARTS[sys.argv[1]](Path(sys.argv[2])))))
