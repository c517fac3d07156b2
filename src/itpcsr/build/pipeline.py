"""The order of steps from parameters to a published version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from itpcsr import results
from itpcsr.adam import Adam
from itpcsr.adam.making import store_parts, write_store
from itpcsr.adam.profiles import derive_profiles, select_profiled
from itpcsr.adam.store import open_store
from itpcsr.bounds import VARIABLE as READING
from itpcsr.bounds import Bounds, chosen_bounds, write_bounds
from itpcsr.build.assemble import REAL_STATEMENT, assemble, notice_for, running_title, write_yaml
from itpcsr.build.bill import make_bill
from itpcsr.build.comparisons import record_version
from itpcsr.build.coverage import refuse_unprintable_data
from itpcsr.build.disclosing import Disclosed, disclosure_hash, prepare
from itpcsr.build.distributions import say_other_than_locked
from itpcsr.build.external import leave_out_rows, write_shown
from itpcsr.build.font_files import VersionFonts, read_fonts
from itpcsr.build.fragments import Display, read_displays
from itpcsr.build.inside import kept_inside, link_data, shown_data
from itpcsr.build.leaks import refuse_leaks
from itpcsr.build.lock import lock
from itpcsr.build.manifest import open_inputs
from itpcsr.build.notebook_inputs import notebook_inputs
from itpcsr.build.notebook_values import choose_values
from itpcsr.build.notebooks import is_literal, run_notebook
from itpcsr.build.opened import Opened, Seen
from itpcsr.build.publish import publish, refuse_final
from itpcsr.build.render import Engine, Renderer, choose_renderer, render
from itpcsr.build.search_index import write_search_index
from itpcsr.build.staging import claim
from itpcsr.build.subject_profiles import write_subject_pages
from itpcsr.build.suppressing import rule_of, run_suppressed
from itpcsr.build.variables import collect_variables
from itpcsr.display.fonts import VARIABLE as FONTS_VARIABLE
from itpcsr.display.fonts import name_for_kernels
from itpcsr.display.formats import format_level, format_plain
from itpcsr.display.profile import compose_profiles
from itpcsr.display.subject_pages import page_names
from itpcsr.errors import NotebookError, ParameterError
from itpcsr.sdtm import Trial, list_files, load_trial
from itpcsr.small_counts import VARIABLE, Rule
from itpcsr.study import Report, Study, read_report, read_study, write_study

Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One report version at work: its parameters, study and data, and the folders used.

    ``report.study`` is the study file in use, ``study_file`` the one of the parameters, from which it differs
    where the version tries other rules. ``seen`` is what the inputs were when they were read. What takes long
    is made when it is first asked for; the analysis datasets only while this process alone works on the
    report (see ``itpcsr.build.lock``).
    """

    root: Path
    parameters: Path
    report: Report
    study: Study
    fonts: VersionFonts
    study_file: Path
    seen: Seen

    @property
    def work(self) -> Path:
        """Folder for intermediate files; can be deleted at any time."""
        return self.root / "work" / self.report.report

    @property
    def sources(self) -> list[Path]:
        """Folders and files of the trial's data."""
        return [self.root / path for path in self.report.data]

    @cached_property
    def _read(self) -> Trial:
        return load_trial(self.sources, self.study, self.report.data_cutoff, _bounds(self.report))

    @cached_property
    def disclosed(self) -> Disclosed | None:
        """What has been made of the trial for an external version; None for any other."""
        return prepare(self._read, self.report, self.study, self.root) if self.report.external else None

    @property
    def trial(self) -> Trial:
        """The trial that the version tells of: of an external version the disclosed one."""
        return self._read if self.disclosed is None else self.disclosed.trial

    @cached_property
    def adam(self) -> Adam:
        """The analysis datasets: those of the last run where they are of the same inputs, else derived."""
        disclosure = disclosure_hash(self.report, self.root) if self.report.external else ""
        files = list_files(self.sources)
        parts = store_parts(files, self.study, self.report.data_cutoff, self.seen.hash, disclosure)
        found = open_store(self.store)
        if found is not None and found.parts == parts:
            return found
        return write_store(self.store, self.trial, self.study, parts, files)

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
        return page_names(select_profiled(self.adam["adsl"], self.study)["USUBJID"])

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


def open_run(parameters: Path, root: Path) -> Run:
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
        changed = write_study(root / report.study, report.rules, root / "work" / report.report / "study.yml")
        report = report.model_copy(update={"study": changed.relative_to(root)})
    seen.hash(root / report.study)
    study = read_study(root / report.study, cohorts=report.cohorts)
    for path in [*(root / font for font in report.fonts), *list_files(root / path for path in report.data)]:
        seen.hash(path)
    fonts = read_fonts(report.fonts, root, root / "work" / report.report / "fonts")
    return Run(root, parameters, report, study, fonts, study_file, seen)


def _bounds(report: Report) -> Bounds:
    """Return how large a file may be: what the report says, else what its environment does."""
    return chosen_bounds(report.reading.model_dump(exclude_defaults=True))


def run_notebooks(run: Run, say: Say) -> None:
    """Run every notebook of the report version whose inputs have changed."""
    chosen = choose_values(run, say)
    if sentence := say_other_than_locked(run.opened.manifest["environment"]):
        say(sentence)
    link_data(run.report.data, run.work)
    if not run.report.external:
        _run_all(run, chosen, say)
        return
    run_suppressed(run, lambda rule: _run_all(run, chosen, say, rule), say)


def _run_all(run: Run, chosen: Mapping[str, Mapping[str, Any]], say: Say, rule: Rule | None = None) -> None:
    """Run the notebooks of which an input has changed; ``rule`` is that of an external version."""
    for name, values in chosen.items():
        own_rule = "" if rule is None else rule_of(run, rule, name).to_text()
        environment = {
            FONTS_VARIABLE: name_for_kernels(run.fonts.named),
            READING: write_bounds(_bounds(run.report)),
            **({VARIABLE: own_rule} if own_rule else {}),
        }
        if not run_notebook(
            run.notebook(name),
            values,
            run.root,
            run.executed(name),
            run.work / "failed" / f"{name}.ipynb",
            run.rows_folder(name) / results.FILE,
            notebook_inputs(run, name, values, own_rule),
            run.adam.hashes,
            environment,
            run.opened.refuse_changes,
        ):
            say(f"{name} is up to date")


def read_results(run: Run) -> pd.DataFrame:
    """Return the result rows of all notebooks, which have run, each with its notebook's name."""
    names = run.report.notebooks
    return results.combine(
        *(results.read_rows(run.rows_folder(name)).assign(notebook=name) for name in names)
    )


@dataclass(frozen=True)
class Assembled:
    """The report's book project, not yet rendered, and what it was put together from."""

    project: Path
    displays: list[Display]
    rows: pd.DataFrame
    manifest: dict[str, Any]


def assemble_report(run: Run, renderer: Renderer, say: Say) -> Assembled:
    """Put the book project together from the executed notebooks.

    All names that pages could quote are listed in ``values.yml`` beside it.
    """
    manifest = run.manifest(**renderer.facts())
    rows = _without_left_out(run, read_results(run))
    displays = _read_all_displays(run)
    variables = {**collect_variables(rows, run.report.confidence_level), **_facts(run, renderer.title)}
    write_yaml(run.work / "values.yml", variables)
    project = assemble(
        run.root,
        run.work / "render",
        run.report,
        run.study,
        displays,
        rows,
        variables,
        _hidden_columns(run),
        manifest,
        run.subject_pages,
        run.fonts.fonts,
    )
    say(f"Assembled {len(displays)} displays and {len(rows)} result rows")
    return Assembled(project, displays, rows, manifest)


def render_report(
    run: Run, renderer: Renderer, say: Say
) -> tuple[Path, list[Display], pd.DataFrame, dict[str, Any]]:
    """Assemble and render from the executed notebooks; return book, displays, rows and manifest."""
    assembled = assemble_report(run, renderer, say)
    say(f"Rendering with {renderer.title}")
    book = render(assembled.project, run.report, renderer, say)
    _add_profiles(run, book)
    write_search_index(book)
    return book, assembled.displays, assembled.rows, assembled.manifest


def _add_profiles(run: Run, book: Path) -> None:
    """Put the pages of the subjects beside those of the report, whoever rendered them."""
    if run.report.external:
        return
    frames = derive_profiles(run.adam, run.study)
    profiles = compose_profiles(frames, run.study)
    notice = notice_for(run.adam.simulated)
    write_subject_pages(book, profiles, run.subject_pages, running_title(run.report, run.study), notice)


def _without_left_out(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """Write what an external version shows of its notebooks, and take out the rows of what it doesn't."""
    if run.disclosed is None:
        return rows
    left_out: dict[str, str] = {}
    for name in run.report.notebooks:
        left_out |= write_shown(
            run.executed(name), run.shown(name), run.disclosed.subjects, run.disclosed.of_order
        )
    return leave_out_rows(rows, left_out, run.disclosed.subjects)


def _read_all_displays(run: Run) -> list[Display]:
    displays: dict[str, Display] = {}
    for name in run.report.notebooks:
        for display in read_displays(run.shown(name)):
            if display.label in displays:
                other = displays[display.label].notebook
                raise NotebookError(f"{other} and {name} both label a display {display.label}; rename one.")
            displays[display.label] = display
    return list(displays.values())


def _hidden_columns(run: Run) -> set[str]:
    """Return the keys of the study file's columns that this version doesn't show."""
    everything = read_study(run.root / run.report.study).design.columns
    return {column.key for column in everything} - {column.key for column in run.study.design.columns}


def _facts(run: Run, renderer: str) -> dict[str, Any]:
    """Return values beside the results that pages quote: the study, the version, the data."""
    identity = run.study.identity
    report = run.report
    planned = sum(arm.planned or 0 for arm in run.study.design.arms)
    rules = run.study.values()
    return {
        "study": {**identity.model_dump(), "planned": str(planned)},
        "report": {
            "version": report.version,
            "status": report.status,
            "date": report.date.isoformat(),
            "cutoff": report.cutoff or "none: all records",
            "confidence": format_level(report.confidence_level),
            "renderer": renderer,
            "data_statement": notice_for(run.adam.simulated) or REAL_STATEMENT,
        },
        "rule": {name: _plain_text(value) for name, value in rules.items() if is_literal(value)},
    }


def _plain_text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain_text, value))
    return format_plain(value) if isinstance(value, float) else str(value)


def derive_once(run: Run, say: Say) -> None:
    """Read, check and derive the trial's data where they aren't those of the last run, and say what there is.

    Raises DataError where a text of the data holds letters that no font of the version has.
    """
    if run.fonts.fonts.lacking(run.adam.characters):
        refuse_unprintable_data(run.trial, run.fonts.fonts)
    run.opened.refuse_changes()
    study = run.study.identity.study_id
    say(f"{len(run.adam)} analysis datasets from {len(run.adam.labels)} domains of {study}")


def build_report(parameters: Path, root: Path, output: Path, engine: Engine, say: Say) -> Path:
    """Make and publish a report version from its parameters; return the published folder."""
    run = open_run(parameters, root)
    renderer = choose_renderer(engine, say)
    with lock(run.work):
        refuse_final(output, run.report, lambda: run.manifest(**renderer.facts()))
        claim(output / run.report.name)
        derive_once(run, say)
        target = _build(run, output, renderer, say)
    record_version(target, say)
    return target


def _build(run: Run, output: Path, renderer: Renderer, say: Say) -> Path:
    run_notebooks(run, say)
    book, displays, rows, manifest = render_report(run, renderer, say)
    run.opened.refuse_changes()
    executed = [run.shown(name) for name in run.report.notebooks]
    datasets = {name: run.adam.path(name) for name in run.adam}
    bill = make_bill(run.root / "uv.lock", manifest)
    return publish(
        output, run.report, run.study, book, executed, displays, rows, datasets, run.adam.findings, manifest,
        bill, lambda folder: _inspect(run, folder),
    )  # fmt: skip


def _inspect(run: Run, folder: Path) -> None:
    if run.disclosed is not None:
        refuse_leaks(folder, run.disclosed.originals)
