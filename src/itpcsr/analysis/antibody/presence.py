"""Whether there is anything to analyse: the sentences that stand for displays without data."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from itpcsr.study import Study

_NO_DOMAIN = "The study's data hold no domain of antibodies (IS), so antibodies can't be shown."
_NOT_NAMED = "The study names no antibodies to analyse."
_NONE = "No result of these antibodies was recorded in a treated subject."


def missing_antibodies(adab: pd.DataFrame, study: Study, kind: str) -> str:
    """Return the sentence that says why antibodies of this kind can't be shown, or "" where they can."""
    if not any(test.kind == kind for test in study.antibody.antibody_tests):
        return _NOT_NAMED
    if is_absent(adab, "IS"):
        return _NO_DOMAIN
    tested = (adab["PARCAT1"] == kind) & (adab["TESTFL"] == "Y")
    return "" if tested.any() else _NONE


def tests_of(study: Study, kind: str) -> list[str]:
    """Return the codes of the study's antibodies of a kind, in its order."""
    return [test.code for test in study.antibody.antibody_tests if test.kind == kind]
