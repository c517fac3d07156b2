"""Any simulated trial with random gaps gives findings or goes through the whole chain; nothing else happens."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csrkit.errors import DataError
from itpcsr.sdtm import Trial, keep_reported
from itpcsr.sdtm.checks import COLUMNS, SEVERITIES, check_trial, raise_errors
from itpcsr.study import Study
from itpsim.simulate import simulate
from tests.faults.chain import NAMES as NOTEBOOKS
from tests.faults.chain import analyse

NAMES = (
    "DM", "EX", "AE", "SUPPAE", "LB", "VS", "DS", "MH", "CM", "PR",
    "MB", "PC", "IS", "CP", "RS", "SV", "DV", "TA", "TS",
)  # fmt: skip
SIZES = (0, 1, 3, 8, 30)
Gap = tuple[str, str, float]


@st.composite
def gaps(draw: st.DrawFn) -> list[Gap]:
    """Draw gaps: a domain, what becomes of it, and where (a share of its records or variables)."""
    kinds = st.sampled_from(["domain", "variable", "rows", "values", "records"])
    return draw(st.lists(st.tuples(st.sampled_from(NAMES), kinds, st.floats(0, 1)), max_size=4))


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


def _hold(whole: dict[str, pd.DataFrame], study: Study, opened: list[Gap], notebook: str) -> None:
    domains = dict(whole)
    for gap in opened:
        _open_gap(domains, *gap)
    trial = Trial(domains)
    found = check_trial(trial, study)
    assert list(found.columns) == COLUMNS
    assert set(found["severity"]) <= set(SEVERITIES)
    try:
        raise_errors(found)
        rows = analyse(keep_reported(trial, study), study, [notebook])
    except DataError:
        return
    assert (rows["value"].notna() | (rows["reason"] != "")).all()


@pytest.mark.build
@pytest.mark.examples(5)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
def test_random_gaps_give_findings_or_a_report(short_study, drawing):
    simulated = cache(lambda subjects: simulate(short_study, seed=1, subjects=subjects))

    @drawing
    @given(subjects=st.sampled_from(SIZES), opened=gaps(), notebook=st.sampled_from(NOTEBOOKS))
    def hold(subjects: int, opened: list[Gap], notebook: str) -> None:
        _hold(simulated(subjects), short_study, opened, notebook)

    hold()
