"""Temporary files of a process that was killed are gone after the next one; those of a living one stay."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from csrkit.publish import temporaries

# Makes temporary files as the libraries do, says where, and waits to be killed or told to go.
OWNER = """
import sys, tempfile
from csrkit.publish.temporaries import keep_temporaries_together
keep_temporaries_together()
tempfile.mkdtemp(prefix="pymp-")
tempfile.mkstemp(suffix=".json")
print(tempfile.gettempdir(), flush=True)
sys.stdin.readline()
"""


def start(place):
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(place), "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    return process, Path(process.stdout.readline().strip())


def end(process):
    process.communicate("\n")


@pytest.fixture
def place():
    """A folder with a short path: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        yield Path(folder)


def test_a_killed_owner_is_swept_and_a_living_one_is_not(place):
    killed, of_killed = start(place)
    living, of_living = start(place)
    assert len(list(of_killed.iterdir())) == 3
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert of_killed.exists()
    later, of_later = start(place)
    assert not of_killed.exists()
    assert len(list(of_living.iterdir())) == 3
    end(later)
    end(living)
    assert not of_later.exists()
    assert list(place.iterdir()) == []


def test_folders_of_others_stay(place):
    for name, inside in (("itpcsr-mine", "thesis.txt"), ("other", "owner.lock")):
        (place / name).mkdir()
        (place / name / inside).write_text("", encoding="utf-8")
    outside = place / "other/owner.lock"
    (place / "itpcsr-link").symlink_to(place / "other")
    (place / "itpcsr-linked").mkdir()
    (place / "itpcsr-linked/owner.lock").symlink_to(outside)
    (place / "itpcsr-pipe").mkdir()
    os.mkfifo(place / "itpcsr-pipe/owner")
    process, _ = start(place)
    end(process)
    assert sorted(path.name for path in place.iterdir()) == [
        "itpcsr-link", "itpcsr-linked", "itpcsr-mine", "itpcsr-pipe", "other",
    ]  # fmt: skip
    assert outside.exists()


def test_a_long_path_gives_way_to_one_that_sockets_can_have(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("x" * 40)))
    assert temporaries.short_place() == Path("/tmp")
