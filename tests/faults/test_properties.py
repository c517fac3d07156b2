"""Any simulated trial with random gaps gives findings or goes through the whole chain; nothing else happens."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from itpcsr.errors import DataError
from itpcsr.sdtm import Trial, keep_reported
from itpcsr.sdtm.checks import COLUMNS, SEVERITIES, check_trial, raise_errors
from itpcsr.sdtm.simulate import simulate
from itpcsr.study import Study
from tests.faults.chain import NAMES as NOTEBOOKS
from tests.faults.chain import analyse

NAMES = (
    "DM", "EX", "AE", "SUPPAE", "LB", "VS", "DS", "MH", "CM", "PR",
    "MB", "PC", "IS", "CP", "RS", "SV", "DV", "TA", "TS",
)  # fmt: skip
SIZES = (0, 1, 3, 8, 30)


@st.composite
def gaps(draw: st.DrawFn) -> list[tuple[str, str, float]]:
    """Draw gaps: a domain, what becomes of it, and where (a share of its records or variables)."""
    kinds = st.sampled_from(["domain", "variable", "rows", "values", "records"])
    return draw(st.lists(st.tuples(st.sampled_from(NAMES), kinds, st.floats(0, 1)), max_size=4))


@cache
def _simulated(study_key: str, subjects: int) -> dict[str, pd.DataFrame]:
    return simulate(_STUDIES[study_key], seed=1, subjects=subjects)


_STUDIES: dict[str, Study] = {}


def _open_gap(domains: dict[str, pd.DataFrame], name: str, kind: str, share: float) -> None:
    frame = domains.get(name)
    if frame is None:
        return
    variable = frame.columns[int(share * (len(frame.columns) - 1))]
    number = int(share * len(frame))
    if kind == "domain":
        del domains[name]
    elif kind == "variable":
        domains[name] = frame.drop(columns=variable)
    elif kind == "rows":
        domains[name] = frame.iloc[number:]
    elif kind == "records":
        domains[name] = frame.head(0)
    else:
        missing = "" if frame[variable].dtype == "str" else float("nan")
        blanked = frame[variable].where(pd.Series(range(len(frame)), index=frame.index) % 3 != 0, missing)
        domains[name] = frame.assign(**{variable: blanked})


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.explicit, Phase.generate],  # a case takes seconds, so that making it smaller takes minutes
)
@given(subjects=st.sampled_from(SIZES), opened=gaps(), notebook=st.sampled_from(NOTEBOOKS))
def _holds(subjects: int, opened: list[tuple[str, str, float]], notebook: str) -> None:
    domains = dict(_simulated("short", subjects))
    for gap in opened:
        _open_gap(domains, *gap)
    trial, study = Trial(domains), _STUDIES["short"]
    found = check_trial(trial, study)
    assert list(found.columns) == COLUMNS
    assert set(found["severity"]) <= set(SEVERITIES)
    try:
        raise_errors(found)
        rows = analyse(keep_reported(trial, study), study, [notebook])
    except DataError:
        return
    assert (rows["value"].notna() | (rows["reason"] != "")).all()


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
def test_random_gaps_give_findings_or_a_report(short_study):
    _STUDIES["short"] = short_study
    _holds()
