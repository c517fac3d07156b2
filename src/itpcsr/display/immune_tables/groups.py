"""Variation over all visits, and responders against non-responders."""

from __future__ import annotations

import pandas as pd

from csrkit.markers import Marker
from csrkit.tables.formats import format_count, format_level
from csrkit.tables.layouts import sentence_if_absent
from csrkit.tables.table import Table
from itpcsr.display.immune_tables.arrange import NOT_ADJUSTED, RATIO_NOTE, Shown, arrange
from itpcsr.display.immune_tables.cells import Reader, count, effect, interval, number, sizes
from itpcsr.study import Study


@sentence_if_absent
def table_immune_visits(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange how much of the variation of each marker the visits account for."""
    complete, friedman, anova = "Complete", "Friedman", "ANOVA"
    columns = (
        Shown("n", "anova", count(), complete),
        Shown("Visits", "anova", count("visits"), complete),
        Shown("W", "friedman", number("effect"), friedman),
        Shown("ε", "anova", number("epsilon"), anova),
        Shown("η²", "anova", number("effect"), anova),
    )
    notes = (
        "Friedman test and repeated-measures ANOVA use subjects with a value at every visit at which anyone "
        "has one. W: Kendall's coefficient; its test mirrors each subject's ranks; ε: Greenhouse-Geisser; "
        "η²: generalised eta squared, the share of the variation that the visits account for. Exploratory.",
    )
    return arrange(rows, study, columns, notes)


@sentence_if_absent
def table_immune_response(rows: pd.DataFrame, study: Study, confidence: float) -> Table:
    """Arrange responders against non-responders: mean changes, alone and adjusted for splenectomy."""
    level, alone, adjusted = format_level(confidence), "Mean change by response", "Adjusted for splenectomy"
    columns = (
        Shown("n", "difference", sizes, alone),
        Shown(f"Estimate ({level}% CI)", "difference", effect, alone),
        Shown(f"g ({level}% CI)", "difference", interval("effect", "effect_low", "effect_high"), alone),
        Shown(f"Estimate ({level}% CI)", "splenectomy", effect, adjusted),
    )
    notes = (
        "n: responders, non-responders with baseline and a later value. Estimate: ratio of the groups' "
        "ratios to baseline, or difference of their differences; on the right from a linear model with "
        "response, earlier splenectomy and the baseline value. g: difference by the pooled SD with "
        "Hedges' correction.",
        f"{RATIO_NOTE} {NOT_ADJUSTED}",
    )
    return arrange(rows, study, columns, notes)


def _degrees(read: Reader, marker: Marker) -> str:
    """Return both degrees of freedom."""
    return "; ".join(format_count(read.value(marker, name)) for name in ("df1", "df2"))


@sentence_if_absent
def table_immune_interaction(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the interaction of response and visit: mixed ANOVA."""
    anova = "Mixed ANOVA, complete subjects"
    columns = (
        Shown("n", "anova", sizes, anova),
        Shown("F", "anova", number("statistic"), anova),
        Shown("df", "anova", _degrees, anova),
        Shown("ε", "anova", number("epsilon"), anova),
    )
    notes = (
        "n: responders, non-responders. F of the interaction with its degrees of freedom; it lies near 1 "
        "where the course does not differ. ε: Greenhouse-Geisser. Exploratory.",
    )
    return arrange(rows, study, columns, notes)
