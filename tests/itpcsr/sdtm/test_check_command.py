"""`itpcsr check`: what it prints, what it writes, how it ends."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from itpcsr.cli import app
from itpcsr.sdtm.checks import COLUMNS, RULES
from itpcsr.sdtm.on_terminal import finding_tables, summary


@pytest.fixture
def run(root, monkeypatch):
    monkeypatch.chdir(root)
    return lambda *words: CliRunner().invoke(app, ["check", *map(str, words)])


def test_sound_data_end_with_0_and_findings_are_written(run, tmp_path):
    target = tmp_path / "findings.csv"
    result = run("data/simulated", "--findings", target)
    assert result.exit_code == 0
    assert "0 errors" in result.output
    found = pd.read_csv(target, dtype="str", keep_default_na=False)
    assert list(found.columns) == COLUMNS
    assert set(found["severity"]) <= {"warning", "note"}


def test_errors_end_with_1_and_are_written(run, tmp_path, root):
    target = tmp_path / "findings.csv"
    result = run(root / "data/simulated/ae.xpt", "--findings", target)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "Domain DM is missing" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [[], ["data/nowhere"], ["data/simulated", "--study", "params/nothing.yml"]])
def test_a_wrong_call_ends_with_1_and_a_sentence(run, words):
    result = run(*words)
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_the_rules_are_listed(run):
    result = run("--rules")
    assert result.exit_code == 0
    assert all(rule in result.output for rule in RULES)


def test_many_findings_are_cut_by_rule_and_counted():
    kinds = [("A", "error")] * 30 + [("B", "error")] * 2 + [("A", "warning")] * 4 + [("A", "note")] * 3
    rows = [(rule, severity, "AE", "", "", "", "m") for rule, severity in kinds]
    found = pd.DataFrame(rows, columns=COLUMNS, dtype="str")
    assert [table.row_count for table in finding_tables(found)] == [3 + 1 + 2, 3 + 1, 3]
    assert summary(found) == "32 errors, 4 warnings, 3 notes."
