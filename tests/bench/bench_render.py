"""Time and size of a rendered report: `make limits` prints what it measures and fails where a limit is passed.

The notebooks run first where they have to; their time isn't part of it.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from csrkit.publish.pipeline import render_report, run_notebooks
from csrkit.publish.version import open_run
from csrkit.render.render import Renderer
from itpcsr.publish.trial import TRIAL
from tests.itpcsr.publish.browser import Browser

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT.parent / "shared/data/cdiscpilot01"
MEGABYTE = 1e6


@pytest.mark.parametrize(("name", "seconds", "pdf"), [("demo", 40, 20), ("cdiscpilot01", 120, 20)])
def test_assemble_and_render_all_formats(name: str, seconds: float, pdf: float) -> None:
    if name == "cdiscpilot01" and not PILOT.is_dir():
        pytest.skip(f"the CDISC pilot study isn't at {PILOT}")
    run = open_run(TRIAL, Path(f"params/{name}.yml"), ROOT)
    run_notebooks(run, lambda _: None)
    start, busy = time.perf_counter(), time.process_time()
    book, *_ = render_report(run, Renderer(), lambda _: None)
    taken, busy = time.perf_counter() - start, time.process_time() - busy
    pages = sorted(book.rglob("*.html"), key=lambda page: page.stat().st_size)
    paper, largest = (path.stat().st_size / MEGABYTE for path in (book / "csr.pdf", pages[-1]))
    print(
        f"\n  {name}: {taken:.0f} s ({busy:.0f} s of this process), {len(pages)} pages, the largest "
        f"{pages[-1].name} with {largest:.1f} MB, PDF {paper:.1f} MB"
    )
    assert taken < seconds
    assert paper < pdf
    assert largest < 3
    _open(pages)


def _open(pages: list[Path]) -> None:
    """Open the ten largest pages as a reader does, from the folder."""
    with Browser() as browser:
        for page in pages[-10:]:
            start = time.perf_counter()
            browser.go(page)
            taken = time.perf_counter() - start
            print(f"  {page.name} opens in {taken:.2f} s")
            assert taken < 2
