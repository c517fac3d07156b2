"""An estimate whose method fails is not estimable, with the reason; a fault of the program is no reason."""

import numpy as np
import pytest

from csrkit.stats.estimation import NUMERICAL, SINGULAR, NotSettledError, attempt
from itpcsr.analysis.immune import associations
from itpcsr.sdtm import Trial
from itpsim.simulate import simulate
from tests.faults.chain import analyse


def _not_settled():
    raise NotSettledError("the fit did not settle")


@pytest.mark.parametrize(
    ("estimate", "reason"),
    [
        (_not_settled, "not estimable: the fit did not settle"),
        (lambda: np.linalg.inv(np.zeros((2, 2))), SINGULAR),
        (lambda: 1 / 0, NUMERICAL),
        (lambda: 10.0**400, NUMERICAL),
    ],
)
def test_a_numerical_failure_is_a_reason(estimate, reason):
    assert attempt(estimate) == (None, reason)


def test_a_fault_of_the_program_passes():
    with pytest.raises(KeyError):
        attempt(lambda: {}["absent"])
    with pytest.raises(ValueError, match="invalid literal"):
        attempt(lambda: int("x"))


def test_what_does_not_settle_takes_nothing_else_with_it(monkeypatch):
    monkeypatch.setattr(associations, "gain_left_out", lambda *_: _not_settled())
    found = associations.predict(
        np.array([1.0, 2, 3, 4, 5, 7, 6, 8]), np.array([0.0, 0, 1, 0, 1, 0, 1, 1]), 0.95
    )
    assert np.isnan(found["gain_left_out"])
    assert found["reason"] == "not estimable: the fit did not settle"
    assert np.isfinite([found["estimate"], found["ci_low of estimate"], found["p_value"], found["auc"]]).all()


@pytest.mark.parametrize(("seed", "subjects"), [(11, 6), (1025, 9)])
def test_small_trials_with_separated_markers_go_through(study, seed, subjects):
    trial = Trial(simulate(study, seed=seed, subjects=subjects))
    rows = analyse(trial, study, ["60-immune-mechanism"])
    own = rows[rows["display"] == "tbl-immune-predictors"]
    assert own["value"].notna().any()
    assert (own.loc[own["value"].isna(), "reason"] != "").all()
