"""Positive before against positive after, in the same subjects: the exact test of McNemar."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.rows import absent_rows, make_rows
from csrkit.stats.fewest import FEWEST_FOR_TEST, TOO_FEW
from csrkit.stats.mcnemar import EXACT, MID_P, NO_CHANGE, mcnemar_exact
from itpcsr.analysis.antibody.presence import missing_antibodies
from itpcsr.study import Study

DISPLAY = "tbl-antibody-paired"


def analyse_paired(adsl: pd.DataFrame, adab: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Set the last sample against baseline for each antibody, in all treated subjects together.

    ``level`` is PARAMCD, ``group`` the study's last column. Statistics of ``analysis`` change: pairs,
    neither, gained (negative, then positive), lost, both, p_value and mid_p. There is no test with 3
    pairs or fewer, and none where nobody changed.
    """
    named = study.antibody.antibody_tests
    kinds = list(dict.fromkeys(test.kind for test in named)) or ["donor"]
    sentences = [missing_antibodies(adab, study, kind) for kind in kinds]
    if all(sentences):
        return absent_rows(DISPLAY, sentences[0])
    column = study.design.columns[-1]
    arms = adsl.loc[adsl["SAFARMCD"].isin(column.arms), "USUBJID"]
    pairs = adab[(adab["EVALFL"] == "Y") & adab["USUBJID"].isin(arms)]
    parts = [_change(pairs[pairs["PARAMCD"] == test.code]).assign(level=test.code) for test in named]
    return make_rows(
        pd.concat(parts, ignore_index=True),
        display=DISPLAY,
        analysis="change",
        group=column.key,
        population="safety set",
        dataset="ADAB",
    )


def _change(pairs: pd.DataFrame) -> pd.DataFrame:
    before, after = pairs["BASEC"] == "POSITIVE", pairs["LASTC"] == "POSITIVE"
    counts = {
        "pairs": len(pairs),
        "neither": int((~before & ~after).sum()),
        "gained": int((~before & after).sum()),
        "lost": int((before & ~after).sum()),
        "both": int((before & after).sum()),
    }
    exact, mid = mcnemar_exact(counts["gained"], counts["lost"])
    reason = TOO_FEW if len(pairs) < FEWEST_FOR_TEST else NO_CHANGE if np.isnan(exact) else ""
    tests = [np.nan, np.nan] if reason else [exact, mid]
    return pd.DataFrame(
        {
            "statistic": [*counts, "p_value", "mid_p"],
            "value": [*map(float, counts.values()), *tests],
            "unit": ["subjects"] * len(counts) + ["", ""],
            "method": [""] * len(counts) + [EXACT, MID_P],
            "reason": [""] * len(counts) + [reason] * 2,
        }
    )
