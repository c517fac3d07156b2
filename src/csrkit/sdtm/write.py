"""Write SDTM domains in any of the formats that are read; the same data give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from csrkit.sdtm.formats.dataset_json import write_dataset_json
from csrkit.sdtm.formats.delimited import write_delimited
from csrkit.sdtm.formats.parquet import write_parquet
from csrkit.sdtm.formats.sas import write_transport

Format = Literal["xpt", "csv", "parquet", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)


def write_domains(
    domains: Mapping[str, pd.DataFrame],
    folder: str | Path,
    form: Format = "xpt",
    *,
    dataset_labels: Mapping[str, str],
    variable_labels: Mapping[str, Mapping[str, str]],
) -> list[Path]:
    """Write each domain to ``folder`` as ``<domain>.<form>`` in lower case, and return the paths in order.

    Labels are kept by every format but CSV. The folder is created if absent; files of the same name are
    replaced. Raises DataError where data don't fit SAS transport (``write_transport``).
    """
    if form == "xpt":
        return write_transport(
            domains, folder, dataset_labels=dataset_labels, variable_labels=variable_labels
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in sorted(domains):
        path = folder / f"{name.lower()}.{form}"
        _write(form, path, name, domains[name], dataset_labels[name], variable_labels[name])
        paths.append(path)
    return paths


def _write(
    form: Format, path: Path, name: str, frame: pd.DataFrame, label: str, labels: Mapping[str, str]
) -> None:
    if form == "csv":
        write_delimited(frame, path)
    elif form == "parquet":
        write_parquet(name, frame, path, label, labels)
    else:
        write_dataset_json(name, frame, path, label, labels, _keys(name, frame))


def _keys(name: str, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the variables that tell records of a domain apart, as far as it has them."""
    candidates = ("STUDYID", "USUBJID", "RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", f"{name}SEQ")
    return tuple(key for key in candidates if key in frame)
