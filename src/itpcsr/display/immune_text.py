"""Sentences on immune function, composed from result rows; their wording follows the interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from csrkit.disclosure.small_counts import as_shown, is_suppressed
from csrkit.markers import Marker
from csrkit.rows import absence
from csrkit.tables import words
from csrkit.tables.files import Passage, Prose
from csrkit.tables.formats import Suppressed, format_count, format_level, format_number, format_signed
from csrkit.vocabulary import limits_of, whole_name
from itpcsr.display.immune_figures import effect_text
from itpcsr.study import Study

_HYPOTHESIS = (
    "Every statement here is a hypothesis: the study has no control group, the markers were chosen by this "
    "report, and changes can also come from the course of the disease or from other treatment."
)


def immune_sentences(
    change: pd.DataFrame,
    response: pd.DataFrame,
    platelets: pd.DataFrame,
    study: Study,
    confidence: float,
) -> Prose:
    """Compose what moved, whether it goes with response, and whether it goes with platelets.

    A marker is named where its interval leaves out no change, with how many intervals would do so by chance
    if nothing happened in any. All others are counted, with what their intervals allow in one sentence. An
    absent part says why.
    """
    if sentence := absence(change):
        return Prose(absent=sentence)
    passages = [
        Passage(question.heading, _answer(rows, question, study, confidence))
        for question, rows in zip(_QUESTIONS, (change, response, platelets), strict=True)
    ]
    return Prose((*passages, Passage("How to read this.", (_HYPOTHESIS,))))


def _answer(rows: pd.DataFrame, question: _Question, study: Study, confidence: float) -> tuple[str, ...]:
    if sentence := absence(rows):
        return (sentence,)
    found = _read(as_shown(rows), question.analysis, question.visit, study)
    return _sort_out(
        found, question.lead, confidence, lambda item: question.text(item, confidence), question.nothing
    )


_NUMBER = ["statistic", "of", "value", "reason"]


class _Item(dict[str, float]):
    """The numbers of one marker, with the marker itself."""

    def __init__(self, marker: Marker, values: dict[str, float]) -> None:
        super().__init__(values)
        self.marker = marker

    @property
    def centre(self) -> float:
        """Return the value that means nothing happened."""
        return 1.0 if "r" not in self and self.marker.scale == "log" else 0.0

    @property
    def name(self) -> str:
        return "r" if "r" in self else "estimate"

    @property
    def estimate(self) -> float:
        return self[self.name]

    @property
    def limits(self) -> tuple[float, float]:
        low, high = limits_of(self.name)
        return self[low], self[high]

    @property
    def is_clear(self) -> bool:
        """Tell whether the interval leaves out that nothing happened."""
        low, high = self.limits
        return low > self.centre or high < self.centre

    @property
    def up(self) -> bool:
        return self.estimate > self.centre


def _read(rows: pd.DataFrame, analysis: str, visit: str, study: Study) -> list[_Item]:
    own = rows[(rows["analysis"] == analysis) & (rows["visit"] == visit)]
    values = {
        str(level): {
            whole_name(name, of): Suppressed() if is_suppressed(reason) else value
            for name, of, value, reason in part[_NUMBER].itertuples(index=False)
        }
        for level, part in own.groupby("level", sort=False)
    }
    return [_Item(marker, values[marker.code]) for marker in study.markers if marker.code in values]


def _sort_out(
    found: list[_Item], lead: str, confidence: float, text: Callable[[_Item], str], nothing: str
) -> tuple[str, ...]:
    """Return one paragraph for the markers with a clear interval, and one for how much is left open."""
    known = [item for item in found if not math.isnan(item.limits[0])]
    gone = sum(isinstance(item.limits[0], Suppressed) for item in found)
    if not known and gone:
        return (f"{lead} nothing can be said: the numbers are suppressed.",)
    if not known:
        return (f"{lead} nothing can be estimated: too few subjects have values.",)
    clear = [item for item in known if item.is_clear]
    texts = []
    if clear:
        chance = format_number((1 - confidence) * len(known), 1)
        texts.append(
            f"{lead}, by intervals that are not adjusted for the number of markers, of which about {chance} "
            f"would leave out {nothing} by chance alone: {'; '.join(map(text, clear))}."
        )
    rest = len(known) - len(clear)
    if rest:
        texts.append(
            f"For {format_count(rest)} of {format_count(len(known))} markers the interval includes "
            f"{nothing}. This does not show that there is none: the intervals are wide."
        )
    if gone:
        texts.append(f"For {words.plural(gone, 'marker')} the numbers are suppressed.")
    if unknown := len(found) - len(known) - gone:
        texts.append(f"For {format_count(unknown)} markers there are too few values to estimate anything.")
    return tuple(texts)


def _ending(confidence: float, low: str, high: str) -> str:
    return f"{format_level(confidence)}% CI {low} to {high}"


def _moved_text(item: _Item, confidence: float) -> str:
    marker = item.marker
    kind = "geometric mean ratio to baseline" if marker.scale == "log" else "mean difference to baseline"
    estimate, low, high = (effect_text(marker, value) for value in (item.estimate, *item.limits))
    verb = "rose" if item.up else "fell"
    return (
        f"{marker.label} {verb} ({kind} {estimate}, {_ending(confidence, low, high)}, "
        f"n = {format_count(item['n'])})"
    )


def _differed_text(item: _Item, confidence: float) -> str:
    marker = item.marker
    kind = "ratio of ratios" if marker.scale == "log" else "difference of changes"
    estimate, low, high = (effect_text(marker, value) for value in (item.estimate, *item.limits))
    side = "higher" if item.up else "lower"
    return (
        f"{marker.label} moved to {side} values in responders ({kind} {estimate}, "
        f"{_ending(confidence, low, high)}, "
        f"n = {format_count(item['n1'])} and {format_count(item['n2'])})"
    )


def _related_text(item: _Item, confidence: float) -> str:
    estimate, low, high = (format_signed(value, 2) for value in (item.estimate, *item.limits))
    verb = "was higher" if item.up else "was lower"
    return (
        f"{item.marker.label} {verb} when platelets were higher (r {estimate}, "
        f"{_ending(confidence, low, high)}, "
        f"{format_count(item['pairs'])} pairs of {format_count(item['n'])} subjects)"
    )


@dataclass(frozen=True)
class _Question:
    """One passage: what it asks, the rows that answer it, and how a marker and its absence are told."""

    heading: str
    analysis: str
    visit: str
    lead: str
    text: Callable[[_Item, float], str]
    nothing: str


_QUESTIONS = (
    _Question(
        "What moved in all subjects.",
        "mean_change",
        "",
        "In the mean over all visits after baseline",
        _moved_text,
        "no change from baseline",
    ),
    _Question(
        "Does it go with response.",
        "difference",
        "",
        "In responders against non-responders",
        _differed_text,
        "no difference",
    ),
    _Question(
        "Does it go with platelets.",
        "same",
        "lag 0",
        "Within subjects, at the same visit, counts after rescue therapy included",
        _related_text,
        "no correlation",
    ),
)
