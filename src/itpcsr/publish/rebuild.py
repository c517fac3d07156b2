"""Make a published version again from its inputs, elsewhere and from nothing, and compare the bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from csrkit.inputs.hashes import hash_files
from csrkit.publish.lock import lock
from csrkit.publish.program import Program
from csrkit.render.render import Engine
from csrkit.versions.manifest import input_differences
from csrkit.versions.published import SIGNATURE, Fault, read_manifest
from itpcsr.publish.pipeline import build_report
from itpcsr.publish.version import open_run

_LEFT_OUT = {"work", "output"}  # what a build makes; hidden folders hold no input


def rebuild(
    program: Program, folder: Path, parameters: Path, root: Path, say: Callable[[str], None]
) -> list[Fault]:
    """Return what a fresh build of the same version differs in; inputs that differ are named first.

    Nothing that an earlier build left behind is used: the project is read through links from an empty
    folder, so that every notebook runs. When the inputs aren't those of the manifest, no build is made.
    """
    manifest = read_manifest(folder)
    run = open_run(program, parameters, root)
    with lock(run.work):
        now = run.manifest(manifest["renderer"])
    if faults := [Fault("manifest.json", text) for text in input_differences(manifest, now)]:
        return faults
    with tempfile.TemporaryDirectory(prefix="itpcsr-rebuild-") as temporary:
        project = link_project(root.resolve(), Path(temporary) / "project")
        engine: Engine = "quarto" if manifest["renderer"].startswith("Quarto") else "embedded"
        inside = parameters.resolve().relative_to(root.resolve())
        again = build_report(program, project / inside, project, Path(temporary) / "output", engine, say)
        return list(_byte_differences(folder, again))


def link_project(root: Path, project: Path) -> Path:
    """Make a folder that reads as the project, without what builds have made; return it."""
    project.mkdir()
    for path in sorted(root.iterdir()):
        if path.name not in _LEFT_OUT and not path.name.startswith("."):
            (project / path.name).symlink_to(path)
    return project


def _byte_differences(folder: Path, again: Path) -> Iterator[Fault]:
    old, new = (
        hash_files(place, (path for path in place.rglob("*") if path.is_file() and path.name != SIGNATURE))
        for place in (folder, again)
    )
    for name in sorted(set(old) | set(new)):
        if name not in new:
            yield Fault(name, "a fresh build doesn't make this file")
        elif name not in old:
            yield Fault(name, "is missing: a fresh build makes it")
        elif old[name] != new[name]:
            yield Fault(name, "isn't what a fresh build from the same inputs makes")
