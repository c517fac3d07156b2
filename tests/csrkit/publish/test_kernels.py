"""Kernels come from one process that has imported already, and yet share nothing."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from csrkit.errors import NotebookError
from csrkit.publish.kernels import CAN_FORK
from tests.csrkit.publish.notebook_jobs import make_job
from tests.csrkit.publish.notebook_jobs import run as run_jobs

SAY = """import json, os, pathlib, sys, itpcsr
seen = {"place": os.getcwd(), "marked": hasattr(itpcsr, "mark"), "seed": os.environ.get("PYTHONHASHSEED")}
seen |= {"imported": "pandas" in sys.modules, "runtime": os.environ["JUPYTER_RUNTIME_DIR"]}
itpcsr.mark = True
pathlib.Path(rows).write_text(json.dumps(seen))
pathlib.Path("trace").touch()"""


def run(folder, source):
    """Run a notebook of one cell; return what it wrote."""
    job = make_job(folder, "some", source)
    run_jobs(job)
    return json.loads((folder / job.parameters["rows"]).read_text())


@pytest.mark.skipif(not CAN_FORK, reason="this system has no forkserver")
def test_kernels_start_imported_and_share_nothing(tmp_path):
    seen = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        seen.append(run(tmp_path / name, SAY))
        assert (tmp_path / name / "trace").exists()
    assert [found["place"] for found in seen] == [str(tmp_path / "one"), str(tmp_path / "two")]
    assert [found["marked"] for found in seen] == [False, False]
    assert [found["imported"] for found in seen] == [True, True]
    assert [found["seed"] for found in seen] == ["0", "0"]
    assert seen[0]["runtime"] != seen[1]["runtime"]
    assert "JUPYTER_DEFAULT_PROVISIONER_NAME" not in os.environ


def test_all_that_is_imported_beforehand_is_there():
    """What can't be imported is passed over, so that a module that is gone or renamed would not be missed."""
    code = (
        "import sys; from itpcsr.publish import preloaded; print(set(preloaded._names()) - set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_a_kernel_that_dies_is_named(tmp_path):
    with pytest.raises(NotebookError, match=r"some\.ipynb: its kernel died"):
        run(tmp_path, "import os; os._exit(3)")


@pytest.mark.skipif(not CAN_FORK, reason="this system has no forkserver")
def test_a_kernel_ends_when_the_build_is_killed(tmp_path):
    """Killed outright, the build can't tell its kernels to stop: they have to notice."""
    code = (
        "import pathlib, sys; from tests.csrkit.publish.test_kernels import run\n"
        'run(pathlib.Path(sys.argv[1]), \'import os, pathlib, time; pathlib.Path("pid")'
        ".write_text(str(os.getpid())); time.sleep(600)')"
    )
    build = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.DEVNULL)
    pid = tmp_path / "pid"
    wait_until(lambda: pid.exists() and pid.read_text() != "")
    build.kill()
    build.wait()
    wait_until(lambda: not Path(f"/proc/{pid.read_text()}").exists())


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)
