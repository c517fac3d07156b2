"""Put the report's book project together: pages, fragments, values, look, and the version's own facts."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from csrkit.charts.fonts import Fonts, choose_fonts
from csrkit.charts.vega import BUNDLE, vega_bundle
from csrkit.design import Described
from csrkit.disclosure.external import add_statement
from csrkit.errors import RenderError
from csrkit.parameters.report import Report
from csrkit.parameters.yaml_files import write_yaml
from csrkit.publish.abbreviations import write_abbreviations
from csrkit.publish.coverage import spell_uncovered, template_values
from csrkit.publish.display_list import write_display_list
from csrkit.publish.fragments import Display, write_fragment
from csrkit.publish.memo import Memo
from csrkit.publish.mirror import replace_changed
from csrkit.publish.provenance_page import write_provenance
from csrkit.publish.variables import fill_absent, keep_quoted
from csrkit.render.font_files import lay_fonts
from csrkit.tables import escape
from csrkit.versions.published import notice_for

_FIRST_HEADING = re.compile(r"^# .*$", re.MULTILINE)


def assemble(
    root: Path,
    project: Path,
    report: Report,
    study: Described,
    displays: Sequence[Display],
    rows: pd.DataFrame,
    variables: Mapping[str, Any],
    hidden: AbstractSet[str],
    manifest: Mapping[str, Any],
    pages: Mapping[str, str] | None = None,
    fonts: Fonts | None = None,
    memo: Memo | None = None,
    lists: Sequence[Callable[[Path, Sequence[str]], None]] = (),
) -> Path:
    """Write the complete book project into a folder, which Quarto or the embedded renderer reads.

    It is written beside its place and takes it when it is whole: files that are the same stay untouched, what
    isn't part of it goes, but for the book that was rendered from it.

    Parameters
    ----------
    root
        The repository, with ``_quarto.yml``, ``index.qmd``, ``report/`` and ``_extensions/``.
    project
        The folder to write.
    report, study
        The version's parameters; ``report.pages`` names a folder whose pages replace those of the same
        name.
    displays, rows, variables
        The labelled displays of all notebooks, the result rows, and the values that pages quote.
    hidden
        Keys of the study's columns that this version leaves out.
    manifest
        What the version is made from. Where the data say of themselves that they are simulated, every
        page says so, too.
    pages
        Subject to the file name of its page, for links in HTML.
    fonts
        What PDF and charts are set in; the program's own where the version names none.
    memo
        Fragments, pictures and Word's template as they were made before from the same inputs.
    lists
        What writes further fragments: called with the project's folder and its chapters in their order.
    """
    place, project = project, project.with_name(f".{project.name}.new")
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    memo = memo or Memo()
    notice = notice_for(bool(manifest["simulated"]))
    _copy_pages(root, project, report, notice)
    if report.external:
        add_statement(project, report)
    made = shutil.ignore_patterns(BUNDLE.name)
    shutil.copytree(root / "_extensions", project / "_extensions", ignore=made)
    script = memo.text("vega", (), vega_bundle)
    (project / BUNDLE).write_text(script, encoding="utf-8", newline="\n")
    fonts = fonts or choose_fonts()
    families = lay_fonts(fonts, project / "fonts")
    by_display = dict(iter(rows.groupby("display", sort=False)))
    for display in displays:
        folder = project / "results" / display.notebook
        folder.mkdir(parents=True, exist_ok=True)
        own = by_display.get(display.label, rows.iloc[:0])
        write_fragment(display, folder, own, pages, not report.external, fonts, memo)
    configuration = _configuration(root, report, study, notice)
    chapters = configuration["book"]["chapters"]
    write_display_list(project, chapters, displays)
    for write in lists:
        write(project, chapters)
    write_provenance(project, manifest)
    values = copy.deepcopy(dict(variables))
    fill_absent(values, _texts(project), hidden)
    write_abbreviations(project, chapters, displays, values)
    quoted = keep_quoted(values, _texts(project))
    # JSON is YAML too, with quotes around every text: a value 1e-5 is no number
    text = json.dumps(as_markdown(quoted), ensure_ascii=False, indent=1)
    (project / "_variables.yml").write_text(f"{text}\n", encoding="utf-8")
    configuration |= template_values(families, spell_uncovered(project, fonts, memo))
    write_yaml(project / "_quarto.yml", configuration)
    title = running_title(report, study)
    template = memo.content("reference", (title, notice), lambda: _reference(title, notice))
    (project / "reference.docx").write_bytes(template)
    replace_changed(project, place, keep={configuration["project"]["output-dir"]})
    return place


def _reference(title: str, notice: str) -> bytes:
    from csrkit.render.reference_doc import reference_doc  # with python-docx, for what is kept

    return reference_doc(title, notice)


def running_title(report: Report, study: Described) -> str:
    """Return what stands at the head of every page: study, title, version, status and data cut."""
    cutoff = report.cutoff or "none: all records"
    edition = f"{report.title} · Version {report.version} ({report.status})"
    return f"{study.identity.study_id} · {edition} · Data cut-off: {cutoff}"


def _copy_pages(root: Path, project: Path, report: Report, notice: str) -> None:
    """Copy the pages, this version's own in place of the common ones, each with the notice."""
    sources = {Path("index.qmd"): root / "index.qmd"}
    for path in sorted((root / "report").glob("*.*")):
        sources[Path("report") / path.name] = path
    if report.pages is not None:
        own = root / report.pages
        if not own.is_dir():
            raise RenderError(f"{report.pages}: there is no such folder of report pages. Check `pages`.")
        for path in sorted(own.glob("*.*")):
            target = Path(path.name) if path.name == "index.qmd" else Path("report") / path.name
            if target not in sources:
                raise RenderError(f"{path}: replaces no page of the report; names are those of report/.")
            sources[target] = path
    (project / "report").mkdir()
    for target, path in sources.items():
        text = path.read_text(encoding="utf-8")
        if target.suffix == ".qmd" and notice:
            text = _with_notice(text, notice, target)
        (project / target).write_text(text, encoding="utf-8")


def _with_notice(text: str, notice: str, page: Path) -> str:
    """Put the notice under the page's heading; PDF and Word have it in their running heads."""
    block = f"\n\n{escape.raw_block('html', notice_block(notice))}\n"
    marked, headings = _FIRST_HEADING.subn(lambda match: match.group() + block, text, count=1)
    if not headings:
        raise RenderError(f"{page}: has no heading `# …`, under which simulated data are announced. Add it.")
    return marked


def notice_block(notice: str) -> str:
    """Return the notice as HTML."""
    return f'<div class="csr-notice" role="note">{escape.html(notice)}</div>'


def _configuration(root: Path, report: Report, study: Described, notice: str) -> dict[str, Any]:
    config = yaml.safe_load((root / "_quarto.yml").read_text(encoding="utf-8"))
    date = report.date.isoformat()
    book = {
        "title": f"{report.title}: {study.identity.short_title}",
        "author": study.identity.sponsor,
    }
    config["book"] |= {**as_markdown(book), "date": date}
    edition = f"version {report.version} ({report.status})"
    own = {
        "study": study.identity.study_id,
        "version": report.version,
        "status": report.status,
        "description": f"{report.title} of {study.identity.study_id}, {edition}",
        "keywords": [study.identity.study_id, study.identity.product, study.identity.condition],
    }
    if report.cutoff is not None:
        own["data-cutoff"] = report.cutoff
    if notice:
        own["notice"] = notice
    return {**config, **as_markdown(own), "date": date}


def as_markdown(value: Any) -> Any:
    """Return values with every text escaped: both renderers read the texts of YAML as Markdown."""
    if isinstance(value, dict):
        return {name: as_markdown(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_markdown(item) for item in value]
    return escape.markdown(value) if isinstance(value, str) else value


def _texts(project: Path) -> list[str]:
    return [page.read_text(encoding="utf-8") for page in sorted(project.rglob("*.qmd"))]
