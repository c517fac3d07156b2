"""All charts of all notebooks, drawn from the datasets of any trial, as the notebooks call them."""

from __future__ import annotations

from csrkit.many import Displays
from itpcsr.adam.datasets import derive
from itpcsr.adam.subgroups import derive_subgroups
from itpcsr.analysis import (
    bands,
    efficacy,
    exposure,
    forms,
    immune,
    population,
    related_studies,
    safety,
)
from itpcsr.display import (
    figures,
    immune_figures,
    platelet_figures,
    response_figures,
    safety_figures,
)
from itpcsr.display.related_studies import figure_related_studies
from itpcsr.sdtm import Trial
from itpcsr.study import read_related
from tests.faults.chain import show

LEVEL = 0.95
DRAWN_IN_CELLS = ("28-significant-events", "40-pharmacokinetics", "50-antibody", "70-dose-selection")


def part_of(trial: Trial, subjects: list[str]) -> Trial:
    """Return the trial as if it had these subjects alone."""
    return Trial(
        {
            name: frame[frame["USUBJID"].isin(subjects)].reset_index(drop=True)
            if "USUBJID" in frame
            else frame
            for name, frame in trial.domains.items()
        }
    )


def every_figure(trial, study, datasets=None, limits=Displays()):  # noqa: B008 (frozen)
    """Return label to chart, or to the table that stands in its place; ``limits`` part few from many."""
    datasets = dict(datasets or derive(trial, study))
    cells = related_studies.analyse_status_phase(read_related(study.identity.related_studies))
    return {
        "fig-related-studies": figure_related_studies(cells),
        **_safety(datasets, study, limits),
        **_efficacy(datasets, study, limits),
        **_immune(datasets, study, limits),
        **_notebooks(trial, study, datasets, limits),
    }


def _safety(datasets, study, limits):
    adsl, adex, adae = (datasets[name] for name in ("adsl", "adex", "adae"))
    times = safety.analyse_ae_times(adsl, adae, datasets["adaette"], study, [28], LEVEL)
    curves = safety.estimate_ae_curves(adsl, datasets["adaette"], study, LEVEL)
    infusions = exposure.analyse_infusions(adsl, adex, study)
    form = _form("fig-infusions", forms.SHARES, adex, limits)
    return {
        "fig-disposition": figures.figure_disposition(population.analyse_flow(adsl)),
        "fig-infusions": safety_figures.figure_infusions(infusions, adsl, adex, study, form),
        "fig-ae-time": safety_figures.figure_ae_times(times, curves, study),
    }


def _form(display, form, records, limits):
    return forms.choose_form(display, form, records["USUBJID"].nunique(), limits.subjects_at_most)


def _efficacy(datasets, study, limits):
    adsl, adlb, adrs, adtte = (datasets[name] for name in ("adsl", "adlb", "adrs", "adtte"))
    adex, adcm = datasets["adex"], datasets["adcm"]
    platelets = efficacy.select_platelets(adsl, adlb, study)
    course = efficacy.analyse_platelet_course(adsl, adlb, study)
    without = efficacy.analyse_platelet_course(adsl, adlb, study, after_rescue=False)
    best = efficacy.analyse_best_ratio(adsl, adrs, study)
    course_bands = bands.platelet_bands(
        platelets, adsl, study, limits.lines_at_most, limits.chart_values_at_most
    )
    levels = _form("fig-platelet-heatmap", forms.SHARES, platelets, limits)
    spread = _form("fig-platelet-best", forms.SPREAD, adrs[adrs["PARAMCD"] == "BESTRAT"], limits)
    shares = bands.response_shares(adsl, adrs, study, limits.subjects_at_most)
    subgroups = derive_subgroups(adsl, datasets["adab"], study)
    rates = efficacy.analyse_subgroups(adsl, adrs, subgroups, study, LEVEL)
    times = efficacy.analyse_response_times(adsl, adrs, adtte, study, [29], LEVEL)
    curves = {
        name: response_figures.figure_response_curves(
            times, efficacy.estimate_response_curves(adsl, adtte, study, name, LEVEL), study, name
        )
        for name in ("response", "duration")
    }
    return {
        "fig-platelets": platelet_figures.figure_platelets(
            platelets, adsl, course, without, adex, adcm, study, course_bands
        ),
        "fig-platelet-heatmap": platelet_figures.figure_platelet_heatmap(
            platelets, adsl, course, study, levels
        ),
        "fig-platelet-best": platelet_figures.figure_platelet_best(best, adrs, adsl, study, spread),
        "fig-response-subgroups": response_figures.figure_subgroups(rates, study),
        "fig-swimmer": response_figures.figure_swimmer(times, adsl, adrs, adex, adcm, study, shares),
        "fig-response-times": curves["response"],
        "fig-response-duration": curves["duration"],
    }


def _immune(datasets, study, limits):
    adsl, adcp, adlb, adrs = (datasets[name] for name in ("adsl", "adcp", "adlb", "adrs"))
    panel = immune.build_panel(adsl, adcp, adrs, study)
    course = immune.analyse_course(adcp, panel, study, LEVEL)
    standardised = immune.analyse_standardised(adcp, panel, study)
    records = immune.standardised_records(panel)
    platelets = immune.analyse_platelets(adcp, adlb, panel, study, LEVEL, [-4, -2, 0, 2, 4])
    network = immune.analyse_network(adcp, panel, study, LEVEL)
    picture = immune.analyse_picture(adcp, panel, study, LEVEL)
    values = immune.course_records(panel)
    lines = (limits.lines_at_most, limits.chart_values_at_most)
    drawn, changes = bands.marker_bands(values, *lines), bands.change_bands(records, *lines)
    return {
        "fig-immune-course": immune_figures.figure_immune_course(values, course, study, drawn),
        "fig-immune-heatmap": immune_figures.figure_immune_heatmap(standardised, study),
        "fig-immune-subjects": immune_figures.figure_immune_subjects(
            records, standardised, study, limits.subjects_at_most
        ),
        "fig-immune-lags": immune_figures.figure_immune_lags(platelets, study),
        "fig-immune-network": immune_figures.figure_immune_network(network, study, 0.5),
        "fig-immune-panel": immune_figures.figure_immune_panel(records, picture, platelets, study, changes),
    }


def _notebooks(trial, study, datasets, limits):
    """Return the charts that the cells of these notebooks draw."""
    displays = show(trial, study, *DRAWN_IN_CELLS, datasets=datasets, values=limits.model_dump())
    return {label: display for label, display in displays.items() if label.startswith("fig-")}
