"""Whether a study can be analysed for efficacy, and who is: shared by all analyses of this section."""

from __future__ import annotations

import pandas as pd

from csrkit.rows import make_rows
from csrkit.stats.groups import assign_groups, size_rows
from itpcsr.study import Study

NOT_DEFINED = "This study defines no platelet response, so efficacy is not analysed here."
NO_COUNTS = (
    "The study's data hold no platelet counts, so the platelet course and the response can't be shown."
)
POPULATION = "full analysis set"


def missing_efficacy(adlb: pd.DataFrame, study: Study) -> str:
    """Return the sentence that says why there is no efficacy analysis, or "" where there is one."""
    if study.efficacy is None:
        return NOT_DEFINED
    return "" if (adlb["PARAMCD"] == study.efficacy.platelet_test).any() else NO_COUNTS


def missing_response(adrs: pd.DataFrame, study: Study) -> str:
    """Return the sentence that says why there is no response to analyse, or "" where there is one."""
    if study.efficacy is None:
        return NOT_DEFINED
    return NO_COUNTS if adrs.empty else ""


def efficacy_members(adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the subjects of the full analysis set by column."""
    return assign_groups(adsl, study.design.columns, "FASFL")


def records_ends(adsl: pd.DataFrame) -> bool:
    """Tell whether the data record an end of the study of anybody in the full analysis set, if one is in it.

    Where they don't, nobody is known to have left early, nor to have stayed.
    """
    ends = adsl.loc[adsl["FASFL"] == "Y", "EOSSTT"]
    return ends.empty or bool((ends != "").any())


def efficacy_rows(
    parts: list[pd.DataFrame], members: pd.DataFrame, display: str, dataset: str
) -> pd.DataFrame:
    """Return the result rows of one display, the sizes of its columns first."""
    return make_rows(
        pd.concat([size_rows(members), *parts], ignore_index=True),
        display=display,
        population=POPULATION,
        dataset=dataset,
    )
