import numpy as np
import pytest

from csrkit.stats.proportions import poisson_interval


def test_intervals_are_those_of_r(witness):
    cases = sorted({case for case, _ in witness if case.startswith("poisson")})
    assert len(cases) == 12
    for case in cases:
        _, fraction, level = case.split()
        events, time = map(float, fraction.split("/"))
        low, high = poisson_interval(events, time, float(level))
        assert low == pytest.approx(witness[case, "low"], rel=1e-10, abs=1e-12)
        assert high == pytest.approx(witness[case, "high"], rel=1e-10)


@pytest.mark.parametrize("time", [0.0, np.nan])
def test_no_time_at_risk_has_no_interval(time):
    low, high = poisson_interval([0, 2], [time, time])
    assert np.isnan(low).all()
    assert np.isnan(high).all()


@pytest.mark.parametrize("level", [95, 1.0, 0.0])
def test_a_level_is_a_share(level):
    with pytest.raises(ValueError, match="share between 0 and 1"):
        poisson_interval(1, 3, level)
