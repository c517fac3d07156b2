"""What every notebook begins with: the study, and its analysis datasets as a build has derived them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from csrkit.bounds import from_root
from csrkit.disclosure.counted import enforce
from csrkit.errors import DataError
from csrkit.store import Adam, hash_of, open_store
from itpcsr.study import Study, read_study


def open_study(
    study_file: str | Path,
    data: Sequence[str | Path],
    data_cutoff: str = "",
    cohorts: list[str] | None = None,
    store: str | Path = "",
    rules: Mapping[str, object] | None = None,
) -> tuple[Study, Adam]:
    """Return the study and its analysis datasets: what every notebook begins with.

    Parameters
    ----------
    study_file
        What the protocol fixes (``params/study.yml``).
    data
        Folders and files with the SDTM domains.
    data_cutoff
        Last day that counts, ISO 8601; "" takes all.
    cohorts
        Arm codes to report; None or empty takes all.
    store
        Folder of datasets that a build has derived. "" opens those of the last build where they are of these
        very inputs, and derives them into ``work/adam`` where not. With those of an external version every
        table of this process suppresses small counts, as that version does; with any other it shows them.
    rules
        Values to try in place of those of the study file, by name (see ``itpcsr.study.read_study``). A report
        has them in its parameters, under ``rules``.

    Raises
    ------
    DataError
        The data have errors (with file, domain, subject and variable), or ``store`` holds the datasets of
        other rules than these, or of an external version without its rule of small counts.
    ParameterError
        The study file is faulty.
    """
    study = read_study(study_file, cohorts=cohorts, **(rules or {}))
    if store:
        found = open_store(from_root(store))
        if found is None or found.parts["rules"] != rules_hash(study):
            raise DataError(
                f"{store}: holds no datasets by the rules of {study_file} and this notebook. Leave `store` "
                "empty to derive them, or build the report again."
            )
        enforce(found.rule)
        return study, found
    enforce(None)
    # in a build this isn't reached, so that there a notebook doesn't depend on how the datasets were made
    from itpcsr.adam.making import open_or_derive

    return study, open_or_derive(data, study, data_cutoff)


def rules_hash(study: Study) -> str:
    """Return one SHA-256 of all that a study fixes, with its markers and the columns that are shown."""
    return hash_of({"study": study.model_dump(mode="json"), "markers": [repr(one) for one in study.markers]})
