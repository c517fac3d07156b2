"""The command line; `itpcsr --help` lists its commands."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from csrkit.errors import ItpcsrError
from csrkit.terminal import errors_without_traceback, open_console, say, what_is_spent
from itpcsr import __version__


class _App(typer.Typer):
    """The commands, which end with a sentence also where even their imports find no memory left."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        try:
            return super().__call__(*args, **kwargs)
        except Exception as error:
            if not what_is_spent(error):
                raise
            try:
                with errors_without_traceback():
                    raise
            except typer.Exit as end:
                sys.exit(end.exit_code)


app = _App(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # coloured boxes around the help would take two thirds of its time
)
Parameters = Annotated[Path, typer.Argument(help="Parameters of a report version, e.g. params/demo.yml.")]
EngineOption = Annotated[
    Literal["auto", "quarto", "embedded"],
    typer.Option(
        help="What renders HTML and PDF: auto uses a suitable Quarto on the PATH, otherwise the "
        "embedded renderer, which always writes Word."
    ),
]

JobsOption = Annotated[
    int | None,
    typer.Option(min=1, help="Notebooks at once; by default as many as cores and memory allow."),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        help="Run notebooks on the workers of this dask.distributed scheduler, e.g. tcp://10.0.0.5:8786; "
        "they share this folder."
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be made and why, without making it.")
]


class Format(StrEnum):
    """A form of the rendered report; the order is the one in which they are said."""

    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"


_SHOWN = 5  # reasons; a new version of a package or of the program may bring hundreds


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"itpcsr {__version__}")
        raise typer.Exit


@app.callback()
def prepare(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """The reproducible clinical study report of NCT04014166: trial data to HTML, PDF and Word."""
    from csrkit.publish.temporaries import keep_temporaries_together

    with errors_without_traceback():
        keep_temporaries_together()


def _link(report: str) -> None:
    """Lay the links for Quarto; where they can't be, that is said and stops nothing."""
    from csrkit.render.links import link as lay

    try:
        lay(Path(), Path("work") / report / "render")
    except ItpcsrError as error:
        say(str(error))


def _nothing_to_do(parameters: Path, command: str, options: dict[str, Any]) -> bool:
    """Say whether what the command makes is there, from the same inputs, and if not, what differs.

    This is decided before pandas and all that needs it is imported.
    """
    from csrkit.publish.unchanged import nothing_to_do

    verdict = nothing_to_do(Path(), parameters, command, options)
    if verdict.up_to_date:
        _link(verdict.report)
        say(f"Nothing to do: {verdict.result} is up to date.")
        return True
    more = len(verdict.reasons) - _SHOWN
    said = [*verdict.reasons[:_SHOWN], *([f"{more} more"] if more > 0 else [])]
    say(f"Not up to date: {'; '.join(said)}.")
    return False


@app.command()
def build(
    parameters: Annotated[list[Path], typer.Argument(help="Parameters of report versions: params/demo.yml.")],
    engine: EngineOption = "auto",
    to: Annotated[
        list[Format] | None,
        typer.Option(
            help="Make only this format; may be repeated. The default is all; a final version needs all."
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for published versions.")] = Path("output"),
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Run the notebooks, render the report and publish it as OUTPUT/<report>-<version>/.

    If one of several versions fails, the others continue; the exit code is then 1.
    """
    from csrkit.publish.progress import build_each

    targets = _in_order(to or list(Format))

    def build_one(file: Path) -> None:
        if _nothing_to_do(file, "build", {"engine": engine, "to": targets, "output": str(output)}):
            return
        # the heavy imports wait until a command needs them, so that it answers at once
        from csrkit.publish.pipeline import build_report
        from csrkit.publish.plan import say_plan
        from csrkit.publish.running import Crew
        from itpcsr.publish.trial import TRIAL
        from itpcsr.study import read_report

        if dry_run:
            say_plan(TRIAL, file, Path(), targets, say)
            return
        target = build_report(TRIAL, file, Path(), output, engine, say, Crew(jobs, scheduler), targets)
        _link(read_report(file).report)
        say(f"Published {target}: open {target / 'index.html'}")

    build_each(parameters, build_one)


@app.command()
def run(
    parameters: Parameters,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Run only this notebook, e.g. 30-efficacy; may be repeated. Nothing is assembled."),
    ] = None,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Run the notebooks and put the report together, unrendered; what hasn't changed is skipped.

    Quarto then shows a page while it is written: quarto preview.
    """
    with errors_without_traceback():
        if not only and _nothing_to_do(parameters, "run", {}):
            return
        from csrkit.publish.pipeline import run_report
        from csrkit.publish.plan import say_plan
        from csrkit.publish.running import Crew
        from itpcsr.publish.trial import TRIAL

        if dry_run:
            say_plan(TRIAL, parameters, Path(), [], say, only or ())
            return
        done = run_report(TRIAL, parameters, Path(), say, Crew(jobs, scheduler), only or ())
        if not only:
            _link(done.report.report)
        say(f"Executed notebooks are in {done.work / 'notebooks'}")


@app.command()
def link(
    parameters: Annotated[Path, typer.Argument(help="Parameters of the run.")] = Path("params/demo.yml"),
) -> None:
    """Link to a report's last run, so that Quarto works in this folder; run and build also do this."""
    from csrkit.render.links import HOME
    from csrkit.render.links import link as lay
    from itpcsr.study import read_report

    with errors_without_traceback():
        project = Path("work") / read_report(parameters).report / "render"
        lay(Path(), project)
        say(f"{HOME} leads to {project}: quarto preview shows it.")


@app.command()
def render(
    parameters: Parameters,
    engine: EngineOption = "auto",
    to: Annotated[
        list[Format] | None, typer.Option(help="Render this format; may be repeated. The default is HTML.")
    ] = None,
    jobs: JobsOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Render the report without publishing, for work on its words; notebooks run where needed."""
    targets = _in_order(to or [Format.HTML])
    with errors_without_traceback():
        if _nothing_to_do(parameters, "render", {"engine": engine, "to": targets}):
            return
        from csrkit.publish.pipeline import render_unpublished
        from csrkit.publish.plan import say_plan
        from csrkit.publish.running import Crew
        from itpcsr.publish.trial import TRIAL
        from itpcsr.study import read_report

        if dry_run:
            say_plan(TRIAL, parameters, Path(), targets, say)
            return
        book = render_unpublished(TRIAL, parameters, Path(), engine, say, Crew(jobs), targets)
        _link(read_report(parameters).report)
        first = book / "index.html" if "html" in targets else book
        say(f"Rendered {book}: open {first}")


def _in_order(formats: list[Format]) -> list[Literal["html", "pdf", "docx"]]:
    return [form.value for form in Format if form in formats]


@app.command()
def check(
    data: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders and files with SDTM domains, and a mapping file (.yml)."),
    ] = None,
    study: Annotated[Path, typer.Option(help="The study file.")] = Path("params/study.yml"),
    findings: Annotated[
        Path | None, typer.Option(help="Write all findings to this file, e.g. findings.csv.")
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules and stop.")] = False,
    units: Annotated[
        bool,
        typer.Option("--units", help="List each test's units and how they are understood, and stop."),
    ] = False,
) -> None:
    """Read trial data, say what was found, and what is wrong with it; exit code 1 if there are errors."""
    from csrkit.errors import DataError
    from csrkit.tables.escape import write_csv
    from itpcsr.sdtm import on_terminal, review_trial
    from itpcsr.sdtm.checks import ERROR, RULES
    from itpcsr.study import read_study

    with errors_without_traceback():
        if rules:
            open_console().print(on_terminal.rule_table(RULES.values()))
            return
        if not data:
            raise DataError("Name the data to check, e.g. itpcsr check data/simulated.")
        if units:
            from itpcsr.sdtm import read_trial
            from itpcsr.sdtm.report_units import list_units

            open_console().print(on_terminal.unit_table(list_units(read_trial(data), read_study(study))))
            return
        trial = review_trial(data, read_study(study))
        found = trial.findings
        open_console().print(on_terminal.domain_table(trial))
        for table in on_terminal.finding_tables(found):
            open_console().print(table)
        say("The data are simulated." if trial.simulated else "The data don't say that they are simulated.")
        say(on_terminal.summary(found))
        if findings is not None:
            write_csv(found, findings)
            say(f"Wrote {findings}")
        if (found["severity"] == ERROR).any():
            raise typer.Exit(1)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder for the files, e.g. data/simulated.")],
    study: Annotated[Path, typer.Option(help="The study file.")] = Path("params/study.yml"),
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed; the default is that of the shipped trial.")
    ] = None,
    subjects: Annotated[
        int | None, typer.Option(min=0, help="Subjects; the default is the cohorts as conducted.")
    ] = None,
    form: Annotated[
        Literal["xpt", "csv", "parquet", "json"],
        typer.Option("--format", help="SAS transport v5, CSV, Parquet or Dataset-JSON 1.1."),
    ] = "xpt",
) -> None:
    """Write the simulated trial, one file per domain."""
    from csrkit.sdtm.write import write_domains
    from itpcsr.study import read_study
    from itpsim import simulate as simulation

    with errors_without_traceback():
        chosen = simulation.DEFAULT_SEED if seed is None else seed
        domains = simulation.simulate(read_study(study), seed=chosen, subjects=subjects)
        paths = write_domains(
            domains,
            out,
            form,
            dataset_labels=simulation.DATASET_LABELS,
            variable_labels=simulation.VARIABLE_LABELS,
        )
        say(f"Wrote {len(paths)} domains to {out} (seed {chosen})")


@app.command()
def design(
    study: Annotated[Path, typer.Option(help="The study file, with dose_finding.")] = Path(
        "params/study.yml"
    ),
    scenarios: Annotated[
        Path | None, typer.Option(help="File of true rates; the default is the study file's scenarios_file.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials for each design and scenario.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same numbers.")] = 20191128,
    designs: Annotated[
        list[str] | None, typer.Option("--design", help="Only this design, e.g. BOIN; may be repeated.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine; the default is one for each core.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask.distributed scheduler, e.g. tcp://10.0.0.5:8786.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the result rows to this file, e.g. design.csv.")
    ] = None,
) -> None:
    """Simulate the study's dose-finding designs and print their operating characteristics.

    The numbers don't depend on how many processes or machines share the work.
    """
    import pandas as pd

    from csrkit.tables.escape import write_csv
    from csrkit.tables.terminal import print_table
    from itpcsr.display.doses import table_dose_oc, table_dose_oc_subjects
    from itpcsr.publish.designs import simulate_designs
    from itpcsr.study import read_study

    with errors_without_traceback():
        protocol = read_study(study)
        shares, means, shown = simulate_designs(
            protocol, scenarios, trials, seed, designs, workers, scheduler
        )
        for arrange, rows in ((table_dose_oc, shares), (table_dose_oc_subjects, means)):
            print_table(arrange(rows, shown, protocol, trials), open_console())
        if out is not None:
            write_csv(pd.concat([shares, means], ignore_index=True), out)
            say(f"Wrote {out}")


@app.command()
def verify(
    output: Annotated[Path, typer.Argument(help="A published version, e.g. output/demo-1.0.0.")],
    rebuild: Annotated[
        Path | None, typer.Option(help="Make the version again from these parameters and compare the bytes.")
    ] = None,
    signer: Annotated[
        Path | None,
        typer.Option(help="The required signer: a public SSH key, or an allowed signers file."),
    ] = None,
) -> None:
    """Check that a published version is as it was published; exit code 1 when it isn't."""
    from csrkit.versions.on_terminal import fault_table
    from csrkit.versions.published import SIGNATURE
    from csrkit.versions.verify import verify as check_version

    with errors_without_traceback():
        faults = check_version(output)
        signed = ""
        if signer is not None or (output / SIGNATURE).exists():
            from csrkit.versions.signing import check_signature

            signed, more = check_signature(output, signer)
            faults += more
        if rebuild is not None:
            from csrkit.publish.rebuild import rebuild as build_again
            from itpcsr.publish.trial import TRIAL

            faults += build_again(TRIAL, output, rebuild, Path(), say)
        if faults:
            open_console().print(fault_table(faults))
            say(f"{output} isn't as it was published: {len(faults)} faults.")
            raise typer.Exit(1)
        say(f"{output} is as it was published{' and made again to the byte' if rebuild else ''}.")
        if signed:
            say(signed)


@app.command()
def sign(
    output: Annotated[Path, typer.Argument(help="A published version, e.g. output/demo-1.0.0.")],
    key: Annotated[Path, typer.Option(help="An SSH key, e.g. ~/.ssh/id_ed25519.")],
) -> None:
    """Sign a published version with ssh-keygen: writes SHA256SUMS.sig beside SHA256SUMS.

    Anyone can check it by ssh-keygen -Y verify (README).
    """
    from csrkit.versions.signing import sign_version

    with errors_without_traceback():
        mark = sign_version(output, key)
        say(f"Signed {output / 'SHA256SUMS'} by the key {mark}")


@app.command()
def versions(
    output: Annotated[Path, typer.Argument(help="Folder of published versions.")] = Path("output"),
) -> None:
    """List the published versions with status, data cut-off and inputs; renew the list in their pages."""
    from csrkit.versions.history import list_versions, write_version_list
    from csrkit.versions.on_terminal import version_table

    with errors_without_traceback():
        found = list_versions(output)
        if not found:
            say(f"{output} holds no published version.")
            return
        open_console().print(version_table(found))
        write_version_list(output)


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(help="A published version, e.g. output/escalation-review-1.0.0.")],
    new: Annotated[Path, typer.Argument(help="Another one, e.g. output/demo-1.0.0.")],
    absolute: Annotated[float, typer.Option(min=0, help="Differences up to this do not count.")] = 0.0,
    relative: Annotated[
        float, typer.Option(min=0, help="Differences up to this share of the old value do not count.")
    ] = 1e-9,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Find the cause of each number by exchanging one cause at a time.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the files; the default is comparisons/<old>--<new>.")
    ] = None,
) -> None:
    """Say which numbers of two published versions differ, by how much, and why."""
    from csrkit.versions.compare import compare as compare_versions
    from csrkit.versions.comparisons import record_comparison, write_comparison
    from csrkit.versions.on_terminal import comparison_tables

    with errors_without_traceback():
        found = compare_versions(old, new, absolute, relative)
        if rerun:
            from csrkit.publish.rebuild import explain
            from itpcsr.publish.trial import TRIAL

            found = explain(TRIAL, found, old, new, Path(), say)
        for table in comparison_tables(found):
            open_console().print(table)
        if output is None and old.resolve().parent == new.resolve().parent:
            folder = record_comparison(found, old, new)
        else:
            folder = output or Path("work/compare") / f"{old.name}--{new.name}"
            write_comparison(found, old, new, folder)
        say(f"Wrote {', '.join(sorted(path.name for path in folder.iterdir()))} in {folder}")


@app.command()
def results(
    output: Annotated[Path, typer.Argument(help="A published version, e.g. output/demo-1.0.0.")],
    display: Annotated[str | None, typer.Option(help="One display, e.g. tbl-response.")] = None,
) -> None:
    """Print the result rows of a published version."""
    from csrkit.errors import DataError
    from csrkit.rows import FILE, read_rows
    from csrkit.tables.escape import frame_csv

    with errors_without_traceback():
        if not (output / FILE).exists():
            raise DataError(f"{output}: holds no {FILE}. Name a published version, e.g. output/demo-1.0.0.")
        rows = read_rows(output)
        known = ", ".join(rows["display"].unique())
        if display is not None:
            rows = rows[rows["display"] == display]
            if rows.empty:
                raise DataError(f"{output}: has no display {display!r}. Displays: {known}.")
        typer.echo(frame_csv(rows), nl=False)


@app.command()
def serve(
    output: Annotated[Path, typer.Argument(help="A published version, or the folder of all.")] = Path(
        "output"
    ),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on this machine; 0 chooses a free one.")
    ] = 8000,
) -> None:
    """Show published versions in a browser on this machine. Ctrl-C ends it.

    The address holds a secret of this run: who has it can read the versions, other users of the machine
    can't.
    """
    from csrkit.publish.serve import open_server

    with errors_without_traceback(), open_server(output, port) as server:
        try:
            for address in server.addresses:
                say(f"Open {address}")
            server.serve_forever()
        except KeyboardInterrupt:
            say("Stopped.")
