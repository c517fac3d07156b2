"""Who stands in which column: of arms, pooled or not, or of the values of any variable of ADSL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from csrkit.design import Column


@dataclass(frozen=True)
class Category:
    """A column of the subjects who have some values of a variable of ADSL, as men are of ``SEX``."""

    key: str
    label: str
    variable: str
    values: tuple[str, ...]
    spanner: str = ""


Columns = Sequence[Column | Category]


def columns_by(adsl: pd.DataFrame, by: str, labels: Mapping[str, str] | None = None) -> list[Category]:
    """Return a column for each value of a variable, in place of those of the arms.

    Parameters
    ----------
    adsl
        One row per subject, with the variable; a subject without a value stands in no column.
    by
        The variable, such as ``SEX``, ``AGEGR1`` or ``ARM``.
    labels
        Value to the head of its column, in the order of the columns; without them the values as they are, in
        their order.

    Raises
    ------
    KeyError
        ADSL has no such variable.

    Examples
    --------
    >>> adsl = pd.DataFrame({"USUBJID": ["1", "2", "3"], "SEX": ["M", "F", "F"], "FASFL": ["Y", "Y", "N"]})
    >>> columns = columns_by(adsl, "SEX", {"F": "Women", "M": "Men"})
    >>> assign_groups(adsl, columns, "FASFL")
      USUBJID group
    0       2     F
    1       1     M
    """
    values = adsl[by].dropna().astype("str")
    found = labels or {value: value for value in sorted(set(values[values != ""]))}
    return [Category(value, label, by, (value,)) for value, label in found.items()]


def assign_groups(adsl: pd.DataFrame, columns: Columns, flag: str) -> pd.DataFrame:
    """Return one row per subject and column of the analysis set.

    Parameters
    ----------
    adsl
        One row per subject with USUBJID, ARMCD, SAFARMCD and the flag (Y or N), and the variables that
        columns are made of.
    columns
        Those of the report (``study.design.columns``), where an arm may stand in several (pooled) columns, or
        those of a variable's values (``columns_by``), or both.
    flag
        Variable of the analysis set. The safety set (``SAFFL``) and the pharmacokinetic set (``PKFL``) are
        grouped by SAFARMCD, all others by the planned arm.

    Returns
    -------
    DataFrame
        USUBJID, group (categorical in the order of the columns, so that an empty column keeps its place).
    """
    arm = "SAFARMCD" if flag in ("SAFFL", "PKFL") else "ARMCD"
    subjects = adsl[adsl[flag] == "Y"]
    parts = [subjects.loc[[], ["USUBJID"]].assign(group="")]  # a study may have no column of a kind
    for column in columns:
        variable, values = _values_of(column, arm)
        parts.append(subjects.loc[subjects[variable].isin(values), ["USUBJID"]].assign(group=column.key))
    members = pd.concat(parts, ignore_index=True)
    members["group"] = pd.Categorical(
        members["group"], categories=[column.key for column in columns], ordered=True
    )
    return members.sort_values(["group", "USUBJID"], ignore_index=True)


def _values_of(column: Column | Category, arm: str) -> tuple[str, list[str]]:
    if isinstance(column, Category):
        return column.variable, list(column.values)
    return arm, column.arms


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
