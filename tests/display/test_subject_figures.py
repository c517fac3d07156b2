"""Figures of single subjects: who stands in them, and that they are a sentence where there is nothing."""

import pytest

from csrkit.charts import drawing
from itpcsr.display import timelines
from itpcsr.sdtm import Trial
from tests.faults.chain import show
from tests.small import dm, ex

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
        assert "0 of 18 subjects" in svgs["fig-edish"]
    else:
        assert "6 of 254 treated subjects: those with a serious event" in svgs["fig-timeline"]
        assert "Under treatment" in svgs["fig-timeline"]


def test_figures_without_data_are_sentences(study):
    trial = Trial({"DM": dm(("01", "ESC05")), "EX": ex("01")})
    found = figures(trial, study)
    assert all(found[name].absent for name in FIGURES[1:])
    assert "SVG" in drawing.chart_svg(found["fig-timeline"].to_dict()).upper()


def test_a_subject_named_with_a_quote_cannot_break_the_axis():
    assert timelines._quote("O'Neil\\") == "O\\'Neil\\\\"
