"""All analysis datasets of a trial, in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

import pandas as pd

from csrkit.absence import mark_source
from csrkit.errors import DataError
from csrkit.small_texts import are_few, new_texts, own_texts, texts_as_here, usual_texts
from itpcsr.adam.adae import add_infusion_timing, derive_adae, derive_adaette, derive_first_events
from itpcsr.adam.adcp import derive_adcp, derive_admb
from itpcsr.adam.addl import derive_addl
from itpcsr.adam.adis import derive_adab, derive_adis
from itpcsr.adam.adlb import derive_adlb
from itpcsr.adam.admh import add_disease, derive_admh
from itpcsr.adam.adpc import add_pk_set, derive_adpc, derive_adpp
from itpcsr.adam.adqs import derive_adqs
from itpcsr.adam.adrs import derive_adrs, derive_adtte
from itpcsr.adam.adsl import add_baseline_vitals, derive_adsl
from itpcsr.adam.analysed import as_analysed
from itpcsr.adam.analysis_sets import add_analysis_sets
from itpcsr.adam.clinical import add_criteria, derive_adbleed, derive_advs
from itpcsr.adam.domains import look_up
from itpcsr.adam.specification import complete, specify
from itpcsr.adam.treatment import derive_adcm, derive_addv, derive_adex, flag_after_rescue
from itpcsr.sdtm import Trial
from itpcsr.study import Study

_NAMES = (
    "adsl", "adae", "adaette", "addv", "adex", "adlb", "adrs", "advs", "admb", "adcm", "admh", "adpc", "adpp",
    "adis", "adab", "adcp", "adbleed", "adtte",
)  # fmt: skip
# In this order the fewest large datasets are held at once; the others follow. With each what goes when it
# stands, since nothing that follows is derived from it: domains, and datasets.
_LARGE_FIRST: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "admb": ((), ("_admb",)),
    "adcp": (("CP",), ("_adcp",)),
    "advs": (("VS",), ()),
    "adsl": ((), ("_advs",)),
    "adlb": (("LB",), ("_laboratory",)),
    "adbleed": (("RS",), ()),
    "adrs": ((), ("_adlb", "_adbleed")),
}


def derive(trial: Trial, study: Study) -> dict[str, pd.DataFrame]:
    """Derive all analysis datasets, keyed by lower-case name (see ``Datasets``)."""
    return dict(Datasets(trial, study))


def derive_each(trial: Trial, study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield what ``derive`` returns, one after the other, and hold no more than those to come need.

    The trial is used up: ``trial.domains`` is empty afterwards.
    """
    with own_texts(trial.domains) as domains:
        datasets = Datasets(replace(trial, domains=domains), study)
        domains.clear()
        trial.domains.clear()
        for name in [*_LARGE_FIRST, *(name for name in datasets if name not in _LARGE_FIRST)]:
            yield name, usual_texts(datasets.take(name))


class Datasets(Mapping[str, pd.DataFrame]):
    """The analysis datasets by lower-case name, each derived when it is first asked for.

    A dataset whose domain is absent has its columns, no rows of the domain, and a column that says so
    (``csrkit.absence``): no adverse event domain isn't the same as no adverse event. ADSL also gets BPLAT,
    the platelet count at baseline (10^9/L), and BPLATC (``<10`` where the baseline is only known to lie
    beyond a limit, of which BPLAT is NaN), from ADLB, weight and height at baseline from ADVS, and the
    pharmacokinetic set from ADPC; ADLB gets ARESCFL (see ``flag_after_rescue``) from ADCM. ADDL is there
    where the study looks for a dose, and a dataset for each questionnaire with visits. Those of
    ``trial.given`` are as they came: a DataError where they have subjects that ADSL hasn't. What the
    derivations read is ``as_analysed``.
    """

    def __init__(self, trial: Trial, study: Study) -> None:
        """Take the trial as it came."""
        self._few = are_few(trial.domains)
        with own_texts(trial.domains) as domains:
            self._trial = as_analysed(replace(trial, domains=domains), study)
        self._study = study
        self.specification = specify(study)
        if derived := sorted({one.name.lower() for one in self.specification.datasets} & set(trial.given)):
            raise DataError(f"given: {', '.join(derived)} is derived here. Give the dataset another name.")
        self._made: dict[str, pd.DataFrame] = {}
        self._questionnaires = {
            one.dataset: one for one in study.questionnaires.questionnaire_list if one.windows
        }

    def __iter__(self) -> Iterator[str]:
        """Name the datasets."""
        doses = ["addl"] if self._study.dose_finding is not None else []
        return iter((*_NAMES, *self._questionnaires, *doses, *self._trial.given))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(list(iter(self)))

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a dataset, marked with whether the data hold its domain; KeyError where there is none."""
        if name not in list(self):
            raise KeyError(name)
        if name not in self._made:
            with new_texts(self._few):
                if name in self._trial.given:
                    made = self._as_given(name)
                else:
                    made = complete(self._mark(name), self.specification[name], self._subjects)
            self._made[name] = texts_as_here(made)
        return self._made[name]

    def _as_given(self, name: str) -> pd.DataFrame:
        frame = self._trial.given[name].frame
        if unknown := sorted(set(frame["USUBJID"]) - set(self._subjects["USUBJID"])):
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            raise DataError(
                f"{name.upper()}, as given: {unknown[0]}{more} isn't in ADSL. Give the dataset of these data."
            )
        return frame

    def take(self, name: str) -> pd.DataFrame:
        """Return a dataset, and let go of it and of what those that follow it don't need."""
        frame = self[name]
        domains, parts = _LARGE_FIRST.get(name, ((), ()))
        del self._made[name]
        for domain in domains:
            self._trial.domains.pop(domain, None)
        for part in parts:
            self.__dict__.pop(part, None)  # where a cached property keeps it
        return frame

    def _mark(self, name: str) -> pd.DataFrame:
        frame = self._scores(name) if name in self._questionnaires else getattr(self, f"_{name}")
        domain = self.specification[name].domain
        return mark_source(frame, domain, held=domain in self._trial) if domain else frame

    @cached_property
    def _subjects(self) -> pd.DataFrame:
        """ADSL as far as no other dataset is needed for it."""
        return derive_adsl(self._trial, self._study)

    @cached_property
    def _subjects_at_baseline(self) -> pd.DataFrame:
        adsl = add_analysis_sets(add_baseline_vitals(self._subjects, self._advs), self._trial, self._study)
        if self._study.efficacy is None:
            return adsl
        adlb = self._laboratory
        base = adlb[(adlb["PARAMCD"] == self._study.efficacy.platelet_test) & (adlb["ABLFL"] == "Y")]
        base = base.set_index("USUBJID")
        text = look_up(base["AVALC"], adsl["USUBJID"]).fillna("").astype("str")
        return adsl.assign(BPLAT=look_up(base["AVAL"], adsl["USUBJID"]), BPLATC=text)

    def _scores(self, name: str) -> pd.DataFrame:
        questionnaire = self._questionnaires[name]
        return derive_adqs(self._trial, self._subjects_at_baseline, questionnaire, self._study)

    @cached_property
    def _adsl(self) -> pd.DataFrame:
        return add_pk_set(self._subjects_at_baseline, self._adpc, self._study)

    @cached_property
    def _adex(self) -> pd.DataFrame:
        return derive_adex(self._trial, self._subjects, self._study)

    @cached_property
    def _advs(self) -> pd.DataFrame:
        return derive_advs(self._trial, self._subjects, self._adex, self._study)

    @cached_property
    def _laboratory(self) -> pd.DataFrame:
        """ADLB without what ADCM tells."""
        return derive_adlb(self._trial, self._subjects, self._study)

    @cached_property
    def _adlb(self) -> pd.DataFrame:
        return flag_after_rescue(self._laboratory, self._adcm)

    @cached_property
    def _adae(self) -> pd.DataFrame:
        adae = derive_adae(self._trial, self._subjects, self._study)
        adae = add_infusion_timing(adae, self._adex, self._study)
        adae = add_disease(adae, self._subjects_at_baseline, self._study)
        return add_criteria(adae, self._trial)

    @cached_property
    def _adaette(self) -> pd.DataFrame:
        return derive_adaette(self._subjects, self._adae)

    @cached_property
    def _adbleed(self) -> pd.DataFrame:
        return derive_adbleed(self._trial, self._subjects, self._study)

    @cached_property
    def _adcm(self) -> pd.DataFrame:
        return derive_adcm(self._trial, self._subjects, self._study)

    @cached_property
    def _adrs(self) -> pd.DataFrame:
        return derive_adrs(self._subjects, self._adlb, self._adae, self._adbleed, self._adcm, self._study)

    @cached_property
    def _addv(self) -> pd.DataFrame:
        return derive_addv(self._trial, self._subjects)

    @cached_property
    def _admb(self) -> pd.DataFrame:
        return derive_admb(self._trial, self._subjects, self._study)

    @cached_property
    def _adpc(self) -> pd.DataFrame:
        return derive_adpc(self._trial, self._subjects, self._adex, self._study)

    @cached_property
    def _adpp(self) -> pd.DataFrame:
        return derive_adpp(self._adpc, self._adsl, self._study)

    @cached_property
    def _admh(self) -> pd.DataFrame:
        return derive_admh(self._trial, self._subjects, self._adcm, self._study)

    @cached_property
    def _adis(self) -> pd.DataFrame:
        return derive_adis(self._trial, self._subjects, self._study)

    @cached_property
    def _adab(self) -> pd.DataFrame:
        return derive_adab(self._adis, self._subjects, self._study)

    @cached_property
    def _adcp(self) -> pd.DataFrame:
        return derive_adcp(self._trial, self._subjects, self._study)

    @cached_property
    def _adtte(self) -> pd.DataFrame:
        events = derive_first_events(self._trial, self._subjects, self._adae, self._study)
        responses = derive_adtte(self._subjects, self._adrs)
        if events.empty or responses.empty:
            return responses if events.empty else events
        return pd.concat([responses, events], ignore_index=True)

    @cached_property
    def _addl(self) -> pd.DataFrame:
        return derive_addl(self._subjects, self._mark("adae"), self._adex, self._study)
