"""One term under several spellings: terms that differ in capitals and blanks alone are the same."""

from __future__ import annotations

import pandas as pd

# Coded terms, and the reported ones that stand for them where nothing is coded.
CODED = {
    "AE": ("AEDECOD", "AEBODSYS"),
    "CM": ("CMDECOD", "CMCLAS"),
    "MH": ("MHDECOD", "MHBODSYS"),
    "PR": ("PRDECOD",),
    "DV": ("DVDECOD",),
    "CE": ("CEDECOD",),
}
REPORTED = {"AE": "AETERM", "CM": "CMTRT", "MH": "MHTERM", "PR": "PRTRT", "DV": "DVTERM"}


def term_key(terms: pd.Series) -> pd.Series:
    """Return terms as they are compared: in capitals, blanks of any kind as one, none at the ends."""
    return _tidy(terms).str.upper()


def _tidy(terms: pd.Series) -> pd.Series:
    return terms.astype("str").str.replace(r"[ \t\n\f\r]+", " ", regex=True).str.strip()


def one_spelling(terms: pd.Series) -> pd.Series:
    """Return terms with one spelling for each: the most frequent one.

    Of spellings equally frequent the one in capitals and small letters comes first, as dictionaries write
    ("Headache" before "HEADACHE" and "headache"), then the first in the alphabet.
    """
    tidy = _tidy(terms)
    counts = tidy.value_counts().rename_axis("term").reset_index(name="n")
    counts["key"] = counts["term"].str.upper()
    if counts["key"].is_unique:
        return tidy
    plain = (counts["term"] == counts["key"]) | (counts["term"] == counts["term"].str.lower())
    counts = counts.assign(plain=plain, less=-counts["n"])
    best = counts.sort_values(["key", "less", "plain", "term"]).drop_duplicates("key")
    return tidy.str.upper().map(best.set_index("key")["term"]).astype("str")


def fold_terms(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a domain with one spelling for each coded term; a reported term only where it stands for one."""
    changed = {column: one_spelling(frame[column]) for column in CODED.get(name, ()) if column in frame}
    reported, coded = REPORTED.get(name, ""), f"{name}DECOD"
    if reported in frame:
        bare = frame[coded] == "" if coded in frame else pd.Series(True, index=frame.index)
        if bare.any():
            changed[reported] = frame[reported].mask(bare, one_spelling(frame.loc[bare, reported]))
    return frame.assign(**changed) if changed else frame
