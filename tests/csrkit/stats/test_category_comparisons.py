"""Cochran-Mantel-Haenszel tests, common ratios and differences of proportions against R, SAS and publications.

The witnesses of R are those of ``tests/reference/comparisons.R``; values printed elsewhere stand here with where.
"""

import math
from itertools import product

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from csrkit.stats.categories import cochran_mantel_haenszel
from csrkit.stats.common_ratios import common_ratios, equal_odds
from csrkit.stats.estimation import TOO_FEW
from csrkit.stats.proportions import NO_SUBJECTS
from csrkit.stats.risk_differences import newcombe_differences, risk_differences
from tests.conftest import ROOT

# Strata of rows (groups) of categories, as in comparisons.R, whose arrays run down the columns
TABLES = {
    "job": [
        [[1, 3, 11, 2], [2, 3, 17, 3], [0, 1, 8, 5], [0, 2, 4, 2]],
        [[1, 1, 2, 1], [0, 3, 5, 1], [0, 0, 7, 3], [0, 1, 9, 6]],
    ],
    "arthritis": [[[19, 7, 6], [6, 5, 16]], [[10, 0, 1], [7, 2, 5]]],
    "wide": [
        [[12, 11, 10], [9, 7, 3], [15, 4, 5], [8, 6, 1]],
        [[7, 6, 2], [10, 8, 4], [9, 12, 3], [9, 5, 6]],
    ],
}
# Strata of (group, reference) of (yes, no)
MIGRAINE = [[[16, 11], [5, 20]], [[12, 16], [7, 19]]]
CENTRES = [[[9, 3], [4, 8]], [[6, 6], [5, 7]], [[11, 2], [3, 10]], [[1, 7], [0, 9]], [[5, 0], [5, 2]]]
FOURFOLD = {"migraine": MIGRAINE, "centres": CENTRES}
PAIRS = [
    (56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7), (5, 56, 0, 29), (0, 10, 0, 20), (0, 10, 0, 10),
    (10, 10, 0, 20), (10, 10, 0, 10),
]  # fmt: skip
TWO = {"reference": "P", "strata": "stratum"}


@pytest.fixture(scope="module")
def r():
    table = pd.read_csv(ROOT / "tests/reference/comparisons.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}


def records(tables, groups=None, values=None):
    """Return one record per subject of strata of rows of counts."""
    groups = groups or [f"g{number}" for number in range(len(tables[0]))]
    values = values or list(range(1, 1 + len(tables[0][0])))
    counts = pd.DataFrame(
        [
            (f"s{place}", group, value, number)
            for place, table in enumerate(tables)
            for group, row in zip(groups, table, strict=True)
            for value, number in zip(values, row, strict=True)
        ],
        columns=["stratum", "arm", "value", "number"],
    )
    return counts.loc[counts.index.repeat(counts["number"])]


def answers(tables):
    return records(tables, ["A", "P"], [True, False])


def one(x1, n1, x0, n0):
    return answers([[[x1, n1 - x1], [x0, n0 - x0]]])


def row_of(found):
    assert len(found) == 1
    return found.iloc[0]


def limits(row):
    return [row["estimate"], row["ci_low"], row["ci_high"]]


def close(row, r, case, names=("estimate", "low", "high")):
    assert limits(row) == pytest.approx([r[case, name] for name in names], rel=2e-7, abs=1e-8)


@pytest.mark.parametrize("scores", ["table", "rank", "ridit", "modified ridit"])
@pytest.mark.parametrize("name", TABLES)
def test_the_three_tests_are_those_of_r(r, name, scores):
    found = cochran_mantel_haenszel(records(TABLES[name]), "arm", "value", "stratum", scores).set_index(
        "level"
    )
    rows, columns = len(TABLES[name][0]), len(TABLES[name][0][0])
    expected = {
        "general association": (r[f"cmh {name}", "general"], (rows - 1) * (columns - 1)),
        "row mean scores": (r[f"cmh {name} {scores}", "means"], rows - 1),
        "correlation": (r[f"cmh {name} {scores}", "correlation"], 1),
    }
    for level, (statistic, df) in expected.items():
        assert found.loc[level, "statistic"] == pytest.approx(statistic, rel=1e-9), level
        assert found.loc[level, "df"] == df
        assert found.loc[level, "reason"] == ""
    assert (found["n"] == np.sum(TABLES[name])).all()


def test_arthritis_as_vcdextra_prints_it(r):
    found = cochran_mantel_haenszel(records(TABLES["arthritis"]), "arm", "value", "stratum").set_index(
        "level"
    )
    kinds = {"correlation": "cor", "row mean scores": "rmeans", "general association": "general"}
    for level, kind in kinds.items():
        assert found.loc[level, "statistic"] == pytest.approx(r["vcdExtra arthritis", kind], rel=1e-9)


def test_the_migraine_example_of_sas():
    """SAS/STAT 13.1 User's Guide, The FREQ Procedure, Example 40.7, its printed output."""
    frame = answers(MIGRAINE)
    tests = cochran_mantel_haenszel(frame, "arm", "value", "stratum")
    assert tests["statistic"].tolist() == pytest.approx([8.3052] * 3, abs=5e-5)
    assert tests["p_value"].tolist() == pytest.approx([0.0040] * 3, abs=5e-5)
    ratios = common_ratios(frame, "arm", "value", **TWO).set_index("level")
    assert limits(ratios.loc["odds ratio"]) == pytest.approx([3.3132, 1.4456, 7.5934], abs=5e-5)
    assert limits(ratios.loc["relative risk"]) == pytest.approx([2.1636, 1.2336, 3.7948], abs=5e-5)
    same = frame.assign(value=~frame["value"].astype("bool"))
    other = common_ratios(same, "arm", "value", **TWO).set_index("level").loc["relative risk"]
    assert limits(other) == pytest.approx([0.6420, 0.4705, 0.8761], abs=5e-5)
    equal = row_of(equal_odds(frame, "arm", "value", tarone=False, **TWO))
    assert (equal["statistic"], equal["df"]) == (pytest.approx(1.4929, abs=5e-5), 1)
    assert equal["p_value"] == pytest.approx(0.2218, abs=5e-5)


@pytest.mark.parametrize("name", FOURFOLD)
def test_common_ratios_are_those_of_r(r, name):
    found = common_ratios(answers(FOURFOLD[name]), "arm", "value", **TWO).set_index("level")
    close(found.loc["odds ratio"], r, f"common {name}", ("odds_ratio", "low", "high"))
    close(found.loc["relative risk"], r, f"common {name}", ("relative_risk", "risk_low", "risk_high"))
    for tarone, quantity in ((False, "breslow_day"), (True, "tarone")):
        equal = row_of(equal_odds(answers(FOURFOLD[name]), "arm", "value", tarone=tarone, **TWO))
        assert equal["statistic"] == pytest.approx(r[f"equal odds {name}", quantity], rel=1e-7)
        assert equal["df"] == len(FOURFOLD[name]) - 1
        assert ("Tarone" in equal["method"]) == tarone


def test_equal_odds_where_the_common_ratio_is_one():
    mirrored = [[[8, 2], [4, 6]], [[4, 6], [8, 2]]]
    found = row_of(equal_odds(answers(mirrored), "arm", "value", tarone=False, **TWO))
    assert found["statistic"] == pytest.approx(
        2 * 2**2 * (1 / 6 + 1 / 4 + 1 / 6 + 1 / 4)
    )  # expected 6, of each
    assert found["reason"] == ""


@pytest.mark.parametrize("pair", PAIRS)
def test_score_intervals_are_those_of_r(r, pair):
    case = "score {}/{} {}/{}".format(*pair)
    found = row_of(risk_differences(one(*pair), "arm", "value", reference="P"))
    close(found, r, case)
    if (case, "statistic") in r:
        assert found["statistic"] == pytest.approx(r[case, "statistic"], rel=1e-7)
    else:
        assert math.isnan(found["p_value"])
        assert found["reason"] == "all subjects have the same response"


# The examples of Newcombe (Stat Med 1998;17:873, table II) as R's ratesci 1.1.0.9000 computes them (source of
# github.com/petelaud/ratesci, commit dbe2ab79): scoreci(…, skew = FALSE) and moverci(…, type = "wilson")
@pytest.mark.parametrize(
    ("pair", "score", "hybrid"),
    [
        ((56, 70, 48, 80), (0.0528, 0.3382), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1700, 0.8406), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0342, 0.8534), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0326, 0.1933), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1658, 0.2844), (-0.1611, 0.2775)),
        ((0, 10, 0, 10), (-0.2879, 0.2879), (-0.2775, 0.2775)),
        ((10, 10, 0, 20), (0.7156, 1.0), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6636, 1.0), (0.6075, 1.0)),
    ],
)
def test_intervals_are_those_of_ratesci(pair, score, hybrid):
    frame = one(*pair)
    for function, printed in ((risk_differences, score), (newcombe_differences, hybrid)):
        found = row_of(function(frame, "arm", "value", reference="P"))
        assert (found["ci_low"], found["ci_high"]) == pytest.approx(printed, abs=5e-5)


@pytest.mark.parametrize("name", FOURFOLD)
def test_stratified_differences_are_those_of_r(r, name):
    frame = answers(FOURFOLD[name])
    found = row_of(risk_differences(frame, "arm", "value", **TWO))
    close(found, r, f"stratified score {name}")
    assert found["statistic"] == pytest.approx(r[f"stratified score {name}", "statistic"], rel=1e-7)
    summary = row_of(risk_differences(frame, "arm", "value", weights="inverse variance", **TWO))
    close(summary, r, f"summary score {name}")
    close(row_of(newcombe_differences(frame, "arm", "value", **TWO)), r, f"yan su {name}")


def test_stratified_newcombe_as_tern_was_validated(r):
    table = [
        [
            [r[f"tern {place}", f"{group} {answer}"] for answer in ("yes", "no")]
            for group in ("group", "reference")
        ]
        for place in range(1, 7)
    ]
    found = row_of(newcombe_differences(answers(np.array(table, dtype="int64")), "arm", "value", **TWO))
    assert limits(found) == pytest.approx([0.25390590, 0.03467969, 0.44544132], abs=5e-9)


@pytest.mark.parametrize("function", [risk_differences, newcombe_differences])
@pytest.mark.parametrize(("n1", "n0"), [(1, 1), (3, 2)])
def test_one_stratum_is_no_stratum_and_limits_stay_inside(function, n1, n0):
    for x1, x0 in product(range(n1 + 1), range(n0 + 1)):
        check_limits(function, one(x1, n1, x0, n0))


def check_limits(function, frame):
    alone = row_of(function(frame, "arm", "value", reference="P"))
    assert limits(row_of(function(frame, "arm", "value", **TWO))) == pytest.approx(limits(alone))
    assert -1 <= alone["ci_low"] <= alone["estimate"] + 1e-9
    assert alone["estimate"] - 1e-9 <= alone["ci_high"] <= 1
    swapped = row_of(function(frame, "arm", "value", reference="A"))
    assert [-swapped["ci_high"], -swapped["ci_low"]] == pytest.approx(limits(alone)[1:], abs=1e-9)


def test_strata_with_one_arm_and_who_has_no_answer_drop_out():
    frame = answers(MIGRAINE)
    more = pd.concat(
        [
            frame,
            pd.DataFrame({"stratum": "alone", "arm": "A", "value": [True] * 5}),
            pd.DataFrame(
                {"stratum": ["s0", "s1", None], "arm": ["A", "", "P"], "value": [None, True, False]}
            ),
        ],
        ignore_index=True,
    )
    for function in (risk_differences, newcombe_differences, common_ratios, equal_odds):
        pd.testing.assert_frame_equal(
            function(more, "arm", "value", **TWO), function(frame, "arm", "value", **TWO)
        )
    tests = cochran_mantel_haenszel(more, "arm", "value", "stratum")
    assert tests["statistic"].tolist() == pytest.approx(
        cochran_mantel_haenszel(frame, "arm", "value", "stratum")["statistic"].tolist()
    )


def test_answers_may_be_yes_and_no_or_numbers():
    frame = answers(MIGRAINE)
    whole = risk_differences(frame, "arm", "value", **TWO)
    for yes, no in (("Y", "N"), (1, 0), (1.0, 0.0)):
        other = frame.assign(value=[yes if one else no for one in frame["value"]])
        pd.testing.assert_frame_equal(risk_differences(other, "arm", "value", **TWO), whole)
    with pytest.raises(ValueError, match=r"value holds CR, PR; it takes True and False"):
        risk_differences(frame.assign(value=["CR", "PR"] * 53), "arm", "value", **TWO)


def test_several_groups_are_compared_with_the_reference():
    frame = records([[[5, 5], [6, 4], [3, 7]]], ["A", "B", "P"], ["Y", "N"])
    arms = pd.Categorical(frame["arm"], ["P", "B", "A", "never given"])
    found = risk_differences(frame.assign(arm=arms), "arm", "value", reference="P")
    assert found["group"].tolist() == ["B", "A", "never given"]
    assert found["estimate"].tolist()[:2] == pytest.approx([0.3, 0.2])
    assert found["reason"].tolist() == ["", "", NO_SUBJECTS]
    with pytest.raises(ValueError, match="The reference 'placebo' isn't a value of arm, which has A, B, P"):
        risk_differences(frame, "arm", "value", reference="placebo")
    with pytest.raises(
        ValueError, match="There are no equal weights; take mantel-haenszel or inverse variance"
    ):
        risk_differences(frame, "arm", "value", reference="P", weights="equal")
    with pytest.raises(ValueError, match="confidence level is a share"):
        newcombe_differences(frame, "arm", "value", reference="P", confidence=95)


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ([[[1, 2], [4, 4]]], TOO_FEW),
        ([[[4, 0], [5, 0]]], "all subjects have the same status"),
        ([[[4, 0], [5, 0]], [[0, 3], [0, 0]]], "no stratum holds two groups and two values"),
        ([[[4, 4], [0, 0]], [[0, 0], [4, 4]]], "no stratum holds two groups and two values"),
    ],
)
def test_what_cannot_be_tested_says_why(tables, reason):
    found = cochran_mantel_haenszel(records(tables), "arm", "value", "stratum")
    assert found["statistic"].isna().all()
    assert found["reason"].tolist() == [reason] * 3


def test_empty_rows_and_columns_of_strata_and_groups_that_never_meet():
    chain = [[[4, 3], [2, 5], [0, 0], [0, 0]], [[0, 0], [0, 0], [6, 1], [3, 4]]]
    found = cochran_mantel_haenszel(records(chain), "arm", "value", "stratum").set_index("level")
    assert found.loc["general association", "df"] == 2  # of 3: the strata connect two and two groups
    empty = [[[9, 0, 3], [4, 0, 8]], [[6, 0, 6], [5, 0, 7]]]
    dense = [[[9, 3], [4, 8]], [[6, 6], [5, 7]]]
    statistics = [
        cochran_mantel_haenszel(records(tables), "arm", "value", "stratum", "rank")["statistic"].tolist()
        for tables in (empty, dense)
    ]
    assert statistics[0] == pytest.approx(statistics[1])


@pytest.mark.parametrize(
    ("tables", "values", "reasons"),
    [
        ([[[0, 9], [4, 5]]], (0.0, 0.0), ["no interval of a ratio of 0"] * 2),
        ([[[4, 5], [0, 9]]], (math.nan, math.nan), ["the ratio is infinite"] * 2),
        ([[[0, 9], [0, 9]]], (math.nan, math.nan), ["no stratum tells the groups apart"] * 2),
        ([[[5, 0], [4, 5]]], (math.nan, 9 / 4), ["the ratio is infinite", ""]),
        ([[[5, 4], [0, 0]], [[0, 0], [2, 7]]], (math.nan, math.nan), ["no stratum holds both groups"] * 2),
    ],
)
def test_ratios_without_interval_say_why(tables, values, reasons):
    found = common_ratios(answers(tables), "arm", "value", **TWO)
    assert found["estimate"].tolist() == pytest.approx(values, nan_ok=True)
    assert found["reason"].tolist() == reasons
    assert found["ci_low"].isna().tolist() == [reason != "" for reason in reasons]
    assert row_of(equal_odds(answers(tables), "arm", "value", **TWO))["reason"] != ""


def test_intervals_stand_where_there_is_no_test():
    found = row_of(risk_differences(one(2, 3, 5, 9), "arm", "value", reference="P"))
    assert found["reason"] == TOO_FEW
    assert math.isnan(found["p_value"])
    assert found["ci_low"] < found["estimate"] < found["ci_high"]


def test_cibic_of_the_pilot_by_site(pilot_folder):
    """Table 14-3.13 of the CDISC pilot study: p-values of CIBIC+ by visit, controlling for site group.

    As atorus-research/CDISC_pilot_replication prints them (outputs/14-3.13.rtf, commit fc8d658d).
    """
    published, _ = pyreadstat.read_xport(pilot_folder / "adam/adcibc.xpt")
    cibic = published.query("EFFFL == 'Y' and ITTFL == 'Y' and ANL01FL == 'Y'")
    for week, printed in ((8, 0.2727), (16, 0.4003), (24, 0.6180)):
        found = cochran_mantel_haenszel(cibic[cibic["AVISITN"] == week], "TRTP", "AVAL", "SITEGR1")
        p = found.set_index("level").loc["row mean scores", "p_value"]
        assert p == pytest.approx(printed, abs=5e-5), week
