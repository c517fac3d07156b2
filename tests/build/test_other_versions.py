"""Whole reports of other trials, cuts and rules than the demonstration's, built where that has been built."""

import pandas as pd
import pytest
import yaml

from itpcsr.build.render import FORMATS
from itpcsr.errors import ParameterError
from itpcsr.sdtm import load_trial
from itpcsr.study import read_report, read_study
from tests.build.conftest import build, change, copy_built, run_itpcsr

DEMONSTRATION = {
    "data": ["data/simulated"], "data_cutoff": None, "cohorts": None, "rules": {}, "confidence_level": 0.95
}  # fmt: skip


@pytest.fixture(scope="module")
def copy(project, tmp_path_factory):
    """Return a copy of the built project: what a version has in common with the demonstration is there."""
    return copy_built(project, tmp_path_factory.mktemp("other") / "copy")


@pytest.fixture(scope="module")
def version(copy):
    """Return a function that builds the demonstration with other values into a folder of its own."""

    def build_with(name, formats=FORMATS, **values):
        change(copy, **DEMONSTRATION | values)
        with pytest.MonkeyPatch.context() as patch:
            return build(copy, patch, output=name, formats=formats)

    return build_with


@pytest.fixture(scope="module")
def real(copy, version):
    """Return the version of a trial not known as simulated, by another rule."""
    data = copy / "data/real"
    data.mkdir()
    trial = load_trial([copy / "data/simulated"], read_study(copy / "params/study.yml"))
    for name, frame in trial.domains.items():
        frame.assign(STUDYID="NCT04014166").to_csv(data / f"{name.lower()}.csv", index=False)
    return version("real", data=["data/real"], rules={"response_count": 60}, confidence_level=0.9)


def text_of(page):
    return " ".join(page.read_text(encoding="utf-8").split())


def test_a_real_trial_bears_no_notice_and_a_simulated_one_cannot_lose_it(root, real, tmp_path):
    pages = sorted(real.rglob("*.html"))
    assert len(pages) > 32  # of the report and of the notebooks
    for page in pages:
        assert "Simulated data" not in page.read_text(encoding="utf-8"), page
    parameters = yaml.safe_load((root / "params/demo.yml").read_text(encoding="utf-8"))
    (tmp_path / "demo.yml").write_text(yaml.safe_dump(parameters | {"simulated": False}), encoding="utf-8")
    with pytest.raises(ParameterError, match="simulated: unknown name"):
        read_report(tmp_path / "demo.yml")


def test_a_rule_holds_for_tables_sentences_and_datasets_alike(real):
    rows = pd.read_parquet(real / "results.parquet")
    overall = rows.query("display == 'tbl-response' and level == 'responder' and group == 'total'")
    found = overall.set_index("statistic")["value"]
    adrs = pd.read_parquet(real / "adam/adrs.parquet")
    assert found["n"] == adrs.query("PARAMCD == 'BOR'")["AVAL"].sum() == 7
    assert "7 of 18 (38.9%; 90% CI 19.9 to 60.8)" in text_of(real / "report/11-efficacy-evaluation.html")
    assert "at least 60 × 10⁹/L" in text_of(real / "report/09-investigational-plan.html")


def test_no_subject_at_all_still_gives_a_report(copy, version):
    run = run_itpcsr(copy, "simulate", "data/none", "--subjects", "0")
    assert run.returncode == 0, run.stderr
    folder = version("none", data=["data/none"])
    assert "No subject was treated" in text_of(folder / "report/11-efficacy-evaluation.html")


def test_an_early_cut_off_gives_a_report(version):
    """Its pages are made alone: two other versions here are rendered on paper, too."""
    values = {"data_cutoff": "2020-01-15", "cohorts": ["ESC05"]}
    folder = version("early", ["html"], **values)
    assert "2020-01-15" in (folder / "index.html").read_text(encoding="utf-8")
