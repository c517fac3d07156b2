"""The states that enrolled subjects reach: one rule for the flow of subjects and for their disposition."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

# The ends that ADSL records: state and reason.
_ENDS = {"treatment": ("EOTSTT", "DCTREAS"), "study": ("EOSSTT", "DCSREAS")}
COMPLETED = "COMPLETED STUDY"  # the end of the study of whoever completed it without having been treated


class State(NamedTuple):
    """Subjects in one state: a box of the flow and a row of the table.

    ``why`` is the variable that says why they are in it, "" for none; ``recorded`` is False where the data
    record an end for nobody, since no record isn't a count of zero.
    """

    name: str
    subjects: pd.DataFrame
    why: str = ""
    recorded: bool = True


def list_states(adsl: pd.DataFrame) -> list[State]:
    """Return the states of enrolled subjects.

    They are treated; not_treated where there are such subjects; and of treatment and of the study completed,
    discontinued and, where the data record the end of some alone, unrecorded. An end of treatment is of those
    treated, an end of the study of all enrolled: whoever never began treatment has no end of it to record.
    """
    enrolled = adsl[adsl["ENRLFL"] == "Y"]
    treated, untreated = (enrolled[enrolled["SAFFL"] == flag] for flag in ("Y", "N"))
    states = [State("treated", treated)]
    if len(untreated):
        states.append(State("not_treated", untreated.assign(WHY=_ends_of_study(untreated)), "WHY"))
    for end, due in (("treatment", treated), ("study", enrolled)):
        status, reason = _ENDS[end]
        unknown = due[status] == ""
        recorded = due.empty or not unknown.all()
        states += [
            State(f"completed_{end}", due[due[status] == "COMPLETED"], "", recorded),
            State(f"discontinued_{end}", due[due[status] == "DISCONTINUED"], reason, recorded),
        ]
        if recorded and unknown.any():
            states.append(State(f"unrecorded_{end}", due[unknown]))
    return states


def _ends_of_study(subjects: pd.DataFrame) -> pd.Series:
    """Return how the study ended for each: completed all the same, or the reason of an early end."""
    status, reason = _ENDS["study"]
    return subjects[reason].mask(subjects[status] == "COMPLETED", COMPLETED)
