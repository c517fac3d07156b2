"""A trial small enough to go through the whole chain a hundred times."""

from __future__ import annotations

import pandas as pd
import pytest

from csrkit.small_texts import own_texts
from itpcsr.sdtm import Trial, keep_reported
from itpcsr.study import Study, read_study

WEEKS = [1, 2, 4, 28]


@pytest.fixture(scope="session")
def short_study(root) -> Study:
    """Return the study with one cohort and few visits in the tables."""
    return read_study(root / "params/study.yml", cohorts=["ESC10"], platelet_weeks=WEEKS, immune_weeks=WEEKS)


@pytest.fixture(scope="session")
def simulated(demo_trial) -> dict[str, pd.DataFrame]:
    """Return the domains of the simulated trial, held as they are while they are checked."""
    with own_texts(demo_trial.domains) as domains:
        return domains


@pytest.fixture(scope="session")
def cohort(demo_trial, short_study) -> Trial:
    """Return one cohort of the simulated trial, and those who failed screening."""
    return keep_reported(demo_trial, short_study)
