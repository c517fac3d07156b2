import numpy as np
import pytest

from csrkit.stats.survival import at_risk, kaplan_meier, median_time

# The courses of tests/reference/statistics.R: days, and 1 for an event.
COURSES = {
    "mixed": ([5, 8, 8, 12, 30, 30], [1, 1, 0, 1, 0, 0]),
    "stretch": ([1, 1, 15, 18, 22, 198], [1, 1, 1, 1, 1, 0]),
    "all": ([29, 34, 120], [1, 1, 1]),
    "one": ([7], [1]),
    "few": ([18, 104, 150, 197, 197, 198], [1, 1, 0, 0, 0, 0]),
    "cohort": (
        [29, 34, 120, 197, 197, 197, 18, 15, 197, 22, 1, 1, 8, 196, 8, 8, 21, 8],
        [1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1],
    ),
}


def fitted(name):
    time, event = COURSES[name]
    return np.array(time, dtype="float64"), kaplan_meier(np.array(time), np.array(event) == 1, 0.95)


@pytest.mark.parametrize("name", COURSES)
def test_the_median_is_that_of_r(witness, name):
    found = median_time(fitted(name)[1])
    for value, quantity in zip(found, ("median", "median_low", "median_high"), strict=True):
        assert value == pytest.approx(witness[f"km {name}", quantity], nan_ok=True), quantity


@pytest.mark.parametrize("day", [7, 22])
@pytest.mark.parametrize("name", COURSES)
def test_shares_and_numbers_at_risk_are_those_of_r(witness, name, day):
    time, curve = fitted(name)
    share, low, high = curve.at(day)
    case = f"km {name} {day}"
    assert share == pytest.approx(witness[case, "share"], rel=1e-9)
    assert at_risk(time, day) == witness[case, "at_risk"]
    if share == 1:  # R gives 1 to 1 before the first event, which is no interval of anything
        assert np.isnan([low, high]).all()
    else:
        assert low == pytest.approx(witness[case, "low"], rel=1e-9, nan_ok=True)
        assert high == pytest.approx(witness[case, "high"], rel=1e-9, nan_ok=True)


def test_a_curve_that_ends_at_one_half_has_no_median():
    curve = kaplan_meier(np.array([3.0, 5, 20, 30]), np.array([True, True, False, False]), 0.95)
    assert np.isnan(median_time(curve)[0])
