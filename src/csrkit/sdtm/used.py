"""Which SDTM domains the report reads: what is wrong in others is named, and stops nothing."""

from __future__ import annotations

import re

# What derivations, displays and their checks read. Other domains only tell when a subject was last seen.
USED_DOMAINS = frozenset((
    "DM", "EX", "AE", "LB", "VS", "CM", "MH", "PR", "DS", "DV", "SV", "MB", "PC", "IS", "CP", "RS", "DD",
    "SS", "SUPPAE",
))  # fmt: skip
# Data sets of SDTMIG 3.4 that hold no DOMAIN.
RELATED = ("RELREC", "RELSUB", "RELSPEC", "POOLDEF")
# Other domains of SDTMIG 3.4 that come in parts (4.1.7), whose files are named by up to four letters.
_SPLIT = (
    "QS", "FA", "FT", "EG", "TR", "TU", "BS", "BE", "GF", "MI", "PE", "PP", "SC", "SS", "IE", "OE", "CV",
    "NV", "RE",
)  # fmt: skip
_STEM = re.compile(r"(SUPP|SQ)?([A-Z]{2})([A-Z0-9]{0,2})")


def is_used(domain: str) -> bool:
    """Tell whether the report reads the domain, or (of SUPPAE) its qualifiers."""
    return domain in USED_DOMAINS


def domain_of_name(stem: str) -> str:
    """Return the domain that a file's name without its ending says (``suppae``, ``qsph``); "" where none.

    Four letters name a part of a domain only where that domain comes in parts: ``labs`` is no domain LA.
    """
    stem = stem.upper()
    if stem in RELATED:
        return stem
    found = _STEM.fullmatch(stem)
    if not found:
        return ""
    prefix, code, part = found.groups()
    if part and not prefix and code not in (*_SPLIT, *USED_DOMAINS):
        return ""
    return ("SUPP" if prefix else "") + code
