"""Rules of dose escalation against the published tables and the R packages that this project doesn't need."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from csrkit.dosefinding import intervals
from csrkit.dosefinding.crm import Crm, make_skeleton
from csrkit.dosefinding.intervals import isotonic_means, isotonic_rates
from csrkit.dosefinding.rule import NO_DOSE, FixedCohorts, ThreePlusThree, read_outcomes
from csrkit.errors import ParameterError

NONE = np.zeros((1, 1), dtype=np.int64)


@pytest.fixture(scope="session")
def published(root):
    folder = root.parent / "shared/data/dose_finding"
    if not folder.is_dir():
        pytest.skip(f"the published examples of dose finding aren't at {folder}")

    def read(name):
        # an empty string is an outcome: the trial before its first subject
        return pd.read_csv(folder / f"{name}.csv", keep_default_na=False).to_dict("records")

    return read


def answer(rule, outcomes, levels):
    """Return the rule's answer as the tables write it: the level from 1 or empty, and whether to go on."""
    state = read_outcomes(outcomes, levels)
    decision = rule.decide(state.n, state.x, state.current)
    dose = int(decision.dose[0])
    return ("" if dose == NO_DOSE else str(dose + 1)), str(not decision.stop[0]).upper()


def ints(text):
    return np.array([[int(part) for part in text.split()]])


def floats(text):
    return [float(part) for part in text.split()]


def test_three_plus_three_decisions(published):
    rows = published("three_plus_three_decisions")
    wrong = [
        row["outcomes"]
        for row in rows
        if answer(ThreePlusThree(), row["outcomes"], int(row["num_doses"]))
        != (str(row["recommended_dose"]), str(row["continue_trial"]).upper())
    ]
    assert len(rows) == 45
    assert wrong == []


def test_mtpi2_and_keyboard_decisions(published):
    rows = published("mtpi2_decisions")
    assert len(rows) == 21
    for rule in (intervals.mtpi2(0.3, 9), intervals.keyboard(0.3, 9)):
        for row in rows:
            found = answer(rule, row["outcomes"], row["num_doses"])
            assert found == (str(row["recommended_dose"]), str(row["continue_trial"]).upper()), row[
                "outcomes"
            ]
            state = read_outcomes(row["outcomes"], 5)
            admissible = [str(not closed).upper() for closed in rule.closed(state.n, state.x)[0]]
            assert " ".join(admissible) == row["dose_admissible"]


def test_boin_lambdas_and_boundaries(published):
    for row in published("boin_lambda"):
        assert intervals.boin_lambdas(row["target"]) == pytest.approx(
            (row["lambda_e"], row["lambda_d"]), rel=1e-13
        )
    rows = published("boin_boundaries")
    assert len(rows) == 90
    for row in rows:
        n = row["n_treated"]
        table = intervals.boin(row["target"], 30).boundaries
        eliminate = int(table.eliminate[n])
        found = (table.escalate[n], table.deescalate[n], "" if eliminate > n else str(eliminate))
        expected = (row["escalate_if_dlt_le"], row["deescalate_if_dlt_ge"], str(row["eliminate_if_dlt_ge"]))
        assert found == expected, row


def test_boin_trial_path(published):
    rows = published("boin_trial_path")
    assert len(rows) == 10
    for row in rows:
        found = answer(intervals.boin(0.3, 30), row["outcomes"], row["num_doses"])
        assert found == (str(row["recommended_dose"]), str(row["continue_trial"]).upper()), row["outcomes"]


def test_boin_choice_of_the_dose(published):
    for row in published("boin_select_mtd"):
        n, x = ints(row["n_treated"]), ints(row["n_dlt"])
        assert intervals.boin(row["target"], 30).select(n, x, x)[0] + 1 == row["selected_mtd"]
        rates = isotonic_rates(n, x)[0]
        assert " ".join("----" if np.isnan(rate) else f"{rate:.2f}" for rate in rates) == row["isotonic_p"]


def test_crm_as_dfcrm(published):
    for row in published("crm_examples"):
        rule = Crm(tuple(floats(row["skeleton"])), row["target"], row["prior_sd_beta"])
        n, x = np.zeros((2, 1, len(rule.skeleton)), dtype=np.int64)
        np.add.at(n[0], ints(row["dose_levels"])[0] - 1, 1)
        np.add.at(x[0], ints(row["dose_levels"])[0] - 1, ints(row["dlt"])[0])
        found = rule.posterior(n, x)
        # dfcrm integrates to a relative tolerance of about 1e-4 ^ 2
        assert found.mean[0] == pytest.approx(row["estimate_beta"], abs=1e-7)
        assert found.variance[0] == pytest.approx(row["post_var_beta"], abs=1e-7)
        assert found.dlt[0] == pytest.approx(floats(row["ptox"]), abs=1e-8)
        assert found.low[0] == pytest.approx(floats(row["ptox_lcl90"]), abs=1e-8)
        assert found.high[0] == pytest.approx(floats(row["ptox_ucl90"]), abs=1e-8)
        assert rule.decide(n, x, np.array([2])).dose[0] + 1 == row["recommended_dose"]


def test_skeleton_as_dfcrm(published):
    for row in published("crm_skeleton_getprior"):
        found = make_skeleton(row["halfwidth"], row["target"], row["prior_mtd"], row["nlevel"], row["model"])
        assert found == pytest.approx(floats(row["skeleton"]), abs=5e-10)


@pytest.mark.parametrize("target", [0.1, 0.25, 0.3, 1 / 3])
def test_borders_found_by_halves_are_those_of_all_numbers_of_dlts(target):
    most, certainty, margin = 60, 0.95, 0.05
    edges = target + margin * np.arange(-1 - 2 * (target // 0.1), 20, 2)
    edges = np.unique(np.clip([0.0, *edges[(edges > 1e-9) & (edges < 1 - 1e-9)], 1.0], 0, 1))
    middle = int(np.searchsorted(edges, target)) - 1
    found = intervals.mtpi2(target, most, margin, certainty).boundaries
    for n in range(1, most + 1):
        x = np.arange(n + 1)
        closed = stats.beta.sf(target, 1 + x, 1 + n - x) > certainty
        mass = np.diff(stats.beta.cdf(edges, 1 + x[:, None], 1 + n - x[:, None]), axis=1) / np.diff(edges)
        strongest = np.argmax(mass, axis=1)
        assert found.eliminate[n] == (x[closed].min() if closed.any() else n + 1)
        assert found.escalate[n] == (strongest < middle).sum() - 1
        assert found.deescalate[n] == max((strongest <= middle).sum(), 1)


def test_a_table_for_thousands_of_subjects_takes_no_square_of_them(monkeypatch):
    asked = []
    distribution = stats.beta.sf

    def counted(at, *shapes):
        asked.append(np.size(shapes[0]))
        return distribution(at, *shapes)

    monkeypatch.setattr(intervals.stats.beta, "sf", counted)
    most = 10_000
    assert intervals.elimination(0.3, most, 0.95, 3)[most] == 3076
    assert sum(asked) < 20 * most


def test_published_boundaries_typed_from_the_papers(root):
    table = pd.read_csv(root / "tests/reference/dose_finding.csv").to_dict("records")
    for row in table:
        if row["kind"] == "mtpi2":
            n, boundaries = int(row["n"]), intervals.mtpi2(row["target"], 9).boundaries
            found = [
                "U" if x >= boundaries.eliminate[n]
                else "D" if x >= boundaries.deescalate[n]
                else "E" if x <= boundaries.escalate[n]
                else "S"
                for x in range(n + 1)
            ]  # fmt: skip
            assert " ".join(found) == row["value"]
        else:
            lambdas = dict(zip(("lambda_e", "lambda_d"), intervals.boin_lambdas(row["target"]), strict=True))
            assert lambdas[row["kind"]] == pytest.approx(float(row["value"]), abs=0.0005)


def test_isotonic_means_are_those_of_scipy():
    rng = np.random.default_rng(1)
    values, weights = rng.random((200, 5)), rng.random((200, 5)) + 0.1
    expected = [optimize.isotonic_regression(v, weights=w).x for v, w in zip(values, weights, strict=True)]
    assert isotonic_means(values, weights) == pytest.approx(np.array(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("1NNN 2NTT", ("1", "TRUE")),  # three more at the level below
        ("1NNN 2NTT 1NNN", ("1", "FALSE")),
        ("1NNN 2NTT 1NNT", ("1", "FALSE")),
        ("1NNN 2NTT 1NTT", ("", "FALSE")),
        ("1NNT 1NNN 2NTT", ("1", "FALSE")),  # six are there already
        ("1TTN", ("", "FALSE")),
        ("1NNN 2NNN", ("3", "TRUE")),
        ("1NNN 2NNN 3NNN", ("3", "TRUE")),  # the highest level is chosen after six only
        ("1NNN 2NNN 3NNN 3NNT", ("3", "FALSE")),
        ("1NNN 2NNN 3NNT 3NTN", ("2", "TRUE")),
    ],
)
def test_three_plus_three_with_deescalation(outcomes, expected):
    assert answer(ThreePlusThree(deescalate=True), outcomes, 3) == expected


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("", ("1", "TRUE")),
        ("1NNT", ("2", "TRUE")),
        ("1NTT", ("", "FALSE")),
        ("1NNN 2NNN 3NNT", ("3", "FALSE")),
    ],
)
def test_the_escalation_of_the_registry(outcomes, expected):
    assert answer(FixedCohorts(), outcomes, 3) == expected


def test_the_registry_chooses_by_utility_among_tolerated_levels():
    n, x = (
        np.array([[3, 3, 3], [3, 3, 3], [3, 0, 0], [3, 3, 0]]),
        np.array([[0, 0, 2], [0, 1, 0], [2, 0, 0], [0, 0, 0]]),
    )
    responders = np.array([[0, 1, 3], [1, 2, 1], [0, 0, 0], [2, 2, 0]])
    assert FixedCohorts().select(n, x, responders).tolist() == [1, 0, NO_DOSE, 0]


def test_crm_holds_its_restraints():
    rule = Crm(make_skeleton(0.1, 0.3, 2, 3), 0.3)
    assert answer(rule, "", 3) == ("1", "TRUE")
    assert answer(rule, "1NNN", 3) == ("2", "TRUE")  # not the third level, which is nearer to the target
    assert answer(rule, "1TTT", 3) == ("", "FALSE")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1NXN", "'1NXN' is no cohort"),
        ("NNN", "is no cohort"),
        ("0NNN", "is no cohort"),
        ("1NNN 2", "'2' is no cohort"),  # an empty cohort
        ("4NNN", "at level 4, but the design has 3"),
        ("1NNN 1NNN 1NNN", "holds 9 subjects, more than the 6 planned"),
    ],
)
def test_impossible_outcome_strings(text, message):
    with pytest.raises(ParameterError, match=message):
        read_outcomes(text, 3, most=6)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: intervals.boin(0.0, 9), "target must lie between 0 and 1"),
        (lambda: intervals.boin(1.2, 9), "target must lie between 0 and 1"),
        (lambda: intervals.boin(0.8, 9), "BOIN needs"),
        (lambda: intervals.mtpi2(0.02, 9), "must lie within 0 and 1"),
        (lambda: intervals.keyboard(0.3, 9, certainty=1.0), "certainty must lie"),
        (lambda: Crm((0.2, 0.1), 0.3), "A skeleton rises"),
        (lambda: Crm((0.1, 1.2), 0.3), "A skeleton rises"),
        (lambda: Crm((0.1, 0.2), 0.3, prior_sd=0), "prior SD"),
        (lambda: make_skeleton(0.3, 0.25, 1, 3), "target - halfwidth"),
        (lambda: make_skeleton(0.1, 0.25, 4, 3), "one of the 3 levels"),
        (lambda: Crm((0.1, 0.2), 0.3).posterior(NONE, NONE), "skeleton has 2 levels, the data 1"),
        (lambda: intervals.boin(0.3, 3).decide(NONE + 6, NONE, NONE[0]), "reach to 3"),
        (lambda: ThreePlusThree().decide(NONE + 7, NONE, NONE[0]), "no rule for 7 subjects"),
        (lambda: ThreePlusThree().decide(NONE, NONE + 1, NONE[0]), "fewer subjects than subjects with DLT"),
        (lambda: ThreePlusThree().decide(NONE, np.zeros((1, 2), dtype=int), NONE[0]), "trials by levels"),
    ],
)
def test_impossible_rules_and_counts(build, message):
    with pytest.raises(ParameterError, match=message):
        build()
