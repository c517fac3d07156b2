"""The static import graph: over-inclusion is allowed, under-inclusion never."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from csrkit.inputs.imports import Imports, read_names

LOADED = """
import ast, json, sys
from pathlib import Path
for path in sorted(Path("notebooks").glob("*.ipynb")):
    cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    nodes = [n for c in cells for n in ast.walk(ast.parse("".join(c["source"])))]
    imports = [n for n in nodes if isinstance(n, (ast.Import, ast.ImportFrom))]
    exec(compile(ast.Module(imports, []), path.name, "exec"), {})
    ours = [name for name in sys.modules if name.split(".")[0] == "itpcsr"]
    print(json.dumps([path.name, [sys.modules.pop(name).__file__ for name in ours]]))
"""


@pytest.fixture
def program(tmp_path):
    """Write modules and notebooks by name and text; return what asks for the files that an entry runs."""
    source, root = tmp_path / "src", tmp_path / "project"
    (root / "notebooks").mkdir(parents=True)

    def write(files):
        for name, text in {"own/__init__.py": "", **files}.items():
            path = (root if name.startswith(("notebooks/", "../")) else source) / name.removeprefix("../")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return ask

    def ask(entry, **options):
        imports = Imports(root, ["own"], source, **options)
        found = imports.hashes(root / entry if entry.endswith(".ipynb") else entry)
        return {name.removeprefix("own/") for name in found} - {"__init__.py"}

    ask.imports = lambda **options: Imports(root, ["own"], source, **options)
    ask.source, ask.root, write.ask = source, root, ask
    return write


def notebook(*cells):
    cells = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    text = {"cell_type": "markdown", "source": "import own.unused"}
    return json.dumps({"cells": [text, *cells], "nbformat": 4})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import own.b", {"b.py"}),
        ("import own.b as c, os", {"b.py"}),
        ("from own import b", {"b.py"}),
        ("from own import b as c, name", {"b.py"}),
        ("from own.b import name", {"b.py"}),
        ("from . import b", {"b.py"}),
        ("from .b import name", {"b.py"}),
        ("from .p.d import name", {"p/__init__.py", "p/d.py"}),
        ("from own.p import d", {"p/__init__.py", "p/d.py"}),
        ("from own.p import *", {"p/__init__.py", "p/d.py", "p/e.py"}),
        ("def f():\n    from own import b", {"b.py"}),
        ("try:\n    import fast\nexcept ImportError:\n    from own import b", {"b.py"}),
        ("import own\nown.p.d.name()", {"p/__init__.py", "p/d.py"}),
        ("from own import p as q\nq.d.name()", {"p/__init__.py", "p/d.py"}),
        ("from . import p\np.e.name()", {"p/__init__.py", "p/e.py"}),
        ("from importlib import import_module\nimport_module('own.b')", {"b.py"}),
        ("import importlib\nimportlib.import_module('own.b')", {"b.py"}),
        ("preload(['own.p.d'])", {"p/__init__.py", "p/d.py"}),
        ("entry = 'own.b:Class'", {"b.py"}),
        ("if TYPE_CHECKING:\n    import own.b\nelse:\n    import own.p.d", {"p/__init__.py", "p/d.py"}),
        ("import typing\nif typing.TYPE_CHECKING:\n    import own.b", set()),
        ("if not TYPE_CHECKING:\n    import own.b", {"b.py"}),
        ("import os, owner.b\nfrom other.own import b\ntext = 'own.b is a module'", set()),
    ],
)
def test_every_way_to_import_counts(program, text, found):
    ask = program(
        {"a.py": text} | {f"own/{name}": "" for name in ("b.py", "p/__init__.py", "p/d.py", "p/e.py")}
    )
    (ask.source / "a.py").rename(ask.source / "own/a.py")
    assert ask("own.a") == {"a.py", *found}


@pytest.mark.parametrize(
    "text",
    [
        "import_module(name)",
        "importlib.import_module('.b', 'own')",
        "list(map(importlib.import_module, names))",
        "from importlib import import_module as load\nload('b')",
        "__import__(name)",
        "exec(text)",
        "import runpy",
        "spec.loader.exec_module(module)",
        "get_ipython().run_line_magic('run', 'x')",
        "this is no Python",
        "1" + "+1" * 5_000,
    ],
)
def test_what_is_made_while_it_runs_counts_as_everything(program, text):
    ask = program({"own/a.py": text, "own/b.py": "", "own/p/d.py": ""})
    assert ask("own.a") == {"a.py", "b.py", "p/d.py"}


def test_the_program_makes_no_names(root):
    """Such a name would make every step depend on every file; what is imported beforehand is no step's."""
    files = [*(root / "src").rglob("*.py"), *(root / "notebooks").glob("*.ipynb")]
    notebooks = {path for path in files if path.suffix == ".ipynb"}
    assert len(notebooks) > 5
    found = [
        path.name
        for path in files
        if "*" in read_names(path.read_bytes(), notebook=path in notebooks)
        and path.name not in ("imports.py", "preloaded.py")
    ]
    assert found == []


def test_the_program_finds_its_files_by_its_modules(root):
    """A path from ``__file__`` could lead to a file that belongs to another module."""
    found = {
        path.name for path in (root / "src").rglob("*.py") if "__file__" in path.read_text(encoding="utf-8")
    }
    hash_the_program = {"manifest.py", "disclosing.py", "imports.py", "unchanged.py"}
    # a package of others, and a module that is imported and started
    assert found <= {*hash_the_program, "pandoc.py", "quarto.py"}


def test_imports_are_followed_through_others(program):
    ask = program(
        {"own/a.py": "import own.b", "own/b.py": "import own.c", "own/c.py": "import own.a", "own/d.py": ""}
    )
    assert ask("own.a") == {"a.py", "b.py", "c.py"}


def test_packages_on_the_way_run(program):
    ask = program(
        {
            "own/__init__.py": "import own.first",
            "own/first.py": "",
            "own/p/__init__.py": "from .d import name",
            "own/p/d.py": "",
            "own/p/q/e.py": "",
            "own/p/q/__init__.py": "",
        }
    )
    assert ask("own.p.q.e") == {"first.py", "p/__init__.py", "p/d.py", "p/q/__init__.py", "p/q/e.py"}


def test_other_files_belong_to_the_modules_of_the_nearest_folder_above(program):
    ask = program(
        {
            "own/mark": "",
            "own/p/__init__.py": "",
            "own/p/a.py": "",
            "own/p/table.csv": "",
            "own/p/templates/deep/page.html": "",
            "own/p/q/__init__.py": "",
            "own/p/q/own.csv": "",
            "own/space/d.py": "",
            "own/space/d.csv": "",
            "own/p/__pycache__/a.pyc": "",
            "own/p/.hidden.csv": "",
        }
    )
    above = {"mark", "p/__init__.py", "p/table.csv", "p/templates/deep/page.html"}
    assert ask("own.p.a") == {*above, "p/a.py"}
    assert ask("own.p.q") == {*above, "p/q/__init__.py", "p/q/own.csv"}
    assert ask("own.space.d") == {"mark", "space/d.py", "space/d.csv"}


def test_a_module_that_becomes_a_package_counts_as_both(program):
    ask = program({"own/a.py": "import own.b", "own/b.py": "", "own/b/__init__.py": ""})
    assert ask("own.a") == {"a.py", "b.py", "b/__init__.py"}


def test_notebooks_are_read_with_what_is_for_ipython(program):
    cells = [
        "%matplotlib inline\nimport own.a",
        "%%time\nfrom own import b",
        "files = !ls\nimport own.c",
        "own?",
    ]
    ask = program(
        {f"own/{name}.py": "" for name in ("a", "b", "c", "unused")} | {"notebooks/n.ipynb": notebook(*cells)}
    )
    assert ask("notebooks/n.ipynb") == {"a.py", "b.py", "c.py"}


def test_a_cell_that_is_no_python_counts_as_everything(program):
    ask = program(
        {"own/a.py": "", "own/b.py": "", "notebooks/n.ipynb": notebook("%%bash\nls -l 'x", "import own.a")}
    )
    assert ask("notebooks/n.ipynb") == {"a.py", "b.py"}
    (ask.root / "notebooks/n.ipynb").write_text("no notebook")
    assert ask("notebooks/n.ipynb") == {"a.py", "b.py"}


def test_modules_beside_notebooks_count(program):
    ask = program(
        {
            "own/a.py": "",
            "notebooks/helper.py": "import own.a",
            "../tools/__init__.py": "from . import more",
            "../tools/more.py": "",
            "../script.py": "",
            "notebooks/n.ipynb": notebook("import helper, tools, pandas", "%run script.py -v"),
        }
    )
    found = {"notebooks/helper.py", "tools/__init__.py", "tools/more.py", "a.py", "script.py"}
    assert ask("notebooks/n.ipynb") == found


def test_an_unknown_module_is_refused(program):
    ask = program({})
    with pytest.raises(ValueError, match=r"other\.a: is no module of own"):
        ask("other.a")


def test_the_hash_follows_the_files_that_run(program):
    ask = program({"own/a.py": "import own.b", "own/b.py": "", "own/c.py": "", "own/data.csv": "1"})

    def closure():
        return ask.imports().closure_hash("own.a")

    before = closure()
    (ask.source / "own/c.py").write_text("x = 1")
    assert closure() == before
    seen = {before}
    for name in ("own/a.py", "own/b.py", "own/data.csv"):
        (ask.source / name).write_text("import own.b\n")
        assert closure() not in seen
        seen.add(closure())
    (ask.source / "own/new.csv").write_text("")
    assert closure() not in seen


def test_the_hashes_are_those_of_who_gives_them(program):
    ask = program({"own/a.py": ""})
    hashes = ask.imports(hash_of=lambda path: f"hash of {path.name}").hashes("own.a")
    assert hashes == {"own/__init__.py": "hash of __init__.py", "own/a.py": "hash of a.py"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-9],
        lambda text: "[]",
        lambda text: text.replace("own.b", "own.c"),
        lambda text: json.dumps({**json.loads(text), "made_by": "another version"}),
    ],
)
def test_a_damaged_cache_is_not_believed(program, tmp_path, damage):
    ask = program({"own/a.py": "import own.b", "own/b.py": "", "own/c.py": ""})
    cache = tmp_path / "work/imports.json"
    assert ask("own.a", cache=cache) == {"a.py", "b.py"}
    cache.write_text(damage(cache.read_text()))
    assert ask("own.a", cache=cache) == {"a.py", "b.py"}


def test_the_cache_follows_the_content(program, tmp_path):
    ask = program({"own/a.py": "import own.b", "own/b.py": "", "own/c.py": ""})
    cache = tmp_path / "work/imports.json"
    ask("own.a", cache=cache)
    (ask.source / "own/a.py").write_text("import own.c")
    assert ask("own.a", cache=cache) == {"a.py", "c.py"}


def test_a_cache_that_can_not_be_written_stops_nothing(program, tmp_path):
    ask = program({"own/a.py": ""})
    (tmp_path / "file").write_text("")
    assert ask("own.a", cache=tmp_path / "file/imports.json") == {"a.py"}


def test_the_real_notebooks_load_nothing_else(root):
    told = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=root, capture_output=True, text=True, check=True
    )
    loaded = dict(map(json.loads, told.stdout.splitlines()))
    assert set(loaded) == {path.name for path in (root / "notebooks").glob("*.ipynb")}
    imports = Imports(root)
    for name, files in loaded.items():
        assert len(files) > 5
        assert set(map(Path, files)) - imports.files(root / "notebooks" / name) == set(), name


def test_the_simulator_is_in_no_notebook(root):
    imports = Imports(root)
    for path in (root / "notebooks").glob("*.ipynb"):
        assert not [
            file for file in imports.files(path) if "itpsim" in file.parts and file.stem != "__init__"
        ]


def test_a_warm_cache_answers_at_once(root, tmp_path):
    entries = [*sorted((root / "notebooks").glob("*.ipynb")), "itpcsr.adam"]
    spent = []
    for _ in range(4):
        before = time.process_time()
        imports = Imports(root, cache=tmp_path / "imports.json")
        for entry in entries:
            imports.closure_hash(entry)
        spent.append(time.process_time() - before)
    assert min(spent[1:]) < 0.25  # 0.09 seconds on the machine where it was written
