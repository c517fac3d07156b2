"""Tests over all visits, and responders against non-responders."""

from __future__ import annotations

import pandas as pd

from itpcsr.display.formats import format_level
from itpcsr.display.immune_tables.arrange import EXPLORATORY, RATIO_NOTE, Shown, arrange
from itpcsr.display.immune_tables.cells import adjusted_p, count, effect, interval, number, raw_p, sizes
from itpcsr.display.rows import sentence_if_absent
from itpcsr.display.table import Table
from itpcsr.study import Study


@sentence_if_absent
def table_immune_visits(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the tests over all visits."""
    complete, friedman, anova = "Complete", "Friedman", "ANOVA"
    columns = (
        Shown("n", "anova", count(), complete),
        Shown("Visits", "anova", count("visits"), complete),
        Shown("W", "friedman", number("effect"), friedman),
        Shown("p", "friedman", raw_p, friedman),
        Shown("adj.", "friedman", adjusted_p, friedman),
        Shown("ε", "anova", number("epsilon"), anova),
        Shown("η²", "anova", number("effect"), anova),
        Shown("p", "anova", raw_p, anova),
        Shown("adj.", "anova", adjusted_p, anova),
    )
    notes = (
        "Friedman test and repeated-measures ANOVA use subjects with a value at every visit at which anyone "
        "has one. W: Kendall's coefficient; p of the Friedman test: by mirroring each subject's ranks; "
        "ε: Greenhouse-Geisser; η²: generalised eta squared; p of the ANOVA is the corrected one; "
        "adj.: adjusted p.",
        EXPLORATORY,
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
        Shown("p", "difference", raw_p, alone),
        Shown("adj.", "difference", adjusted_p, alone),
        Shown(f"Estimate ({level}% CI)", "splenectomy", effect, adjusted),
        Shown("p", "splenectomy", raw_p, adjusted),
        Shown("adj.", "splenectomy", adjusted_p, adjusted),
    )
    notes = (
        "n: responders, non-responders with baseline and a later value. Estimate: ratio of the groups' "
        "ratios to baseline, or difference of their differences; on the right from a linear model with "
        "response, earlier splenectomy and the baseline value. g: difference by the pooled SD with "
        "Hedges' correction. p: permutation of the groups; t test in the adjusted model. adj.: adjusted p.",
        f"{RATIO_NOTE} {EXPLORATORY}",
    )
    return arrange(rows, study, columns, notes)


@sentence_if_absent
def table_immune_interaction(rows: pd.DataFrame, study: Study) -> Table:
    """Arrange the interaction of response and visit: mixed ANOVA."""
    anova = "Mixed ANOVA, complete subjects"
    columns = (
        Shown("n", "anova", sizes, anova),
        Shown("F", "anova", number("statistic"), anova),
        Shown("ε", "anova", number("epsilon"), anova),
        Shown("p", "anova", raw_p, anova),
        Shown("adj.", "anova", adjusted_p, anova),
    )
    notes = (
        "n: responders, non-responders. ε: Greenhouse-Geisser, by which p of the ANOVA is corrected. adj.: "
        f"adjusted p. {EXPLORATORY}",
    )
    return arrange(rows, study, columns, notes)
