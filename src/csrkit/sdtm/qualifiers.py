"""The variables that qualify a record, by domain: which the derivations read, and which not, and why.

A qualifier says that something didn't happen, that it is another thing, or that it counts from another time.
What is in neither list of a domain that the report uses, and has values, is a finding: nobody has thought
about it yet.
"""

from __future__ import annotations

from dataclasses import dataclass

# Ends of the names of variables that can change what a record means (SDTM 2.0, general observation classes).
QUALIFIERS = (
    "OCCUR", "STAT", "PRESP", "REASND", "EVINTX", "SPEC", "SPCCND", "METHOD", "ANMETH", "LOC", "LAT", "DIR",
    "PORTOT", "POS", "FAST", "TPT", "TPTNUM", "ELTM", "TPTREF", "RFTDTC", "STRTPT", "STTPT", "ENRTPT",
    "ENTPT", "STRF", "ENRF", "BLFL", "LOBXFL", "DRVFL", "NAM", "EVAL", "EVALID", "GRPID", "REPNUM", "ACPTFL",
    "CLSIG", "TOXGR", "EVDTYP", "CONTRT", "VAMT", "DOSTXT", "NRIND", "LLOQ", "ULOQ", "ORREF",
)  # fmt: skip
# Variables that qualify a whole subject, in DM.
OF_SUBJECTS = ("ACTARMCD", "ACTARMUD", "ARMNRS", "DTHDTC", "DTHFL", "RFPENDTC")

_DONE = ("OCCUR", "PRESP", "STAT")
_POINTS = ("TPT", "TPTNUM", "TPTREF", "ELTM")
_RELATIVE = ("STRTPT", "STTPT", "ENRTPT", "ENTPT", "STRF", "ENRF")
_BASELINE = ("BLFL", "LOBXFL")

# What the derivations (``sdtm``, ``adam``) read. Comparators (``<5``) stand in the results themselves.
USED: dict[str, tuple[str, ...]] = {
    "DM": ("ACTARMCD", "ARMNRS", "DTHDTC", "DTHFL", "RFPENDTC"),
    "EX": _DONE,
    "AE": (*_DONE, *_RELATIVE, "GRPID", "TOXGR"),
    "CM": (*_DONE, *_RELATIVE),
    "PR": (*_DONE, *_RELATIVE),
    "MH": _DONE,
    "DS": _DONE,
    "DV": _DONE,
    "SV": _DONE,
    "LB": (*_DONE, *_BASELINE, *_POINTS, "SPEC", "METHOD", "NRIND", "CLSIG"),
    "VS": (*_DONE, *_BASELINE, *_POINTS, "POS", "LOC", "LAT", "METHOD"),
    "MB": (*_DONE, *_BASELINE, *_POINTS),
    "PC": (*_DONE, "TPT", "TPTNUM", "LLOQ"),
    "IS": (*_DONE, *_BASELINE, *_POINTS),
    "CP": (*_DONE, *_BASELINE, *_POINTS),
    "RS": _DONE,
    "QS": _DONE,
    "SC": _DONE,
}


@dataclass(frozen=True)
class Unused:
    """Why a qualifier isn't read.

    ``told``: values that nevertheless change the meaning of a record, so that they are told, ``*`` for any.
    ``several``: the variable is told where one test has more than one value.
    """

    reason: str
    told: tuple[str, ...] = ()
    several: bool = False


_ONE_KIND = "a test counts as one parameter, whatever this says"
# Qualifiers that no domain reads, and whose reason is the same in all.
EVERYWHERE: dict[str, Unused] = {
    "REASND": Unused("the reason of what wasn't done; the status itself is read"),
    "NAM": Unused("results of all laboratories are compared with the ranges in their records"),
    "EVALID": Unused("an assessor's number; the evaluator says who judged"),
    "REPNUM": Unused("of repeated results of one time the last counts, as of any others"),
    "RFTDTC": Unused("times count from the infusions in EX; a rule compares both"),
    "TPTREF": Unused("times count from the infusions in EX"),
    "ANMETH": Unused(_ONE_KIND, several=True),
    "METHOD": Unused(_ONE_KIND, several=True),
    "SPEC": Unused(_ONE_KIND, several=True),
    "LOC": Unused(_ONE_KIND, several=True),
    "LAT": Unused(_ONE_KIND, several=True),
    "DIR": Unused(_ONE_KIND, several=True),
    "PORTOT": Unused(_ONE_KIND, several=True),
    "POS": Unused(_ONE_KIND, several=True),
    "EVAL": Unused("all evaluators' results count as one", several=True),
    "FAST": Unused("no criterion in use asks whether the subject was fasting"),
    "SPCCND": Unused("a result counts whatever the condition of its specimen", told=("*",)),
    "DRVFL": Unused("a derived result counts beside those that it was made from", told=("Y",)),
    "ACPTFL": Unused("results count even where the sponsor doesn't accept them", told=("N",)),
    "TOXGR": Unused("results are graded anew from value, unit and range"),
    "CLSIG": Unused("significance is judged from the values"),
    "NRIND": Unused("no range is compared with"),
    "LLOQ": Unused("a result below the limit is written with its comparator, which is read"),
    "ULOQ": Unused("a result above the limit is written with its comparator, which is read"),
    "ORREF": Unused("the numeric limits are read"),
    "GRPID": Unused("records are told apart by test, time and dates"),
    "EVINTX": Unused("an interval in words gives no date", told=("*",)),
    "DOSTXT": Unused("a dose in words can't be added up", told=("*",)),
    "VAMT": Unused("the dose is read, not the volume of what carried it"),
    "CONTRT": Unused("therapy of an event is in CM and PR"),
}
_HISTORY = Unused("history isn't divided into past and ongoing, and counts whenever it began")
_LATER = ("AFTER", "DURING", "DURING/AFTER", "COINCIDENT")  # what began then is no history
UNUSED: dict[str, dict[str, Unused]] = {
    "DM": {"ACTARMUD": Unused("an arm that the protocol hasn't makes no column", told=("*",))},
    "EX": {name: Unused("an infusion counts from its start and end") for name in _POINTS},
    "MH": {
        **dict.fromkeys(_RELATIVE, _HISTORY),
        **dict.fromkeys(("STRTPT", "STRF"), Unused(_HISTORY.reason, told=_LATER)),
        "EVDTYP": Unused("the first date of the disease counts, whatever it is the date of", several=True),
    },
    "PC": {name: Unused("times count from infusion 1 in EX") for name in ("BLFL", "DRVFL", "ELTM", "LOBXFL")},
    "QS": {
        **dict.fromkeys(_POINTS, Unused("scores count by their day")),
        **dict.fromkeys(_BASELINE, Unused("the last value up to the first dose is the baseline")),
        "DRVFL": Unused("a total is told from its items by its code"),
    },
    "RS": {
        **dict.fromkeys(_POINTS, Unused("grades count by their day")),
        **dict.fromkeys(_BASELINE, Unused("the last grade before the first dose is the baseline")),
    },
}


def why_unused(domain: str, variable: str) -> Unused | None:
    """Return why a qualifier isn't read, None where it is or where nothing is declared."""
    part = variable.removeprefix(domain) if domain != "DM" else variable
    if part in USED[domain]:
        return None
    return UNUSED.get(domain, {}).get(part, EVERYWHERE.get(part))


def qualifiers_of(domain: str, variables: list[str]) -> list[str]:
    """Return those of the variables that qualify a record of the domain, in their order."""
    wanted = set(OF_SUBJECTS) if domain == "DM" else {f"{domain}{part}" for part in QUALIFIERS}
    return [variable for variable in variables if variable in wanted]


def is_used(domain: str, variable: str) -> bool:
    """Tell whether the derivations read a qualifier of a domain."""
    return (variable if domain == "DM" else variable.removeprefix(domain)) in USED[domain]
