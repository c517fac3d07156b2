"""From the trial as read to the one that the notebooks of an external version are given."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import itpcsr
from itpcsr.build.external import OF_FIRST_SUBJECTS, OF_ORDER
from itpcsr.build.hashes import hash_files
from itpcsr.build.leaks import Originals, originals_of
from itpcsr.sdtm import Trial
from itpcsr.sdtm.checks import check_trial
from itpcsr.sdtm.disclosure import disclose, keeps_first, name_subjects, read_key
from itpcsr.sdtm.write import write_domains
from itpcsr.study import Report, Study

_TEXTS = {".qmd", ".bib", ".ipynb", ".py", ".typ", ".css", ".js", ".yml"}


@dataclass(frozen=True)
class Disclosed:
    """A trial made ready for an external version, and what has to be known of its making.

    ``subjects`` are the new names; ``of_order`` the displays that the moved dates would make wrong;
    ``originals`` what may stand in no published file.
    """

    trial: Trial
    subjects: frozenset[str]
    of_order: frozenset[str]
    originals: Originals


def prepare(trial: Trial, report: Report, study: Study, root: Path) -> Disclosed:
    """Disclose the trial of an external version; data cut and cohorts have been applied to it.

    Raises ParameterError for a key that is missing, lies open or can be guessed.
    """
    key_file = report.disclosure_key
    key = read_key(root / key_file if key_file is not None else None, trial.simulated, root)
    made = disclose(trial, key, report.minimum_count)
    made = replace(made, findings=check_trial(made, study))
    names = name_subjects(trial["DM"]["USUBJID"], key)
    of_order = OF_ORDER
    first = study.sampling.antibody_subjects
    if first is not None and not keeps_first(trial, made, names, first):
        of_order |= OF_FIRST_SUBJECTS
    return Disclosed(
        made, frozenset(names.values()), of_order, originals_of(trial, made, _public(root, report))
    )


def _public(root: Path, report: Report) -> list[str]:
    """Return the texts that the report shows whatever the data are: pages, notebooks, labels, rules."""
    package = Path(itpcsr.__file__).parent
    folders = [root / "report", root / "notebooks", root / "_extensions"]
    folders += [package / "display", package / "analysis", package / "adam"]
    paths = [root / "index.qmd", root / "_quarto.yml", root / report.study]
    for folder in folders:
        paths += [path for path in sorted(folder.rglob("*")) if path.suffix in _TEXTS]
    return [path.read_text(encoding="utf-8") for path in paths]


def write_disclosed(trial: Trial, folder: Path) -> str:
    """Write the disclosed trial, from which the notebooks read, into an emptied folder; return its hash."""
    shutil.rmtree(folder, ignore_errors=True)
    labels = {name: trial.labels.get(name, "") for name in trial.domains}
    variables = {
        name: {column: known.label for column, known in trial.variables.get(name, {}).items()}
        for name in trial.domains
    }
    paths = write_domains(trial.domains, folder, "parquet", dataset_labels=labels, variable_labels=variables)
    return " ".join(hash_files(folder, paths).values())
