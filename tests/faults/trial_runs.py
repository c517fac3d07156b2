"""Run all notebooks on random trials, and tell what stopped them and what contradicts itself."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from csrkit.errors import DataError
from itpcsr.adam.datasets import derive
from itpcsr.study import Study
from tests.faults.chain import NAMES, notebooks_on
from tests.faults.contradictions import find_contradictions
from tests.faults.random_trials import RandomTrial, draw_trial

_OURS = ("src/itpcsr/", "src/csrkit/", ".ipynb[")
_EXAMPLES = 6


@dataclass
class Report:
    """What came of a series of trials; examples are kept by kind."""

    trials: int = 0
    runs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    stopped: dict[str, list[str]] = field(default_factory=dict)
    contradictions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def found(self) -> int:
        """How often a notebook stopped or numbers contradicted each other."""
        return sum(len(cases) for kinds in (self.stopped, self.contradictions) for cases in kinds.values())

    def __str__(self) -> str:
        lines = [f"{self.trials} trials, {sum(self.refused.values())} refused, {self.runs} notebook runs"]
        lines += [f"  refused {times} times: {why}" for why, times in self.refused.most_common()]
        for title, kinds in (("stopped", self.stopped), ("contradiction", self.contradictions)):
            for kind, cases in sorted(kinds.items(), key=lambda pair: -len(pair[1])):
                lines += [
                    f"  {title}, {len(cases)} times: {kind}",
                    *(f"      {case}" for case in cases[:_EXAMPLES]),
                ]
        return "\n".join(lines)


def run_trial(seed: int, study: Study, report: Report) -> None:
    """Run all notebooks on the random trial of this seed, and add to the report what came of it."""
    report.trials += 1
    drawn = draw_trial(seed, study)
    if drawn.trial is None:
        report.refused[_first_rule(drawn.refused)] += 1
    else:
        _run(drawn, study, report)


def _run(drawn: RandomTrial, study: Study, report: Report) -> None:
    where = f"seed {drawn.seed} ({'; '.join(drawn.what)})"
    assert drawn.trial is not None
    try:
        datasets = derive(drawn.trial, study)
    except DataError as error:
        report.refused[_first_rule(str(error))] += 1
        return
    except Exception as error:
        report.stopped.setdefault(_describe(error), []).append(f"{where}: derivation")
        return
    written: list[pd.DataFrame] = []
    with notebooks_on(drawn.trial, study, datasets) as run:
        for name in NAMES:
            report.runs += 1
            try:
                written.append(run(name))
            except Exception as error:  # what stops a notebook is what we look for
                report.stopped.setdefault(_describe(error), []).append(f"{where}: {name}")
    for found in find_contradictions(pd.concat(written), drawn.trial, datasets).itertuples():
        place = f"{where}: {found.place}: {found.numbers}"
        report.contradictions.setdefault(str(found.rule), []).append(place)


def _first_rule(message: str) -> str:
    """Return the first fault of a message without what names subjects and values."""
    lines = [line.strip() for line in message.splitlines() if line.startswith("  ")]
    return (lines or [message])[0][:160]


def _describe(error: Exception) -> str:
    """Return type, message and the last places of the traceback that are this program's."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if any(part in frame.filename for part in _OURS)][-3:]
    places = " > ".join(
        f"{frame.filename.split('itpcsr/')[-1]}:{frame.lineno} {frame.name}" for frame in ours
    )
    return f"{type(error).__name__}: {str(error)[:200]} at {places}"
