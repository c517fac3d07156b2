"""Write a table as HTML, Typst, a Pandoc grid (for Word), CSV or RTF."""

from itpcsr.display.writers.grid import NOTE_STYLE, WIDE_STYLE, to_grid
from itpcsr.display.writers.plain import to_csv
from itpcsr.display.writers.rich_text import to_rtf
from itpcsr.display.writers.typesetting import to_typst
from itpcsr.display.writers.web import to_html

__all__ = ["NOTE_STYLE", "WIDE_STYLE", "to_csv", "to_grid", "to_html", "to_rtf", "to_typst"]
