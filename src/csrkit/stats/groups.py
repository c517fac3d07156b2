"""Who stands in which column: the subjects of each report column, pooled columns included."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from csrkit.design import Column


def assign_groups(adsl: pd.DataFrame, columns: Sequence[Column], flag: str) -> pd.DataFrame:
    """Return one row per subject and column of the analysis set.

    Parameters
    ----------
    adsl
        One row per subject with USUBJID, ARMCD, SAFARMCD and the flag (Y or N).
    columns
        Report columns; an arm may stand in several (pooled) columns.
    flag
        Variable of the analysis set. The safety set (``SAFFL``) and the pharmacokinetic set (``PKFL``) are
        grouped by SAFARMCD, all others by the planned arm.

    Returns
    -------
    DataFrame
        USUBJID, group (categorical in the order of the columns, so that an empty column keeps its place).
    """
    keys = [column.key for column in columns]
    pairs = pd.DataFrame(
        [(column.key, code) for column in columns for code in column.arms], columns=["group", "ARMCD"]
    )
    arm = "SAFARMCD" if flag in ("SAFFL", "PKFL") else "ARMCD"
    subjects = adsl.loc[adsl[flag] == "Y", ["USUBJID", arm]].rename(columns={arm: "ARMCD"})
    members = subjects.merge(pairs, on="ARMCD", how="inner")
    members["group"] = pd.Categorical(members["group"], categories=keys, ordered=True)
    return members[["USUBJID", "group"]].sort_values(["group", "USUBJID"], ignore_index=True)


def group_sizes(members: pd.DataFrame) -> pd.Series:
    """Return the number of subjects by group, 0 for an empty one."""
    return members.groupby("group", observed=False)["USUBJID"].nunique()


def size_rows(members: pd.DataFrame) -> pd.DataFrame:
    """Return N of each group as result rows of analysis ``size``: what stands in a table's header."""
    sizes = group_sizes(members)
    return pd.DataFrame(
        {
            "analysis": "size",
            "group": sizes.index.astype("str"),
            "statistic": "N",
            "value": sizes.to_numpy("float64"),
            "unit": "subjects",
        }
    )
