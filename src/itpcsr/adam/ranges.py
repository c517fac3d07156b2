"""Values against their normal range: status, status by thresholds, and the most deviating record."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import constant, exceeds, span_of, stand_in
from csrkit.sdtm.labels import fold
from itpcsr.study import Laboratory

_STATUS = ("LOW", "NORMAL", "HIGH")


def add_ranges(adlb: pd.DataFrame, recorded: pd.Series, rules: Laboratory) -> pd.DataFrame:
    """Add ANRIND and LIMIND, the status of each value, and BNRIND and BLIMIND, that of its baseline.

    ANRIND is LOW, NORMAL or HIGH as recorded (``recorded``, LBNRIND), else by the limits of the normal range;
    "" without either, and where a limit (``<5``) doesn't decide. LIMIND is the same by the thresholds of the
    study, which are multiples of these limits: LOW below ``threshold_low_factor`` times ANRLO, HIGH above
    ``threshold_high_factor`` times ANRHI.
    """
    adlb = adlb.copy()
    low, high = adlb["ANRLO"], adlb["ANRHI"]
    status = fold(recorded)
    adlb["ANRIND"] = status.where(status.isin(_STATUS), _status(adlb, low, high)).astype("str")
    adlb["LIMIND"] = _status(adlb, low * rules.threshold_low_factor, high * rules.threshold_high_factor)
    keys, names = ["USUBJID", "PARAMCD"], {"ANRIND": "BNRIND", "LIMIND": "BLIMIND"}
    base = adlb.loc[adlb["ABLFL"] == "Y", [*keys, *names]].rename(columns=names)
    adlb = adlb.merge(base, on=keys, how="left", validate="m:1")
    for name in names.values():
        adlb[name] = adlb[name].fillna("").astype("str")
    return adlb


def _status(adlb: pd.DataFrame, low: pd.Series, high: pd.Series) -> pd.Series:
    """LOW, NORMAL or HIGH; a limit that is missing bounds nothing; "" where both or the value are.

    "" as well where the value is only known to lie beyond a number (``<5``) that doesn't decide.
    """
    value = span_of(adlb)
    below, may_be_below = exceeds(constant(low, len(adlb)), value, equal=False)
    above, may_be_above = exceeds(value, constant(high, len(adlb)), equal=False)
    normal = value.known.to_numpy() & ~may_be_below & ~may_be_above
    states = np.select([below, above, normal], ["LOW", "HIGH", "NORMAL"], "")
    known = (low.notna() | high.notna()).to_numpy()
    return pd.Series(np.where(known, states, ""), index=adlb.index, dtype="str")


def flag_most_deviating(adlb: pd.DataFrame, rules: Laboratory) -> pd.Series:
    """Return Y for the one record of each subject and parameter that deviates most after baseline.

    That is the value farthest from the middle between the two thresholds, among the planned visits after
    baseline (up to ``laboratory_end_week`` where there is one), the first of equally far ones. Where one
    threshold is missing the distance beyond the other decides. A limit (``>2000``) deviates as its number,
    where it decides the status (LIMIND).
    """
    value = stand_in(adlb)
    low, high = adlb["ANRLO"] * rules.threshold_low_factor, adlb["ANRHI"] * rules.threshold_high_factor
    above, below = value - low, high - value
    deviation = above.where(above >= below, below)
    deviation = deviation.mask(high.isna(), low - value).mask(low.isna(), value - high)
    last = rules.laboratory_end_week or np.inf
    planned = (adlb["ANL01FL"] == "Y") & adlb["AVISITN"].between(1, last) & deviation.notna()
    planned &= adlb["AVAL"].notna() | (adlb["LIMIND"] != "")
    # 12 digits: the same deviation from two sides need not have the same binary form
    keys = ["USUBJID", "PARAMCD"]
    ranked = adlb.loc[planned, [*keys, "AVISITN"]].assign(
        deviation=deviation[planned].map(lambda value: float(f"{value:.12g}"))
    )
    most = ranked.sort_values([*keys, "deviation", "AVISITN"], ascending=[True, True, False, True])
    return pd.Series("", index=adlb.index, dtype="str").mask(
        adlb.index.isin(most.drop_duplicates(keys).index), "Y"
    )
