"""Small and hostile samples through every estimate: a number or a reason, no failure and no warning.

Warnings are errors in all tests (``pyproject.toml``), so that one that leaks fails here.
"""

import contextlib

import numpy as np
import pandas as pd
import pytest

from csrkit.errors import DataError
from csrkit.nca import nca
from csrkit.rows import to_long
from csrkit.stats import (
    categories,
    common_ratios,
    cox,
    effects,
    estimation,
    permutation,
    risk_differences,
    survival,
    time_comparisons,
)
from csrkit.stats.categories import Drawing
from csrkit.stats.effects import regress
from csrkit.stats.estimation import NUMERICAL, NotSettledError, attempt, attempt_numbers
from csrkit.stats.groups import summarize
from csrkit.stats.permutation import Permutations
from csrkit.stats.proportions import exact_interval, jeffreys_interval, poisson_interval, wilson_interval
from itpcsr.analysis import comparisons
from itpcsr.analysis.immune import associations, visits
from itpcsr.analysis.pharmacokinetics import fit_power

HOW = Permutations(draws=99)
SAMPLES = {
    "one": [1.0],
    "two": [1.0, 2.0],
    "three": [1.0, 2.0, 3.0],
    "equal": [2.0] * 6,
    "zeros": [0.0] * 6,
    "infinite": [1.0, np.inf, 2.0, 3.0, 4.0, 5.0],
    "minus infinite": [1.0, -np.inf, 2.0, 3.0, 4.0, 5.0],
    "missing": [np.nan] * 6,
    "huge": [1e300, 2e300, 3e300, 1e308, 5e307, 9e307],
    "tiny": [1e-320, 2e-320, 3e-310, 1e-300, 0.0, 5e-324],
    "ordinary": [1.0, 5.0, 2.0, 8.0, 3.0, 4.0],
}
PAIRS = [(one, other) for one in SAMPLES for other in SAMPLES if len(SAMPLES[one]) == len(SAMPLES[other])]


@pytest.fixture(params=SAMPLES)
def sample(request):
    return np.array(SAMPLES[request.param])


@pytest.fixture(params=PAIRS, ids=" and ".join)
def pair(request):
    return tuple(np.array(SAMPLES[name]) for name in request.param)


def reasoned(frame):
    missing = frame["value"].isna()
    assert (frame.loc[missing, "reason"] != "").all()
    assert (frame.loc[~missing, "reason"] == "").all()


@pytest.mark.parametrize("events", [True, False])
def test_times(sample, events):
    times = pd.DataFrame({"AVAL": sample, "CNSR": 0 if events else 1})
    rows = survival.estimate_times(times, [7, 28], 0.95)
    reasoned(rows)
    if not np.isfinite(sample).all():
        medians = rows[rows["statistic"] == "median"]
        assert list(medians["reason"]) == ["not estimable: a time to event is missing or infinite"]


def explained(frame):
    """Hold that a record with a missing number says why, and that no other does."""
    missing = frame.select_dtypes("number").isna().any(axis=1)
    assert list(frame["reason"] != "") == list(missing)
    assert (frame["method"] != "").all()


@pytest.mark.parametrize("events", ["none", "one arm", "some"])
def test_comparisons_of_times(sample, events):
    times = pd.DataFrame({"AVAL": np.tile(sample, 3), "ARM": np.repeat(list("abc"), len(sample))})
    place = np.arange(len(times))
    ended = {"none": place < 0, "one arm": times["ARM"] == "b", "some": place % 2 == 0}
    times["CNSR"] = np.where(ended[events], 0, 1)
    times["SITE"] = np.where(place % 3 == 0, "1", "2")
    for strata, covariates in (("SITE", ()), ((), ["SITE"])):
        explained(time_comparisons.log_rank(times, "ARM", strata=strata))
        options = {"reference": "a", "strata": strata, "covariates": covariates}
        explained(cox.hazard_ratios(times, "ARM", **options))
        explained(cox.check_proportional_hazards(times, "ARM", **options))
    explained(time_comparisons.restricted_means(times, "ARM"))
    explained(time_comparisons.restricted_mean_differences(times, "ARM", reference="a", tau=2.5))
    explained(time_comparisons.landmark_differences(times, "ARM", reference="a", at=[0, 2, 7]))


@pytest.mark.parametrize("arms", ["", "a", "ab", "aaaabbbbcccc"])
@pytest.mark.parametrize("answers", ["Y", "YYN"])
def test_comparisons_of_answers(arms, answers):
    frame = pd.DataFrame({"ARM": pd.Categorical(list(arms), list("abcd"))})
    frame["SITE"] = [str(place % 3) for place in range(len(frame))]
    frame["answer"] = [answers[place % len(answers)] for place in range(len(frame))]
    explained(categories.cochran_mantel_haenszel(frame, "ARM", "answer", "SITE", "rank"))
    for strata in ((), "SITE"):
        options = {"reference": "a", "strata": strata}
        for weights in ("mantel-haenszel", "inverse variance"):
            explained(risk_differences.risk_differences(frame, "ARM", "answer", weights=weights, **options))
        explained(risk_differences.newcombe_differences(frame, "ARM", "answer", **options))
        explained(common_ratios.common_ratios(frame, "ARM", "answer", **options))
        explained(common_ratios.equal_odds(frame, "ARM", "answer", **options))


def test_means(sample):
    members = pd.DataFrame({"USUBJID": [f"S{n}" for n in range(len(sample))], "group": "a"})
    members["group"] = members["group"].astype("category")
    reasoned(summarize(members[["USUBJID"]].assign(X=sample), members, "X"))
    effects.mean_interval(sample[:, None], 0.95)
    effects.paired_effect(sample[:, None], 0.95)
    permutation.flip_signs(sample[:, None], HOW)


def test_rates(sample):
    for interval in (poisson_interval, exact_interval, wilson_interval, jeffreys_interval):
        interval(np.abs(sample), np.abs(sample[::-1]))


def test_comparisons_of_arms(sample):
    records = pd.DataFrame({"USUBJID": [f"S{n}" for n in range(4 * len(sample))], "X": np.tile(sample, 4)})
    members = records[["USUBJID"]].assign(group=pd.Categorical(["a", "b"] * (2 * len(sample))))
    reasoned(comparisons.compare_means(records, members, "X"))
    words = records.assign(X=records["X"].astype("str"), before="x")
    reasoned(comparisons.compare_categories(words, members, "X"))
    reasoned(categories.compare_statuses(words, members, "X", Drawing(tables=100)))
    reasoned(categories.compare_shifts(words, members, "X", "before"))


def test_two_variables(pair):
    x, y = pair
    model = fit_power(x, y, 0.95)
    assert np.isnan([model.slope, model.low, model.high]).any() == (model.reason != "")
    regress(y, np.column_stack([np.ones(len(x)), x]), 0.95)
    wide = np.tile(x[:, None, None], (1, 3, 1)) + np.arange(3)[None, :, None]
    associations.rm_correlation(wide, np.tile(y[:, None], (1, 3)), 0.95)
    associations.spearman(np.column_stack([x, y, x]), 0.95)
    _, paths, reason = associations.mediate(*(np.tile(values, 3) for values in (x, y, x[::-1])), 0.95, 50, 1)
    assert paths.shape == (5, 4)
    assert reason


def test_two_groups(pair):
    first, second = (values[:, None] for values in pair)
    effects.group_effect(first, second, 0.95)
    effects.difference_interval(first, second, 0.95)
    permutation.swap_groups(np.concatenate([first, second]), np.arange(2 * len(first)) < len(first), HOW)
    found = associations.predict(np.concatenate(pair), np.repeat([0.0, 1.0], len(first)), 0.95)
    assert np.isfinite(found["estimate"]) or np.isinf(found["estimate"]) or found["reason"]


def test_visits(pair):
    values = np.column_stack([*pair, pair[0][::-1]])
    both = np.concatenate([values, values[::-1]])
    visits.why_not_ranked(visits.complete_cases(values))
    own, first = visits.complete_cases(both), np.arange(len(both)) < len(values)
    names = ("F", "df1", "df2", "epsilon", "p")
    found, reason = attempt_numbers(
        names,
        lambda: dict(zip(names, visits.interaction(own.values, first[own.kept]), strict=True)),
        visits.why_no_variance(own, first[own.kept]),
    )
    assert np.isnan(found["p"]) <= (reason != "")


def test_separated_groups_have_a_limit_or_a_reason(monkeypatch):
    baseline, response = np.array([1.0, 2, 3, 4, 5, 6]), np.repeat([0.0, 1.0], 3)
    assert np.isfinite(associations.predict(baseline, response, 0.95)["estimate"])

    def no_crossing(*_, **__):
        raise ValueError("f(a) and f(b) must have different signs")

    monkeypatch.setattr(effects.optimize, "brentq", no_crossing)
    found = associations.predict(baseline, response, 0.95)
    assert np.isnan(found["ci_low of estimate"])
    assert found["reason"] == "not estimable: the limit of the profile likelihood was not found"
    assert np.isfinite(found["auc"])


def test_one_marker_that_fails_takes_no_other_with_it():
    wide = pd.DataFrame({"estimate": [1.0, np.nan]}, index=pd.Index(["a", "b"], name="level"))
    rows = to_long(wide, ["", ""])
    assert list(rows["reason"]) == ["", NUMERICAL]


def test_resamples_without_estimate():
    x = np.zeros(8)
    with pytest.raises(NotSettledError, match="no resample"):
        associations.indirect(x, x, x, 0.95, 20, 1)


def test_warnings_do_not_leak_and_nan_has_a_reason():
    import warnings

    def warns():
        warnings.warn("convergence", RuntimeWarning, stacklevel=1)
        return {"slope": float(np.array([np.inf]) @ np.array([0.0]))}

    assert attempt_numbers(["slope", "low"], lambda: {"slope": 1.0, "low": 0.5}) == (
        {"slope": 1.0, "low": 0.5},
        "",
    )
    numbers, reason = attempt_numbers(["slope", "low"], warns)
    assert reason == NUMERICAL
    assert np.isnan(list(numbers.values())).all()
    assert attempt(lambda: survival.kaplan_meier(np.array([np.nan]), np.array([True]), 0.95))[0] is None
    assert estimation.QUIET


@pytest.mark.parametrize("amount", [100.0, 0.0, np.nan, 1e308, 5e-324])
@pytest.mark.parametrize("route", ["bolus", "extravascular", "infusion"])
def test_concentrations(sample, amount, route):
    times = np.arange(len(sample), dtype="float64")
    concentrations = pd.DataFrame({"subject": "A", "time": times, "concentration": sample})
    doses = pd.DataFrame({"subject": ["A"], "time": [0.0], "dose": [amount], "duration": [1.0]})
    with contextlib.suppress(DataError):  # a negative or infinite number is a fault of the data
        reasoned(nca(concentrations, doses, route=route, method="linear-up log-down"))
