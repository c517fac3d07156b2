"""Time and memory of trial data: `make limits` prints what it measures and fails where a limit is passed.

Each measurement runs the command line in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT.parent / "shared/data/cdiscpilot01"
SUBJECTS = 10_000
_RUN = "import resource, sys; from itpcsr.cli import app; app(sys.argv[1:], standalone_mode=False)"
_PEAK = "; print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def measure(*arguments: str) -> tuple[float, float]:
    """Return seconds and peak memory (GB) of one command."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _RUN + _PEAK, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    peak = int(done.stdout.rsplit("peak ", 1)[1]) / 1024**2
    print(f"\n  itpcsr {' '.join(arguments)}: {seconds:.1f} s, {peak:.2f} GB")
    return seconds, peak


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float, float]:
    folder = tmp_path_factory.mktemp("many")
    arguments = ("simulate", str(folder), "--subjects", str(SUBJECTS), "--seed", "1", "--format", "parquet")
    return folder, *measure(*arguments)


def test_simulating_many_subjects(many: tuple[Path, float, float]) -> None:
    _, seconds, peak = many
    assert seconds < 60
    assert peak < 4


def test_checking_many_subjects(many: tuple[Path, float, float]) -> None:
    seconds, peak = measure("check", str(many[0]))
    assert seconds < 60
    assert peak < 4


@pytest.mark.skipif(not PILOT.is_dir(), reason="the CDISC pilot study isn't beside the repository")
def test_checking_the_pilot_study() -> None:
    full = [str(PILOT / "sdtm_converted" / name) for name in ("lb_full.csv.gz", "vs_full.csv.gz")]
    study = ("--study", "params/cdiscpilot01-study.yml")
    seconds, _ = measure("check", str(PILOT / "sdtm"), *full, *study)
    assert seconds < 10
