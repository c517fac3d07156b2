"""Whole reports of other rules, cuts and trials than the demonstration's, built where that has been built."""

import pandas as pd
import pytest
import yaml

from csrkit.errors import ParameterError
from csrkit.render.render import FORMATS
from itpcsr.study import read_report
from tests.built import FEWER_DRAWS, build, change, copy_built, run_itpcsr

DEMONSTRATION = {"data": ["data/simulated"], "data_cutoff": None, "cohorts": None, "rules": {}}


@pytest.fixture(scope="module")
def copy(project, tmp_path_factory):
    """Return a copy of the built project: what a version has in common with the demonstration is there."""
    return copy_built(project, tmp_path_factory.mktemp("other") / "copy")


@pytest.fixture(scope="module")
def version(copy):
    """Return a function that builds the demonstration with other values into a folder of its own."""

    def build_with(name, formats=FORMATS, **values):
        path = change(copy, **DEMONSTRATION | {"confidence_level": 0.95} | values)
        notebooks = yaml.safe_load(path.read_text(encoding="utf-8"))["notebooks"]
        change(copy, notebooks=notebooks | FEWER_DRAWS)
        with pytest.MonkeyPatch.context() as patch:
            return build(copy, patch, output=name, formats=formats)

    return build_with


def text_of(page):
    return " ".join(page.read_text(encoding="utf-8").split())


def test_a_simulated_trial_cannot_lose_its_notice(root, tmp_path):
    parameters = yaml.safe_load((root / "params/demo.yml").read_text(encoding="utf-8"))
    (tmp_path / "demo.yml").write_text(yaml.safe_dump(parameters | {"simulated": False}), encoding="utf-8")
    with pytest.raises(ParameterError, match="simulated: unknown name"):
        read_report(tmp_path / "demo.yml")


@pytest.fixture(scope="module")
def early(version):
    """Return a version of other choices of each kind, whose pages alone are made: HTML."""
    return version(
        "early", ["html"],
        rules={"response_count": 60}, data_cutoff="2021-06-30", cohorts=["ESC10", "ESC20", "EXP20"], confidence_level=0.9,
    )  # fmt: skip


def test_a_rule_holds_for_tables_sentences_and_datasets_alike(early):
    rows = pd.read_parquet(early / "results.parquet")
    overall = rows.query("display == 'tbl-response' and level == 'responder' and group == 'total'")
    found = overall.set_index("statistic")["value"]
    adrs = pd.read_parquet(early / "adam/adrs.parquet")
    # of those four had 30 × 10⁹/L
    assert found["n"] == len(adrs.query("PARAMCD == 'CBOR' and CRIT1FL == 'Y'")) == 3
    assert "at least 60 × 10⁹/L" in text_of(early / "report/09-investigational-plan.html")


def test_an_early_cut_off_and_another_confidence_level_reach_the_report(early):
    assert "2021-06-30" in (early / "index.html").read_text(encoding="utf-8")
    efficacy = text_of(early / "report/11-efficacy-evaluation.html")
    assert "3 of 7 (42.9%; 90% CI 12.9 to 77.5)" in efficacy
    assert "95% CI" not in efficacy


def test_no_subject_at_all_still_gives_a_report(copy, version):
    run = run_itpcsr(copy, "simulate", "data/none", "--subjects", "0")
    assert run.returncode == 0, run.stderr
    folder = version("none", data=["data/none"])
    assert "No subject was treated" in text_of(folder / "report/11-efficacy-evaluation.html")
