"""Whether a command would make again what is there: decided from its last record, before other imports.

A command that ended well leaves a record: every file that it read with its SHA-256, every folder that it
listed, the files of the program that its steps run, the environment, and every file that it made. The next
one compares all of it with what is there, by content. Wrongly skipping is worse than slow: where there is no
record, where it is damaged or another version's, and wherever something can't be known, there is something to
do. Nothing but the standard library is imported here.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csrkit.charts.assets import BUNDLE
from csrkit.inputs.hashes import file_hash, source_hash, text_hash
from csrkit.inputs.imports import CACHE, Imports
from csrkit.inputs.packages import installed_versions, normal_name

FOLDER = Path("work/done")
# Of the environment, these variables decide what a command makes: its own, and those of Quarto.
_VARIABLES = ("ITPCSR_", "QUARTO_")
_NO_RECORD = "no record of an earlier run"
_DAMAGED = "the record of the last run is damaged"


@dataclass(frozen=True)
class Verdict:
    """Why a command has something to do, one phrase for each thing that differs; none: nothing to do.

    ``result`` is what the command made last (relative to the project, as all paths), ``report`` the name of
    the report that it is of.
    """

    reasons: tuple[str, ...]
    result: Path = Path()
    report: str = ""

    @property
    def up_to_date(self) -> bool:
        """Whether the command would make again what is there."""
        return not self.reasons


def write_record(
    root: Path,
    parameters: Path,
    command: str,
    options: Mapping[str, Any],
    *,
    report: str,
    result: Path,
    read_files: Mapping[Path, str],
    listed_folders: Iterable[Path],
    entries: Iterable[Path | str],
    outputs: Iterable[Path],
    without: Sequence[str] = (),
) -> None:
    """Record that a command ended well, what from and what it made.

    Parameters
    ----------
    root, parameters, command
        The project's folder, the parameters of the report version, and the command's name; each pair of the
        last two has one record.
    options
        The command's options that decide what it makes, by name; values of JSON.
    report, result
        The report's name and what was made, for those who ask later.
    read_files
        Every file read, with its SHA-256 when it was read (``Seen.hashes``); "" where there was none. Files
        of the program may be among them; those that no entry runs are left out.
    listed_folders
        Every folder of which the names of files decided, the outputs' folders too.
    entries
        The notebooks that ran and the modules that ran them; all that they import counts.
    outputs
        Every file that was made and that a reader or a later step uses.
    without
        Modules that only import beforehand what others import: they don't count.
    """
    imports = Imports(
        root, cache=root / CACHE, hash_of=lambda path: read_files.get(path) or source_hash(path)
    )
    entries = list(entries)
    notebooks = {entry: source_hash(entry) for entry in entries if isinstance(entry, Path)}
    read = {path: read_files[path] for path in read_files if not imports.is_of_packages(path)}
    files = {_name(path, root): digest for path, digest in {**notebooks, **read}.items()}
    told = {
        "parameters": _name(parameters, root),
        "command": command,
        "options": dict(options),
        "report": report,
        "result": _name(result, root),
        "files": files,
        "folders": {_name(folder, root): _list(folder) for folder in sorted(set(listed_folders))},
        "entries": [entry if isinstance(entry, str) else _name(entry, root) for entry in entries],
        "without": list(without),
        "program": imports.hashes(*entries, without=without),
        "environment": _environment(root / "uv.lock"),
        "variables": _variables(),
        "quarto": _quarto(options),
        "outputs": {_name(path, root): file_hash(path) for path in sorted(set(outputs))},
    }
    text = json.dumps(told, sort_keys=True)
    head = json.dumps({"made_by": _made_by(), "sha256": text_hash(text)})
    _write(_place(root, parameters, command), f"{head}\n{text}")


def nothing_to_do(root: Path, parameters: Path, command: str, options: Mapping[str, Any]) -> Verdict:
    """Return whether the command, with these options, would make again what is there, or else why not.

    The outputs are looked at where the inputs are the same, and changed nothing else.
    """
    try:
        told = _read(_place(root, parameters, command))
        if isinstance(told, str):
            return Verdict((told,))
        reasons = [*_changed_inputs(told, root, options)] or [*_changed_outputs(told, root)]
        return Verdict(tuple(reasons), Path(told["result"]), told["report"])
    except OSError as error:
        return Verdict((f"{error.filename}: {error.strerror}",))
    except (KeyError, TypeError, ValueError, AttributeError):
        return Verdict((_DAMAGED,))


def _changed_inputs(told: Mapping[str, Any], root: Path, options: Mapping[str, Any]) -> Iterator[str]:
    yield from _differences(told["options"], json.loads(json.dumps(dict(options))), "option")
    yield from _changed_files(told["files"], root, source_hash)
    yield from _changed_folders(told["folders"], {*told["files"], *told["outputs"]}, root)
    yield from _changed_program(told, root)
    yield from _changed_environment(told["environment"])
    yield from _differences(told["variables"], _variables(), "variable")
    yield from _differences(told["quarto"], _quarto(options), "Quarto's")
    if told["quarto"].get("version") == "":
        yield "Quarto doesn't say its version unless it is started"


def _changed_outputs(told: Mapping[str, Any], root: Path) -> Iterator[str]:
    yield from _changed_files(told["outputs"], root, file_hash)


def _changed_files(files: Mapping[str, str], root: Path, hash_of: Callable[[Path], str]) -> Iterator[str]:
    for name, before in files.items():
        path = root / name
        now = hash_of(path) if path.is_file() else ""
        if now != before:
            yield f"{name} {'changed' if before and now else 'is gone' if before else 'is new'}"


def _changed_folders(folders: Mapping[str, list[str]], known: Collection[str], root: Path) -> Iterator[str]:
    """Yield the files that came or went, but for those of which it is said already."""
    for folder, before in folders.items():
        now = _list(root / folder)
        for name in sorted(set(before) ^ set(now)):
            full = (Path(folder) / name).as_posix()
            if full not in known:
                yield f"{full} is {'new' if name in now else 'gone'}"


def _changed_program(told: Mapping[str, Any], root: Path) -> Iterator[str]:
    entries = [root / entry if entry.endswith(".ipynb") else entry for entry in told["entries"]]
    if gone := [entry for entry in entries if isinstance(entry, Path) and not entry.is_file()]:
        yield from (f"{_name(path, root)} is gone" for path in gone if _name(path, root) not in told["files"])
        return
    try:
        now = Imports(root, cache=root / CACHE, hash_of=source_hash).hashes(*entries, without=told["without"])
    except ValueError as error:
        yield str(error)
        return
    yield from _states(told["program"], now)


def _states(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield f"{name} {'is new' if name not in before else 'is gone' if name not in now else 'changed'}"


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], kind: str) -> Iterator[str]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            was, is_now = (_shown(values.get(name)) for values in (before, now))
            yield f"{kind} {name} was {was} and is {is_now}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "not given"
    return "not given" if value is None else str(value)


def _environment(lock: Path) -> dict[str, Any]:
    """Return the interpreter, and versions (None: not installed) of the packages that the lock file needs.

    Those that a command doesn't need, such as tools for development, decide nothing.
    """
    from csrkit.inputs.packages import PACKAGE, needed, read_lock

    versions = _versions()
    names = needed(read_lock(lock), PACKAGE) if lock.exists() else set(versions)
    packages = {name: versions.get(name) for name in sorted(names)}
    return {"python": platform.python_version(), "packages": packages, "all": not lock.exists()}


def _versions() -> dict[str, str]:
    return {normal_name(name): version for name, version in installed_versions().items()}


def _changed_environment(before: Mapping[str, Any]) -> Iterator[str]:
    if before["python"] != platform.python_version():
        yield f"Python was {before['python']} and is {platform.python_version()}"
    now, packages = _versions(), before["packages"]
    for name in sorted(packages.keys() | now.keys()) if before["all"] else packages:
        if packages.get(name) != now.get(name):
            was, is_now = (version or "absent" for version in (packages.get(name), now.get(name)))
            yield f"package {name} was {was} and is {is_now}"


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_VARIABLES)}


def _quarto(options: Mapping[str, Any]) -> dict[str, str]:
    """Return what is known of the Quarto on the PATH without starting it; nothing where it isn't asked."""
    if options.get("engine", "embedded") == "embedded":
        return {}
    path = shutil.which("quarto")
    if path is None:
        return {"path": "none"}
    real = Path(path).resolve()
    versions = [real.parent.parent / place / "version" for place in ("share", "share/quarto")]
    version = next((place.read_text(encoding="utf-8") for place in versions if place.is_file()), "")
    return {"path": str(real), "program": file_hash(real), "version": version.strip()}


def _list(folder: Path) -> list[str]:
    """Return all files below a folder but those in hidden folders and the link of `itpcsr link`."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        found += [Path(place, name).relative_to(folder) for name in names]
    made = BUNDLE.relative_to(BUNDLE.parts[0]) if folder.name == BUNDLE.parts[0] else None
    return sorted(path.as_posix() for path in found if path != made)


def _name(path: Path, root: Path) -> str:
    """Return a path from the project's folder; one outside as a whole."""
    path, root = path.absolute(), root.absolute()
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _place(root: Path, parameters: Path, command: str) -> Path:
    name = text_hash(str((root / parameters).resolve()))[:12]
    return root / FOLDER / f"{command}-{parameters.stem}-{name}.json"


def _made_by() -> str:
    """Return a mark of the program that writes and reads records: another one's record isn't believed."""
    here = Path(__file__).parent
    paths = [Path(__file__), *sorted((here.parent / "inputs").glob("*.py"))]
    return text_hash("".join(map(file_hash, paths)))


def _read(path: Path) -> Any:
    """Return what a record tells, or in words why there is none to believe."""
    try:
        head, _, text = path.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return _NO_RECORD
    except UnicodeDecodeError:
        return _DAMAGED
    mark = json.loads(head)
    if mark["sha256"] != text_hash(text):
        return _DAMAGED
    return json.loads(text) if mark["made_by"] == _made_by() else "another version of the program ran last"


def _write(path: Path, text: str) -> None:
    """Write a record in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    Path(name).replace(path)
