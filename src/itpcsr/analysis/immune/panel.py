"""The panel: all markers of all subjects at all visits as one array, on each marker's scale of analysis."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from csrkit.markers import Marker
from csrkit.rows import to_long
from csrkit.stats.effects import describe
from csrkit.stats.estimation import Reasons
from csrkit.vocabulary import limits_of
from itpcsr.study import Study

Floats = NDArray[np.floating[Any]]
NO_TABLE = "This study names no markers of immune function, so they are not analysed here."
NO_VALUES = (
    "The study's data hold no value of a marker of immune function, so immune function cannot be shown."
)
NO_RESPONSE = "The study's data hold no response, so markers cannot be compared by response."


@dataclass(frozen=True)
class Panel:
    """Markers of the full analysis set.

    ``values`` has subjects × visits × markers, the first visit being baseline and the others the weeks in
    ``weeks``; ``original`` the same in the unit of the data. NaN is missing. ``responder`` is 1 for a
    confirmed response, 0 for none, NaN where that isn't known. ``dose`` is the dose level, ``splenectomy`` 1
    or 0; NaN where not recorded.
    """

    subjects: tuple[str, ...]
    weeks: tuple[int, ...]
    markers: tuple[Marker, ...]
    values: Floats
    original: Floats
    responder: Floats
    dose: Floats
    splenectomy: Floats

    @property
    def codes(self) -> list[str]:
        """Return the codes of the markers."""
        return [marker.code for marker in self.markers]

    @property
    def visits(self) -> list[str]:
        """Return the names of the visits."""
        return ["Baseline", *(f"Week {week}" for week in self.weeks)]

    @property
    def change(self) -> Floats:
        """Return the change from baseline at each later visit; a difference of logarithms on a log scale."""
        return np.asarray(self.values[:, 1:] - self.values[:, :1])

    @property
    def is_log(self) -> NDArray[np.bool_]:
        """Tell for each marker whether it is analysed on a log scale."""
        return np.array([marker.scale == "log" for marker in self.markers])

    @property
    def mean_change(self) -> Floats:
        """Return each subject's mean change over the visits with a value: subjects × markers."""
        return mean_over(self.change, axis=1)

    @property
    def standardised(self) -> Floats:
        """Return the change in units of each marker's SD at baseline; NaN where that can't be estimated."""
        _, _, sd = describe(self.values[:, 0])
        return np.asarray(self.change / np.where(sd > 1e-12, sd, np.nan))

    @property
    def groups(self) -> dict[str, NDArray[np.bool_]]:
        """Tell who belongs to each group: everyone, responders, non-responders."""
        everyone = np.ones(len(self.subjects), dtype="bool")
        return {"total": everyone, "responder": self.responder == 1, "nonresponder": self.responder == 0}

    @property
    def units(self) -> dict[str, str]:
        """Return the unit of each marker."""
        return {marker.code: marker.unit for marker in self.markers}

    @property
    def effect_units(self) -> dict[str, str]:
        """Return what an effect of each marker is: a ratio, or a difference in the marker's unit."""
        return {
            marker.code: "ratio" if marker.scale == "log" else f"difference, {marker.unit}"
            for marker in self.markers
        }

    def effects(self, estimate: Floats, low: Floats, high: Floats) -> dict[str, Floats]:
        """Return an effect and its limits as ratio where the scale is logarithmic, else as difference."""
        names = dict(zip(("estimate", *limits_of("estimate")), (estimate, low, high), strict=True))
        with np.errstate(over="ignore"):  # of differences, whose exponential nobody takes
            return {name: np.where(self.is_log, np.exp(value), value) for name, value in names.items()}

    def rows(
        self,
        statistics: Mapping[str, ArrayLike] | pd.DataFrame,
        reasons: Reasons = "",
        methods: Mapping[str, str | Sequence[str]] | None = None,
        units: Mapping[str, str] | None = None,
        **constants: str,
    ) -> pd.DataFrame:
        """Return result rows of statistics by marker (see ``csrkit.rows.to_long``).

        ``statistics`` has a value for each marker, in their order; a frame may hold the ``reason`` of each.
        ``units`` are those of the markers.
        """
        if isinstance(statistics, pd.DataFrame):
            reasons = statistics["reason"].to_numpy("object") if "reason" in statistics else reasons
            statistics = {str(name): statistics[name] for name in statistics if name != "reason"}
        values = {name: np.broadcast_to(column, len(self.codes)) for name, column in statistics.items()}
        wide = pd.DataFrame(values, index=pd.Index(self.codes, name="level", dtype="str"))
        why = np.broadcast_to(np.asarray(reasons, dtype="object"), len(wide))
        rows = to_long(wide, why.tolist(), methods or {}).assign(**constants)
        return rows if units is None else rows.assign(unit=rows["level"].map(dict(units)))


def mean_over(values: Floats, axis: int) -> Floats:
    """Return means that leave missing values out; NaN where all are missing."""
    count = np.isfinite(values).sum(axis=axis)
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def missing_sentence(adcp: pd.DataFrame, study: Study) -> str:
    """Return why there is nothing to analyse, or "" where there is."""
    if not study.markers:
        return NO_TABLE
    return NO_VALUES if adcp.empty else ""


def missing_response(adcp: pd.DataFrame, panel: Panel, study: Study) -> str:
    """Return why nothing can be set against response, or "" where it can."""
    return missing_sentence(adcp, study) or ("" if np.isfinite(panel.responder).any() else NO_RESPONSE)


def build_panel(adsl: pd.DataFrame, adcp: pd.DataFrame, adrs: pd.DataFrame, study: Study) -> Panel:
    """Return the panel of the full analysis set: the planned visits, one value per subject and visit.

    Planned are baseline and the weeks of ``immune_weeks``.
    """
    subjects = adsl[(adsl["FASFL"] == "Y") & adsl["ARMCD"].isin(study.design.reported_arms)].sort_values(
        "USUBJID"
    )
    names = subjects["USUBJID"].astype("str").tolist()
    weeks = study.sampling.immune_weeks
    best = adrs[adrs["PARAMCD"] == "CBOR"].set_index("USUBJID")["CRIT1FL"]
    responded = best.map({"Y": 1.0, "N": 0.0}).astype("float64")
    doses = {arm.code: np.nan if arm.dose is None else arm.dose for arm in study.design.arms}
    flag = subjects["SPLENFL"] if "SPLENFL" in subjects else pd.Series("", index=subjects.index)
    return Panel(
        subjects=tuple(names),
        weeks=tuple(weeks),
        markers=study.markers,
        values=spread(adcp, "TVAL", names, weeks, study.markers),
        original=spread(adcp, "AVAL", names, weeks, study.markers),
        responder=responded.reindex(names).to_numpy("float64"),
        dose=subjects["ARMCD"].map(doses).to_numpy("float64"),
        splenectomy=flag.map({"Y": 1.0, "N": 0.0}).to_numpy("float64"),
    )


def spread(
    records: pd.DataFrame, variable: str, subjects: list[str], weeks: Sequence[int], markers: Sequence[Marker]
) -> Floats:
    """Return a variable as subjects × (baseline and weeks) × markers; NaN where there is no record."""
    chosen = records[(records["ANL01FL"] == "Y") & records["AVISITN"].isin([0, *weeks])]
    places = (
        pd.Index(subjects).get_indexer(pd.Index(chosen["USUBJID"])),
        pd.Index([0, *weeks], dtype="float64").get_indexer(pd.Index(chosen["AVISITN"])),
        pd.Index([marker.code for marker in markers]).get_indexer(pd.Index(chosen["PARAMCD"])),
    )
    values = np.full((len(subjects), 1 + len(weeks), len(markers)), np.nan)
    known = np.all([place >= 0 for place in places], axis=0)
    values[tuple(place[known] for place in places)] = chosen[variable].to_numpy("float64")[known]
    return values


def count_values(adcp: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """Count each marker's records: all, used at a planned visit, and left out with the reason.

    Returns ``level`` (marker), ``statistic`` (records, used, outside, second, below_limit, no_logarithm) and
    ``value``; nothing is dropped without a count.
    """
    own = adcp[adcp["USUBJID"].isin(panel.subjects)]
    planned = own["AVISITN"].isin([0, *panel.weeks])
    kinds = {
        "records": own["AVAL"].notna(),
        "used": planned & (own["ANL01FL"] == "Y") & own["TVAL"].notna(),
        "outside": ~planned,
        "second": planned & (own["ANL01FL"] != "Y"),
        "no_logarithm": planned & (own["ANL01FL"] == "Y") & own["TVAL"].isna(),
        "below_limit": own["DTYPE"] == "LIMIT",
    }
    parts = []
    for name, chosen in kinds.items():
        counts = own.loc[chosen, "PARAMCD"].value_counts().reindex(panel.codes, fill_value=0)
        parts.append(pd.DataFrame({"level": panel.codes, "statistic": name, "value": counts.to_numpy()}))
    return pd.concat(parts, ignore_index=True).assign(analysis="records", unit="values")


def accounts(course: pd.DataFrame) -> bool:
    """Tell whether every value is used or counted among those left out (see ``count_values``)."""
    counts = course[course["analysis"] == "records"].groupby("statistic")["value"].sum()
    if counts.empty:
        return True
    left_out = counts[["outside", "second", "no_logarithm"]].sum()
    return bool(counts["records"] == counts["used"] + left_out)


def quartiles(values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return n, lower quartile, median and upper quartile over the first axis; NaN without values."""
    count = np.isfinite(values).sum(axis=0)
    if not values.size:
        return count, *np.full((3, values.shape[1]), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a marker without values has no quantiles: NaN
        found = np.nanquantile(values, [0.25, 0.5, 0.75], axis=0, method="averaged_inverted_cdf")
    return count, *found


def course_records(panel: Panel) -> pd.DataFrame:
    """Return each subject's values in the unit of the data: USUBJID, RESPONSE, PARAMCD, AVISITN, AVAL."""
    return _records(panel, panel.original, "AVISITN", [0, *panel.weeks], "AVAL")


def standardised_records(panel: Panel) -> pd.DataFrame:
    """Return each subject's standardised changes for charts.

    Columns USUBJID, RESPONSE (responder, nonresponder or unknown), AVISIT, PARAMCD, VALUE; one more AVISIT,
    ``Mean``, holds the mean over the visits with a value. Missing values have no record.
    """
    changes = panel.standardised
    changes = np.concatenate([changes, mean_over(changes, axis=1)[:, None]], axis=1)
    return _records(panel, changes, "AVISIT", [*panel.visits[1:], "Mean"], "VALUE")


def _records(panel: Panel, values: Floats, visit: str, visits: Sequence[Any], variable: str) -> pd.DataFrame:
    """Return subjects × visits × markers as records, without those that are missing."""
    subjects, _, markers = values.shape
    known = [panel.responder == 1, panel.responder == 0]
    names = np.array(["responder", "nonresponder"], dtype="object")
    frame = pd.DataFrame(
        {
            "USUBJID": np.repeat(np.array(panel.subjects, dtype="object"), len(visits) * markers),
            "RESPONSE": np.repeat(np.select(known, names, default="unknown"), len(visits) * markers),
            visit: np.tile(np.repeat(visits, markers), subjects),
            "PARAMCD": np.tile(np.array(panel.codes, dtype="object"), subjects * len(visits)),
            variable: values.ravel(),
        }
    )
    return frame.dropna(subset=[variable]).reset_index(drop=True)
