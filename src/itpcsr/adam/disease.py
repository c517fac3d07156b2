"""Tell events of the disease studied from others, and whether they were worse than before treatment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csrkit.limits import stand_in
from csrkit.sdtm.labels import fold_label
from csrkit.sdtm.spelling import term_key
from itpcsr.adam.domains import look_up
from itpcsr.adam.flags import yes_no
from itpcsr.study import Study

# CTCAE v5.0, platelet count decreased: grade 2 below 75, 3 below 50, 4 below 25 (10^9/L).
_PLATELET_LIMITS, _PLATELET_GRADES = [25, 50, 75], np.array([4.0, 3.0, 2.0, 0.0])


def add_disease(adae: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Add DISFL, BTOXGRN and WORSFL to ADAE.

    DISFL: the preferred term is one of the study's ``disease_terms`` (Y or N). BTOXGRN, for these: the
    grade before treatment, which is that of the platelet count at baseline (ADSL.BPLAT) for
    ``platelet_terms``, else the highest grade of the same term among the subject's events that aren't
    treatment-emergent, 0 where there is none. WORSFL: the grade is higher than BTOXGRN; an event or a
    baseline without grade counts as worse (Y), since the opposite can't be shown. Empty for other events.
    """
    term = term_key(adae["AEDECOD"])
    disease = term.isin([fold_label(name) for name in study.safety.disease_terms])
    of_platelets = term.isin([fold_label(name) for name in study.safety.platelet_terms])
    before = _highest_before(adae, term)
    if "BPLAT" in adsl:
        # of a baseline only known as "<10" the number: its grade is that or a higher one
        counts = look_up(stand_in(adsl.set_index("USUBJID"), "BPLAT", "BPLATC"), adae["USUBJID"])
        before = before.mask(of_platelets, platelet_grade(counts))
    grades = before.where(disease)
    worse = yes_no(~(adae["ASEVN"] <= grades))
    return adae.assign(DISFL=yes_no(disease), BTOXGRN=grades, WORSFL=worse.where(disease, ""))


def platelet_grade(counts: pd.Series) -> pd.Series:
    """Return the CTCAE v5.0 grade of platelet counts in 10^9/L, NaN for no count.

    Grade 1 reaches from 75 to the laboratory's lower limit of normal, which isn't known here: it is
    returned as 0, so that a fall from there counts as worse.
    """
    grades = _PLATELET_GRADES[np.searchsorted(_PLATELET_LIMITS, counts.fillna(0), side="right")]
    return pd.Series(grades, index=counts.index).where(counts.notna())


def _highest_before(adae: pd.DataFrame, term: pd.Series) -> pd.Series:
    """Highest grade of the subject's earlier events of the same term: 0 without one, NaN ungraded."""
    keys = pd.DataFrame({"USUBJID": adae["USUBJID"], "TERM": term})
    rows = keys.assign(GRADE=adae["ASEVN"])[adae["TRTEMFL"] == "N"]
    highest = rows.groupby(["USUBJID", "TERM"])["GRADE"].agg(["max", "size"])
    found = highest.reindex(pd.MultiIndex.from_frame(keys)).set_axis(adae.index)
    return found["max"].mask(found["size"].isna(), 0.0)
