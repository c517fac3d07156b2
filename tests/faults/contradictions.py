"""What result rows must obey whatever the data are: within one number, within one display, between displays.

Rules between displays stand in the tables below. A place is ``display:analysis:level:visit:statistic``, a level
with its category ``Sex/Female``; places joined by `` + `` are added up, ``*`` adds up all levels or visits. Places are compared column by column, in columns of as many subjects:
the safety set and the full analysis set may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
import pandas as pd

from csrkit.rows import levels_in
from csrkit.vocabulary import LEVEL, STATISTICS, limits_of, whole_name
from itpcsr.sdtm import Trial

# One number of a display, its statistics side by side.
NUMBER = ["notebook", "display", "analysis", "population", "group", "level", "visit"]

# limits of an interval, and what lies between them wherever a number has it
LIMITS = {
    **{limits_of(name): [name] for name in STATISTICS},
    limits_of("percent"): ["percent", "mean", "median"],  # a posterior's mean and median are percentages, too
    ("min", "max"): ["q1", "median", "q3", "mean", "geometric_mean"],
    ("q1", "q3"): ["median"],
}
COUNTS = [
    "n",
    "N",
    "n1",
    "n2",
    "events",
    "records",
    "subjects",
    "values",
    "pairs",
    "at_risk",
    "censored",
    "visits",
]
NOT_NEGATIVE = [*COUNTS, "sd", "years", "rate", "percent", "gcv"]
P_VALUES = ["p_value", "p_adjusted", "mid_p"]
FEWEST_FOR_A_TEST, FEWEST_IN_A_SUBSET = 4, 3
SINGLE_ARMS = ("esc05", "esc10", "esc20", "exp20")
ADDED_UP = {"total": SINGLE_ARMS, "all20": ("esc20", "exp20")}

# The same fact in several displays.
FACTS: dict[str, list[str]] = {
    "subjects treated": [
        "tbl-exposure:administrations:*::n",
        "tbl-baseline:sex:*::n",
        "tbl-disposition:status:treated::n",
        "fig-disposition:treated:::n",
        "tbl-baseline:size:::N",
        "data:treated:::n",
    ],
    "subjects enrolled": ["tbl-disposition:size:::N", "fig-disposition:enrolled:::n", "data:enrolled:::n"],
    "subjects screened": ["fig-disposition:screened:::n", "data:screened:::n"],
    "left the study": [
        "tbl-disposition:discontinued_study:*::n",
        "tbl-disposition:status:discontinued_study::n",
        "fig-disposition:discontinued_study:::n",
    ],
    "ends of the study, recorded or not": [
        "tbl-disposition:status:*_study::n",
        "tbl-disposition:size:::N",
        "fig-disposition:*_study:::n",
        "fig-disposition:enrolled:::n",
    ],
    "ends of treatment, recorded or not": [
        "tbl-disposition:status:*_treatment::n",
        "tbl-disposition:status:treated::n",
        "fig-disposition:*_treatment:::n",
        "fig-disposition:treated:::n",
    ],
    "treated or not": [
        "tbl-disposition:status:treated::n + tbl-disposition:status:not_treated::n",
        "fig-disposition:treated:::n + fig-disposition:not_treated:::n",
        "tbl-disposition:size:::N",
    ],
    **{
        f"{state} {end}": [
            f"tbl-disposition:status:{state}_{end}::n",
            f"fig-disposition:{state}_{end}:::n",
        ]
        for state, end in product(("completed", "unrecorded"), ("treatment", "study"))
    },
    "stopped treatment": [
        "tbl-disposition:discontinued_treatment:*::n",
        "tbl-disposition:status:discontinued_treatment::n",
        "fig-disposition:discontinued_treatment:::n",
    ],
    "subjects with a deviation": ["tbl-deviations:any:any::n", "tbl-listing-deviations:listed:records::n"],
    "deviations": [
        "tbl-deviations:category:*::events",
        "tbl-deviations:term:*::events",
        "tbl-deviations:any:any::events",
        "tbl-listing-deviations:listed:records::events",
    ],
    "subjects with an emergent event": [
        "tbl-ae-grade:any_grade:*::n",
        "tbl-ae-overview:overview:any::n",
        "tbl-ae-soc-pt:any:any::n",
        "tbl-ae-grade:any:any::n",
        "tbl-ae-time:any:::n",
        "tbl-ae-rates:first:any::events",
        "fig-incidence:kind:any::n",
        "data:emergent:::n",
    ],
    "emergent events": [
        "tbl-ae-soc-pt:soc:*::events",
        "tbl-ae-soc-pt:pt:*::events",
        "tbl-ae-outcome:outcome:*::events",
        "tbl-ae-relation:relation:*::events",
        "tbl-ae-infusion-pt:within:any::events + tbl-ae-infusion-pt:later:any::events"
        " + tbl-ae-infusion-pt:unknown:any::events",
        "tbl-ae-overview:overview:any::events",
        "tbl-ae-soc-pt:any:any::events",
        "tbl-ae-rates:rate:any::events",
        "tbl-ae-outcome:event:all::events",
        "data:emergent:::events",
        "tbl-ae-infusion:onset:within::events + tbl-ae-infusion:onset:later::events"
        " + tbl-ae-infusion:onset:unknown::events",
        "tbl-ae-disease:disease:any::events + tbl-ae-disease:other:any::events",
    ],
    "subjects with a related event": [
        "tbl-ae-overview:overview:related::n",
        "tbl-ae-relation:any:any::n",
        "tbl-ae-time:related:::n",
        "tbl-ae-rates:first:related::events",
        "fig-incidence:kind:related::n",
    ],
    "related events": [
        "tbl-ae-relation:soc:*::events",
        "tbl-ae-relation:pt:*::events",
        "tbl-ae-overview:overview:related::events",
        "tbl-ae-relation:any:any::events",
        "tbl-ae-rates:rate:related::events",
        "tbl-ae-outcome:event:related::events",
        "tbl-ae-infusion:onset_related:within::events + tbl-ae-infusion:onset_related:later::events"
        " + tbl-ae-infusion:onset_related:unknown::events",
        "tbl-ae-disease:disease:related::events + tbl-ae-disease:other:related::events",
    ],
    "subjects with a severe event": [
        "tbl-ae-overview:overview:severe::n",
        "tbl-ae-severe:any:any::n",
        "tbl-ae-time:severe:::n",
        "tbl-ae-rates:first:severe::events",
        "fig-incidence:kind:severe::n",
    ],
    "severe events": [
        "tbl-ae-severe:soc:*::events",
        "tbl-ae-severe:pt:*::events",
        "tbl-ae-overview:overview:severe::events",
        "tbl-ae-severe:any:any::events",
        "tbl-ae-rates:rate:severe::events",
        "tbl-ae-disease:disease:severe::events + tbl-ae-disease:other:severe::events",
    ],
    "subjects with a serious event": [
        "tbl-ae-overview:overview:serious::n",
        "tbl-ae-serious:any:any::n",
        "tbl-ae-time:serious:::n",
        "tbl-ae-rates:first:serious::events",
        "fig-incidence:kind:serious::n",
    ],
    "serious events": [
        "tbl-ae-serious:soc:*::events",
        "tbl-ae-serious:pt:*::events",
        "tbl-ae-overview:overview:serious::events",
        "tbl-ae-serious:any:any::events",
        "tbl-ae-rates:rate:serious::events",
        "tbl-ae-disease:disease:serious::events + tbl-ae-disease:other:serious::events",
    ],
    "subjects with an event at an infusion": [
        "tbl-ae-infusion:onset:within::n",
        "tbl-ae-infusion-pt:within:any::n",
    ],
    "events at an infusion": [
        "tbl-ae-infusion:onset:within::events",
        "tbl-ae-infusion-pt:within:any::events",
        "tbl-ae-infusion:within:*::events",
    ],
    "events later than that": ["tbl-ae-infusion:onset:later::events", "tbl-ae-infusion-pt:later:any::events"],
    "all events": [
        "tbl-listing-events:listed:records::events",
        "fig-timeline:events:drawn::events + fig-timeline:events:without a start day::events",
        "data:events:::events",
    ],
    "deaths": ["tbl-deaths:listed:death::n", "tbl-estimand:touched:death::n", "data:deaths:::n"],
    "patient-years": ["tbl-exposure:years:::years", "tbl-ae-rates:rate:any::years"],
    "administrations": [
        "tbl-infusions:given:*::n",
        "tbl-infusions:exdose::*:n",
        "data:administrations:::events",
    ],
    "subjects given rescue": [
        "tbl-medication:any:rescue::n",
        "tbl-rescue:any:rescue::n",
        "tbl-itp-therapy:rescue:::n",
        "tbl-estimand:touched:rescue::n",
    ],
    "responders": [
        "tbl-response:overall:responder::n",
        "tbl-response-definitions:cbor:responder::n",
        "tbl-response-sensitivity:primary:responder::n",
        "tbl-response-rates:rate:::n",
        "fig-response-subgroups:overall:::n",
        "tbl-response-times:response:::n",
        "tbl-response-times:duration:::N",
        "tbl-response-times:loss:::N",
        "tbl-response:category:CR::n + tbl-response:category:R::n",
        "tbl-response-subjects:listed:CR::n + tbl-response-subjects:listed:R::n",
        "data:responders:::n",
    ],
    "complete responders": [
        "tbl-response:category:CR::n",
        "tbl-response-subjects:listed:CR::n",
        "tbl-response-definitions:cbor:CR::n",
        "tbl-response-times:complete:::n",
    ],
    "not evaluable": [
        "tbl-response:category:NE::n",
        "tbl-response-subjects:listed:NE::n",
        "tbl-response-definitions:cbor:NE::n",
        "tbl-estimand:missing:not_evaluable::n",
    ],
    "losses of response": ["tbl-response-times:loss:::n", "data:lost:::n"],
    "median baseline count": [
        "tbl-platelets:aval::Baseline:median",
        "tbl-platelets-no-rescue:aval::Baseline:median",
        "tbl-baseline:bplat:::median",
        "tbl-lab-course:value:PLAT:Baseline:median",
    ],
    "subjects with a baseline count": [
        "tbl-platelets:aval::Baseline:n",
        "tbl-platelets-no-rescue:aval::Baseline:n",
        "tbl-baseline:bplat:::n",
        "tbl-lab-course:value:PLAT:Baseline:n",
    ],
    "mean count in week 4": ["tbl-platelets:aval::Week 4:mean", "tbl-lab-course:value:PLAT:Week 4:mean"],
    "splenectomised": [
        "tbl-baseline:splenfl:Y::n",
        "fig-response-subgroups:subgroup:Prior splenectomy/Yes::N",
    ],
    "given rituximab": [
        "tbl-baseline:rituxfl:Y::n",
        "fig-response-subgroups:subgroup:Prior rituximab/Yes::N",
    ],
    "women": ["tbl-baseline:sex:F::n", "fig-response-subgroups:subgroup:Sex/Female::N"],
    "men": ["tbl-baseline:sex:M::n", "fig-response-subgroups:subgroup:Sex/Male::N"],
    **{
        f"subjects by {name}": [
            f"fig-response-subgroups:subgroup:{name}/*::N",
            "fig-response-subgroups:overall:::N",
        ]
        for name in (
            "Sex",
            "Age, years",
            "Prior splenectomy",
            "Prior rituximab",
            "Platelet autoantibody",
            "Baseline count, 10⁹/L",
        )
    },
    "in the pharmacokinetic set": [
        "tbl-pk-set:in_set:::n",
        "tbl-pk-samples:size:::N",
        "tbl-pk-parameters:size:::N",
    ],
}

# The first is part of the second, so it isn't more.
PARTS: list[tuple[str, str]] = [
    ("tbl-ae-overview:overview:serious::n", "tbl-ae-overview:overview:any::n"),
    ("tbl-ae-overview:overview:related::events", "tbl-ae-overview:overview:any::events"),
    ("tbl-ae-overview:overview:any::events", "tbl-listing-events:listed:records::events"),
    (
        "tbl-ae-serious:any:any::events",
        "tbl-serious-events:listed:serious::events + tbl-deaths:listed:death::events",
    ),
    ("tbl-deaths:listed:death::n", "txt-narratives:narrated:narrative::n"),
    ("tbl-serious-events:listed:serious::n", "txt-narratives:narrated:narrative::n"),
    ("tbl-response:category:CR::n", "tbl-response:overall:responder::n"),
    ("tbl-itp-therapy:first_rescue:::n", "tbl-itp-therapy:rescue:::n"),
    ("tbl-estimand:missing:left::n", "tbl-disposition:status:discontinued_study::n"),
    ("tbl-disposition:status:discontinued_study::n", "tbl-listing-discontinued:listed:records::n"),
    ("tbl-disposition:status:not_treated::n", "tbl-listing-discontinued:listed:records::n"),
    ("tbl-response-sensitivity:left_early:responder::n", "tbl-response:overall:responder::n"),
    ("tbl-infusions:given:1::n + tbl-infusions:given:2::n", "tbl-listing-exposure:listed:records::events"),
    ("tbl-estimand:responder:rescue::n", "tbl-estimand:touched:rescue::n"),
    ("tbl-hys-law:criterion:both::n", "tbl-hys-law:criterion:bilirubin::n"),
    ("tbl-hys-law:criterion:both::n", "tbl-hys-law:criterion:3::n"),
    ("fig-edish:quadrant:both::n", "tbl-hys-law:criterion:bilirubin::n"),
    ("tbl-antibody-status:evaluable:ANY::n", "tbl-antibody-status:tested:ANY::n"),
]

# Leaving out counts after rescue therapy leaves no subject more.
PARTS += [
    (f"tbl-platelets-no-rescue:{place}", f"tbl-platelets:{place}")
    for place in ("AVAL::Week 1:n", "AVAL::Week 4:n", "CHG::Week 28:n", "reached:30:Week 4:n")
]
PARTS += [
    (f"{display}-no-rescue:{place}", f"{display}:{place}")
    for display, place in (
        ("tbl-platelet-comparisons", "baseline::Week 4:n"),
        ("tbl-platelet-comparisons", "baseline::Week 28:n"),
        ("tbl-platelet-tests", "friedman:::n"),
        ("tbl-platelet-tests", "anova:::n"),
    )
]

# Categories that exclude each other and leave nobody out: their n add up to N (to n of the display's "any").
WHOLES = [
    ("tbl-response", "category"), ("tbl-response-subjects", "listed"), ("tbl-bleeding-shift", "shift"),
    ("fig-edish", "quadrant"), ("tbl-baseline", "sex"), ("tbl-baseline", "race"),
    ("tbl-exposure", "administrations"),
]  # fmt: skip


def find_contradictions(
    rows: pd.DataFrame, trial: Trial, datasets: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return one row per contradiction: the rule, where, and the numbers that don't agree."""
    rows = pd.concat([rows, _data_rows(trial, datasets)], ignore_index=True)
    names = map(whole_name, rows["statistic"], rows["of"])
    levels = ["/".join([level] if isinstance(level, str) else level) for level in levels_in(rows)]
    rows = rows.assign(statistic=list(names), level=levels)
    found = [*_of_values(rows), *_of_numbers(rows), *_of_columns(rows), *_of_displays(rows)]
    return pd.DataFrame(found, columns=["rule", "place", "numbers"]).drop_duplicates(ignore_index=True)


Found = Iterator[tuple[str, str, str]]


def _of_values(rows: pd.DataFrame) -> Found:
    """Each row alone."""
    value, statistic = rows["value"], rows["statistic"]
    counted = value[statistic.isin(COUNTS)]
    faults = {
        "missing without reason": value.isna() & (rows["reason"] == ""),
        "infinite without reason": np.isinf(value) & (rows["reason"] == ""),
        "negative": (value < 0) & statistic.isin(NOT_NEGATIVE),
        "count of parts": (counted % 1 != 0)
        .where(counted.notna(), False)
        .reindex(rows.index, fill_value=False),
        "p outside 0 to 1": statistic.isin(P_VALUES) & ~value.between(0, 1) & value.notna(),
        "share above 100 %": (statistic == "percent") & (value > 100 + 1e-9),
    }
    for rule, wrong in faults.items():
        for row in rows[wrong].itertuples():
            yield rule, _name(row), f"{row.statistic} {row.value:g}"


def _of_numbers(rows: pd.DataFrame) -> Found:
    """The statistics of one number: shares, intervals and quartiles, sizes of tests."""
    wide = rows.pivot_table(index=NUMBER, columns="statistic", values="value", aggfunc="first", dropna=True)
    sizes = _sizes(rows)
    wide["size"] = sizes.reindex(
        pd.MultiIndex.from_frame(wide.index.to_frame()[["display", "group"]])
    ).to_numpy()
    wide = wide.reindex(
        columns=wide.columns.union(["n", "N", "n1", "n2", "pairs", "percent", "events", "sd", *P_VALUES])
    )
    subjects = ~wide.index.get_level_values("analysis").isin(["below"])
    # less F than 1 is the likelier with fewer degrees of freedom
    for_sphericity = wide.index.get_level_values("display").str.startswith("tbl-platelet-tests")
    tested = wide[P_VALUES].notna().any(axis=1)
    fewest = wide[["n", "size"]].min(axis=1).fillna(wide["n1"] + wide["n2"])
    share = 100 * wide["n"] / wide["N"]
    faults = {
        "n above N": wide["n"] > wide["N"],
        "N above the column": (wide["N"] > wide["size"]) & subjects,
        "share isn't n of N": wide["percent"].notna() & share.notna() & ~np.isclose(wide["percent"], share),
        "share of nobody": wide["percent"].notna() & (wide["N"] == 0),
        "fewer events than subjects": (wide["events"] < wide["n"]) & wide["N"].notna(),
        "events without subject": (wide["events"] > 0) & (wide["n"] == 0),
        "spread of one": wide["sd"].notna() & (wide["n"] < 2),
        "adjusted below raw": (wide["p_adjusted"] < wide["p_value"] - 1e-9) & ~for_sphericity,
    }
    subset = wide[["n1", "n2"]].min(axis=1, skipna=False)
    few = tested & ((fewest < FEWEST_FOR_A_TEST) | (subset < FEWEST_IN_A_SUBSET))
    for display in wide.index[few].unique("display"):
        here = wide.index.get_level_values("display") == display
        faults[f"test of few: {display}"] = few & here
    known = set(wide.columns[wide.notna().any()])
    for (low, high), inner in LIMITS.items():
        for lesser, greater in [
            (low, high),
            *((low, name) for name in inner),
            *((name, high) for name in inner),
        ]:
            if not {lesser, greater} <= known:
                continue
            pair = wide[[lesser, greater]]
            slack = 1e-6 * pair.abs().max(axis=1).clip(lower=1)
            faults[f"{lesser} above {greater}"] = pair[lesser] > pair[greater] + slack
    for rule, wrong in faults.items():
        for key, row in wide[wrong].iterrows() if np.any(wrong) else ():
            shown = row.dropna()
            yield (
                rule,
                " | ".join(map(str, key[1:])),
                ", ".join(f"{name} {shown[name]:g}" for name in shown.index),
            )


def _of_columns(rows: pd.DataFrame) -> Found:
    """The columns of one display: pooled ones are the sum of their arms; categories are the whole."""
    added = rows[rows["statistic"].isin(["n", "N", "events", "years"])]
    key = [*(name for name in NUMBER if name != "group"), "statistic"]
    wide = added.pivot_table(index=key, columns="group", values="value", aggfunc="first").reindex(
        columns=[*SINGLE_ARMS, *ADDED_UP]
    )
    for pooled, arms in ADDED_UP.items():
        whole = wide[[*arms, pooled]].notna().all(axis=1)
        wrong = whole & ~np.isclose(wide[list(arms)].sum(axis=1), wide[pooled])
        for place, row in wide[wrong].iterrows():
            yield f"{pooled} isn't the sum of its arms", " | ".join(map(str, place[1:])), str(row.to_dict())
    for display, analysis in WHOLES:
        part = rows[(rows["display"] == display) & (rows["analysis"] == analysis)]
        for group, numbers in part.groupby("group"):
            total = numbers.loc[numbers["statistic"] == "n", "value"].sum(skipna=False)
            size = numbers.loc[numbers["statistic"] == "N", "value"].max()
            if total != size and not np.isnan(total):
                yield (
                    "categories aren't the whole",
                    f"{display} | {analysis} | {group}",
                    f"sum {total:g}, N {size:g}",
                )


def _of_displays(rows: pd.DataFrame) -> Found:
    """The same fact in several displays."""
    values = _places(rows)
    sizes = _sizes(rows)
    for fact, places in FACTS.items():
        by_place = {place: found for place in places if len(found := _at(values, place))}
        if len(by_place) < 2:
            continue
        told = pd.concat(
            [found.rename("value").to_frame().assign(place=place) for place, found in by_place.items()]
        )
        told["size"] = [
            sizes.get((place.split(":")[0], group), np.nan)
            for group, place in zip(told.index, told["place"], strict=True)
        ]
        told["size"] = told["size"].fillna(told.groupby(level=0)["size"].transform("max")).fillna(-1)
        for (group, _), same in told.groupby([told.index, "size"]):
            if not np.allclose(same["value"], same["value"].iloc[0]):
                numbers = ", ".join(f"{row.place} {row.value:g}" for row in same.itertuples())
                yield f"one fact: {fact}", str(group), numbers
    for part, whole in PARTS:
        lesser, greater = _at(values, part), _at(values, whole)
        if lesser.empty or greater.empty:
            continue
        both = pd.concat([lesser, greater], axis=1, keys=["part", "whole"]).dropna()
        for group, row in both[both["part"] > both["whole"] + 1e-9].iterrows():
            yield "part above its whole", str(group), f"{part} {row['part']:g}, {whole} {row['whole']:g}"


def _places(rows: pd.DataFrame) -> pd.Series:
    keys = rows["display"].str.cat(rows[["analysis", "level", "visit", "statistic"]], sep=":")
    known = rows.assign(place=keys)[rows["value"].notna()]
    return known.drop_duplicates(["place", "group"]).set_index(["place", "group"])["value"].sort_index()


def _at(values: pd.Series, place: str) -> pd.Series:
    """Return the numbers at a place by column; a sum is known where all its terms are."""
    known = values.index.levels[0]
    terms = []
    for term in place.split(" + "):
        first, star, last = term.partition("*")
        names = (
            known[known.str.startswith(first) & known.str.endswith(last)]
            if star
            else [term] * (term in known)
        )
        if not len(names):
            return pd.Series(dtype="float64")
        terms.append(values.loc[list(names)].groupby("group").sum())
    return pd.concat(terms, axis=1).dropna().sum(axis=1)


def _sizes(rows: pd.DataFrame) -> pd.Series:
    """Return N of each display and column, as its header shows it."""
    size = rows[(rows["analysis"] == "size") & (rows["statistic"] == "N")]
    return size.drop_duplicates(["display", "group"]).set_index(["display", "group"])["value"]


def _name(row: object) -> str:
    return " | ".join(str(getattr(row, name)) for name in NUMBER[1:])


def _data_rows(trial: Trial, datasets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what the data themselves say, counted plainly: the display ``data``."""
    adsl, adae, adex, adrs = (datasets[name] for name in ("adsl", "adae", "adex", "adrs"))
    treated = set(adsl.loc[adsl["SAFFL"] == "Y", "USUBJID"])
    full = set(adsl.loc[adsl["FASFL"] == "Y", "USUBJID"])
    events = adae[adae["USUBJID"].isin(treated)]
    emergent = events[events["TRTEMFL"] == "Y"]
    counts = [
        ("screened", "n", len(trial["DM"])),
        ("enrolled", "n", int((adsl["ENRLFL"] == "Y").sum())),
        ("treated", "n", len(treated)),
        ("administrations", "events", int(adex["USUBJID"].isin(treated).sum())),
        ("deaths", "n", len(_dead(trial) & treated)),
    ]
    if "AE" in trial.domains:
        counts += [
            ("events", "events", len(events)),
            ("emergent", "events", len(emergent)),
            ("emergent", "n", emergent["USUBJID"].nunique()),
        ]
    best = adrs[(adrs["PARAMCD"] == "CBOR") & adrs["USUBJID"].isin(full)]
    if len(best):
        responders = best[best["AVALC"].isin(["CR", "R"])]
        counts += [
            ("responders", "n", len(responders)),
            ("lost", "n", int(responders["LOSDY"].notna().sum())),
        ]
    frame = pd.DataFrame(counts, columns=["analysis", "statistic", "value"])
    empty = dict.fromkeys(
        ["notebook", "population", *LEVEL, "visit", "of", "reason", "dataset", "unit", "method"], ""
    )
    return frame.assign(display="data", group="total", value=frame["value"].astype("float64"), **empty)


def _dead(trial: Trial) -> set[str]:
    """Return who died by any record that can say so."""
    signs = [
        ("DM", "DTHFL", "Y"), ("DS", "DSDECOD", "DEATH"), ("AE", "AESDTH", "Y"), ("AE", "AEOUT", "FATAL"),
    ]  # fmt: skip
    dead: set[str] = set()
    for name, variable, value in signs:
        frame = trial[name]
        if variable in frame:
            dead |= set(frame.loc[frame[variable].str.upper() == value, "USUBJID"])
    dm = trial["DM"]
    return dead | (set(dm.loc[dm["DTHDTC"] != "", "USUBJID"]) if "DTHDTC" in dm else set())
