"""Poor concentrations go through the notebook's own cells: a value, a reason or a sentence, never a crash."""

import pandas as pd
import pytest

from itpcsr.sdtm import Trial
from tests.damage import both, drop, empty, every, keep, nothing, strip, where
from tests.faults.chain import analyse

pytestmark = pytest.mark.build


def twice(domains):
    domains["PC"] = pd.concat([domains["PC"], domains["PC"].assign(PCSEQ=domains["PC"]["PCSEQ"] + 100)])


# id, damage, a reason that some result row gives
CASES = [
    ("nothing wrong", nothing, "fewer than 3 quantified concentrations"),
    ("no domain", drop("PC"), "domain PC"),
    ("no samples", empty("PC"), "No subject has a concentration after the start of infusion 1"),
    ("nobody treated", empty("EX"), "No subject was treated."),
    ("another test", every("PC", PCTESTCD="XAN"), "hold no concentration that the study asks for"),
    ("no times of samples", every("PC", PCDTC="2020-03-10"), "No subject has a concentration"),
    ("no end of infusions", every("EX", EXENDTC=""), "fewer than 3 quantified concentrations"),
    ("no dose", every("EX", EXDOSE=float("nan")), "fewer than 3 values"),
    ("nothing quantified", every("PC", PCSTRESC="<120", PCSTRESN=float("nan")), "all samples are below the limit"),
    ("everything quantified", every("PC", PCSTRESC="500", PCSTRESN=500.0), "concentrations do not fall"),
    ("every sample twice", twice, "fewer than 3 quantified concentrations"),
    ("one sample each", keep("PC", "PCTPTNUM == 0.5"), "no samples at this time"),
    ("no nominal times", both(strip("PC", "PCTPTNUM"), strip("PC", "PCTPT")), "no samples at this time"),
    ("no limits", strip("PC", "PCLLOQ"), "fewer than 3 quantified concentrations"),
    ("two units", where("PC", "USUBJID", "SIM-004", PCSTRESU="CELLS/UL"), "fewer than 3 values"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_poor_concentrations_go_through_the_notebook(cohort, short_study, damage, reason):
    domains = dict(cohort.domains)
    damage(domains)
    rows = analyse(Trial(domains), short_study, ["40-pharmacokinetics"])
    assert (rows["value"].notna() | (rows["reason"] != "")).all()
    assert reason in "\n".join(rows["reason"])
