"""Rates, times, definitions, subgroups, bleeding and estimand, against R, publications and hand-made trials."""

import numpy as np
import pandas as pd
import pytest

from csrkit.rows import absence, levels_in, make_rows
from csrkit.stats.categories import exact_trend, mcnemar_exact
from csrkit.stats.proportions import exact_interval, jeffreys_interval, wilson_interval
from csrkit.stats.survival import estimate_curves, kaplan_meier, median_time, times_to_event
from csrkit.tables.lookup import Lookup
from csrkit.vocabulary import limits_of
from itpcsr.adam.datasets import Datasets
from itpcsr.adam.states import derive_subgroups
from itpcsr.study import read_study
from tests import small
from tests.conftest import ROOT
from tests.faults.chain import rows_shown, show

PAIRS = [(0, 3), (2, 3), (3, 6), (6, 12), (8, 18), (18, 18)]


@pytest.fixture(scope="module")
def r_values():
    """Values that R computed (tests/reference/efficacy.R) by case and quantity."""
    table = pd.read_csv(ROOT / "tests/reference/efficacy.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}


@pytest.fixture(scope="module")
def published():
    """Values from textbooks and packages, with what R gives for the same data."""
    folder = ROOT.parent / "shared/data/stat_reference"
    if not folder.is_dir():
        pytest.skip(f"the statistical reference values aren't at {folder}")
    return pd.read_csv(folder / "expected_values.csv"), folder


def value(rows, analysis, group, statistic, level="", visit=""):
    return Lookup(rows).value(analysis, group, statistic, level, visit)


@pytest.mark.parametrize(("n", "total"), PAIRS)
@pytest.mark.parametrize(("name", "interval"), [("wilson", wilson_interval), ("jeffreys", jeffreys_interval)])
def test_intervals_are_those_of_r(r_values, name, interval, n, total):
    low, high = interval(n, total)
    assert low == pytest.approx(r_values[f"rate {n}/{total}", f"{name}_low"], abs=1e-8)
    assert high == pytest.approx(r_values[f"rate {n}/{total}", f"{name}_high"], abs=1e-8)


@pytest.mark.parametrize("interval", [wilson_interval, jeffreys_interval])
def test_no_subjects_have_no_interval(interval):
    assert np.isnan(interval(0, 0)).all()


@pytest.mark.parametrize("case", ["81_263", "15_148"])
def test_intervals_are_the_published_ones(published, case):
    table, _ = published
    n, total = (int(part) for part in case.split("_"))
    for name, interval in (("cp", exact_interval), ("wilson", wilson_interval)):
        found = dict(zip(("lower", "upper"), interval(n, total), strict=True))
        for row in table[table["case_id"] == f"{name}_{case}"].itertuples():
            assert found[row.quantity] == pytest.approx(float(row.expected), abs=float(row.tolerance_abs))


def test_responder_rates_of_romiplostim_have_their_published_intervals():
    """Kuter et al., Lancet 2008;371:395, as in the product information: percent with a 95 % interval."""
    folder = ROOT.parent / "shared/data/itp_romiplostim_published"
    if not folder.is_dir():
        pytest.skip(f"the published responder table isn't at {folder}")
    table = pd.read_csv(folder / "published_responder_table.csv")
    low, high = exact_interval(table["n_responders"], table["n_subjects"])
    assert np.floor(100 * low + 0.5).tolist() == table["published_ci95_lower_percent"].tolist()
    assert np.floor(100 * high + 0.5).tolist() == table["published_ci95_upper_percent"].tolist()


@pytest.mark.parametrize(
    ("name", "n", "total"),
    [
        ("published", [0, 2, 6], [3, 3, 12]),
        ("rising", [0, 1, 5], [3, 3, 6]),
        ("falling", [3, 2, 1], [3, 3, 6]),
    ],
)
def test_the_exact_trend_is_that_of_r(r_values, name, n, total):
    one, two = exact_trend(n, total, [0.5, 1, 2])
    assert one == pytest.approx(r_values[f"trend {name}", "greater"], abs=1e-9)
    assert two == pytest.approx(r_values[f"trend {name}", "two.sided"], abs=1e-9)


def test_a_trend_of_one_table_is_certain():
    assert exact_trend([1, 1], [1, 1], [0, 1]) == (1, 1)


@pytest.mark.parametrize(("before", "after"), [(7, 1), (3, 0), (5, 5), (150, 86)])
def test_the_paired_exact_test_is_that_of_r(r_values, before, after):
    assert mcnemar_exact(after, before)[0] == pytest.approx(
        r_values[f"mcnemar {before} {after}", "p"], rel=1e-8
    )


def test_the_paired_exact_test_needs_discordant_pairs():
    assert np.isnan(mcnemar_exact(0, 0)).all()


def test_kaplan_meier_of_the_leukaemia_data_is_the_published_one(published):
    """Miller 1981, as in R's survival: estimate and median of both groups."""
    table, folder = published
    aml = pd.read_csv(folder / "aml.csv")
    rows = table[(table["case_id"] == "km_aml") & table["computed_in_R"].notna()]
    for group, part in aml.groupby("x"):
        curve = kaplan_meier(part["time"].to_numpy("float64"), part["status"].to_numpy() == 1, 0.95)
        of_group = rows[rows["quantity"].str.startswith(f"{group} ")]
        survival = of_group[of_group["quantity"].str.endswith(" surv")]
        assert len(survival) >= 6
        for row in survival.itertuples():
            time = float(row.quantity.split(" t ")[1].split()[0])
            assert curve.at(time)[0] == pytest.approx(float(row.computed_in_R), abs=1e-6)
        median = of_group[of_group["quantity"] == f"{group} median"]
        assert median_time(curve)[0] == float(median["computed_in_R"].iloc[0])


@pytest.fixture(scope="module")
def rates(demo_shows):
    return demo_shows("32-response-rates")["tbl-response-rates"].results


@pytest.mark.parametrize(
    ("group", "n", "total"),
    [("esc05", 0, 3), ("esc10", 2, 3), ("esc20", 3, 6), ("all20", 6, 12), ("total", 8, 18)],
)
def test_rates_of_the_published_counts(rates, r_values, group, n, total):
    """Published responders (0/3, 2/3, 3/6, 6/12, 8/18): intervals and posterior under a uniform prior, by R."""
    case = f"rate {n}/{total}"
    assert (value(rates, "rate", group, "n"), value(rates, "rate", group, "N")) == (n, total)
    for name in ("wilson", "jeffreys", "posterior"):
        for side in ("low", "high"):
            wanted = 100 * r_values[case, f"{name}_{side}"]
            assert value(rates, name, group, f"ci_{side} of percent") == pytest.approx(wanted, abs=1e-6)
    assert value(rates, "posterior", group, "mean") == pytest.approx(100 * (n + 1) / (total + 2))
    assert value(rates, "posterior", group, "median") == pytest.approx(
        100 * r_values[case, "posterior_median"]
    )
    assert value(rates, "exceeds", group, "percent", "30") == pytest.approx(100 * r_values[case, "above_30"])


def test_the_trend_of_the_trial_is_that_of_the_published_counts(rates, r_values):
    assert value(rates, "trend", "", "p_value", "two-sided") == pytest.approx(
        r_values["trend published", "two.sided"], abs=1e-9
    )


def test_the_escalation_alone_has_the_published_rate(demo_trial, demo, root):
    """5 of 12 with an exact interval of 15.2 to 72.3 percent (trial_facts 1.4)."""
    escalation = read_study(root / "params/study.yml", cohorts=["ESC05", "ESC10", "ESC20"])
    adsl = demo["adsl"][demo["adsl"]["ARMCD"].isin(escalation.design.reported_arms)]
    shown = show(demo_trial, escalation, "30-efficacy", datasets=demo | {"adsl": adsl})
    found = {
        name: value(shown["tbl-response"].results, "overall", "total", name, "responder")
        for name in ("n", "N", *limits_of("percent"))
    }
    assert (found["n"], found["N"]) == (5, 12)
    assert tuple(round(found[name], 1) for name in limits_of("percent")) == (15.2, 72.3)


def test_the_primary_definition_is_the_best_response(demo_shows, study):
    rows = demo_shows("32-response-rates")["tbl-response-definitions"].results
    best = demo_shows("30-efficacy")["tbl-response"].results
    for column in study.design.columns:
        assert value(rows, "cbor", column.key, "n", "responder") == value(
            best, "overall", column.key, "n", "responder"
        )
    keys = {definition.key for definition in study.efficacy.response_definitions}
    assert {key.lower() for key in keys} <= set(rows["analysis"])


def four(study, **more):
    """Four subjects of one arm: responder, early leaver in response, rescued non-responder, no count."""
    names = ("a", "b", "c", "d")
    counts = {
        "a": {1: 10, 8: 40, 15: 40, 22: 40, 29: 12, 36: 12},
        "b": {1: 10, 8: 50, 15: 120, 22: 130},
        "c": {1: 10, 8: 12, 15: 60, 22: 70},
        "d": {1: 10},
    }
    ds = pd.DataFrame(
        [
            {
                "USUBJID": name, "DSSEQ": 1.0, "DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY PARTICIPATION",
                "DSDECOD": "WITHDRAWAL BY SUBJECT" if name == "b" else "COMPLETED", "DSSTDTC": small.day(40),
            }
            for name in names
        ]
    )  # fmt: skip
    cm = pd.DataFrame(
        [
            {"USUBJID": "c", "CMSEQ": 1.0, "CMTRT": "X", "CMCAT": "RESCUE THERAPY", "CMSTDTC": small.day(10), "CMENDTC": ""},
            {"USUBJID": "a", "CMSEQ": 1.0, "CMTRT": "Y", "CMCAT": "CONCOMITANT ITP THERAPY", "CMSTDTC": small.day(-50), "CMENDTC": small.day(20)},
            {"USUBJID": "b", "CMSEQ": 1.0, "CMTRT": "Y", "CMCAT": "CONCOMITANT ITP THERAPY", "CMSTDTC": small.day(-50), "CMENDTC": ""},
            {"USUBJID": "d", "CMSEQ": 1.0, "CMTRT": "Y", "CMCAT": "CONCOMITANT ITP THERAPY", "CMSTDTC": small.day(9), "CMENDTC": ""},
        ]
    )  # fmt: skip
    dv = pd.DataFrame(
        [
            {
                "USUBJID": "a",
                "DVSEQ": 1.0,
                "DVTERM": "x",
                "DVDECOD": "x",
                "DVCAT": "Major",
                "DVSTDTC": small.day(8),
            }
        ]
    )
    domains = {
        "DM": small.dm(*((name, "ESC05") for name in names)),
        "EX": pd.concat([small.ex("a", "c", "d"), small.ex("b", days=(1, 8))], ignore_index=True),
        "LB": pd.concat(
            [small.platelets(name, course) for name, course in counts.items()], ignore_index=True
        ),
        "AE": small.events(small.event("d", "Headache", small.day(12), AEOUT="FATAL")),
        "DS": ds,
        "CM": cm,
        "DV": dv,
    } | more
    trial = small.trial(**domains)
    return trial, Datasets(trial, study)


def rows_of(trial, study, *names, **more):
    """The result rows of these notebooks, by display."""
    return rows_shown(show(trial, study, *names, **more))


@pytest.fixture(scope="module")
def of_four(study):
    """Return the analysis datasets of the four subjects."""
    return four(study)[1]


@pytest.fixture(scope="module")
def rows_of_four(study, of_four):
    """What the notebooks make of the four subjects, by display."""
    return rows_of(four(study)[0], study, "32-response-rates", "38-bleeding", datasets=of_four)


@pytest.mark.parametrize(
    ("analysis", "n", "total"),
    [("primary", 2, 4), ("left_early", 1, 4), ("observed", 2, 3), ("protocol", 1, 3), ("no_rescue", 2, 3)],
)
def test_sensitivity_counts_the_subjects_it_names(rows_of_four, analysis, n, total):
    rows = rows_of_four["tbl-response-sensitivity"]
    assert (
        value(rows, analysis, "total", "n", "responder"),
        value(rows, analysis, "total", "N", "responder"),
    ) == (n, total)


def test_without_deviations_there_is_no_per_protocol_analysis(study):
    trial, _ = four(study)
    del trial.domains["DV"]
    shown = show(trial, study, "32-response-rates")["tbl-response-sensitivity"]
    assert "protocol" not in set(shown.results["analysis"])
    assert not any("Per protocol" in row.label for row in shown.rows)


@pytest.mark.parametrize(
    ("event", "touched", "responders", "after"),
    [
        ("rescue", 1, 0, 0),
        ("new_therapy", 1, 0, 0),
        ("incomplete", 1, 1, 1),
        ("death", 1, 0, 0),
    ],
)
def test_intercurrent_events_touch_whom_they_touch(rows_of_four, event, touched, responders, after):
    rows = rows_of_four["tbl-estimand"]
    found = [value(rows, name, "total", "n", event) for name in ("touched", "responder", "after")]
    assert found == [touched, responders, after]


@pytest.mark.parametrize(("level", "n"), [("kept", 1), ("stopped", 1), ("started", 1)])
def test_therapy_of_the_disease_is_kept_stopped_or_started(rows_of_four, level, n):
    rows = rows_of_four["tbl-itp-therapy"]
    assert value(rows, "other", "total", "n", level) == n
    assert value(rows, "rescue", "total", "n") == 1
    assert value(rows, "first_rescue", "total", "median") == 10


def test_subgroups_are_whole_or_say_nothing(of_four, rows_of_four, study):
    subgroups = derive_subgroups(of_four["adsl"], of_four["adab"], study)
    assert set(subgroups["SUBGROUP"]) == {"Sex", "Age, years", "Baseline count, 10⁹/L"}
    rows = rows_of_four["fig-response-subgroups"]
    assert value(rows, "subgroup", "total", "N", ("Sex", "Female")) == 4
    assert value(rows, "subgroup", "total", "n", ("Baseline count, 10⁹/L", "≥10")) == 2
    assert value(rows, "overall", "total", "n") == 2


def test_subgroups_of_the_trial_are_the_published_ones(demo, study):
    """trial_facts 1.3: 15 women of 18, splenectomy in 10, rituximab in 13, autoantibody in 11."""
    subgroups = derive_subgroups(demo["adsl"], demo["adab"], study)
    sizes = subgroups.groupby(["SUBGROUP", "LEVEL"])["USUBJID"].nunique()
    assert sizes["Sex", "Female"] == 15
    assert sizes["Prior splenectomy", "Yes"] == 10
    assert sizes["Prior rituximab", "Yes"] == 13
    assert sizes["Platelet autoantibody", "Positive"] == 11
    assert subgroups.groupby("SUBGROUP")["USUBJID"].nunique().eq(18).all()


def test_times_are_those_of_r(r_values):
    """Twelve subjects, six with a response; counts of days as in the reference."""
    time = [15, 15, 8, 22, 15, 29, 197, 197, 134, 148, 199, 195]
    names = [f"s{number:02}" for number in range(12)]
    events = {"AVAL": [float(t) for t in time], "CNSR": [0.0] * 6 + [1.0] * 6}
    times = pd.DataFrame({"USUBJID": names, **events})
    groups = pd.Categorical(["all"] * 12, categories=["all", "nobody"])
    members = pd.DataFrame({"USUBJID": names, "group": groups})
    rows = times_to_event(times, members, [14, 29], 0.95, nobody="no responder in this group")
    rows = make_rows(rows)
    for day in (14, 29):
        in_r = {"ci_low of km_percent": "km_low", "ci_high of km_percent": "km_high"}
        for name in ("km_percent", *in_r, "at_risk"):
            wanted = r_values[f"response day {day}", in_r.get(name, name)]
            assert value(rows, "", "all", name, visit=f"Day {day}") == pytest.approx(wanted, abs=1e-6)
    assert value(rows, "", "all", "n") == 6
    none = rows[(rows["group"] == "nobody") & (rows["statistic"] == "median")]
    assert none["reason"].tolist() == ["no responder in this group"]


def test_curves_hold_every_day_on_which_a_time_ends_and_the_numbers_at_risk():
    times = pd.DataFrame({"USUBJID": list("abc"), "AVAL": [10.0, 30.0, 60.0], "CNSR": [0.0, 1.0, 0.0]})
    groups = pd.Categorical(["x", "x", "y"], categories=["x", "y", "z"])
    members = pd.DataFrame({"USUBJID": list("abc"), "group": groups})
    curves = estimate_curves(times, members, 0.95)
    x = curves[curves["group"] == "x"].set_index("day")
    assert x["percent"].to_dict() == {0: 0, 10: 50, 28: 50, 30: 50}
    assert x["at_risk"].to_dict() == {0: 2, 10: 2, 28: 1, 30: 1}
    assert x["censored"].to_dict() == {0: 0, 10: 0, 28: 0, 30: 1}
    assert curves.loc[curves["listed"], ["group", "day"]].to_numpy().tolist() == [
        ["x", 0], ["x", 28], ["y", 0], ["y", 28], ["y", 56],
    ]  # fmt: skip
    rarely = estimate_curves(times, members, 0.95, every=50)
    assert rarely.loc[rarely["listed"], ["group", "day"]].to_numpy().tolist() == [
        ["x", 0],
        ["y", 0],
        ["y", 50],
    ]
    held = estimate_curves(times, members, 0.95, without_event=True)
    assert (held["percent"] == 100 - curves["percent"]).all()
    assert estimate_curves(times.head(0), members, 0.95).empty


def graded(*records):
    """RS of (subject, day, grade, scale)."""
    return pd.DataFrame(
        [
            {
                "USUBJID": name, "RSSEQ": float(number), "RSTESTCD": code, "RSTEST": code, "VISIT": "",
                "RSCAT": "ITP-BAT" if code.startswith("ITP") else "WHO", "RSSTRESN": float(grade), "RSDTC": small.day(day),
            }
            for number, (name, day, grade, code) in enumerate(records)
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def bleeding(study):
    """Grades at baseline and week 4: 1 > 0, 2 > 1, 0 > 0, and 1 without a grade at week 4."""
    who = [("a", 1, 1), ("a", 29, 0), ("b", -3, 2), ("b", 29, 1), ("c", 1, 0), ("c", 29, 0), ("d", 1, 1)]
    rs = graded(*((*record, "WHOBLEED") for record in who), ("a", 1, 2, "ITPSKIN"), ("a", 29, 0, "ITPSKIN"))
    return rows_of(four(study, RS=rs)[0], study, "38-bleeding", values={"weeks_shown": [4]})


def test_bleeding_by_visit_and_change(bleeding):
    rows = bleeding["tbl-bleeding"]
    assert value(rows, "grade", "total", "n", "any", "Baseline") == 3
    assert value(rows, "grade", "total", "n", "second", "Baseline") == 1
    assert value(rows, "grade", "total", "N", "any", "Week 4") == 3
    changes = [value(rows, "change", "total", "n", level, "Week 4") for level in ("better", "same", "worse")]
    assert changes == [2, 1, 0]


@pytest.mark.parametrize("stopped", [["a"], ["a", "b", "c"], ["a", "b", "c", "d"]])
def test_four_pairs_are_tested(study, stopped):
    """Some stopped bleeding and none began."""
    who = [(name, day, int(day == 1 or name not in stopped)) for name in "abcd" for day in (1, 29)]
    trial = four(study, RS=graded(*((*record, "WHOBLEED") for record in who)))[0]
    rows = rows_of(trial, study, "38-bleeding", values={"weeks_shown": [4]})["tbl-bleeding"]
    wanted = mcnemar_exact(0, len(stopped))[0]
    assert value(rows, "change", "total", "p_value", "any", "Week 4") == pytest.approx(wanted)


def test_bleeding_shift_names_both_grades(bleeding):
    rows = bleeding["tbl-bleeding-shift"]
    found = rows[(rows["group"] == "total") & (rows["statistic"] == "n") & (rows["value"] > 0)]
    assert set(levels_in(found)) == {("1", "0"), ("2", "1"), ("0", "0"), ("1", "missing")}


def test_bleeding_domains_count_each_scale(bleeding):
    rows = bleeding["tbl-bleeding-domains"]
    assert value(rows, "itpskin", "total", "n", "second", "Baseline") == 1
    assert value(rows, "itpskin", "total", "n", "any", "Week 4") == 0


def test_three_pairs_are_not_tested(bleeding):
    rows = bleeding["tbl-bleeding"]
    p = rows[(rows["statistic"] == "p_value") & (rows["group"] == "total")]
    assert p["reason"].tolist() == ["3 subjects or fewer"]


def test_without_scales_the_display_says_so(rows_of_four):
    assert "no bleeding scales (RS)" in absence(rows_of_four["tbl-bleeding"])


def test_the_pilot_study_has_no_response_to_analyse(pilot_shows):
    shown = {}
    for name in ("32-response-rates", "34-response-times", "36-platelet-change", "38-bleeding"):
        shown |= pilot_shows(name)
    for label in (
        "tbl-definitions", "tbl-response-rates", "tbl-response-definitions", "fig-response-subgroups",
        "tbl-estimand", "tbl-response-times", "fig-response-times", "fig-swimmer", "tbl-platelet-tests",
        "tbl-itp-therapy",
    ):  # fmt: skip
        assert shown[label].absent.startswith("This study defines no platelet response"), label


@pytest.mark.parametrize(
    ("case", "method", "before", "after"),
    [("mcnemar_approval", "exact (binomial", 150, 86), ("mcnemar_bentur", "exact conditional", 1, 7)],
)
def test_the_paired_exact_test_is_the_published_one(published, case, method, before, after):
    table, _ = published
    row = table[(table["case_id"] == case) & table["method"].str.contains(method, regex=False)].iloc[0]
    assert mcnemar_exact(after, before)[0] == pytest.approx(float(row["expected"]), abs=1e-6)
