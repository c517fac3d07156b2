"""From tables of files to domains: their text made plain, the files of one domain put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from csrkit.errors import DataError
from csrkit.plain_text import is_plain, plain_text
from csrkit.sdtm.formats.table import Table, Variable, number_text

# Make the text of trial data plain where it is read, and remember which records held something else.

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


# Put the files of one domain together (SDTMIG 3.4, 4.1.7 "Splitting Domains"); refuse a record twice.

Part = tuple[Path, Table]
_QUALIFIER = ["STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM"]


def join_parts(domain: str, parts: Sequence[Part]) -> Table:
    """Return one table of a domain's files, in the order given, with the variables of all.

    A variable that a file lacks is missing in its records. One that is a number in one file and text in
    another becomes text, which is noted. Label and length are the first that a file has, and the largest.

    Raises
    ------
    DataError
        Two files hold the same records, or different ones under the same keys; both files are named.
    """
    if len(parts) == 1:
        return parts[0][1]
    for number, part in enumerate(parts):
        for other in parts[:number]:
            _refuse_same(domain, other, part)
    frames, mixed = _same_types([table.frame for _, table in parts])
    note = f"{', '.join(mixed)}: numbers in one file of {domain}, text in another; taken as text."
    return Table(
        pd.concat([_complete(frame, frames) for frame in frames], ignore_index=True),
        next((table.label for _, table in parts if table.label), ""),
        domain,
        _variables([table.variables for _, table in parts]),
        notes=_notes(parts),
    ).noted(note if mixed else "")


def _keys(domain: str, columns: Sequence[str]) -> list[str]:
    """Return what tells a domain's records apart; nothing where only all variables together do."""
    if domain.startswith("SUPP"):
        return [name for name in _QUALIFIER if name in columns]
    number = f"{domain}SEQ"
    if number in columns or domain == "DM":
        return [name for name in ("STUDYID", "USUBJID", number) if name in columns]
    return []


def _refuse_same(domain: str, first: Part, second: Part) -> None:
    (path, before), (other, after) = first, second
    shared = [str(name) for name in before.frame if name in after.frame]
    keys = _keys(domain, shared) or shared
    texts = [_texts(table.frame, shared) for table in (before, after)]
    marks = [_joined(frame[keys]) for frame in texts]
    twice = marks[1].isin(set(marks[0]))
    if not twice.any():
        return
    whole = [_joined(frame) for frame in texts]
    same = int(whole[1][twice].isin(set(whole[0])).sum())
    row = dict(texts[1].iloc[int(twice.to_numpy().argmax())])
    example = ", ".join(f"{name} {row[name]}" for name in keys[:6] if row[name])
    head = f"{path} and {other} both hold domain {domain}, and {int(twice.sum())} of their records"
    if same == int(twice.sum()):
        raise DataError(
            f"{head} are the same (the first: {example}). Give each record once: leave out a file only "
            "if the other one holds all its records."
        )
    raise DataError(
        f"{head} have the same keys ({', '.join(keys)}; the first: {example}), though they differ. Number "
        f"the records through all files of {domain}, and in what refers to them; outdated ones go."
    )


def _joined(frame: pd.DataFrame) -> pd.Series:
    """Return each record's values as one text."""
    marks = pd.Series("", index=frame.index, dtype="str")
    for name in frame:
        marks = marks + frame[name] + "\x1f"
    return marks


def _texts(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    numbers = {name: number_text(frame[name]) for name in columns if frame[name].dtype == "float64"}
    return frame[columns].assign(**numbers).astype("str").reset_index(drop=True)


def _same_types(frames: list[pd.DataFrame]) -> tuple[list[pd.DataFrame], list[str]]:
    """Return the frames with one type per variable: that of the files in which it has values, else text."""
    mixed = []
    frames = [frame.copy(deep=False) for frame in frames]
    for name in dict.fromkeys(name for frame in frames for name in frame):
        holders = [frame for frame in frames if name in frame]
        if len({str(frame[name].dtype) for frame in holders}) == 1:
            continue
        filled = [frame for frame in holders if ((frame[name] != "") & frame[name].notna()).any()]
        kinds = {str(frame[name].dtype) for frame in filled}
        for frame in holders:
            if kinds == {"float64"}:
                frame[name] = pd.Series(pd.to_numeric(frame[name]), dtype="float64")
            elif frame[name].dtype == "float64":
                frame[name] = number_text(frame[name])
        if len(kinds) > 1:
            mixed.append(str(name))
    return frames, mixed


def _complete(frame: pd.DataFrame, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add the variables of the other files, missing in every record, in one order for all."""
    dtypes = {name: other[name].dtype for other in frames for name in other}
    columns = {
        name: frame[name]
        if name in frame
        else pd.Series(float("nan") if dtype == "float64" else "", index=frame.index, dtype=dtype)
        for name, dtype in dtypes.items()
    }
    return pd.DataFrame(columns, index=frame.index)


def _variables(parts: Sequence[dict[str, Variable]]) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        known = [part[name] for part in parts if name in part]
        found[name] = replace(
            known[0],
            label=next((variable.label for variable in known if variable.label), ""),
            length=max((variable.length for variable in known if variable.length), default=None),
        )
    return found


def _notes(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return each file's notes with its name; what a mapping names in vain has to be in vain in all files."""
    names = {path.name for path, _ in parts}
    general = [[_without_name(note, path.name) for note in table.notes] for path, table in parts]
    notes = []
    for (path, _), own in zip(parts, general, strict=True):
        for note in own:
            if not note.startswith("The mapping"):
                notes.append(f"{path.name}: {note}")
            elif all(note in others for others in general):
                notes.append(note.replace("\x00", " and ".join(sorted(names))))
    return tuple(dict.fromkeys(notes))


def _without_name(note: str, name: str) -> str:
    return note.replace(f"which {name} doesn't", "which \x00 doesn't")
