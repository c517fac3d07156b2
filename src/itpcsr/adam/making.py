"""Make the store of analysis datasets: derived once per data, cut-off, rules, program and environment."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from csrkit.bounds import from_root
from csrkit.errors import DataError
from csrkit.inputs.hashes import file_hash
from csrkit.inputs.imports import CACHE, Imports
from csrkit.inputs.packages import environment, hash_environment
from csrkit.small_texts import usual_texts
from csrkit.store import (
    DESCRIPTION,
    DISCLOSURE,
    DOMAINS,
    FINDINGS,
    Adam,
    give_back_memory,
    hash_of,
    open_store,
)
from itpcsr.adam.store import rules_hash
from itpcsr.sdtm import Trial, list_files, load_trial
from itpcsr.study import Study

# The module that makes the datasets; what it imports counts, too.
PROGRAM = "itpcsr.adam.making"
_ALONE = Path("work/adam")
_GIVEN = "given"


def open_or_derive(data: Sequence[str | Path], study: Study, data_cutoff: str | dt.date | None) -> Adam:
    """Return the datasets of a build where they are of these very inputs, else derive them for themselves.

    Those of a notebook run by itself lie in ``work/adam`` of the project, wherever it runs.
    """
    root = from_root("_quarto.yml").parent
    files, lock = list_files(data), root / "uv.lock"
    program = Imports(root, cache=root / CACHE).closure_hash(PROGRAM)
    parts = store_parts(files, study, data_cutoff, program, hash_environment(environment(lock), lock))
    for folder in [*sorted((root / "work").glob("*/adam")), root / _ALONE]:
        if (found := open_store(folder)) is not None and _but_given(found.parts) == parts:
            return found
    return write_store(root / _ALONE, load_trial(data, study, data_cutoff), study, parts, files)


def store_parts(
    files: Sequence[Path],
    study: Study,
    data_cutoff: str | dt.date | None,
    program: str,
    environment: str,
    hash_file: Callable[[Path], str] = file_hash,
    disclosure: str = "",
    given: Mapping[str, Path] | None = None,
) -> dict[str, str]:
    """Return what datasets depend on, name to hash: ``data``, ``cutoff``, ``rules``, ``program``, ….

    ``files`` are those of the trial, in the order in which they are read, ``program`` is the hash of the
    modules that derive, ``environment`` that of the installed packages. ``hash_file`` gives a file's hash.
    ``disclosure`` tells apart the datasets of an external version, ``given`` are the files of those that are
    taken as given.
    """
    taken = {name: hash_file(path) for name, path in (given or {}).items()}
    return {
        "data": _hash_data(files, hash_file),
        "cutoff": str(data_cutoff or ""),
        "rules": rules_hash(study),
        "program": program,
        "environment": environment,
        **({DISCLOSURE: disclosure} if disclosure else {}),
        **({_GIVEN: hash_of(taken)} if taken else {}),
    }


def _but_given(parts: Mapping[str, str]) -> dict[str, str]:
    """Return parts without the datasets as given: a notebook run by itself reads those that a build took."""
    return {name: part for name, part in parts.items() if name != _GIVEN}


def _hash_data(files: Sequence[Path], hash_file: Callable[[Path], str]) -> str:
    return hash_of([[path.name, hash_file(path)] for path in files])


def write_store(
    folder: Path, trial: Trial, study: Study, parts: Mapping[str, str], files: Sequence[Path]
) -> Adam:
    """Derive the datasets of a trial into a folder, which appears whole or not at all, and open them.

    Each dataset is written when it stands, and let go of with what none after it needs; so is the trial,
    unless the caller holds it. ``parts`` are what they depend on, from ``store_parts``, taken before the
    ``files`` were read.

    Raises DataError where a file of the trial changed while it was read, or a dataset isn't as its
    specification says.
    """
    # most runs open what was derived before
    from csrkit.conformance import refuse_faults, write_as_given, write_dataset
    from itpcsr.adam.datasets import derive_each
    from itpcsr.adam.specification import specify

    if _hash_data(files, file_hash) != parts["data"]:
        raise DataError("The data changed while they were read. Nothing was derived; run again.")
    said: dict[str, Any] = {
        "key": hash_of(dict(parts)),
        "parts": dict(parts),
        "files": describe_files(trial),
        "labels": {name: trial.labels.get(name, "") for name in sorted(trial.domains)},
        "characters": _characters(trial),
        "simulated": trial.simulated,
    }
    described = {FINDINGS: trial.findings, DOMAINS: count_domains(trial)}
    trial = replace(trial, domains=dict(trial.domains))
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        partial.chmod(0o755)
        hashes, specification = {}, specify(study)
        for name, frame in chain(described.items(), derive_each(trial, study)):
            path = partial / f"{name}.parquet"
            if name in trial.given:
                write_as_given(frame, path, name.upper(), trial.given[name])
            elif name in described:
                usual_texts(frame).to_parquet(path, index=False)
            else:
                refuse_faults(frame, specification[name], specification)
                write_dataset(frame, path, specification[name])
            hashes[name] = file_hash(path)
            del frame
            give_back_memory()
        said["hashes"] = dict(sorted(hashes.items()))
        text = json.dumps(said, indent=1, ensure_ascii=False)
        (partial / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
        _put_in_place(partial, folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Adam(folder, **said)


def describe_files(trial: Trial) -> dict[str, dict[str, str]]:
    """Return name and SHA-256 of each file of a trial, by its domain; ``mapping`` is the mapping file."""
    return {
        name: {"file": path.name, "sha256": file_hash(path)} for name, path in sorted(trial.files.items())
    }


def count_domains(trial: Trial) -> pd.DataFrame:
    """Count the records and subjects of each domain: DOMAIN, RECORDS, SUBJECTS.

    SUBJECTS is NaN for a domain that describes the trial and no subject (without USUBJID).
    """
    counts = [
        (name, len(frame), frame["USUBJID"].nunique() if "USUBJID" in frame else float("nan"))
        for name, frame in sorted(trial.domains.items())
    ]
    found = pd.DataFrame(counts, columns=["DOMAIN", "RECORDS", "SUBJECTS"])
    return found.astype({"DOMAIN": "str", "RECORDS": "float64", "SUBJECTS": "float64"})


def _characters(trial: Trial) -> str:
    found: set[str] = set()
    for frame in trial.domains.values():
        for variable in map(str, frame.select_dtypes("str")):
            found.update("".join(frame[variable].drop_duplicates()))
    return "".join(sorted(found))


def _put_in_place(partial: Path, folder: Path) -> None:
    """Give a filled folder its name; one that stood there goes."""
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        folder.rename(old / "old")
        partial.rename(folder)
        shutil.rmtree(old)
    else:
        partial.rename(folder)
