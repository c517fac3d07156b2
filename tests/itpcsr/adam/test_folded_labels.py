"""Case and blanks of a label decide nothing: what is derived is the same however it is written."""

import pandas as pd
import pytest

from itpcsr.adam.datasets import Datasets
from itpcsr.adam.states import derive_subgroups
from itpcsr.sdtm import Trial
from tests.damage import again, both, every, put
from tests.small import day
from tests.whole import at, whole_domains

# Labels that the derivations compare, and what of the datasets hangs on them.
LABELS = {
    ("DS", "DSCAT"): ("adsl", ["EOSSTT", "EOTSTT", "EOSDT", "EOSSRC"]),
    ("DS", "DSSCAT"): ("adsl", ["EOSSTT", "EOTSTT", "EOSDT"]),
    ("CM", "CMCAT"): ("adcm", ["RESCFL", "PREFL"]),
    ("PR", "PRCAT"): ("adsl", ["NPRIOR", "SPLENFL"]),
    ("MH", "MHCAT"): ("admh", ["ACAT1"]),
    ("AE", "AEREL"): ("adae", ["RELFL"]),
    ("AE", "AEACN"): ("adae", ["DISCFL", "INTRFL"]),
    ("LB", "LBCAT"): ("adlb", ["PARCAT1"]),
    ("LB", "VISIT"): ("adlb", ["AVISIT", "ANL01FL"]),
    ("LB", "LBBLFL"): ("adlb", ["ABLFL", "BASE"]),
    ("LB", "LBSPEC"): ("adlb", ["PARAMCD"]),
    ("MB", "MBSTRESC"): ("admb", ["AVALC"]),
    ("RS", "RSCAT"): ("adbleed", ["PARCAT1", "AVAL"]),
    ("IS", "ISCAT"): ("subgroups", ["LEVEL"]),
    ("IS", "ISSTRESC"): ("subgroups", ["LEVEL"]),
}


def as_typed(text: pd.Series) -> pd.Series:
    """Return labels as a hand may type them: small letters, a blank more at the end and between words."""
    return (
        text.str.lower()
        .str.replace(" ", "  ")
        .where(text == "", text.str.lower().str.replace(" ", "  ") + " ")
    )


def domains_of_labels():
    domains = whole_domains()
    both(
        again("CM", CMCAT="RESCUE THERAPY", CMSTDTC=day(40), CMENDTC=""),
        put("AE", AEACN="DRUG WITHDRAWN"),
        put("MB", MBORRES="NOT DETECTED", MBSTRESC="NOT DETECTED"),
        every("IS", ISTESTCD="GP2B3AAB", ISCAT="PLATELET AUTOANTIBODIES"),
        every("DM", RFPENDTC=""),
    )(domains)
    return domains


def derived(domains, study):
    trial = Trial(domains)
    datasets = Datasets(trial, study)
    return {**datasets, "subgroups": derive_subgroups(datasets["adsl"], datasets["adab"], study)}


@pytest.fixture(scope="module")
def by_name(study):
    """Return a study whose visits and baselines are those that the data name."""
    visits = study.visits.model_copy(update={"visit_rule": "visit named in the data"})
    baseline = study.baseline.model_copy(update={"baseline_rule": "value flagged in the data"})
    return study.model_copy(update={"visits": visits, "baseline": baseline})


def test_case_and_blanks_of_labels_decide_nothing(by_name):
    plain = derived(domains_of_labels(), by_name)
    domains = domains_of_labels()
    for domain, variable in LABELS:
        domains[domain] = domains[domain].assign(**{variable: as_typed(domains[domain][variable])})
    typed = derived(domains, by_name)
    for name, columns in LABELS.values():
        assert len(plain[name])
        pd.testing.assert_frame_equal(plain[name][columns], typed[name][columns])


def test_what_hangs_on_these_labels_is_there(by_name):
    """The comparison would hold as well if nothing were read."""
    plain = derived(domains_of_labels(), by_name)
    assert set(plain["adsl"]["EOSSTT"]) == {"COMPLETED"}
    assert set(plain["adsl"]["EOSSRC"]) == {"DS"}
    assert "Y" in set(plain["adcm"]["RESCFL"])
    assert {"DISCFL", "RELFL"} <= set(plain["adae"].columns[(plain["adae"] == "Y").any()])
    assert "Week 4" in set(plain["adlb"]["AVISIT"])
    assert "Platelet autoantibody" in set(plain["subgroups"]["SUBGROUP"])


def test_a_vital_sign_beyond_a_limit_is_no_value(study):
    for values in ({"VSSTRESN": 150.0}, {"VSSTRESN": float("nan")}):
        domains = whole_domains()
        put("VS", VSSTRESC=">150", **values)(domains)
        advs = Datasets(Trial(domains), study)["advs"]
        own = advs[(advs["USUBJID"] == "01") & (advs["PARAMCD"] == "WEIGHT")]
        assert own.empty


def test_a_concentration_above_the_assay_is_left_out_by_name(study):
    for values in (
        {"PCSTRESN": 5000.0, "PCSTRESC": ">5000"},
        {"PCSTRESN": 5000.0, "PCORRES": ">5000", "PCSTRESC": ""},
    ):
        domains = whole_domains()
        put("PC", 3, **values)(domains)
        adpc = Datasets(Trial(domains), study)["adpc"]
        above = adpc[adpc["ANL01RS"] == "above the upper limit of the assay"]
        assert above["PCSEQ"].tolist() == [4.0]
        assert above["AVAL"].isna().all()
        assert (above["BLQFL"] == "N").all()


def test_grades_of_other_scales_are_no_bleeding(study):
    domains = whole_domains()
    both(
        again("RS", RSTESTCD="ECOG", RSCAT="ECOG", RSSTRESN=90.0),
        again("RS", RSSTRESN=float("nan"), RSDTC=at(3)),
    )(domains)
    adbleed = Datasets(Trial(domains), study)["adbleed"]
    assert set(adbleed["PARAMCD"]) == {"WHOBLEED"}
    assert adbleed["AVAL"].between(0, 4).all()
