"""All analysis datasets of a trial, in the order in which they need each other."""

from __future__ import annotations

import pandas as pd

from itpcsr.absence import SOURCES, mark_source
from itpcsr.adam.adab import derive_adab
from itpcsr.adam.adae import derive_adae
from itpcsr.adam.adaette import derive_adaette
from itpcsr.adam.adbleed import derive_adbleed
from itpcsr.adam.adcm import derive_adcm
from itpcsr.adam.adcp import derive_adcp
from itpcsr.adam.addl import derive_addl
from itpcsr.adam.addv import derive_addv
from itpcsr.adam.adex import derive_adex
from itpcsr.adam.adhx import derive_adhx
from itpcsr.adam.adis import derive_adis
from itpcsr.adam.adlb import derive_adlb
from itpcsr.adam.admb import derive_admb
from itpcsr.adam.adpc import add_pk_set, derive_adpc
from itpcsr.adam.adpp import derive_adpp
from itpcsr.adam.adrs import derive_adrs
from itpcsr.adam.adsl import add_baseline_vitals, derive_adsl
from itpcsr.adam.adtte import derive_adtte
from itpcsr.adam.advs import derive_advs
from itpcsr.adam.analysed import as_analysed
from itpcsr.adam.clinical import add_criteria
from itpcsr.adam.disease import add_disease
from itpcsr.adam.domains import look_up
from itpcsr.adam.infusion_timing import add_infusion_timing
from itpcsr.adam.rescue import flag_after_rescue
from itpcsr.sdtm import Trial
from itpcsr.study import Study


def derive(trial: Trial, study: Study) -> dict[str, pd.DataFrame]:
    """Derive all analysis datasets, keyed by lower-case name.

    A dataset whose domain is absent has its columns, no rows of the domain, and a column that says so
    (``itpcsr.absence``): no adverse event domain isn't the same as no adverse event. ADSL also gets BPLAT,
    the platelet count at baseline (10^9/L), and BPLATC (``<10`` where the baseline is only known to lie
    beyond a limit, of which BPLAT is NaN), from ADLB, weight and height at baseline from ADVS, and the
    pharmacokinetic set from ADPC; ADLB gets ARESCFL (see ``flag_after_rescue``) from ADCM.
    What the derivations read is ``as_analysed``.
    """
    trial = as_analysed(trial, study)
    adsl = derive_adsl(trial, study)
    adex = derive_adex(trial, adsl, study)
    advs = derive_advs(trial, adsl, adex, study)
    adsl = add_baseline_vitals(adsl, advs)
    adlb = derive_adlb(trial, adsl, study)
    if study.efficacy is not None:
        base = adlb[(adlb["PARAMCD"] == study.efficacy.platelet_test) & (adlb["ABLFL"] == "Y")]
        base = base.set_index("USUBJID")
        adsl["BPLAT"] = look_up(base["AVAL"], adsl["USUBJID"])
        adsl["BPLATC"] = look_up(base["AVALC"], adsl["USUBJID"]).fillna("").astype("str")
    adae = add_infusion_timing(derive_adae(trial, adsl, study), adex, study)
    adae = add_criteria(add_disease(adae, adsl, study), trial)
    adaette = derive_adaette(adsl, adae)
    adbleed = derive_adbleed(trial, adsl, study)
    adcm = derive_adcm(trial, adsl, study)
    adlb = flag_after_rescue(adlb, adcm)
    adrs = derive_adrs(adsl, adlb, adae, adbleed, adcm, study)
    addv, admb = derive_addv(trial, adsl), derive_admb(trial, adsl, study)
    adpc = derive_adpc(trial, adsl, adex, study)
    adsl = add_pk_set(adsl, adpc, study)
    adpp = derive_adpp(adpc, adsl, study)
    adhx = derive_adhx(trial, adsl, adcm, study)
    datasets = {"adsl": adsl, "adae": adae, "adaette": adaette, "addv": addv, "adex": adex, "adlb": adlb}
    datasets |= {"adrs": adrs, "advs": advs, "admb": admb, "adcm": adcm, "adhx": adhx}
    datasets |= {"adpc": adpc, "adpp": adpp}
    adis = derive_adis(trial, adsl, study)
    datasets |= {"adis": adis, "adab": derive_adab(adis, adsl, study)}
    datasets |= {
        "adcp": derive_adcp(trial, adsl, study),
        "adbleed": adbleed,
        "adtte": derive_adtte(adsl, adrs),
    }
    for dataset, domain in SOURCES.items():
        name = dataset.lower()
        datasets[name] = mark_source(datasets[name], domain, held=domain in trial)
    if study.dose_finding is not None:
        datasets["addl"] = derive_addl(adsl, datasets["adae"], adex, study)
    return {name: _in_milliseconds(frame) for name, frame in datasets.items()}


def _in_milliseconds(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a dataset as it comes back from Parquet, whose times have no unit of seconds."""
    seconds = [name for name in frame if frame[name].dtype == "datetime64[s]"]
    return frame.astype(dict.fromkeys(seconds, "datetime64[ms]"))
