"""Real markers through the same functions: 294 samples of 136 markers, gaps and outliers included."""

import numpy as np
import pandas as pd
import pytest

from csrkit.rows import combine
from itpcsr.analysis import immune
from tests import covid

pytestmark = pytest.mark.slow  # 136 markers are analysed


@pytest.fixture(scope="module")
def real():
    if not covid.SOURCE.exists():
        pytest.skip(f"the real immune markers aren't at {covid.SOURCE}")
    return covid.load_covid()


@pytest.fixture(scope="module")
def results(real):
    return covid.analyse_everything(real.datasets, real.study, lag_weeks=[-1, 0, 1], split_week=3)[0]


def counts(rows, analysis, statistic, **where):
    chosen = rows[(rows["analysis"] == analysis) & (rows["statistic"] == statistic)]
    for name, value in where.items():
        chosen = chosen[chosen[name] == value]
    return chosen["value"].to_numpy()


def test_every_measured_value_is_in_the_panel(real):
    measured = real.source[real.markers].notna().to_numpy()
    assert real.panel.values.shape == (203, 8, 136)
    assert np.isfinite(real.panel.values).sum() == measured.sum()
    assert real.panel.values[np.isfinite(real.panel.values)].sum() == pytest.approx(
        np.nansum(real.source[real.markers].to_numpy())
    )


def test_every_value_is_accounted_for(real, results):
    course = results["tbl-immune-course"]
    assert immune.accounts(course)
    per_marker = real.source[real.markers].notna().sum().to_numpy()
    assert counts(course, "records", "records").tolist() == per_marker.tolist()
    assert counts(course, "records", "used").tolist() == per_marker.tolist()


def test_n_of_each_visit_is_that_of_the_source(real, results):
    number = real.source["ID"].str.split(".").str[1].fillna("1").astype("int64")
    for visit, name in enumerate(real.panel.visits, start=1):
        expected = real.source.loc[number == visit, real.markers].notna().sum().to_numpy()
        found = counts(results["tbl-immune-course"], "value", "n", group="total", visit=name)
        assert found.tolist() == expected.tolist()


def test_n_of_the_tests_is_that_of_subjects_with_baseline_and_later(real, results):
    subject = real.source["ID"].str.split(".").str[0]
    first = ~real.source["ID"].str.contains(".", regex=False)
    known = real.source[real.markers].notna()
    baseline = known[first].groupby(subject[first]).any()
    later = known[~first].groupby(subject[~first]).any().reindex(baseline.index, fill_value=False)
    expected = (baseline & later).sum().to_numpy()
    assert counts(results["tbl-immune-change"], "mean_change", "n").tolist() == expected.tolist()


def test_all_markers_have_all_rows_and_every_gap_has_a_reason(results):
    rows = combine(*results.values())
    tests = rows[rows["statistic"] == "p_value"]
    assert (
        tests.groupby(["display", "analysis"])["level"].nunique().drop("tbl-immune-mediation") == 136
    ).sum() >= 8
    assert (rows.loc[rows["value"].isna(), "reason"] != "").all()
    p = rows.loc[rows["statistic"].isin(["p_value", "p_adjusted"]), "value"].dropna()
    assert p.between(0, 1).all()
    wide = rows[rows["statistic"].isin(["p_value", "p_adjusted"])].pivot_table(
        index=["display", "analysis", "level", "visit"], columns="statistic", values="value"
    )
    assert (wide["p_adjusted"] >= wide["p_value"] - 1e-12).all()


def test_estimates_are_those_of_pandas(real, results):
    marker = real.markers.index("IL6")
    code = real.panel.codes[marker]
    change = pd.Series(real.panel.mean_change[:, marker])
    rows = results["tbl-immune-change"]
    rows = rows[rows["level"] == code].set_index("statistic")["value"]
    assert rows["estimate"] == pytest.approx(change.mean())
    assert rows["cohens_dz"] == pytest.approx(change.mean() / change.std())
