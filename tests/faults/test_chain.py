"""Sound but poor data: the whole chain works, and what can't be estimated says why."""

import pytest

from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import NOTE, WARNING, check_trial
from tests.damage import again, both, drop, empty, every, keep, nothing, put, strip, where
from tests.faults.chain import NAMES, analyse, run_chain

# The notebooks whose numbers the cases are about; every notebook meets the cases named in EVERYWHERE.
CORE = ["10-population", "20-safety", "30-efficacy"]
EVERYWHERE = (
    "no adverse event at all, no baseline", "no laboratory values", "nothing but subjects and exposure",
    "every other domain empty", "nobody treated", "no subject at all", "an all-male trial, a death",
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


# id, damage, the reasons that some result row gives (none: every number can be estimated). What is wrong in
# tables that no chapter reads together stands in one case: adverse events beside platelets, for example.
CASES = [
    ("nothing wrong", nothing, ()),
    ("no adverse event domain, no laboratory domain",
     both(drop("AE"), drop("SUPPAE"), drop("LB")), ("no adverse event domain", _NO_COUNTS)),
    ("no adverse event at all, no baseline",
     both(empty("AE"), empty("SUPPAE"), keep("LB", "LBDY > 1")), (_NO_EVENT, "no values in this group")),
    ("no laboratory values", empty("LB"), (_NO_COUNTS,)),
    ("no supplement of events, platelets under another code",
     both(drop("SUPPAE"), where("LB", "LBTESTCD", "PLAT", LBTESTCD="PLT")), (_NO_COUNTS,)),
    ("no codes of events, no numbers in the laboratory",
     both(every("AE", AEDECOD="", AEBODSYS=""), every("LB", LBSTRESN=float("nan"))), (_NO_COUNTS,)),
    ("no grades, nothing after treatment",
     both(strip("AE", "AETOXGR"), keep("LB", "LBDY <= 1")), ("no values in this group",)),
    ("no relations, one platelet count",
     both(strip("AE", "AEREL"), keep("LB", "LBTESTCD == 'PLAT' and LBSEQ == 11")), ()),
    ("no dates of events, a baseline of zero",
     both(every("AE", AESTDTC="", AEENDTC="", AESTDY=float("nan")), where("LB", "LBBLFL", "Y", LBSTRESN=0.0)),
     ("no values in this group",)),
    ("partial dates throughout, dates of samples in months",
     both(every("AE", AESTDTC="2020", AEENDTC=""), every("LB", LBDTC="2020-08")), (_NO_COUNTS,)),
    ("no vital signs domain, sexes unknown", both(drop("VS"), every("DM", SEX="")), ()),
    ("no disposition domain, ages unknown", both(drop("DS"), every("DM", AGE=float("nan"))), ()),
    ("no history domain, no medication domain", both(drop("MH"), drop("CM")), ()),
    ("no procedure domain, one infusion", both(drop("PR"), keep("EX", "EXSEQ == 1")), ()),
    ("no categories of therapy", both(strip("CM", "CMCAT"), strip("PR", "PRCAT")), ()),
    ("given nothing", where("EX", "USUBJID", _FIRST, EXDOSE=0.0), ()),
    ("results beyond a limit", limit_results, ("no values in this group",)),
    ("nothing but subjects and exposure", both(*map(drop, EVERYTHING)), (_NO_COUNTS,)),
    ("every other domain empty", both(*map(empty, EVERYTHING)), (_NO_COUNTS,)),
    ("nobody treated", empty("EX"), (_NO_SUBJECTS,)),
    ("no subject at all", both(empty("DM"), empty("EX"), *map(empty, EVERYTHING)), (_NO_SUBJECTS,)),
    ("an all-male trial, a death",
     both(every("DM", SEX="M"), put("DM", DTHFL="Y", DTHDTC="2020-12-30"), put("AE", AEOUT="FATAL", AESDTH="Y")), ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "damage", "reasons"), CASES, ids=[case[0] for case in CASES])
def test_poor_data_go_through_the_chain(cohort, short_study, name, damage, reasons):
    domains = dict(cohort.domains)
    damage(domains)
    rows = analyse(Trial(domains), short_study, NAMES if name in EVERYWHERE else CORE)
    assert (rows["value"].notna() | (rows["reason"] != "")).all()
    for reason in reasons:
        assert reason in "\n".join(rows["reason"])


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
