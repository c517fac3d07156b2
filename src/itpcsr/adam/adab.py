"""ADAB: what became of each antibody in each subject: induced, boosted, unchanged; transient, persistent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from itpcsr.adam.domains import look_up
from itpcsr.adam.flags import yes_no
from itpcsr.study import Study

ANY = "ANY"  # PARAMCD of all antibodies against HLA or the donor together
ANY_LABEL = "Any against HLA or donor"
NOT_PLANNED = "no sample planned"
NO_SAMPLE = "no result at all"
NO_BASELINE = "no result before treatment"
NO_LATER = "no result after treatment began"
_KEYS = ["USUBJID", "PARAMCD"]
# From what says most to what says least: the status of ANY is the first that one of its antibodies has.
STATUSES = ("INDUCED", "BOOSTED", "UNKNOWN", "UNCHANGED", "NEGATIVE")
_ROUNDING = 1e-9  # a rise of just the factor counts, whatever its binary form


def derive_adab(adis: pd.DataFrame, adsl: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Derive one record per treated subject and antibody, and one for all against HLA or the donor (ANY).

    Added to the variables of ``classify_antibodies``: PARAM, PARCAT1; PLANFL (N where the study samples
    only the first subjects treated and this isn't one of them); TESTFL (Y with any result); EVALFL (Y with a
    result before and one after treatment began); REASON, why not; AUTOFL (Y or N in all records of a subject:
    any autoantibody positive at baseline; "" where none has a result there). ANY is evaluable where one of
    its antibodies is. A subject who had one antibody before and gets another counts as INDUCED there; its
    onset is the earliest, its duration the longest of them.
    """
    rules = study.antibody
    treated = adsl.loc[adsl["SAFFL"] == "Y"].sort_values(["TRTSDT", "TRTSDTM", "USUBJID"])
    tests = pd.DataFrame(
        [(test.code, test.label, test.kind) for test in rules.antibody_tests],
        columns=["PARAMCD", "PARAM", "PARCAT1"],
        dtype="str",
    )
    adab = treated[["STUDYID", "USUBJID"]].merge(tests, how="cross")
    donor = adis["PARCAT1"] == "donor"
    # the ratio of an autoantibody is no titre, so that no rise of it counts
    parts = [
        classify_antibodies(adis[chosen], factor, rules.persistence_weeks)
        for chosen, factor in ((donor, rules.boost_factor), (~donor, np.inf))
    ]
    found = pd.concat(parts, ignore_index=True)
    adab = adab.merge(found, on=_KEYS, how="left", validate="1:1")
    text = ["BASEC", "BASESGN", "POSTC", "LASTC", "PEAKSGN", "STATUS", "PERSIST"]
    adab[text] = adab[text].fillna("").astype("str")
    adab = pd.concat([adab, _any_of(adab)], ignore_index=True) if len(adab) else adab
    limit = study.sampling.antibody_subjects
    first = treated["USUBJID"].head(len(treated) if limit is None else limit)
    planned = adab["USUBJID"].isin(first) | (adab["PARCAT1"] != "donor")
    return _add_sets(adab, planned).sort_values(["USUBJID", "PARCAT1"], kind="stable", ignore_index=True)


def classify_antibodies(samples: pd.DataFrame, boost_factor: float, persistence_weeks: int) -> pd.DataFrame:
    """Classify each subject and antibody by its samples, any number of them (after Shankar 2014).

    Parameters
    ----------
    samples
        USUBJID, PARAMCD, AVALCAT1 (POSITIVE, NEGATIVE, "" for no result), AVAL (titre of a positive sample on
        the scale of dilutions, NaN for none), AVALSGN (``<``, ``>`` or ""), ARELDY (days from the first
        dose), AFTERFL and ABLFL (Y or not).
    boost_factor
        Rise of the titre over baseline, as a multiple, from which an antibody counts as boosted.
    persistence_weeks
        Weeks between the first and the last positive sample from which an antibody counts as persistent.

    Returns
    -------
    DataFrame
        One row per subject and antibody with any result. BASEC, BASE, BASESGN at baseline; POSTC (POSITIVE
        where any later sample is), LASTC (the last sample); NPOST; PEAK, PEAKSGN (highest later titre), FOLD
        (PEAK over BASE). STATUS, empty without baseline or later result: NEGATIVE; INDUCED (negative, later
        positive); for those positive at baseline BOOSTED (a titre risen by the factor), UNCHANGED (no such
        rise, or negative later), UNKNOWN (positive later, but a titre is missing or beyond the highest
        dilution, so that a rise can't be told). For INDUCED and BOOSTED: ONSETW, weeks from the first dose
        to the first sample that shows it; DURW, weeks from there to the last, both days included. PERSIST
        for INDUCED: PERSISTENT (positive in the last sample, or over ``persistence_weeks``), TRANSIENT, or
        NOT ASSESSABLE with a single sample after treatment began.

    Shankar counts a missing baseline as negative; here such a subject isn't evaluable, since an antibody
    that was there before can't be told from an induced one.
    """
    known = samples[samples["AVALCAT1"] != ""].sort_values([*_KEYS, "ARELDY"], kind="stable")
    names = {"AVALCAT1": "BASEC", "AVAL": "BASE", "AVALSGN": "BASESGN"}
    base = known.loc[known["ABLFL"] == "Y", [*_KEYS, *names]].rename(columns=names)
    later = known[(known["AFTERFL"] == "Y") & (known["ABLFL"] != "Y")].merge(base, on=_KEYS, how="left")
    later = _add_rise(later, boost_factor)
    found = known[_KEYS].drop_duplicates(ignore_index=True)
    for part in (base, _later_results(later), _peaks(later), _emergence(later)):
        found = found.merge(part, on=_KEYS, how="left", validate="1:1")
    found["NPOST"] = found["NPOST"].fillna(0.0)
    text = ["BASEC", "BASESGN", "POSTC", "LASTC", "PEAKSGN"]
    found[text] = found[text].fillna("").astype("str")
    found["FOLD"] = found["PEAK"] / found["BASE"]
    found["STATUS"] = _status(found)
    found["PERSIST"] = _persistence(found, persistence_weeks)
    emergent = found["STATUS"].isin(["INDUCED", "BOOSTED"])
    for name in ("ONSETW", "DURW"):
        found[name] = found[name].where(emergent)
    return found.drop(columns=["ROSE", "UNSURE", "SPANW"])


def _add_rise(later: pd.DataFrame, factor: float) -> pd.DataFrame:
    """Add to each later sample whether it is positive, risen by the factor, or neither can be told."""
    positive = later["AVALCAT1"] == "POSITIVE"
    both = positive & (later["BASEC"] == "POSITIVE")
    ratio = later["AVAL"] / later["BASE"]
    # a titre above the highest dilution could be any higher one: the rise has a lower or an upper bound only
    lowest = ratio.mask(later["BASESGN"] == ">", 0.0)
    highest = ratio.mask(later["AVALSGN"] == ">", np.inf)
    needed = factor * (1 - _ROUNDING)
    rose = both & (lowest >= needed)
    return later.assign(
        positive=positive,
        rose=rose,
        unsure=both & ~rose & ~(highest < needed),
        emergent=rose | (positive & (later["BASEC"] == "NEGATIVE")),
    )


def _later_results(later: pd.DataFrame) -> pd.DataFrame:
    groups = later.groupby(_KEYS, sort=False)
    found = groups.agg(
        any_positive=("positive", "max"),
        LASTC=("AVALCAT1", "last"),
        NPOST=("AVALCAT1", "size"),
        ROSE=("rose", "max"),
        UNSURE=("unsure", "max"),
    )
    found["POSTC"] = np.where(found["any_positive"].astype(bool), "POSITIVE", "NEGATIVE")
    return found.drop(columns="any_positive").reset_index()


def _peaks(later: pd.DataFrame) -> pd.DataFrame:
    """Return the highest later titre; of two alike one beyond the highest dilution."""
    with_titre = later[later["AVAL"].notna()].assign(beyond=later["AVALSGN"] == ">")
    highest = with_titre.sort_values([*_KEYS, "AVAL", "beyond"]).drop_duplicates(_KEYS, keep="last")
    return highest[[*_KEYS, "AVAL", "AVALSGN"]].rename(columns={"AVAL": "PEAK", "AVALSGN": "PEAKSGN"})


def _emergence(later: pd.DataFrame) -> pd.DataFrame:
    days = later[later["emergent"]].groupby(_KEYS, sort=False)["ARELDY"].agg(["min", "max"])
    span = days["max"] - days["min"]
    weeks = pd.DataFrame({"ONSETW": days["min"] / 7, "DURW": (span + 1) / 7, "SPANW": span / 7})
    return weeks.reset_index()


def _status(found: pd.DataFrame) -> pd.Series:
    negative, positive = found["BASEC"] == "NEGATIVE", found["BASEC"] == "POSITIVE"
    later = found["NPOST"] > 0
    kinds = [
        negative & (found["POSTC"] == "POSITIVE"),
        positive & found["ROSE"].eq(True),  # missing where there is no later sample
        positive & found["UNSURE"].eq(True),
        positive & later,
        negative & later,
    ]
    return pd.Series(np.select(kinds, STATUSES, default=""), index=found.index, dtype="str")


def _persistence(found: pd.DataFrame, weeks: int) -> pd.Series:
    induced = found["STATUS"] == "INDUCED"
    lasting = (found["LASTC"] == "POSITIVE") | (found["SPANW"] >= weeks)
    kinds = [~induced, found["NPOST"] < 2, lasting]
    return pd.Series(
        np.select(kinds, ["", "NOT ASSESSABLE", "PERSISTENT"], default="TRANSIENT"),
        index=found.index,
        dtype="str",
    )


def _any_of(adab: pd.DataFrame) -> pd.DataFrame:
    """Return the record of ANY for each subject, from those of the antibodies against HLA or the donor."""
    donor = adab[adab["PARCAT1"] == "donor"]
    groups = donor.groupby(["STUDYID", "USUBJID"], sort=False)
    parts = {}
    for name, order in (
        ("STATUS", STATUSES),
        ("BASEC", ("POSITIVE", "NEGATIVE")),
        ("POSTC", ("POSITIVE", "NEGATIVE")),
        ("LASTC", ("POSITIVE", "NEGATIVE")),
        ("PERSIST", ("PERSISTENT", "TRANSIENT", "NOT ASSESSABLE")),
    ):
        ranks = donor[name].map({value: rank for rank, value in enumerate(order)}).fillna(len(order))
        best = ranks.groupby([donor["STUDYID"], donor["USUBJID"]], sort=False).min().astype("int64")
        parts[name] = best.map(dict(enumerate((*order, ""))))
    parts["NPOST"] = groups["NPOST"].max()
    parts["ONSETW"] = groups["ONSETW"].min()
    parts["DURW"] = groups["DURW"].max()
    found = pd.DataFrame(parts).reset_index().assign(PARAMCD=ANY, PARAM=ANY_LABEL, PARCAT1="donor")
    return found.assign(BASESGN="", PEAKSGN="").reindex(columns=adab.columns)


def _add_sets(adab: pd.DataFrame, planned: pd.Series) -> pd.DataFrame:
    tested, evaluable = (adab["BASEC"] != "") | (adab["NPOST"] > 0), adab["STATUS"] != ""
    reasons = np.select(
        [evaluable, tested & (adab["BASEC"] == ""), tested, planned],
        ["", NO_BASELINE, NO_LATER, NO_SAMPLE],
        default=NOT_PLANNED,
    )
    return adab.assign(
        PLANFL=yes_no(planned),
        TESTFL=yes_no(tested),
        EVALFL=yes_no(evaluable),
        REASON=pd.Series(reasons, index=adab.index, dtype="str"),
        AUTOFL=_autoantibodies(adab),
    )


def _autoantibodies(adab: pd.DataFrame) -> pd.Series:
    """Return Y or N of each record's subject: any autoantibody positive at baseline; "" without a result."""
    known = adab[(adab["PARCAT1"] == "autoantibody") & (adab["BASEC"] != "")]
    positive = yes_no((known["BASEC"] == "POSITIVE").groupby(known["USUBJID"]).max())
    return look_up(positive, adab["USUBJID"]).fillna("").astype("str")
