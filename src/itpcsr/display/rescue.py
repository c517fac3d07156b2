"""What displays of platelet counts say about counts after rescue therapy: every one of them says it."""

from __future__ import annotations

from collections.abc import Collection

from itpcsr.study import Study

INCLUDED = "Counts after rescue therapy are included."
LEFT_OUT = (
    "Counts from the first day of rescue therapy on are left out; n: subjects with a count that remains. Who "
    "was given rescue fared worse than others, so that the later weeks describe those who needed none."
)


def platelet_note(study: Study, parameters: Collection[str] | None = None) -> list[str]:
    """Return the note of a display of many laboratory tests, where the platelet count is one of them.

    ``parameters`` are the PARAMCD shown; None where they aren't known. No note for a study without platelet
    response or without rescue therapy.
    """
    rule = study.efficacy
    if rule is None or not rule.rescue_category:
        return []
    shown = parameters is None or rule.platelet_test in parameters
    return ["Platelet counts after rescue therapy are included."] if shown else []
