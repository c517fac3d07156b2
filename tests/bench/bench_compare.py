"""Time of a comparison: `make limits` prints what it measures and fails over the limit."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from csrkit.rows import COLUMNS
from csrkit.versions.compare import compare

ROWS = 1_000_000


def _write(folder: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    number = np.arange(ROWS)
    texts = {
        "notebook": number // 100_000, "display": number // 10_000, "analysis": number // 1_000,
        "group": number % 6, "level": number // 60 % 17, "visit": number // 6, "statistic": number % 6,
    }  # fmt: skip
    frame = pd.DataFrame({name: pd.Series(values).map("t{}".format) for name, values in texts.items()})
    value = np.where(rng.random(ROWS) < 0.1, rng.random(ROWS), 1.0)
    rows = frame.assign(value=value).reindex(columns=list(COLUMNS), fill_value="")
    folder.mkdir()
    rows.to_parquet(folder / "results.parquet", index=False)
    (folder / "manifest.json").write_text(json.dumps({"hashes": {}}), encoding="utf-8")
    return folder


def test_comparing_a_million_rows(tmp_path: Path) -> None:
    old, new = (_write(tmp_path / name, seed) for seed, name in enumerate(("old", "new")))
    start = time.perf_counter()
    found = compare(old, new)
    seconds = time.perf_counter() - start
    print(f"\n  {ROWS} rows with {len(found.numbers)} changes, read and compared: {seconds:.1f} s")
    assert found.total == ROWS
    assert 150_000 < len(found.numbers) < 220_000
    assert seconds < 10
