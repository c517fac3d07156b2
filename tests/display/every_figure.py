"""All charts of all notebooks, drawn from the datasets of any trial, as the notebooks call them."""

from __future__ import annotations

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
    forms,
    immune,
    incidence,
    pharmacokinetics,
    related_studies,
    significant_events,
)
from itpcsr.analysis.dose import compare, utility
from itpcsr.display import (
    antibody_figures,
    dose_figures,
    immune_figures,
    laboratory,
    platelet_figures,
    response_figures,
    timelines,
)
from itpcsr.display import pharmacokinetics as concentrations
from itpcsr.display.incidence import figure_incidence
from itpcsr.display.related_studies import figure_related_studies
from itpcsr.sdtm import Trial
from itpcsr.study import read_related
from tests.faults.chain import show

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
    cells = related_studies.analyse_status_phase(read_related(study.identity.related_studies))
    return {
        "fig-related-studies": figure_related_studies(cells),
        **_shown(trial, study, datasets, limits, "10-population", "20-safety"),
        **_safety(datasets, study, limits),
        **efficacy_figures(datasets, study, limits),
        **_cells(datasets, study, limits),
        **_immune(datasets, study, limits),
        **_dose(datasets, study),
    }


def _shown(trial, study, datasets, limits, *notebooks):
    """Return the figures that notebooks draw."""
    shown = show(trial, study, *notebooks, datasets=datasets, **limits.model_dump())
    return {label: display for label, display in shown.items() if label.startswith("fig-")}


def _safety(datasets, study, limits):
    adsl, adae, adlb = (datasets[name] for name in ("adsl", "adae", "adlb"))
    datasets["participation"] = periods.derive_participation(adsl)
    datasets["response"] = periods.derive_response_periods(datasets["adrs"])
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
    return {
        "fig-timeline": timelines.figure_timeline(timeline, drawn, datasets, study),
        "fig-incidence": figure_incidence(frequent, study),
        "fig-laboratory-subjects": laboratory.figure_courses(course, adlb, adsl, doses, study, course_bands),
        "fig-edish": laboratory.figure_edish(
            quadrants, peaks, adsl, doses, study, edish.LIMITS, bins, bands.PEAK_BOUNDS
        ),
    }


def _form(display, form, records, limits):
    return forms.choose_form(display, form, records["USUBJID"].nunique(), limits.subjects_at_most)


def efficacy_figures(datasets, study, limits):
    """Return the charts of platelets and response."""
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


def _dose(datasets, study):
    curves = compare.estimate_curves(datasets["addl"], study, LEVEL)
    moved = utility.vary_weights(derive_choice(datasets, study), study)
    return {
        "fig-dose-dlt": dose_figures.figure_dose_dlt(curves, study),
        "fig-dose-utility": dose_figures.figure_dose_utility(moved, study),
    }
