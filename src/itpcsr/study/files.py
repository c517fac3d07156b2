"""The study file and the tables beside it: an unknown name, a wrong type or an impossible value stops."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import Field

from csrkit.bounds import from_root
from csrkit.design import Column
from csrkit.errors import ParameterError
from csrkit.markers import Marker, MarkerTable
from csrkit.parameters.report import refuse_unknown_names
from csrkit.parameters.validation import MOST_FAULTS, Strict, read_yaml, short, validate
from itpcsr.study.model import SECTIONS, Study
from itpcsr.study.rules import Scenario, Scenarios

# Other registered studies that a registry record names beside the study's own.

# As ClinicalTrials.gov words them, in the order of displays; a record without phase has "".
Status = Literal[
    "Not yet recruiting",
    "Recruiting",
    "Enrolling by invitation",
    "Active, not recruiting",
    "Suspended",
    "Terminated",
    "Completed",
    "Withdrawn",
    "Unknown status",
]
Phase = Literal[
    "Early Phase 1",
    "Phase 1",
    "Phase 1/Phase 2",
    "Phase 2",
    "Phase 2/Phase 3",
    "Phase 3",
    "Phase 4",
    "N/A",
    "",
]
STATUSES: tuple[str, ...] = get_args(Status)
PHASES: tuple[str, ...] = get_args(Phase)


class RelatedStudy(Strict):
    """One registered study: number, title, status and phase as the record words them."""

    study_id: str = Field(pattern=r"^[A-Z0-9-]+$")
    title: str = Field(min_length=1)
    status: Status
    phase: Phase


class _RelatedStudies(Strict):
    studies: list[RelatedStudy]


def read_related(path: str | Path) -> list[RelatedStudy]:
    """Read and validate a CSV file of related studies; none for a study that names no file ("").

    Raises ParameterError with file, row, value and what is allowed.
    """
    if not str(path):
        return []
    path = from_root(path)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            records = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ParameterError(f"{path}: can't be read as a CSV file in UTF-8 ({error}).") from error
    studies = validate(_RelatedStudies, {"studies": records}, path).studies
    names = [study.study_id for study in studies]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ParameterError(f"{path}: {', '.join(twice)} appears twice; remove one.")
    return studies


ORIGINS = ("registry", "publication", "assumption")


def read_study(path: str | Path, *, cohorts: list[str] | None = None, **overrides: object) -> Study:
    """Read and validate a study file.

    Parameters
    ----------
    path
        YAML file; every leaf is ``{value: …, origin: registry | publication | assumption}``.
    cohorts
        Arm codes to report on; the table columns are cut down to them. None or empty takes all.
    **overrides
        Leaf name to value, for notebooks that try another rule. A name that the file's model doesn't have
        is an error; the names of ``efficacy`` are accepted and not used for a study without it.

    Raises
    ------
    ParameterError
        With file, key, value and what is allowed.
    NotebookError
        In a notebook that papermill passed a name which the notebook doesn't offer.
    """
    refuse_unknown_names()  # here since it is where a notebook's parameters are first used
    path = from_root(path)
    found = read_yaml(path)
    _refuse_unknown_sections(found, path)
    tree = {section: _plain(path, section, leaves) for section, leaves in found.items()}
    for name, value in overrides.items():
        section = _section_of(name, path)
        if section in tree or Study.model_fields[section].default is not None:
            tree.setdefault(section, {})[name] = value
    study = validate(Study, tree, path)
    if study.immune.marker_table:
        table = from_root(study.immune.marker_table)
        beside = path.parent / table.name  # a study file used from another folder has its table beside it
        study = study.with_markers(read_markers(table if table.exists() else beside))
    _check_treg(study, path)
    return _only_cohorts(study, cohorts, path) if cohorts else study


def _check_treg(study: Study, path: Path) -> None:
    """Hold the choice of a dose to a measured marker: else a criterion that has a weight would be empty."""
    rules = study.dose_finding
    measured = [marker.code for marker in study.markers if marker.domain]
    if rules is not None and rules.weight_treg > 0 and rules.treg_test not in measured:
        raise ParameterError(
            f"{path}: dose_finding.treg_test ({rules.treg_test}) is no measured marker of the marker table "
            f"({study.immune.marker_table or 'none is named'}); markers: {', '.join(measured) or 'none'}. "
            "Add it to the table, name another marker, or set dose_finding.weight_treg to 0."
        )


def _refuse_unknown_sections(tree: dict[str, Any], path: Path) -> None:
    """Refuse a file that is no study file before anything of what it holds is shown."""
    unknown = [f"  {short(name)}: unknown name." for name in tree if name not in SECTIONS]
    if unknown:
        shown = "\n".join(unknown[:MOST_FAULTS])
        raise ParameterError(f"{path}:\n{shown}\n  Known names: {', '.join(SECTIONS)}.")


def read_scenarios(path: str | Path, levels: int) -> list[Scenario]:
    """Read and validate a file of scenarios for a design with this many dose levels.

    Raises ParameterError with file, key, value and what is allowed.
    """
    path = from_root(path)
    scenarios = validate(Scenarios, read_yaml(path), path).scenarios
    for scenario in scenarios:
        if len(scenario.dlt) != levels:
            raise ParameterError(
                f"{path}: scenario {scenario.name} has {len(scenario.dlt)} dose levels, the design {levels}."
            )
    return scenarios


def read_markers(path: str | Path) -> list[Marker]:
    """Read and validate a marker table.

    Raises ParameterError with file, key, value and what is allowed.
    """
    path = Path(path)
    return validate(MarkerTable, read_yaml(path), path).markers


def write_study(path: Path, rules: dict[str, Any], target: Path) -> Path:
    """Write a copy of a study file in which other values stand, and return it.

    Raises ParameterError for a name that the study file doesn't hold; the values are checked when the copy
    is read.
    """
    tree = read_yaml(path)
    for name, value in rules.items():
        section = _section_of(name, path)
        if name not in tree.get(section, {}):
            raise ParameterError(f"{path}: has no {section}.{name} that `rules` could change.")
        note = f"changed for this version from {tree[section][name]['value']!r}"
        tree[section][name] = {"value": value, "origin": "assumption", "note": note}
    target.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    if not target.exists() or target.read_text(encoding="utf-8") != text:  # a build under way may read it
        target.write_text(text, encoding="utf-8")
    return target


def _section_of(name: str, path: Path) -> str:
    for section, model in SECTIONS.items():
        if name in model.model_fields:
            return section
    known = sorted(leaf for model in SECTIONS.values() for leaf in model.model_fields)
    raise ParameterError(f"{path}: no parameter is called {name!r}. Known parameters: {', '.join(known)}.")


def _only_cohorts(study: Study, cohorts: list[str], path: Path) -> Study:
    codes = [arm.code for arm in study.design.arms]
    unknown = sorted(set(cohorts) - set(codes))
    if unknown:
        raise ParameterError(f"{path}: cohorts names unknown arm {', '.join(unknown)}; arms: {codes}.")
    columns: list[Column] = []
    for column in study.design.columns:
        arms = [code for code in column.arms if code in cohorts]
        # a pooled column with the arms of one before it would say everything twice; the last is the total
        again = any(arms == other.arms for other in columns) and column is not study.design.columns[-1]
        if arms and not again:
            columns.append(column.model_copy(update={"arms": arms}))
    if not columns:
        raise ParameterError(f"{path}: no column of the study shows the cohorts {', '.join(cohorts)}.")
    return study.model_copy(update={"design": study.design.model_copy(update={"columns": columns})})


def read_origins(path: str | Path) -> dict[str, dict[str, str]]:
    """Return leaf name to its origin and note; a test holds section 9.8 of the report to them."""
    path = Path(path)
    return {
        leaf: {"origin": entry["origin"], "note": entry.get("note", "")}
        for section, leaves in read_yaml(path).items()
        for leaf, entry in _leaves(path, section, leaves)
    }


def _leaves(path: Path, section: str, leaves: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(leaves, dict):
        raise ParameterError(
            f"{path}: section {section} must hold names and values, but holds {short(leaves)}."
        )
    for leaf, entry in leaves.items():
        key = f"{section}.{leaf}"
        if not isinstance(entry, dict) or not {"value", "origin"} <= set(entry) <= {
            "value",
            "origin",
            "note",
        }:
            raise ParameterError(
                f"{path}: {key} must be written as {{value: …, origin: …}} with an optional note, "
                f"but is {short(entry)}."
            )
        if entry["origin"] not in ORIGINS:
            raise ParameterError(
                f"{path}: {key} has origin {short(entry['origin'])}; allowed: {', '.join(ORIGINS)}."
            )
        yield leaf, entry


def _plain(path: Path, section: str, leaves: object) -> dict[str, Any]:
    return {leaf: entry["value"] for leaf, entry in _leaves(path, section, leaves)}
