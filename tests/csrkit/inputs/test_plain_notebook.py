"""No subject in git: a notebook run and saved goes into git, to the disk and into a hash without its outputs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from traitlets.config.loader import PyFileConfigLoader

from csrkit.inputs.hashes import file_hash, source_hash
from csrkit.inputs.plain_notebook import make_plain, plain_text

NAME = "notebooks/30-efficacy.ipynb"
SUBJECT = "SIM-001"
SCRIPT = "src/csrkit/inputs/plain_notebook.py"


def run_and_save(path, widgets=True):
    """Do to a notebook what Run All and Save do, and what else keeps outputs in a file."""
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells):
        cell.metadata["editable"] = True
        if cell.cell_type == "code":
            cell.execution_count = number + 1
            cell.metadata["tags"] = [*cell.metadata.get("tags", [])]
            cell.metadata["execution"] = {"iopub.execute_input": "2024-01-01T00:00:00Z", "note": SUBJECT}
            data = {"text/plain": f"  USUBJID\n0 {SUBJECT}", "text/html": f"<td>{SUBJECT}</td>"}
            cell.outputs = [
                nbformat.v4.new_output("stream", text=f"{SUBJECT}\n"),
                nbformat.v4.new_output("execute_result", data=data, execution_count=number + 1),
            ]
    notebook.metadata.kernelspec.display_name = "Python 3 (ipykernel)"
    notebook.metadata.language_info = {"name": "python", "version": "3.11.2", "file_extension": ".py"}
    if widgets:
        notebook.metadata.widgets = {"state": {"text": SUBJECT}}
    nbformat.write(notebook, path)


def edit(path, source):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += source
    nbformat.write(notebook, path)


@pytest.fixture
def repository(root, tmp_path):
    """Return a git repository that was set up as `make` sets one up, with one notebook committed."""
    folder = tmp_path / "clone"
    for name in (".gitattributes", "Makefile", SCRIPT, NAME):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, folder / name)
    git(folder, "init", "--quiet")
    make(folder, "guard")
    git(folder, "add", ".")
    commit(folder)
    return folder


def git(folder, *arguments, check=True):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    result = subprocess.run(
        ["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 or not check, result.stderr
    return result


def commit(folder):
    git(folder, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "--all", "--message=x")


def make(folder, target):
    command = ["make", target, f"PYTHON={sys.executable}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)


def test_a_notebook_run_and_saved_is_no_change_for_git(repository):
    before = git(repository, "rev-parse", f"HEAD:{NAME}").stdout
    run_and_save(repository / NAME)
    assert SUBJECT in (repository / NAME).read_text(encoding="utf-8")
    assert git(repository, "diff").stdout == ""
    git(repository, "add", NAME)  # until then git lists the file, since its size is another, but no change
    assert git(repository, "rev-parse", f":{NAME}").stdout == before
    assert git(repository, "status", "--porcelain").stdout == ""


def test_an_edit_is_stored_without_the_outputs_beside_it(repository, root):
    run_and_save(repository / NAME)
    edit(repository / NAME, "\n\nOne more sentence.")
    (repository / "out.ipynb").write_bytes((repository / NAME).read_bytes())  # papermill's, anywhere
    diff = git(repository, "diff").stdout
    assert "One more sentence." in diff
    assert SUBJECT not in diff
    git(repository, "add", "--all")
    commit(repository)
    for name in (NAME, "out.ipynb"):
        stored = git(repository, "show", f"HEAD:{name}").stdout
        assert "One more sentence." in stored
        assert SUBJECT not in stored
        assert '"outputs": []' in stored
    assert SUBJECT in (repository / NAME).read_text(encoding="utf-8")  # the researcher's copy keeps them


def test_a_notebook_that_cannot_be_made_plain_is_refused_by_git(repository):
    path = repository / NAME
    path.write_text("<<<<<<< HEAD\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    result = git(repository, "add", NAME, check=False)
    assert result.returncode != 0
    assert f"{NAME}: is no notebook that outputs can be taken from" in result.stderr
    assert "marks of a merge" in result.stderr
    (repository / ".git/plain_notebook.py").unlink()
    run_and_save_text = plain_text((repository / NAME).read_text(encoding="utf-8").split("\n", 1)[1])
    path.write_text(run_and_save_text, encoding="utf-8")
    assert git(repository, "add", NAME, check=False).returncode != 0  # no filter, no notebook


def test_where_nobody_ran_make_the_check_says_the_cure(repository):
    git(repository, "config", "--remove-section", "filter.plain-notebook")
    run_and_save(repository / NAME)
    git(repository, "add", NAME)
    assert SUBJECT in git(repository, "show", f":{NAME}").stdout  # nothing in the tree can hinder git
    command = [sys.executable, "-I", SCRIPT, "--check", NAME]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == f"{NAME}: holds outputs, which may name subjects, or noise. Run: make strip\n"
    make(repository, "strip")
    assert (
        subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False).returncode == 0
    )
    git(repository, "add", NAME)
    assert git(repository, "status", "--porcelain").stdout == ""


def test_a_commit_that_has_the_program_elsewhere_can_be_worked_on(repository):
    (repository / "elsewhere").mkdir()
    git(repository, "mv", SCRIPT, "elsewhere/plain_notebook.py")
    commit(repository)
    run_and_save(repository / NAME)
    git(repository, "add", NAME)
    assert git(repository, "status", "--porcelain").stdout == ""


def test_what_sets_up_the_environment_sets_up_the_guard(root):
    """Every target that needs the environment asks for it, and it for the guard."""
    text = (root / "Makefile").read_text(encoding="utf-8")
    assert "\n$(SYNCED): uv.lock pyproject.toml | $(UV) guard\n" in text
    for target in ("report", "test", "bench", "lint", "lab", "simulate", "reproduce"):
        assert f"\n{target}: $(SYNCED)" in text


def test_a_copy_that_is_no_checkout_sets_up_without_git(root, tmp_path):
    shutil.copyfile(root / "Makefile", tmp_path / "Makefile")
    assert make(tmp_path, "guard").stderr == ""
    outer = tmp_path / "outer"  # unpacked within another repository, which is left alone
    (outer / "unpacked").mkdir(parents=True)
    git(outer, "init", "--quiet")
    before = (outer / ".git/config").read_bytes()
    shutil.copyfile(root / "Makefile", outer / "unpacked/Makefile")
    make(outer / "unpacked", "guard")
    assert (outer / ".git/config").read_bytes() == before


@pytest.mark.filterwarnings("ignore:Overriding existing pre_save_hook:UserWarning")  # by itself
def test_jupyterlab_saves_without_outputs_and_leaves_them_to_the_open_notebook(root, tmp_path):
    shutil.copyfile(root / NAME, tmp_path / "x.ipynb")
    config = PyFileConfigLoader("jupyter_server_config.py", path=str(root / ".jupyter")).load_config()
    contents = LargeFileManager(root_dir=str(tmp_path), config=config)
    run_and_save(tmp_path / "x.ipynb")
    model = contents.get("x.ipynb")
    assert SUBJECT in json.dumps(model["content"])
    saved = {"type": "notebook", "format": "json", "content": model["content"]}
    contents.save(saved, "x.ipynb")
    assert SUBJECT in json.dumps(model["content"])  # what the browser holds is another object
    assert (tmp_path / "x.ipynb").read_bytes() == (root / NAME).read_bytes()  # git sees the file unchanged
    contents.save({"type": "file", "format": "text", "content": SUBJECT}, "notes.txt")
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == SUBJECT


def test_lab_loads_the_hook(root):
    recipe = (root / "Makefile").read_text(encoding="utf-8").split("\nlab:")[1].split("\n")[1]
    assert recipe.strip().startswith('JUPYTER_CONFIG_PATH="$(CURDIR)/.jupyter" ')


def test_only_what_a_person_wrote_is_an_input(root, tmp_path):
    path = Path(shutil.copyfile(root / NAME, tmp_path / "x.ipynb"))
    before = source_hash(path)
    assert before == file_hash(root / NAME)  # a committed notebook is plain
    run_and_save(path)
    assert source_hash(path) == before != file_hash(path)
    edit(path, " ")
    assert source_hash(path) != before
    path.write_text("no notebook", encoding="utf-8")
    assert source_hash(path) == file_hash(path)


def test_tags_stay_and_none_of_them_keeps_an_output():
    output = nbformat.v4.new_output("stream", text=SUBJECT)
    cell = nbformat.v4.new_code_cell("1", outputs=[output], metadata={"tags": ["parameters", "keep_output"]})
    cell.metadata["init_cell"] = cell.metadata["keep_output"] = True
    plain = make_plain(nbformat.v4.new_notebook(cells=[cell], metadata={"keep_output": True}))
    assert SUBJECT not in json.dumps(plain)
    assert plain["cells"][0]["metadata"] == {"tags": ["parameters", "keep_output"]}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"nbformat": 3, "worksheets": []}', '{"nbformat": 4}'])
def test_what_is_no_notebook_is_an_error(text):
    with pytest.raises(ValueError, match=r"notebook of format 4|Expecting value"):
        plain_text(text)
