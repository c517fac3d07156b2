"""A whole build that is killed at any moment leaves the published version whole, and the next one works."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from csrkit.rows import read_rows
from csrkit.versions.verify import verify
from tests import tiny
from tests.built import start_itpcsr

# one format is published as all are
BUILD = ("build", "params/tiny.yml", "--engine", "embedded", "--to", "html")
pytestmark = pytest.mark.build


def kill_a_build(folder, seconds):
    """Start a build, kill it with all that it started after so many seconds, and return whether it still ran."""
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "itpcsr"), *BUILD],
        cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def number_of(version):
    (value,) = read_rows(version)["value"]
    return value


@pytest.mark.examples(2)
def test_killed_at_random_moments(make_derived, tmp_path, drawing):
    moments = drawing.max_examples
    folder = make_derived(tmp_path / "project")
    version = folder / "output/tiny-1.0.0"
    start = time.perf_counter()
    first = start_itpcsr(folder, *BUILD)
    duration = time.perf_counter() - start
    assert first.returncode == 0, first.stderr
    draw = random.Random(20191128)
    killed, known = 0, {0}
    for number in range(1, moments + 1):
        tiny.set_number(folder, number)
        killed += kill_a_build(folder, draw.uniform(0.2, 1.0) * duration)
        known.add(number)
        # what stands there is one complete version: the one before, or the one that had just been published
        assert verify(version) == []
        assert number_of(version) in known
        known = {number_of(version)}
    assert killed > 0  # the test did end a build at work
    last = start_itpcsr(folder, *BUILD)
    assert last.returncode == 0, last.stderr
    assert verify(version) == []
    assert number_of(version) == moments
    assert [path.name for path in version.parent.rglob(".*") if path.suffix in (".new", ".old")] == []
    assert not list((folder / "work/tiny/notebooks").glob(".partial*"))
