"""A value edited in a notebook's parameter cell counts, or the build stops and says where it is set.

``rules`` are for work on one notebook alone: a report's rules hold for all of its notebooks, and stand in its
parameters. To the parameters that a version fixes for all notebooks (confidence level, cut-off, how many are
shown one by one) it gives its own values, whatever stands in the cell; one that is neither the default of a
version nor what this version gives was edited: used in silence it would never be.

Where the trial's files are has no such default. There a notebook is held to the others of the version. Where
its files go (``output``) is the notebook's own affair when it runs alone, and changes no number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from csrkit.errors import NotebookError
from csrkit.many import Displays
from csrkit.parameters.report import Report

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
