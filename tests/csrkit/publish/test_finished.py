"""The record of a run holds all that it read and made."""

from pathlib import Path
from types import SimpleNamespace

from csrkit.inputs.hashes import Seen
from csrkit.publish.unchanged import nothing_to_do
from csrkit.publish.version import record_run


def make_run(root):
    names = [
        "params/demo.yml",
        "data/ae.xpt",
        "report/page.qmd",
        "fonts/Font.ttf",
        "work/demo/fonts/Face.otf",
    ]
    names += ["notebooks/10.ipynb", "work/demo/notebooks/10.ipynb", "work/demo/rows/10/results.parquet"]
    for name in [*names, "work/demo/render/book/index.html"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text('{"cells": [], "nbformat": 4}')
    seen = Seen()
    for name in names[:3]:
        seen.hash(root / name)
    files = (root / "fonts/Font.ttf", root / "work/demo/fonts/Face.otf")
    return SimpleNamespace(
        program=SimpleNamespace(modules=["itpcsr.publish.trial"], preloaded=["itpcsr.publish.preloaded"]),
        root=root,
        parameters=root / "params/demo.yml",
        report=SimpleNamespace(
            report="demo", notebooks={"10": {}}, pages=None, data=[Path("data")], given={}, external=False
        ),
        fonts=SimpleNamespace(fonts=SimpleNamespace(files=files), hashes={}),
        opened=SimpleNamespace(seen=seen),
        notebook=lambda name: root / f"notebooks/{name}.ipynb",
        executed=lambda name: root / f"work/demo/notebooks/{name}.ipynb",
        rows_folder=lambda name: root / "work/demo/rows" / name,
    )


def test_a_run_that_was_recorded_is_up_to_date_until_something_changes(tmp_path):
    run, book = make_run(tmp_path), tmp_path / "work/demo/render/book"

    def reasons():
        return [*nothing_to_do(tmp_path, Path("params/demo.yml"), "render", {"to": ["html"]}).reasons]

    record_run(run, "render", {"to": ["html"]}, result=book, folders=[book])
    assert reasons() == []
    for name in (
        "work/demo/notebooks/10.ipynb",
        "work/demo/rows/10/results.parquet",
        "work/demo/fonts/Face.otf",
    ):
        before = (tmp_path / name).read_text()
        (tmp_path / name).write_text("other")
        assert reasons() == [f"{name} changed"]
        (tmp_path / name).write_text(before)
    (book / "index.html").unlink()
    (tmp_path / "data/new.xpt").write_text("")
    assert reasons() == ["data/new.xpt is new"]
    (tmp_path / "data/new.xpt").unlink()
    assert reasons() == ["work/demo/render/book/index.html is gone"]
