"""Whole reports of other trials, cuts and rules than the demonstration's."""

import pandas as pd
import pytest

from itpcsr.build import pipeline
from itpcsr.errors import ParameterError
from itpcsr.sdtm import load_trial
from itpcsr.study import read_report
from tests.build.conftest import build, change, copy_project, run_itpcsr


@pytest.fixture(scope="module")
def real(project, tmp_path_factory):
    """Return a project that reports a trial not known as simulated, by another rule, and its version."""
    copy = copy_project(project, tmp_path_factory.mktemp("real") / "copy")
    data = copy / "data/real"
    data.mkdir()
    trial = load_trial([copy / "data/simulated"], pipeline.read_study(copy / "params/study.yml"))
    for name, frame in trial.domains.items():
        frame.assign(STUDYID="NCT04014166").to_csv(data / f"{name.lower()}.csv", index=False)
    change(copy, report="real", data=["data/real"], rules={"response_count": 60}, confidence_level=0.9)
    result = run_itpcsr(copy, "build", "params/demo.yml", "--engine", "embedded")
    assert result.returncode == 0, result.stderr
    return copy, copy / "output/real-1.0.0"


def test_a_real_trial_bears_no_notice_and_a_simulated_one_cannot_lose_it(real):
    copy, folder = real
    for page in sorted(folder.rglob("*.html")):
        assert "Simulated data" not in page.read_text(encoding="utf-8"), page
    with pytest.raises(ParameterError, match="simulated: unknown name"):
        read_report(change(copy, simulated=False))


def test_a_rule_holds_for_tables_sentences_and_datasets_alike(real):
    _, folder = real
    rows = pd.read_parquet(folder / "results.parquet")
    overall = rows.query("display == 'tbl-response' and level == 'responder' and group == 'total'")
    found = overall.set_index("statistic")["value"]
    adrs = pd.read_parquet(folder / "adam/adrs.parquet")
    assert found["n"] == adrs.query("PARAMCD == 'BOR'")["AVAL"].sum() == 7
    page = " ".join((folder / "report/11-efficacy-evaluation.html").read_text(encoding="utf-8").split())
    assert "7 of 18 (38.9%; 90% CI 19.9 to 60.8)" in page
    plan = " ".join((folder / "report/09-investigational-plan.html").read_text(encoding="utf-8").split())
    assert "at least 60 × 10⁹/L" in plan


def test_no_subject_at_all_still_gives_a_report(copy, monkeypatch):
    run = run_itpcsr(copy, "simulate", "data/none", "--subjects", "0")
    assert run.returncode == 0, run.stderr
    change(copy, report="none", data=["data/none"])
    folder = build(copy, monkeypatch)
    page = " ".join((folder / "report/11-efficacy-evaluation.html").read_text(encoding="utf-8").split())
    assert "No subject was treated" in page


def test_an_early_cut_off_gives_a_report(copy, monkeypatch):
    change(copy, report="early", data_cutoff="2020-01-15", cohorts=["ESC05"])
    folder = build(copy, monkeypatch)
    assert "2020-01-15" in (folder / "index.html").read_text(encoding="utf-8")
