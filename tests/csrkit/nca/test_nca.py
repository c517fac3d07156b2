"""Hand-made profiles: rules, methods, units, and what is refused or has a reason."""

import numpy as np
import pandas as pd
import pytest

from csrkit.errors import DataError
from csrkit.nca import nca
from csrkit.nca.parameters import (
    ENDS_EARLY,
    FEW_POINTS,
    NO_DOSE,
    NO_DURATION,
    NO_FALL,
    NO_SAMPLE,
    NONE_QUANTIFIED,
)

HOURS = [0, 1, 2, 4, 8]


def samples(values, hours=None, subject="A", **columns):
    hours = HOURS[: len(values)] if hours is None else hours
    return pd.DataFrame({"subject": subject, "time": hours, "concentration": values, **columns})


def dose(amount=100.0, subject="A", **columns):
    return pd.DataFrame({"subject": [subject], "time": [0.0], "dose": [amount], **columns})


def analyse(concentrations, doses=None, **options):
    settings = {"route": "extravascular", "method": "linear", **options}
    rows = nca(concentrations, dose() if doses is None else doses, **settings)
    assert (rows["value"].isna() == (rows["reason"] != "")).all()
    return rows.set_index("parameter")


def test_the_rules_of_the_trapezoid_by_hand():
    rising_and_falling = samples([0, 8, 4, 6, 3])
    linear = analyse(rising_and_falling)["value"]
    assert linear["AUCLST"] == 4 + 6 + 10 + 18
    down = analyse(rising_and_falling, method="linear-up log-down")["value"]
    assert down["AUCLST"] == pytest.approx(4 + 4 / np.log(2) + 10 + 4 * 3 / np.log(2), rel=1e-14)
    after_peak = analyse(rising_and_falling, method="linear-log")["value"]
    falls = 4 / np.log(2) + 2 * 2 / np.log(1.5) + 12 / np.log(2)
    assert after_peak["AUCLST"] == pytest.approx(4 + falls, rel=1e-14)


def test_both_logarithmic_methods_agree_on_a_curve_with_one_peak():
    curve = samples([1, 5, 9, 4, 2, 1], range(6))
    one, other = (analyse(curve, method=method)["value"] for method in ("linear-up log-down", "linear-log"))
    pd.testing.assert_series_equal(one, other)


def test_an_exponential_curve_is_exact_under_the_logarithmic_rule():
    hours = np.array([0.0, 0.5, 1, 2, 4, 8, 12])
    rows = analyse(
        samples(10 * np.exp(-0.3 * hours), hours),
        route="bolus",
        method="linear-up log-down",
        partial=[(1, 40)],
    )["value"]
    exact = {
        "C0": 10, "LAMZ": 0.3, "R2ADJ": 1, "LAMZNPT": 7, "AUCIFO": 10 / 0.3, "AUMCIFO": 10 / 0.09,
        "MRTIBIFO": 1 / 0.3, "CLO": 3, "VZO": 10, "VSSO": 10, "AUCPBEO": 0,
        "AUCLST": 10 / 0.3 * (1 - np.exp(-3.6)), "AUCINT 1-40": 10 / 0.3 * (np.exp(-0.3) - np.exp(-12)),
    }  # fmt: skip
    for name, value in exact.items():
        assert rows[name] == pytest.approx(value, rel=1e-12, abs=1e-12), name


def test_hardly_falling_concentrations_keep_their_digits():
    # between the formula with the logarithm and its series nothing jumps
    for step in (9e-4, 1.1e-3, 1e-9):
        rows = analyse(samples([5.0, 5 * np.exp(-step)], [0, 1]), method="linear-up log-down", partial=[])[
            "value"
        ]
        assert rows["AUCLST"] == pytest.approx(5 * -np.expm1(-step) / step, rel=1e-13)


def test_a_part_of_the_time_is_interpolated():
    rows = analyse(samples([0, 8, 4, 6, 3]), partial=[(0, 1), (0.5, 3), (3, 6), (0, 8)])["value"]
    assert rows["AUCINT 0-1"] == 4
    assert rows["AUCINT 0.5-3"] == pytest.approx(3 + 6 + 4.5)
    assert rows["AUCINT 3-6"] == pytest.approx(5.5 + 2 * 5.25)
    assert rows["AUCINT 0-8"] == rows["AUCLST"]


def test_beyond_the_last_point_a_part_needs_the_slope():
    rows = analyse(samples([0, 8, 4, 6, 7]))
    assert rows.loc["AUCINT 0-24", "reason"] == ENDS_EARLY
    fallen = samples([0, 8, 4, 2, 1], [0, 1, 2, 3, 4])
    found = analyse(fallen, partial=[(0, 5)])["value"]
    assert found["LAMZ"] == pytest.approx(np.log(2))
    assert found["AUCINT 0-5"] == pytest.approx(found["AUCLST"] + 0.5 / np.log(2))


BELOW = [0, 0.5, 6, 0.5, 4, 2, 1, 0.5, 0.5]  # below the limit of 1: two before, one between, two after


@pytest.mark.parametrize(
    ("blq", "last", "all_"),
    [
        ("customary", 3 + 10 + 3 + 1.5, 0.5),
        ("zero", 3 + 3 + 2 + 3 + 1.5, 0.5),
        ("half", 0.5 + 3.25 + 3.25 + 2.25 + 3 + 1.5, 0.75),
        ({"between": "limit"}, 3 + 3.5 + 2.5 + 3 + 1.5, 0.5),
        ({"after": "missing"}, 3 + 10 + 3 + 1.5, 0.0),
        ("missing", 6 + 10 + 3 + 1.5, 0.0),
    ],
)
def test_values_below_the_limit_follow_the_rule(blq, last, all_):
    rows = analyse(samples(BELOW, range(9)), lloq=1, blq=blq)["value"]
    assert rows["AUCLST"] == pytest.approx(last)
    assert rows["AUCALL"] - rows["AUCLST"] == pytest.approx(all_)
    assert (rows["CMAX"], rows["TMAX"], rows["CLST"], rows["TLST"]) == (6, 2, 1, 6)
    assert rows["LAMZNPT"] == 3


def test_limits_may_differ_by_sample():
    own = samples([0, 8, 4, 2, 2], lloq=[1, 1, 1, 1, 3])
    assert analyse(own)["value"]["TLST"] == 4
    assert analyse(own.drop(columns="lloq"))["value"]["TLST"] == 8


def test_the_last_sample_before_the_dose_stands_for_its_time():
    early = samples([9, 2, 8, 4], [-2, -0.5, 1, 2])
    assert analyse(early)["value"]["AUCLST"] == 5 + 6
    assert analyse(early, route="bolus")["value"]["C0"] == pytest.approx(16)
    given_at_one = dose().assign(time=1.0)
    assert analyse(samples([0, 2, 8, 4], [0, 1, 2, 3]), given_at_one)["value"]["TMAX"] == 1


@pytest.mark.parametrize(
    ("values", "start"), [([4, 2], 8), ([2, 4], 2), ([2, 2], 2), ([3], 3), ([4, 0, 2], 4)]
)
def test_a_bolus_is_extrapolated_back_where_the_curve_falls(values, start):
    curve = samples(values, [1, 2, 3][: len(values)])
    assert analyse(curve, route="bolus", blq="zero")["value"]["C0"] == pytest.approx(start)


def test_the_slope_takes_more_points_where_the_fit_is_as_good():
    exact = samples(np.exp2(-np.arange(6.0)), np.arange(6))
    assert analyse(exact)["value"]["LAMZNPT"] == 5  # not the one at CMAX
    assert analyse(exact, terminal=(3, 5))["value"]["LAMZNPT"] == 3
    limits = pd.DataFrame({"subject": ["A", "B"], "lower": [0, 1], "upper": [5, 2]})
    assert analyse(exact, terminal=limits)["value"]["LAMZNPT"] == 6


def test_an_infusion_ends_before_the_slope_begins_and_shortens_the_mean_time():
    curve = samples([0, 8, 7, 4, 2, 1], [0, 1, 2, 3, 4, 5])
    long, plain = (analyse(curve, dose(duration=[hours]), route="infusion")["value"] for hours in (3, 0))
    assert (long["LAMZLL"], plain["LAMZLL"]) == (3, 3)
    assert plain["MRTICLST"] - long["MRTICLST"] == 1.5
    rows = analyse(curve, route="infusion")
    assert rows.loc["MRTICIFO", "reason"] == rows.loc["VSSO", "reason"] == NO_DURATION


@pytest.mark.parametrize(
    ("values", "observed", "slope"),
    [
        ([], NO_SAMPLE, NO_SAMPLE),
        ([np.nan, np.nan], NO_SAMPLE, NO_SAMPLE),
        ([0, 0.2, 0], NONE_QUANTIFIED, NONE_QUANTIFIED),
        ([0, 3], "", FEW_POINTS),
        ([0, 8, 4], "", FEW_POINTS),
        ([0, 8, 4, 4, 4], "", NO_FALL),
        ([0, 8, 2, 6, 7], "", NO_FALL),
    ],
)
@pytest.mark.parametrize("method", ["linear", "linear-up log-down", "linear-log"])
@pytest.mark.parametrize("route", ["bolus", "infusion", "extravascular"])
def test_what_cannot_be_computed_has_a_reason(values, observed, slope, method, route):
    rows = analyse(samples(values), dose(duration=[0.5]), method=method, route=route, lloq=1)["reason"]
    assert rows["CMAX"] == rows["AUCLST"] == rows["TLST"] == observed
    # for a bolus the maximum may lie on the line
    assert rows["LAMZ"] == rows["AUCIFO"] == slope or (route == "bolus" and values == [0, 8, 4, 4, 4])


@pytest.mark.parametrize("doses", [dose(0), dose(np.nan), dose().iloc[:0]])
def test_without_a_dose_the_rest_is_there(doses):
    rows = analyse(samples([0, 8, 4, 2, 1]), doses)["reason"]
    assert rows[rows != ""].to_dict() == dict.fromkeys(
        ["CMAXD", "AUCIFOD", "CLFO", "VZFO", "AUCIFPD", "CLFP", "VZFP"], NO_DOSE
    )


def test_no_subjects_give_no_rows():
    rows = nca(samples([]), dose().iloc[:0], route="bolus", method="linear")
    assert list(rows.columns) == ["subject", "parameter", "value", "unit", "reason"]
    assert rows.empty


@pytest.mark.parametrize(
    ("concentrations", "doses", "what"),
    [
        (samples([0, 1, 2], [0, 2, 1]), dose(), "subject A, row 2: lies before the row before it"),
        (samples([0, 1, 2], [0, 1, 1]), dose(), "subject A, row 2: has the same time"),
        (samples([0, -1, 2]), dose(), "subject A, row 1: has a negative concentration"),
        (samples([0, 1], [0, np.nan]), dose(), "subject A, row 1: has no time"),
        (samples([0, "<5", 3]), dose(), "subject A, row 1: has no finite number as concentration"),
        (samples([0, np.inf]), dose(), "subject A, row 1: has no finite number"),
        (samples([0, 1]), dose(-1), "subject A, row 0: has a negative dose"),
        (
            samples([0, 1]),
            pd.concat([dose(), dose()], ignore_index=True),
            "subject A, row 1: is a second dose",
        ),
        (
            samples([0, 1], unit=["mg/L", "ug/L"]),
            dose(),
            "subject A, row 1: has the unit 'ug/L' where others",
        ),
        (
            samples([0, 1], time_unit="h"),
            dose(time_unit=["min"]),
            "subject A, row 0: has the time unit 'min'",
        ),
        (samples([0, 1]), dose(duration=[-1]), "subject A, row 0: has a negative duration"),
        (samples([0, 1], lloq=[0, 1]), dose(), "subject A, row 0: has a limit of quantification"),
        (samples([0, 1], subject=None), dose(), "a row has no subject"),
        (samples([0, 1]).drop(columns="time"), dose(), "concentrations: no column time"),
    ],
)
def test_bad_data_are_refused_with_subject_and_row(concentrations, doses, what):
    with pytest.raises(DataError, match=what):
        nca(concentrations, doses, route="infusion", method="linear")


@pytest.mark.parametrize(
    "options",
    [
        {"route": "oral"},
        {"method": "log"},
        {"blq": "drop"},
        {"blq": {"later": "zero"}},
        {"lloq": 0},
        {"partial": [(24, 0)]},
        {"terminal": (5, 2)},
    ],
)
def test_unknown_settings_are_refused(options):
    with pytest.raises(ValueError, match=r"is one of|gives one of|quantification|partial|limits"):
        analyse(samples([0, 1]), **options)


def test_units_are_carried_through():
    curve = samples([0, 8, 4, 2, 1], unit="ng/mL", time_unit="h")
    units = analyse(curve, dose(unit=["ng"]))["unit"]
    chosen = ["CMAX", "TMAX", "LAMZ", "AUCLST", "AUMCLST", "CLFO", "VZFO", "CMAXD", "AUCPEO", "LAMZNPT"]
    assert units[chosen].to_list() == [
        "ng/mL", "h", "1/h", "h*ng/mL", "h^2*ng/mL", "mL/h", "mL", "1/mL", "%", "points",
    ]  # fmt: skip
    other = analyse(curve, dose(unit=["mg"]))["unit"]
    assert other[["CLFO", "VZFO", "CMAXD"]].to_list() == ["mg/(h*ng/mL)", "mg/(ng/mL)", "ng/mL/mg"]
    assert analyse(samples([0, 8, 4, 2, 1]))["unit"][["CMAX", "CLFO"]].to_list() == ["", ""]


@pytest.mark.parametrize("route", ["bolus", "infusion", "extravascular"])
def test_many_at_once_are_the_same_as_one_by_one(route):
    rng = np.random.default_rng(7)
    parts, doses = [], []
    for number in range(25):
        count = int(rng.integers(0, 9))
        hours = np.sort(rng.choice(np.arange(-4, 40), count, replace=False)) / 2
        values = rng.lognormal(1, 1, count) * np.exp(-0.2 * np.abs(hours))
        parts.append(samples(values, hours, subject=f"S{number}"))
        doses.append(dose(subject=f"S{number}", duration=[0.5]))
    settings = {"route": route, "method": "linear-up log-down", "lloq": 0.8}
    together = nca(pd.concat(parts), pd.concat(doses), **settings)
    alone = [nca(part, given, **settings) for part, given in zip(parts, doses, strict=True)]
    expected = pd.concat(alone, ignore_index=True).sort_values(["subject", "parameter"], ignore_index=True)
    found = together.sort_values(["subject", "parameter"], ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-11)
