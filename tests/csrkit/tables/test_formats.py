import math

import pytest

from csrkit.tables import formats

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.285, 2, "0.29"),  # binary 0.28499999999999998
        (2.5, 0, "3"),
        (-2.5, 0, "-3"),
        (42.65, 1, "42.7"),
        (1.005, 2, "1.01"),
        (0.1 + 0.2, 1, "0.3"),
        (-0.04, 1, "0.0"),
        (1e6, 0, "1000000"),
        (123456.789, 2, "123456.79"),
        (3, 2, "3.00"),
        (1e30, 1, "1" + "0" * 30 + ".0"),
        (NAN, 1, "NE"),
        (math.inf, 1, "∞"),
        (-math.inf, 1, "-∞"),
    ],
)
def test_numbers_round_half_away_from_zero(value, decimals, text):
    assert formats.format_number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"), [(-0.456, "−0.46"), (0.456, "0.46"), (-0.001, "0.00"), (NAN, "NE")]
)
def test_minus_is_the_sign_of_print(value, text):
    assert formats.format_signed(value, 2) == text


@pytest.mark.parametrize(
    ("n", "percent", "text"), [(0, 0, "0"), (2, 66.666, "2 (66.7)"), (3, 100, "3 (100.0)"), (0, NAN, "NE")]
)
def test_zero_has_no_percentage(n, percent, text):
    assert formats.format_count_percent(n, percent) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0009999, "<0.001"),
        (0.001, "0.001"),
        (0.04951, "0.050"),
        (0.999, "0.999"),
        (0.9991, ">0.999"),
        (1.0, ">0.999"),
        (0.0, "<0.001"),
        (NAN, "NE"),
    ],
)
def test_p_values(p, text):
    assert formats.format_p(p) == text


def test_statistics_get_the_decimals_of_their_kind():
    shown = {
        name: formats.format_statistic(name, 12.3456, 1)
        for name in ("n", "mean", "sd", "median", "min", "percent", "p_value")
    }
    assert shown == {
        "n": "12", "mean": "12.35", "sd": "12.346", "median": "12.35", "min": "12.3", "percent": "12.3",
        "p_value": ">0.999",
    }  # fmt: skip


def test_rates_for_sentences():
    assert formats.format_rate(8, 18, 44.44, 21.53, 69.24, 0.95) == "8 of 18 (44.4%; 95% CI 21.5 to 69.2)"
    assert formats.format_rate(2, 3, 66.67, NAN, NAN, 0.95) == "2 of 3 (66.7%)"
    assert formats.format_rate(0, 18, 0, 0, 18.5, 0.95) == "0 of 18 (95% CI 0.0 to 18.5)"
    assert formats.format_rate(0, 18, 0, NAN, NAN, 0.95) == "0 of 18"
    assert formats.format_rate(0, 0, NAN, NAN, NAN, 0.95) == "0 of 0"
    assert formats.format_level(0.975) == "97.5"


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
@pytest.mark.parametrize(
    "write",
    [
        lambda value: formats.format_number(value, 2),
        lambda value: formats.format_signed(value, 2),
        formats.format_count,
        formats.format_percent,
        lambda value: formats.format_count_percent(value, value),
        lambda value: formats.format_count_percent(3, value),
        lambda value: formats.format_interval(value, value),
        lambda value: formats.format_interval(0, value),
        formats.format_p,
        formats.format_plain,
        formats.format_level,
        lambda value: formats.format_statistic("mean", value, 1),
        lambda value: formats.format_statistic("p_value", value, 1),
        lambda value: formats.format_statistic("statistic", value, 1),
        lambda value: formats.format_rate(value, 5, value, value, value, 0.95),
        lambda value: formats.format_rate(1, 5, value, value, value, 0.95),
    ],
)
def test_what_is_no_finite_number_has_a_readable_text(write, value):
    text = write(value)
    assert text
    assert "nan" not in text.lower()
    assert "inf" not in text.lower()


def test_no_p_value_is_infinite():
    assert formats.format_p(math.inf) == formats.format_p(-math.inf) == "NE"
