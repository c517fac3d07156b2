import numpy as np
import pandas as pd
import pytest

from csrkit.stats.groups import assign_groups
from csrkit.stats.proportions import NO_SUBJECTS, count_events, count_subjects, exact_interval


def test_intervals_are_those_of_r(witness):
    cases = sorted({case for case, _ in witness if case.startswith("binom")})
    assert len(cases) == 20
    for case in cases:
        _, fraction, level = case.split()
        n, total = map(int, fraction.split("/"))
        low, high = exact_interval(n, total, float(level))
        assert low == pytest.approx(witness[case, "low"], rel=1e-10, abs=1e-12)
        assert high == pytest.approx(witness[case, "high"], rel=1e-10)


def test_no_subjects_have_no_interval():
    low, high = exact_interval([0], [0])
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_published_intervals_of_romiplostim(root):
    path = root.parent / "shared/data/itp_romiplostim_published/published_responder_table.csv"
    if not path.exists():
        pytest.skip(f"{path} isn't there")
    table = pd.read_csv(path)
    table = table[table["ci_rounds_to_clopper_pearson"] == "yes"]
    assert len(table) > 5
    low, high = exact_interval(table["n_responders"], table["n_subjects"])
    assert (abs(100 * low - table["published_ci95_lower_percent"]) <= 0.5).all()
    assert (abs(100 * high - table["published_ci95_upper_percent"]) <= 0.5).all()


@pytest.fixture
def members(study):
    adsl = pd.DataFrame({"USUBJID": ["1", "2", "3"], "SAFARMCD": ["ESC05", "ESC20", "EXP20"], "SAFFL": "Y"})
    return assign_groups(adsl, study.design.columns, "SAFFL")


def test_pooled_columns_hold_the_subjects_of_their_arms(members):
    sizes = members.groupby("group", observed=False).size().to_dict()
    assert sizes == {"esc05": 1, "esc10": 0, "esc20": 1, "exp20": 1, "all20": 2, "total": 3}


def value(rows, **where):
    for name, wanted in where.items():
        rows = rows[rows[name] == wanted]
    assert len(rows) == 1
    return rows["value"].iloc[0]


def test_subjects_count_once_and_zeros_are_there(members):
    records = pd.DataFrame({"USUBJID": ["1", "1", "2", "9"], "kind": ["a", "a", "a", "a"]})
    counts = count_subjects(records, members, ["a", "b"], "kind", 0.95)
    assert value(counts, level="a", group="total", statistic="n") == 2
    assert value(counts, level="a", group="all20", statistic="percent") == 50
    assert value(counts, level="b", group="total", statistic="n") == 0
    assert value(counts, level="b", group="total", statistic="percent") == 0
    events = count_events(records, members, ["a", "b"], "kind")
    assert value(events, level="a", group="esc05") == 2
    assert value(events, level="b", group="esc05") == 0


def test_an_empty_group_says_why(members):
    counts = count_subjects(
        pd.DataFrame({"USUBJID": [], "kind": []}, dtype="str"), members, ["a"], "kind", 0.95
    )
    empty = counts[(counts["group"] == "esc10") & ~counts["statistic"].isin(["n", "N"])]
    assert empty["value"].isna().all()
    assert set(empty["reason"]) == {NO_SUBJECTS}


@pytest.mark.parametrize("level", [95, 1.0, 0.0, -0.5])
def test_a_level_is_a_share(level):
    with pytest.raises(ValueError, match="share between 0 and 1"):
        exact_interval(1, 3, level)
