"""What one report version chooses, and what papermill passed to a notebook."""

from __future__ import annotations

import ast
import datetime as dt
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from csrkit.bounds import Bounds
from csrkit.errors import NotebookError
from csrkit.many import Displays
from csrkit.parameters.validation import read_yaml, validate

# What one report version chooses: its parameter file.


class Limits(BaseModel):
    """How long a notebook may take, in seconds: far more than it needs, so that a hanging one ends.

    ``start_seconds`` is for its kernel to answer, ``cell_seconds`` for a cell to end, ``output_seconds`` for
    the output of an ended cell to arrive. ``memory_gb`` is what all processes of a run should not exceed
    together: fewer notebooks run at once then. None leaves them what the machine has.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_seconds: int = Field(default=300, gt=0)
    cell_seconds: int = Field(default=7200, gt=0)
    output_seconds: int = Field(default=600, gt=0)
    memory_gb: float | None = Field(default=None, gt=0)


class Report(BaseModel):
    """What one report version chooses.

    ``rules`` tries other values of the study file for the whole version; ``notebooks`` names the notebooks
    that run, each with values for parameters that are its own. ``given`` holds analysis datasets that are
    taken as they are, name (small letters) to file: they are neither derived nor cut off here, and no
    external version may have them, since nothing is known of what they hold. ``disclosure``:
    external for a version that leaves the house, with names, dates and small counts as ``docs/disclosure.md``
    says; ``disclosure_key`` is the file of its secret, ``minimum_count`` the smallest count that it shows.
    ``fonts`` are files of
    further fonts for PDF and charts, which are asked for a character before the font for Chinese is.
    ``reading`` raises bounds of the files that are read, ``running`` those of the notebooks' time and memory;
    ``displays`` says up to how many subjects, rows and values displays show one by one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    report: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")
    status: Literal["draft", "final"]
    title: str = Field(min_length=1)
    date: dt.date
    study: Path
    data: list[Path] = Field(min_length=1)
    given: dict[Annotated[str, Field(pattern=r"^ad[a-z0-9]{1,6}$")], Path] = {}
    data_cutoff: dt.date | None = None
    cohorts: list[str] | None = Field(default=None, min_length=1)
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    pages: Path | None = None
    fonts: list[Path] = []
    disclosure: Literal["internal", "external"] = "internal"
    disclosure_key: Path | None = None
    minimum_count: int = Field(default=3, ge=2, le=20)
    reading: Bounds = Bounds()
    running: Limits = Limits()
    displays: Displays = Displays()
    rules: dict[str, Any] = {}
    notebooks: dict[str, dict[str, Any]] = Field(min_length=1)

    @field_validator("data", "fonts", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _given_can_be_used(self) -> Report:
        if self.given and self.external:
            raise ValueError(
                "an external version can't disclose analysis datasets as given: leave out `given`"
            )
        if self.given and self.data_cutoff is not None:
            raise ValueError(
                "analysis datasets as given can't be cut off: leave out `given` or `data_cutoff`"
            )
        return self

    @property
    def name(self) -> str:
        """The published version's folder name, for example ``demo-1.0.0``."""
        return f"{self.report}-{self.version}"

    @property
    def external(self) -> bool:
        """True for a version that leaves the house."""
        return self.disclosure == "external"

    @property
    def cutoff(self) -> str | None:
        """The data cut-off as it is shown: the day, in an external version its year; None for none."""
        if self.data_cutoff is None:
            return None
        return str(self.data_cutoff.year) if self.external else self.data_cutoff.isoformat()


def read_report(path: str | Path) -> Report:
    """Read and validate a report version's parameter file; relative paths stay relative to the project root.

    Raises ParameterError with file, key, value and what is allowed.
    """
    path = Path(path)
    return validate(Report, read_yaml(path), path)


# What papermill passed to a notebook, held to what the notebook offers.
#
# Papermill takes a misspelled name without an error: the notebook then runs on its own value, and what was
# asked for is nowhere. It writes what it passes into a cell of its own, after the cell of the parameters.

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
