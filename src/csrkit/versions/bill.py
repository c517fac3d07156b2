"""The software bill of materials: what was installed where a version was made, in CycloneDX's form."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageMetadata, distributions
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csrkit.inputs.installed import normal_name
from csrkit.inputs.lock_file import PACKAGE, Locked, needed, read_lock
from csrkit.versions.published import BILL

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

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
