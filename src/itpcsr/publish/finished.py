"""Record that a command ended well: what a run read, what ran it, and what it made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csrkit.inputs.hashes import file_hash
from csrkit.publish.unchanged import write_record
from csrkit.rows import FILE

if TYPE_CHECKING:
    from itpcsr.publish.version import Run

# The module that makes a version from its parameters, with all that it imports.
_PIPELINE = "itpcsr.publish.pipeline"


def record_run(
    run: Run, command: str, options: Mapping[str, Any], *, result: Path, folders: Iterable[Path]
) -> None:
    """Record a command with these options whose notebooks have run.

    ``result`` is what a person opens, ``folders`` are those that the command filled, every file of which must
    be there as it is now for the command to have nothing to do; so must executed notebooks and their rows.
    """
    names = list(run.report.notebooks)
    folders = list(folders)
    made = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    made += [path for name in names for path in (run.executed(name), run.rows_folder(name) / FILE)]
    pages = [run.root / "report", run.root / "_extensions"]
    if run.report.pages is not None:
        pages.append(run.root / run.report.pages)
    data = [run.root / path for path in run.report.data]
    fonts = {path: run.fonts.hashes.get(path.name) or file_hash(path) for path in run.fonts.fonts.files}
    write_record(
        run.root,
        run.parameters,
        command,
        options,
        report=run.report.report,
        result=result,
        read_files={**fonts, **run.opened.seen.hashes},
        listed_folders=[*pages, *(path for path in data if path.is_dir()), *folders],
        entries=[*map(run.notebook, names), _PIPELINE, *run.program.modules],
        outputs=made,
        without=run.program.preloaded,
    )
