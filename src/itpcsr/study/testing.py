"""Which tests there are, and which of them were chosen before the data were seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import Field

from csrkit.parameters.validation import Strict
from csrkit.vocabulary import Level

TestName = Literal[
    "platelets by week",
    "platelets by week, no rescue",
    "platelets over visits, Friedman",
    "platelets over visits, ANOVA",
    "platelets over visits, Friedman, no rescue",
    "platelets over visits, ANOVA, no rescue",
    "response by dose",
    "bleeding by week",
    "antibodies, last against first",
    "antibodies and response",
    "antibodies and events",
    "antibodies and serious events",
    "antibodies and infusion reactions",
    "antibodies and Cmax",
    "marker, mean change",
    "marker, change by visit",
    "marker over visits, Friedman",
    "marker over visits, ANOVA",
    "marker and response",
    "marker and response, adjusted",
    "marker course and response",
    "marker and platelets",
    "marker and platelets, lagged",
    "marker at baseline and response",
    "changes of two markers",
    "mediation, dose to marker",
    "mediation, marker to platelets",
    "mediation, total",
    "mediation, direct",
    "mediation, indirect",
]
# Where the result rows of each kind of test are: display and analysis.
_PLACES = (
    ("tbl-platelet-comparisons", "baseline"),
    ("tbl-platelet-comparisons-no-rescue", "baseline"),
    ("tbl-platelet-tests", "friedman"),
    ("tbl-platelet-tests", "anova"),
    ("tbl-platelet-tests-no-rescue", "friedman"),
    ("tbl-platelet-tests-no-rescue", "anova"),
    ("tbl-response-rates", "trend"),
    ("tbl-bleeding", "change"),
    ("tbl-antibody-paired", "change"),
    ("tbl-antibody-relation", "response"),
    ("tbl-antibody-relation", "teae"),
    ("tbl-antibody-relation", "serious"),
    ("tbl-antibody-relation", "reaction"),
    ("tbl-antibody-relation", "cmax"),
    ("tbl-immune-change", "mean_change"),
    ("tbl-immune-planned", "planned"),
    ("tbl-immune-visits", "friedman"),
    ("tbl-immune-visits", "anova"),
    ("tbl-immune-response", "difference"),
    ("tbl-immune-response", "splenectomy"),
    ("tbl-immune-interaction", "anova"),
    ("tbl-immune-platelets", "same"),
    ("tbl-immune-platelets", "lagged"),
    ("tbl-immune-predictors", "baseline"),
    ("fig-immune-network", "pair"),
    ("tbl-immune-mediation", "dose_marker"),
    ("tbl-immune-mediation", "marker_platelets"),
    ("tbl-immune-mediation", "total"),
    ("tbl-immune-mediation", "direct"),
    ("tbl-immune-mediation", "indirect"),
)
PLACES: dict[str, tuple[str, str]] = dict(zip(get_args(TestName), _PLACES, strict=True))
# Tests between arms, which a study with a control arm has; they stand in the tables of what they compare.
BETWEEN_ARMS = (
    "tbl-baseline",
    "tbl-ae-soc-pt",
    "tbl-lab-ranges",
    "tbl-adas-24-locf",
    "tbl-adas-16-locf",
    "tbl-adas-8-locf",
    "tbl-adas-24-observed",
    "tbl-adas-sex",
    "tbl-adas-model",
    "tbl-adas-repeated",
    "tbl-cibic-24",
    "tbl-cibic-16",
    "tbl-cibic-8",
    "tbl-cibic-categories",
    "tbl-npix",
    "tbl-dermatologic",
)


class ChosenTest(Strict):
    """Tests that were chosen beforehand: all of one kind, or those of a column, of levels, of visits.

    ``group`` is the key of a column of the study, ``levels`` are codes (of markers, of antibodies) as the
    result rows have them (two markers as ``TH1TH2 and TREGTH``), ``visits`` names such as Week 4; empty for
    all.
    """

    test: TestName
    group: str = ""
    levels: list[str] = []
    visits: list[str] = []


class Testing(Strict):
    """The tests chosen beforehand. Their p-values stand in the text, all others in one appendix table."""

    chosen_tests: list[ChosenTest] = Field(default=[])


@dataclass(frozen=True)
class Place:
    """Where one test stands in the result rows."""

    display: str
    analysis: str
    group: str
    level: Level
    visit: str


def is_chosen(place: Place, chosen: ChosenTest) -> bool:
    """Tell whether a declaration names the test at this place."""
    named = place.level if isinstance(place.level, str) else " and ".join(place.level)
    return (
        PLACES[chosen.test] == (place.display, place.analysis)
        and chosen.group in ("", place.group)
        and (not chosen.levels or named in chosen.levels)
        and (not chosen.visits or place.visit in chosen.visits)
    )
