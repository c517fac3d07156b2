"""Published efficacy tables of the CDISC pilot study, number by number.

Tables 14-3.01, 14-3.02, 14-3.03 and 14-3.10, from the analysis datasets as published and from those that
are derived from the questionnaires of SDTM. No number differs.
"""

import pandas as pd
import pyreadstat
import pytest

from csrkit.stats.ancova import differences, dose_slope, fit
from csrkit.stats.groups import summarize
from csrkit.vocabulary import limits_of
from itpcsr.sdtm.questionnaires import score_assessments

ARMS = ["Placebo", "Xanomeline Low Dose", "Xanomeline High Dose"]
DOSES = dict(zip(ARMS, (0.0, 54.0, 81.0), strict=True))


def read(folder, name):
    return pyreadstat.read_xport(folder / f"{name}.xpt")[0]


@pytest.fixture(scope="module")
def datasets(pilot_folder, pilot):
    """Return ADADAS and ADCIBC, published and derived."""
    return {
        ("adadas", "published"): read(pilot_folder, "adam_converted/adadas"),
        ("adadas", "derived"): pilot["adqsadas"],
        ("adcibc", "published"): read(pilot_folder, "adam/adcibc"),
        ("adcibc", "derived"): pilot["adqscibc"],
    }


def test_total_of_the_items_is_that_of_the_data(pilot_trial, pilot_study):
    adas = pilot_study.questionnaires.questionnaire_list[0]
    found = score_assessments(pilot_trial["QS"], adas)
    assert len(found) == (pilot_trial["QS"]["QSTESTCD"] == "ACTOT").sum() == 818
    assert found["AVAL"].to_numpy() == pytest.approx(found["RECORDED"].to_numpy(), abs=1e-9)
    assert found["ITEMSMIS"].value_counts().to_dict() == {0: 797, 1: 19, 2: 1, 3: 1}


@pytest.mark.parametrize(("name", "records"), [("adadas", 1016), ("adcibc", 705)])
def test_derived_records_are_the_published_ones(datasets, name, records):
    own, published = (datasets[name, source].query("ANL01FL == 'Y'") for source in ("derived", "published"))
    both = own.merge(published, on=["USUBJID", "AVISITN"], how="outer", suffixes=("", "_p"), indicator=True)
    assert both["_merge"].value_counts().to_dict() == {"both": records, "left_only": 0, "right_only": 0}
    assert both["AVAL"].to_numpy() == pytest.approx(both["AVAL_p"].to_numpy(), abs=1e-9)
    for variable in (
        "AVISIT",
        "DTYPE",
        "AWLO",
        "AWHI",
        "AWTARGET",
        "AWRANGE",
        "AWU",
        "TRTP",
        "SITEGR1",
        "EFFFL",
    ):
        pd.testing.assert_series_equal(
            both[variable], both[f"{variable}_p"], check_names=False, check_dtype=False
        )
    observed = both[both["DTYPE"] == ""]  # of those carried the published ones have the day of a later record
    assert (observed["AWTDIFF"] == observed["AWTDIFF_p"]).all()


def agrees(value, text):
    """Compare with a printed number: half a unit of its last digit, as the tables round halves in two ways."""
    unit = 10.0 ** -len(text.partition(".")[2])
    return abs(value - float(text)) <= unit / 2 + 1e-9


def numbers_of(text):
    return text.replace("(", " ").replace(")", " ").replace(";", " ").split()


def members_of(frame):
    members = frame[["USUBJID", "TRTP"]].drop_duplicates().rename(columns={"TRTP": "group"})
    return members.assign(group=pd.Categorical(members["group"], ARMS))


def summary_of(frame, variable):
    rows = summarize(frame, members_of(frame), variable)
    return rows.set_index(["group", "statistic"])["value"]


TABLES = {"14-3.01": ("adadas", 24), "14-3.03": ("adadas", 8), "14-3.02": ("adcibc", 24)}
PARTS = {"n": ["n"], "Mean (SD)": ["mean", "sd"], "Median (Range)": ["median", "min", "max"]}
SECTIONS = {"Baseline": "BASE", "Change from Baseline": "CHG"}


def model_rows(frame, response):
    """Return the numbers of the model by row of the table and arm, as the footnotes of the tables say."""
    covariates = ["BASE"] if response == "CHG" else []
    frame = frame.assign(TRTP=pd.Categorical(frame["TRTP"], ARMS))
    model = fit(frame, response, "TRTP", covariates=covariates, factors=["SITEGR1"])
    pairs = differences(model).set_index(["group", "level", "statistic"])["value"].sort_index()
    slope = dose_slope(model, DOSES).set_index("statistic")["value"]
    low, high = ARMS[1:]
    found = {("p-value(Dose Response) [1][2]", "p", high): [slope["p_value"]]}
    for head, arm, other in (
        ("p-value(Xan - Placebo) [1][3]", low, ARMS[0]),
        ("p-value(Xan - Placebo) [1][3]", high, ARMS[0]),
        ("p-value(Xan High - Xan Low) [1][3]", high, low),
    ):
        pair = pairs[arm, other]
        found[head, "p", arm] = [pair["p_value"]]
        found[head, "Diff of LS Means (SE)", arm] = [pair["estimate"], pair["se"]]
        found[head, "95% CI", arm] = [pair[name] for name in limits_of("estimate")]
    return found


@pytest.mark.parametrize("source", ["published", "derived"])
@pytest.mark.parametrize("table", TABLES)
def test_analysis_of_covariance(table, source, datasets, pilot_folder):
    name, week = TABLES[table]
    response = "CHG" if name == "adadas" else "AVAL"
    frame = datasets[name, source].query(f"EFFFL == 'Y' and ANL01FL == 'Y' and AVISITN == {week}")
    models = model_rows(frame, response)
    variables = ("AVAL", "BASE", "CHG") if response == "CHG" else ("AVAL",)
    summaries = {variable: summary_of(frame, variable) for variable in variables}
    cells = pd.read_csv(pilot_folder / f"expected/table_{table}_cells.csv", dtype=str)
    compared = 0
    for cell in cells.itertuples():
        if cell.row_label in PARTS:
            summary = summaries[SECTIONS.get(cell.section, "AVAL")]
            values = [summary[cell.column_label, statistic] for statistic in PARTS[cell.row_label]]
        else:
            row = "p" if cell.row_label == cell.section else cell.row_label
            values = models[cell.section, row, cell.column_label]
        texts = numbers_of(cell.cell_text)
        assert len(texts) == len(values), cell
        assert all(agrees(value, text) for value, text in zip(values, texts, strict=True)), (cell, values)
        compared += len(values)
    assert compared == (70 if response == "CHG" else 34)


COLUMNS = {"Placebo": ARMS[0], "Xan.Low": ARMS[1], "Xan.High": ARMS[2]}
STATISTICS = {"n": "n", "Mean": "mean", "Std": "sd", "Med": "median", "Min": "min", "Max": "max"}
VARIABLES = {"Bsln": "BASE", "Chg": "CHG"}


@pytest.mark.parametrize("source", ["published", "derived"])
def test_means_over_time(source, datasets, pilot_folder):
    frame = datasets["adadas", source].query("EFFFL == 'Y' and ANL01FL == 'Y'")
    cells = pd.read_csv(pilot_folder / "expected/table_14-3.10_cells.csv", dtype=str)
    assert len(cells) == 252
    for visit, part in cells.groupby("row_label"):
        week = 0 if visit == "Baseline" else int(visit.split()[1])
        own = frame[frame["AVISITN"] == week]
        if visit.endswith("(Windowed)"):
            own = own[own["DTYPE"] == ""]
        summaries = {variable: summary_of(own, variable) for variable in ("AVAL", "BASE", "CHG")}
        for cell in part.itertuples():
            prefix, _, statistic = cell.stat_label.rpartition(" ")
            value = summaries[VARIABLES.get(prefix, "AVAL")][
                COLUMNS[cell.column_label], STATISTICS[statistic]
            ]
            assert agrees(value, cell.cell_text), (cell, value)
