"""The store of analysis datasets, and memory that a process has freed, but keeps."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.compute as pc
import pyarrow.parquet as pq

from csrkit.disclosure.counted import Rule, read_rule
from csrkit.errors import DataError
from csrkit.inputs.hashes import file_hash
from csrkit.small_texts import OWN_TEXTS

# Memory that a process has freed, but keeps for what it may need next.


def give_back_memory() -> None:
    """Let the system have what this process has freed; where the C library can't (Linux's can), less of it.

    Where frames of millions of records come and go, what is kept is a third of a process's memory.
    """
    pyarrow.default_memory_pool().release_unused()
    if trim := getattr(ctypes.CDLL(None) if os.name == "posix" else None, "malloc_trim", None):
        trim(0)


# The analysis datasets on disk: derived once, opened by every notebook, published as they are.

# Names the file to which a store adds each dataset that a notebook opens, with its hash.
OPENED = "ITPCSR_OPENED"
DESCRIPTION = "store.json"
FINDINGS, DOMAINS = "findings", "domains"
DISCLOSURE = "disclosure"  # a part of the key that the datasets of an external version have alone


@dataclass(frozen=True)
class Adam(Mapping[str, pd.DataFrame]):
    """The analysis datasets of a version, each read from its file when it is first asked for.

    Attributes
    ----------
    folder
        Where the files are: ``<dataset>.parquet`` and a description.
    key
        One hash of all that the datasets depend on.
    parts
        What the key is made of, name to hash: a store is that of a version when they are the same.
    files
        Each file of the trial, by its domain (``AE``, ``LB lbch.xpt``): its name and SHA-256.
    labels
        Domain to the label that its file carries; "" for none.
    characters
        Every character of the trial's texts once: what fonts have to show.
    simulated
        Whether all records say that they are simulated.
    hashes
        Dataset to the SHA-256 of its file, ``findings`` and ``domains`` among them.
    subjects
        Whose records alone are read; None takes all.
    """

    folder: Path
    key: str
    parts: Mapping[str, str]
    files: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, str]
    characters: str
    simulated: bool
    hashes: Mapping[str, str]
    subjects: tuple[str, ...] | None = None
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a dataset by its lower-case name.

        Raises KeyError with the names there are, and DataError where its file isn't that of this store.
        """
        if name not in self.datasets:
            raise KeyError(f"There is no dataset {name}; datasets: {', '.join(self.datasets)}.")
        return self._open(name)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the datasets."""
        return iter(self.datasets)

    def __len__(self) -> int:
        """Return how many datasets there are."""
        return len(self.datasets)

    @property
    def datasets(self) -> list[str]:
        """Return the names of the datasets, in order."""
        return [name for name in sorted(self.hashes) if name not in (FINDINGS, DOMAINS)]

    @property
    def findings(self) -> pd.DataFrame:
        """Return what the checks found and what stops no report."""
        return self._open(FINDINGS)

    @property
    def domains(self) -> pd.DataFrame:
        """Return one row per SDTM domain: DOMAIN, RECORDS, SUBJECTS (NaN where it describes no subject)."""
        return self._open(DOMAINS)

    @property
    def memory(self) -> int:
        """Return about how many bytes all datasets take as notebooks hold them: eight for each value."""
        sizes = [pq.read_metadata(self.path(name)) for name in self.datasets]
        return sum(8 * size.num_rows * size.num_columns for size in sizes)

    @property
    def rule(self) -> Rule | None:
        """Return the rule by which displays of an external version suppress small counts; None for any other.

        Raises DataError where the version's datasets stand without it, as before its notebooks first run.
        """
        return read_rule(self.folder) if DISCLOSURE in self.parts else None

    def only(self, subjects: Iterable[str]) -> Adam:
        """Return the same datasets, of which the records of these subjects alone are read."""
        return replace(self, subjects=tuple(sorted(subjects)), _frames={})

    def path(self, name: str) -> Path:
        """Return the file of a dataset."""
        return self.folder / f"{name}.parquet"

    def _open(self, name: str) -> pd.DataFrame:
        if name not in self._frames:
            path = self.path(name)
            if not path.exists() or file_hash(path) != self.hashes[name]:
                raise DataError(
                    f"{path}: isn't the dataset that was derived; it was derived anew or changed meanwhile. "
                    "Open the study again (run the notebook from its first cell)."
                )
            self._frames[name] = read_dataset(path, self.subjects)
        if log := os.environ.get(OPENED):
            with Path(log).open("a", encoding="utf-8") as stream:
                stream.write(f"{name} {self.hashes[name]}\n")
        return self._frames[name].copy(deep=False)  # what a notebook changes in it, it has for itself


def read_dataset(path: Path, subjects: Iterable[str] | None = None) -> pd.DataFrame:
    """Return the dataset of a file; of these subjects alone where they are given.

    Where pandas holds texts as Python's objects (see ``csrkit.small_texts``), each different text of a
    variable is one object, to which all its records point: a third of the memory.
    """
    schema, chosen = pq.read_schema(path), None
    if subjects is not None:
        kind = schema.field("USUBJID").type
        if not pyarrow.types.is_null(kind):  # as that of a dataset without any record is
            chosen = pc.field("USUBJID").isin(pyarrow.array(subjects, kind))
    if pd.get_option("mode.string_storage") != "python":
        return pd.read_parquet(path, filters=chosen)
    texts = [variable.name for variable in schema if pyarrow.types.is_large_string(variable.type)]
    table = pq.read_table(path, read_dictionary=texts, filters=chosen)
    frame: pd.DataFrame = table.to_pandas(split_blocks=True).astype(dict.fromkeys(texts, OWN_TEXTS))
    del table
    give_back_memory()
    return frame.set_axis(frame.columns.astype(OWN_TEXTS), axis=1)


def open_store(folder: Path) -> Adam | None:
    """Return the datasets that a folder holds; None where it holds none, or not all of them."""
    try:
        said = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        found = Adam(folder, **said)
    except (OSError, ValueError, TypeError):
        return None
    return found if all(found.path(name).exists() for name in found.hashes) else None


def hash_of(value: object) -> str:
    """Return one SHA-256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
