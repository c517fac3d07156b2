"""The overview of treatment-emergent adverse events."""

from __future__ import annotations

import pandas as pd

from csrkit.absence import is_absent
from csrkit.stats.groups import assign_groups, size_rows
from itpcsr.analysis.safety.kinds import FLAGS, NO_DOMAIN, absent, count_flagged, rows_of, select_events
from itpcsr.study import Study


def analyse_ae_overview(
    adsl: pd.DataFrame, adae: pd.DataFrame, study: Study, confidence: float
) -> pd.DataFrame:
    """Count subjects with treatment-emergent adverse events of each kind, with exact intervals.

    ``level`` is a key of ``FLAGS``; statistics are n, N, percent, ci_low, ci_high (percent) and events.
    What the data record for no event (relation, severity, action taken, outcome, the flags of SUPPAE) is
    not estimable; dose-limiting toxicity and infusion reaction belong to studies with infusions alone.
    """
    display = "tbl-ae-overview"
    if is_absent(adae, "AE"):
        return absent(display, NO_DOMAIN)
    members = assign_groups(adsl, study.design.columns, "SAFFL")
    events = select_events(adae, members)
    kinds = [kind for kind in FLAGS if study.design.infusion_days or kind not in ("dlt", "infusion_reaction")]
    parts = [
        count_flagged(adae, events, members, kind, confidence).assign(analysis="overview") for kind in kinds
    ]
    return rows_of([size_rows(members), *parts], display)
