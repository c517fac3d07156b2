"""Finding of the chart of antibodies by subject."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.tables.formats import format_number
from itpcsr.display.findings.phrases import counted, of


def antibodies_finding(
    subjects: pd.DataFrame, adab: pd.DataFrame, tests: Sequence[tuple[str, str, str]], unit: str
) -> str:
    """Count what the chart shows of the subjects drawn.

    ``tests`` have code, label and kind (donor or autoantibody). Antibodies against HLA or the donor count
    where induced or boosted, of those evaluable; autoantibodies where positive at baseline, of those tested.
    """
    records = adab[adab["USUBJID"].isin(subjects["USUBJID"])]
    made = _positive(records[records["EVALFL"] == "Y"], "STATUS", ("INDUCED", "BOOSTED"), tests, "donor")
    auto = _positive(records[records["BASEC"] != ""], "BASEC", ("POSITIVE",), tests, "autoantibody")
    size, peaks = len(subjects), subjects["CMAX"].dropna()
    range_ = (
        f", {format_number(peaks.min(), 0)} to {format_number(peaks.max(), 0)} {unit}" if len(peaks) else ""
    )
    parts = [
        f"Induced or boosted: {made}" if made else "",
        f"Positive at baseline: {auto}" if auto else "",
        f"Confirmed response in {of(subjects['RESPONSE'].isin(['CR', 'R']).sum(), size, 'subject')}, "
        f"infusion reactions in {of((subjects['REACTN'] > 0).sum(), size)}, highest concentration known in "
        f"{of(len(peaks), size)}{range_}",
    ]
    return " ".join(f"{part}." for part in parts if part)


def _positive(
    records: pd.DataFrame,
    variable: str,
    values: Sequence[str],
    tests: Sequence[tuple[str, str, str]],
    kind: str,
) -> str:
    found = {code: records.loc[records["PARAMCD"] == code, variable] for code, _, _ in tests}
    return counted(
        (label, found[code].isin(values).sum(), len(found[code])) for code, label, own in tests if own == kind
    )
