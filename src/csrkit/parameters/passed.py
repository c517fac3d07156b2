"""What papermill passed to a notebook, held to what the notebook offers.

Papermill takes a misspelled name without an error: the notebook then runs on its own value, and what was
asked for is nowhere. It writes what it passes into a cell of its own, after the cell of the parameters.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

from csrkit.errors import NotebookError

_MARK = "# Parameters"  # the first line of the cell that papermill writes


def refuse_unknown_names() -> None:
    """Stop a notebook that was passed a name that it doesn't offer; nothing happens outside of a notebook.

    Raises NotebookError with the names passed and the names offered.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        check_passed(shell.user_ns.get("In", ()))


def check_passed(cells: Iterable[str]) -> None:
    """Stop when papermill's cell sets a name that the notebook doesn't offer.

    ``cells`` are the sources of the cells run so far. Offered is what the cell before papermill's sets, and
    what any cell declares as ``name: type = value``, however often and in which order cells were run.

    Raises NotebookError with the names passed and the names offered.
    """
    passed: set[str] = set()
    offered: set[str] = set()
    before: set[str] = set()
    for source in cells:
        declared, assigned = _names(source, ast.AnnAssign), _names(source, ast.Assign)
        offered |= declared
        if source.startswith(_MARK):
            passed |= assigned
            offered |= before
        before = declared | assigned
    if unknown := sorted(passed - offered):
        raise NotebookError(
            f"{', '.join(unknown)} was passed to this notebook, which doesn't offer it. "
            f"Its parameters: {', '.join(sorted(offered))}."
        )


def _names(source: str, kind: type[ast.Assign] | type[ast.AnnAssign]) -> set[str]:
    """Return the names that a cell's statements of one kind give a value."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # it failed where it ran
        return set()
    targets: list[ast.expr] = []
    for statement in statements:
        if isinstance(statement, kind):
            targets += statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}
