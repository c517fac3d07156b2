"""The trial data as the derivations take them: what took place, one record for one thing, one name for it."""

from __future__ import annotations

from dataclasses import replace

from csrkit.sdtm.performed import keep_performed
from csrkit.sdtm.spelling import fold_terms
from itpcsr.adam.event_lines import join_lines
from itpcsr.sdtm import Trial
from itpcsr.sdtm.infusion_parts import join_parts
from itpcsr.study import Study


def as_analysed(trial: Trial, study: Study) -> Trial:
    """Return the trial that every derivation reads; doing it twice changes nothing.

    Records of what didn't take place are left out (``sdtm.performed``), a term has one spelling
    (``sdtm.spelling``), the lines of one adverse event are one record (``event_lines``), and the parts of one
    infusion are one administration (``sdtm.infusion_parts``; in a study that plans infusions). The checks
    look at the data as they came.
    """
    trial = keep_performed(trial)
    domains = {name: fold_terms(name, frame) for name, frame in trial.domains.items()}
    if "AE" in domains:
        domains |= join_lines(domains["AE"], domains.get("SUPPAE"), study)
    if "EX" in domains and study.design.infusion_days:
        domains["EX"] = join_parts(domains["EX"])
    return replace(trial, domains=domains)
