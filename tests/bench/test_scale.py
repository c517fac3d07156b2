"""That what ``bench_scale.py`` measures still runs: it isn't among the tests itself."""

import pytest

from tests.bench.bench_scale import apart


@pytest.mark.slow
def test_a_notebook_with_a_long_listing_is_measured(root, tmp_path):
    name = "28-significant-events"
    seconds, memory = apart("run", name, str(root / "data/simulated"), str(tmp_path))[name]
    assert seconds > 0
    assert 0 < memory < 4
