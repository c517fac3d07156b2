"""What a published version was made from: inputs, parameters, code, and the bill of its software."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import Distribution, PackageMetadata, distributions
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import csrkit
from csrkit.charts.assets import BUNDLE
from csrkit.design import Described
from csrkit.inputs.hashes import Opened, Seen, hash_files, source_hash
from csrkit.inputs.imports import PACKAGES, SOURCE
from csrkit.inputs.packages import (
    PACKAGE,
    Locked,
    environment,
    hash_environment,
    needed,
    normal_name,
    read_lock,
    version_changes,
)
from csrkit.parameters.report import Report
from csrkit.sdtm.read import list_files
from csrkit.store import Adam
from csrkit.versions.published import BILL, MANIFEST, SUMS

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

# What a published version was made from: inputs, parameters, code and environment, each with its hash.

# How a file's hash is had: as it is now, or as it was when it was opened
HashOf = Callable[[Path], str]


def _code_files() -> list[Path]:
    """Return all files of the packages."""
    folders = [SOURCE / package for package in PACKAGES]
    return [path for folder in folders for path in _files(folder) if "__pycache__" not in path.parts]


def _files(folder: Path) -> list[Path]:
    """Return all files below a folder but hidden ones, such as editors keep beside an open file."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def hash_code(hash_of: HashOf = source_hash) -> str:
    """Return one SHA-256 over all files of the packages, by relative path and content."""
    digest = hashlib.sha256()
    for name, content in hash_files(SOURCE, _code_files(), hash_of).items():
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


def hash_inputs(
    adam: Adam, report: Report, study: Described, root: Path, hash_of: HashOf = source_hash
) -> dict[str, str]:
    """Return the hashes of all that the notebooks' results depend on beside themselves."""
    data = {f"data {name}": file["sha256"] for name, file in sorted(adam.files.items())}
    files = {"lock": root / "uv.lock", "study": root / report.study}
    files |= {name: root / file for name, file in study.files.items()}
    others = {name: hash_of(path) for name, path in files.items() if path.exists()}
    installed = hash_environment(environment(files["lock"]), files["lock"])
    return {**data, "code": hash_code(hash_of), **others, "environment": installed}


def make_manifest(
    root: Path,
    parameters: Path,
    report: Report,
    study: Described,
    adam: Adam,
    renderer: str,
    fonts: Mapping[str, str],
    hash_of: HashOf = source_hash,
) -> dict[str, Any]:
    """Return the manifest of a version; it holds no time, no path outside the data's own names.

    ``fonts`` are the files that PDF and charts are set in, name to SHA-256. ``hash_of`` gives a file's hash;
    a build takes those of the files as it opened them. ``docs/manifest.schema.json`` describes the manifest
    for machines.
    """
    disclosed = {"disclosure": {"level": "external", "minimum_count": report.minimum_count}}
    return {
        **(disclosed if report.external else {}),
        "manifest": 1,
        "report": report.report,
        "version": report.version,
        "status": report.status,
        "date": report.date.isoformat(),
        "data_cutoff": report.cutoff,
        "simulated": adam.simulated,
        "renderer": renderer,
        "confidence_level": report.confidence_level,
        "columns": [
            column.model_dump(include={"key", "label", "spanner", "arms"}) for column in study.design.columns
        ],
        "package": f"itpcsr {csrkit.__version__}",
        "parameters": {"file": parameters.name, "sha256": hash_of(parameters)},
        "inputs": {name: dict(file) for name, file in sorted(adam.files.items())},
        "notebooks": {
            name: hash_of(root / "notebooks" / f"{name}.ipynb") for name in sorted(report.notebooks)
        },
        "pages": hash_files(root, _pages(root, report), hash_of),
        "fonts": dict(sorted(fonts.items())),
        "environment": environment(root / "uv.lock"),
        "hashes": hash_inputs(adam, report, study, root, hash_of),
    }


def _pages(root: Path, report: Report) -> list[Path]:
    """Return the sources of the report's words and look."""
    folders = [root / "report", root / "_extensions"]
    if report.pages is not None:
        folders.append(root / report.pages)
    files = {path for folder in folders for path in _files(folder)}
    files.discard(root / BUNDLE)  # made by each assembly; in the root it is a link to the last one
    return [root / "_quarto.yml", root / "index.qmd", *files]


def open_inputs(
    root: Path,
    parameters: Path,
    report: Report,
    study: Described,
    adam: Adam,
    fonts: Mapping[str, str],
    seen: Seen,
) -> Opened:
    """Take down all inputs of a version as they are; ``seen`` knows those that have been read."""
    manifest = make_manifest(root, parameters, report, study, adam, "", fonts, seen.hash)

    def listed() -> list[Path]:
        given = [root / path for path in report.given.values()]
        data = list_files(root / path for path in report.data)
        return [*_code_files(), *_pages(root, report), *data, *given]

    for path in listed():
        seen.hash(path)

    return Opened(root, seen, manifest, listed)


def input_differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each input in which two manifests differ: data, parameters, code, environment."""
    for name in ("report", "version", "data_cutoff", "renderer"):
        if old.get(name) != new.get(name):
            yield f"{name} was {old.get(name)!r} and is {new.get(name)!r} now"
    if old["parameters"]["sha256"] != new["parameters"]["sha256"]:
        yield f"the parameters ({new['parameters']['file']}) aren't those of the published version"
    for kind in ("hashes", "notebooks", "pages", "fonts"):
        before, after = old.get(kind, {}), new.get(kind, {})
        for name in sorted(set(before) | set(after)):
            if before.get(name) != after.get(name):
                state = "is new" if name not in before else "is gone" if name not in after else "differs"
                yield f"input {name} {state}"
    if old["hashes"].get("environment") != new["hashes"].get("environment"):
        yield from version_changes(old["environment"], new["environment"])


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write ``manifest.json``."""
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def write_sums(folder: Path) -> None:
    """Write ``SHA256SUMS`` over every other file of the version."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != SUMS]
    lines = [f"{digest}  {name}\n" for name, digest in hash_files(folder, files).items()]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


# The software bill of materials: what was installed where a version was made, in CycloneDX's form.

# What a bill without a lock file hangs its number on; any fixed name of a namespace does.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pypi.org/project/itpcsr")


def make_bill(lock: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bill of materials of a version as CycloneDX 1.6.

    It lists the program, its interpreter, the renderer, and every installed distribution that the program
    needs by the lock file, directly or through others; without a lock file, all that is installed. A
    distribution has its package URL, its licence as its metadata say it, and, where the lock file knows the
    installed version, the file it was installed from with its SHA-256. Serial number and date follow from
    the manifest, so that the same inputs give the same bill.
    """
    # the library is imported where it is used: the command line and the notebooks start without it
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.output.json import JsonV1Dot6

    locked = read_lock(lock) if lock.exists() else {}
    libraries, platform = _libraries(locked), [*_platform(manifest)]
    program = _program(str(manifest["package"]))
    bill = Bom(components=[*libraries.values(), *platform], metadata=BomMetaData(component=program))
    bill.serial_number = uuid.uuid5(_NAMESPACE, json.dumps(manifest, sort_keys=True))
    bill.register_dependency(program, platform)
    for name, component in {PACKAGE: program, **libraries}.items():
        needs = sorted(locked[name].needs & set(libraries)) if name in locked else []
        bill.register_dependency(component, [libraries[need] for need in needs])
    content: dict[str, Any] = json.loads(JsonV1Dot6(bill).output_as_string())
    # the library stamps the moment; a version says its date alone
    content["metadata"]["timestamp"] = f"{manifest['date']}T00:00:00+00:00"
    return content


def write_bill(folder: Path, bill: Mapping[str, Any]) -> None:
    """Write ``bom.cdx.json``."""
    text = json.dumps(bill, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / BILL).write_text(text + "\n", encoding="utf-8")


def _libraries(locked: Mapping[str, Locked]) -> dict[str, Component]:
    """Return the installed distributions that the program needs, by name; all where nothing is locked."""
    # the metadata are read anew each time that one asks for them
    read = [(dist, dist.metadata) for dist in distributions()]
    installed = {normal_name(known["Name"]): (dist, known) for dist, known in read if known["Name"]}
    wanted = needed(locked, PACKAGE) & set(installed) if locked else set(installed)
    return {
        name: _component(name, *installed[name], locked.get(name, Locked()))
        for name in sorted(wanted - {PACKAGE})
    }


def _program(package: str) -> Component:
    from cyclonedx.model.component import Component, ComponentType

    name, _, version = package.partition(" ")
    licences = next((_licences(dist.metadata) for dist in distributions(name=name)), [])
    return Component(
        type=ComponentType.APPLICATION, name=name, version=version, bom_ref=package, licenses=licences
    )


def _platform(manifest: Mapping[str, Any]) -> Iterable[Component]:
    """Return the interpreter and the renderer, which no package index need have given."""
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    python = str(manifest["environment"]["python"])
    purl = PackageURL("generic", name="python", version=python)
    yield Component(type=ComponentType.PLATFORM, name="Python", version=python, purl=purl, bom_ref=str(purl))
    name, _, version = str(manifest["renderer"]).partition(" ")
    title = name if name != "embedded" else "embedded renderer"
    yield Component(type=ComponentType.APPLICATION, name=title, version=version, bom_ref=manifest["renderer"])


def _component(name: str, dist: Distribution, known: PackageMetadata, locked: Locked) -> Component:
    from cyclonedx.model.component import Component
    from packageurl import PackageURL

    version = known["Version"]
    purl = PackageURL("pypi", name=name, version=version)
    origin = _installed_file(dist, locked.files.get(version, []))
    return Component(
        name=name,
        version=version,
        purl=purl,
        bom_ref=str(purl),
        licenses=_licences(known),
        external_references=[_reference(origin)] if origin else [],
    )


def _licences(known: PackageMetadata) -> list[Any]:
    """Return the licences by SPDX expression, name or classifier; a whole text in their place is none."""
    from cyclonedx.contrib.license.factories import LicenseFactory

    said = known.get_all("License-Expression") or known.get_all("License") or [""]
    if not said[0].strip() or "\n" in said[0].strip():
        classifiers = known.get_all("Classifier") or []
        said = [text.rsplit("::", 1)[-1] for text in classifiers if text.startswith("License ::")]
    return [LicenseFactory().make_from_string(text.strip()) for text in said if text.strip() != "UNKNOWN"]


def _installed_file(dist: Distribution, files: list[Mapping[str, str]]) -> Mapping[str, str] | None:
    """Return the wheel that has the tags of the installed one, or the sources where there is no wheel."""
    text = dist.read_text("WHEEL") or ""
    tags = {line.removeprefix("Tag:").strip() for line in text.splitlines() if line.startswith("Tag:")}
    wheels = [file for file in files if file["url"].endswith(".whl")]
    if not wheels:
        return files[0] if files else None
    return next((file for file in wheels if tags and tags <= _wheel_tags(file["url"])), None)


def _wheel_tags(url: str) -> set[str]:
    """Return the tags in a wheel's file name, which may compress several: ``py2.py3-none-any``."""
    parts = url.rsplit("/", 1)[-1].removesuffix(".whl").split("-")[-3:]
    return {"-".join(tag) for tag in product(*(part.split(".") for part in parts))}


def _reference(file: Mapping[str, str]) -> Any:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri

    digest = HashType(alg=HashAlgorithm.SHA_256, content=file["hash"].removeprefix("sha256:"))
    return ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(file["url"]), hashes=[digest])
