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
    as parameters.
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
        "ADIS": antibodies,
        "ADAB": antibodies,
        "ADCP": [Parameter(code=one.code, label=one.label) for one in study.markers],
        "ADPP": [
            Parameter(
                code=area_code(hours), label=area_label(hours), derivation=f"Trapezoids up to {hours:g} h"
            )
        ],
    }
    datasets = [_extended(dataset, added.get(dataset.name, []), study) for dataset in _written().datasets]
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
        variables = [*dataset.variables[:place], *flags, *dataset.variables[place:]]
        return dataset.model_copy(update={"variables": variables})
    return dataset.model_copy(update={"parameters": [*dataset.parameters, *parameters]})


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
