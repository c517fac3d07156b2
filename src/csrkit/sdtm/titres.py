"""Results of antibody tests: a word, a titre, or something that can't be read."""

from __future__ import annotations

import numpy as np
import pandas as pd

_POSITIVE = r"(?:POSITIVE|REACTIVE|DETECTED|POS)\b.*"
_NEGATIVE = r"(?:NEGATIVE|NON-?REACTIVE|NOT DETECTED|UNDETECTED|NEG)\b.*"
_NEITHER = r"(?:INDETERMINATE|EQUIVOCAL|INCONCLUSIVE|BORDERLINE|INVALID|NOT DONE|NOT EVALUABLE)"
_TITRE = r"(?P<sign><|>=|>|≥)?[ \t\n\f\r]*(?:1[ \t\n\f\r]*[:/][ \t\n\f\r]*)?(?P<value>[0-9]+(?:\.[0-9]+)?)"
CUTOFF = 1.0  # ratio of signal to cut-off from which an autoantibody is positive
ALLOWED = "POSITIVE, NEGATIVE, INDETERMINATE or a titre such as 1:40, 40, <1:10 or >1:640"


def read_titres(text: pd.Series) -> pd.DataFrame:
    """Read results of antibody tests.

    Parameters
    ----------
    text
        One result each: ``NEGATIVE``, ``POSITIVE CONFIRMATION``, ``1:40``, ``1/40``, ``40``, ``<1:10``,
        ``>1:640``, ``≥1:640`` or empty. Case and blanks at the ends don't matter.

    Returns
    -------
    DataFrame
        ``word``: POSITIVE, NEGATIVE, NEITHER (indeterminate, not done), or "" where the result is no word.
        ``value``: the dilution, 40 for 1:40; for ``<1:10`` and ``>1:640`` the limit itself, NaN where the
        result is no titre. ``sign``: ``<``, ``>`` (also for ``≥``: positive at the highest dilution tested)
        or "". ``readable``: False for what is none of these; a dilution below 1 is no titre. Empty text is
        readable and says nothing.
    """
    plain = text.str.strip().str.upper()
    word = np.select(
        [plain.str.fullmatch(pattern) for pattern in (_POSITIVE, _NEGATIVE, _NEITHER)],
        ["POSITIVE", "NEGATIVE", "NEITHER"],
        default="",
    )
    parts = plain.str.extract(rf"^{_TITRE}$")
    value = pd.to_numeric(parts["value"], errors="coerce").astype("float64")
    value = value.where((value >= 1) & np.isfinite(value))
    sign = parts["sign"].fillna("").replace({">=": ">", "≥": ">"}).where(value.notna(), "").astype("str")
    words = pd.Series(word, index=text.index, dtype="str")
    readable = (plain == "") | (words != "") | value.notna()
    return pd.DataFrame({"word": words, "value": value, "sign": sign, "readable": readable})
