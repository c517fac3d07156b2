"""The store of analysis datasets: what was derived comes back, and only to whom it belongs."""

import json
import shutil

import pandas as pd
import pytest

from csrkit.bounds import Bounds
from csrkit.disclosure.counted import Rule, rule_in_force, write_rule
from csrkit.errors import DataError
from csrkit.inputs.hashes import file_hash
from csrkit.sdtm.read import add_given
from csrkit.store import OPENED, open_store
from itpcsr.adam import datasets, making, open_study
from itpcsr.adam.datasets import Datasets, derive
from itpcsr.adam.making import count_domains, describe_files, write_store
from itpcsr.adam.store import rules_hash
from itpcsr.sdtm import list_files
from itpcsr.study import read_study
from tests.tiny import make_project


def store_parts(files, study, cutoff, **more):
    return making.store_parts(files, study, cutoff, "program", "environment", **more)


def put(folder, trial, study, files):
    return write_store(folder, trial, study, store_parts(files, study, None), files)


@pytest.fixture(scope="module")
def files(root):
    return list_files([root / "data/simulated"])


@pytest.fixture(scope="module")
def store(tmp_path_factory, demo_trial, demo, study, files):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "derive", lambda *_: demo)
        return put(tmp_path_factory.mktemp("store") / "adam", demo_trial, study, files)


def test_every_dataset_comes_back_as_it_was_derived(store, demo):
    assert sorted(demo) == [*store]
    for name, frame in demo.items():
        assert frame.attrs == {}
        pd.testing.assert_frame_equal(store[name], frame, check_exact=True)


def test_so_do_those_of_a_controlled_trial(tmp_path, pilot, pilot_trial, pilot_study, monkeypatch):
    monkeypatch.setattr(datasets, "derive", lambda *_: pilot)
    files = sorted(pilot_trial.files.values())
    found = put(tmp_path / "adam", pilot_trial, pilot_study, files)
    for name, frame in pilot.items():
        pd.testing.assert_frame_equal(found[name], frame, check_exact=True)


@pytest.fixture
def given(tmp_path):
    """Return an analysis dataset as somebody else derived it, in a file."""

    def write(*subjects):
        frame = pd.DataFrame({"USUBJID": subjects, "PARAMCD": "SCORE", "AVAL": 3.0})
        frame.to_parquet(tmp_path / "adx.parquet", index=False)
        return {"adx": tmp_path / "adx.parquet"}

    return write


def test_a_dataset_as_given_is_kept_named_and_hashed(tmp_path, given, demo_trial, study, files):
    taken = given(*demo_trial["DM"]["USUBJID"][:2])
    trial = add_given(demo_trial, taken, Bounds())
    parts = store_parts(files, study, None, given=taken)
    found = write_store(tmp_path / "adam", trial, study, parts, files)
    assert found["adx"]["AVAL"].tolist() == [3.0, 3.0]
    said = found.files["ADX, analysis dataset as given, not derived here"]
    assert said == {"file": "adx.parquet", "sha256": file_hash(taken["adx"])}
    again = store_parts(files, study, None, given=given("another"))
    assert {name for name in parts if parts[name] != again[name]} == {"given"}
    assert set(store_parts(files, study, None)) == set(parts) - {"given"}


def test_a_dataset_as_given_of_other_subjects_or_a_derived_name_is_refused(given, demo_trial, study):
    stranger = add_given(demo_trial, given("STRANGER"), Bounds())
    with pytest.raises(DataError, match="ADX, as given: STRANGER isn't in ADSL"):
        Datasets(stranger, study)["adx"]
    named = {"adsl": given("STRANGER")["adx"]}
    with pytest.raises(DataError, match="given: adsl is derived here"):
        Datasets(add_given(demo_trial, named, Bounds()), study)


def test_a_file_without_subjects_or_types_is_no_dataset_as_given(tmp_path, demo_trial):
    (tmp_path / "adx.csv").write_text("PARAMCD,AVAL\nSCORE,3\n")
    with pytest.raises(DataError, match="holds no records of subjects"):
        add_given(demo_trial, {"adx": tmp_path / "adx.csv"}, Bounds())
    (tmp_path / "adx.csv").write_text("USUBJID,PARAMCD,AVAL\n01,SCORE,3\n")
    with pytest.raises(DataError, match=r"AVAL is text\. Save ADX in a format"):
        add_given(demo_trial, {"adx": tmp_path / "adx.csv"}, Bounds())
    with pytest.raises(DataError, match=r"no such file\. Check `given`"):
        add_given(demo_trial, {"adx": tmp_path / "ady.csv"}, Bounds())


def test_what_is_known_of_the_trial_comes_back_too(store, demo_trial):
    pd.testing.assert_frame_equal(store.findings, demo_trial.findings)
    pd.testing.assert_frame_equal(store.domains, count_domains(demo_trial))
    assert store.files == describe_files(demo_trial)
    assert store.simulated is demo_trial.simulated is True
    assert store.labels == {name: demo_trial.labels[name] for name in sorted(demo_trial.domains)}
    texts = set(
        "".join(
            "".join(frame[name])
            for frame in demo_trial.domains.values()
            for name in frame.select_dtypes("str")
        )
    )
    assert set(store.characters) == texts


def test_the_same_inputs_make_the_same_bytes(tmp_path, store, demo_trial, study, files):
    again = put(tmp_path / "adam", demo_trial, study, files)
    assert {path.name: path.read_bytes() for path in again.folder.iterdir()} == {
        path.name: path.read_bytes() for path in store.folder.iterdir()
    }


def test_a_change_of_a_frame_stays_with_who_made_it(store):
    frame = store["adsl"]
    frame["AGE"] = -1.0
    assert (store["adsl"]["AGE"] != -1).all()


def test_texts_of_python_are_one_object_each_and_the_same_values(store):
    with pd.option_context("mode.string_storage", "python"):
        frame, plain = open_store(store.folder)["adlb"], pd.read_parquet(store.path("adlb"))
    pd.testing.assert_frame_equal(frame, plain, check_column_type=True)
    assert frame["PARAM"].dtype.storage == "python"
    assert len({id(text) for text in frame["PARAM"]}) == plain["PARAM"].nunique()


@pytest.mark.parametrize("storage", ["python", "pyarrow"])
def test_the_records_of_some_subjects_can_be_read_alone(store, storage):
    with pd.option_context("mode.string_storage", storage):
        found = open_store(store.folder)
        everything = found["adlb"]
        subjects = [*everything["USUBJID"].unique()[:2], "nobody"]
        some = found.only(subjects)["adlb"]
        chosen = everything[everything["USUBJID"].isin(subjects)].reset_index(drop=True)
        pd.testing.assert_frame_equal(some, chosen)
        assert len(found.only([])["adlb"]) == 0
        assert list(found.only([])["adlb"]) == list(everything)


def test_a_dataset_that_is_not_there_is_named_with_those_there_are(store):
    with pytest.raises(KeyError, match=r"no dataset adxx; datasets: adab, adae"):
        store["adxx"]
    with pytest.raises(KeyError):
        store["findings"]


@pytest.mark.parametrize("harm", [lambda path: path.write_bytes(b"PAR1"), lambda path: path.unlink()])
def test_a_file_that_is_not_the_derived_one_is_refused(tmp_path, store, harm):
    shutil.copytree(store.folder, tmp_path / "adam")
    found = open_store(tmp_path / "adam")
    harm(found.path("adsl"))
    with pytest.raises(DataError, match=r"adsl\.parquet: isn't the dataset that was derived"):
        found["adsl"]


@pytest.mark.parametrize("harm", ["", "{", "[]", '{"key": 1}'])
def test_a_damaged_store_is_none(tmp_path, store, harm):
    shutil.copytree(store.folder, tmp_path / "adam")
    (tmp_path / "adam/store.json").write_text(harm, encoding="utf-8")
    assert open_store(tmp_path / "adam") is None
    assert open_store(tmp_path / "nowhere") is None


def test_what_a_notebook_opens_is_written_down(tmp_path, store, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv(OPENED, str(log))
    found = open_store(store.folder)
    found["adsl"], found["adex"], found["adsl"]
    names = [line.split()[0] for line in log.read_text(encoding="utf-8").splitlines()]
    assert names == ["adsl", "adex", "adsl"]
    assert f"adex {found.hashes['adex']}" in log.read_text(encoding="utf-8")


def test_data_that_change_while_they_are_read_make_no_store(tmp_path, root, demo_trial, study):
    shutil.copytree(root / "data/simulated", tmp_path / "data")
    files = list_files([tmp_path / "data"])
    parts = store_parts(files, study, None)
    with files[0].open("ab") as stream:
        stream.write(b" " * 80)
    with pytest.raises(DataError, match="changed while they were read"):
        write_store(tmp_path / "adam", demo_trial, study, parts, files)
    assert not [path for path in tmp_path.iterdir() if path.name != "data"]


def test_a_derivation_that_fails_leaves_the_former_store(
    tmp_path, store, demo_trial, study, files, monkeypatch
):
    shutil.copytree(store.folder, tmp_path / "adam")

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(datasets, "derive_adrs", fail)  # when others are written
    with pytest.raises(MemoryError):
        put(tmp_path / "adam", demo_trial, study, files)
    assert [path.name for path in tmp_path.iterdir()] == ["adam"]
    assert open_store(tmp_path / "adam").hashes == store.hashes


def test_each_part_tells_stores_apart(tmp_path, root, study, files):
    base = store_parts(files, study, None)
    other = read_study(root / "params/study.yml", severe_grade=4)
    assert rules_hash(other) != rules_hash(study)
    changed = {
        "rules": store_parts(files, other, None),
        "cutoff": store_parts(files, study, "2021-05-10"),
        "data": store_parts(files[1:], study, None),
        "disclosure": store_parts(files, study, None, disclosure="x"),
        "program": making.store_parts(files, study, None, "other", "environment"),
        "environment": making.store_parts(files, study, None, "program", "other"),
    }
    for name, parts in changed.items():
        assert {key for key in parts if parts[key] != base.get(key)} == {name}


def test_columns_of_some_cohorts_are_other_rules(root, study):
    assert rules_hash(read_study(root / "params/study.yml", cohorts=["ESC05"])) != rules_hash(study)


@pytest.fixture
def alone(root, tmp_path, monkeypatch):
    """Return a project of three subjects, in whose folder of notebooks one is run alone."""
    folder = make_project(root, tmp_path / "project")
    monkeypatch.chdir(folder / "notebooks")
    return folder


def test_a_notebook_alone_derives_once_and_opens_what_fits(alone, monkeypatch):
    study, adam = open_study("params/study.yml", ["data"])
    assert adam.folder == alone / "work/adam"
    pd.testing.assert_frame_equal(adam["adsl"], derive_alone(alone, study)["adsl"])
    # a build's own is found wherever it lies
    (alone / "work/demo").mkdir()
    shutil.move(alone / "work/adam", alone / "work/demo/adam")
    monkeypatch.setattr(datasets, "derive_each", None)
    assert open_study("params/study.yml", ["data"])[1].folder == alone / "work/demo/adam"


def derive_alone(folder, study):
    return derive(making.load_trial([folder / "data"], study), study)


def test_a_store_of_other_rules_is_refused(alone):
    open_study("params/study.yml", ["data"])
    said = json.loads((alone / "work/adam/store.json").read_text(encoding="utf-8"))
    assert set(said["parts"]) == {"data", "cutoff", "rules", "program", "environment"}
    with pytest.raises(DataError, match=r"by the rules of params/study\.yml and this notebook"):
        open_study("params/study.yml", ["data"], store="work/adam", rules={"severe_grade": 4})
    with pytest.raises(DataError, match="work/nowhere: holds no datasets"):
        open_study("params/study.yml", ["data"], store="work/nowhere")


@pytest.mark.usefixtures("suppress_by")
def test_datasets_of_an_external_version_bring_their_rule(alone):
    """A notebook that opens them alone suppresses what the version does; without the rule it stops."""
    folder, opened = alone / "work/adam", ("params/study.yml", ["data"])
    open_study(*opened)
    assert rule_in_force() is None
    text = (folder / "store.json").read_text(encoding="utf-8")
    said = json.loads(text)
    said["parts"]["disclosure"] = "x"
    (folder / "store.json").write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(DataError, match=r"adam/small_counts\.json: holds no rule of small counts"):
        open_study(*opened, store="work/adam")
    write_rule(Rule(3, {"a": (6,)}), folder)
    open_study(*opened, store="work/adam")
    assert rule_in_force() == Rule(3, {"a": (6,)})
    # with the datasets of another version every count is shown again
    (folder / "store.json").write_text(text, encoding="utf-8")
    open_study(*opened, store="work/adam")
    assert rule_in_force() is None
