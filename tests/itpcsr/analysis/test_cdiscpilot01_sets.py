"""Published tables of populations, end of study, demographics and exposure of the CDISC pilot study.

Tables 14-1.01, 14-1.02, 14-2.01 (as far as its published numbers are at hand) and 14-4.01, every number, from
the rows of the notebook of analysis sets. No number differs.
"""

import pandas as pd
import pytest

from csrkit.carried import rows_behind
from csrkit.rows import levels_in

HEADS = {
    "Placebo": "placebo", "Xanomeline Low Dose": "low", "Xanomeline High Dose": "high", "Total": "total",
    "p-value": "",
}  # fmt: skip
STATISTICS = {"n": "n", "Mean": "mean", "SD": "sd", "Median": "median", "Min": "min", "Max": "max"}
NOBODY = ("0", "0 (  0%)")


@pytest.fixture(scope="module")
def values(pilot_shows):
    """Return the numbers of each display by analysis, level, group and statistic."""
    found = {}
    for label, display in pilot_shows("12-analysis-sets").items():
        rows = rows_behind(display)
        keys = zip(rows["analysis"], levels_in(rows), rows["group"], rows["statistic"], strict=True)
        found[label] = dict(zip(keys, rows["value"], strict=True))
    return found


def cells_of(folder, table):
    return pd.read_csv(folder / f"expected/table_{table}_cells.csv", dtype=str, keep_default_na=False)


def agrees(value, text):
    """Compare with a printed number: half a unit of its last digit, or below the limit that is printed."""
    text = text.strip()
    if text.startswith("<"):
        return value < float(text.strip("<%"))
    digits = text.strip("%")
    unit = 10.0 ** -len(digits.partition(".")[2])
    return abs(value - float(digits)) <= unit / 2 + 1e-9


def count_agrees(values, analysis, level, cell):
    """Compare ``79 ( 92%)`` with n and percent of a level, or a p-value."""
    group = HEADS[cell.column_label]
    if group == "":
        return agrees(values[analysis, level, "", "p_value"], cell.cell_text)
    if (analysis, level, group, "n") not in values:
        return cell.cell_text in NOBODY  # a level that nobody has is no row of ours
    texts = cell.cell_text.replace("(", " ").replace(")", " ").split()
    found = [values[analysis, level, group, name] for name in ("n", "percent")]
    return all(agrees(value, text) for value, text in zip(found, texts, strict=False))


SETS = {
    "Intent-To-Treat (ITT)": "Intent-to-treat", "Safety": "Safety", "Efficacy": "Efficacy",
    "Complete Week 24": "Complete Week 24", "Complete Study": "Complete study",
}  # fmt: skip


def test_populations(values, pilot_folder):
    cells = cells_of(pilot_folder, "14-1.01")
    assert len(cells) == 20
    for cell in cells.itertuples():
        assert count_agrees(values["tbl-populations"], "population", SETS[cell.row_label], cell), cell


ENDS = {
    "Completed Week 24": ("status", "Completed Week 24"),
    "Early Termination (prior to Week 24)": ("status", "Left before Week 24"),
    "Missing": ("left", "Not recorded"),
    "Adverse Event": ("left", "ADVERSE EVENT"),
    "Death": ("left", "DEATH"),
    "Lack of Efficacy[2]": ("left", "LACK OF EFFICACY"),
    "Lost to Follow-up": ("left", "LOST TO FOLLOW-UP"),
    "Subject decided to withdraw": ("left", "WITHDRAWAL BY SUBJECT"),
    "Physician decided to withdraw subject": ("left", "PHYSICIAN DECISION"),
    "Protocol criteria not met": ("left", "PROTOCOL ENTRY CRITERIA NOT MET"),
    "Protocol violation": ("left", "PROTOCOL VIOLATION"),
    "Sponsor decision": ("left", "STUDY TERMINATED BY SPONSOR"),
}


def test_end_of_study(values, pilot_folder):
    cells = cells_of(pilot_folder, "14-1.02")
    assert len(cells) == 55
    for cell in cells.itertuples():
        assert count_agrees(values["tbl-end-of-study"], *ENDS[cell.row_label], cell), cell


LEVELS = {
    "<65 yrs": "<65", "65-80 yrs": "65-80", ">80 yrs": ">80", "Male": "M", "Female": "F", "Caucasian": "WHITE",
    "African Descent": "BLACK OR AFRICAN AMERICAN", "Hispanic": "HISPANIC",
    "Other": "AMERICAN INDIAN OR ALASKA NATIVE",
}  # fmt: skip
MEASURES = {"Age (y)": "age", "Baseline weight(kg)": "weightbl"}
CATEGORIES = {"Age (y)": "agegr1", "Sex": "sex", "Race (Origin)": "origin"}


def test_demographics(values, pilot_folder):
    found, cells = values["tbl-demographics"], cells_of(pilot_folder, "14-2.01")
    assert len(cells) == 97
    for cell in cells.itertuples():
        group = HEADS[cell.column_label]
        if cell.row_label in LEVELS:
            analysis = CATEGORIES[cell.section]
            level = "" if group == "" else LEVELS[cell.row_label]
            assert count_agrees(found, analysis, level, cell), cell
        elif cell.section in MEASURES:
            statistic = "p_value" if group == "" else STATISTICS[cell.stat_label]
            assert agrees(found[MEASURES[cell.section], "", group, statistic], cell.cell_text), cell
        elif group == "":
            assert agrees(found[CATEGORIES[cell.section], "", "", "p_value"], cell.cell_text), cell
        else:  # n of a category: the subjects of all its levels
            analysis = CATEGORIES[cell.section]
            total = sum(
                value
                for (of, _, where, statistic), value in found.items()
                if (of, where, statistic) == (analysis, group, "n")
            )
            assert total == float(cell.cell_text), cell


def test_planned_exposure(values, pilot_folder):
    found, cells = values["tbl-planned-dose"], cells_of(pilot_folder, "14-4.01")
    assert len(cells) == 72
    for cell in cells.itertuples():
        members, _, arm = cell.column_label.partition(": ")
        key = "completers" if members.startswith("Completers") else "safety"
        variable = "avgdd" if cell.section.startswith("Average") else "cumdose"
        value = found[f"{key}_{variable}", "", HEADS[arm], STATISTICS[cell.stat_label]]
        assert agrees(value, cell.cell_text), cell
