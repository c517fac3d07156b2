"""A table as an RTF document of its own, by rtflite."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from itpcsr.display import escape
from itpcsr.display.layout import column_characters, is_wide
from itpcsr.display.table import Table, spanner_runs
from itpcsr.plain_text import plain_text

if TYPE_CHECKING:
    import rtflite as rtf

# The blanks that RTF puts beside a cell's text, in characters.
_GAP = 4
# rtflite measures texts and writes those outside Latin-1 by number, but leaves RTF's own signs as they are
# and gets numbers above 65535 wrong. Such signs go through it as characters of private use.
_PRIVATE = 0xE000
_MARKED = re.compile("[\\\\{}\x80-\x9f\ue000-\uf8ff\U00010000-\U0010ffff]")
_WRITTEN = re.compile(r"\\uc1\\u(-\d+)\*|[^\x00-\x7f]")


class _Signs:
    """Stands in for the signs of one document that rtflite can't write, and puts them into what it wrote."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def hide(self, text: str) -> str:
        return _MARKED.sub(lambda found: self._private(found.group()), plain_text(text))

    def _private(self, sign: str) -> str:
        return chr(_PRIVATE + self._numbers.setdefault(sign, len(self._numbers)))

    def show(self, document: str) -> str:
        signs = {number: sign for sign, number in self._numbers.items()}

        def written(found: re.Match[str]) -> str:
            if not found[1]:
                return escape.rtf(found.group())
            number = int(found[1]) + 65536 - _PRIVATE
            return escape.rtf(signs[number]) if number in signs else found.group()

        return _WRITTEN.sub(written, document)


def to_rtf(table: Table, title: str, subtitle: str) -> str:
    """Return the table as an RTF document of its own, in ASCII; each text stands there as it is."""
    import polars as pl  # rtflite with polars takes a second, and only a build writes RTF
    import rtflite as rtf

    width, signs = len(table.headers), _Signs()
    rows = [["\u2003" * row.indent + row.label, *(row.cells or ("",) * width)] for row in table.rows]
    rows = rows or [[table.absent, *[""] * width]]
    names = [f"c{number}" for number in range(width + 1)]
    document = rtf.RTFDocument(
        df=pl.DataFrame([[*map(signs.hide, row)] for row in rows], schema=names, orient="row"),
        rtf_page=_page(is_wide(table)),
        rtf_title=rtf.RTFTitle(text=[*map(signs.hide, (title, subtitle))], text_convert=False),
        rtf_column_header=_headers(table, signs),
        rtf_body=rtf.RTFBody(
            col_rel_width=_widths(table),
            text_justification=["l", *["c"] * width],
            text_font_size=8,
            text_convert=False,
        ),
        rtf_footnote=rtf.RTFFootnote(text=[*map(signs.hide, table.notes)], text_convert=False)
        if table.notes
        else None,
    )
    return signs.show(document.rtf_encode())


def _page(wide: bool) -> rtf.RTFPage:
    """Return an A4 page with margins of 2 cm; the lengths are inches."""
    import rtflite as rtf

    width, height = (11.69, 8.27) if wide else (8.27, 11.69)
    return rtf.RTFPage(
        orientation="landscape" if wide else "portrait",
        width=width,
        height=height,
        margin=[0.79, 0.79, 0.98, 0.79, 0.5, 0.5],
        col_width=width - 1.58,
    )


def _widths(table: Table) -> list[float]:
    return [float(width + _GAP) for width in column_characters(table)]


def _headers(table: Table, signs: _Signs) -> list[rtf.RTFColumnHeader]:
    import rtflite as rtf

    width = len(table.headers)
    counts = [signs.hide(f"(N={header.n})") if header.n else "" for header in table.headers]
    heads = rtf.RTFColumnHeader(
        text=[
            signs.hide(table.stub),
            *(
                "\\line ".join(filter(None, (signs.hide(header.label), count)))
                for header, count in zip(table.headers, counts, strict=True)
            ),
        ],
        col_rel_width=_widths(table),
        text_justification=["l", *["c"] * width],
        text_font_size=8,
        text_convert=False,
    )
    if not any(header.spanner for header in table.headers):
        return [heads]
    runs = spanner_runs(table.headers)
    stub, *widths = _widths(table)
    ends = [0, *itertools.accumulate(count for _, count in runs)]
    spanners = rtf.RTFColumnHeader(
        text=["", *(signs.hide(text) for text, _ in runs)],
        col_rel_width=[stub, *(sum(widths[start:end]) for start, end in itertools.pairwise(ends))],
        text_justification=["l", *["c"] * len(runs)],
        text_font_size=8,
        text_convert=False,
    )
    return [spanners, heads]
