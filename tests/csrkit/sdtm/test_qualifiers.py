"""The declaration of qualifiers agrees with the code that reads them, and covers the simulated trial."""

import re
from pathlib import Path

import pytest

import itpcsr
from csrkit.sdtm.qualifiers import EVERYWHERE, QUALIFIERS, UNUSED, USED, is_used, qualifiers_of, why_unused

SOURCE = Path(itpcsr.__file__).parents[1]
ROOMS = ("itpcsr/adam", "itpcsr/sdtm", "csrkit/sdtm")
# what only declares or checks reads nothing
ELSEWHERE = ("csrkit/sdtm/qualifiers.py", "itpcsr/sdtm/checks")


def code() -> str:
    paths = [path for room in ROOMS for path in sorted((SOURCE / room).rglob("*.py"))]
    kept = [path for path in paths if not path.relative_to(SOURCE).as_posix().startswith(ELSEWHERE)]
    return "\n".join(path.read_text(encoding="utf-8") for path in kept)


@pytest.mark.parametrize("domain", sorted(USED))
def test_what_is_said_to_be_used_stands_in_the_code(domain):
    text = code()
    for part in USED[domain]:
        pattern = rf"\b{part}\b" if domain == "DM" else rf"\b{domain}{part}\b|[}}\"]{part}\b"
        assert re.search(pattern, text), f"{domain}: nothing reads {part}"


def test_every_reason_is_one():
    reasons = [unused.reason for own in (EVERYWHERE, *UNUSED.values()) for unused in own.values()]
    assert all(len(reason.split()) >= 4 for reason in reasons)
    assert set(EVERYWHERE) <= set(QUALIFIERS)
    assert all(not (set(own) & set(USED[domain])) for domain, own in UNUSED.items())


def test_every_qualifier_of_the_simulated_trial_is_declared(demo_trial):
    for domain in sorted(set(demo_trial.domains) & set(USED)):
        for variable in qualifiers_of(domain, list(demo_trial[domain].columns)):
            assert is_used(domain, variable) or why_unused(domain, variable), variable
