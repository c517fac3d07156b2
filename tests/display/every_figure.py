"""All charts of all notebooks, drawn from the datasets of any trial, as the notebooks call them."""

from __future__ import annotations

from unittest import mock

from csrkit.many import Displays
from itpcsr.adam import periods
from itpcsr.adam.datasets import derive
from itpcsr.adam.dose_choice import derive_choice
from itpcsr.adam.subgroups import derive_subgroups
from itpcsr.analysis import (
    antibody,
    bands,
    courses,
    edish,
    efficacy,
    exposure,
    forms,
    incidence,
    pharmacokinetics,
    population,
    safety,
    significant_events,
)
from itpcsr.analysis.dose import compare, utility
from itpcsr.display import (
    antibody_figures,
    dose_figures,
    figures,
    laboratory,
    platelet_figures,
    response_figures,
    safety_figures,
    timelines,
)
from itpcsr.display import pharmacokinetics as concentrations
from itpcsr.display.incidence import figure_incidence
from itpcsr.sdtm import Trial
from tests.faults import chain

LEVEL = 0.95


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
    return {
        **_notebooks(trial, datasets, study, limits, "05-related-studies", "60-immune-mechanism"),
        **_safety(datasets, study, limits),
        **_efficacy(datasets, study, limits),
        **_cells(datasets, study, limits),
        **_dose(datasets, study),
    }


def _safety(datasets, study, limits):
    adsl, adex, adae, adlb = (datasets[name] for name in ("adsl", "adex", "adae", "adlb"))
    datasets["participation"] = periods.derive_participation(adsl)
    datasets["response"] = periods.derive_response_periods(datasets["adrs"])
    times = safety.analyse_ae_times(adsl, adae, datasets["adaette"], study, [28], LEVEL)
    curves = safety.estimate_ae_curves(adsl, datasets["adaette"], study, LEVEL)
    events = significant_events.select_events(adsl, adae, study)
    lines = (limits.lines_at_most, limits.chart_values_at_most)
    drawn = courses.select_drawn(adsl, events, study, limits.subjects_at_most)
    timeline = courses.count_drawn(adsl, adae, drawn, study, limits.subjects_at_most)
    doses, peaks = incidence.dose_columns(study.design), edish.select_peaks(adsl, adlb)
    tests = ["ALT", "AST", "BILI", "CREAT", "HGB", "WBC"]
    course = courses.count_courses(adsl, adlb, study, tests)
    course_bands = bands.laboratory_bands(adlb, adsl, doses, tests, *lines)
    bins = bands.peak_bins(peaks, *lines)
    quadrants = edish.count_quadrants(adsl, peaks, study, LEVEL)
    frequent = incidence.analyse_incidence(adsl, adae, study, LEVEL, 10)
    infusions = exposure.analyse_infusions(adsl, adex, study)
    form = _form("fig-infusions", forms.SHARES, adex, limits)
    return {
        "fig-disposition": figures.figure_disposition(population.analyse_flow(adsl)),
        "fig-infusions": safety_figures.figure_infusions(infusions, adsl, adex, study, form),
        "fig-ae-time": safety_figures.figure_ae_times(times, curves, study),
        "fig-timeline": timelines.figure_timeline(timeline, drawn, datasets, study),
        "fig-incidence": figure_incidence(frequent, study),
        "fig-laboratory-subjects": laboratory.figure_courses(course, adlb, adsl, doses, study, course_bands),
        "fig-edish": laboratory.figure_edish(
            quadrants, peaks, adsl, doses, study, edish.LIMITS, bins, bands.PEAK_BOUNDS
        ),
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


def _cells(datasets, study, limits):
    adsl, adpc, adab = (datasets[name] for name in ("adsl", "adpc", "adab"))
    samples = pharmacokinetics.analyse_samples(adsl, adpc, study)
    doses = incidence.dose_columns(study.design)
    people = antibody.describe_subjects(adsl, adab, datasets["adrs"], datasets["adae"], datasets["adpp"])
    relations = antibody.analyse_relations(people, adab, study, LEVEL)
    lines = (limits.lines_at_most, limits.chart_values_at_most)
    profiles = {
        f"fig-pk-{scale}": concentrations.figure_profiles(
            samples, adpc, adsl, doses, study, 24, scale,
            bands.concentration_bands(adpc, adsl, doses, f"fig-pk-{scale}", *lines),
        )
        for scale in ("linear", "log")
    }  # fmt: skip
    times = pharmacokinetics.analyse_times(adsl, adpc, study)
    return {
        "fig-pk-times": concentrations.figure_times(
            times, adpc, adsl, bands.deviation_bands(adpc, adsl, *lines)
        ),
        **profiles,
        "fig-antibody-subjects": antibody_figures.figure_antibody_subjects(
            relations, people, adab, study, limits.subjects_at_most
        ),
    }


def _notebooks(trial, datasets, study, limits, *names):
    """Return the charts that notebooks draw in their own cells."""
    values = {**limits.model_dump(), "simulations": 50, "bootstraps": 50}
    with mock.patch.dict(chain.VALUES, values), chain.notebooks_on(trial, study, datasets) as run:
        for name in names:
            run(name)
    return {label: display for label, display in run.displays.items() if label.startswith("fig-")}


def _dose(datasets, study):
    curves = compare.estimate_curves(datasets["addl"], study, LEVEL)
    moved = utility.vary_weights(derive_choice(datasets, study), study)
    return {
        "fig-dose-dlt": dose_figures.figure_dose_dlt(curves, study),
        "fig-dose-utility": dose_figures.figure_dose_utility(moved, study),
    }
