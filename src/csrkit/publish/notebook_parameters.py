"""A notebook's parameters: what it offers, whether each value arrived, and edits that count."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from csrkit.errors import NotebookError
from csrkit.inputs.plain_notebook import make_plain
from csrkit.many import Displays
from csrkit.parameters.report import Report

# A notebook's parameters, read by Python's own parser: what it offers, and whether each value arrived.
#
# Papermill's parser reads line by line: it drops a parameter whose default or comment has a second `=`.
# Here either a value arrives or the build stops.

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
        (with line and names); a name that appears twice; a later cell that sets a parameter anew, so that a
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
            f"{notebook}: {', '.join(offered)} did not arrive: the cell tagged `{_INJECTED}` must be "
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
                f"{place}, line {statement.lineno}: the parameter {name} is already set in line "
                f"{lines[name]}. Keep one."
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
            f"{place}: the parameter {target.id} is computed ({code!r}), before the values that it is "
            f"made from are set. Compute it in a later cell. {_FORM}"
        ) from None


def _refuse_overwriting(source: str, names: set[str], place: str) -> None:
    """Refuse a cell that gives a parameter a value of its own; one made from the parameter's is right."""
    if (tree := _tree(source)) is None:
        return  # it fails when it runs, with its own message
    for name, line in _bound(tree):
        if name in names:
            raise NotebookError(
                f"{place}, line {line}: sets the parameter {name} again, so a value of the report would "
                "not count. Use another name for what is set there."
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


# A value edited in a notebook's parameter cell counts, or the build stops and says where it is set.
#
# `rules` are for work on one notebook alone: a report's rules hold for all of its notebooks, and stand in
# its parameters. To the parameters that a version fixes for all notebooks (confidence level, cut-off, how
# many are shown one by one) it gives its own values, whatever stands in the cell; one that is neither the
# default of a version nor what this version gives was edited: used in silence it would never be.
#
# Where the trial's files are has no such default. There a notebook is held to the others of the version.
# Where its files go (`output`) is the notebook's own affair when it runs alone, and changes no number.

Defaults = Mapping[str, Mapping[str, Any]]

# What a version takes that says nothing of it, in the form that a cell has it.
_UNSAID = {
    "data_cutoff": "",
    "cohorts": [],
    "confidence_level": Report.model_fields["confidence_level"].default,
    **Displays().model_dump(),
}
_PLACES = {"study_file": "study", "data": "data"}  # parameter of the notebooks to name in the parameter file


def refuse_edits(defaults: Defaults, given: Mapping[str, Any], parameters: Path) -> None:
    """Stop when a version would replace a value that was edited in a notebook.

    Parameters
    ----------
    defaults
        Name of each notebook of the version to its parameters and their defaults.
    given
        What the version gives every notebook: name to value; ``study_file`` and ``data`` as the parameter
        file has them.
    parameters
        The version's parameter file.

    Raises
    ------
    NotebookError
        With each notebook, parameter, the values and where to set it.
    """
    faults = [
        f"notebooks/{notebook}.ipynb: {fault}"
        for notebook, own in defaults.items()
        for fault in (
            *_edited_rules(own, parameters),
            *_edited_choices(own, given, parameters),
            *_edited_places(notebook, defaults, given, parameters),
        )
    ]
    if faults:
        raise NotebookError("\n".join(faults))


def say_replaced(
    defaults: Defaults, given: Mapping[str, Any], report: Report, parameters: Path
) -> Iterator[str]:
    """Yield a sentence for each value of the notebooks' own that the parameter file replaces."""
    for name in _PLACES:
        usual = _usual(name, defaults)
        if usual is not None and not alike(usual, given[name]):
            yield f"{parameters} gives {name} {given[name]!r}, in place of {usual!r} in the notebooks"
    for notebook, overrides in report.notebooks.items():
        for name, value in overrides.items():
            if not alike(defaults[notebook][name], value):
                own = defaults[notebook][name]
                yield f"{parameters} gives {notebook} {name} {value!r}, in place of {own!r} in the notebook"


def alike(one: object, other: object) -> bool:
    """Tell whether two values are the same for a notebook: 30 is 30.0, but 1 isn't true."""
    return _plain(one) == _plain(other)


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return ("truth", value) if isinstance(value, bool) else value


def _edited_rules(own: Mapping[str, Any], parameters: Path) -> Iterator[str]:
    if own.get("rules"):
        yield (
            f"rules is {own['rules']!r} in the cell tagged `parameters`, for work on this notebook alone. To "
            f"try them in this version, set them in {parameters}: `rules: {_yaml(own['rules'])}`; to change "
            f"them for good, in {own['study_file']}; else write {{}} in the cell."
        )


def _edited_choices(own: Mapping[str, Any], given: Mapping[str, Any], parameters: Path) -> Iterator[str]:
    for name, unsaid in _UNSAID.items():
        if name in own and not _holds(own[name], unsaid, given[name]):
            setting = f"{name}: {_yaml(own[name])}"
            setting = f"displays: {{{setting}}}" if name in Displays.model_fields else setting
            yield (
                f"{name} is {own[name]!r} in the cell tagged `parameters`, and the report would take "
                f"{given[name]!r}. Set it in {parameters}: `{setting}`; else write {unsaid!r} in the cell."
            )


def _edited_places(
    notebook: str, defaults: Defaults, given: Mapping[str, Any], parameters: Path
) -> Iterator[str]:
    for name, key in _PLACES.items():
        usual = _usual(name, defaults)
        own = defaults[notebook].get(name, usual)
        if not _holds(own, usual, given[name]):
            yield (
                f"{name} is {own!r} in the cell tagged `parameters`, {usual!r} in the other notebooks, and "
                f"the report would take {given[name]!r}. Set it in {parameters}: `{key}: {_yaml(own)}`; else "
                f"write {usual!r} in the cell."
            )


def _holds(default: object, reference: object, given: object) -> bool:
    return alike(default, reference) or alike(default, given)


def _usual(name: str, defaults: Defaults) -> Any:
    """Return the default that most notebooks have, of as many the first; None where none has the name."""
    found = [own[name] for own in defaults.values() if name in own]
    return max(found, key=lambda value: sum(alike(value, other) for other in found), default=None)


def _yaml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
