"""Figures of single subjects: who stands in them, and that they are a sentence where there is nothing."""

from collections import Counter

import pandas as pd
import pytest

from csrkit.charts import drawing
from itpcsr.display import timelines
from itpcsr.sdtm import Trial
from tests.faults.chain import show
from tests.small import day, dm, ex

FIGURES = ["fig-timeline", "fig-incidence", "fig-laboratory-subjects", "fig-edish"]


def figures(trial, study, datasets=None):
    """Return the four figures of a trial by label."""
    displays = show(trial, study, "28-significant-events", datasets=datasets)
    return {label: displays[label] for label in FIGURES}


@pytest.mark.parametrize("name", ["demo", "pilot"])
def test_every_figure_draws(name, request):
    study = request.getfixturevalue("study" if name == "demo" else "pilot_study")
    found = figures(request.getfixturevalue(f"{name}_trial"), study, request.getfixturevalue(name))
    svgs = {key: drawing.chart_svg(figure.to_dict()) for key, figure in found.items()}
    assert not any("NaN" in svg or "undefined" in svg for svg in svgs.values())
    if name == "demo":
        assert all(f"SIM-{number:03d}" in svgs["fig-timeline"] for number in range(1, 19))
        assert ">0 of 18 subjects<" in svgs["fig-edish"]
    else:
        assert "6 of 254 treated subjects: those with a serious event" in svgs["fig-timeline"]
        assert "Under treatment" in svgs["fig-timeline"]


def test_figures_without_data_are_sentences(study):
    trial = Trial({"DM": dm(("01", "ESC05")), "EX": ex("01")})
    found = figures(trial, study)
    assert all(found[name].absent for name in FIGURES[1:])
    assert "SVG" in drawing.chart_svg(found["fig-timeline"].to_dict()).upper()


def test_an_end_that_is_not_recorded_is_no_early_end(study):
    """The narrative says so, too: one who has no end in DS neither completed the study nor left it early."""
    ds = pd.DataFrame(
        {
            "STUDYID": "T", "DOMAIN": "DS", "USUBJID": ["01"], "DSSEQ": 1.0, "DSTERM": "COMPLETED",
            "DSDECOD": "COMPLETED", "DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY", "DSSTDTC": day(30),
        }
    )  # fmt: skip
    whole = {"DM": dm(("01", "ESC05"), ("02", "ESC05")), "EX": ex("01", "02")}
    for domains, said, drawn in (
        (whole, "; the end of the study is not recorded.", {"": 2}),
        (
            {**whole, "DS": ds},
            "; 1 of 2 completed the study, its end is not recorded for 1.",
            {"COMPLETED": 1, "": 1},
        ),
    ):
        trial = Trial(domains)
        chart = figures(trial, study)["fig-timeline"].to_dict()
        assert chart["description"].endswith(said)
        marks = Counter(
            row["Legend"] for rows in chart["datasets"].values() for row in rows if "Legend" in row
        )
        assert {status: marks[name] for status, name in timelines.ENDS.items() if marks[name]} == drawn


def test_a_subject_named_with_a_quote_cannot_break_the_axis():
    assert timelines._quote("O'Neil\\") == "O\\'Neil\\\\"
