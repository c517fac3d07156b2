"""Published efficacy tables of the CDISC pilot study against the result rows of its notebooks, number by number.

Those at hand with the data, and the others as their re-creation prints them (``reference/cdiscpilot01_efficacy.csv``).
"""

import pandas as pd
import pytest

from csrkit.rows import levels_in
from csrkit.vocabulary import limits_of, whole_name
from tests.faults.chain import rows_shown

KEYS = {"Placebo": "placebo", "Xanomeline Low Dose": "low", "Xanomeline High Dose": "high"}
ADAS = {"Baseline": "baseline", "Change from Baseline": "change"}
PARTS = {
    "n": ["n"],
    "Mean (SD)": ["mean", "sd"],
    "Median (Range)": ["median", "min", "max"],
    "LS Means (SE)": ["estimate", "se"],
    "Diff of LS Means (SE)": ["estimate", "se"],
    "95% CI": list(limits_of("estimate")),
}
RATINGS = [
    "Marked improvement",
    "Moderate improvement",
    "Minimal improvement",
    "No Change",
    "Minimal worsening",
    "Moderate worsening",
    "Marked worsening",
]
# Table: display, week, sex, numbers
TABLES = {
    "14-3.01": ("tbl-adas-24-locf", 24, "", 70),
    "14-3.02": ("tbl-cibic-24", 24, "", 34),
    "14-3.03": ("tbl-adas-8-locf", 8, "", 70),
    "14-3.04": ("tbl-cibic-8", 8, "", 34),
    "14-3.05": ("tbl-adas-16-locf", 16, "", 70),
    "14-3.06": ("tbl-cibic-16", 16, "", 34),
    "14-3.07": ("tbl-adas-24-observed", 24, "", 70),
    "14-3.08": ("tbl-adas-sex", 24, "M", 70),
    "14-3.09": ("tbl-adas-sex", 24, "F", 70),
    "14-3.11": ("tbl-adas-repeated", 24, "", 21),
    "14-3.12": ("tbl-npix", 0, "", 52),
}


@pytest.fixture(scope="module")
def rows(pilot_shows):
    names = ("31-adas-cog", "33-cibic", "35-npix")
    return rows_shown({label: shown for name in names for label, shown in pilot_shows(name).items()})


@pytest.fixture(scope="module")
def cells(pilot_folder, root):
    files = sorted((pilot_folder / "expected").glob("table_14-3.*_cells.csv"))
    others = root / "tests/reference/cdiscpilot01_efficacy.csv"
    return pd.concat([pd.read_csv(path, dtype=str, comment="#") for path in [*files, others]])


def index(rows):
    names = map(whole_name, rows["statistic"], rows["of"])
    keys = zip(rows["analysis"], levels_in(rows), rows["visit"], rows["group"], names, strict=True)
    return dict(zip(keys, rows["value"], strict=True))


def numbers_of(text):
    for sign in "();%":
        text = text.replace(sign, " ")
    return text.split()


def agrees(value, text):
    """Compare with a printed number: half a unit of its last digit, as the tables round halves in two ways."""
    unit = 10.0 ** -len(text.partition(".")[2])
    return abs(value - float(text)) <= unit / 2 + 1e-9


def place_of(cell, group, sex):
    """Return analysis, level, group and statistics of a printed cell of a table of one week."""
    of_sex = (sex, "") if sex else ""
    section, label = str(cell.section), cell.row_label
    if section.startswith("p-value(Dose"):
        return "dose_response", of_sex, "", ["p_value"]
    if section.startswith("p-value"):
        other = "low" if "Xan Low" in section else "placebo"
        statistics = ["p_value"] if label.startswith("p-value") else PARTS[label]
        return "arm_difference", (sex, other) if sex else other, group, statistics
    if label == "LS Means (SE)":
        return "ls_means", of_sex, group, PARTS[label]
    summarised = (
        "rating" if cell.table_id in ("14-3.02", "14-3.04", "14-3.06") else ADAS.get(section, "score")
    )
    return summarised, of_sex, group, PARTS[label]


@pytest.mark.parametrize("table", TABLES)
def test_tables_of_one_week(table, rows, cells):
    display, week, sex, size = TABLES[table]
    found, compared = index(rows[display]), 0
    for cell in cells[cells["table_id"] == table].itertuples():
        analysis, level, group, statistics = place_of(cell, KEYS[cell.column_label], sex)
        visit = f"Week {week}" if week else ""
        values = [found[analysis, level, visit, group, name] for name in statistics]
        texts = numbers_of(cell.cell_text)
        assert len(texts) == len(values), cell
        assert all(agrees(value, text) for value, text in zip(values, texts, strict=True)), (cell, values)
        compared += len(values)
    assert compared == size


def test_scores_over_time(rows, cells):
    found, compared = index(rows["tbl-adas-over-time"]), 0
    columns = {"Placebo": "placebo", "Xan.Low": "low", "Xan.High": "high"}
    names = {"n": "n", "Mean": "mean", "Std": "sd", "Med": "median", "Min": "min", "Max": "max"}
    kinds = {"Bsln": "base", "Chg": "change", "": "score"}
    for cell in cells[cells["table_id"] == "14-3.10"].itertuples():
        kind, _, statistic = cell.stat_label.rpartition(" ")
        method = "observed" if "Windowed" in cell.row_label else "locf"
        analysis = "baseline" if cell.row_label == "Baseline" else f"{method}_{kinds[kind]}"
        visit = cell.row_label.partition(" (")[0].removesuffix(" LOCF")
        value = found[analysis, "", visit, columns[cell.column_label], names[statistic]]
        assert agrees(value, cell.cell_text), (cell, value)
        compared += 1
    assert compared == 252


def test_ratings_by_category(rows, cells):
    found = index(rows["tbl-cibic-categories"])
    own = cells[cells["table_id"] == "14-3.13"]
    assert len(own) == 3 + 9 + 63
    for cell in own.itertuples():
        week, texts = cell.section, numbers_of(cell.cell_text)
        if cell.row_label == "p-value":
            values = [found["test", "row mean scores", week, "", "p_value"]]
        elif cell.row_label == "n":
            values = [found["rating", "1", week, KEYS[cell.column_label], "N"]]
        else:
            level = str(1 + RATINGS.index(cell.row_label))
            names = ("n", "percent")[: len(texts)]
            values = [found["rating", level, week, KEYS[cell.column_label], name] for name in names]
        assert all(agrees(value, text) for value, text in zip(values, texts, strict=True)), (cell, values)
