"""SV: one record per visit of a subject."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpsim.findings import VISIT
from itpsim.tables import day_text


def make_sv(
    people: pd.DataFrame, visits: pd.DataFrame, samples: pd.DataFrame, timed: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return the rows of SV: visits that took place, and unscheduled blood counts.

    Parameters
    ----------
    timed
        Domain name to rows whose samples may be taken on days after the visit they belong to; the visit
        ends with the last of them.
    """
    columns = ["subject", "day", *VISIT]
    unscheduled = samples.loc[samples["VISITDY"].isna(), columns].assign(SVUPDES="PLATELET COUNT")
    parts = [visits[columns].assign(SVUPDES=""), *([unscheduled] if len(unscheduled) else [])]
    rows = pd.concat(parts, ignore_index=True)
    subject = rows["subject"].to_numpy()
    start = day_text(people["start"].to_numpy()[subject], rows["day"])
    rows = rows.assign(USUBJID=people["USUBJID"].take(subject).to_numpy(), SVSTDTC=start)
    rows = rows.merge(_ends(timed), on=["USUBJID", "VISITNUM"], how="left")
    later = rows["end"].fillna("").astype("str") > rows["SVSTDTC"].astype("str")
    return rows.assign(SVENDTC=np.where(later, rows["end"], rows["SVSTDTC"])).drop(columns="end")


def _ends(timed: dict[str, pd.DataFrame]) -> pd.DataFrame:
    parts = [
        rows[["USUBJID", "VISITNUM"]].assign(end=rows[f"{name}DTC"].astype("str").str[:10])
        for name, rows in timed.items()
    ]
    ends = pd.concat(parts).sort_values("end", kind="stable")
    return ends.drop_duplicates(["USUBJID", "VISITNUM"], keep="last")
