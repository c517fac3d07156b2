"""From data to tables as the notebooks do it, without kernels: read, check, derive, analyse, show."""

from __future__ import annotations

import pandas as pd

from itpcsr.adam import derive
from itpcsr.analysis import efficacy, population, safety
from itpcsr.display import figures, tables
from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import check_trial, raise_errors
from itpcsr.study import Study

CONFIDENCE = 0.95
WEEKS = [1, 2, 4, 28]


def run_chain(trial: Trial, study: Study) -> pd.DataFrame:
    """Return all result rows; raises DataError where the checks find errors."""
    raise_errors(check_trial(trial, study))
    return analyse(trial, study)


def analyse(trial: Trial, study: Study) -> pd.DataFrame:
    """Return all result rows of a trial that passed the checks, after making every table and chart."""
    datasets = derive(trial, study)
    adsl, adex, adae, adlb, adrs = (datasets[name] for name in ("adsl", "adex", "adae", "adlb", "adrs"))
    flow = population.analyse_flow(adsl)
    disposition = population.analyse_disposition(adsl, study)
    baseline = population.analyse_baseline(adsl, study)
    exposure = population.analyse_exposure(adsl, adex, study)
    overview = safety.analyse_ae_overview(adsl, adae, study, CONFIDENCE)
    by_term = safety.analyse_ae_by_term(adsl, adae, study)
    platelets = efficacy.select_platelets(adsl, adlb, study)
    course = efficacy.analyse_platelet_course(adsl, adlb, study)
    response = efficacy.analyse_response(adsl, adrs, adlb, study, CONFIDENCE)
    figures.figure_disposition(flow)
    figures.figure_platelets(platelets, adsl, course, study)
    tables.table_disposition(disposition, study)
    tables.table_baseline(baseline, study)
    tables.table_exposure(exposure, study)
    tables.table_ae_overview(overview, study, CONFIDENCE)
    tables.table_ae_by_term(by_term, study)
    tables.table_platelets(course, study, WEEKS)
    tables.table_response(response, study, CONFIDENCE)
    return pd.concat([flow, disposition, baseline, exposure, overview, by_term, course, response])
