"""A table as semantic HTML."""

from __future__ import annotations

from collections.abc import Mapping

from csrkit.plain_text import cut_long_words
from csrkit.tables import escape
from csrkit.tables.layout import WORD_MOST
from csrkit.tables.subject_pages import linked, names_subjects
from csrkit.tables.table import HeadCell, Row, Table, head_rows


def to_html(table: Table, name: str = "", pages: Mapping[str, str] | None = None) -> str:
    """Return semantic HTML: scoped headers, row heads, notes below; the look is in the style sheet.

    ``name`` is what a screen reader calls the part of the page that scrolls when the table is wide;
    ``pages`` has the page of each subject, to which the rows of a listing link.
    """
    if table.absent:
        return f'<p class="csr-absent">{escape.html(table.absent)}</p>'
    head = "\n".join(_head(table))
    pages = (pages or {}) if names_subjects(table.stub) else {}
    body = "\n".join(_row(row, len(table.headers), pages) for row in table.rows)
    notes = "\n".join(f'<p class="csr-note">{escape.html(note)}</p>' for note in table.notes)
    notes += f"\n{escape.file_link(table.file)}" if table.file else ""
    return (
        f'<div class="csr-table-wrap" {_region(name)}>\n<table class="csr-table">\n'
        f"<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n{notes}"
    )


def _region(name: str) -> str:
    """Return the attributes of what scrolls: the keyboard reaches it, and it says what it holds."""
    return f'tabindex="0" role="region" aria-label="{escape.html(name or "Table")}"'


def _head(table: Table) -> list[str]:
    return ["<tr>" + "".join(map(_head_cell, row)) + "</tr>" for row in head_rows(table)]


def _head_cell(cell: HeadCell) -> str:
    spans = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    spans += f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    scope = "colgroup" if cell.columns > 1 else "col"
    count = f"<br>(N={escape.html(cell.n)})" if cell.n else ""
    return f'<th{spans} scope="{scope}">{_text(cell.label)}{count}</th>'


def _row(row: Row, width: int, pages: Mapping[str, str]) -> str:
    classes = [f"csr-indent-{row.indent}"] * (row.indent > 0) + ["csr-section"] * row.is_section
    named = f' class="{" ".join(classes)}"' if classes else ""
    label = linked(row.label, pages) if pages else _text(row.label)
    if row.is_section:
        return f'<tr{named}><th scope="rowgroup" colspan="{width + 1}">{label}</th></tr>'
    values = "".join(f"<td>{_text(cell)}</td>" for cell in row.cells)
    return f'<tr{named}><th scope="row">{label}</th>{values}</tr>'


def _text(text: str) -> str:
    """Escape a cell's text; a word longer than a column may be breaks where it has to."""
    return "<wbr>".join(map(escape.html, cut_long_words(text, WORD_MOST)))
