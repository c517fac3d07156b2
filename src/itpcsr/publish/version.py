"""One report version at work: its parameters, its study, its data as derived, and where everything lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from csrkit.bounds import Bounds, chosen_bounds
from csrkit.errors import DataError, ParameterError
from csrkit.inputs.distributions import environment, hash_environment
from csrkit.inputs.imports import CACHE, Imports
from csrkit.parameters.report import Report, read_report
from csrkit.publish.apart import do_apart
from csrkit.publish.inside import kept_inside, shown_data
from csrkit.publish.memo import Memo
from csrkit.publish.opened import Opened, Seen
from csrkit.publish.program import Disclosed, Program
from csrkit.render.font_files import VersionFonts, read_fonts
from csrkit.sdtm.read import Trial, list_files
from csrkit.store import Adam, open_store
from csrkit.tables.subject_pages import page_names
from csrkit.versions.manifest import open_inputs

# What makes pages, tables and charts of executed notebooks; not what kernels import beforehand.
_PAGES, _KERNELS = "itpcsr.publish.pipeline", "csrkit.publish.kernels"


@dataclass(frozen=True)
class Run:
    """One report version at work: the trial's program, its parameters, study and data, and the folders used.

    ``report.study`` is the study file in use, ``study_file`` the one of the parameters, from which it differs
    where the version tries other rules. ``seen`` is what the inputs were when they were read. What takes long
    is made when it is first asked for; the analysis datasets only while this process alone works on the
    report (see ``csrkit.publish.lock``).
    """

    program: Program
    root: Path
    parameters: Path
    report: Report
    study: Any
    fonts: VersionFonts
    study_file: Path
    seen: Seen

    @property
    def work(self) -> Path:
        """Folder for intermediate files; can be deleted at any time."""
        return self.root / "work" / self.report.report

    @property
    def bounds(self) -> Bounds:
        """How large a file may be: what the report says, else what its environment does."""
        return chosen_bounds(self.report.reading.model_dump(exclude_defaults=True))

    @cached_property
    def imports(self) -> Imports:
        """Which files of the program a step runs, as they were when they were first seen."""
        return Imports(self.root, cache=self.root / CACHE, hash_of=self.seen.hash)

    @cached_property
    def environment(self) -> str:
        """One SHA-256 of the interpreter and the packages that the program needs."""
        lock_file = self.root / "uv.lock"
        return hash_environment(environment(lock_file), lock_file)

    @property
    def sources(self) -> list[Path]:
        """Folders and files of the trial's data."""
        return [self.root / path for path in self.report.data]

    def _load(self) -> Trial:
        return self.program.load_trial(self.sources, self.study, self.report.data_cutoff, self.bounds)

    @cached_property
    def _read(self) -> Trial:
        return self._load()

    @cached_property
    def disclosed(self) -> Disclosed | None:
        """What has been made of the trial for an external version; None for any other."""
        if not self.report.external:
            return None
        return self.program.disclose(self._read, self.report, self.study, self.root)

    @property
    def trial(self) -> Trial:
        """The trial that the version tells of: of an external version the disclosed one."""
        return self._read if self.disclosed is None else self.disclosed.trial

    @cached_property
    def adam(self) -> Adam:
        """The analysis datasets: those of the last run where they are of the same inputs, else derived.

        The trial is read for that in a process of its own, so that none of it stays in this one's memory, but
        for an external version, whose build goes on to look for what of the trial could be seen.
        """
        if (found := self._derived) is not None:
            return found
        if self.report.external:
            return self._derive(lambda: self.trial)
        parts = self.parts
        do_apart("reads and derives the data", lambda: self._derive(self._load))
        made = open_store(self.store)
        if made is None or made.parts != parts:
            raise DataError(f"{self.store}: changed while it was made. Run again.")
        return made

    def _derive(self, load: Callable[[], Trial]) -> Adam:
        # nobody but the store holds what is loaded, so that it can let go of it
        return self.program.write_store(self.store, load(), self.study, self.parts, list_files(self.sources))

    @cached_property
    def _derived(self) -> Adam | None:
        found = open_store(self.store)
        return found if found is not None and found.parts == self.parts else None

    @property
    def is_derived(self) -> bool:
        """Whether the analysis datasets of the last run are of the same inputs."""
        return self._derived is not None

    @cached_property
    def parts(self) -> dict[str, str]:
        """What the analysis datasets depend on, name to hash."""
        disclosure = self.program.disclosure_hash(self.report, self.root) if self.report.external else ""
        return self.program.store_parts(
            list_files(self.sources), self.study, self.report.data_cutoff,
            self.imports.closure_hash(self.program.datasets), self.environment, self.seen.hash, disclosure,
        )  # fmt: skip

    @property
    def store(self) -> Path:
        """Folder of the analysis datasets."""
        return self.work / "adam"

    @cached_property
    def opened(self) -> Opened:
        """What the version is made from, as it was opened."""
        return open_inputs(
            self.root, self.parameters, self.report, self.study, self.adam, self.fonts.hashes, self.seen
        )

    def manifest(self, renderer: str, **rendering: Any) -> dict[str, Any]:
        """Return the manifest of the version: of its inputs as they were opened, and how it is rendered."""
        return {**self.opened.manifest, "renderer": renderer, **rendering}

    @cached_property
    def subject_pages(self) -> dict[str, str]:
        """Subject to the file name of its page; an external version has none."""
        if self.report.external:
            return {}
        most = self.report.displays.pages_at_most
        return page_names(self.program.paged(self.profiled, self.adam["adae"], most))

    @cached_property
    def profiled(self) -> pd.DataFrame:
        """The subjects who could have a page: records of ADSL."""
        return self.program.profiled(self.adam["adsl"], self.study)

    @cached_property
    def memo(self) -> Memo:
        """What was made for this version before, by this program in this environment."""
        without = [_KERNELS, *self.program.preloaded]
        program = self.imports.closure_hash(_PAGES, *self.program.modules, without=without)
        return Memo(self.work / "made", f"{program} {self.environment}")

    def notebook(self, name: str) -> Path:
        """Return where a notebook is."""
        return self.root / "notebooks" / f"{name}.ipynb"

    def executed(self, name: str) -> Path:
        """Return where a notebook's executed copy goes."""
        return self.work / "notebooks" / f"{name}.ipynb"

    def shown(self, name: str) -> Path:
        """Return a notebook's executed copy as it is published."""
        return self.executed(name) if self.disclosed is None else self.work / "shown" / f"{name}.ipynb"

    @property
    def data(self) -> list[str]:
        """Return where the data of the notebooks lie, from the project's root, without any absolute path.

        Those of an external version are its datasets alone: the trial as it came stays unnamed.
        """
        if self.report.external:
            return [self.store.relative_to(self.root).as_posix()]
        return [
            (path.relative_to(self.root) if path.is_relative_to(self.work) else path).as_posix()
            for path in shown_data(self.report.data, self.work)
        ]

    def rows_folder(self, name: str) -> Path:
        """Return where a notebook writes its result rows."""
        return self.work / "rows" / name


def open_run(program: Program, parameters: Path, root: Path) -> Run:
    """Read and check the parameters of a report version, and see its data; paths start at the project's root.

    Where the version tries other rules, a study file with them is written and used by every step.
    """
    if not (root / "_quarto.yml").exists() or not (root / "notebooks").is_dir():
        raise ParameterError(f"{root}: is not the project's folder (no _quarto.yml, no notebooks). Go there.")
    # each file is hashed before it is read: what is written in between, the second look at it finds
    seen = Seen()
    seen.hash(parameters)
    report = kept_inside(read_report(parameters), root)
    study_file = report.study
    seen.hash(root / study_file)
    if report.rules:
        changed = program.write_study(
            root / report.study, report.rules, root / "work" / report.report / "study.yml"
        )
        report = report.model_copy(update={"study": changed.relative_to(root)})
    seen.hash(root / report.study)
    study = program.read_study(root / report.study, cohorts=report.cohorts)
    for path in [*(root / font for font in report.fonts), *list_files(root / path for path in report.data)]:
        seen.hash(path)
    if report.disclosure_key is not None and (root / report.disclosure_key).is_file():
        seen.hash(root / report.disclosure_key)  # one that can't be read is refused where it is needed
    fonts = read_fonts(report.fonts, root, root / "work" / report.report / "fonts")
    return Run(program, root, parameters, report, study, fonts, study_file, seen)
