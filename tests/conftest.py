"""What tests share: the study, the simulated trial, the real pilot study where it is at hand, small trials."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from itpcsr.adam.datasets import derive
from itpcsr.sdtm import Trial, load_trial
from itpcsr.study import Study, read_report, read_study

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def study() -> Study:
    return read_study(ROOT / "params/study.yml")


@pytest.fixture(scope="session")
def demo_trial(study: Study) -> Trial:
    return load_trial([ROOT / "data/simulated"], study)


@pytest.fixture(scope="session")
def demo(demo_trial: Trial, study: Study) -> dict[str, pd.DataFrame]:
    return derive(demo_trial, study)


@pytest.fixture(scope="session")
def pilot_folder() -> Path:
    folder = ROOT.parent / "shared/data/cdiscpilot01"
    if not folder.is_dir():
        pytest.skip(f'the CDISC pilot study isn\'t at {folder}; see README, "A real study"')
    return folder


@pytest.fixture(scope="session")
def pilot_study() -> Study:
    return read_study(ROOT / "params/cdiscpilot01-study.yml")


@pytest.fixture(scope="session")
def pilot_trial(pilot_folder: Path, pilot_study: Study) -> Trial:
    report = read_report(ROOT / "params/cdiscpilot01.yml")
    return load_trial([ROOT / path for path in report.data], pilot_study)


@pytest.fixture(scope="session")
def pilot(pilot_trial: Trial, pilot_study: Study) -> dict[str, pd.DataFrame]:
    return derive(pilot_trial, pilot_study)


@pytest.fixture(scope="session")
def witness() -> dict[tuple[str, str], float]:
    """Return the values that R computed (tests/reference/statistics.R) by case and quantity."""
    table = pd.read_csv(ROOT / "tests/reference/statistics.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}
