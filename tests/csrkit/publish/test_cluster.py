"""Notebooks on a Dask cluster over TCP: the same bytes as here, also when a worker dies in the middle."""

from pathlib import Path

import pytest

from csrkit.errors import NotebookError, ParameterError, PublishError
from csrkit.publish import cluster
from csrkit.publish.cluster import Home, connect
from csrkit.publish.running import Crew
from tests.csrkit.publish.notebook_jobs import WRITE, make_job, run
from tests.csrkit.publish.test_running import five, made, wait_until


@pytest.fixture(scope="module")
def workers():
    """Give a cluster of two workers, each a process of its own."""
    from tests.csrkit.publish.clusters import local_cluster

    with local_cluster(processes=True) as found:
        yield Crew(scheduler=found.scheduler_address)


def test_a_cluster_makes_the_same_bytes(tmp_path, workers):
    run(*five(tmp_path / "here"), crew=Crew(1))
    run(*five(tmp_path / "there"), crew=workers)
    assert made(tmp_path / "there") == made(tmp_path / "here")


def test_a_notebook_whose_worker_is_killed_runs_on_another(tmp_path, workers):
    kill = (
        "import os, pathlib, signal, time\nif not pathlib.Path(rows + '.once').exists():\n"
        "    pathlib.Path(rows + '.once').touch()\n    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(600)"
    )
    job = make_job(tmp_path, "10-killed", kill, WRITE)
    run(job, crew=workers)
    assert (tmp_path / "work/rows/10-killed.once").exists()
    assert (tmp_path / "work/rows/10-killed").read_text() == "2"
    assert run(job) == ["10-killed is up to date"]


def test_what_fails_there_is_said_as_here(tmp_path, workers):
    with pytest.raises(
        NotebookError, match=r"^notebooks/10-first\.ipynb: cell 3 raised ValueError: nothing adds up"
    ):
        run(make_job(tmp_path, "10-first", "raise ValueError('nothing adds up')"), crew=workers)
    assert (tmp_path / "work/failed/10-first.ipynb").exists()


def test_a_kernel_there_ends_when_the_asker_stops(tmp_path, workers):
    def refuse():
        wait_until(lambda: pid.exists() and pid.read_text() != "")
        raise PublishError("changed")

    pid = tmp_path / "work/rows/20-slow.pid"
    slow = (
        "import os, pathlib, time; pathlib.Path(rows + '.pid').write_text(str(os.getpid())); time.sleep(600)"
    )
    with pytest.raises(PublishError, match="changed"):
        run(
            make_job(tmp_path, "10-quick", WRITE),
            make_job(tmp_path, "20-slow", slow),
            crew=workers,
            refuse_changes=refuse,
        )
    wait_until(lambda: not Path("/proc", pid.read_text()).exists())


def test_a_worker_with_another_program_is_refused(tmp_path, workers, monkeypatch):
    monkeypatch.setattr(cluster, "_program", lambda root: ("other", "other"))
    with pytest.raises(
        ParameterError, match="has other files of the package itpcsr and other Python or packages"
    ):
        run(make_job(tmp_path, "10-some", WRITE), crew=workers)
    assert not list(tmp_path.rglob(".shared-*"))


def test_a_worker_that_does_not_share_the_folder_is_refused(tmp_path, workers):
    home = Home(tmp_path / "nowhere", Path("work/.shared"), "", "")
    with (
        connect(workers.scheduler) as client,
        pytest.raises(ParameterError, match=r"doesn't share the folder .*nowhere"),
    ):
        client.submit(cluster._find_project, home, pure=False).result()


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE", "0.2s")
    with (
        pytest.raises(ParameterError, match="No Dask scheduler answers at tcp://127"),
        connect("tcp://127.0.0.1:9"),
    ):
        pass
