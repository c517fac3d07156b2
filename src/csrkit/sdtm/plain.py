"""Make the text of trial data plain where it is read, and remember which records held something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from csrkit.plain_text import is_plain, plain_text
from csrkit.sdtm.formats import Table

# Of values that aren't read as they stand in their file: which domain and file, the number of the record
# there, subject and sequence number ("" and NaN where the domain has none), variable, and the text as it was.
CHANGED = ["domain", "file", "record", "subject", "sequence", "variable", "original"]


def make_plain(table: Table, domain: str, path: Path) -> tuple[Table, pd.DataFrame]:
    """Return a domain's table with plain text in its values and labels, and the values that this changed.

    The latter have the columns of ``CHANGED``, one row per value.
    """
    frame, parts = table.frame.copy(deep=False), [no_changes()]
    for name in [str(name) for name, kind in frame.dtypes.items() if kind == "str"]:
        codes, unique = pd.factorize(frame[name])
        texts = pd.Series(unique, dtype="str")
        odd = ~texts.map(is_plain).to_numpy(dtype=bool)
        if not odd.any():
            continue
        rows = odd.take(codes).nonzero()[0]
        parts.append(_changes(frame.iloc[rows], domain, path).assign(record=rows + 1, variable=name))
        parts[-1]["original"] = texts.take(codes[rows]).to_numpy()
        frame[name] = texts.mask(odd, texts[odd].map(plain_text)).take(codes).set_axis(frame.index)
    variables = {
        name: replace(variable, label=plain_text(variable.label))
        for name, variable in table.variables.items()
    }
    plain = replace(table, frame=frame, label=plain_text(table.label), variables=variables)
    return plain, pd.concat(parts, ignore_index=True)[CHANGED]


def no_changes() -> pd.DataFrame:
    """Return no changed values."""
    kinds = {"record": "int64", "sequence": "float64"}
    return pd.DataFrame({name: pd.Series([], dtype=kinds.get(name, "str")) for name in CHANGED})


def _changes(rows: pd.DataFrame, domain: str, path: Path) -> pd.DataFrame:
    nothing = pd.Series("", index=rows.index, dtype="str")
    sequence = pd.to_numeric(rows.get(f"{domain}SEQ", nothing), errors="coerce").astype("float64")
    found = pd.DataFrame({"subject": rows.get("USUBJID", nothing).astype("str"), "sequence": sequence})
    return found.assign(domain=domain, file=path.name)


def still_there(changed: pd.DataFrame, frame: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Return those of a domain's changed values whose records its frame still holds.

    A record is known by its subject and, where it has one, its sequence number.
    """
    if "USUBJID" not in frame:
        return changed
    numbers = pd.to_numeric(frame.get(f"{domain}SEQ", pd.Series(float("nan"), frame.index)), errors="coerce")
    keys = set(zip(frame["USUBJID"], numbers.fillna(-1.0), strict=True))
    kept = [key in keys for key in zip(changed["subject"], changed["sequence"].fillna(-1.0), strict=True)]
    return changed[kept]
