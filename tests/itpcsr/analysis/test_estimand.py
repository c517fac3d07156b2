"""The estimand by ICH E9(R1): what is missing is no intercurrent event, and strategies are what the rule does."""

import itertools
from collections import ChainMap
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from itpcsr.adam.datasets import Datasets
from itpcsr.adam.states import derive_intercurrent
from itpcsr.analysis import efficacy
from itpcsr.display import response
from itpcsr.study import ResponseDefinition
from itpcsr.study.rules import RescueRule
from tests import small
from tests.faults.chain import show
from tests.itpcsr.analysis.test_efficacy import four, value


def estimand_of(datasets, study):
    intercurrent = derive_intercurrent(datasets, study)
    return efficacy.analyse_estimand(datasets["adsl"], datasets["adrs"], intercurrent, study)


def test_who_left_is_missing_data_and_no_intercurrent_event(study):
    """Subject b withdrew, a responder; d died, without any count; c was given rescue."""
    _, datasets = four(study)
    assert set(derive_intercurrent(datasets, study)["EVENT"]) == {
        "rescue",
        "new_therapy",
        "incomplete",
        "death",
    }
    rows = estimand_of(datasets, study)
    for level, missing, responders in (("left", 1, 1), ("not_evaluable", 1, 0)):
        assert value(rows, "missing", "total", "n", level) == missing
        assert value(rows, "missing_responder", "total", "n", level) == responders
    table = response.table_estimand(rows, study)
    at = [row.label for row in table.rows]
    assert at.index("Leaving the study early") > at.index(
        "Missing data, which are not an intercurrent event, and their handling"
    )
    shown = {row.label: row.cells for row in table.rows}
    assert shown["Leaving the study early"][1:] == ("1 (25.0)", "1")
    assert shown["Rescue therapy"] == (
        "While on treatment: judged by the counts before its first day; a response confirmed by then is kept",
        "1 (25.0)",
        "0 (0)",
    )


def test_an_end_that_is_recorded_for_nobody_is_not_nobody_who_left(study):
    trial, _ = four(study)
    del trial.domains["DS"]
    datasets = Datasets(trial, study)
    unrecorded = datasets["adsl"].assign(EOSSTT="")
    rows = estimand_of(ChainMap({"adsl": unrecorded}, datasets), study)
    assert np.isnan(value(rows, "missing", "total", "n", "left"))
    table = response.table_estimand(rows, study)
    assert table.notes[-1] == "NE: not estimable (not recorded in the data)."
    changed = ChainMap({"adsl": unrecorded}, datasets)
    table = show(trial, study, "32-response-rates", datasets=changed)["tbl-response-sensitivity"]
    assert np.isnan(value(table.results, "left_early", "total", "n", "responder"))
    shown = {row.label: row.cells[-1] for row in table.rows}
    assert shown["Leaving the study early as non-response, n/N (%)"] == "NE"
    assert "not recorded in the data" in table.notes[-1]


_KINDS = {
    "confirmed": {},
    "at a week": {"week": 12, "window_days": 3},
    "held to a week": {"week": 12, "window_days": 3},
    "weeks of the last": {"weeks_needed": 2, "weeks_counted": 4},
}


TRIED = list(itertools.product(_KINDS, get_args(RescueRule)))


@pytest.fixture(scope="module")
def tried(study):
    """Return each definition, and by subject whether there is a response by it.

    never: high from Day 8 on; late: the same, rescue on Day 50; early: rescue on Day 10, high only after it.
    """
    definitions = {
        (kind, rescue): ResponseDefinition(
            key=f"TRIED{number}", label="tried", source="made up", kind=kind, rescue=rescue, count=30.0, ratio=2.0,
            complete_count=100.0, confirmation_days=7, bleeding="not considered", **_KINDS[kind],
        )
        for number, (kind, rescue) in enumerate(TRIED)
    }  # fmt: skip
    rules = study.efficacy.model_copy(update={"response_definitions": list(definitions.values())})
    high = {-1: 10.0, **dict.fromkeys(range(8, 198, 7), 120.0)}
    counts = {"never": high, "late": high, "early": {**high, 8: 10.0}}
    rescued = [
        {"USUBJID": name, "CMSEQ": 1.0, "CMTRT": "X", "CMCAT": "RESCUE THERAPY", "CMSTDTC": small.day(day),
         "CMENDTC": ""}
        for name, day in (("late", 50), ("early", 10))
    ]  # fmt: skip
    trial = small.trial(
        DM=small.dm(*((name, "ESC05") for name in counts)),
        EX=small.ex(*counts),
        LB=pd.concat([small.platelets(name, course) for name, course in counts.items()], ignore_index=True),
        CM=pd.DataFrame(rescued),
    )
    adrs = Datasets(trial, study.model_copy(update={"efficacy": rules}))["adrs"]
    responds = {
        name: (of.set_index("USUBJID")["CRIT1FL"] == "Y").to_dict() for name, of in adrs.groupby("PARAMCD")
    }
    return {case: (definition, responds[definition.key]) for case, definition in definitions.items()}


@pytest.mark.parametrize(("kind", "rescue"), TRIED)
def test_the_strategy_named_for_rescue_is_what_the_rule_does(tried, kind, rescue):
    definition, responds = tried[kind, rescue]
    assert responds["never"] == 1
    named = response.rescue_strategy(definition).partition(":")[0]
    done = {(0, 0): "Composite", (1, 0): "While on treatment", (1, 1): "Treatment policy"}
    assert named == done[responds["late"], responds["early"]]
