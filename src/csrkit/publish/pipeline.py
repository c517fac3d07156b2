"""The order of steps from parameters to a published version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from csrkit import rows as results
from csrkit.bounds import VARIABLE as READING
from csrkit.bounds import write_bounds
from csrkit.charts.assets import VARIABLE as FONTS_VARIABLE
from csrkit.charts.assets import name_for_kernels
from csrkit.disclosure.counted import Rule
from csrkit.errors import NotebookError, ParameterError
from csrkit.inputs.packages import say_other_than_locked
from csrkit.made_files import write_changed
from csrkit.many import VARIABLE as CHART_DATA
from csrkit.publish.ahead import Shown, ahead
from csrkit.publish.assemble import assemble, refuse_unprintable_data
from csrkit.publish.external import leave_out_rows, run_suppressed, write_shown
from csrkit.publish.fragments import Display, read_displays
from csrkit.publish.inside import link_data
from csrkit.publish.notebook_values import READS_ROWS, choose_values, names_before, notebook_inputs
from csrkit.publish.notebooks import Job, is_literal
from csrkit.publish.running import FILE as TIMES
from csrkit.publish.running import HERE, USUAL_MEMORY, Crew, LastRun, run_together
from csrkit.publish.search_index import write_search_index
from csrkit.publish.variables import collect_variables, list_variables
from csrkit.publish.version import Program, Run, open_run, record_run
from csrkit.render.render import FORMATS, Engine, Format, Renderer, choose_renderer, render
from csrkit.small_texts import usual_texts
from csrkit.tables.formats import format_level, format_plain
from csrkit.versions.published import REAL_STATEMENT, notice_for
from csrkit.versions.staging import claim, lock

Say = Callable[[str], None]


def run_notebooks(run: Run, say: Say, crew: Crew = HERE, only: Sequence[str] = ()) -> None:
    """Run every notebook of the version whose inputs have changed, or of these alone where some are named.

    ``crew`` runs them. Raises ParameterError for a name that is none of the version's, and where an external
    version, whose notebooks are suppressed together, is to run some alone.
    """
    refuse_alone(run, only)
    chosen = {name: values for name, values in choose_values(run, say).items() if not only or name in only}
    if sentence := say_other_than_locked(run.opened.manifest["environment"]):
        say(sentence)
    link_data(run.report.data, run.work)
    if not run.report.external:
        _run_all(run, chosen, say, crew)
        return
    run_suppressed(run, lambda rule: _run_all(run, chosen, say, crew, rule), say)


def refuse_alone(run: Run, only: Sequence[str]) -> None:
    """Stop where notebooks are to run alone that aren't the version's, or can't."""
    names = list(run.report.notebooks)
    if unknown := [name for name in only if name not in names]:
        raise ParameterError(
            f"{', '.join(unknown)}: is no notebook of this version. It has {', '.join(names)}."
        )
    if only and run.report.external:
        raise ParameterError(
            f"{run.parameters}: is an external version, whose notebooks run together: what one of them "
            "suppresses depends on the others. Leave out --only."
        )


def _run_all(
    run: Run,
    chosen: Mapping[str, Mapping[str, Any]],
    say: Say,
    crew: Crew,
    rule: Rule | None = None,
) -> None:
    """Run the notebooks of which an input has changed; ``rule`` is that of an external version."""
    jobs = list_jobs(run, chosen, rule)
    last_run = LastRun(run.work / TIMES, USUAL_MEMORY + run.adam.memory)

    def run_all(on_done: Callable[[str], None] = lambda _: None) -> None:
        run_together(jobs, last_run, run.opened.refuse_changes, say, crew, on_done)

    if run.report.external:  # what is shown of one notebook depends on the others
        run_all()
        return
    with ahead(Shown(run.subject_pages, run.fonts.fonts, run.memo), crew.jobs) as begin:
        run_all(lambda name: begin(run.shown(name), run.rows_folder(name)))


def list_jobs(run: Run, chosen: Mapping[str, Mapping[str, Any]], rule: Rule | None = None) -> list[Job]:
    """Return the notebooks with all that they depend on; ``chosen`` are their values."""
    return [
        _job(run, name, values, None if rule is None else rule.only(run.options[name]))
        for name, values in chosen.items()
    ]


def _job(run: Run, name: str, values: Mapping[str, Any], own_rule: Rule | None) -> Job:
    """Return one notebook to run; ``own_rule`` is the part of an external version's that concerns it."""

    def inside(path: Path) -> Path:
        return path.relative_to(run.root)

    before = names_before(run, name) if READS_ROWS in values else ()
    return Job(
        root=run.root,
        notebook=inside(run.notebook(name)),
        parameters=values,
        executed=inside(run.executed(name)),
        failed=inside(run.work / "failed" / f"{name}.ipynb"),
        rows=inside(run.rows_folder(name) / results.FILE),
        inputs=notebook_inputs(run, name, "" if own_rule is None else own_rule.to_text()),
        datasets=run.adam.hashes,
        environment={
            FONTS_VARIABLE: name_for_kernels(run.fonts.named),
            READING: write_bounds(run.bounds),
            CHART_DATA: str(run.report.displays.chart_data_at_most),
        },
        rule=own_rule,
        limits=run.report.running,
        after=before,
        preloaded=run.program.preloaded,
        reads={f"rows {other}": inside(run.rows_folder(other) / results.FILE) for other in before},
    )


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
    variables = _variables(run, rows, _facts(run, renderer.title))
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
        run.memo,
        [lambda project, chapters: run.program.lists(project, chapters, rows, run.study)],
    )
    say(f"Assembled {len(displays)} displays and {len(rows)} result rows")
    return Assembled(project, displays, rows, manifest)


def render_report(
    run: Run, renderer: Renderer, say: Say, targets: Sequence[Format] = FORMATS
) -> tuple[Path, list[Display], pd.DataFrame, dict[str, Any]]:
    """Assemble and render from the executed notebooks; return book, displays, rows and manifest.

    ``targets`` are the formats to make, which the manifest names where they aren't all; what hasn't changed
    isn't made again.
    """
    assembled = assemble_report(run, renderer, say)
    say(f"Rendering with {renderer.title}")
    book = render(assembled.project, run.report, renderer, say, targets, run.memo)
    if "html" in targets:
        run.program.write_pages(run, book)
        write_search_index(book, run.memo)
    some = {} if set(targets) == set(FORMATS) else {"formats": list(targets)}
    return book, assembled.displays, assembled.rows, {**assembled.manifest, **some}


def _without_left_out(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """Write what an external version shows of its notebooks, and take out the rows of what it doesn't."""
    if run.disclosed is None:
        return rows
    left_out: dict[str, str] = {}
    for name in run.report.notebooks:
        left_out |= write_shown(
            run.executed(name), run.shown(name), run.disclosed.subjects, run.disclosed.keeps_first
        )
    return leave_out_rows(rows, left_out, run.disclosed.subjects)


def _variables(run: Run, rows: pd.DataFrame, facts: dict[str, Any]) -> dict[str, Any]:
    """Return all values that pages could quote, and list them in ``values.yml``."""
    inputs = (hashlib.sha256(usual_texts(rows).to_parquet()).digest(), run.report.confidence_level)

    def collect() -> str:
        return json.dumps(
            collect_variables(rows, run.report.confidence_level, run.program.decimals), ensure_ascii=False
        )

    variables = {**json.loads(run.memo.text("values", inputs, collect)), **facts}
    listed = run.memo.text("listed", (*inputs, facts), lambda: list_variables(variables))
    write_changed(run.work / "values.yml", listed.encode())
    return variables


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
    everything = run.program.read_study(run.root / run.report.study).design.columns
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
            "subject_pages": run.program.say_paged(
                len(run.subject_pages), len(run.profiled), report.displays.pages_at_most
            ),
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
    if not run.is_derived:
        from csrkit.publish.kernels import start_server  # with Jupyter's client, which only kernels need

        start_server(
            run.program.preloaded
        )  # notebooks will run: what they import is imported beside the derivation
    if _lacks_characters(run):
        refuse_unprintable_data(run.trial, run.fonts.fonts)
    run.opened.refuse_changes()
    study = run.study.identity.study_id
    say(f"{len(run.adam)} analysis datasets from {len(run.adam.labels)} domains of {study}")


def _lacks_characters(run: Run) -> bool:
    """Tell whether the data hold characters that no font has; the answer is kept between runs."""
    fonts, characters = run.fonts.fonts, run.adam.characters
    lacking = run.memo.text("lacks", (characters, fonts.digests), lambda: "".join(fonts.lacking(characters)))
    return lacking != ""


def run_report(
    program: Program, parameters: Path, root: Path, say: Say, crew: Crew = HERE, only: Sequence[str] = ()
) -> Run:
    """Run the notebooks of a version and put its book together; of some notebooks alone only run these."""
    run = open_run(program, parameters, root)
    with lock(run.work):
        derive_once(run, say)
        run_notebooks(run, say, crew, only)
        if not only:
            project = assemble_report(run, Renderer(), say).project
            record_run(run, "run", {}, result=run.work / "notebooks", folders=[project])
    return run


def render_unpublished(
    program: Program,
    parameters: Path,
    root: Path,
    engine: Engine,
    say: Say,
    crew: Crew = HERE,
    targets: Sequence[Format] = ("html",),
) -> Path:
    """Render a version for work on its words; return the folder of the book."""
    renderer = choose_renderer(engine, say)
    run = open_run(program, parameters, root)
    with lock(run.work):
        derive_once(run, say)
        run_notebooks(run, say, crew)
        book, *_ = render_report(run, renderer, say, targets)
        options = {"engine": engine, "to": list(targets)}
        record_run(run, "render", options, result=book, folders=[book])
    return book


def build_report(
    program: Program,
    parameters: Path,
    root: Path,
    output: Path,
    engine: Engine,
    say: Say,
    crew: Crew = HERE,
    targets: Sequence[Format] = FORMATS,
) -> Path:
    """Make and publish a report version from its parameters; return the published folder.

    ``targets`` are the formats that it has; a final version has all.
    """
    # what publishes, with python-docx, takes time that work on words doesn't have
    from csrkit.publish.publish import refuse_final
    from csrkit.versions.comparisons import record_version

    run = open_run(program, parameters, root)
    renderer = choose_renderer(engine, say)
    if run.report.status == "final" and set(targets) != set(FORMATS):
        raise ParameterError(
            f"{parameters}: a final version has HTML, PDF and Word. Leave out --to, or set `status: draft`."
        )
    with lock(run.work):
        refuse_final(output, run.report, lambda: run.manifest(**renderer.facts()))
        claim(output / run.report.name)
        derive_once(run, say)
        target = _build(run, output, renderer, say, crew, targets)
    record_version(target, say)
    if run.report.status != "final":  # building a final version again is refused, not skipped
        options = {"engine": engine, "to": list(targets), "output": str(output)}
        record_run(run, "build", options, result=target, folders=[target])
    return target


def _build(
    run: Run, output: Path, renderer: Renderer, say: Say, crew: Crew, targets: Sequence[Format]
) -> Path:
    from csrkit.publish.publish import publish
    from csrkit.versions.manifest import make_bill

    run_notebooks(run, say, crew)
    book, displays, rows, manifest = render_report(run, renderer, say, targets)
    run.opened.refuse_changes()
    executed = [run.shown(name) for name in run.report.notebooks]
    datasets = {name: run.adam.path(name) for name in run.adam}
    bill = make_bill(run.root / "uv.lock", manifest)
    target = publish(
        output, run.report, run.study, book, executed, displays, rows, datasets, run.adam.findings, manifest,
        bill, run.work / "rows", lambda folder: _inspect(run, folder), run.memo,
    )  # fmt: skip
    if set(targets) == set(FORMATS):
        run.memo.forget_unused()
    return target


def _inspect(run: Run, folder: Path) -> None:
    if run.disclosed is not None:
        from csrkit.disclosure.leaks import refuse_leaks

        refuse_leaks(folder, run.disclosed.originals)
