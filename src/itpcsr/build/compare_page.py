"""The comparison of two versions as one HTML page that loads nothing: changed cells marked old → new."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from itpcsr.build import compare as comparing
from itpcsr.build.aligned import Aligned, AlignedRow, Pair, align
from itpcsr.build.compare import Comparison
from itpcsr.build.published import Shown, read_manifest, read_shown
from itpcsr.display.formats import format_plain

_ROWS_SHOWN = 200  # of one list; the CSV files hold all
_KEY = ["analysis", "level", "visit", "group", "statistic"]


def write_page(comparison: Comparison, old: Path, new: Path, path: Path) -> None:
    """Write the page; ``old`` and ``new`` are the published versions compared."""
    template = files("itpcsr.build").joinpath("templates/compare.html").read_text(encoding="utf-8")
    styles = sorted((new / "site_libs").glob("**/csr.css"))
    notices = {_notice(read_manifest(folder)) for folder in (old, new)} - {""}
    text = Template(template).substitute(
        old=html.escape(old.name),
        new=html.escape(new.name),
        style=styles[0].read_text(encoding="utf-8") if styles else "",
        notice="".join(f'<div class="csr-notice">{html.escape(notice)}</div>' for notice in sorted(notices)),
        summary=_summary(comparison),
        causes=_causes(comparison.causes),
        displays=_displays(comparison),
        subjects=_subjects(comparison.records),
        tables="\n".join(_sections(comparison, _by_label(old), _by_label(new))),
        records=_records(comparison.records),
    )
    path.write_text(text, encoding="utf-8")


def _notice(manifest: Mapping[str, Any]) -> str:
    from itpcsr.build.assemble import notice_for

    return notice_for(bool(manifest.get("simulated")))


def _by_label(folder: Path) -> dict[str, Shown]:
    return {shown.label: shown for shown in read_shown(folder)}


def _summary(comparison: Comparison) -> str:
    counts = comparison.numbers["status"].value_counts()
    changed, appeared, vanished = (
        int(counts.get(name, 0)) for name in (comparing.CHANGED, comparing.APPEARED, comparing.VANISHED)
    )
    displays = comparison.numbers["display"].nunique()
    if not len(comparison.numbers):
        return f"<p>All {comparison.total} numbers are the same.</p>"
    return (
        f"<p>Of {comparison.total} numbers that both versions have, <strong>{changed} changed</strong>; "
        f"{appeared} appeared and {vanished} vanished, in {displays} displays.</p>"
    )


def _causes(causes: list[tuple[str, str]]) -> str:
    if not causes:
        return "<p>The manifests name no difference in data, parameters, code or environment.</p>"
    return _table(["What differs", ""], ([kind, text] for kind, text in causes))


def _displays(comparison: Comparison) -> str:
    lines = [
        [
            f'<a href="#{html.escape(str(row["display"]))}">{html.escape(str(row["display"]))}</a>',
            *(html.escape(_count(row[name])) for name in ("changed", "appeared", "vanished")),
            html.escape(_percent(row["largest"])),
            html.escape(_short(row["subjects"])),
        ]
        for _, row in comparing.by_display(comparison).iterrows()
    ]
    heads = ["Display", "Changed", "Appeared", "Vanished", "Largest change", "Subjects whose records differ"]
    return _table(heads, lines, escaped=True)


def _count(number: int) -> str:
    return str(number) if number else ""


def _percent(share: float) -> str:
    return "" if pd.isna(share) else f"{format_plain(float(f'{100 * share:.3g}'))}%"


def _short(subjects: list[str]) -> str:
    """Name a few subjects, count many."""
    return (
        ", ".join(subjects)
        if len(subjects) <= 4
        else f"{', '.join(subjects[:3])} and {len(subjects) - 3} more"
    )


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


def _sections(comparison: Comparison, old: dict[str, Shown], new: dict[str, Shown]) -> Iterator[str]:
    for label, numbers in comparison.numbers.groupby("display", sort=False):
        name = html.escape(str(label))
        pair = [versions.get(str(label)) for versions in (old, new)]
        tables = [shown.table if shown else None for shown in pair]
        caption = next((html.escape(shown.caption) for shown in reversed(pair) if shown), "")
        body = _tables(*tables) if any(tables) else _numbers(numbers)
        yield f'<section id="{name}"><h3>{caption or name} <small>{name}</small></h3>{body}</section>'


def _tables(old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    return _aligned(align(old, new)) + _sentence(old, "old") + _sentence(new, "new")


def _sentence(table: dict[str, Any] | None, which: str) -> str:
    if table is None:
        return f"<p>The {which} version has no such table.</p>"
    return f"<p>The {which} version says: {html.escape(table['absent'])}</p>" if table["absent"] else ""


def _aligned(table: Aligned) -> str:
    if not table.differs:
        return "<p>The numbers differ only beyond the digits that the table shows.</p>"
    heads = "".join(f'<th scope="col">{_head(pair)}</th>' for pair in table.heads)
    body = "\n".join(_row(row, shown) for row, shown in zip(table.rows, _wanted(table.rows), strict=True))
    return (
        '<div class="csr-table-wrap" tabindex="0"><table class="csr-table">'
        f'<thead><tr><th scope="col">{html.escape(table.stub)}</th>{heads}</tr></thead>'
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
    return f"{html.escape(label)}<br>{_pair((f'(N={old_n}', f'(N={new_n}'))}"


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
    old, new = (None if text is None else html.escape(text) for text in pair)
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
    table = _table(["Number", "Old → new"], ([html.escape(a), b] for a, b in lines), escaped=True)
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
            [html.escape(row["record"]), html.escape(row["variable"]), _pair((row["old"], row["new"]))]
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
    head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in heads)
    rows = []
    for line in lines:
        first, *rest = line if escaped else map(html.escape, line)
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        rows.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return (
        f'<div class="csr-table-wrap" tabindex="0"><table class="csr-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
