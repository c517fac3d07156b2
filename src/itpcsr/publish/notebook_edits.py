"""A value edited in a notebook's parameter cell counts, or the build stops and says where it is set.

A version gives its own values to the parameters that the study file or its parameter file fixes, whatever
stands in the cell. To tell an edit from another study's value, each default is held to what it was written
from: the values of the study file that the cell itself names as ``study_file``, and for what every version
chooses the default of a version. A default that is neither this value nor the one that the version gives
was edited (or the study file was, and the cell wasn't): used in silence it would never be.

Where the trial's files are has no such value. There a notebook is held to the others of the version. Where
its rows go (``output``) is the notebook's own affair when it runs alone, and changes no number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from csrkit.errors import NotebookError, ParameterError
from csrkit.many import Displays
from itpcsr.study import Report, read_study

Defaults = Mapping[str, Mapping[str, Any]]

# What a version takes that says nothing of it, in the form that a cell has it.
_UNSAID = {
    "data_cutoff": "",
    "cohorts": [],
    "confidence_level": Report.model_fields["confidence_level"].default,
    **Displays().model_dump(),
}
_PLACES = {"study_file": "study", "data": "data"}  # parameter of the notebooks to name in the parameter file


def refuse_edits(defaults: Defaults, given: Mapping[str, Any], parameters: Path, root: Path) -> None:
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
    root
        The project's folder.

    Raises
    ------
    NotebookError
        With each notebook, parameter, the values and where to set it.
    """
    rules = {file: _read_values(file, root) for file in {own["study_file"] for own in defaults.values()}}
    faults = [
        f"notebooks/{notebook}.ipynb: {fault}"
        for notebook, own in defaults.items()
        for fault in (
            *_edited_rules(own, given, parameters, rules[own["study_file"]]),
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


def _read_values(file: str, root: Path) -> dict[str, Any]:
    """Return the values of the study file that a cell names."""
    try:
        return read_study(root / file).values()
    except ParameterError as error:
        raise NotebookError(f"A notebook's cell tagged `parameters` names {file}. {error}") from error


def _edited_rules(
    own: Mapping[str, Any], given: Mapping[str, Any], parameters: Path, rules: Mapping[str, Any]
) -> Iterator[str]:
    file = own["study_file"]
    for name, default in own.items():
        if name in rules and name in given and not _holds(default, rules[name], given[name]):
            yield (
                f"{name} is {default!r} in the cell tagged `parameters`, {rules[name]!r} in {file}, and the "
                f"report would take {given[name]!r}. To try {default!r} in this version, set it in "
                f"{parameters}: `rules: {{{name}: {_yaml(default)}}}`; to change it for good, in {file} and "
                f"in every notebook that lists it; else write {rules[name]!r} in the cell."
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
