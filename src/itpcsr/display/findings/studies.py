"""Finding of the chart of related studies."""

from __future__ import annotations

import pandas as pd

from itpcsr.display import words
from itpcsr.display.formats import format_count


def related_finding(counts: pd.DataFrame) -> str:
    """Say how many studies have which status, and which field holds most.

    ``counts`` has Status, Phase and Studies, a record for each field that isn't empty.
    """
    by_status = counts.groupby("Status", sort=False)["Studies"].sum()
    total = words.plural(float(by_status.sum()), "related study", "related studies")
    parts = [f"{format_count(n)} {words.term(str(status))}" for status, n in by_status.items()]
    most = counts.sort_values("Studies", ascending=False, kind="stable").iloc[0]
    field = f"{most['Status']}, {most['Phase']}"
    return (
        f"{total}: {words.join(parts)}. The fullest field is {field}: {format_count(float(most['Studies']))}."
    )
