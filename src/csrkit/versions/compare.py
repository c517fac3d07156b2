"""Compare two published versions: numbers by row, data by record, and the cause of each change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from csrkit.errors import DataError
from csrkit.rows import KEY, read_rows
from csrkit.tables import escape
from csrkit.versions.pairing import is_number, pair_records
from csrkit.versions.published import read_manifest

# Compare two published versions: numbers by result row, data by record, causes by manifest.

CHANGED, APPEARED, VANISHED = "changed", "appeared", "vanished"
BECAUSE = "because"
ADDED, REMOVED = "added", "removed"
# Less than this is the noise of binary numbers, not a change (relative to the old value).
NOISE = 1e-9
_NAMED = 20  # subjects of one number; more are counted
# What tells the records of an analysis dataset apart, in the order in which it is tried.
_RECORD = (
    "SRCDOM", "SRCSEQ", "AESEQ", "DVSEQ", "EXSEQ", "LBSEQ", "MBSEQ", "VSSEQ", "PCSEQ", "ISSEQ", "RSSEQ",
    "ACAT1", "PARAMCD", "BASETYPE", "AVISITN", "ADT", "ADTM", "ATPTN", "ATERM",
)  # fmt: skip
# What each of the manifest's hashes stands for; those of the data are "data XX"
_CAUSES = {
    "study": ("rules of the study", "the study file"),
    "scenarios": ("rules of the study", "the scenarios of dose finding"),
    "markers": ("rules of the study", "the table of markers"),
    "code": ("code", "the package itpcsr"),
    "lock": ("environment", "the lock file (uv.lock)"),
}
_CHOICES = {
    "data_cutoff": ("data", "data cut-off"), "confidence_level": ("parameters", "confidence level"),
    "status": ("parameters", "status"), "date": ("parameters", "date of the report"),
    "renderer": ("environment", "renderer"),
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """What differs between two versions.

    ``numbers``: one line per result row that changed, appeared or vanished (the key's columns, ``status``,
    ``old``, ``new``, ``difference``, ``relative``, ``unit``, ``reason``, ``dataset``, ``subjects``, and after
    a re-run ``because``). ``records``: one line per record added or removed and per changed variable of a
    record (``dataset``, ``subject``, ``record``, ``status``, ``variable``, ``old``, ``new``). ``causes``:
    kind and sentence, by the manifests. ``total``: rows that both versions have. ``remark``: what a re-run
    found out, or why there was none. ``thresholds``: the absolute and the relative one.
    """

    numbers: pd.DataFrame
    records: pd.DataFrame
    causes: list[tuple[str, str]]
    total: int
    remark: str = ""
    thresholds: tuple[float, float] = (0.0, NOISE)


def compare(old: Path, new: Path, absolute: float = 0.0, relative: float = NOISE) -> Comparison:
    """Compare two published versions; DataError when a folder isn't one."""
    causes = list(find_causes(read_manifest(old), read_manifest(new)))
    before, after = read_both(old, new)
    numbers = compare_rows(before, after, absolute, relative)
    missing = int((numbers["status"] == APPEARED).sum())
    records = compare_datasets(old / "adam", new / "adam")
    numbers = numbers.assign(subjects=name_subjects(numbers, records, _members(old, new)))
    return Comparison(numbers, records, causes, len(after) - missing, thresholds=(absolute, relative))


def read_both(old: Path, new: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the result rows of two versions; columns that both lack, as in older versions, are empty.

    Raises DataError where one of the two has other columns: its numbers have other names.
    """
    before, after = read_rows(old), read_rows(new)
    lacking = [[name for name in KEY if name not in rows] for rows in (before, after)]
    for folder, names, other in ((old, lacking[0], new), (new, lacking[1], old)):
        if names and lacking[0] != lacking[1]:
            raise DataError(
                f"{folder}: an older program wrote the result rows, under other names (they have no column "
                f"{', '.join(names)}), so that they can't be paired with those of {other}. Build that "
                "version again with this program, from the same data and parameters, and compare that one. "
                "CHANGELOG.md says which names changed."
            )
    return before.assign(**dict.fromkeys(lacking[0], "")), after.assign(**dict.fromkeys(lacking[1], ""))


def _members(old: Path, new: Path) -> dict[str, set[str]]:
    """Return column to the subjects of its arms, planned or treated, where the manifest records arms."""
    members: dict[str, set[str]] = {}
    for folder in (old, new):
        subjects = _read(folder / "adam/adsl.parquet")
        arms = subjects.reindex(columns=["ARMCD", "SAFARMCD"])
        for column in read_manifest(folder).get("columns", []):
            if "arms" in column:
                own = arms.isin(column["arms"]).any(axis=1)
                members.setdefault(column["key"], set()).update(subjects.loc[own, "USUBJID"])
    return members


def name_subjects(numbers: pd.DataFrame, records: pd.DataFrame, members: dict[str, set[str]]) -> pd.Series:
    """Name, for each changed number, the subjects with a differing record in the datasets it is made from.

    ``members`` says who stands in which column; a number of such a column names its subjects only. A record
    that differs needn't have changed the number: no number is made again without a subject.
    """
    touched = records.groupby("dataset")["subject"].agg(set).to_dict()
    known: dict[tuple[str, str], str] = {}
    for dataset, group in set(zip(numbers["dataset"], numbers["group"], strict=True)):
        found = set().union(*(touched.get(name, set()) for name in _dataset_names([dataset]))) - {""}
        known[dataset, group] = list_subjects(sorted(found & members.get(group, found)), _NAMED)
    pairs = zip(numbers["dataset"], numbers["group"], strict=True)
    return pd.Series([known[pair] for pair in pairs], index=numbers.index, dtype="str")


def list_subjects(subjects: Sequence[str], most: int) -> str:
    """Name a few subjects, count many."""
    if len(subjects) <= most:
        return ", ".join(subjects)
    return f"{', '.join(subjects[: most - 1])} and {len(subjects) - most + 1} more"


def compare_rows(
    old: pd.DataFrame, new: pd.DataFrame, absolute: float = 0.0, relative: float = NOISE
) -> pd.DataFrame:
    """Return the result rows that changed, appeared or vanished, in the new version's order.

    A value has changed when it differs by more than ``absolute`` and by more than ``relative`` times the
    old value; also when one of the two isn't estimable, or when the reason for that is another one.
    ``difference`` is new minus old, ``relative`` that divided by the old value (NaN where that is 0).
    """
    left, right = _keys(old, new)
    places = pd.Series(np.arange(len(old)), index=left).reindex(right)
    kept = places.notna().to_numpy()
    before = old.iloc[places[kept].astype("int64")].reset_index(drop=True)
    after = new[kept].reset_index(drop=True)
    differ = _differs(before, after, absolute, relative)
    gone = ~np.isin(left, right)
    parts = [
        _describe(before[differ], after[differ], CHANGED),
        _describe(None, new[~kept], APPEARED),
        _describe(old[gone], None, VANISHED),
    ]
    return pd.concat(parts, ignore_index=True)


def _keys(old: pd.DataFrame, new: pd.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return one whole number per row, the same for the same key: much faster than eight texts."""
    codes = np.zeros(len(old) + len(new), dtype="int64")
    for name in KEY:
        own, values = pd.factorize(pd.concat([old[name], new[name]], ignore_index=True))
        codes, _ = pd.factorize(codes * (len(values) + 1) + own)
    return codes[: len(old)], codes[len(old) :]


def _differs(old: pd.DataFrame, new: pd.DataFrame, absolute: float, relative: float) -> npt.NDArray[np.bool_]:
    a, b = old["value"].to_numpy(), new["value"].to_numpy()
    with np.errstate(invalid="ignore"):
        moved = np.abs(b - a) > np.maximum(absolute, relative * np.abs(a))
    moved &= a != b  # the same infinity on both sides differs by NaN
    missing = np.isnan(a) | np.isnan(b)
    silent = missing & (old["reason"].to_numpy() != new["reason"].to_numpy())
    result: npt.NDArray[np.bool_] = moved | (np.isnan(a) != np.isnan(b)) | silent
    return result


def _describe(old: pd.DataFrame | None, new: pd.DataFrame | None, status: str) -> pd.DataFrame:
    shown = new if new is not None else old
    assert shown is not None
    result = shown[[*KEY, "dataset", "unit", "reason"]].reset_index(drop=True)
    empty = np.full(len(result), np.nan)
    before = old["value"].to_numpy() if old is not None else empty
    after = new["value"].to_numpy() if new is not None else empty
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(np.abs(before) < NOISE, np.nan, (after - before) / np.abs(before))
    return result.assign(status=status, old=before, new=after, difference=after - before, relative=ratio)


def compare_datasets(old: Path, new: Path) -> pd.DataFrame:
    """Return the records that were added, removed or changed in two folders of analysis datasets."""
    names = sorted({path.stem for folder in (old, new) for path in folder.glob("*.parquet")})
    parts = []
    for name in names:
        before, after = (_read(folder / f"{name}.parquet") for folder in (old, new))
        parts.append(compare_records(before, after).assign(dataset=name))
    columns = ["dataset", "subject", "record", "status", "variable", "old", "new"]
    return pd.concat([pd.DataFrame(columns=columns, dtype="str"), *parts], ignore_index=True)[columns]


def _read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.exists() else pd.DataFrame({"USUBJID": pd.Series(dtype="str")})


def compare_records(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the differing records of one dataset; values are compared as texts.

    Records are paired by what they are (``pair_records``). Sequence numbers, which transfers renumber, pair
    nothing and are no change. A record is named by subject and as much more as tells it from the others of
    its version.
    """
    key = _record_key(old, new)
    before, after = (_by_key(frame, key) for frame in (old, new))
    left, right = pair_records(before, after)
    added = _whole(after.iloc[np.setdiff1d(np.arange(len(after)), right)], key, ADDED)
    removed = _whole(before.iloc[np.setdiff1d(np.arange(len(before)), left)], key, REMOVED)
    return pd.concat([_changes(before.iloc[left], after.iloc[right], key), added, removed])


def _record_key(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    shared = set(old) & set(new) if len(old) and len(new) else set(old) | set(new)
    key = ["USUBJID"] if "USUBJID" in shared else []
    for name in (name for name in _RECORD if name in shared):
        if key and not any(frame.duplicated(key).any() for frame in (old, new) if len(frame)):
            break
        key.append(name)
    return key


def _by_key(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    if frame.empty:
        frame = frame.reindex(columns=[*dict.fromkeys([*key, *frame.columns])])
    texts = pd.DataFrame({name: _text(frame[name]) for name in frame})
    joined = [" | ".join(values) for values in zip(*(texts[name] for name in key), strict=True)]
    marks = pd.Series(joined or [""] * len(texts), index=texts.index, dtype="str")
    again = marks.groupby(marks, sort=False).cumcount()
    marks = marks.where(again == 0, marks + " | " + (again + 1).astype("str"))
    return texts.set_index(pd.Index(marks, dtype="str"))


def _text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values):
        texts = values.map(lambda value: f"{value:.12g}", na_action="ignore")
    else:
        texts = values.astype("str").where(values.notna())
    return texts.fillna("").astype("str").str.removesuffix(" 00:00:00")


def _subjects(frame: pd.DataFrame) -> pd.Series | str:
    return frame.get("USUBJID", "")


def _whole(frame: pd.DataFrame, key: list[str], status: str) -> pd.DataFrame:
    record = pd.Series(frame.index, dtype="str").to_numpy()
    return pd.DataFrame(
        {"record": record, "status": status, "variable": "", "old": "", "new": ""}, dtype="str"
    ).assign(subject=_subjects(frame.reset_index(drop=True)))


def _changes(old: pd.DataFrame, new: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    parts = []
    for name in [name for name in dict.fromkeys([*new.columns, *old.columns]) if not is_number(name)]:
        before = old[name] if name in old else pd.Series("", index=old.index, dtype="str")
        after = new[name] if name in new else pd.Series("", index=new.index, dtype="str")
        differ = before.to_numpy(dtype=object) != after.to_numpy(dtype=object)
        if differ.any():
            part = pd.DataFrame({"record": new.index[differ], "old": before[differ].to_numpy()})
            part = part.assign(new=after[differ].to_numpy(), variable=name, status=CHANGED)
            parts.append(part.assign(subject=_subjects(new[differ].reset_index(drop=True))))
    columns = ["record", "old", "new", "variable", "status", "subject"]
    return pd.concat([pd.DataFrame(columns=columns, dtype="str"), *parts], ignore_index=True)


def find_causes(old: dict[str, Any], new: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield what may have made the difference, by the two manifests: kind and sentence.

    What one of the manifests doesn't record (an older version's) is no difference.
    """
    for name, (kind, text) in _CHOICES.items():
        before, after = (_choice(manifest.get(name), name) for manifest in (old, new))
        if name in old and name in new and before != after:
            yield kind, f"{text}: {before}, then {after}"
    if "columns" in old and "columns" in new and old["columns"] != new["columns"]:
        yield "parameters", "the columns of the tables"
    names = _differing(old.get("hashes"), new.get("hashes"))
    if domains := [name.removeprefix("data ") for name in names if name.startswith("data ")]:
        yield "data", f"files of {', '.join(domains)}"
    yield from (_CAUSES[name] for name in names if name in _CAUSES)
    if found := _differing(old.get("notebooks"), new.get("notebooks")):
        yield "notebooks", ", ".join(found)
    if found := _differing(old.get("fonts"), new.get("fonts")):
        yield "words and look", f"fonts: {', '.join(found)}"
    packages = (manifest.get("environment", {}).get("packages") for manifest in (old, new))
    if found := _differing(*packages):
        yield "environment", f"versions of packages: {', '.join(found)}"
    if found := _differing(old.get("pages"), new.get("pages")):
        yield "words and look", ", ".join(found)


def _choice(value: object, name: str) -> str:
    return "none" if name == "data_cutoff" and value is None else str(value)


def _differing(old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[str]:
    if old is None or new is None:
        return []
    return [name for name in sorted(set(old) | set(new)) if old.get(name) != new.get(name)]


def by_display(comparison: Comparison) -> pd.DataFrame:
    """Return one line per display that differs: how many numbers of each status, and who drives it.

    ``subjects`` are those with a differing record in a dataset from which the display is made: a display
    without any differs by parameters or code alone. ``because`` counts the causes after a re-run.
    """
    counts = comparison.numbers.groupby(["display", "status"], sort=False).size().unstack(fill_value=0)
    counts = counts.reindex(columns=[CHANGED, APPEARED, VANISHED], fill_value=0)
    sources = comparison.numbers.groupby("display")["dataset"].unique().map(_dataset_names)
    touched = comparison.records.groupby("dataset")["subject"].agg(set).to_dict()
    drivers = {
        str(display): sorted(set().union(*(touched.get(name, set()) for name in names)) - {""})
        for display, names in sources.items()
    }
    result = counts.assign(subjects=pd.Series(drivers, dtype="object"))
    if BECAUSE in comparison.numbers:
        result[BECAUSE] = comparison.numbers.groupby("display")[BECAUSE].agg(count_texts)
    return result.reset_index()


def count_texts(texts: pd.Series) -> str:
    """Name each text, the frequent ones first, with how often it stands there; alone it isn't counted."""
    counts = texts.value_counts()
    if len(counts) == 1:
        return str(counts.index[0])
    return ", ".join(f"{name} ({count})" for name, count in counts.items())


def _dataset_names(texts: Iterable[str]) -> list[str]:
    return sorted({name.lower() for text in texts for name in re.findall(r"\bAD\w+", text)})


def by_subject(records: pd.DataFrame) -> pd.DataFrame:
    """Return one line per subject and dataset: how many records were added, removed and changed."""
    once = records.drop_duplicates(["dataset", "record", "status"])
    counts = once.groupby(["subject", "dataset", "status"]).size().unstack(fill_value=0)
    return counts.reindex(columns=[ADDED, REMOVED, CHANGED], fill_value=0).reset_index()


def count_statuses(comparison: Comparison) -> str:
    """Say in one sentence how many numbers changed, appeared and vanished."""
    if not len(comparison.numbers):
        return f"All {comparison.total} numbers are the same."
    counts = comparison.numbers["status"].value_counts()
    changed, appeared, vanished = (int(counts.get(name, 0)) for name in (CHANGED, APPEARED, VANISHED))
    displays = comparison.numbers["display"].nunique()
    return (
        f"Of {comparison.total} numbers that both versions have, {changed} changed; {appeared} appeared and "
        f"{vanished} vanished, in {displays} displays."
    )


def write_csv(comparison: Comparison, folder: Path) -> None:
    """Write ``numbers.csv`` and ``records.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (("numbers", comparison.numbers), ("records", comparison.records)):
        escape.write_csv(frame, folder / f"{name}.csv")


# To which cause each changed number belongs, from result rows made with one cause exchanged at a time.

PROGRAM = "code or environment"


def attribute(
    numbers: pd.DataFrame,
    old: pd.DataFrame,
    new: pd.DataFrame,
    base: pd.DataFrame,
    exchanged: Mapping[str, pd.DataFrame],
) -> pd.Series:
    """Return the cause of each changed number, in the numbers' order.

    Parameters
    ----------
    numbers
        What differs, with the columns of ``results.KEY``.
    old, new
        The result rows of both versions.
    base
        The rows made from the old data and parameters by the new code and environment; those of ``old``
        where code and environment are the same.
    exchanged
        Cause to the rows made as ``base`` with this one cause taken from the new version.

    A number that is another one in ``base`` than in ``old`` belongs to code or environment. What then
    remains belongs to a cause if exchanging it alone gives the new number and exchanging any other alone
    changes nothing; else to all of them together.
    """
    start, end = _states(numbers, base), _states(numbers, new)
    program = _differ(_states(numbers, old), start)
    remains = _differ(start, end)
    moved = {cause: _differ(start, _states(numbers, rows)) for cause, rows in exchanged.items()}
    reached = {cause: ~_differ(end, _states(numbers, rows)) for cause, rows in exchanged.items()}
    rest = np.full(len(numbers), " and ".join(exchanged), dtype=object)
    for cause in exchanged:
        others = [moved[other] for other in exchanged if other != cause]
        alone = reached[cause] & ~np.any(others, axis=0) if others else np.full(len(numbers), True)
        rest[alone] = cause
    causes = [
        " and ".join(filter(None, (PROGRAM if a else "", text if b else "")))
        for a, b, text in zip(program, remains, rest, strict=True)
    ]
    return pd.Series(causes, index=numbers.index, dtype="str")


def _states(numbers: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return value and reason of each number in these rows; where they don't have it, the reason says so."""
    known = rows[[*KEY, "value", "reason"]].assign(there=True)
    found = numbers[KEY].merge(known, on=KEY, how="left")
    absent = found["there"].isna()
    return found[["value", "reason"]].assign(reason=found["reason"].where(~absent, "\0absent"))


def _differ(one: pd.DataFrame, other: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    a, b = one["value"].to_numpy(), other["value"].to_numpy()
    with np.errstate(invalid="ignore"):
        apart = np.abs(b - a) > NOISE * np.abs(a)
    silent = (np.isnan(a) | np.isnan(b)) & (one["reason"].to_numpy() != other["reason"].to_numpy())
    result: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        apart & (a != b) | (np.isnan(a) != np.isnan(b)) | silent
    )
    return result
