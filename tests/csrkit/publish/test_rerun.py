"""The cause of each changed number, found by running with one cause exchanged at a time."""

import json
import shutil

import pandas as pd
import pytest
import yaml

from csrkit.publish.pipeline import read_results, run_notebooks
from csrkit.publish.rebuild import explain
from csrkit.publish.version import open_run
from csrkit.rows import make_rows
from csrkit.versions.compare import BECAUSE, PROGRAM, attribute, compare, compare_rows
from csrkit.versions.manifest import make_manifest, write_manifest
from itpcsr.publish.trial import TRIAL
from tests.small import day
from tests.tiny import make_project, write_notebook

NAN = float("nan")
pytestmark = pytest.mark.build


def rows(*values):
    frame = pd.DataFrame({"level": [f"s{i}" for i in range(len(values))], "statistic": "n", "value": values})
    return make_rows(frame.assign(reason=["none" if pd.isna(value) else "" for value in values]), display="t")


def test_a_number_belongs_to_the_cause_that_alone_gives_it():
    old = rows(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, NAN)
    with_data = rows(2.0, 1.0, 2.0, 1.0, 1.0, 2.0, 4.0)
    with_parameters = rows(1.0, 2.0, 3.0, 1.0, 1.0, 2.0, NAN)
    new = rows(2.0, 2.0, 4.0, 2.0, 1.5, 2.0, 4.0)
    numbers = compare_rows(old, new)
    base = old.assign(value=[*old["value"][:4], 1.5, *old["value"][5:]])
    exchanged = {"data": with_data, "parameters": with_parameters}
    for rows_of in exchanged.values():
        rows_of.loc[4, "value"] = 1.5
    assert attribute(numbers, old, new, base, exchanged).tolist() == [
        "data",
        "parameters",
        "data and parameters",  # each moves it elsewhere
        "data and parameters",  # only both together move it
        PROGRAM,
        "data and parameters",  # each would have been enough
        "data",
    ]


def test_a_number_that_a_run_does_not_have_is_told_from_one_that_cannot_be_estimated():
    old, new = rows(NAN), rows(NAN, 5.0)
    numbers = compare_rows(old, new)
    found = attribute(numbers, old, new, old, {"data": old, "parameters": new})
    assert found.tolist() == ["parameters"]


# A notebook that counts records, quotes a rule, and multiplies the two
PARAMETERS = 'study_file = "params/study.yml"\ndata = ["data"]\ndata_cutoff = ""\nstore = ""'
NOTEBOOK = (
    "import pandas as pd\nfrom csrkit.carried import with_rows\nfrom csrkit.rows import make_rows\n"
    "from csrkit.tables.table import Header, Row, Table\nfrom itpcsr.adam import open_study",
    "#| label: tbl-x\n#| tbl-cap: Records\n"
    "study, adam = open_study(study_file, data, data_cutoff, store=store)\nn = len(adam['adae'])\n"
    "response_count = study.efficacy.primary.count\n"
    "values = {'records': n, 'rule': response_count, 'product': n * response_count}\n"
    "rows = pd.DataFrame({'level': list(values), 'statistic': 'n', 'value': list(values.values())})\n"
    "shown = Table('Value', (Header('Total'),), tuple(Row(name, (str(values[name]),)) for name in values))\n"
    "with_rows(shown, make_rows(rows, dataset='ADAE'))",
)


def publish(project, name, **changes):
    """Put the result rows and the manifest of a version of one notebook where a build would."""
    parameters = yaml.safe_load((project / "params/tiny.yml").read_text(encoding="utf-8"))
    parameters |= {"report": name, "notebooks": {"10-x": {}}} | changes
    path = project / f"params/{name}.yml"
    path.write_text(yaml.safe_dump(parameters), encoding="utf-8")
    run = open_run(TRIAL, path, project)
    run_notebooks(run, lambda text: None)
    folder = project / f"output/{name}-1.0.0"
    folder.mkdir(parents=True)
    read_results(run).to_parquet(folder / "results.parquet", index=False)
    write_manifest(
        folder, make_manifest(project, path, run.report, run.study, run.adam, "embedded 0", run.fonts.hashes)
    )
    return folder


@pytest.fixture(scope="module")
def versions(root, tmp_path_factory):
    project = make_project(root, tmp_path_factory.mktemp("rerun") / "project")
    shutil.copy(root / "uv.lock", project)
    events = pd.read_csv(project / "data/ae.csv", dtype="str", keep_default_na=False)
    later = events.assign(AESEQ="2", AESTDTC=day(90), AEENDTC=day(91), AESTDY="90")
    pd.concat([events, later]).to_csv(project / "data/ae.csv", index=False)
    write_notebook(project / "notebooks/10-x.ipynb", "# Records", PARAMETERS, *NOTEBOOK)
    old = publish(project, "early", data_cutoff=day(60))
    new = publish(project, "later", rules={"response_count": 60})
    return project, old, new


def test_data_and_parameters_are_told_apart_by_running_again(versions):
    project, old, new = versions
    said = []
    found = explain(TRIAL, compare(old, new), old, new, project, said.append)
    assert said[0] == "Running old version with new data"
    assert found.numbers.set_index("level")[BECAUSE].to_dict() == {
        "records": "data", "rule": "parameters", "product": "data and parameters",
    }  # fmt: skip
    assert found.remark.endswith("old version with new data; old version with new parameters.")


def test_one_cause_alone_needs_no_run_and_another_program_runs_the_old_inputs_once(versions):
    project, old, _ = versions
    final = publish(project, "final", data_cutoff=None)
    said = []
    found = explain(TRIAL, compare(old, final), old, final, project, said.append)
    assert (set(found.numbers[BECAUSE]), said) == ({"data"}, [])
    assert found.remark == "Nothing but the data differs, so that nothing had to run again."
    edit(old, code="x" * 64)
    found = explain(TRIAL, compare(old, final), old, final, project, said.append)
    assert PROGRAM in said[0]
    assert set(found.numbers[BECAUSE]) == {"data"}  # the same rows came out again


@pytest.mark.parametrize(
    ("which", "changes", "said"),
    [
        ("new", {"code": "x"}, "another program"),
        ("old", {"data DM": "x"}, "not at hand as they were: data DM"),
    ],
)
def test_what_is_not_at_hand_is_said_and_the_manifests_stand(versions, which, changes, said):
    project, old, new = versions
    folder = {"old": old, "new": new}[which]
    before = (folder / "manifest.json").read_text(encoding="utf-8")
    edit(folder, **changes)
    found = explain(TRIAL, compare(old, new), old, new, project, lambda text: None)
    (folder / "manifest.json").write_text(before, encoding="utf-8")
    assert said in found.remark
    assert BECAUSE not in found.numbers
    assert ("data", f"data cut-off: {day(60)}, then none") in found.causes


def test_parameters_that_were_edited_are_not_at_hand(versions):
    project, old, new = versions
    path = project / "params/later.yml"
    path.write_text(path.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    found = explain(TRIAL, compare(old, new), old, new, project, lambda text: None)
    assert "its parameters (later.yml) aren't in params/ as they were" in found.remark


def edit(folder, **hashes):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["hashes"] |= hashes
    path.write_text(json.dumps(manifest), encoding="utf-8")
