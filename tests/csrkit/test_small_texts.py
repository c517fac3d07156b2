"""Small trials are worked with in other texts than large ones, with the same values, dtypes outside and files."""

import io

import pandas as pd
import pytest

from csrkit import rows as results
from csrkit import small_texts
from csrkit.small_texts import own_texts, texts_as_here, usual_texts
from itpcsr.adam.datasets import derive
from itpcsr.sdtm import load_trial


def storage(frame, name="word"):
    return frame[name].dtype.storage


@pytest.fixture(autouse=True)
def as_pandas_would():
    """Hold texts as in a process in which nothing is said of them: the tests' own says it (conftest)."""
    with pd.option_context("mode.string_storage", "auto"):
        yield


def words():
    return pd.DataFrame({"word": ["b", "", "a"], "number": [1.0, 2.0, float("nan")]}).astype({"word": "str"})


def test_a_small_trial_is_held_otherwise_inside_and_as_usual_outside():
    with own_texts({"XX": words()}) as frames:
        made = frames["XX"].assign(more=pd.Series(["x", "y", "z"], dtype="str"))
    assert (storage(made), storage(made, "more"), storage(words())) == ("python", "python", "pyarrow")
    pd.testing.assert_frame_equal(texts_as_here(made[["word", "number"]]), words())
    assert storage(usual_texts(made)) == "pyarrow"


def test_a_large_trial_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(small_texts, "_FEW", 2)
    with own_texts({"XX": words()}) as frames:
        assert storage(frames["XX"]) == storage(words()) == "pyarrow"


def test_findings_and_datasets_do_not_depend_on_how_texts_are_held(
    monkeypatch, root, study, demo_trial, demo
):
    monkeypatch.setattr(small_texts, "_FEW", 0)
    trial = load_trial([root / "data/simulated"], study)
    pd.testing.assert_frame_equal(texts_as_here(demo_trial.findings), trial.findings)
    for known, found in ((demo_trial.domains, trial.domains), (demo, derive(trial, study))):
        assert list(known) == list(found)
        for name, frame in known.items():
            assert {dtype.storage for dtype in found[name].dtypes if dtype == "str"} <= {"pyarrow"}
            pd.testing.assert_frame_equal(texts_as_here(frame), found[name])


@pytest.mark.parametrize("kind", ["python", "pyarrow"])
def test_result_rows_are_the_same_file_however_texts_are_held(tmp_path, kind):
    def write(folder):
        rows = results.make_rows(pd.DataFrame({"statistic": ["n"], "value": [3.0]}), display="tbl-x")
        results.write_rows(rows, folder)
        return (folder / results.FILE).read_bytes()

    usual = write(tmp_path / "usual")
    with pd.option_context("mode.string_storage", kind):
        assert write(tmp_path / kind) == usual
    assert pd.read_parquet(io.BytesIO(usual))["display"].tolist() == ["tbl-x"]
