"""Which files of the program a notebook or module runs, found from its text without running anything.

A step has to run again exactly when one of these files changed, so that **over-inclusion is allowed and
under-inclusion never**. It is right for these reasons:

- Every import counts wherever it stands: in functions, in branches, after a return. Those under
  ``TYPE_CHECKING`` alone never run.
- ``from a import b`` counts as ``a`` and ``a.b``; each package's ``__init__`` on the way runs and counts;
  ``from a import *`` counts as all modules in ``a``.
- A text that is the name of a module (``import_module("itpcsr.adam")``, ``files("itpcsr.sdtm")``, what a
  process is told to import) counts as its import, and so does an attribute (``itpcsr.adam.adsl``), which
  works where others have imported it.
- Where a program makes names or code while it runs (``import_module(name)``, ``exec``), and where a cell
  can't be read as Python, everything counts.
- A file that is no Python module belongs to every module of its folder, or of the nearest folder above that
  has one: a module below runs that folder's ``__init__``.
- What a module of ``without`` imports doesn't count: whoever asks knows that it doesn't run, or that it
  only imports beforehand what others import.
- Modules beside the notebooks and in the project's root, where a kernel looks first, count as the packages'
  own.

Nothing but the standard library is imported here: commands ask before they import anything else.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from csrkit.inputs.hashes import file_hash, text_hash

PACKAGES = ("csrkit", "itpcsr", "itpsim")
CACHE = Path("work/imports.json")
SOURCE = Path(__file__).parents[2]
_ALL = "*"
# Called with anything but a text, or handed on, these import what the text of a program doesn't say.
_MAKES_NAMES = {"import_module", "__import__"}
_RUNS_TEXT = {"exec", "eval"}
_RUNS_FILES = {
    "exec_module", "load_module", "run_module", "run_path", "run_cell", "run_cell_magic", "run_line_magic",
    "spec_from_file_location", "iter_modules", "walk_packages", "entry_points",
}  # fmt: skip
_MODULES_FOR_IT = {"builtins", "imp", "pkgutil", "runpy"}
_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w., ]+=\s*[%!].*|.*\S\?{1,2}\s*)$")
_WORD = re.compile(r"[\w./-]+")


class Imports:
    """The files that entries (notebooks, modules) run, and their hashes; each file is read and hashed once.

    Parameters
    ----------
    root
        The project's folder: names of files in it start there, and modules may lie in it and in its folder
        ``notebooks``.
    packages
        The names of the packages whose files count.
    source
        The folder in which the packages are.
    cache
        A file for what was found, by each file's hash; without one, or where it is damaged, all files are
        read. It may be deleted at any time.
    hash_of
        How a file's SHA-256 is had: as it is, or as a build saw it first.
    """

    def __init__(
        self,
        root: Path,
        packages: Sequence[str] = PACKAGES,
        source: Path = SOURCE,
        cache: Path | None = None,
        hash_of: Callable[[Path], str] = file_hash,
    ) -> None:
        """Begin with nothing read."""
        self._root, self._packages, self._source = root, tuple(packages), source
        self._beside = (root / "notebooks", root)
        self._hash_of = hash_of
        self._cache = None if cache is None else _Cache(cache, self._packages)
        self._local: dict[str, _Tree] = {}
        self._hashes: dict[Path, str] = {}
        self._direct: dict[Path, frozenset[Path]] = {}

    def files(self, *entries: Path | str, without: Iterable[str] = ()) -> set[Path]:
        """Return all files that the entries run: modules, and the other files of their folders.

        An entry is a notebook's file, which isn't itself among them, or a module's name, which is. What only
        the modules of ``without`` import is left out with them: those that certainly don't run. Raises
        ValueError for a name that is no module of the packages.
        """
        found: set[Path] = set()
        closed = {path for name in without for path in self._module(name) if path.name != "__init__.py"}
        waiting: list[Path] = []
        for entry in entries:
            waiting += self._direct_of(entry) if isinstance(entry, Path) else self._module(entry)
        while waiting:
            path = waiting.pop()
            if path not in found and path not in closed:
                found.add(path)
                waiting += self._direct_of(path) - found
        if self._cache is not None:
            self._cache.save()
        return found

    def hashes(self, *entries: Path | str, without: Iterable[str] = ()) -> dict[str, str]:
        """Return the SHA-256 of each file that the entries run, by its path from ``source`` or ``root``."""
        return {self._name(path): self._hash(path) for path in sorted(self.files(*entries, without=without))}

    def closure_hash(self, *entries: Path | str, without: Iterable[str] = ()) -> str:
        """Return one SHA-256 over names and contents of all files that the entries run."""
        found = self.hashes(*entries, without=without)
        return text_hash("".join(f"{name} {digest}\n" for name, digest in found.items()))

    def is_of_packages(self, path: Path) -> bool:
        """Tell whether a file belongs to one of the packages, whoever runs it."""
        return any(path.is_relative_to(self._source / name) for name in self._packages)

    @cached_property
    def _trees(self) -> dict[str, _Tree]:
        return {name: _Tree.of(name, self._source / name) for name in self._packages}

    def _module(self, name: str) -> set[Path]:
        tree = self._trees.get(name.partition(".")[0])
        if tree is not None and name in tree.modules:
            return self._resolve(name)
        raise ValueError(f"{name}: is no module of {', '.join(self._packages)}.")

    def _name(self, path: Path) -> str:
        start = next((place for place in (self._source, self._root) if path.is_relative_to(place)), None)
        return (path if start is None else path.relative_to(start)).as_posix()

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            self._hashes[path] = self._hash_of(path)
        return self._hashes[path]

    def _tree_with(self, path: Path) -> _Tree:
        trees = (*self._trees.values(), *self._local.values())
        return next((tree for tree in trees if path in tree.names), _Tree())

    def _direct_of(self, path: Path) -> frozenset[Path]:
        """Return what one file runs directly, with the other files of its folder."""
        if path not in self._direct:
            found = set(self._tree_with(path).others.get(path.parent, ()))
            for name in self._names_in(path) if path.suffix in (".py", ".ipynb") else ():
                found |= self._resolve(self._absolute(name, path))
            self._direct[path] = frozenset(found)
        return self._direct[path]

    def _names_in(self, path: Path) -> list[str]:
        if path.suffix == ".ipynb":
            return sorted(read_names(path.read_bytes(), self._packages, notebook=True))
        digest = self._hash(path)
        if self._cache is not None and digest in self._cache.names:
            return self._cache.names[digest]
        content = path.read_bytes()
        names = sorted(read_names(content, self._packages))
        # what was saved since it was hashed is nobody's: the build that hashed it finds that it changed
        if self._cache is not None and hashlib.sha256(content).hexdigest() == digest:
            self._cache.add(digest, names)
        return names

    def _absolute(self, name: str, path: Path) -> str:
        """Return a relative name as an absolute one."""
        level = len(name) - len(name.lstrip("."))
        if not level:
            return name
        parts = self._tree_with(path).names.get(path, "").split(".")
        base = parts[: len(parts) - level + (path.name == "__init__.py")]
        return ".".join([*base, name.lstrip(".")]).strip(".")

    def _resolve(self, name: str) -> set[Path]:
        """Return the files that an absolute name stands for, with each package's ``__init__`` on the way."""
        if name == _ALL:
            return {path for tree in self._trees.values() for path in tree.names}
        if "/" in name or name.endswith((".py", ".ipynb")):
            return {path for folder in self._beside if (path := folder / name).is_file()}
        first, *rest = name.split(".")
        tree = self._trees.get(first) or self._beside_notebooks(first)
        found: set[Path] = set()
        for length in range(len(rest) + 1):
            found |= set(tree.modules.get(".".join([first, *rest[:length]]), ()))
        if name.endswith(f".{_ALL}"):
            start = name.removesuffix(_ALL)
            inside = (other for other in tree.modules if other.startswith(start))
            found |= {path for other in inside for path in tree.modules[other]}
        return found

    def _beside_notebooks(self, first: str) -> _Tree:
        """Return the module or package of this name that lies beside the notebooks or in the root."""
        if first not in self._local:
            tree = _Tree()
            for folder in self._beside if first.isidentifier() else ():
                if (path := folder / f"{first}.py").is_file():
                    tree.add(first, path)
                if (folder / first).is_dir():
                    tree.update(_Tree.of(first, folder / first))
            self._local[first] = tree
        return self._local[first]


@dataclass
class _Tree:
    """The files of one package: those of modules by name, the others by the folder of their modules."""

    modules: dict[str, list[Path]] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)
    others: dict[Path, list[Path]] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, folder: Path) -> _Tree:
        tree = cls()
        tree._walk(name, folder, None)
        return tree

    def _walk(self, name: str, folder: Path, owner: Path | None) -> None:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        entries = [entry for entry in entries if not entry.name.startswith((".", "__pycache__"))]
        if any(entry.name.endswith(".py") for entry in entries):
            owner = folder
        for entry in entries:
            path = folder / entry.name
            if entry.is_dir():
                self._walk(f"{name}.{entry.name}", path, owner)
            elif path.suffix == ".py":
                self.add(name if path.stem == "__init__" else f"{name}.{path.stem}", path)
            elif owner is not None:
                self.others.setdefault(owner, []).append(path)

    def add(self, name: str, path: Path) -> None:
        self.modules.setdefault(name, []).append(path)
        self.names[path] = name

    def update(self, other: _Tree) -> None:
        for path, name in other.names.items():
            self.add(name, path)
        self.others.update(other.others)


class _Cache:
    """The names that files import, by the files' hashes, kept in one small file; this reader's own alone."""

    def __init__(self, path: Path, packages: Sequence[str]) -> None:
        self._path = path
        version = [sys.version_info[0], sys.version_info[1], *packages]
        self._made_by = text_hash(f"{version} {file_hash(Path(__file__))}")
        self._new = False

    @cached_property
    def names(self) -> dict[str, list[str]]:
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            names: dict[str, list[str]] = told["names"]
            right = told["made_by"] == self._made_by and told["sha256"] == self._sum(names)
            return names if right else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def _sum(self, names: dict[str, list[str]]) -> str:
        return text_hash(json.dumps(names))

    def add(self, digest: str, names: list[str]) -> None:
        self.names[digest] = names
        self._new = True

    def save(self) -> None:
        """Write what is new, in one step; where nothing can be written, nothing is kept."""
        if not self._new:
            return
        told = {"made_by": self._made_by, "sha256": self._sum(self.names), "names": self.names}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(told, stream)
            Path(name).replace(self._path)
            self._new = False
        except OSError:
            return


def read_names(content: bytes, packages: Iterable[str] = PACKAGES, *, notebook: bool = False) -> set[str]:
    """Return the names that a module or notebook imports, as they are written: ``a.b``, ``.b``, ``a.*``.

    ``*`` alone stands where anything may be imported. Of names in texts and attributes, those that begin with
    a package's name count.
    """
    names: set[str] = set()
    for text in _cells(content) if notebook else [content.decode("utf-8", "replace")]:
        tree, left_out = _parse(text)
        names |= {word for line in left_out for word in _WORD.findall(line)}
        try:
            names |= {_ALL} if tree is None else _Reader(packages).read(tree)
        except RecursionError:
            names.add(_ALL)
    return names


def _cells(content: bytes) -> list[str]:
    """Return the source of each code cell; one that can't be read as Python where it is no notebook."""
    try:
        cells = json.loads(content)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ["no notebook"]


def _parse(text: str) -> tuple[ast.Module | None, list[str]]:
    """Return the tree (None where there is none), and the lines for IPython that aren't in it."""
    try:
        return ast.parse(text), []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    lines = text.splitlines()
    left_out = [line for line in lines if _MAGIC.match(line)]
    kept = [match[1] + "pass" if (match := _MAGIC.match(line)) else line for line in lines]
    try:
        return ast.parse("\n".join(kept)), left_out
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None, lines


class _Reader(ast.NodeVisitor):
    """Collect the names that a tree imports."""

    def __init__(self, packages: Iterable[str]) -> None:
        any_of = "|".join(map(re.escape, packages))
        self._is_ours = re.compile(rf"(?:{any_of})(?:\.\w+)*(?::\w+)?")
        self._names: set[str] = set()
        self._bound: dict[str, str] = {}
        self._chains: set[tuple[str, str]] = set()

    def read(self, tree: ast.Module) -> set[str]:
        self.visit(tree)
        for first, rest in self._chains:
            # ``first`` may be bound anywhere in the file
            bound = self._bound.get(first, "")
            if bound.startswith(".") or self._is_ours.fullmatch(bound):
                self._names.add(f"{bound}.{rest}")
        return self._names

    def visit_If(self, node: ast.If) -> None:
        name = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", "")
        for child in node.orelse if name == "TYPE_CHECKING" else [node.test, *node.body, *node.orelse]:
            self.visit(child)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name, alias.asname or "")
            first = alias.name.partition(".")[0]
            self._bound[alias.asname or first] = alias.name if alias.asname else first

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        start = "." * node.level + (node.module or "")
        self._names.add(start)
        for alias in node.names:
            name = f"{start}{'' if start.endswith('.') else '.'}{alias.name}"
            self._import(name, alias.asname or "")
            self._bound[alias.asname or alias.name] = name

    def _import(self, name: str, called: str) -> None:
        self._names.add(name)
        first, last = name.split(".")[0], name.rpartition(".")[2]
        renamed = called and last in _MAKES_NAMES | _RUNS_TEXT | _RUNS_FILES
        if first in _MODULES_FOR_IT or renamed:
            self._names.add(_ALL)

    def visit_Call(self, node: ast.Call) -> None:
        children: Iterator[Any] = ast.iter_child_nodes(node)
        if _called(node.func) in _MAKES_NAMES and node.args and _is_absolute(node.args[0]):
            next(children)  # a text that names a module counts as such
            self._names.add(node.args[0].value)  # type: ignore[attr-defined]
        for child in children:
            self.visit(child)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in _MAKES_NAMES | _RUNS_TEXT | _RUNS_FILES:
            self._names.add(_ALL)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in _MAKES_NAMES | _RUNS_FILES:
            self._names.add(_ALL)
        first, _, rest = _dotted(node).partition(".")
        if first:
            self._chains.add((first, rest))
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and self._is_ours.fullmatch(node.value):
            self._names.add(node.value.partition(":")[0])


def _called(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_absolute(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and not node.value.startswith(".")


def _dotted(node: ast.expr) -> str:
    """Return an attribute of attributes of a name as it is written; "" for one of anything else."""
    if isinstance(node, ast.Attribute):
        start = _dotted(node.value)
        return f"{start}.{node.attr}" if start else ""
    return node.id if isinstance(node, ast.Name) else ""
