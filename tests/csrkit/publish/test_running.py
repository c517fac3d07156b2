"""Notebooks run together: the same bytes as one by one, and every one that fails is named."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from csrkit.errors import NotebookError, PublishError
from csrkit.publish import running
from csrkit.publish.progress import in_seconds
from csrkit.publish.running import FILE, Crew, LastRun, Taken
from itpcsr.study import Limits
from tests.csrkit.publish.notebook_jobs import WRITE, make_job, run

SHOWS = """from IPython.display import HTML, display
print("begins")
display(HTML("<b>" + "x" * 1000 + "</b>"))
{name!r}, list({{"a", "b", "c", "d"}})"""


def made(folder: Path) -> dict[str, bytes]:
    """Return what a run made, without its times."""
    files = [path for path in (folder / "work").rglob("*") if path.is_file() and path.name != FILE]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def five(folder):
    names = [f"{number}0-some" for number in range(1, 6)]
    return [make_job(folder, name, SHOWS.format(name=name), WRITE) for name in names]


def test_together_and_one_by_one_make_the_same_bytes(tmp_path, capfd):
    found = []
    for number, name in ((1, "alone"), (3, "together")):
        assert run(*five(tmp_path / name), crew=Crew(number)) == []
        found.append(made(tmp_path / name))
        ended = [line.split()[0] for line in capfd.readouterr().err.splitlines() if "0-some" in line]
        assert ended == [f"{number}0-some" for number in range(1, 6)]  # whatever ended first
    assert found[0] == found[1]
    assert len(found[0]) == 20
    assert "papermill" not in json.dumps(json.loads(found[0]["work/notebooks/10-some.ipynb"])["metadata"])
    times = json.loads((tmp_path / "together/work" / FILE).read_text())
    assert all(taken["seconds"] > 0 and taken["memory"] > 1 << 20 for taken in times.values())
    # and then all are up to date, said in the report's order
    assert run(*five(tmp_path / "together")) == [f"{number}0-some is up to date" for number in range(1, 6)]


def test_every_notebook_that_fails_is_named_and_the_others_are_kept(tmp_path):
    jobs = [
        make_job(tmp_path, "10-first", "raise ValueError('nothing adds up')"),
        make_job(tmp_path, "20-good", WRITE),
        make_job(tmp_path, "30-dies", "1", "import os; os._exit(3)"),
        make_job(tmp_path, "50-reads", WRITE, after=("10-first", "20-good")),
    ]
    with pytest.raises(NotebookError) as error:
        run(*jobs, crew=Crew(2))
    text = str(error.value)
    assert text.startswith(
        "2 notebooks failed.\nnotebooks/10-first.ipynb: cell 3 raised ValueError: nothing adds up"
    )
    for part in (
        "The executed copy is kept in work/failed/10-first.ipynb.",
        "notebooks/30-dies.ipynb: its kernel died in cell 4",
        "50-reads did not run: it reads what 10-first writes.",
    ):
        assert part in text
    assert "nothing adds up" in (tmp_path / "work/failed/10-first.ipynb").read_text()
    assert [path.stem for path in (tmp_path / "work/notebooks").glob("*.ipynb")] == ["20-good"]
    assert not list(tmp_path.rglob(".partial*"))
    with pytest.raises(NotebookError, match=r"(?s)2 notebooks failed"):
        run(*jobs)
    assert run(jobs[1]) == ["20-good is up to date"]


def test_a_notebook_that_reads_rows_runs_after_them_and_again_when_they_change(tmp_path):
    def jobs(number):
        write = "import pathlib, time; time.sleep(0.3)\npathlib.Path(rows).write_text({!r})"
        read = "import pathlib\npathlib.Path(rows).write_text(pathlib.Path('work/rows/10-some').read_text())"
        reads = {"rows 10-some": Path("work/rows/10-some")}
        return [
            make_job(tmp_path, "10-some", write.format(number)),
            make_job(tmp_path, "80-tests", read, after=("10-some", "05-run-before"), reads=reads),
        ]

    assert run(*jobs("1")) == []
    assert (tmp_path / "work/rows/80-tests").read_text() == "1"
    assert run(*jobs("1")) == ["10-some is up to date", "80-tests is up to date"]
    assert run(*jobs("2")) == []
    assert (tmp_path / "work/rows/80-tests").read_text() == "2"
    again = jobs("2")
    (tmp_path / "work/results/10-some/results.parquet").unlink()  # lost rows are made again, and are the same
    assert run(*again) == ["80-tests is up to date"]


@pytest.mark.parametrize(
    ("limits", "cell", "message"),
    [
        (
            {"cell_seconds": 3},
            "import time; time.sleep(60)",
            r"slow\.ipynb: cell 3 didn't end within the limit `cell_seconds` of 3 seconds. Raise it in the "
            r"report's parameters: `running: {cell_seconds: 6}`",
        ),
        (
            {"output_seconds": 3},
            # the cell has ended, and what it printed is held back; it waits for that no ten seconds a stream
            "import sys, time\nsys.stdout.flush_timeout = sys.stderr.flush_timeout = 0.1\nget_ipython().kernel.iopub_thread.schedule(lambda: time.sleep(60))\ntime.sleep(0.3)",
            r"slow\.ipynb: the output of cell 3 didn't arrive within the limit `output_seconds` of 3 seconds",
        ),
    ],
)
def test_a_limit_that_is_exceeded_is_named_with_how_to_raise_it(tmp_path, limits, cell, message):
    job = make_job(tmp_path, "slow", cell, limits=Limits(**limits))
    start = time.monotonic()
    with pytest.raises(NotebookError, match=message):
        run(job)
    assert time.monotonic() - start < 50
    assert (tmp_path / "work/failed/slow.ipynb").exists()


def test_a_kernel_that_does_not_start_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("csrkit.publish.kernels.CAN_FORK", False)  # a fresh Python needs more than a second
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(30)", encoding="utf-8")
    job = make_job(
        tmp_path, "slow", WRITE, limits=Limits(start_seconds=1), environment={"PYTHONPATH": str(tmp_path)}
    )
    with pytest.raises(
        NotebookError, match=r"slow\.ipynb: its kernel didn't start within the limit `start_seconds`"
    ):
        run(job)


def test_an_input_that_changes_stops_all(tmp_path):
    def refuse():
        raise PublishError("changed")

    jobs = [
        make_job(tmp_path, "10-quick", WRITE),
        make_job(tmp_path, "20-slow", "import time; time.sleep(600)"),
    ]
    with pytest.raises(PublishError, match="changed"):
        run(*jobs, crew=Crew(2), refuse_changes=refuse)
    assert run(jobs[0]) == []  # its copy wasn't kept as that of the inputs


def test_the_longest_starts_first_and_memory_bounds_how_many(tmp_path):
    hands = SimpleNamespace(limit=8, memory=2_500)
    last = LastRun(tmp_path / "work" / FILE)
    jobs = [make_job(tmp_path, name, WRITE) for name in ("quick", "slow", "unknown")]
    for name, seconds in (("quick", 1.0), ("slow", 9.0)):
        last.record(name, Taken(seconds, 1_000))
    assert LastRun(tmp_path / "work" / FILE).seconds("slow") == 9.0
    round_ = running._Round(jobs, last, lambda: None, print, print, hands, None)
    assert list(round_._waiting) == ["unknown", "slow", "quick"]
    attempts = {job.name: running.Attempt(job) for job in jobs}
    assert round_._has_room(attempts["unknown"])  # one runs always
    round_._at_work = {object(): attempts["slow"]}
    assert round_._has_room(attempts["quick"])
    assert not round_._has_room(attempts["unknown"])


def test_a_report_bounds_the_memory_of_what_runs_at_once(tmp_path):
    def memory_of(*limits):
        jobs = [make_job(tmp_path, f"a{place}", WRITE, limits=one) for place, one in enumerate(limits)]
        with running._hands(jobs, Crew(2), print) as hands:
            return hands.memory

    assert memory_of(Limits()) > 2**29
    assert memory_of(Limits(memory_gb=1.25)) == 2**29  # beside what is no notebook
    assert memory_of(Limits(memory_gb=10_000)) > 2**29


def test_a_notebook_that_never_ran_may_need_what_the_data_say(tmp_path):
    last = LastRun(tmp_path / FILE, usual_memory=5)
    last.record("known", Taken(1.0, 3))
    last.record("untold", Taken(1.0, 0))
    assert [last.memory(name) for name in ("new", "known", "untold")] == [5, 3, 5]


def test_times_that_cannot_be_read_tell_nothing(tmp_path):
    for text in ("", "[]", '{"a": 1}', '{"a": {"seconds": "x", "memory": 1}}'):
        (tmp_path / FILE).write_text(text)
        assert LastRun(tmp_path / FILE).seconds("a") == float("inf")


def test_seconds_have_one_decimal():
    assert [in_seconds(value) for value in (0.04, 7.25, 61.96)] == ["0.0 s", "7.2 s", "62.0 s"]


CODE = """import signal, sys
from pathlib import Path
import typer
from csrkit.terminal import errors_without_traceback
from tests.csrkit.publish.notebook_jobs import make_job, run
from csrkit.publish.running import Crew
cell = "import os, pathlib, time; pathlib.Path(rows + '.pid').write_text(str(os.getpid())); time.sleep(600)"
jobs = [make_job(Path(sys.argv[1]), name, cell) for name in ("one", "two")]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
try:
    with errors_without_traceback():
        run(*jobs, crew=Crew(2))
except typer.Exit as end:
    sys.exit(end.exit_code)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_build_ends_no_kernel_stays_and_nothing_half_made(tmp_path, number):
    build = subprocess.Popen(
        [sys.executable, "-c", CODE, str(tmp_path)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    pids = [tmp_path / f"work/rows/{name}.pid" for name in ("one", "two")]
    wait_until(lambda: all(path.exists() and path.read_text() for path in pids))
    build.send_signal(number)
    _, said = build.communicate(timeout=300)
    assert build.returncode != 0
    assert "Traceback" not in said
    wait_until(lambda: processes_of(tmp_path, build.pid, pids) == [])
    assert not list((tmp_path / "work").rglob("*.ipynb"))
    assert not list(tmp_path.rglob(".partial*"))


def processes_of(folder, session, pids):
    """Return kernels, and what else is left of the build's session (the process that kernels are forked from)."""
    left = [path.read_text() for path in pids if Path("/proc", path.read_text()).exists()]
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of = place.joinpath("stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(of) == session and state != "Z" and int(place.name) != os.getpid():
            left.append(place.name)
    return left


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)
