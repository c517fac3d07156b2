"""The specification of the analysis datasets: what the files in ``spec`` say, and what the study adds."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from importlib.resources import as_file, files

import pandas as pd

from csrkit.conformance import arrange, number_parameters
from csrkit.specification import Dataset, Parameter, Specification, Variable, as_page, read_specification
from itpcsr.adam.adpc import area_code, area_label
from itpcsr.study import Study, read_study

STUDY = "params/study.yml"
_HEAD = f"""# Analysis datasets

What every variable of the analysis datasets is and how it is derived, by the specification in
`src/itpcsr/adam/spec` with the therapies, antibodies, markers and definitions of response that the study
file names. Labels, types and order of the published datasets come from it, and each dataset is held to it
when it is derived. A text may be empty: a flag with the codes `Y` is Y or nothing. A record of a dataset
that comes from one domain names its source by the domain's own sequence number, any other by SRCDOM and
SRCSEQ (ADaMIG 1.3, 3.3.9). What isn't a name of ADaM says why.

Made by `python -m itpcsr.adam.specification {STUDY} > docs/adam.md`.
"""


@cache
def _written() -> Specification:
    with as_file(files("itpcsr.adam") / "spec") as folder:
        return read_specification(folder)


def specify(study: Study) -> Specification:
    """Return the specification of a study's datasets.

    To what is written are added: a flag of ADSL for each prior therapy that the study names, and its
    definitions of response (ADRS), antibodies (ADIS, ADAB), markers (ADCP) and area of concentrations (ADPP)
    as parameters; a dataset like ADQS for each questionnaire with visits, a variable of ADSL for each
    without, and the flags of completers in all of these.
    """
    efficacy, tests = study.efficacy, study.antibody.antibody_tests
    definitions = efficacy.response_definitions if efficacy is not None else []
    antibodies = [Parameter(code=test.code, label=test.label) for test in tests]
    hours = study.pharmacokinetics.area_hours
    added = {
        "ADRS": [
            Parameter(code=one.key, label=one.label, derivation=f"The response by {one.source}")
            for one in definitions
        ],
        "ADTTE": [
            Parameter(
                code=one.code,
                label=one.label,
                derivation=f"To the first such event with TRTEMFL Y, else to DM.{one.censored_at}",
            )
            for one in study.events.first_events
        ],
        "ADIS": antibodies,
        "ADAB": antibodies,
        "ADCP": [Parameter(code=one.code, label=one.label) for one in study.markers],
        "ADPP": [
            Parameter(
                code=area_code(hours), label=area_label(hours), derivation=f"Trapezoids up to {hours:g} h"
            )
        ],
    }
    datasets = [
        extended
        for dataset in _written().datasets
        for extended in (
            _questionnaires(dataset, study)
            if dataset.name == "ADQS"
            else [_extended(dataset, added.get(dataset.name, []), study)]
        )
    ]
    return _written().model_copy(update={"datasets": datasets})


def _extended(dataset: Dataset, parameters: Iterable[Parameter], study: Study) -> Dataset:
    if dataset.name == "ADSL":
        place = dataset.names.index("NPRIOR") + 1
        flags = [
            Variable(
                name=therapy.flag,
                label=f"Prior {therapy.label} Flag"[:40],
                type="text",
                length=1,
                codelist="NY",
                derivation=f"{therapy.term} is among the earlier therapies of CM and PR",
                where="CM and PR have categories",
            )
            for therapy in study.baseline.prior_therapies
        ]
        totals = [
            Variable(
                name=one.code,
                label=one.label,
                derivation=f"Value of the questionnaire {one.category} of QS, the last up to the first dose",
                reason="a value at baseline; ADaM leaves its name to the sponsor",
            )
            for one in study.questionnaires.questionnaire_list
            if not one.windows
        ]
        named = [*dataset.variables[:place], *flags, *dataset.variables[place:], *_completers(study), *totals]
        return dataset.model_copy(update={"variables": named})
    return dataset.model_copy(update={"parameters": [*dataset.parameters, *parameters]})


def _completers(study: Study, origin: str = "Derived") -> list[Variable]:
    return [
        Variable(
            name=name,
            label=f"Completers of Visit {number:g} Flag",
            type="text",
            length=1,
            codelist="NY",
            origin=origin.format(name),
            derivation=f"Y for the safety population with visit {number:g} in SV, else N; empty without SV",
        )
        for name, number in study.analysis_sets.completers.items()
    ]


def _questionnaires(dataset: Dataset, study: Study) -> list[Dataset]:
    """Return the dataset ADQS for each questionnaire with visits, under its own name."""
    place = dataset.names.index("EFFFL") + 1
    flags = _completers(study, "Predecessor: ADSL.{}")
    variables = [*dataset.variables[:place], *flags, *dataset.variables[place:]]
    return [
        dataset.model_copy(
            update={
                "name": one.dataset.upper(),
                "label": f"{one.label} Analysis Dataset"[:40],
                "variables": variables,
                "parameters": [Parameter(code=one.code, label=one.label)],
                "reason": "Each questionnaire has a dataset, ADQS and what the study file calls it.",
            }
        )
        for one in study.questionnaires.questionnaire_list
        if one.windows
    ]


def complete(frame: pd.DataFrame, dataset: Dataset, subjects: pd.DataFrame) -> pd.DataFrame:
    """Return a derived dataset with the variables that all have, in order and types of the specification.

    Added are STUDYID, TRTP, TRTPN, TRTA and TRTAN of the subject, ASEQ, and PARAMN. ``subjects`` is ADSL as
    far as it has them. Raises DataError as ``arrange``.
    """
    if dataset.name != "ADSL":
        place = pd.Index(subjects["USUBJID"]).get_indexer(pd.Index(frame["USUBJID"]))
        known = {
            name: pd.Series(subjects[source].array.take(place, allow_fill=True), frame.index)
            for name, source in _COPIED.items()
        }
        number = frame.groupby("USUBJID", sort=False).cumcount() + 1.0
        frame = frame.assign(**known, ASEQ=number)
    if "PARAMCD" in frame:
        codes = frame["PARAMCD"]
        frame = frame.assign(PARAMN=codes.map(number_parameters(codes.unique(), dataset)))
    return arrange(frame, dataset)


_COPIED = {
    "STUDYID": "STUDYID", "TRTP": "TRT01P", "TRTPN": "TRT01PN", "TRTA": "TRT01A", "TRTAN": "TRT01AN",
}  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(as_page(specify(read_study(sys.argv[1])), _HEAD))
