"""What an external version shows, and the rounds by which its small counts are suppressed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from csrkit import rows as results
from csrkit.charts import drawing
from csrkit.design import Described
from csrkit.disclosure.counted import (
    CHARACTERISTICS,
    FIRST,
    NOTHING,
    ORDER,
    SUBJECTS,
    TOTAL,
    Rule,
    write_rule,
)
from csrkit.disclosure.differencing import Found, attack
from csrkit.errors import PublishError
from csrkit.parameters.report import Report
from csrkit.publish.fragments import labelled_cells
from csrkit.rows import absent_rows
from csrkit.stats.groups import assign_groups, group_sizes
from csrkit.tables.files import MIME as PROSE_MIME
from csrkit.tables.files import Prose
from csrkit.tables.formats import SUPPRESSED
from csrkit.tables.table import MIME as TABLE_MIME
from csrkit.tables.table import Row, Table, table_from_json
from csrkit.vocabulary import LEVEL

if TYPE_CHECKING:
    from csrkit.publish.version import Run

# What an external version shows of the executed notebooks: no single subject, no small count.

_FIGURE = "This external version leaves this figure out: with so few subjects it would show single ones."
_SUBJECTS = "This external version leaves this out: it shows single subjects."
_ORDER = "This external version leaves this out: it rests on the order in which subjects were enrolled."
_SIGN = re.compile(rf"\b{SUPPRESSED}\b")
_STATED_ON = (Path("index.qmd"), Path("report/16-appendices.qmd"))
# The heading of a page, with the notice on simulated data where there is one.
_HEAD = re.compile(r"^# .*$(?:\n\n```\{=html\}\n.*\n```)?", re.MULTILINE)


def write_shown(executed: Path, target: Path, subjects: Iterable[str], keeps_first: bool) -> dict[str, str]:
    """Write what an external version shows of an executed notebook; return the displays left out, and why.

    All outputs go but those of labelled displays. In place of a figure, of a display that names a subject
    (one of ``subjects``), and of one that rests on their order, stands a sentence. What the cell says by
    ``#| discloses: …`` counts first; ``keeps_first``: who was enrolled first still is.
    """
    import nbformat  # takes a second, and internal versions show notebooks as they ran

    notebook = nbformat.read(executed, as_version=4)
    labelled = {cell["id"]: options for options, cell in labelled_cells(notebook, executed.stem)}
    of_order = {ORDER} if keeps_first else {ORDER, FIRST}
    named = re.compile("|".join(map(re.escape, sorted(subjects))) or r"(?!)")
    left_out: dict[str, str] = {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        options = labelled.get(cell["id"], {})
        label = str(options.get("label", ""))
        shown = [output for output in cell.outputs if label and _is_display(output)][-1:]
        for output in shown:
            reason = _why_left_out(options, output["data"], named, of_order)
            if reason:
                left_out[label] = reason
            output["data"] = _bundle(label, output["data"], reason)
        cell.outputs = shown
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    return left_out


def _is_display(output: Any) -> bool:
    return bool({TABLE_MIME, PROSE_MIME, drawing.MIME} & set(output.get("data", {})))


def _why_left_out(
    options: dict[str, Any], data: Any, named: re.Pattern[str], of_order: Collection[str]
) -> str:
    discloses = options.get("discloses")
    if discloses == NOTHING:
        return ""
    if drawing.MIME in data or str(options["label"]).startswith("fig-"):
        return _FIGURE
    if discloses in of_order:
        return _ORDER
    content = json.dumps(data[TABLE_MIME] if TABLE_MIME in data else data[PROSE_MIME], ensure_ascii=False)
    # a listing in a file names subjects there, whatever its first rows do
    listed = discloses == SUBJECTS or data.get(TABLE_MIME, {}).get("file")
    return _SUBJECTS if listed or named.search(content) else ""


def _bundle(label: str, data: Any, reason: str) -> dict[str, Any]:
    if label.startswith("txt-"):
        return Prose(absent=reason)._repr_mimebundle_() if reason else dict(data)
    if not reason and TABLE_MIME not in data:
        return dict(data)
    table = Table("", absent=reason) if reason else _whole_cells(table_from_json(data[TABLE_MIME]))
    return table._repr_mimebundle_()


def _whole_cells(table: Table) -> Table:
    """Return the table with nothing but the sign in a cell of which a part is suppressed, and explained."""
    rows = tuple(
        Row(row.label, tuple(SUPPRESSED if _SIGN.search(cell) else cell for cell in row.cells), row.indent)
        for row in table.rows
    )
    used = any(SUPPRESSED in row.cells for row in rows)
    explained = any(note.startswith(f"{SUPPRESSED}:") for note in table.notes)
    notes = (*table.notes, f"{SUPPRESSED}: suppressed, since the number is small.")
    return replace(table, rows=rows, notes=notes if used and not explained else table.notes)


def leave_out_rows(rows: pd.DataFrame, left_out: dict[str, str], subjects: Iterable[str]) -> pd.DataFrame:
    """Return result rows without those that name a subject or rest on the order of subjects.

    Other numbers of a display left out (how many events a listing holds) stay, small ones suppressed. Where
    none is left stands one row with the reason.
    """
    named = rows[[*LEVEL, "group"]].isin(set(subjects)).any(axis=1)
    wrong = rows["display"].isin([label for label, reason in left_out.items() if reason == _ORDER])
    kept = rows[~named & ~wrong]
    notebooks = dict(zip(rows["display"], rows["notebook"], strict=True))
    empty = [label for label in left_out if label in notebooks and label not in set(kept["display"])]
    reasons = [absent_rows(label, left_out[label], notebook=notebooks[label]) for label in empty]
    return pd.concat([kept, *reasons], ignore_index=True)


def statement(minimum: int) -> Sequence[str]:
    """Return the paragraphs that say what an external version is."""
    counts = "1" if minimum == 2 else f"1 to {minimum - 1}"
    return (
        "Subjects have names of this version's own, which can't be traced back without a key that isn't "
        "published. Sites, investigators, calendar dates and words as reported are left out; coded terms and "
        "study days stay. A data cut-off is given by its year.",
        f"Counts of {counts}, and those that leave so few of their group or arm, are suppressed with all "
        f"that was computed from the same subjects: tables show {SUPPRESSED}, sentences [suppressed]. The "
        "size of a set (N) is such a count where a characteristic decides who is in the set. In a row with "
        "such a count only the total stands, and further counts are suppressed where it would follow from "
        "them, in this or in other tables. Minimum and maximum are suppressed, and all summaries of fewer "
        "than five values.",
        "Figures, listings and narratives, which show single subjects, are left out, and so are the analysis "
        "datasets, the findings of the data review and what rests on the order of enrolment. Where the text "
        "speaks of these as published, it speaks of the internal version.",
        "None of this makes so few subjects anonymous: someone who knows that a person took part may still "
        "recognise that person's course.",
    )


def add_statement(project: Path, report: Report) -> None:
    """Put the statement under the heading of the first page and of the appendices."""
    paragraphs = "\n\n".join(statement(report.minimum_count))
    block = f'\n\n::: {{.callout-important title="External version"}}\n{paragraphs}\n:::\n'
    for name in _STATED_ON:
        page = project / name
        if page.exists():
            text = page.read_text(encoding="utf-8")
            page.write_text(_HEAD.sub(lambda head: head.group() + block, text, count=1), encoding="utf-8")


# The rule by which an external version suppresses small counts, and what all its displays together need.

# Sets that stand for the arms: whoever was assigned, and whoever was treated. Their sizes are no secret.
_ARMS = ("ENRLFL", "SAFFL", "FASFL")
_ROUNDS = 5


def run_suppressed(run: Run, run_all: Callable[[Rule], None], say: Callable[[str], None]) -> None:
    """Run the notebooks until no suppressed count follows from the displays of all of them together.

    ``run_all`` runs the notebooks by a rule, those alone that it changes; they read it beside their datasets.
    Raises PublishError where counts can still be worked out after several rounds, which says what to do.
    """
    rule = make_rule(run.adam["adsl"], run.study, run.report.minimum_count)
    rule = replace(rule, without_subjects=run.saying(NOTHING), characteristics=run.saying(CHARACTERISTICS))
    for _ in range(_ROUNDS):
        write_rule(rule, run.store)
        run_all(rule)
        found = attack_version(run, rule)
        if not found.recovered:
            say(
                f"Subtracting displays from each other recovers none of {found.hidden} small counts "
                f"({found.cells} counts, {found.equations} equations)"
            )
            return
        say(f"Suppressing what gives {len(found.recovered)} small counts back, in all displays together")
        rule = replace(rule, also=rule.also | found.beside)
    places = "; ".join(" ".join(filter(None, cell)) for cell in found.recovered[:5])
    raise PublishError(
        f"{len(found.recovered)} suppressed counts follow from others that this version shows, for example "
        f"{places}. Nothing was published. Raise `minimum_count` in {run.parameters}, or leave out the "
        "notebook of these displays."
    )


def make_rule(adsl: pd.DataFrame, study: Described, minimum: int) -> Rule:
    """Return the rule of a version: its minimum, and who knows the trial knows its arms and their sizes."""
    sizes: dict[str, set[int]] = {TOTAL: set()}
    for flag in _ARMS:
        members = assign_groups(adsl, study.design.columns, flag)
        sizes[TOTAL].add(members["USUBJID"].nunique())
        for column, size in group_sizes(members).items():
            sizes.setdefault(str(column), set()).add(int(size))
    arms = {column: tuple(sorted(found)) for column, found in sizes.items()}
    return Rule(minimum, arms, {column.key: tuple(column.arms) for column in study.design.columns})


def attack_version(run: Run, rule: Rule) -> Found:
    """Take the part of someone who has all result rows that the version publishes."""
    whole, shown = (
        pd.concat([_rows(run, name, file) for name in run.report.notebooks], ignore_index=True)
        for file in (results.WHOLE, results.FILE)
    )
    disclosed, of_order = run.disclosed, run.saying(ORDER)
    subjects = disclosed.subjects if disclosed is not None else frozenset()
    if disclosed is not None and not disclosed.keeps_first:
        of_order |= run.saying(FIRST)
    gone = whole["display"].isin(of_order) | whole[[*LEVEL, "group"]].isin(subjects).any(axis=1)
    return attack(whole[~gone], shown[~gone], rule)


def _rows(run: Run, notebook: str, file: str) -> pd.DataFrame:
    return results.read_rows(run.rows_folder(notebook), file)
