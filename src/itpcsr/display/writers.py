"""Write a table as HTML, Typst, a Pandoc grid (for Word), CSV or RTF."""

from __future__ import annotations

import contextlib
import csv
import html
import io
import itertools
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import polars as pl
import rtflite as rtf
from wcwidth import wcswidth

from itpcsr.display.layout import GAP, column_characters, is_wide
from itpcsr.display.subject_pages import linked, names_subjects
from itpcsr.display.table import HeadCell, Row, Table, head_rows, spanner_runs

# Word's paragraph style for the notes below a table; the reference document defines it.
NOTE_STYLE = "Table Note"
# Word's style around a table that needs a page on its side.
WIDE_STYLE = "Wide Table"
# A cell that begins so is run as a formula, or hides one behind a blank, by common spreadsheets.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# The blanks that RTF puts beside a cell's text, in characters.
_RTF_GAP = 4
# What pandoc reads as a table of the page's full width.
_GRID_WIDTH = 120


def to_html(table: Table, name: str = "", pages: Mapping[str, str] | None = None) -> str:
    """Return semantic HTML: scoped headers, row heads, notes below; the look is in the style sheet.

    ``name`` is what a screen reader calls the part of the page that scrolls when the table is wide;
    ``pages`` has the page of each subject, to which the rows of a listing link.
    """
    if table.absent:
        return f'<p class="csr-absent">{html.escape(table.absent)}</p>'
    head = "\n".join(_html_head(table))
    pages = (pages or {}) if names_subjects(table.stub) else {}
    body = "\n".join(_html_row(row, len(table.headers), pages) for row in table.rows)
    notes = "\n".join(f'<p class="csr-note">{html.escape(note)}</p>' for note in table.notes)
    return (
        f'<div class="csr-table-wrap" {_region(name)}>\n<table class="csr-table">\n'
        f"<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n{notes}"
    )


def _region(name: str) -> str:
    """Return the attributes of what scrolls: the keyboard reaches it, and it says what it holds."""
    return f'tabindex="0" role="region" aria-label="{html.escape(name or "Table")}"'


def _html_head(table: Table) -> list[str]:
    return ["<tr>" + "".join(map(_html_head_cell, row)) + "</tr>" for row in head_rows(table)]


def _html_head_cell(cell: HeadCell) -> str:
    spans = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    spans += f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    scope = "colgroup" if cell.columns > 1 else "col"
    count = f"<br>(N={cell.n})" if cell.n else ""
    return f'<th{spans} scope="{scope}">{html.escape(cell.label)}{count}</th>'


def _html_row(row: Row, width: int, pages: Mapping[str, str]) -> str:
    classes = [f"csr-indent-{row.indent}"] * (row.indent > 0) + ["csr-section"] * row.is_section
    named, label = f' class="{" ".join(classes)}"' if classes else "", linked(row.label, pages)
    if row.is_section:
        return f'<tr{named}><th scope="rowgroup" colspan="{width + 1}">{label}</th></tr>'
    values = "".join(f"<td>{html.escape(cell)}</td>" for cell in row.cells)
    return f'<tr{named}><th scope="row">{label}</th>{values}</tr>'


def to_typst(table: Table) -> str:
    """Return a Typst table with a repeated header and the notes below it."""
    if table.absent:
        return _typst_text(table.absent)
    width = len(table.headers)
    shares = ", ".join(f"{characters + GAP}fr" for characters in column_characters(table))
    lines = [
        f"#table(columns: ({shares}),",
        f"  align: (left, {', '.join(['center'] * width)}),",
        "  table.header(table.hline(),",
        *_typst_head(table),
        "    table.hline(stroke: 0.5pt)),",
    ]
    for row in table.rows:
        label = _typst_text(row.label)
        if row.indent:
            label = f"#pad(left: {row.indent}em)[{label}]"  # wrapped lines keep the indentation
        if row.is_section:
            lines.append(f"  table.cell(colspan: {width + 1}, align: left)[#strong[{label}]],")
        else:
            cells = ", ".join(f"[{_typst_text(cell)}]" for cell in row.cells)
            lines.append(f"  [{label}], {cells},")
    lines.append("  table.hline())")
    lines += [f"#block(above: 0.5em, below: 0.5em, text(8pt)[{_typst_text(note)}])" for note in table.notes]
    return "\n".join(lines)


def _typst_head(table: Table) -> list[str]:
    rows = head_rows(table)
    lines = [f"    {_typst_head_cell(cell)}," for row in rows for cell in row]
    lines[0] = lines[0].replace("bottom + center", "bottom + left")  # the stub's head, over its rows
    return lines


def _typst_head_cell(cell: HeadCell) -> str:
    count = f" \\ (N={cell.n})" if cell.n else ""
    # a unit stays on one line: Typst would break it after the slash
    label = re.sub(r"\S+\\/\S+", r"#box[\g<0>]", _typst_text(cell.label))
    text = f"[{label}{count}]"
    if cell.columns > 1:
        return f"table.cell(colspan: {cell.columns}){text}"
    return f"table.cell(rowspan: {cell.rows}, align: bottom + center){text}" if cell.rows > 1 else text


def _typst_text(text: str) -> str:
    """Escape what Typst would read as markup; a dash or tilde between numbers stays as it is."""
    return re.sub(r"([\\#$*_`<>@\[\]~/\-+=])", r"\\\1", text)


def to_grid(table: Table) -> str:
    """Return a Pandoc grid table, which becomes a real table in Word."""
    if table.absent:
        return _pandoc_text(table.absent)
    widths = _grid_widths(table)
    rule = _grid_rule(widths, "-")
    lines = [rule]
    if any(header.spanner for header in table.headers):
        lines += _grid_spanners(table, widths)
    lines += _grid_row(_grid_heads(table), widths)
    lines.append(
        "+"
        + "+".join(":" + "=" * (w + 1) if i == 0 else ":" + "=" * w + ":" for i, w in enumerate(widths))
        + "+"
    )
    for row in table.rows:
        if row.is_section:
            lines += [*_grid_row([_grid_label(row)], [sum(widths) + 3 * (len(widths) - 1)]), rule]
        else:
            lines += [*_grid_row([_grid_label(row), *map(_pandoc_text, row.cells)], widths), rule]
    notes = [f'\n::: {{custom-style="{NOTE_STYLE}"}}\n{_pandoc_text(note)}\n:::' for note in table.notes]
    return "\n".join([*lines, *notes])


def _grid_heads(table: Table) -> list[str]:
    return [_pandoc_text(text) for text in (table.stub, *(header.text for header in table.headers))]


def _grid_label(row: Row) -> str:
    label = "\u2003" * row.indent + _pandoc_text(row.label)
    return f"**{label}**" if row.is_section else label


def _grid_widths(table: Table) -> list[int]:
    """Return the width of each column in characters: its share, or what its widest word needs."""
    asked = [width + GAP for width in column_characters(table)]
    factor = max(1.0, _GRID_WIDTH / sum(asked))
    shares = [int(width * factor) for width in asked]
    rows = [_grid_heads(table)]
    rows += [[_grid_label(row), *map(_pandoc_text, row.cells)] for row in table.rows if not row.is_section]
    return [
        max(share, *(wcswidth(line) for row in rows for line in _wrap(row[column], share)))
        for column, share in enumerate(shares)
    ]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False) or [""]


def _pad(text: str, width: int) -> str:
    """Fill up with blanks to a width on screen: Chinese characters are two wide."""
    return text + " " * (width - wcswidth(text))


def _grid_rule(widths: list[int], mark: str) -> str:
    return "+" + "+".join(mark * (width + 2) for width in widths) + "+"


def _grid_row(cells: list[str], widths: list[int]) -> list[str]:
    wrapped = [_wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return [
        "|"
        + "|".join(
            f" {_pad(part[line] if line < len(part) else '', width)} "
            for part, width in zip(wrapped, widths, strict=True)
        )
        + "|"
        for line in range(max(map(len, wrapped)))
    ]


def _grid_spanners(table: Table, widths: list[int]) -> list[str]:
    """Write the row of spanning heads; below them a rule, beside them the cell goes on."""
    texts, spans, rule, start = [], [], "+", 0
    for text, count in [("", 1), *spanner_runs(table.headers)]:
        part = widths[start : start + count]
        texts.append(_pandoc_text(text))
        spans.append(sum(part) + 3 * (count - 1))
        rule += _grid_rule(part, "-")[1:] if text else " " * (spans[-1] + 2) + "+"
        start += count
    return [*_grid_row(texts, spans), rule]


def _pandoc_text(text: str) -> str:
    # a plus sign above a corner of the grid would be read as another corner
    return re.sub(r"([\\`*_{}\[\]<>#|~^$@])", r"\\\1", text).replace("+", "&plus;")


def to_csv(table: Table) -> str:
    """Return the table as CSV, one row per table row, with the indentation as a number."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    heads = [" ".join(part for part in (header.spanner, header.text) if part) for header in table.headers]
    writer.writerow([_no_formula(table.stub), "indent", *map(_no_formula, heads)])
    if table.absent:
        writer.writerow([_no_formula(table.absent)])
    for row in table.rows:
        cells = row.cells or ("",) * len(table.headers)
        writer.writerow([_no_formula(row.label), row.indent, *map(_no_formula, cells)])
    return stream.getvalue()


def rows_to_csv(rows: pd.DataFrame) -> str:
    """Return result rows as CSV with their raw values."""
    texts = rows.columns.drop("value")
    safe = rows.assign(**{name: rows[name].map(_no_formula) for name in texts})
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _no_formula(text: str) -> str:
    """Keep a spreadsheet from running text as a formula; numbers keep their sign."""
    risky = text.startswith(_FORMULA_STARTS) and not re.fullmatch(r"[-+]?\d[\d.,]*%?", text)
    flat = re.sub(r"[\r\n]+", " ", text)  # a cell is one line: the csv module doesn't quote a lone return
    return f"'{flat}" if risky else flat


def write_rtf(table: Table, title: str, subtitle: str, path: Path) -> None:
    """Write the table as an RTF document of its own, by rtflite."""
    width = len(table.headers)
    rows = [["\u2003" * row.indent + row.label, *(row.cells or ("",) * width)] for row in table.rows]
    rows = rows or [[table.absent, *[""] * width]]
    names = [f"c{number}" for number in range(width + 1)]
    document = rtf.RTFDocument(
        df=pl.DataFrame(rows, schema=names, orient="row"),
        rtf_page=_rtf_page(is_wide(table)),
        rtf_title=rtf.RTFTitle(text=[title, subtitle]),
        rtf_column_header=_rtf_headers(table),
        rtf_body=rtf.RTFBody(
            col_rel_width=_rtf_widths(table), text_justification=["l", *["c"] * width], text_font_size=8
        ),
        rtf_footnote=rtf.RTFFootnote(text=list(table.notes)) if table.notes else None,
    )
    with contextlib.redirect_stdout(io.StringIO()):  # rtflite prints the path
        document.write_rtf(path)
    # RTF is ASCII: rtflite leaves signs such as × as UTF-8, which readers show as two others.
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"[^\x00-\x7f]", _rtf_sign, text), encoding="ascii")


def _rtf_sign(found: re.Match[str]) -> str:
    """Write a sign outside ASCII by its UTF-16 code units."""
    units = found.group().encode("utf-16-be")
    codes = (
        int.from_bytes(units[start : start + 2], "big", signed=True) for start in range(0, len(units), 2)
    )
    return "".join(rf"\uc1\u{code}*" for code in codes)


def _rtf_page(wide: bool) -> rtf.RTFPage:
    """Return an A4 page with margins of 2 cm; the lengths are inches."""
    width, height = (11.69, 8.27) if wide else (8.27, 11.69)
    return rtf.RTFPage(
        orientation="landscape" if wide else "portrait",
        width=width,
        height=height,
        margin=[0.79, 0.79, 0.98, 0.79, 0.5, 0.5],
        col_width=width - 1.58,
    )


def _rtf_widths(table: Table) -> list[float]:
    return [float(width + _RTF_GAP) for width in column_characters(table)]


def _rtf_headers(table: Table) -> list[rtf.RTFColumnHeader]:
    width = len(table.headers)
    heads = rtf.RTFColumnHeader(
        text=[table.stub, *(header.text.replace(" (N=", "\n(N=") for header in table.headers)],
        col_rel_width=_rtf_widths(table),
        text_justification=["l", *["c"] * width],
        text_font_size=8,
    )
    if not any(header.spanner for header in table.headers):
        return [heads]
    runs = spanner_runs(table.headers)
    stub, *widths = _rtf_widths(table)
    ends = [0, *itertools.accumulate(count for _, count in runs)]
    spanners = rtf.RTFColumnHeader(
        text=["", *(text for text, _ in runs)],
        col_rel_width=[stub, *(sum(widths[start:end]) for start, end in itertools.pairwise(ends))],
        text_justification=["l", *["c"] * len(runs)],
        text_font_size=8,
    )
    return [spanners, heads]
