"""How terms and labels are compared, and which known one a misspelt one may stand for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pandas as pd

# Labels: how two of them are compared, and which known one a misspelt one may stand for.

_BLANKS = r"\s+"
_SHORT, _LONG = 4, 8  # letters from which one, and from which two mistakes still leave a label recognisable


def fold(text: pd.Series) -> pd.Series:
    """Return labels as they are compared: in capitals, without outer blanks, one blank between words.

    Trials repeat few labels, so each different one is folded once.
    """
    codes, unique = pd.factorize(text)
    folded = pd.Series([fold_label(str(value)) for value in unique], dtype="str")
    return pd.Series(folded.array.take(codes, allow_fill=True), index=text.index)


def fold_label(text: str) -> str:
    """Return one label as ``fold`` does."""
    return re.sub(_BLANKS, " ", text.strip()).upper()


def nearest(label: str, known: Iterable[str], mistakes: int = 2) -> str:
    """Return the known label that this one nearly is; "" where it is known, or like none of them.

    A label is nearly another one when the two differ in case or blanks only, or by one mistake (a letter too
    many, too few, wrong, or exchanged with its neighbour), from eight letters on by two, but never more than
    ``mistakes``. Labels of fewer than four letters, and such as differ in a number (WEEK 4, WEEK 5), are no
    misspellings of each other. Of several, the nearest is taken, and of equally near ones the first.
    """
    candidates = list(known)
    if not label or label in candidates:
        return ""
    own, best = fold_label(label), (3, "")
    for other in candidates:
        wanted = fold_label(other)
        if own == wanted:
            return other
        allowed = min(mistakes, _allowed(wanted))
        if abs(len(own) - len(wanted)) <= allowed and _numbers(own) == _numbers(wanted):
            apart = distance(own, wanted)
            if apart <= allowed and apart < best[0]:
                best = (apart, other)
    return best[1] if fold_label(best[1]) not in {own, ""} else ""


def _allowed(label: str) -> int:
    return 2 if len(label) >= _LONG else int(len(label) >= _SHORT)


def _numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]


def distance(first: str, second: str) -> int:
    """Return the mistakes between two texts: letters put in, left out, replaced, or exchanged in pairs.

    This is the optimal string alignment distance (Damerau 1964, Commun ACM 7:171).
    """
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, start=1):
        previous, row = row, [i]
        for j, other in enumerate(second, start=1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = previous
    return row[-1]


def near_pairs(labels: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of labels that are one mistake apart, in order; labels are compared as they are folded.

    Two labels one mistake apart share what is left when one letter is taken out of either, so only those
    that share such a rest are compared: thousands of terms take no longer than reading them.
    """
    rests: defaultdict[str, set[str]] = defaultdict(set)
    for label in sorted(set(labels)):
        text = fold_label(label)
        for rest in {text, *(text[:place] + text[place + 1 :] for place in range(len(text)))}:
            rests[rest].add(label)
    pairs = {
        (first, second)
        for sharing in rests.values()
        if len(sharing) > 1
        for first in sharing
        for second in sharing
        if first < second
    }
    for first, second in sorted(pairs):
        if nearest(first, [second], mistakes=1):
            yield first, second


# One term under several spellings: terms that differ in capitals and blanks alone are the same.

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
