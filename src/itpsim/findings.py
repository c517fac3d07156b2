"""What findings of one sample share: whose it is, at which visit, and when it was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from itpsim.draws import Days, Floats
from itpsim.tables import minute_text, texts

VISIT = ["VISITNUM", "VISIT", "VISITDY"]
NEGATIVE, POSITIVE = "NEGATIVE", "POSITIVE"


def collected(prefix: str, people: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return one row per sample: USUBJID, the visit, ``<prefix>DTC``, and ``day`` from infusion 1.

    Parameters
    ----------
    prefix
        Domain whose date variable is wanted.
    samples
        ``subject`` (row of ``people``), ``day`` (from infusion 1, day 0), ``minute`` (of the day; may run
        beyond midnight), VISITNUM, VISIT and VISITDY.
    """
    subject = samples["subject"].to_numpy()
    columns = {
        "USUBJID": people["USUBJID"].array.take(subject),
        **{name: samples[name].to_numpy() for name in ("VISITNUM", "VISITDY")},
        "VISIT": samples["VISIT"].array,
        f"{prefix}DTC": minute_text(people["start"].to_numpy()[subject], samples["day"], samples["minute"]),
        "day": samples["day"].to_numpy(),
    }
    return pd.DataFrame(columns)


def by_test(rows: pd.DataFrame, tests: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Cross rows with tests: all tests of the first row in their order, then those of the second.

    ``tests`` has for each column to add the texts of the tests.
    """
    count = len(next(iter(tests.values())))
    crossed = rows.take(np.repeat(np.arange(len(rows)), count)).reset_index(drop=True)
    place = np.tile(np.arange(count), len(rows))
    return crossed.assign(**{name: texts(values).take(place) for name, values in tests.items()})


def no_time_point(prefix: str) -> dict[str, Any]:
    """Return the time point variables of what is taken at a visit without a planned time."""
    texts = ("TPT", "ELTM", "TPTREF", "RFTDTC")
    return {f"{prefix}TPTNUM": np.nan} | dict.fromkeys((f"{prefix}{name}" for name in texts), "")


def first_infusions(given: pd.DataFrame) -> pd.DataFrame:
    """Return each subject's first infusion, one row each."""
    return given[given["number"] == 1].reset_index(drop=True)


def last_infusions(given: pd.DataFrame) -> pd.DataFrame:
    """Return each subject's last infusion, one row each."""
    return given.sort_values(["subject", "number"]).drop_duplicates("subject", keep="last", ignore_index=True)


def in_response(people: pd.DataFrame, subject: Days, day: Floats) -> np.ndarray:
    """Tell for each subject (row of ``people``) and day whether the latent platelet response holds."""
    rise = people["rise"].astype("float64").fillna(np.inf).to_numpy()[subject]
    loss = people["loss"].astype("float64").fillna(np.inf).to_numpy()[subject]
    return np.asarray((day >= rise) & (day < loss))
