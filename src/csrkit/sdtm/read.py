"""Read trial data: files of any usual format, found by content, into one frame per SDTM domain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from csrkit.bounds import Bounds, chosen_bounds, from_root, held_to
from csrkit.errors import DataError
from csrkit.sdtm.dates import plain_dates
from csrkit.sdtm.formats import read_table
from csrkit.sdtm.formats.table import Table, Variable, settle_types
from csrkit.sdtm.join import Part, join_parts, make_plain, no_changes
from csrkit.sdtm.mapping import Mapping, apply_mapping, read_mapping

# Which SDTM domains the report reads: what is wrong in others is named, and stops nothing.

# What derivations, displays and their checks read. Other domains only tell when a subject was last seen.
USED_DOMAINS = frozenset((
    "DM", "EX", "AE", "LB", "VS", "CM", "MH", "PR", "DS", "DV", "SV", "MB", "PC", "IS", "CP", "RS", "DD",
    "SS", "QS", "SC", "SUPPAE",
))  # fmt: skip
# Data sets of SDTMIG 3.4 that hold no DOMAIN.
RELATED = ("RELREC", "RELSUB", "RELSPEC", "POOLDEF")
# Other domains of SDTMIG 3.4 that come in parts (4.1.7), whose files are named by up to four letters.
_SPLIT = (
    "QS", "FA", "FT", "EG", "TR", "TU", "BS", "BE", "GF", "MI", "PE", "PP", "SC", "SS", "IE", "OE", "CV",
    "NV", "RE",
)  # fmt: skip
_STEM = re.compile(r"(SUPP|SQ)?([A-Z]{2})([A-Z0-9]{0,2})")


def is_used(domain: str) -> bool:
    """Tell whether the report reads the domain, or (of SUPPAE) its qualifiers."""
    return domain in USED_DOMAINS


def domain_of_name(stem: str) -> str:
    """Return the domain that a file's name without its ending says (``suppae``, ``qsph``); "" where none.

    Four letters name a part of a domain only where that domain comes in parts: ``labs`` is no domain LA.
    """
    stem = stem.upper()
    if stem in RELATED:
        return stem
    found = _STEM.fullmatch(stem)
    if not found:
        return ""
    prefix, code, part = found.groups()
    if part and not prefix and code not in (*_SPLIT, *USED_DOMAINS):
        return ""
    return ("SUPP" if prefix else "") + code


# Whether data are simulated: what the files say as they came, which nothing can change afterwards.
#
# It decides whether pages say that they describe no patient, and whether an external version may take the key
# that is published. So it rests on the study identifier of every record, before a mapping file is applied.

_MARK = "-SIM"


def marks_of(frame: pd.DataFrame) -> frozenset[bool]:
    """Return whether a file's records say that they are simulated: True, False, both, or nothing.

    A record says so by a study identifier (STUDYID) that ends with ``-SIM``; one without identifier is taken
    for real. A label says nothing: anybody can write one.
    """
    if "STUDYID" not in frame:
        return frozenset()
    return frozenset(str(text).rstrip().endswith(_MARK) for text in frame["STUDYID"].unique())


def are_simulated(marks: Iterable[frozenset[bool]]) -> bool:
    """Tell whether all records of all files say that they are simulated; one that doesn't makes all real."""
    return frozenset[bool]().union(*marks) == {True}


def refuse_other_mark(before: frozenset[bool], frame: pd.DataFrame, path: Path) -> None:
    """Refuse a mapping that changes what a file's records say on being simulated. Raises DataError."""
    after = marks_of(frame)
    if after == before or (not before and after == {False}):
        return
    raise DataError(
        f"{path}: the mapping changes STUDYID so that {'simulated' if True in before else 'real'} data would "
        "pass for the other kind. A study identifier ends with -SIM in simulated data and in no other: map "
        "it to one that keeps this."
    )


# A folder may also hold define.xml, a README or pictures: only these names are taken as data there.
_DATA_NAMES = (
    ".xpt", ".v5xpt", ".xpt8", ".sas7bdat", ".json", ".ndjson", ".dsjc", ".parquet", ".csv", ".tsv",
)  # fmt: skip
# Data only where the rest of the name is a domain's (README.txt isn't); those that aren't read stop with a
# message, since a domain left out unnoticed would change the report.
_NAMES_OF_DOMAINS = (".txt", ".xlsx", ".xls", ".xlsb", ".ods", ".sav", ".dta", ".rds", ".rda", ".zip", ".cpt")
_MAPPING_NAMES = (".yml", ".yaml")
_DOMAIN_NAME = re.compile(r"^(?:[A-Z]{2}|SUPP[A-Z]{2}|RELREC)$")
_PART = re.compile(r"^[A-Z]{2}[A-Z0-9]{1,2}$")
_ADAM_VARIABLES = {"PARAMCD", "TRT01P", "TRTP", "TRTA", "TRTEMFL"}
# Columns of what the checks find, all text.
FINDINGS = ["rule", "severity", "domain", "subject", "variable", "value", "message"]


@dataclass(frozen=True)
class Trial:
    """SDTM data of one trial.

    Attributes
    ----------
    domains
        Domain name (``DM``, ``SUPPAE``) to frame. Text is ``str`` with ``""`` for missing, numbers are
        ``float64`` with NaN for missing; columns and row order are the file's.
    sources
        Domain name to the files it came from, several where it is split (SDTMIG 4.1.7); ``mapping`` to the
        mapping file, if there is one.
    labels
        Domain name to dataset label; empty where the format has none.
    variables
        Domain name to variable name to label, length and format as far as the file says them.
    notes
        Domain name to what had to be decided on reading (encoding, decimal mark) and what the mapping file
        names in vain there; ``mapping`` to what it names in vain altogether.
    left_out
        Name of a file in a folder to why it isn't read: it can't be, and the report doesn't use its domain.
    changed
        The values that aren't read as they stand in their files, since they aren't plain text: columns
        ``csrkit.sdtm.join.CHANGED``.
    findings
        What the checks found; empty until they ran.
    given
        Analysis datasets that are taken as they are, by lower-case name (see ``add_given``).
    simulated
        Whether all records of the files, as they came, say that they are simulated; no mapping file, label or
        parameter changes it (see ``csrkit.sdtm.read``).
    """

    domains: dict[str, pd.DataFrame]
    sources: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    variables: dict[str, dict[str, Variable]] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    changed: pd.DataFrame = field(default_factory=no_changes)
    findings: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=FINDINGS, dtype="str"))
    given: dict[str, Table] = field(default_factory=dict)
    simulated: bool = False

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a domain's frame; a domain that is absent is a frame without rows and columns."""
        return self.domains.get(name, pd.DataFrame())

    @property
    def files(self) -> dict[str, Path]:
        """Every file that was read: by its domain, or by domain and file name where that has several."""
        return {
            name if len(paths) == 1 else f"{name} {path.name}": path
            for name, paths in self.sources.items()
            for path in paths
        }

    def __contains__(self, name: object) -> bool:
        """Tell whether the domain is there, even with no rows."""
        return name in self.domains


def read_trial(sources: Iterable[str | Path], bounds: Bounds | None = None) -> Trial:
    """Read every domain found in the folders and single files given.

    Parameters
    ----------
    sources
        Folders (their files with the names of data, also gzipped, not in subfolders), single files of any
        name, and at most one mapping file (``.yml``), which says what the data call otherwise. The format
        and the domain are read from the content.
    bounds
        How large a file may be; None takes those of the environment.

    Raises
    ------
    DataError
        A path doesn't exist, a folder holds no data, a file is not what its name says or can't be read, or
        two files hold the same records of a domain (both are named). In a folder a file of a domain that the
        report doesn't use stops nothing: ``left_out`` names it. A file that is given by its own name is
        meant to be read, so it always stops.
    ParameterError
        The mapping file is faulty.
    """
    bounds = bounds or chosen_bounds()
    paths = [from_root(source) for source in sources]
    mappings = [path for path in paths if path.suffix.lower() in _MAPPING_NAMES]
    if len(mappings) > 1:
        raise DataError(f"{' and '.join(map(str, mappings))} are both mapping files. Keep one.")
    mapping = read_mapping(mappings[0], bounds) if mappings else Mapping()
    parts, left_out, read = _read_parts([path for path in paths if path not in mappings], mapping, bounds)
    tables = {name: join_parts(name, found) for name, found in parts.items()}
    found = {name: tuple(path for path, _ in part) for name, part in parts.items()}
    notes = {name: table.notes for name, table in tables.items() if table.notes}
    if mappings:
        found["mapping"] = (mappings[0],)
        if absent := sorted(mapping.domains - set(tables)):
            notes["mapping"] = (f"The mapping names {', '.join(absent)}, which the data don't hold.",)
    return Trial(
        {name: table.frame for name, table in tables.items()},
        found,
        {name: table.label for name, table in tables.items()},
        {name: table.variables for name, table in tables.items()},
        notes,
        left_out,
        pd.concat([no_changes(), *(file.changed for file in read)], ignore_index=True),
        simulated=are_simulated([file.mark for file in read]),
    )


def list_files(sources: Iterable[str | Path]) -> list[Path]:
    """Return the files that ``read_trial`` would read, the mapping file with them.

    Raises DataError for a path that doesn't exist and a folder that holds no data.
    """
    paths = [from_root(source) for source in sources]
    mappings = [path for path in paths if path.suffix.lower() in _MAPPING_NAMES]
    return [*mappings, *_files(path for path in paths if path not in mappings)]


class _File(NamedTuple):
    """What a file holds, its mark (see ``csrkit.sdtm.read``), and its values that weren't plain text."""

    domain: str
    table: Table
    mark: frozenset[bool]
    changed: pd.DataFrame


def _read_parts(
    sources: list[Path], mapping: Mapping, bounds: Bounds
) -> tuple[dict[str, list[Part]], dict[str, str], list[_File]]:
    """Return domain to its files with their tables, by file name, what is left out and why, and all files."""
    parts: dict[str, list[Part]] = {}
    left_out: dict[str, str] = {}
    files_read: list[_File] = []
    for path in _files(sources):
        try:
            read = _read_file(path, mapping, bounds)
        except DataError as error:
            if path in sources or not _is_unused(path, mapping, bounds):
                raise
            left_out[path.name] = _without_folders(error, [path])
            continue
        if read is not None:
            files_read.append(read)
            parts.setdefault(read.domain, []).append((path, read.table))
    for files in parts.values():
        files.sort(key=lambda part: part[0].name)  # files of one name stay in the order given
    unused = [name for name in parts if not is_used(name) and len(parts[name]) > 1]
    for name in unused:
        try:
            join_parts(name, parts[name])
        except DataError as error:
            if any(path in sources for path, _ in parts[name]):
                raise
            paths = [path for path, _ in parts.pop(name)]
            left_out |= {path.name: _without_folders(error, paths) for path in paths}
    return parts, left_out, files_read


def _without_folders(error: DataError, paths: Iterable[Path]) -> str:
    """Return an error's text with names of files in place of paths: the report publishes it."""
    text = str(error)
    for path in paths:
        text = text.replace(str(path), path.name)
    return text


def _read_file(path: Path, mapping: Mapping, bounds: Bounds) -> _File | None:
    with held_to(path, bounds):
        table = read_table(path, mapping.encoding, bounds)
        if table is None:
            return None
        name = _domain_of(table, path)
        mark = marks_of(table.frame)  # of the file as it came, before any rewriting
        table, changed = make_plain(table, name, path)
        table = settle_types(apply_mapping(table, name, mapping, path), path, bounds)
        refuse_other_mark(mark, table.frame, path)
        frame, notes = plain_dates(table.frame)
        return _File(name, replace(table, frame=frame).noted(*notes), mark, changed)


def _is_unused(path: Path, mapping: Mapping, bounds: Bounds) -> bool:
    """Tell whether a file that can't be read is certainly of a domain that the report doesn't use.

    Its name has to say so, and what it holds, as far as that can be read, nothing else.
    """
    named = domain_of_name(path.name.split(".")[0])
    if not named or is_used(named):
        return False
    try:
        with held_to(path, bounds):
            table = read_table(path, mapping.encoding, bounds)
    except DataError:
        return True
    held = table.frame.get("RDOMAIN", table.frame.get("DOMAIN")) if table is not None else None
    if held is None:
        return True
    prefix = "SUPP" if "QNAM" in table.frame else ""  # type: ignore[union-attr]
    return not any(is_used(f"{prefix}{str(code)[:2].upper()}") for code in held.unique())


def _files(sources: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for source in sources:
        if source.is_dir():
            inside = sorted(path for path in source.iterdir() if _is_data(path))
            if not inside:
                raise DataError(f"{source}: the folder holds no trial data ({', '.join(_DATA_NAMES)}).")
            files += inside
        elif source.exists():
            files.append(source)
        else:
            raise DataError(f"{source}: there is no such folder or file. Check `data` in the parameters.")
    return files


def _is_data(path: Path) -> bool:
    """Tell by its name whether a file in a folder is to be read; what it is, its content tells."""
    name = path.name.lower().removesuffix(".gz")
    if path.name.startswith(("._", "~$")):  # what macOS and Office leave behind
        return False
    named = domain_of_name(path.name.split(".")[0]) != ""
    return name.endswith(_DATA_NAMES) or (named and name.endswith(_NAMES_OF_DOMAINS))


def _domain_of(table: Table, path: Path) -> str:
    """Name the domain by what the file holds, and refuse a file named after another one."""
    name = _domain_in(table, path)
    stem = path.name.split(".")[0].upper()
    if _DOMAIN_NAME.match(stem) and stem != name:
        raise DataError(f"{path}: holds domain {name}, though its name says {stem}. Rename or replace it.")
    return name


def _domain_in(table: Table, path: Path) -> str:
    columns = set(table.frame.columns)
    if {"RDOMAIN", "QNAM"} <= columns:
        prefix, values = "SUPP", table.frame["RDOMAIN"]
    elif {"RDOMAIN", "RELID"} <= columns:
        return "RELREC"
    elif "DOMAIN" in columns:
        prefix, values = "", table.frame["DOMAIN"]
    else:
        if (stem := path.name.split(".")[0].upper()) in RELATED:
            return stem
        analysis = " It looks like an ADaM dataset." if columns & _ADAM_VARIABLES else ""
        raise DataError(f"{path}: has no DOMAIN (or RDOMAIN) column, so it is no SDTM data.{analysis}")
    names = sorted(map(str, values.unique()))
    if not names:  # a data set without rows says its domain by its name alone
        for said in (table.name, path.name.split(".")[0]):
            if domain := domain_of_name(said):
                return domain
    if len(names) == 1 and _PART.match(names[0]):
        column = "RDOMAIN" if prefix else "DOMAIN"
        raise DataError(
            f"{path}: {column} is {names[0]!r} in every row, but a domain has two letters, also where it is "
            f"split into files: {column} stays {names[0][:2]}, and the file's name says the part "
            f"({names[0].lower()}; SDTMIG 3.4, 4.1.7). Write {names[0][:2]} into {column}."
        )
    if len(names) != 1 or not _DOMAIN_NAME.match(prefix + names[0]):
        raise DataError(f"{path}: DOMAIN must hold one domain in every row, but holds {names[:5]}.")
    return f"{prefix}{names[0]}"


# Analysis datasets that are taken as they are, where what they are derived from isn't at hand.


def add_given(trial: Trial, files: MappingOf[str, Path], bounds: Bounds) -> Trial:
    """Return the trial with analysis datasets as given, lower-case name to file.

    Each stands among the files of the trial under a name that says so. Raises DataError for a file that can't
    be read, holds no subjects (USUBJID), or has texts for values, as CSV does.
    """
    given, sources = {}, dict(trial.sources)
    for name, path in files.items():
        if not path.is_file():
            raise DataError(f"{path}: there is no such file. Check `given` in the parameters.")
        with held_to(path, bounds):
            table = read_table(path, bounds=bounds)
        if table is None or "USUBJID" not in table.frame:
            raise DataError(f"{path}: holds no records of subjects (USUBJID), so it can't be {name.upper()}.")
        if "AVAL" in table.frame and not pd.api.types.is_numeric_dtype(table.frame["AVAL"]):
            raise DataError(
                f"{path}: AVAL is text. Save {name.upper()} in a format that tells numbers from text: "
                "Dataset-JSON, SAS transport or Parquet."
            )
        plain = make_plain(table, name.upper(), path)[0]
        given[name] = Table(plain.frame, plain.label, plain.name, plain.variables)
        sources[f"{name.upper()}, analysis dataset as given, not derived here"] = (path,)
    return replace(trial, given=given, sources=sources)
