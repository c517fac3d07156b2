"""The comparison of two versions written into a folder: page, Word document, draft of a change log, CSV."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from csrkit.errors import ItpcsrError
from csrkit.tables import escape
from csrkit.tables.formats import format_plain
from csrkit.versions import compare as comparing
from csrkit.versions.change_log import key_results, write_change_log
from csrkit.versions.compare import Comparison, compare, write_csv
from csrkit.versions.history import COMPARISONS, STAMP, previous_version, stamp, write_version_list
from csrkit.versions.page_reading import Place, read_places
from csrkit.versions.pairing import Aligned, AlignedRow, Pair, align
from csrkit.versions.published import Shown, notice_for, read_manifest, read_shown
from csrkit.versions.redline import write_redline
from csrkit.versions.staging import staging
from csrkit.vocabulary import LEVEL

# The comparison of two versions as one HTML page that loads nothing: changed cells marked old → new.

_ROWS_SHOWN = 200  # of one list; the CSV files hold all
_FILES = {
    "changes.docx": "The text with tracked changes (Word)",
    "changes.md": "Draft of a change log",
    "numbers.csv": "All numbers (CSV)",
    "records.csv": "All records (CSV)",
}
_KEY = ["analysis", *LEVEL, "visit", "group", "statistic", "of"]


def write_page(comparison: Comparison, old: Path, new: Path, path: Path) -> None:
    """Write the page; ``old`` and ``new`` are the published versions compared."""
    template = files("csrkit.versions").joinpath("templates/compare.html").read_text(encoding="utf-8")
    styles = sorted((new / "site_libs").glob("**/csr.css"))
    current = read_places(new)
    places = current | {label: place for label, place in read_places(old).items() if label not in current}
    address = os.path.relpath(new, path.parent)
    notices = {_notice(read_manifest(folder)) for folder in (old, new)} - {""}
    text = Template(template).substitute(
        old=escape.html(old.name),
        new=escape.html(new.name),
        style=styles[0].read_text(encoding="utf-8") if styles else "",
        notice="".join(f'<div class="csr-notice">{escape.html(notice)}</div>' for notice in sorted(notices)),
        summary=f"<p>{escape.html(comparing.count_statuses(comparison))}</p>",
        results=_key_results(old, new),
        causes=_causes(comparison) + _because(comparison),
        thresholds=escape.html(_thresholds(comparison)),
        links=_links(old, new, path.parent),
        displays=_displays(comparison, places),
        subjects=_subjects(comparison.records),
        tables="\n".join(_sections(comparison, _by_label(old), _by_label(new), places, address)),
        records=_records(comparison.records),
    )
    path.write_text(text, encoding="utf-8")


def _notice(manifest: Mapping[str, Any]) -> str:
    return notice_for(bool(manifest.get("simulated")))


def _by_label(folder: Path) -> dict[str, Shown]:
    return {shown.label: shown for shown in read_shown(folder)}


def _thresholds(comparison: Comparison) -> str:
    absolute, relative = comparison.thresholds
    if absolute == 0 and relative <= comparing.NOISE:
        return "Every difference counts."
    return f"Differences up to {absolute:g}, or up to {100 * relative:g}% of the old value, don't count."


def _links(old: Path, new: Path, folder: Path) -> str:
    """Link both reports, and the comparison's other files where they are made."""
    found = [(f"The report {each.name}", os.path.relpath(each / "index.html", folder)) for each in (old, new)]
    found += [(text, name) for name, text in _FILES.items() if (folder / name).exists()]
    items = (f'<a href="{escape.html(href)}">{escape.html(text)}</a>' for text, href in found)
    return f"<p>{' · '.join(items)}</p>"


def _key_results(old: Path, new: Path) -> str:
    """Show the clauses of the synopsis that quote another number."""
    lines = [
        [escape.html(item), escape.html(clause.about), _pair((clause.old or None, clause.new or None))]
        for item, clauses in key_results(old, new)
        for clause in clauses
    ]
    if not lines:
        return "<p>The synopsis quotes the same numbers.</p>"
    return _table(["Synopsis", "Number", "Old → new"], lines, escaped=True)


def _causes(comparison: Comparison) -> str:
    if not comparison.causes:
        return "<p>The manifests name no difference in data, parameters, code or environment.</p>"
    return _table(["Kind", "What differs"], ([kind, text] for kind, text in comparison.causes))


def _because(comparison: Comparison) -> str:
    """Say how many numbers each cause changed, where a re-run has told."""
    remark = f"<p>{escape.html(comparison.remark)}</p>" if comparison.remark else ""
    if comparing.BECAUSE not in comparison.numbers:
        return remark
    counts = comparison.numbers[comparing.BECAUSE].value_counts()
    return remark + _table(["Cause", "Numbers"], ([str(name), str(n)] for name, n in counts.items()))


def _displays(comparison: Comparison, places: Mapping[str, Place]) -> str:
    """One line per display, in the order of the new version's pages."""
    lines = comparing.by_display(comparison)
    order = {label: number for number, label in enumerate(places)}
    lines = lines.sort_values("display", key=lambda labels: labels.map(order), kind="stable")
    explained = [comparing.BECAUSE] if comparing.BECAUSE in lines else []
    heads = ["Display", "Changed", "Appeared", "Vanished", "Subjects whose records differ"]
    return _table(
        [*heads, *(name.capitalize() for name in explained)],
        (
            [
                _jump(str(row["display"]), places),
                *(escape.html(_count(row[name])) for name in ("changed", "appeared", "vanished")),
                escape.html(comparing.list_subjects(row["subjects"], 4)),
                *(escape.html(str(row[name])) for name in explained),
            ]
            for _, row in lines.iterrows()
        ),
        escaped=True,
    )


def _jump(label: str, places: Mapping[str, Place]) -> str:
    title = places[label].title if label in places else label
    return f'<a href="#{escape.html(label)}">{escape.html(title)}</a>'


def _count(number: int) -> str:
    return str(number) if number else ""


def _subjects(records: pd.DataFrame) -> str:
    """One line per subject and one column per dataset: + added, − removed, ~ changed records."""
    if records.empty:
        return "<p>The analysis datasets are the same, record by record.</p>"
    counts = comparing.by_subject(records)
    marks = (("added", "+"), ("removed", "−"), ("changed", "~"))
    texts = counts.apply(
        lambda row: " ".join(f"{mark}{row[name]}" for name, mark in marks if row[name]), axis=1
    )
    wide = counts.assign(text=texts).pivot(index="subject", columns="dataset", values="text").fillna("")
    heads = ["Subject", *(str(name).upper() for name in wide.columns)]
    return _table(
        heads, ([str(subject), *row] for subject, row in zip(wide.index, wide.to_numpy(), strict=True))
    )


def _sections(
    comparison: Comparison,
    old: Mapping[str, Shown],
    new: Mapping[str, Shown],
    places: Mapping[str, Place],
    address: str,
) -> Iterator[str]:
    """Yield old and new of each display; those of the new version link to their place in its report."""
    by_label = {str(label): part for label, part in comparison.numbers.groupby("display", sort=False)}
    for label in [*(label for label in places if label in by_label), *(by_label.keys() - places.keys())]:
        name = escape.html(label)
        pair = [versions.get(label) for versions in (old, new)]
        tables = [shown.table if shown else None for shown in pair]
        caption = next((escape.html(shown.caption) for shown in reversed(pair) if shown), name)
        title = escape.html(places[label].title) if label in places else caption
        link = (
            f' <a href="{escape.html(address)}/{places[label].url}">in the report</a>'
            if label in places and pair[1]
            else ""
        )
        body = _tables(*tables) if any(tables) else _numbers(by_label[label])
        yield f'<section id="{name}"><h3>{title} <small>{name}{link}</small></h3>{body}</section>'


def _tables(old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    return _aligned(align(old, new)) + _sentence(old, "old") + _sentence(new, "new")


def _sentence(table: dict[str, Any] | None, which: str) -> str:
    if table is None:
        return f"<p>The {which} version has no such table.</p>"
    return f"<p>The {which} version says: {escape.html(table['absent'])}</p>" if table["absent"] else ""


def _aligned(table: Aligned) -> str:
    if not table.differs:
        return "<p>The numbers differ only beyond the digits that the table shows.</p>"
    heads = "".join(f'<th scope="col">{_head(pair)}</th>' for pair in table.heads)
    body = "\n".join(_row(row, shown) for row, shown in zip(table.rows, _wanted(table.rows), strict=True))
    return (
        '<div class="csr-table-wrap" tabindex="0"><table class="csr-table">'
        f'<thead><tr><th scope="col">{escape.html(table.stub)}</th>{heads}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _head(pair: Pair) -> str:
    """Show a column's head once where only the number of subjects below it differs."""
    old, new = pair
    if old is None or new is None:
        return _pair(pair)
    (label, _, old_n), (other, _, new_n) = (text.partition(" (N=") for text in (old, new))
    if label != other or not (old_n and new_n):
        return _pair(pair)
    return f"{escape.html(label)}<br>{_pair((f'(N={old_n}', f'(N={new_n}'))}"


def _wanted(rows: tuple[AlignedRow, ...]) -> list[bool]:
    """Tell which rows are needed to read what differs: those, and the rows above that they belong to."""
    wanted = [row.differs for row in rows]
    depth = 0  # rows less indented than this head a row that is wanted
    for place in range(len(rows) - 1, -1, -1):
        if wanted[place]:
            depth = max(depth, rows[place].indent) if depth else rows[place].indent
        elif rows[place].indent < depth:
            wanted[place] = True
        if rows[place].indent < depth or wanted[place]:
            depth = rows[place].indent
    return wanted


def _row(row: AlignedRow, wanted: bool) -> str:
    classes = [f"csr-indent-{row.indent}"] * (row.indent > 0) + ["same"] * (not wanted)
    classes += ["csr-section"] * row.is_section
    cells = "".join(f"<td>{_pair(pair)}</td>" for pair in row.cells)
    return f'<tr class="{" ".join(classes)}"><th scope="row">{_pair(row.label)}</th>{cells}</tr>'


def _pair(pair: Pair) -> str:
    old, new = (None if text is None else escape.html(text) for text in pair)
    if old == new:
        return new or ""
    parts = [f"<del>{old}</del>"] if old else []
    parts += [f"<ins>{new}</ins>"] if new else []
    return ' <span class="to">→</span> '.join(parts)


def _numbers(numbers: pd.DataFrame) -> str:
    lines = (
        [
            " · ".join(str(row[name]) for name in _KEY if row[name]),
            _pair((_value(row["old"]), _value(row["new"]))),
        ]
        for _, row in numbers.head(_ROWS_SHOWN).iterrows()
    )
    more = len(numbers) - _ROWS_SHOWN
    rest = f"<p>… and {more} more in numbers.csv.</p>" if more > 0 else ""
    table = _table(["Number", "Old → new"], ([escape.html(a), b] for a, b in lines), escaped=True)
    return f"<details><summary>{len(numbers)} numbers behind the display</summary>{table}{rest}</details>"


def _value(value: float) -> str:
    return "" if pd.isna(value) else format_plain(float(f"{value:.6g}"))


def _records(records: pd.DataFrame) -> str:
    """Every changed record by variable; the added and removed ones are counted above."""
    changed = records[records["status"] == comparing.CHANGED]
    if changed.empty:
        return "<p>No record that both versions have was changed.</p>"
    parts = []
    for dataset, part in changed.groupby("dataset"):
        lines = (
            [escape.html(row["record"]), escape.html(row["variable"]), _pair((row["old"], row["new"]))]
            for _, row in part.head(_ROWS_SHOWN).iterrows()
        )
        more = len(part) - _ROWS_SHOWN
        rest = f"<p>… and {more} more in records.csv.</p>" if more > 0 else ""
        table = _table(["Record", "Variable", "Old → new"], lines, escaped=True)
        parts.append(
            f"<details><summary>{str(dataset).upper()}: {len(part)} values</summary>{table}{rest}</details>"
        )
    return "\n".join(parts)


def _table(heads: list[str], lines: Iterable[Iterable[str]], *, escaped: bool = False) -> str:
    """Return a plain table; texts are escaped here unless they are HTML already."""
    head = "".join(f'<th scope="col">{escape.html(text)}</th>' for text in heads)
    rows = []
    for line in lines:
        first, *rest = line if escaped else map(escape.html, line)
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        rows.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return (
        f'<div class="csr-table-wrap" tabindex="0"><table class="csr-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


# Write a comparison of two versions into a folder: page, Word document, draft of a change log, CSV.

_WORD = "csr.docx"


def write_comparison(found: Comparison, old: Path, new: Path, folder: Path) -> list[str]:
    """Write all files of a comparison into a folder and return their names.

    The Word document is left out where one of the versions has none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = ["index.html", "changes.md", "numbers.csv", "records.csv"]
    if all((version / _WORD).exists() for version in (old, new)):
        date = str(read_manifest(new).get("date", "1970-01-01"))
        write_redline(old / _WORD, new / _WORD, date, folder / "changes.docx")
        names.append("changes.docx")
    write_change_log(found, old, new, folder / "changes.md")
    write_csv(found, folder)
    write_page(found, old, new, folder / "index.html")  # the last, since it links the others
    return names


def record_comparison(found: Comparison, old: Path, new: Path) -> Path:
    """Write the comparison of two versions of one folder to where their pages look for it; return that.

    It appears whole or not at all, and stands in the list of versions from then on.
    """
    folder = new.parent / COMPARISONS / f"{old.name}--{new.name}"
    folder.parent.mkdir(exist_ok=True)
    with staging(folder, STAMP) as place:
        write_comparison(found, old, new, place)
        (place / STAMP).write_text(json.dumps(stamp(old, new), indent=1) + "\n", encoding="utf-8")
    write_version_list(new.parent)
    return folder


def record_version(version: Path, say: Callable[[str], None]) -> None:
    """Renew the list of versions, and compare a version that was just published with the one before it.

    An earlier version that can't be compared is said and left alone: the new one is published already.
    """
    write_version_list(version.parent)
    old = previous_version(version)
    if old is None:
        return
    try:
        folder = record_comparison(compare(old, version), old, version)
        say(f"Compared with {old}: open {folder / 'index.html'}")
    except (ItpcsrError, OSError) as error:
        say(f"Could not be compared with {old}: {error}")
