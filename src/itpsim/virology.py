"""MB: tests for viruses and syphilis before treatment and after it."""

from __future__ import annotations

import pandas as pd

from itpcsr.study import Study
from itpsim.findings import NEGATIVE, by_test, collected
from itpsim.laboratory import flag_baseline

# MBTESTCD to MBTEST and specimen. HBSAG and HBDNA are CDISC terms of MBTESTCD; HCAB, HIV12AB and TPLAB extend
# that list, because CDISC moved antibodies against microbes from MB to IS.
_TESTS = {
    "HBSAG": ("Hepatitis B Virus Surface Antigen", "SERUM"),
    "HBDNA": ("Hepatitis B Virus DNA", "PLASMA"),
    "HCAB": ("Hepatitis C Virus Antibody", "SERUM"),
    "HIV12AB": ("HIV-1/2 Antibody", "SERUM"),
    "TPLAB": ("Treponema pallidum Antibody", "SERUM"),
}


def make_mb(people: pd.DataFrame, samples: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the rows of MB: every test at screening and in the weeks planned, all negative.

    There is no row where the visit didn't take place. A test without a name here keeps its code as its name.
    """
    weeks = {1.0 + 7 * week for week in study.sampling.virus_weeks}
    planned = (samples["VISIT"] == "SCREENING") | samples["VISITDY"].isin(weeks)
    taken = collected("MB", people, samples[planned].reset_index(drop=True))
    codes = study.sampling.virus_tests
    names, specimens = ([_TESTS.get(code, (code, "SERUM"))[part] for code in codes] for part in (0, 1))
    rows = by_test(taken, {"MBTESTCD": codes, "MBTEST": names, "MBSPEC": specimens})
    rows = rows.assign(MBCAT="VIROLOGY", MBORRES=NEGATIVE, MBSTRESC=NEGATIVE)
    return flag_baseline(rows, people, "MB")
