"""Sound but poor data: the whole chain works, and what can't be estimated says why."""

import pytest

from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import NOTE, WARNING, check_trial
from tests.damage import again, both, drop, empty, every, keep, nothing, put, strip, where
from tests.faults.chain import NAMES, analyse, run_chain

# The notebooks whose numbers the cases are about; every notebook meets the cases named in EVERYWHERE.
CORE = ["10-population", "20-safety", "30-efficacy"]
EVERYWHERE = (
    "no adverse event at all", "no laboratory values", "no baseline", "nothing but subjects and exposure",
    "every other domain empty", "nobody treated", "no subject at all", "an all-male trial", "a death",
    "results beyond a limit",
)  # fmt: skip
EVERYTHING = ("AE", "SUPPAE", "LB", "VS", "DS", "MH", "CM", "PR")
_NO_COUNTS = "hold no platelet counts"
_NO_SUBJECTS = "no subjects in this group"
_NO_EVENT = "No treatment-emergent adverse event was reported."
_FIRST = "SIM-004"
_LIMITS = ("LB", "CP", "PC", "VS")
pytestmark = pytest.mark.build


def limit_results(domains):
    """Write every third result as a limit, above and below the scale in turn."""
    for name in _LIMITS:
        frame = domains[name].copy()
        for first, text in ((0, "<5"), (3, ">=600")):
            chosen = frame.index[first::6]
            frame.loc[chosen, f"{name}STRESN"] = float("nan")
            frame.loc[chosen, [f"{name}STRESC", f"{name}ORRES"]] = text
        domains[name] = frame


# id, damage, a reason that some result row gives (empty: every number can be estimated)
CASES = [
    ("nothing wrong", nothing, ""),
    ("no adverse event domain", both(drop("AE"), drop("SUPPAE")), "no adverse event domain"),
    ("no adverse event at all", both(empty("AE"), empty("SUPPAE")), _NO_EVENT),
    ("no supplement of events", drop("SUPPAE"), ""),
    ("no laboratory domain", drop("LB"), _NO_COUNTS),
    ("no laboratory values", empty("LB"), _NO_COUNTS),
    ("platelets under another code", where("LB", "LBTESTCD", "PLAT", LBTESTCD="PLT"), _NO_COUNTS),
    ("no numbers in the laboratory", every("LB", LBSTRESN=float("nan")), _NO_COUNTS),
    ("no baseline", keep("LB", "LBDY > 1"), "no values in this group"),
    ("nothing after treatment", keep("LB", "LBDY <= 1"), "no values in this group"),
    ("one platelet count", keep("LB", "LBTESTCD == 'PLAT' and LBSEQ == 11"), ""),
    ("a baseline of zero", where("LB", "LBBLFL", "Y", LBSTRESN=0.0), "no values in this group"),
    ("no vital signs domain", drop("VS"), ""),
    ("no disposition domain", drop("DS"), ""),
    ("no history domain", drop("MH"), ""),
    ("no medication domain", drop("CM"), ""),
    ("no procedure domain", drop("PR"), ""),
    ("nothing but subjects and exposure", both(*map(drop, EVERYTHING)), _NO_COUNTS),
    ("every other domain empty", both(*map(empty, EVERYTHING)), _NO_COUNTS),
    ("nobody treated", empty("EX"), _NO_SUBJECTS),
    ("no subject at all", both(empty("DM"), empty("EX"), *map(empty, EVERYTHING)), _NO_SUBJECTS),
    ("one infusion", keep("EX", "EXSEQ == 1"), ""),
    ("ages unknown", every("DM", AGE=float("nan")), ""),
    ("an all-male trial", every("DM", SEX="M"), ""),
    ("sexes unknown", every("DM", SEX=""), ""),
    ("no dates of events", every("AE", AESTDTC="", AEENDTC="", AESTDY=float("nan")), ""),
    ("no codes of events", every("AE", AEDECOD="", AEBODSYS=""), ""),
    ("no grades", strip("AE", "AETOXGR"), ""),
    ("no relations", strip("AE", "AEREL"), ""),
    ("no categories of therapy", both(strip("CM", "CMCAT"), strip("PR", "PRCAT")), ""),
    ("partial dates throughout", every("AE", AESTDTC="2020", AEENDTC=""), ""),
    ("dates of samples in months", every("LB", LBDTC="2020-08"), _NO_COUNTS),
    ("results beyond a limit", limit_results, "no values in this group"),
    ("given nothing", where("EX", "USUBJID", _FIRST, EXDOSE=0.0), ""),
    ("a death", both(put("DM", DTHFL="Y", DTHDTC="2020-12-30"), put("AE", AEOUT="FATAL", AESDTH="Y")), ""),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_poor_data_go_through_the_chain(cohort, short_study, damage, reason):
    domains = dict(cohort.domains)
    damage(domains)
    rows = analyse(Trial(domains), short_study, CORE)
    assert (rows["value"].notna() | (rows["reason"] != "")).all()
    assert reason in "\n".join(rows["reason"])


@pytest.mark.parametrize("name", EVERYWHERE)
def test_poor_data_go_through_every_notebook(cohort, short_study, name):
    domains = dict(cohort.domains)
    next(damage for case, damage, _ in CASES if case == name)(domains)
    rows = analyse(Trial(domains), short_study, sorted(set(NAMES) - set(CORE)))
    assert (rows["value"].notna() | (rows["reason"] != "")).all()


def test_one_subject_goes_through_checks_and_chain(cohort, short_study):
    one = {
        name: frame[frame["USUBJID"] == _FIRST] if "USUBJID" in frame else frame
        for name, frame in cohort.domains.items()
    }
    found = check_trial(Trial(one), short_study)
    assert set(found["severity"]) <= {WARNING, NOTE}
    assert "STR-09" in set(found["rule"])
    rows = run_chain(Trial(one), short_study)
    assert "fewer than" in "\n".join(rows["reason"])


def test_a_repeated_count_changes_no_response(cohort, short_study):
    domains = dict(cohort.domains)
    again("LB", 10)(domains)
    whole, repeated = (analyse(Trial(each), short_study, CORE) for each in (cohort.domains, domains))
    chosen = [rows[rows["display"] == "tbl-response"].reset_index(drop=True) for rows in (whole, repeated)]
    assert chosen[0].equals(chosen[1])
