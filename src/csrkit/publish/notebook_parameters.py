"""A notebook's parameters, read by Python's own parser: what it offers, and whether each value arrived.

Papermill's parser reads line by line: it drops a parameter whose default or comment has a second ``=``.
Here either a value arrives or the build stops.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from csrkit.errors import NotebookError
from csrkit.publish.plain_notebook import make_plain

_TAG, _INJECTED = "parameters", "injected-parameters"
_FORM = "Write one parameter a statement, its value a literal: name: int = 30  # what it is"
# Their names are their own: what is bound inside doesn't change the notebook's.
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def read_parameters(notebook: Path) -> dict[str, Any]:
    """Return the parameters of the cell tagged ``parameters``, name to default; empty without such a cell.

    Raises
    ------
    NotebookError
        No such file, no notebook, two such cells; a statement of the cell that is no name with a literal
        (with line and names); a name that stands twice; a later cell that sets a parameter anew, so that a
        value given would not count.
    """
    cells = _read(notebook)["cells"]
    tagged = [number for number, cell in enumerate(cells) if _TAG in _tags(cell)]
    if not tagged:
        return {}
    if len(tagged) > 1:
        raise NotebookError(
            f"{notebook}: {len(tagged)} cells bear the tag `{_TAG}`; one may. Put them together."
        )
    place = f"{notebook}: cell {tagged[0] + 1}"
    found = _assignments(cells[tagged[0]]["source"], place)
    for number, cell in enumerate(cells[tagged[0] + 1 :], tagged[0] + 2):
        if cell["cell_type"] == "code" and _INJECTED not in _tags(cell):
            _refuse_overwriting(cell["source"], set(found), f"{notebook}: cell {number}")
    return found


def check_arrival(executed: Any, notebook: Path, offered: Mapping[str, Any]) -> None:
    """See that an executed notebook was given every value: in the cell after its parameters, and as offered.

    Raises NotebookError with the notebook, the line of the cell and the parameter.
    """
    cells = executed.cells
    places = [number for number, cell in enumerate(cells) if _INJECTED in _tags(cell)]
    before = [number for number, cell in enumerate(cells) if _TAG in _tags(cell)]
    if not offered:
        return
    if len(places) != 1 or not before or places[0] != before[0] + 1:
        raise NotebookError(
            f"{notebook}: {', '.join(offered)} did not arrive: the cell tagged `{_INJECTED}` has to stand "
            f"alone, right after the one tagged `{_TAG}`. Remove what an earlier run left there."
        )
    given = _injected(cells[places[0]].source)
    for name, value in offered.items():
        line, arrived = given.get(name, (0, None))
        if not line or not _same(arrived, value):
            found = repr(arrived) if line else "nothing"
            raise NotebookError(
                f"{notebook}: {name} is {value!r} in the report's parameters, but {found} arrived in the "
                f"notebook (line {line} of the cell tagged `{_INJECTED}`). Give it as text, number or list."
            )


def _read(notebook: Path) -> Any:
    try:
        return make_plain(json.loads(notebook.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise NotebookError(
            f"{notebook}: there is no such notebook. Check `notebooks` in the parameters."
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise NotebookError(f"{notebook}: can't be read as a notebook ({error}).") from error


def _tags(cell: Any) -> list[str]:
    tags: list[str] = cell["metadata"].get("tags", []) if cell["cell_type"] == "code" else []
    return tags


def _assignments(source: str, place: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for statement in _parse(source, place).body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring
        name, value = _one_parameter(statement, f"{place}, line {statement.lineno}")
        if name in found:
            raise NotebookError(
                f"{place}, line {statement.lineno}: the parameter {name} stands in line {lines[name]} "
                "already. Keep one."
            )
        found[name], lines[name] = value, statement.lineno
    return found


def _parse(source: str, place: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise NotebookError(f"{place}, line {error.lineno}: is no Python ({error.msg}). {_FORM}") from error


def _one_parameter(statement: ast.stmt, place: str) -> tuple[str, Any]:
    """Return name and default of one statement. Raises NotebookError for any other than name = literal."""
    targets = (
        statement.targets
        if isinstance(statement, ast.Assign)
        else [statement.target]
        if isinstance(statement, ast.AnnAssign)
        else []
    )
    target = targets[0] if len(targets) == 1 else None
    code = ast.unparse(statement).splitlines()[0][:60]
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(target, ast.Name):
        raise NotebookError(f"{place}: {code!r} is no parameter. {_FORM}")
    if statement.value is None:
        raise NotebookError(f"{place}: the parameter {target.id} has no value. {_FORM}")
    try:
        return target.id, ast.literal_eval(statement.value)
    except (ValueError, TypeError):
        raise NotebookError(
            f"{place}: the parameter {target.id} is computed ({code!r}), before any value is given to what "
            f"it is made from. Compute it in a later cell. {_FORM}"
        ) from None


def _refuse_overwriting(source: str, names: set[str], place: str) -> None:
    """Refuse a cell that gives a parameter a value of its own; one made from the parameter's is right."""
    if (tree := _tree(source)) is None:
        return  # it fails when it runs, with its own message
    for name, line in _bound(tree):
        if name in names:
            raise NotebookError(
                f"{place}, line {line}: sets the parameter {name} anew, so that a value of the report would "
                "not count. Give what is set there another name."
            )


def _tree(source: str) -> ast.Module | None:
    """Return the syntax tree of a cell, magics and all; None where it has none."""
    with suppress(SyntaxError):
        return ast.parse(source)
    from IPython.core.inputtransformer2 import (
        TransformerManager,  # takes half a second; few cells have magics
    )

    with suppress(SyntaxError):
        return ast.parse(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
    return None


def _bound(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each name that the code binds without reading it in the same statement, with its line."""
    for child in ast.iter_child_nodes(node):
        line = getattr(child, "lineno", 0)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name, line
            yield from ((name, line) for name in _declared_global(child))
        elif isinstance(child, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name.split(".")[0], line) for alias in child.names)
        elif isinstance(child, ast.Assign | ast.AnnAssign):
            value = child.value
            read = {part.id for part in ast.walk(value) if isinstance(part, ast.Name)} if value else set()
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            stored = [name for target in targets for name in _stored(target)] if value else []
            yield from ((name, line) for name in stored if name not in read)
            if value:
                yield from _bound(ast.Expr(value))
        elif isinstance(child, ast.AugAssign):
            pass  # made from its own value
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store | ast.Del):
            yield child.id, line
        elif isinstance(child, ast.ExceptHandler) and child.name:
            yield child.name, line
            yield from _bound(child)
        elif isinstance(child, _COMPREHENSIONS):
            walrus = (part for part in ast.walk(child) if isinstance(part, ast.NamedExpr))
            yield from ((part.target.id, line) for part in walrus)
        elif not isinstance(child, _SCOPES):
            yield from _bound(child)


def _stored(target: ast.expr) -> list[str]:
    """Return the names that a target binds; ``x[0]`` and ``x.y`` change what x holds, which counts too."""
    base = target
    while isinstance(base, ast.Subscript | ast.Attribute):
        base = base.value
    if isinstance(base, ast.Name):
        return [base.id]
    parts = (part for part in ast.walk(base) if isinstance(part, ast.Name))
    return [part.id for part in parts if isinstance(part.ctx, ast.Store)]


def _declared_global(node: ast.AST) -> set[str]:
    return {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}


def _injected(source: str) -> dict[str, tuple[int, Any]]:
    """Return name to line and value of what papermill wrote; a value that is no literal is its code."""
    found: dict[str, tuple[int, Any]] = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                value = ast.literal_eval(statement.value)
            except (ValueError, TypeError):
                value = ast.unparse(statement.value)
            found[statement.targets[0].id] = statement.lineno, value
    return found


def _same(arrived: object, offered: object) -> bool:
    """Tell whether two values are the same, kind included: 1 isn't true, and 1.0 not 1."""
    return json.dumps(arrived, default=repr) == json.dumps(offered, default=repr)
