"""What a report names lies in its project, and its pages don't tell where on a machine the data lie."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from csrkit.errors import ParameterError
from csrkit.inputs.hashes import Seen
from csrkit.publish import notebook_values
from csrkit.publish.inside import kept_inside, link_data
from csrkit.publish.version import Run
from itpcsr.publish.trial import TRIAL
from itpcsr.sdtm import read_trial
from itpcsr.study import read_report


@pytest.fixture
def report(root):
    return read_report(root / "params/demo.yml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("study", "/etc/passwd"),
        ("study", "../study.yml"),
        ("study", "params/../../study.yml"),
        ("pages", "/tmp"),
        ("pages", ".."),
        ("pages", "report/../.."),
    ],
)
def test_what_lies_outside_of_the_project_is_refused(report, root, name, value):
    with pytest.raises(ParameterError, match=rf"^{name}: .* lies outside of the project's folder"):
        kept_inside(report.model_copy(update={name: Path(value)}), root)


@pytest.mark.parametrize("name", ["../../x", "a/b", "/etc/x", "..", ".hidden", "", "a\\b", "x\n"])
def test_a_notebook_is_a_name_in_its_folder(report, root, name):
    with pytest.raises(ParameterError, match="is no name of a notebook in notebooks/"):
        kept_inside(report.model_copy(update={"notebooks": {name: {}}}), root)


def test_an_absolute_path_within_is_one_from_the_root(report, root):
    named = report.model_copy(update={"study": root / "params/study.yml", "pages": root / "report"})
    kept = kept_inside(named, root)
    assert (kept.study, kept.pages) == (Path("params/study.yml"), Path("report"))
    assert kept_inside(report, root) == report


def test_notebooks_are_told_no_absolute_path(report, root, study, tmp_path):
    """Their parameters stand below every display and in the executed notebooks."""
    secret = tmp_path / "share/jdoe"
    secret.mkdir(parents=True)
    for name in ("dm", "ex"):
        (secret / f"{name}.xpt").write_bytes((root / f"data/simulated/{name}.xpt").read_bytes())
    mapping = secret / "site.yml"
    mapping.write_text("visits: {A: B}\n", encoding="utf-8")
    data = [secret, secret / "ex.xpt", mapping, Path("data/simulated")]
    project = tmp_path / "project"
    named = report.model_copy(update={"data": data})
    run = Run(TRIAL, project, root / "params/demo.yml", named, study, None, named.study, Seen())
    link_data(named.data, run.work)
    link_data(named.data, run.work)  # a second build makes them anew
    given = notebook_values._provided(run, "30-efficacy")
    assert given["data"] == [
        "work/demo/data/1/jdoe", "work/demo/data/2/ex.xpt", "work/demo/data/3/site.yml", "data/simulated",
    ]  # fmt: skip
    assert str(tmp_path) not in json.dumps(given, default=str)
    read = read_trial([project / path for path in (given["data"][0], given["data"][2])])
    assert sorted(read.domains) == ["DM", "EX"]
    assert read["DM"].equals(read_trial([secret])["DM"])
    relative = replace(run, report=report)
    assert notebook_values._provided(relative, "30-efficacy")["data"] == ["data/simulated"]


def test_what_is_left_out_is_told_without_its_folder(tmp_path):
    (tmp_path / "dm.csv").write_text("STUDYID,DOMAIN,USUBJID\nT,DM,01\n", encoding="utf-8")
    (tmp_path / "zz.xpt").write_text("no transport file", encoding="utf-8")
    (told,) = read_trial([tmp_path]).left_out.values()
    assert told.startswith("zz.xpt: ")
    assert str(tmp_path) not in told
