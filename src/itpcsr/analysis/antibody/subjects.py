"""One record per treated subject: antibodies beside response, safety and exposure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.absence import is_absent


def describe_subjects(
    adsl: pd.DataFrame,
    adab: pd.DataFrame,
    adrs: pd.DataFrame,
    adae: pd.DataFrame,
    adpp: pd.DataFrame,
) -> pd.DataFrame:
    """Join what the relations and the joint view read, one record per treated subject.

    Returns
    -------
    DataFrame
        USUBJID, SAFARMCD, TRT01A; STATUS of all antibodies against HLA or the donor ("" where not
        evaluable) and POSFL (Y, N or "": positive in any sample); AUTOFL (Y, N or "": any autoantibody at
        baseline); RESPONSE (CR, R, NR, NE, "" where none is defined); TEAEN, SERN and REACTN, the number of
        treatment-emergent and serious events and of infusion reactions (NaN without adverse event data);
        CMAX (of ADPP, NaN where there is none).
    """
    subjects = adsl.loc[adsl["SAFFL"] == "Y", ["USUBJID", "SAFARMCD", "TRT01A"]].reset_index(drop=True)
    name = subjects["USUBJID"]
    union = adab[(adab["PARAMCD"] == "ANY") & (adab["TESTFL"] == "Y")].set_index("USUBJID")
    positive = (union["BASEC"] == "POSITIVE") | (union["POSTC"] == "POSITIVE")
    auto = adab.drop_duplicates("USUBJID").set_index("USUBJID")["AUTOFL"]
    best = adrs[adrs["PARAMCD"] == "BOR"].set_index("USUBJID")["AVALC"]
    emergent = adae[adae["TRTEMFL"] == "Y"]
    events = {
        "TEAEN": emergent,
        "SERN": emergent[emergent["SERFL"] == "Y"],
        "REACTN": emergent[emergent["INFRFL"] == "Y"],
    }
    known = 1.0 if not is_absent(adae, "AE") else np.nan
    counts = {
        key: part.groupby("USUBJID").size().reindex(name).fillna(0).to_numpy("float64") * known
        for key, part in events.items()
    }
    peaks = adpp[adpp["PARAMCD"] == "CMAX"].set_index("USUBJID")["AVAL"]
    return subjects.assign(
        STATUS=_text(union["STATUS"], name),
        POSFL=_text(positive.map({True: "Y", False: "N"}), name),
        AUTOFL=_text(auto, name),
        RESPONSE=_text(best, name),
        **counts,
        CMAX=peaks.reindex(name).to_numpy("float64"),
    )


def _text(values: pd.Series, subjects: pd.Series) -> pd.Series:
    found = values.reindex(subjects).fillna("")
    return pd.Series(found.to_numpy(), index=subjects.index, dtype="str")
