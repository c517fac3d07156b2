"""Write a table as HTML, Typst, a Pandoc grid (for Word), CSV or RTF."""

from csrkit.tables.writers.grid import NOTE_STYLE, WIDE_STYLE, to_grid
from csrkit.tables.writers.plain import to_csv
from csrkit.tables.writers.rich_text import to_rtf
from csrkit.tables.writers.typesetting import to_typst
from csrkit.tables.writers.web import to_html

__all__ = ["NOTE_STYLE", "WIDE_STYLE", "to_csv", "to_grid", "to_html", "to_rtf", "to_typst"]
