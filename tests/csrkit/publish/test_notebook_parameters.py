"""A value offered to a notebook arrives there, or the build stops."""

import nbformat
import pytest

from csrkit.errors import NotebookError
from csrkit.publish.notebook_parameters import check_arrival, read_parameters
from tests.csrkit.publish.notebook_jobs import make_job, run


def notebook(folder, parameters, *cells, tags=("parameters",)):
    first = nbformat.v4.new_code_cell(parameters, metadata={"tags": list(tags)})
    more = [nbformat.v4.new_code_cell(source) for source in cells]
    path = folder / "some.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=[first, *more], metadata={"kernelspec": kernel}), path)
    return path


def test_defaults_and_comments_are_read_as_python_reads_them(tmp_path):
    path = notebook(
        tmp_path,
        '"""What is offered."""\ncount: float = 30  # lowest count (>= 30 = response), a = b\n'
        'rule: str = "x == y # z"  # text\ndays: list = [\n    1,  # first = 1\n    8,\n]\nlow = -1.5\nnone: object = None',
    )
    assert read_parameters(path) == {
        "count": 30, "rule": "x == y # z", "days": [1, 8], "low": -1.5, "none": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a: int = 3\nb: int = a * 2", "cell 1, line 2: the parameter b is computed"),
        ("a, b = 1, 2", r"line 1: 'a, b = .*' is no parameter. Write one parameter a statement"),
        ("a = b = 1", "is no parameter"),
        ("a: int", "the parameter a has no value"),
        ("a: int = 3\n\na: int = 4", "line 3: the parameter a is already set in line 1. Keep one"),
        ("a: int = 3\nif a:\n    a = 4", "line 2: 'if a:' is no parameter"),
        ("a: int = = 3", "line 1: is no Python"),
    ],
)
def test_a_parameter_that_a_value_would_not_reach_is_named(tmp_path, source, message):
    with pytest.raises(NotebookError, match=rf"some\.ipynb.*{message}"):
        read_parameters(notebook(tmp_path, source))


@pytest.mark.parametrize(
    "source",
    ["x = 1\na = 30", "for a in (1, 2):\n    pass", "a, x = 1, 2", "if True:\n    a = 30", "import os as a",
     "%config a=1\na: int = 4", "def f():\n    global a\n    a = 3", "x = [a := 1 for _ in (1,)]", "del a"],
)  # fmt: skip
def test_a_later_cell_must_not_set_a_parameter_anew(tmp_path, source):
    with pytest.raises(NotebookError, match=r"some\.ipynb: cell 3, line [12]: sets the parameter a again"):
        read_parameters(notebook(tmp_path, "a: int = 3", "print(a)", source))


@pytest.mark.parametrize(
    "source",
    [
        "a = float(a)",
        "a += 1",
        "b = a",
        "x = [a for a in (1, 2)]",
        "def f(a):\n    a = 3",
        "!ls a = 3",
        "a ==",
    ],
)
def test_what_is_made_from_a_parameter_keeps_its_value(tmp_path, source):
    assert read_parameters(notebook(tmp_path, "a: int = 3", source)) == {"a": 3}


def test_two_cells_with_the_tag_are_refused(tmp_path):
    path = notebook(tmp_path, "a: int = 3", "b: int = 3")
    content = nbformat.read(path, as_version=4)
    content.cells[1].metadata["tags"] = ["parameters"]
    nbformat.write(content, path)
    with pytest.raises(NotebookError, match="2 cells bear the tag"):
        read_parameters(path)


def test_what_arrived_is_compared_with_what_was_offered(tmp_path):
    path = notebook(tmp_path, "a: int = 3\nb: list = []", "a = 90\nb = [1.0]")
    content = nbformat.read(path, as_version=4)
    content.cells[1].metadata["tags"] = ["injected-parameters"]
    check_arrival(content, path, {"a": 90, "b": [1.0]})
    for offered, message in (
        ({"a": 30}, "a is 30 in the report's parameters, but 90 arrived .*line 1"),
        ({"a": True}, "a is True"),
        ({"b": [1]}, r"b is \[1\]"),
        ({"c": 1}, "c is 1 .* but nothing arrived"),
    ):
        with pytest.raises(NotebookError, match=message):
            check_arrival(content, path, offered)
    content.cells.insert(1, nbformat.v4.new_code_cell("a"))
    with pytest.raises(NotebookError, match="a did not arrive"):
        check_arrival(content, path, {"a": 90})


def test_a_value_reaches_a_parameter_whose_comment_has_an_equals_sign(tmp_path):
    """Papermill alone drops it: the notebook then runs on its own default."""
    job = make_job(tmp_path, "some", values={"count": 90})
    path = notebook(
        tmp_path / "notebooks",
        'count: int = 30  # lowest count of a response (>= 30)\nrows: str = ""',
        "import pathlib\npathlib.Path(rows).write_text(str(count))",
    )
    assert list(read_parameters(path)) == ["count", "rows"]
    run(job)
    assert (tmp_path / job.parameters["rows"]).read_text() == "90"
