"""SAS transport files: what goes in comes out, and the clock leaves no trace."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from csrkit.errors import DataError
from csrkit.sdtm.formats.sas import write_transport
from itpcsr.study import read_study
from itpsim.simulate import DATASET_LABELS, DEFAULT_SEED, VARIABLE_LABELS, simulate

ROOT = Path(__file__).parents[3]


def write_trial(folder: Path, **options: int) -> list[Path]:
    domains = simulate(read_study(ROOT / "params/study.yml"), **{"seed": DEFAULT_SEED} | options)
    return write_transport(domains, folder, dataset_labels=DATASET_LABELS, variable_labels=VARIABLE_LABELS)


def write_one(folder: Path, frame: pd.DataFrame, label: str = "Anything", labels: dict | None = None) -> Path:
    return write_transport(
        {"XX": frame}, folder, dataset_labels={"XX": label}, variable_labels={"XX": labels or {}}
    )[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_trial(tmp_path_factory.mktemp("first"))


def test_files_equal_those_of_the_repository(files: list[Path]) -> None:
    kept = ROOT / "data/simulated"
    assert [path.name for path in files] == sorted(path.name for path in kept.glob("*.xpt"))
    for path in files:
        assert path.read_bytes() == (kept / path.name).read_bytes(), path.name


def test_second_run_gives_the_same_bytes(files: list[Path], tmp_path: Path) -> None:
    for first, second in zip(files, write_trial(tmp_path / "new" / "folder"), strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_clock_leaves_no_trace(files: list[Path]) -> None:
    today = dt.datetime.now(dt.UTC).strftime("%d%b%y").upper().encode()
    for path in files:
        content = path.read_bytes()
        assert today not in content
        stamps = re.findall(rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d", content)
        assert stamps == [b"01JAN60:00:00:00"] * 4


def test_round_trip(files: list[Path]) -> None:
    domains = simulate(read_study(ROOT / "params/study.yml"), seed=DEFAULT_SEED)
    for path in files:
        name = path.stem.upper()
        frame, meta = pyreadstat.read_xport(path)
        pd.testing.assert_frame_equal(frame, domains[name], check_dtype=False)
        assert meta.table_name == name
        assert meta.file_label == DATASET_LABELS[name]
        assert meta.column_names_to_labels == VARIABLE_LABELS[name]


def test_trial_without_subjects(tmp_path: Path) -> None:
    for path in write_trial(tmp_path, subjects=0):
        frame, _ = pyreadstat.read_xport(path)
        assert list(frame.columns) == list(VARIABLE_LABELS[path.stem.upper()])
        assert frame.empty or "USUBJID" not in frame


def test_stamp_in_a_value_is_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame({"TEXT": ["05MAY21:10:20:30", ""], "VALUE": [1.1, None]})
    read, _ = pyreadstat.read_xport(write_one(tmp_path, frame))
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (pd.DataFrame({"TOOLONGNAME": [1.0]}), {}, "TOOLONGNAME: not a name"),
        (pd.DataFrame({"A": ["x" * 201]}), {}, "XX.A: .*200"),
        (pd.DataFrame({"A": ["×"]}), {}, "XX.A: .*ASCII"),
        (pd.DataFrame({"A": ["a"]}), {"label": "l" * 41}, "XX: the label"),
        (pd.DataFrame({"A": ["a"]}), {"labels": {"A": "ä"}}, "XX.A: the label"),
        (pd.DataFrame({"A": ["a", None]}), {}, "XX.A: "),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    tmp_path: Path, frame: pd.DataFrame, options: dict, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        write_one(tmp_path, frame, **options)
    assert not list(tmp_path.iterdir())
