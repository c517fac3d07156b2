"""Concentrations in time against infusion 1, who is in the set, and the study's rules on parameters."""

import numpy as np
import pandas as pd
import pytest

from csrkit.absence import absent_domain
from itpcsr.adam.datasets import Datasets
from itpcsr.sdtm import Trial
from tests import small

DOSED = "2020-03-10T10:00"
ENDED = "2020-03-10T11:00"


def infusions(*subjects, start=DOSED, end=ENDED):
    frame = small.ex(*subjects).assign(EXDOSU="10^6 CELLS/KG")
    first = frame["EXSEQ"] == 1
    frame.loc[first, "EXSTDTC"], frame.loc[first, "EXENDTC"] = start, end
    return frame


def pc(results, subject="01", **columns):
    """Return PC of one subject: nominal hour to result; samples are taken a minute late."""
    hours = list(results)
    taken = [
        pd.Timestamp(DOSED if hour < 0 else ENDED) + pd.Timedelta(hours=hour, minutes=1) for hour in hours
    ]
    texts = [str(result) for result in results.values()]
    frame = pd.DataFrame(
        {
            "STUDYID": "T", "DOMAIN": "PC", "USUBJID": subject, "PCSEQ": np.arange(1.0, len(hours) + 1),
            "PCTESTCD": "MSC", "PCTEST": "Cells", "PCSTRESC": texts, "PCSTRESN": pd.to_numeric(texts, errors="coerce"),
            "PCSTRESU": "CELLS/ML", "PCLLOQ": 120.0, "PCTPTNUM": hours,
            "PCDTC": [moment.isoformat()[:16] for moment in taken],
        }
    )  # fmt: skip
    return frame.assign(**columns)


FALLING = {-0.5: "<120", 0.5: 1600, 1: 800, 2: 400, 4: 200, 8: "<120", 24: "<120"}


def datasets(study, concentrations, ex=None, dm=None):
    domains = {"DM": small.dm(("01", "ESC05")) if dm is None else dm, "PC": concentrations}
    return Datasets(Trial({**domains, "EX": infusions("01") if ex is None else ex}), study)


def values(adpp, column="AVAL"):
    return adpp.set_index("PARAMCD")[column]


def test_times_count_from_start_and_end_of_infusion_1(study):
    adpc = datasets(study, pc(FALLING))["adpc"]
    assert adpc["BLQFL"].to_list() == ["Y", "N", "N", "N", "N", "Y", "Y"]
    assert adpc["AVAL"].to_list()[1:5] == [1600, 800, 400, 200]
    np.testing.assert_allclose(adpc["AFRLT"][:3], [-0.5 + 1 / 60, 1.5 + 1 / 60, 2 + 1 / 60])
    np.testing.assert_allclose(adpc["AERLT"][1:3], [0.5 + 1 / 60, 1 + 1 / 60])
    np.testing.assert_allclose(adpc["TDEV"], 1 / 60)
    assert (adpc["ANL01FL"] == "Y").all()
    assert set(adpc["DUR1"]) == {1.0}
    assert set(adpc["DOSE1"]) == {0.5}


def test_parameters_of_a_curve_that_falls_by_half(study):
    adpp = datasets(study, pc(FALLING))["adpp"]
    found = values(adpp)
    assert found["NQUANT"] == 4
    assert (found["CMAX"], found["CMAXD"]) == (1600, 3200)
    assert found["TMAX"] == pytest.approx(1.5 + 1 / 60)
    # between 1, 2 and 4 h after the maximum the last three points don't lie on one line
    slope, _ = np.polyfit([1, 2, 4], np.log([800, 400, 200]), 1)
    assert found["LAMZ"] == pytest.approx(-slope)
    rise = 1600 * (1.5 + 1 / 60) / 2
    falls = 800 / np.log(2) * 0.5 + 400 / np.log(2) + 200 / np.log(2) * 2
    assert found["AUCLST"] == pytest.approx(rise + falls)
    assert found["AUC0_24"] == found["AUCALL"] == pytest.approx(rise + falls + 200 * 4 / 2)


@pytest.mark.parametrize(
    ("results", "code", "reason"),
    [
        ({**FALLING, 2: "<120", 4: "<120"}, "AUC0_24", "fewer than 3 quantified concentrations"),
        ({**FALLING, 4: "<120"}, "LAMZHL", "fewer than 3 quantified concentrations for the terminal slope"),
        ({**FALLING, 4: 390}, "LAMZHL", "adjusted R² of the terminal slope below 0.8"),
        (dict.fromkeys(FALLING, "<120"), "CMAX", "no concentration above the limit of quantification"),
        ({0.5: 1600, 1: 500, 2: 450, 4: 430}, "AUC0_24", "adjusted R² of the terminal slope below 0.8"),
    ],
)
def test_rules_of_the_study_say_why_there_is_no_value(study, results, code, reason):
    adpp = datasets(study, pc(results))["adpp"]
    assert values(adpp, "PPREASND")[code] == reason
    assert np.isnan(values(adpp)[code])
    assert (adpp["AVAL"].isna() == (adpp["PPREASND"] != "")).all()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"PCDTC": "2020-03-10"}, "no time of day of the sample"),
        ({"PCSTRESC": "", "PCSTRESN": np.nan}, "no result"),
        ({"PCSTRESN": -1.0, "PCSTRESC": "-1"}, "negative result"),
        ({"PCDTC": "2020-03-17T12:00"}, "taken after the start of infusion 2"),
        ({"PCSTRESU": "CELLS/UL"}, "not in the unit of the others"),
        ({"PCDTC": "2020-03-10T11:31"}, "another sample at the same time"),
    ],
)
def test_a_sample_that_cannot_be_analysed_stays_with_its_reason(study, damage, reason):
    table = pc(FALLING)
    for name, value in damage.items():
        table.loc[3, name] = value
    adpc = datasets(study, table)["adpc"]
    assert adpc.loc[adpc["PCSEQ"] == 4, "ANL01RS"].item() == reason
    assert (adpc["ANL01FL"] == "Y").sum() == 6


@pytest.mark.parametrize("text", ["<120", "BLQ", "<LLOQ", "Not detected", "0"])
def test_spellings_of_below_the_limit(study, text):
    adpc = datasets(study, pc({0.5: text, 1: 800}))["adpc"]
    assert adpc["BLQFL"].to_list() == ["Y", "N"]


def test_who_is_in_the_set_and_why_not(study):
    names = ["01", "02", "03", "04", "05", "06"]
    dm = small.dm(*((name, "ESC05") for name in names))
    dm.loc[1, "SEX"], dm.loc[4, "SEX"] = "M", ""
    tables = [pc(FALLING, "01"), pc(FALLING, "02"), pc({-0.5: "<120"}, "04"), pc(FALLING, "05")]
    adsl = datasets(study, pd.concat(tables), infusions(*names[:5]), dm)["adsl"].set_index("USUBJID")
    assert adsl["PKREAS"].to_dict() == {
        "01": "", "02": "SEX NOT SAMPLED", "03": "NO SAMPLE", "04": "NO USABLE SAMPLE", "05": "",
        "06": "NOT TREATED",
    }  # fmt: skip
    assert adsl["PKFL"].to_list() == ["Y", "N", "N", "N", "Y", "N"]


def test_without_the_time_of_the_infusion_nothing_can_be_analysed(study):
    found = datasets(study, pc(FALLING), small.ex("01"))
    assert set(found["adpc"]["ANL01RS"]) == {"no time of day of infusion 1"}
    assert found["adpp"].empty


def test_without_the_end_of_the_infusion_only_the_mean_time_is_lost(study):
    found = datasets(study, pc(FALLING), infusions("01", end=""))
    reasons = values(found["adpp"], "PPREASND")
    assert reasons["MRTICLST"] == "the duration of the infusion is not known"
    assert reasons["AUC0_24"] == ""


def test_a_trial_without_concentrations_has_empty_datasets(study):
    found = Datasets(Trial({"DM": small.dm(("01", "ESC05")), "EX": small.ex("01")}), study)
    assert found["adpc"].empty
    assert found["adpp"].empty
    assert absent_domain(found["adpc"]) == "PC"
    assert found["adsl"]["PKREAS"].item() == "NO SAMPLE"


def test_the_simulated_trial(demo):
    adsl, adpc, adpp = demo["adsl"], demo["adpc"], demo["adpp"]
    assert len(adpc) == 148
    assert (adsl["PKFL"] == "Y").sum() == 15
    assert set(adsl.loc[adsl["PKFL"] == "Y", "SEX"]) == {"F"}
    assert adpp["USUBJID"].nunique() == 15
    assert (adpp["AVAL"].isna() == (adpp["PPREASND"] != "")).all()
