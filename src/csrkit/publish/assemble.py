"""Put the report's book project together, in characters that its fonts have."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from csrkit.charts.assets import (
    BUNDLE,
    CHINESE_PACKAGE,
    Fonts,
    choose_fonts,
    describe,
    is_of_words,
    spell_lacking,
    vega_bundle,
)
from csrkit.charts.drawing import chart_png
from csrkit.design import Described
from csrkit.errors import DataError, RenderError
from csrkit.made_files import Memo, replace_changed
from csrkit.parameters.report import Report
from csrkit.parameters.validation import write_yaml
from csrkit.publish.external import add_statement
from csrkit.publish.fragments import Display, write_fragment
from csrkit.publish.lists import PROVENANCE_PATH as PROVENANCE
from csrkit.publish.lists import write_abbreviations, write_display_list, write_provenance
from csrkit.publish.variables import fill_absent, keep_quoted
from csrkit.render.font_files import lay_fonts
from csrkit.sdtm.read import Trial
from csrkit.tables import escape
from csrkit.versions.published import notice_for

# Whether the fonts have every character of a report: said where a text is read, not found out in print.
#
# A word whose letters no font has can't be read, and a font for each script exists: the build stops and says
# which text. Signs that make up no words (emoji, private use, unassigned numbers) must make no report
# impossible: PDF and the pictures of charts print their number, `[U+1F912]`, which the report says.

_SUFFIXES = (".qmd", ".yml", ".bib", ".svg")
# Only browsers show it, and they have fonts of their own.
_HTML = re.compile(r"^```\{=html\}\n.*?^```$", re.MULTILINE | re.DOTALL)
# How YAML writes characters beyond the first 65,536.
_ESCAPED = re.compile(r"\\U([0-9A-F]{8})")
_SHOWN, _MOST = 60, 5
_CURE = (
    "Name a font file that has them under `fonts` in the report's parameters, for example one of the Noto "
    "fonts (Debian: fonts-noto-core, fonts-noto-cjk)."
)
_CHINESE = f" Chinese needs the package {CHINESE_PACKAGE}, which `make report` installs."
_NOTE = """
No font of this version has the following characters. PDF and the pictures of charts show their number in
their place, HTML and the text of Word the character itself: {characters}.
"""


def refuse_unprintable_data(trial: Trial, fonts: Fonts) -> None:
    """Stop where a text of the data holds letters that no font has.

    Raises DataError with domain, variable, file, and the first subject of each such text.
    """
    found: list[str] = []
    for name, frame in sorted(trial.domains.items()):
        files = ", ".join(path.name for path in trial.sources.get(name, ())) or name
        for variable in map(str, frame.select_dtypes("str")):
            texts = frame[variable].drop_duplicates()
            if not fonts.lacking("".join(texts)):
                continue
            subjects = frame["USUBJID"] if "USUBJID" in frame else texts.map(lambda _: "")
            for row, text in texts.items():
                if words := _describe_lacking(text, fonts):
                    subject = f", subject {subjects[row]}" if subjects[row] else ""
                    found.append(f"{name}.{variable} ({files}{subject}) {words}")
    if found:
        raise DataError(_message(found))


def spell_uncovered(project: Path, fonts: Fonts, memo: Memo | None = None) -> list[str]:
    """Spell the signs that no font has in an assembled report's charts; return all of them for its template.

    The report's page of provenance names them. What ``memo`` knows of a text isn't looked for again.

    Raises RenderError where letters are among the characters that no font has, with file and text.
    """
    memo = memo or Memo()
    lacking: set[str] = set()
    found: list[str] = []
    for path in sorted(path for path in project.rglob("*") if path.suffix in _SUFFIXES):
        if "_extensions" in path.relative_to(project).parts:
            continue
        text = path.read_text(encoding="utf-8")
        look = partial(_find_lacking, text, path.suffix, fonts)
        signs, words = json.loads(memo.text("lacking", (text, path.suffix, fonts.digests), look))
        lacking.update(signs)
        found += [f"{path.relative_to(project).as_posix()} {said}" for said in words]
        if signs and path.suffix == ".svg":
            _spell_chart(path, text, fonts)
    if found:
        raise RenderError(_message(found))
    everywhere = sorted(lacking)
    if everywhere and (project / PROVENANCE).exists():
        note = _NOTE.format(characters=", ".join(map(describe, everywhere)))
        with (project / PROVENANCE).open("a", encoding="utf-8") as stream:
            stream.write(note)
    return everywhere


def _find_lacking(text: str, suffix: str, fonts: Fonts) -> str:
    """Return as JSON the characters of a file's text that no font has, and what to say of its letters."""
    text = _HTML.sub("", text)
    if suffix == ".yml":
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    lacking = fonts.lacking(text)
    words = [_describe_lacking(line, fonts) for line in text.splitlines()] if lacking else []
    return json.dumps([lacking, [said for said in words if said]])


def template_values(families: Iterable[str], signs: Iterable[str]) -> Mapping[str, Any]:
    """Return what the template is told: the fonts in order of preference, and the signs by their number."""
    return {"csr-fonts": list(families), "csr-uncovered": [ord(sign) for sign in signs]}


def _spell_chart(path: Path, svg: str, fonts: Fonts) -> None:
    """Write a chart's two pictures again, with the numbers of the signs that no font has."""
    spelled = spell_lacking(svg, fonts)
    path.write_text(spelled, encoding="utf-8")
    path.with_suffix(".png").write_bytes(chart_png(spelled, fonts))


def _describe_lacking(text: str, fonts: Fonts) -> str:
    """Return which letters of a text no font has, with the text, or "" where none lacks."""
    letters = [char for char in fonts.lacking(text) if is_of_words(char)]
    if not letters:
        return ""
    more = f" and {len(letters) - 1} more" if len(letters) > 1 else ""
    return f"“{_around(text, letters[0])}”: no font has {describe(letters[0])}{more}"


def _around(text: str, char: str) -> str:
    """Return the text, or the part of a long one in which the character stands."""
    start = max(0, text.index(char) - _SHOWN // 2)
    part = text[start : start + _SHOWN].strip()
    return part if part == text.strip() else f"…{part}…"


def _message(found: list[str]) -> str:
    more = f"\n  … and {len(found) - _MOST} more" if len(found) > _MOST else ""
    places = "\n  ".join(found[:_MOST])
    chinese = _CHINESE if "cjk unified" in " ".join(found) else ""
    return f"The PDF can't show every text:\n  {places}{more}\n{_CURE}{chinese}"


# Put the report's book project together: pages, fragments, values, look, and the version's own facts.

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
