"""Whether files that repeat result rows or the data of charts repeat them rightly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from csrkit.versions import page_reading as reading
from csrkit.versions.published import Fault, csv_lines

_ROWS = "-rows.csv"


def check_row_files(folder: Path) -> Iterator[Fault]:
    """Each display's file of result rows has those of ``results.csv``."""
    heads, *rows = _read(folder / "results.csv")
    by_display: dict[str, list[list[str]]] = {}
    for row in rows:
        by_display.setdefault(row[0], []).append(row)
    for path in sorted((folder / "tables").glob(f"*{_ROWS}")):
        found = _read(path)
        want = [heads, *by_display.get(path.name.removesuffix(_ROWS), [])]
        if found != want:
            yield Fault(f"tables/{path.name}", "holds other rows of this display than results.csv")


def _read(path: Path) -> list[list[str]]:
    return csv_lines(path.read_text(encoding="utf-8"))


def check_charts(folder: Path, pages: Mapping[str, str]) -> Iterator[Fault]:
    """The data of each chart are the same in its CSV and in the tables on its page."""
    for page, text in pages.items():
        for label, stretch in reading.html_tables(text).items():
            path = folder / "tables" / f"{label}.csv"
            if not path.exists() or not (shown := reading.html_data_tables(stretch)):
                continue
            parts = path.read_text(encoding="utf-8").split("\n\n")
            tables = [csv_lines(part) for part in parts]
            for there, here in zip(tables, shown, strict=False):
                # a long table is cut off on the page
                rows = zip(here, map(tuple, map(_plain, there)), strict=False)
                if row := next((mine for mine, other in rows if mine != other), None):
                    yield Fault(page, f"{label}: its CSV doesn't have these data: {' | '.join(row)!r}")


def _plain(row: list[str]) -> list[str]:
    return [reading.plain(cell) for cell in row]
