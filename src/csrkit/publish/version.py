"""One report version at work: its parameters, study, data and folders, and the record that it ended well."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from csrkit.bounds import Bounds, chosen_bounds
from csrkit.disclosure.counted import RULE_FILE
from csrkit.disclosure.leaks import Originals
from csrkit.errors import DataError, ParameterError
from csrkit.inputs.hashes import Opened, Seen, file_hash
from csrkit.inputs.imports import CACHE, Imports
from csrkit.inputs.packages import environment, hash_environment
from csrkit.made_files import Memo
from csrkit.parameters.report import Report, read_report
from csrkit.publish.fragments import read_options
from csrkit.publish.inside import kept_inside, shown_data
from csrkit.publish.processes import do_apart
from csrkit.publish.unchanged import write_record
from csrkit.render.font_files import VersionFonts, read_fonts
from csrkit.rows import FILE
from csrkit.sdtm.read import Trial, add_given, list_files
from csrkit.store import Adam, open_store
from csrkit.tables.provenance import page_names
from csrkit.versions.manifest import open_inputs

# What the steps of a report have to know of a trial's program: one description, given as an argument.


@dataclass(frozen=True)
class Disclosed:
    """A trial made ready for an external version, and what has to be known of its making.

    ``subjects`` are the new names; ``keeps_first`` says whether those of whom the trial takes samples because
    they were enrolled first still are the first by the moved dates; ``originals`` what may stand in no
    published file.
    """

    trial: Trial
    subjects: frozenset[str]
    keeps_first: bool
    originals: Originals


class ReadsStudy(Protocol):
    """Read a study file, with the cohorts that a version reports on."""

    def __call__(self, path: str | Path, *, cohorts: list[str] | None = None) -> Any:
        """Return the study, ``csrkit.design.Described`` and more that the trial's own code reads."""


@dataclass(frozen=True)
class Program:
    """The program of a trial. A study is ``csrkit.design.Described``; the engine hands it on as it is.

    Parameters
    ----------
    modules
        Names of the modules that make pages and datasets beside the engine's: what they import decides
        whether something has to be made again.
    datasets
        Name of the module that derives the analysis datasets.
    preloaded
        Names of modules that import beforehand what notebooks use, for the sake of time alone.
    readers
        Further files of a study by the name of their hash, with the function by which a notebook reads each.
    reads_data
        Functions by which a notebook reads the trial itself, so that it depends on all of its data.
    decimals
        Decimals of the values that pages quote, by parameter.
    read_study, write_study
        Read a study file; write it with other values, and return where.
    rules_hash, store_parts, write_store
        What the derivations depend on of a study and altogether, and the store of derived datasets.
    load_trial
        Read the data: sources, study, cut-off, bounds.
    disclose, disclosure_hash
        What an external version tells of: the trial, report, study and root; what decides about it.
    profiled, paged
        Records of ADSL of those who could have a page; of these, who has one, the analysis datasets given.
    say_paged, write_pages
        A sentence on how many have a page; write those of a version at work beside its report.
    lists
        Lists that the trial's program makes for the pages, from the result rows.
    """

    modules: tuple[str, ...]
    datasets: str
    preloaded: tuple[str, ...]
    readers: Mapping[str, str]
    reads_data: tuple[str, ...]
    decimals: Mapping[str, int]
    read_study: ReadsStudy
    write_study: Callable[[Path, dict[str, Any], Path], Path]
    rules_hash: Callable[[Any], str]
    store_parts: Callable[..., dict[str, str]]
    write_store: Callable[..., Adam]
    load_trial: Callable[[Sequence[Path], Any, Any, Bounds], Trial]
    disclose: Callable[[Trial, Report, Any, Path], Disclosed]
    disclosure_hash: Callable[[Report, Path], str]
    profiled: Callable[[pd.DataFrame, Any], pd.DataFrame]
    paged: Callable[[pd.DataFrame, pd.DataFrame, int], Collection[str]]
    say_paged: Callable[[int, int, int], str]
    write_pages: Callable[[Any, Path], None]
    lists: Callable[[Path, Sequence[str], pd.DataFrame, Any], None]


# One report version at work: its parameters, its study, its data as derived, and where everything lies.

# What makes pages, tables and charts of executed notebooks; not what kernels import beforehand.
_PAGES, _KERNELS = "csrkit.publish.pipeline", "csrkit.publish.kernels"


@dataclass(frozen=True)
class Run:
    """One report version at work: the trial's program, its parameters, study and data, and the folders used.

    ``report.study`` is the study file in use, ``study_file`` the one of the parameters, from which it differs
    where the version tries other rules. ``seen`` is what the inputs were when they were read. What takes long
    is made when it is first asked for; the analysis datasets only while this process alone works on the
    report (see ``csrkit.versions.staging``).
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

    @property
    def given(self) -> dict[str, Path]:
        """Files of the analysis datasets that are taken as given, by their name."""
        return {name: self.root / path for name, path in self.report.given.items()}

    def _load(self) -> Trial:
        trial = self.program.load_trial(self.sources, self.study, self.report.data_cutoff, self.bounds)
        return add_given(trial, self.given, self.bounds)

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
            self.given,
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

    @cached_property
    def options(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the cells of each notebook say of their displays: notebook to label to options."""
        return {name: read_options(self.notebook(name)) for name in self.report.notebooks}

    def saying(self, value: str, option: str = "discloses") -> frozenset[str]:
        """Return the displays of the version whose cells say ``#| option: value``."""
        return frozenset(
            label
            for displays in self.options.values()
            for label, options in displays.items()
            if options.get(option) == value
        )

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
    of_data = [
        *list_files(root / path for path in report.data),
        *(root / one for one in report.given.values()),
    ]
    for path in [*(root / font for font in report.fonts), *of_data]:
        seen.hash(path)
    if report.disclosure_key is not None and (root / report.disclosure_key).is_file():
        seen.hash(root / report.disclosure_key)  # one that can't be read is refused where it is needed
    fonts = read_fonts(report.fonts, root, root / "work" / report.report / "fonts")
    return Run(program, root, parameters, report, study, fonts, study_file, seen)


# Record that a command ended well: what a run read, what ran it, and what it made.

# The module that makes a version from its parameters, with all that it imports.
_PIPELINE = "csrkit.publish.pipeline"


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
    if run.report.external:
        made.append(run.store / RULE_FILE)
    pages = [run.root / "report", run.root / "_extensions"]
    if run.report.pages is not None:
        pages.append(run.root / run.report.pages)
    data = [run.root / path for path in [*run.report.data, *run.report.given.values()]]
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
