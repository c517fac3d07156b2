"""The links by which Quarto works in the root: they lead to the last run, and git sees none of them."""

import re
import shutil
import subprocess

import pytest
import yaml

from csrkit.charts.assets import BUNDLE
from csrkit.errors import RenderError
from csrkit.render.links import HOME, LINKS, link
from csrkit.versions.manifest import _pages
from itpcsr.study import read_report
from tests.built import run_itpcsr

LISTS = ("abbreviations", "displays", "methods", "provenance")


def assembled(folder, text):
    """Write what stands for an assembled book."""
    for path in (*LINKS, "_quarto.yml", *(f"lists/{name}.qmd" for name in LISTS)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if path != LINKS[0]:
            (folder / path).write_text(text, encoding="utf-8")
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results/x.qmd").write_text(text, encoding="utf-8")
    return folder


def test_the_links_lead_to_the_last_run_and_are_laid_again(tmp_path):
    (tmp_path / BUNDLE.parent).mkdir(parents=True)
    for report in ("demo", "other", "demo"):
        link(tmp_path, assembled(tmp_path / "work" / report / "render", report))
        for path in ("_variables.yml", BUNDLE, "results/x.qmd", HOME / "lists/displays.qmd"):
            assert (tmp_path / path).read_text(encoding="utf-8") == report
    # they lead there from wherever the folder is moved to
    moved = (tmp_path / "work").parent.rename(tmp_path.with_name("moved"))
    assert (moved / "results/x.qmd").read_text(encoding="utf-8") == "demo"
    # and what they led to may go: the next run makes them whole again
    shutil.rmtree(moved / "work")
    assert not (moved / "results").exists()
    link(moved, assembled(moved / "work/new/render", "new"))
    assert (moved / "results/x.qmd").read_text(encoding="utf-8") == "new"


def test_what_stands_in_a_link_s_place_is_named_and_left(tmp_path):
    project = assembled(tmp_path / "work/demo/render", "")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/mine.csv").touch()
    with pytest.raises(RenderError, match=r"^results: is in the place of a link"):
        link(tmp_path, project)
    assert (tmp_path / "results/mine.csv").exists()
    with pytest.raises(RenderError, match=r"Run `itpcsr run`"):
        link(tmp_path, tmp_path / "work/nothing/render")


def test_the_files_of_git_include_what_a_run_writes_and_say_what_to_run(root):
    for name in LISTS:
        text = (root / f"lists/{name}.qmd").read_text(encoding="utf-8")
        assert "itpcsr run params/demo.yml" in text
        assert re.findall(r"^\{\{< include (\S+) >\}\}$", text, re.MULTILINE) == [f"/{HOME}/lists/{name}.qmd"]
    fonts = yaml.safe_load((root / "_quarto.yml").read_text(encoding="utf-8"))["format"]["csr-typst"][
        "font-paths"
    ]
    assert fonts == [f"{HOME}/fonts"]


def test_every_list_that_a_page_includes_has_its_file(root):
    texts = [path.read_text(encoding="utf-8") for path in sorted((root / "report").rglob("*.qmd"))]
    included = {name for text in texts for name in re.findall(r"include /lists/([\w-]+)\.qmd", text)}
    assert included == set(LISTS)


@pytest.mark.build
def test_after_a_run_quarto_finds_what_the_pages_name_and_git_sees_nothing(root, make_derived, tmp_path):
    folder = make_derived(tmp_path / "project")
    shutil.copyfile(root / ".gitignore", folder / ".gitignore")
    shutil.copytree(root / "lists", folder / "lists")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    before = _pages(folder, read_report(folder / "params/tiny.yml"))
    done = run_itpcsr(folder, "run", "params/tiny.yml")
    assert done.returncode == 0, done.stderr
    assert (
        subprocess.run([*git, "status", "--short"], cwd=folder, capture_output=True, check=True).stdout == b""
    )
    for path in ("results/10-number/tbl-number.qmd", "_variables.yml", BUNDLE, HOME / "lists/displays.qmd"):
        assert (folder / path).stat().st_size > 0
    # a link to what is made is no input of a version
    assert sorted(before) == sorted(_pages(folder, read_report(folder / "params/tiny.yml")))
    assert "tiny/render" in run_itpcsr(folder, "link", "params/tiny.yml").stderr
    # they may lead to nothing, and be there already, when a version is made
    shutil.rmtree(folder / "work")
    done = run_itpcsr(folder, "link", "params/tiny.yml")
    assert (done.returncode, "Run `itpcsr run`" in done.stderr) == (1, True)
    done = run_itpcsr(folder, "render", "params/tiny.yml", "--engine", "embedded")
    assert done.returncode == 0, done.stderr
