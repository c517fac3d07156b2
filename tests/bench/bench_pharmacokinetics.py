"""Time and memory of the non-compartmental analysis: `make limits` fails where a limit is passed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench.parts import POINTS, PROFILES

ROOT = Path(__file__).resolve().parents[2]
# A process of its own, so that its peak memory is its own; the shortest of three runs is the one least
# disturbed by other work of the machine.
_RUN = """
import resource, time
from tests.bench.parts import analyse_profiles, make_profiles
samples, doses = make_profiles()
runs = []
for _ in range(3):
    start = time.perf_counter()
    rows = analyse_profiles(samples, doses)
    runs.append(time.perf_counter() - start)
print(min(runs), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, len(rows), rows["subject"].nunique())
"""


def test_many_profiles_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", _RUN], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, peak, rows, subjects = map(float, done.stdout.split())
    print(f"\n  {PROFILES} profiles of {POINTS} points, {rows:.0f} values: {seconds:.2f} s, {peak:.2f} GB")
    assert subjects == PROFILES
    assert seconds < 2
    assert peak < 1
