"""Real immune markers of patients with COVID-19 as a trial: 294 samples of 136 markers, gaps and outliers included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import yaml

from csrkit.markers import Marker
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis import immune
from itpcsr.sdtm import Trial
from itpcsr.study import Study, read_study
from tests import small
from tests.faults import chain

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT.parent / "shared/data/immune_markers_covid/impact_immune_markers.csv"
WEEKS = list(range(1, 8))  # the second to the eighth visit of a patient


@dataclass(frozen=True)
class Covid:
    """The source as it is, and what the package makes of it."""

    source: pd.DataFrame
    markers: list[str]
    study: Study
    datasets: dict[str, pd.DataFrame]
    panel: immune.Panel


def load_covid() -> Covid:
    """Read the source by its mapping file and derive the analysis datasets."""
    source = pd.read_csv(SOURCE)
    mapping = yaml.safe_load((ROOT / "tests/immune_markers.yml").read_text(encoding="utf-8"))
    columns = list(source.columns)
    first, last = (columns.index(mapping[name]) for name in ("first_marker", "last_marker"))
    markers = columns[first : last + 1]
    samples = source.copy().assign(
        USUBJID=source[mapping["sample"]].str.split(mapping["separator"]).str[0],
        NUMBER=source[mapping["sample"]].str.split(mapping["separator"]).str[1].fillna("1").astype("int64"),
    )
    names = sorted(samples["USUBJID"].unique())
    study = _study(markers, mapping)
    trial = small.trial(
        DM=small.dm(*((name, "ESC05") for name in names)),
        EX=small.ex(*names, days=(1,)),
        CP=_records(samples, markers),
        LB=_platelets(samples, mapping["platelets"]),
    )
    derived = Datasets(trial, study)
    datasets = {name: derived[name] for name in ("adsl", "adcp", "adlb", "adrs")}
    care = samples.groupby("USUBJID")[mapping["response"]].max()
    datasets["adrs"] = pd.DataFrame(
        {
            "USUBJID": care.index,
            "PARAMCD": "CBOR",
            "CRIT1FL": care.map({mapping["responder"]: "Y", mapping["nonresponder"]: "N"}),
        }
    )
    panel = immune.build_panel(datasets["adsl"], datasets["adcp"], datasets["adrs"], study)
    return Covid(source, markers, study, datasets, panel)


def _study(markers: list[str], mapping: dict[str, list[str]]) -> Study:
    study = read_study(
        ROOT / "params/study.yml",
        baseline_rule="value flagged in the data",
        visit_rule="visit named in the data",
        immune_weeks=WEEKS,
    )
    return study.with_markers(
        Marker(
            code=f"M{number:03}", label=name, scale="linear", panel="All", domain="CP", origin="publication",
            mechanism=name in mapping["mechanism"],
        )
        for number, name in enumerate(markers)
    )  # fmt: skip


def _records(samples: pd.DataFrame, markers: list[str]) -> pd.DataFrame:
    long = samples.melt(["USUBJID", "NUMBER"], markers, "MARKER", "CPSTRESN").dropna(subset=["CPSTRESN"])
    codes = {name: f"M{number:03}" for number, name in enumerate(markers)}
    return pd.DataFrame(
        {
            "STUDYID": "C", "DOMAIN": "CP", "USUBJID": long["USUBJID"], "CPSEQ": np.arange(len(long)) + 1.0,
            "CPTESTCD": long["MARKER"].map(codes), "CPSTRESN": long["CPSTRESN"], "CPSTRESU": "",
            "CPDTC": _dates(long["NUMBER"]), "CPBLFL": _baseline(long["NUMBER"]), "VISIT": _visits(long["NUMBER"]),
        }
    )  # fmt: skip


def _platelets(samples: pd.DataFrame, column: str) -> pd.DataFrame:
    known = samples[samples[column].notna()]
    return pd.DataFrame(
        {
            "STUDYID": "C", "DOMAIN": "LB", "USUBJID": known["USUBJID"], "LBSEQ": np.arange(len(known)) + 1.0,
            "LBTESTCD": "PLAT", "LBTEST": "Platelets", "LBSTRESN": 1 + known[column], "LBSTRESU": "10^9/L",
            "LBDTC": _dates(known["NUMBER"]), "LBBLFL": _baseline(known["NUMBER"]),
            "VISIT": _visits(known["NUMBER"]),
        }
    )  # fmt: skip


def _dates(number: pd.Series) -> pd.Series:
    return number.map(lambda visit: small.day(1 if visit == 1 else 7 * visit - 6)).astype("str")


def _baseline(number: pd.Series) -> pd.Series:
    return (number == 1).map({True: "Y", False: ""}).astype("str")


def _visits(number: pd.Series) -> pd.Series:
    return number.map(lambda visit: "DAY 1" if visit == 1 else f"WEEK {visit - 1}").astype("str")


def analyse_everything(
    datasets: Mapping[str, pd.DataFrame], study: Study, **parameters: Any
) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Run the notebook; return its result rows by display, and what it shows by label."""
    values = {"bootstraps": 100, "simulations": 20, **parameters}
    with (
        mock.patch.dict(chain.VALUES, values),
        chain.notebooks_on(Trial({}), study, datasets) as run,
    ):
        rows = run("60-immune-mechanism")
        return {str(label): part for label, part in rows.groupby("display", sort=False)}, run.displays
