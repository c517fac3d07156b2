"""Mixed models for repeated measures against SAS, R (tests/reference/mmrm.R) and what they must be."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import csrkit.stats.mmrm.model as model
from csrkit.errors import DataError
from csrkit.stats.estimation import NotSettledError, attempt
from csrkit.stats.mmrm import mmrm
from csrkit.stats.mmrm.covariance import LABELS, structure
from csrkit.stats.mmrm.design import read_design
from csrkit.stats.mmrm.likelihood import Point
from itpcsr.analysis.tested import software_of

FORMULA = "AVAL ~ BASE + ARM * VISIT"
KEYS = {"visit": "VISIT", "subject": "USUBJID"}
METHODS = {"Satterthwaite": "satterthwaite", "Kenward-Roger": "kenward-roger"}


@pytest.fixture(scope="module")
def data(root):
    """The data that tests/reference/mmrm.R drew."""
    return pd.read_csv(root / "tests/reference/mmrm_data.csv").assign(
        VISIT=lambda frame: frame["AVISITN"].astype(str)
    )


@pytest.fixture(scope="module")
def r_values(root):
    """Values that R computed (tests/reference/mmrm.R) by case and quantity."""
    table = pd.read_csv(root / "tests/reference/mmrm.csv")
    return {case: part.set_index("quantity")["value"].to_dict() for case, part in table.groupby("case")}


def in_r(term):
    """A term as R names it."""
    return "(Intercept)" if term == "Intercept" else re.sub(r"\[T\.(.+?)\]", r"\1", term)


def by_term(fit):
    return fit.coefficients.set_index(fit.coefficients["term"].map(in_r))


@pytest.fixture(scope="module")
def random_intercept(data):
    """Compound symmetry, whose Kenward-Roger tests pbkrtest makes with the expected information."""
    return {
        name: mmrm(data, FORMULA, **KEYS, covariance="cs", df=df, information=information)
        for (name, df), information in zip(METHODS.items(), ("observed", "expected"), strict=True)
    }


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("covariance", LABELS)
def test_all_covariances_are_those_of_gls(data, r_values, covariance, method):
    wanted = r_values[f"{covariance} {method}"]
    fit = mmrm(data, FORMULA, **KEYS, covariance=covariance, df="satterthwaite", reml=method == "REML")
    assert fit.log_likelihood == pytest.approx(wanted["log_likelihood"], abs=2e-7)
    found = by_term(fit)
    assert len(found) == 13
    for term, row in found.iterrows():
        assert row["estimate"] == pytest.approx(wanted[f"estimate {term}"], rel=1e-4, abs=1e-4)
        assert row["se"] == pytest.approx(wanted[f"se {term}"], rel=1e-4)
    sigma = fit.covariance_matrix.to_numpy()
    for i in range(4):
        for j in range(i, 4):
            assert sigma[i, j] == pytest.approx(wanted[f"covariance {i + 1} {j + 1}"], rel=2e-4)


@pytest.mark.parametrize("method", METHODS)
def test_effects_are_those_of_lmertest_and_pbkrtest(random_intercept, r_values, method):
    wanted = r_values[f"cs {method}"]
    for term, row in by_term(random_intercept[method]).iterrows():
        assert row["se"] == pytest.approx(wanted[f"se {term}"], rel=1e-5)
        assert row["df"] == pytest.approx(wanted[f"df {term}"], rel=1e-4)
        assert row["p_value"] == pytest.approx(wanted[f"p_value {term}"], rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("hypothesis", ["interaction", "last"])
def test_hypotheses_of_several_effects(random_intercept, r_values, method, hypothesis):
    fit, wanted = random_intercept[method], r_values[f"cs {method}"]
    terms = list(fit.coefficients["term"])
    if hypothesis == "interaction":
        rows = {term: {term: 1} for term in terms if ":" in term}
    else:
        rows = {arm: {f"ARM[T.{arm}]": 1, f"ARM[T.{arm}]:VISIT[T.4]": 1} for arm in "BC"}
    found = fit.test(rows)
    assert found["df"] == wanted[f"df_num {hypothesis}"]
    assert found["statistic"] == pytest.approx(wanted[f"F {hypothesis}"], rel=1e-5)
    assert found["df_error"] == pytest.approx(wanted[f"df_den {hypothesis}"], rel=1e-4)
    assert found["p_value"] == pytest.approx(wanted[f"p {hypothesis}"], rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_means_and_differences_are_those_of_emmeans(random_intercept, r_values, method):
    fit, wanted = random_intercept[method], r_values[f"cs {method}"]
    means = fit.ls_means(["ARM", "VISIT"])
    assert len(means) == 12
    names = {"estimate": "emmean", "se": "SE", "df": "df", "ci_low": "lower.CL", "ci_high": "upper.CL"}
    for _, row in means.iterrows():
        for ours, theirs in names.items():
            assert row[ours] == pytest.approx(wanted[f"{theirs} {row['ARM']} {row['VISIT']}"], rel=1e-4)
    for _, row in fit.ls_means("ARM").iterrows():
        for ours in ("estimate", "se", "df"):
            assert row[ours] == pytest.approx(wanted[f"{names[ours]} {row['ARM']}"], rel=1e-4)
    differences = fit.differences("ARM", by="VISIT")
    assert len(differences) == 12
    for _, row in differences.iterrows():
        place = f"{row['ARM']} - {row['reference']} {row['VISIT']}"
        for ours, theirs in {"estimate": "estimate", "se": "SE", "df": "df", "p_value": "p.value"}.items():
            assert row[ours] == pytest.approx(wanted[f"{theirs} {place}"], rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_type_3_tests_are_those_of_lmertest(data, r_values, method):
    information = "expected" if method == "Kenward-Roger" else "observed"
    fit = mmrm(
        data,
        "AVAL ~ BASE * ARM + ARM * VISIT",
        **KEYS,
        covariance="cs",
        df=METHODS[method],
        information=information,
    )
    wanted = r_values[f"type III {method}"]
    for _, row in fit.type3().iterrows():
        # lmerTest, as car, tests ARM where BASE is 0, as SAS does
        term = {"ARM:BASE": "BASE:ARM"}.get(row["term"], row["term"])
        assert row["df"] == wanted[f"NumDF {term}"]
        assert row["statistic"] == pytest.approx(wanted[f"F value {term}"], rel=1e-4)
        assert row["df_error"] == pytest.approx(wanted[f"DenDF {term}"], rel=1e-4)
        assert row["p_value"] == pytest.approx(wanted[f"Pr(>F) {term}"], rel=1e-3)


def test_a_balanced_design_has_the_classical_analysis(data, r_values):
    """Compound symmetry over complete subjects: F and df of the split-plot analysis of variance."""
    wanted = r_values["anova"]
    seen = data.dropna()
    whole = seen[seen.groupby("USUBJID")["AVAL"].transform("size") == 4]
    chosen = whole.drop_duplicates("USUBJID").groupby("ARM").head(4)["USUBJID"]
    frame = whole[whole["USUBJID"].isin(chosen)]
    assert frame["USUBJID"].nunique() == wanted["subjects"] == 12
    for df in METHODS.values():
        found = mmrm(frame, "AVAL ~ ARM * VISIT", **KEYS, covariance="cs", df=df).type3().set_index("term")
        for term in ("ARM", "VISIT", "ARM:VISIT"):
            assert found.loc[term, "statistic"] == pytest.approx(wanted[f"F {term}"], rel=1e-8)
            assert found.loc[term, "df_error"] == pytest.approx(wanted[f"df {term}"], rel=1e-6)


def test_one_visit_is_ordinary_regression(data):
    frame = data[data["VISIT"] == "2"].dropna()
    fit = mmrm(frame, "AVAL ~ BASE", **KEYS)
    line = stats.linregress(frame["BASE"], frame["AVAL"])
    slope = fit.coefficients.iloc[1]
    assert slope["estimate"] == pytest.approx(line.slope)
    assert slope["se"] == pytest.approx(line.stderr)
    assert slope["df"] == pytest.approx(len(frame) - 2)
    assert slope["p_value"] == pytest.approx(line.pvalue)


# SAS: the FEV1 data of openpharma/mmrm, where they are at hand


@pytest.fixture(scope="module")
def fev(root):
    path = root.parent / "shared/data/mmrm_fev/fev_data.csv"
    if not path.exists():
        pytest.skip("the FEV1 data aren't beside the repository (../shared/data/mmrm_fev)")
    levels = {"RACE": ["Asian", "Black or African American", "White"], "SEX": ["Male", "Female"]}
    frame = pd.read_csv(path)
    return frame.assign(
        **{name: pd.Categorical(frame[name], categories=order) for name, order in levels.items()}
    )


@pytest.fixture(scope="module")
def sas(root):
    return pd.read_csv(root / "tests/reference/mmrm_sas.csv", comment="#", dtype=str)


def as_printed(text):
    """The value and one unit of the last digit that SAS printed."""
    return float(text), 10.0 ** -len(text.partition(".")[2])


PARAMETERS = {  # what SAS calls ours; the variance of AR(1) and TOEP is its Residual
    "AR(1)": "correlation", "ARH(1)": "correlation", "CSH": "correlation", "CS": "covariance",
    **{f"Var({i})": f"variance VIS{i}" for i in range(1, 5)},
    **{f"TOEPH({i})": f"correlation at lag {i}" for i in range(1, 4)},
    **{f"TOEP({i})": f"covariance at lag {i - 1}" for i in range(2, 5)},
}  # fmt: skip
RESIDUAL = {"ar1": "variance", "toep": "covariance at lag 0", "cs": "residual variance"}


def by_sas_name(fit):
    """All values of a fit by the names of tests/reference/mmrm_sas.csv."""
    named = {"-2 log-likelihood": -2 * fit.log_likelihood, "AIC": fit.aic, "AICC": fit.aicc, "BIC": fit.bic}

    def add(table, keys, prefix=""):
        for row in table.to_dict("records"):
            place = " ".join(row.pop(key) for key in keys)
            named.update({f"{prefix}{column} {place}": value for column, value in row.items()})

    add(fit.coefficients, ["term"])
    add(
        fit.type3().rename(columns={"statistic": "F", "df": "df_num", "df_error": "df_den"}),
        ["term"],
        "type III ",
    )
    if "ARMCD:AVISIT" in fit.type3()["term"].tolist():
        add(fit.ls_means(["ARMCD", "AVISIT"]), ["ARMCD", "AVISIT"], "mean ")
        add(fit.differences("ARMCD", by="AVISIT", reference="PBO"), ["AVISIT"], "difference ")
    named.update({f"parameter {name}": row["estimate"] for name, row in parameters_of_sas(fit).items()})
    return named


def parameters_of_sas(fit):
    ours = fit.covariance_parameters.set_index("parameter").to_dict("index")
    names = {**PARAMETERS, "Residual": RESIDUAL.get(fit.covariance)}
    return {theirs: ours[name] for theirs, name in names.items() if name in ours}


def allowed(fit, quantity):
    """What SAS's early stop may make of a value."""
    kind, _, rest = quantity.partition(" ")
    if kind == "parameter":
        return 0.003 * parameters_of_sas(fit)[rest]["se"]
    if kind == "estimate":
        return 0.0005 * fit.coefficients.set_index("term").loc[rest, "se"]
    return 0.0002 if "p_value" in quantity else 0.0


MODELS = [
    *[("FEV1 ~ 1", covariance, method, "satterthwaite") for covariance in list(LABELS)[1:] for method in ("reml", "ml")],
    *[("FEV1 ~ ARMCD + SEX", covariance, method, "satterthwaite") for covariance in ("un", "ar1") for method in ("reml", "ml")],
    ("FEV1 ~ ARMCD * AVISIT + RACE + SEX", "un", "reml", "satterthwaite"),
    ("FEV1 ~ ARMCD * FEV1_BL", "ar1", "reml", "satterthwaite"),
    ("FEV1 ~ ARMCD * SEX + ARMCD:FEV1_BL", "ar1", "reml", "satterthwaite"),
    *[("FEV1 ~ ARMCD", covariance, "reml", df) for covariance in LABELS for df in ("kenward-roger", "kenward-roger-linear")],
]  # fmt: skip


def test_every_model_of_sas_is_compared(sas):
    assert {*map(tuple, sas[["formula", "covariance", "method", "df"]].to_numpy())} == {*MODELS}


@pytest.mark.parametrize(("formula", "covariance", "method", "df"), MODELS)
def test_it_is_what_sas_printed(fev, sas, formula, covariance, method, df):
    """SAS stops where a step would change little (CONVH=1E-8), so that its last digits aren't the maximum's.

    It's off by less than 0.003 standard errors of a covariance's parameter, and by less than 0.0005 of an effect;
    nlme, which goes on to the maximum, agrees with this package.
    """
    wanted = sas.query(
        "formula == @formula and covariance == @covariance and method == @method and df == @df"
    )
    fit = mmrm(fev, formula, "AVISIT", "USUBJID", covariance=covariance, reml=method == "reml", df=df)
    assert len(wanted) >= 2
    ours = by_sas_name(fit)
    for quantity, text in zip(wanted["quantity"], wanted["value"], strict=True):
        found = ours[quantity]
        if text == "<.0001":
            assert found < 0.0001
            continue
        value, unit = as_printed(text)
        if quantity == "-2 log-likelihood":
            assert value - 0.001 < found < value + 1e-8, (
                quantity
            )  # the maximum is no lower than where SAS stopped
        elif "df_" in quantity or quantity.startswith("df ") or " df " in quantity:
            assert found == pytest.approx(value, abs=0.55 if unit == 1 else 0.1), quantity
        else:
            assert found == pytest.approx(value, rel=2e-4, abs=1.01 * unit + allowed(fit, quantity)), quantity


def test_the_fev_data_are_read_as_sas_read_them(fev):
    fit = mmrm(fev, "FEV1 ~ ARMCD", "AVISIT", "USUBJID")
    assert (fit.n_observations, fit.n_subjects_read, fit.n_subjects) == (537, 200, 197)
    assert fit.left_out == {"subject": 0, "visit": 0, "response": 263, "covariate": 0}


# Second implementations


@pytest.fixture(scope="module")
def records(data):
    design = read_design(data, FORMULA, "VISIT", "USUBJID", ordered=True)
    return model._records(design)[0]


def differentiate(function, theta, step=1e-5):
    rows = [(function(theta + h) - function(theta - h)) / (2 * step) for h in step * np.eye(len(theta))]
    return np.asarray(rows)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("covariance", LABELS)
def test_derivatives_are_those_of_differences(records, covariance, reml):
    """Away from the maximum, so that no term is 0."""
    chosen = structure(covariance, ("1", "2", "3", "4"))
    theta = chosen.start(0.7 * records.moments() + 0.3 * np.eye(4))

    def point(at):
        return Point(records, chosen, at, reml)

    here = point(theta)
    assert here.gradient == pytest.approx(
        differentiate(lambda at: point(at).minus2, theta), rel=1e-5, abs=1e-5
    )
    assert here.observed == pytest.approx(
        differentiate(lambda at: point(at).gradient, theta), rel=1e-5, abs=1e-4
    )
    assert here.slopes == pytest.approx(differentiate(chosen.matrix, theta), abs=1e-8)
    curvature = chosen.curvature(theta)
    if curvature is None:
        curvature = np.zeros((len(theta), len(theta), 4, 4))
    assert curvature == pytest.approx(differentiate(chosen.slopes, theta), abs=1e-8)


@pytest.mark.parametrize("information", ["observed", "expected"])
@pytest.mark.parametrize("covariance", LABELS)
def test_kenward_roger_is_the_article_written_out(data, covariance, information):
    """Kenward and Roger 1997 over the whole covariance of all observations, derivatives by differences."""
    frame = data[data["USUBJID"].str[1:].astype(int) % 2 == 1]
    fit = mmrm(frame, "AVAL ~ ARM * VISIT", **KEYS, covariance=covariance, information=information)
    x, y = fit._design.matrix, fit._design.response
    same = np.equal.outer(fit._design.subject, fit._design.subject)
    chosen = structure(covariance, fit.visits)
    theta = fit.covariance_parameters["estimate"].to_numpy()
    step = 1e-4 * np.maximum(np.abs(theta), 0.1)

    def whole(at):
        return np.where(same, chosen.matrix(at)[np.ix_(fit._design.visit, fit._design.visit)], 0)

    def minus_log_likelihood(at):
        inverse = np.linalg.inv(whole(at))
        inside = x.T @ inverse @ x
        residual = y - x @ np.linalg.solve(inside, x.T @ inverse @ y)
        return (
            residual @ inverse @ residual - np.linalg.slogdet(inverse)[1] + np.linalg.slogdet(inside)[1]
        ) / 2

    def second(function):
        shifts = np.diag(step)
        return np.asarray([[
            (function(theta + a + b) - function(theta + a - b) - function(theta - a + b) + function(theta - a - b))
            / (4 * a.max() * b.max()) for a in shifts] for b in shifts])  # fmt: skip

    inverse = np.linalg.inv(whole(theta))
    phi = np.linalg.inv(x.T @ inverse @ x)
    slopes = [(whole(theta + h) - whole(theta - h)) / (2 * h.max()) for h in np.diag(step)]
    p = [-x.T @ inverse @ slope @ inverse @ x for slope in slopes]
    q = [[x.T @ inverse @ a @ inverse @ b @ inverse @ x for b in slopes] for a in slopes]
    r = [[x.T @ inverse @ v @ inverse @ x for v in row] for row in second(whole)]
    projection = inverse - inverse @ x @ phi @ x.T @ inverse
    expected = [[np.trace(projection @ a @ projection @ b) / 2 for b in slopes] for a in slopes]
    w = np.linalg.inv(second(minus_log_likelihood) if information == "observed" else expected)
    pairs = [(i, j) for i in range(len(theta)) for j in range(len(theta))]
    inner = sum(w[i, j] * (q[i][j] - p[i] @ phi @ p[j] - r[i][j] / 4) for i, j in pairs)
    adjusted = phi + 2 * phi @ inner @ phi
    assert fit.coefficients["se"].to_numpy() == pytest.approx(np.sqrt(np.diag(adjusted)), rel=1e-4)

    lines = np.eye(len(phi))[-6:]  # the interaction
    theta_matrix = lines.T @ np.linalg.inv(lines @ phi @ lines.T) @ lines
    a1 = sum(w[i, j] * np.trace(theta_matrix @ phi @ p[i] @ phi) * np.trace(theta_matrix @ phi @ p[j] @ phi) for i, j in pairs)  # fmt: skip
    a2 = sum(
        w[i, j] * np.trace(theta_matrix @ phi @ p[i] @ phi @ theta_matrix @ phi @ p[j] @ phi)
        for i, j in pairs
    )
    b = (a1 + 6 * a2) / 12
    g = (7 * a1 - 10 * a2) / (8 * a2)
    c1, c2, c3 = (value / (18 + 2 * (1 - g)) for value in (g, 6 - g, 8 - g))
    mean, variance = 1 / (1 - a2 / 6), 2 / 6 * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    m = 4 + 8 / (6 * variance / (2 * mean**2) - 1)
    beta = phi @ x.T @ inverse @ y
    f = m / (mean * (m - 2)) * beta[-6:] @ np.linalg.solve(adjusted[-6:, -6:], beta[-6:]) / 6
    found = fit.test({term: {term: 1} for term in fit.coefficients["term"].tail(6)})
    assert (found["statistic"], found["df_error"]) == (pytest.approx(f, rel=1e-4), pytest.approx(m, rel=1e-3))


# Properties


NUMBERS = ["estimate", "se", "df", "statistic", "p_value", "ci_low", "ci_high"]


@pytest.mark.parametrize("covariance", ["un", "ar1h", "toep"])
@pytest.mark.examples(3)
def test_the_order_of_rows_and_subjects_counts_for_nothing(data, covariance, seed):
    generator = np.random.default_rng(seed)
    names = dict(zip(data["USUBJID"].unique(), generator.permutation(1000)[:30], strict=True))
    other = data.sample(frac=1, random_state=seed).assign(USUBJID=lambda frame: frame["USUBJID"].map(names))
    first, second = (mmrm(frame, FORMULA, **KEYS, covariance=covariance) for frame in (data, other))
    assert second.coefficients[NUMBERS].to_numpy() == pytest.approx(
        first.coefficients[NUMBERS].to_numpy(), rel=1e-6
    )
    assert second.log_likelihood == pytest.approx(first.log_likelihood, abs=1e-9)


@pytest.mark.parametrize("factor", [1e-6, -3.0, 1e7])
@pytest.mark.parametrize("covariance", ["un", "toeph", "cs"])
def test_another_unit_of_the_response_scales_the_estimates(data, covariance, factor):
    other = data.assign(AVAL=data["AVAL"] * factor, BASE=data["BASE"] * 1e5)
    first, second = (mmrm(frame, FORMULA, **KEYS, covariance=covariance) for frame in (data, other))
    units = np.where(first.coefficients["term"] == "BASE", 1e5, 1)
    for name, unit in (("estimate", factor), ("se", abs(factor)), ("df", units)):
        wanted = first.coefficients[name].to_numpy() * unit / units
        assert second.coefficients[name].to_numpy() == pytest.approx(wanted, rel=1e-5)
    assert second.covariance_matrix.to_numpy() == pytest.approx(
        first.covariance_matrix.to_numpy() * factor**2, rel=1e-5
    )


def test_another_coding_says_the_same(data):
    """Another reference level and order of columns: the same means, type III tests and likelihood."""
    turned = data.assign(ARM=pd.Categorical(data["ARM"], categories=["C", "B", "A", "unused"]))
    first, second = mmrm(data, FORMULA, **KEYS), mmrm(turned, "AVAL ~ VISIT * ARM + BASE", **KEYS)
    assert second.log_likelihood == pytest.approx(first.log_likelihood)
    means = second.ls_means(["ARM", "VISIT"]).sort_values(
        ["ARM", "VISIT"], key=lambda column: column.astype(str)
    )
    assert means[NUMBERS].to_numpy() == pytest.approx(
        first.ls_means(["ARM", "VISIT"])[NUMBERS].to_numpy(), rel=1e-6
    )
    ours, theirs = (
        first.type3().set_index("term"),
        second.type3().set_index("term").rename({"VISIT:ARM": "ARM:VISIT"}),
    )
    assert theirs.loc[ours.index].to_numpy() == pytest.approx(ours.to_numpy(), rel=1e-6)


def test_combinations_of_means_are_what_their_weights_say(data):
    fit = mmrm(data, FORMULA, **KEYS)
    weights = fit.weights(["ARM", "VISIT"])
    by_hand = fit.contrast((weights.loc["B"] - weights.loc["A"]).mean())
    averaged = fit.differences("ARM", reference="A").query("ARM == 'B'")
    assert by_hand[NUMBERS].to_numpy() == pytest.approx(averaged[NUMBERS].to_numpy())
    at_40, at_50 = (fit.ls_means("ARM", at={"BASE": base})["estimate"].to_numpy() for base in (40, 50))
    slope = fit.coefficients.set_index("term").loc["BASE", "estimate"]
    assert at_50 - at_40 == pytest.approx(10 * slope)
    both = fit.ls_means(["ARM", "BASE"], at={"BASE": [40, 50]})
    assert both["estimate"].to_numpy() == pytest.approx(np.column_stack([at_40, at_50]).ravel())
    last = fit.differences("ARM", by="VISIT", at={"VISIT": "4"}, reference="A")
    assert list(last["VISIT"].unique()) == ["4"]


def test_a_wider_interval_is_asked_for_by_its_level(data):
    fit = mmrm(data, FORMULA, **KEYS, level=0.9)
    row = fit.coefficients.iloc[1]
    assert row["ci_high"] - row["estimate"] == pytest.approx(stats.t.ppf(0.95, row["df"]) * row["se"])
    assert (fit.ls_means("ARM", level=0.99)["ci_low"] < fit.ls_means("ARM")["ci_low"]).all()


# Data as they come


def test_rows_with_something_missing_are_left_out_and_counted(data):
    other = data.dropna().astype({"ARM": object, "VISIT": object}).reset_index(drop=True)
    changed = other.copy()
    changed.loc[0, "AVAL"] = np.nan
    changed.loc[1, "BASE"] = np.nan
    changed.loc[2, "ARM"] = ""
    changed.loc[3, "VISIT"] = None
    changed.loc[4, "USUBJID"] = None
    changed.loc[4, "AVAL"] = np.nan  # counts once
    fit = mmrm(changed, FORMULA, **KEYS)
    assert fit.left_out == {"subject": 1, "visit": 1, "response": 1, "covariate": 2}
    assert fit.n_observations == len(other) - 5
    assert fit.log_likelihood == pytest.approx(mmrm(other[5:], FORMULA, **KEYS).log_likelihood)


def test_a_visit_twice_names_the_subject(data):
    twice = pd.concat([data, data[(data["USUBJID"] == "S07") & (data["VISIT"] == "1")]])
    with pytest.raises(DataError, match="Subject S07 has two rows with visit 1"):
        mmrm(twice, FORMULA, **KEYS)


def test_levels_and_visits_that_nobody_has_count_for_nothing(data):
    other = data.assign(
        ARM=pd.Categorical(data["ARM"], categories=["A", "none", "B", "C"]),
        VISIT=pd.Categorical(data["VISIT"], categories=["1", "2", "2.5", "3", "4"], ordered=True),
    )
    fit = mmrm(other, FORMULA, **KEYS, covariance="toeph")
    assert fit.visits == ("1", "2", "3", "4")
    assert fit.log_likelihood == pytest.approx(mmrm(data, FORMULA, **KEYS, covariance="toeph").log_likelihood)


def test_the_order_of_visits_is_known_or_asked_for(data):
    def named(**names):
        return data.assign(VISIT=data["VISIT"].map(names))

    weeks = named(**{"1": "Week 2", "2": "Week 4", "3": "Week 8", "4": "Week 12"})
    fit = mmrm(weeks, FORMULA, **KEYS, covariance="ar1")
    assert fit.visits == ("Week 2", "Week 4", "Week 8", "Week 12")
    numbers = mmrm(data, "AVAL ~ BASE + ARM * C(AVISITN)", "AVISITN", "USUBJID", covariance="ar1")
    assert numbers.log_likelihood == pytest.approx(fit.log_likelihood)
    assert "C(AVISITN)[T.2]" in set(numbers.coefficients["term"])
    assert len(numbers.ls_means("AVISITN")) == 4
    mixed = named(**{"1": "Baseline", "2": "Week 4", "3": "Week 8", "4": "End of treatment"})
    with pytest.raises(DataError, match=r"depends on the order of visits.*Baseline.*Categorical"):
        mmrm(mixed, FORMULA, **KEYS, covariance=("un", "ar1"))
    assert mmrm(mixed, FORMULA, **KEYS).log_likelihood == pytest.approx(
        mmrm(data, FORMULA, **KEYS).log_likelihood
    )


def test_a_design_that_is_not_of_full_rank_says_which_effects_follow(data):
    other = data.assign(SITE=data["ARM"].map({"A": "x", "B": "y", "C": "y"}))
    found, reason = attempt(lambda: mmrm(other, "AVAL ~ ARM + SITE + VISIT", **KEYS))
    assert found is None
    assert "rank of 6" in reason
    assert "SITE[T.y]" in reason


def test_the_first_covariance_that_is_estimable_is_fitted_and_said(data):
    few = data[data["USUBJID"].isin(["S01", "S02", "S03", "S11", "S12"])]
    order = ("un", "toeph", "ar1h", "csh", "cs")
    fit = mmrm(few, "AVAL ~ VISIT", **KEYS, covariance=order)
    assert fit.covariance != "un"
    assert list(fit.tried["covariance"]) == list(order[: order.index(fit.covariance)])
    assert fit.tried["reason"].str.len().min() > 0
    assert fit.choice.startswith(LABELS[fit.covariance] + " (unstructured isn't estimable: ")
    assert f", {LABELS[fit.covariance]} covariance, restricted maximum likelihood, " in fit.method
    assert software_of(fit.method) == ("itpcsr", "patsy", "scipy")
    with pytest.raises(NotSettledError, match=r"no covariance is estimable. unstructured \(un\): "):
        mmrm(few, "AVAL ~ VISIT", **KEYS)


def test_visits_that_nobody_has_together_are_named(data):
    number = data["USUBJID"].str[1:].astype(int)
    other = data[
        ~((data["VISIT"] == "2") & (number % 2 == 0)) & ~((data["VISIT"] == "4") & (number % 2 == 1))
    ]
    with pytest.raises(NotSettledError, match="covariance 4, 2"):
        mmrm(other, FORMULA, **KEYS)
    assert mmrm(other, FORMULA, **KEYS, covariance=("un", "csh")).covariance == "csh"


@pytest.mark.parametrize("covariance", LABELS)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda frame: frame.assign(AVAL=np.nan), "no row"),
        (lambda frame: frame.assign(AVAL=1.0), "exactly"),
        (lambda frame: frame.head(3), "rank|degree of freedom"),
    ],
)
def test_data_that_say_nothing_have_a_reason(data, covariance, change, reason):
    with pytest.raises(NotSettledError, match=reason):
        mmrm(change(data), "AVAL ~ ARM * VISIT", **KEYS, covariance=covariance)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"formula": "AVAL ~ BASES"}, ValueError, "BASES.*nearest name is BASE"),
        ({"formula": "AVAL ~ BASE +"}, ValueError, "can't be read"),
        ({"formula": "~ BASE"}, ValueError, "one response"),
        ({"formula": "ARM ~ BASE"}, ValueError, "ARM isn't a number"),
        ({"formula": "AVAL ~ np.log(BASE - BASE)"}, DataError, "design of subject S01 at visit 1"),
        ({"visit": "VISITS"}, ValueError, "VISITS.*nearest name is VISIT"),
        ({"covariance": "us"}, ValueError, "un, toeph"),
        ({"covariance": ()}, ValueError, "not none"),
        ({"df": "kr"}, ValueError, "satterthwaite"),
        ({"reml": False}, ValueError, 'reml=False take df="satterthwaite"'),
        ({"level": 95}, ValueError, "between 0 and 1"),
        ({"information": "both"}, ValueError, "observed, expected"),
    ],
)
def test_wrong_arguments_say_what_is_right(data, arguments, error, said):
    with pytest.raises(error, match=said):
        mmrm(data, **{"formula": FORMULA, **KEYS, **arguments})


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda fit: fit.ls_means("ARMS"), "no variable ARMS.*nearest name is ARM"),
        (lambda fit: fit.ls_means("ARM", at={"ARM": "Z"}), "no level 'Z'; it has A, B, C"),
        (lambda fit: fit.ls_means("BASE"), "covariate: say at which values"),
        (lambda fit: fit.differences("ARM", reference="Z"), "no level 'Z'"),
        (lambda fit: fit.contrast({"x": {"ARMB": 1}}), "no term ARMB"),
        (lambda fit: fit.contrast({"x": {"BASE": np.nan}}), "finite"),
        (lambda fit: fit.test({"x": {"BASE": 0}}), "nothing to test"),
    ],
)
def test_wrong_questions_say_what_there_is(random_intercept, ask, said):
    with pytest.raises(ValueError, match=said):
        ask(random_intercept["Kenward-Roger"])


def test_more_visits_than_can_be_fitted_are_refused():
    days = range(model.MOST_VISITS + 1)
    frame = pd.DataFrame({"USUBJID": "S1", "ADY": days, "AVAL": [float(day % 7) for day in days]})
    with pytest.raises(ValueError, match="61 visits"):
        mmrm(frame, "AVAL ~ ADY", "ADY", "USUBJID", covariance="ar1")
