"""Deaths: the domains that tell of one tell the same."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.deaths import choose_dates, find_deaths
from itpcsr.sdtm.checks.findings import NOTE, WARNING, sentences
from itpcsr.sdtm.checks.rules import REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

_TELLING = ("DM", "DS", "AE")
_PRECISION = (4, 7, 10)  # characters of a year, a month and a day


@rule("DTH-01", WARNING, "A death is in DM, in disposition and among the adverse events", SDTM, "DM")
def _untold_deaths(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    said = find_deaths(tables.trial)
    sources = said.groupby("USUBJID", sort=True)["SOURCE"].agg(set)
    rows = [
        {
            "USUBJID": subject,
            "DTHDTC": "",
            "told": ", ".join(sorted(named)),
            "silent": ", ".join(name for name in _TELLING if name not in named),
        }
        for subject, named in sources.items()
    ]
    frame = pd.DataFrame(rows, columns=["USUBJID", "DTHDTC", "told", "silent"], dtype="str")
    text = (
        "{subject} died by {told}, and no record of {silent} tells of it. The death counts in the report; "
        "complete the data or correct them."
    )
    yield sentences("DM", frame[frame["silent"] != ""], "DTHDTC", text)


@rule("DTH-02", WARNING, "A death has one date", SDTM, "DM")
def _other_dates(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    said = find_deaths(tables.trial)
    said = said[said["DTC"] != ""].assign(DTC=said["DTC"].str[:10])
    rows = [
        {"USUBJID": subject, "DTHDTC": part["DTC"].iloc[0], "dates": _listed(part)}
        for subject, part in said.groupby("USUBJID", sort=True)
        if not _agree(sorted(set(part["DTC"])))
    ]
    frame = pd.DataFrame(rows, columns=["USUBJID", "DTHDTC", "dates"], dtype="str")
    text = (
        "{subject} has several dates of death ({dates}). The most precise one counts, that of DM before "
        "others. Correct them."
    )
    yield sentences("DM", frame, "DTHDTC", text)


@rule("DTH-03", NOTE, "Who died was treated", REPORT, "DM EX.EXSTDTC")
def _untreated_deaths(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    said = choose_dates(find_deaths(tables.trial)).reset_index()
    untreated = said[~said["USUBJID"].isin(tables.first_day.index)].assign(DTHDTC=lambda frame: frame["DTC"])
    text = (
        "{subject} died by {SOURCES}, and EX has no administration: tables of deaths and of events are of "
        "treated subjects, so that none of them counts this death."
    )
    yield sentences("DM", untreated, "DTHDTC", text)


def _agree(dates: list[str]) -> bool:
    """Tell whether dates can be the same day, as far as each is known."""
    return all(
        first[:length] == second[:length]
        for first in dates
        for second in dates
        for length in _PRECISION
        if length <= min(len(first), len(second)) and "--" not in first + second
    )


def _listed(part: pd.DataFrame) -> str:
    return ", ".join(sorted({f"{row.SOURCE} {row.DTC}" for row in part.itertuples()}))
