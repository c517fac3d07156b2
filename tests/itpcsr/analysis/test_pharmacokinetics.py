"""Summaries and the power model against R, and with few values."""

import numpy as np
import pandas as pd
import pytest

from csrkit.stats.groups import summarize, summarize_geometric
from itpcsr.analysis.pharmacokinetics import fit_power

DOSES = [0.5, 0.5, 1, 1, 1, 2, 2, 2, 2, 2]
VALUES = np.array([1173, 645, 340, 121, 599, 198, 2298, 624, 819, 2789], dtype="float64")


def describe(values):
    """Return statistic to value of one group of subjects."""
    names = [str(number) for number in range(len(values))]
    members = pd.DataFrame({"USUBJID": names, "group": pd.Categorical(["all"] * len(values), ["all"])})
    records = pd.DataFrame({"USUBJID": names, "AVAL": values})
    rows = pd.concat([make(records, members, "AVAL") for make in (summarize, summarize_geometric)])
    assert (rows["value"].notna() | (rows["reason"] != "")).all()
    return dict(zip(rows["statistic"], rows["value"], strict=True))


@pytest.fixture(scope="module")
def computed(root):
    table = pd.read_csv(root / "tests/reference/pharmacokinetics.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}


@pytest.mark.parametrize("level", [0.90, 0.95])
def test_the_power_model_is_that_of_r(computed, level):
    model = fit_power([*DOSES, 0, np.nan], [*VALUES, 5, 5], level)
    assert (model.n, model.doses) == (10, 3)
    for name in ("slope", "low", "high"):
        assert getattr(model, name) == pytest.approx(computed[(f"power {level:.2f}", name)], rel=1e-10)


@pytest.mark.parametrize("name", ["geometric_mean", "gcv", "mean", "sd", "median"])
def test_summaries_are_those_of_r(computed, name):
    assert describe(VALUES)[name] == pytest.approx(computed[("cmax", name)], rel=1e-11)


@pytest.mark.parametrize(
    ("doses", "reason"),
    [([], "fewer than 3"), ([1, 2], "fewer than 3"), ([2, 2, 2], "one dose")],
)
def test_a_slope_needs_values_and_doses(doses, reason):
    model = fit_power(doses, VALUES[: len(doses)], 0.95)
    assert np.isnan([model.slope, model.low, model.high]).all()
    assert reason in model.reason


@pytest.mark.parametrize("size", [0, 1, 2])
def test_few_values_have_no_spread(size):
    found = describe(VALUES[:size])
    assert found["n"] == size
    assert np.isnan([found["sd"], found["gcv"]]).all()
    assert np.isnan(found["median"]) == (size == 0)


def test_a_value_of_zero_has_no_geometric_mean():
    found = describe(np.array([0.0, 2, 4]))
    assert np.isnan([found["geometric_mean"], found["gcv"]]).all()
    assert found["mean"] == 2
