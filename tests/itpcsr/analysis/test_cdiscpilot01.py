"""Published numbers of the CDISC pilot study against result rows derived from its SDTM.

Every number of table 14-5.01; of table 14-2.01 the continuous rows and sex.
"""

import math

import pandas as pd
import pytest

from csrkit.carried import rows_behind
from csrkit.rows import levels_in
from csrkit.vocabulary import Level

COLUMNS = {"placebo": "placebo", "xan_low": "low", "xan_high": "high"}
HEADS = {
    "Placebo": "placebo",
    "Xanomeline Low Dose": "low",
    "Xanomeline High Dose": "high",
    "Total": "total",
    "p-value": "",
}
STATISTICS = {"n": "n", "Mean": "mean", "SD": "sd", "Median": "median", "Min": "min", "Max": "max"}
VARIABLES = {"Age (y)": "age", "Baseline weight(kg)": "weightbl"}


def index(rows: pd.DataFrame) -> dict[tuple[str, Level, str, str], float]:
    keys = zip(rows["analysis"], levels_in(rows), rows["group"], rows["statistic"], strict=True)
    return dict(zip(keys, rows["value"], strict=True))


def printed_p_agrees(text: str, p: float) -> bool:
    """Compare with a printed p-value: three decimals, ``<.001`` or ``>.99``, a star below 0.15."""
    text = text.strip()
    if text.startswith("<"):
        return p < float(text.strip("<*"))
    if text.startswith(">"):
        return p > float(text.strip(">"))
    return text.endswith("*") == (p < 0.15) and abs(p - float(text.strip("*"))) <= 0.0005 + 1e-9


@pytest.fixture(scope="module")
def events(pilot_shows):
    return index(rows_behind(pilot_shows("20-safety")["tbl-ae-soc-pt"]))


@pytest.fixture(scope="module")
def baseline(pilot_shows):
    return index(rows_behind(pilot_shows("10-population")["tbl-baseline"]))


def test_adverse_events_by_class_and_term(events, pilot_folder):
    table = pd.read_csv(
        pilot_folder / "expected/table_14-5.01_teae_by_soc_pt.csv", dtype=str, keep_default_na=False
    )
    compared, differences = 0, []
    for row in table.itertuples():
        analysis, level = {
            "ANY": ("any", "any"),
            "SOC": ("soc", row.soc),
            "PT": ("pt", (row.soc, row.pt)),
        }[row.level]
        for printed, column in COLUMNS.items():
            n, percent, count = (
                events.get((analysis, level, column, name), math.nan) for name in ("n", "percent", "events")
            )
            found = (int(getattr(row, f"n_{printed}")), int(getattr(row, f"events_{printed}") or 0))
            if (n, count) != found or abs(percent - float(getattr(row, f"pct_{printed}") or 0)) > 0.05 + 1e-9:
                differences.append((level, column, n, percent, count, row))
            compared += 3
        for column, printed in (("low", row.fisher_p_placebo_vs_low), ("high", row.fisher_p_placebo_vs_high)):
            p = events.get((analysis, level, column, "p_value"), math.nan)
            if printed and not printed_p_agrees(printed, p):
                differences.append((level, column, "p", p, printed))
            compared += bool(printed)
    assert differences == []
    assert compared == 9 * len(table) + (table.filter(like="fisher") != "").sum().sum()


def test_continuous_demographics(baseline, pilot_folder):
    table = pd.read_csv(pilot_folder / "expected/table_14-2.01_cells.csv", dtype=str)
    table = table[table["section"].isin(VARIABLES) & table["stat_label"].isin(STATISTICS)]
    assert len(table) == 2 * (6 * 4 + 1)
    for cell in table.itertuples():
        statistic = "p_value" if cell.column_label == "p-value" else STATISTICS[cell.stat_label]
        value = baseline[VARIABLES[cell.section], "", HEADS[cell.column_label], statistic]
        # half a unit of the last printed digit, as the table rounds halves to even
        unit = 10.0 ** -len(cell.cell_text.strip().partition(".")[2])
        assert abs(value - float(cell.cell_text)) <= unit / 2 + 1e-9, cell


def test_categories_of_demographics(baseline, pilot_folder):
    """Sex is compared too; race there splits Hispanic origin off, which isn't DM.RACE."""
    table = pd.read_csv(pilot_folder / "expected/table_14-2.01_cells.csv", dtype=str)
    cells = table[(table["section"] == "Sex") & table["stat_label"].isin(["Male", "Female"])]
    assert len(cells) == 8
    for cell in cells.itertuples():
        assert baseline["sex", cell.stat_label[0], HEADS[cell.column_label], "n"] == float(cell.value1)
