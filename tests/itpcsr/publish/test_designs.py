"""Simulated designs by processes, on a Dask cluster, and from the command line: always the same numbers."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from csrkit.errors import ParameterError
from itpcsr.cli import app
from itpcsr.publish.designs import simulate_designs

TRIALS = 25_000  # three blocks


@pytest.fixture(scope="module")
def alone(study, root):
    return simulate_designs(study, root / "params/scenarios.yml", TRIALS, 5, ["3+3"], workers=1)[:2]


def test_two_processes_give_the_same_numbers(study, root, alone):
    *found, scenarios = simulate_designs(study, root / "params/scenarios.yml", TRIALS, 5, ["3+3"], workers=2)
    assert all(map(pd.DataFrame.equals, found, alone))
    assert scenarios[0].name == "safe"


def test_a_dask_cluster_over_tcp_gives_the_same_numbers(study, root, alone):
    from tests.csrkit.publish.clusters import local_cluster

    # workers in this process are there at once; what they get and give goes through TCP all the same
    with local_cluster(processes=False) as cluster:
        assert cluster.scheduler_address.startswith("tcp://127.0.0.1:")
        assert len(cluster.workers) == 2
        *found, _ = simulate_designs(
            study, root / "params/scenarios.yml", TRIALS, 5, ["3+3"], scheduler=cluster.scheduler_address
        )
    assert all(map(pd.DataFrame.equals, found, alone))


def test_a_study_without_dose_finding_is_refused(pilot_study):
    with pytest.raises(ParameterError, match="no section dose_finding"):
        simulate_designs(pilot_study, None, 10, 1)


def test_the_command_prints_and_writes(tmp_path, root, monkeypatch):
    monkeypatch.chdir(root)
    file = tmp_path / "design.csv"
    arguments = ["design", "--trials", "200", "--workers", "1", "--design", "BOIN", "--out", str(file)]
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "250"})
    assert done.exit_code == 0, done.output
    assert "All doses safe and response rises" in done.output
    assert "BOIN" in done.output
    assert "3 + 3" not in done.output
    assert file.read_text(encoding="utf-8").startswith("display,analysis")


def test_the_command_names_what_is_wrong(root, monkeypatch):
    monkeypatch.chdir(root)
    done = CliRunner().invoke(app, ["design", "--trials", "10", "--workers", "1", "--design", "BION"])
    assert done.exit_code == 1
    assert "no design BION" in done.output
