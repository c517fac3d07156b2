"""From the trial as read to the one that an external version tells of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import itpcsr
from csrkit.inputs.hashes import file_hash, text_hash
from csrkit.publish.version import Disclosed
from itpcsr.study import Report, Study

if TYPE_CHECKING:
    from itpcsr.sdtm import Trial

_TEXTS = {".qmd", ".bib", ".ipynb", ".py", ".typ", ".css", ".js", ".yml"}


def prepare(trial: Trial, report: Report, study: Study, root: Path) -> Disclosed:
    """Disclose the trial of an external version; data cut and cohorts have been applied to it.

    Raises ParameterError for a key that is missing, lies open or can be guessed.
    """
    # internal versions disclose nothing, and only new data need the checks
    from csrkit.disclosure.leaks import originals_of
    from csrkit.disclosure.pseudonyms import keeps_first, name_subjects, read_key
    from csrkit.disclosure.trial import disclose
    from itpcsr.sdtm.checks import check_trial

    key_file = report.disclosure_key
    key = read_key(root / key_file if key_file is not None else None, trial.simulated, root)
    made = disclose(trial, key, report.minimum_count)
    made = replace(made, findings=check_trial(made, study))
    names = name_subjects(trial["DM"]["USUBJID"], key)
    first = study.sampling.antibody_subjects
    return Disclosed(
        made,
        frozenset(names.values()),
        first is None or keeps_first(trial, made, names, first),
        originals_of(trial, made, _public(root, report)),
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


def disclosure_hash(report: Report, root: Path) -> str:
    """Return one SHA-256 of what decides how a trial is disclosed, beside the trial and the rules."""
    key = report.disclosure_key
    made_by = "" if key is None or not (root / key).exists() else file_hash(root / key)
    return text_hash(f"{report.minimum_count} {made_by}")
