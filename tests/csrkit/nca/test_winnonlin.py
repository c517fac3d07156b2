"""Against Phoenix WinNonlin: indomethacin as typed in here, theophylline where the shared data are at hand."""

import numpy as np
import pandas as pd
import pytest

from csrkit.nca import nca

NAMES = {
    "Rsq": "R2", "Rsq_adjusted": "R2ADJ", "Corr_XY": "CORRXY", "No_points_lambda_z": "LAMZNPT",
    "Lambda_z": "LAMZ", "Lambda_z_lower": "LAMZLL", "Lambda_z_upper": "LAMZUL", "HL_Lambda_z": "LAMZHL",
    "Tlag": "TLAG", "Tmax": "TMAX", "Cmax": "CMAX", "Cmax_D": "CMAXD", "C0": "C0", "Tlast": "TLST",
    "Clast": "CLST", "AUClast": "AUCLST", "AUCall": "AUCALL", "AUCINF_obs": "AUCIFO", "AUCINF_pred": "AUCIFP",
    "AUCINF_D_obs": "AUCIFOD", "AUCINF_D_pred": "AUCIFPD", "AUC_%Extrap_obs": "AUCPEO",
    "AUC_%Extrap_pred": "AUCPEP", "AUC_%Back_Ext_obs": "AUCPBEO", "AUC_%Back_Ext_pred": "AUCPBEP",
    "AUMClast": "AUMCLST", "AUMCINF_obs": "AUMCIFO", "AUMCINF_pred": "AUMCIFP", "AUMC_%Extrap_obs": "AUMCPEO",
    "AUMC_%Extrap_pred": "AUMCPEP", "Vz_obs": "VZO", "Vz_pred": "VZP", "Cl_obs": "CLO", "Cl_pred": "CLP",
    "Vz_F_obs": "VZFO", "Vz_F_pred": "VZFP", "Cl_F_obs": "CLFO", "Cl_F_pred": "CLFP", "Vss_obs": "VSSO",
    "Vss_pred": "VSSP",
}  # fmt: skip
MEAN_TIMES = {"bolus": "MRTIB", "infusion": "MRTIC", "extravascular": "MRTEV"}
ENDS = {"MRTlast": "LST", "MRTINF_obs": "IFO", "MRTINF_pred": "IFP"}


def code_of(name, route):
    return NAMES.get(name) or MEAN_TIMES[route] + ENDS[name]


def find(rows, subject, code):
    return rows.set_index(["subject", "parameter"])["value"].loc[(subject, code)]


@pytest.fixture(scope="module")
def indometh(root):
    wide = pd.read_csv(root / "tests/reference/indometh.csv", comment="#")
    long = wide.melt(id_vars="subject", var_name="time", value_name="concentration")
    return long.astype({"time": float}).sort_values(["subject", "time"], ignore_index=True)


@pytest.mark.parametrize("method", ["linear", "linear-up log-down"])
@pytest.mark.parametrize("route", ["bolus", "infusion"])
def test_indomethacin_into_a_vein(root, indometh, route, method):
    expected = pd.read_csv(root / "tests/reference/winnonlin_indometh.csv", comment="#")
    expected = expected[(expected["route"] == route) & (expected["method"] == method)]
    doses = pd.DataFrame({"subject": indometh["subject"].unique(), "time": 0.0, "dose": 25, "duration": 0.25})
    rows = nca(indometh, doses, route=route, method=method)
    values = expected.set_index("Subject").drop(columns=["route", "method"]).dropna(axis=1)
    long = values.stack().rename("expected").rename_axis(["subject", "name"]).reset_index()
    long["parameter"] = [code_of(name, route) for name in long["name"]]
    found = long.merge(rows, on=["subject", "parameter"], validate="1:1")
    assert len(found) == {"bolus": 38, "infusion": 35}[route] * 6
    np.testing.assert_allclose(found["value"], found["expected"], rtol=5e-10)


@pytest.fixture(scope="module")
def theoph(root):
    folder = root.parent / "shared/data/pk_theoph"
    if not folder.is_dir():
        pytest.skip("the theophylline data aren't beside the repository (../shared/data/pk_theoph)")
    names = {"time_h": "time", "conc_mg_L": "concentration"}
    data = pd.read_csv(folder / "theoph_concentrations.csv").rename(columns=names)
    return data, pd.read_csv(folder / "theoph_expected_nca.csv", keep_default_na=False)


def test_all_816_values_of_theophylline(theoph):
    data, expected = theoph
    doses = pd.DataFrame({"subject": data["subject"].unique(), "time": 0.0, "dose": 320.0})
    methods = {"Theoph_Linear": "linear", "Theoph_Log": "linear-up log-down"}
    runs = [
        nca(data, doses, route="extravascular", method=method).assign(analysis=name)
        for name, method in methods.items()
    ]
    expected["parameter"] = [code_of(name, "extravascular") for name in expected["winnonlin_parameter"]]
    keys = ["analysis", "subject", "parameter"]
    found = expected.merge(pd.concat(runs), on=keys, validate="1:1")
    assert len(found) == len(expected) == 816
    wanted, tolerance = (found[name].to_numpy("float64") for name in ("expected_value", "relative_tolerance"))
    assert (np.abs(found["value"] - wanted) <= tolerance * np.abs(wanted)).all()
    # far nearer than the tolerance asks for: as many digits as are printed
    np.testing.assert_allclose(found["value"], wanted, rtol=1e-8)


def test_partial_areas_of_indomethacin_are_those_of_noncompart(root, indometh):
    expected = pd.read_csv(root / "tests/reference/noncompart.csv")
    doses = pd.DataFrame({"subject": indometh["subject"].unique(), "time": 0.0, "dose": 25, "duration": 0.25})
    for (route, method), part in expected.groupby(["route", "method"]):
        rows = nca(indometh, doses, route=route, method=method, partial=[(0, 12), (1, 6), (0, 24)])
        names = [f"AUCINT {start:g}-{end:g}" for start, end in zip(part["start"], part["end"], strict=True)]
        found = rows.set_index(["subject", "parameter"])["value"]
        keys = list(zip(part["subject"], names, strict=True))
        np.testing.assert_allclose(found.loc[keys], part["value"], rtol=1e-10)
