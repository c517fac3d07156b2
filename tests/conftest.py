"""What tests share: the study, the simulated trial, the real pilot study where it is at hand, small trials.

Random tests carry the mark ``examples`` with the few cases that they draw unless ``--examples`` asks for more.
Tests that build a whole report, or run notebooks on many trials, carry the mark ``build``, those of ``slow.txt``
the mark ``slow``; ``make test-quick`` leaves both out. A test that takes a built report as a
fixture gets its mark here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, settings

from csrkit.bounds import Bounds
from csrkit.disclosure.counted import Rule, enforce
from csrkit.sdtm.read import add_given
from itpcsr.adam.datasets import derive
from itpcsr.sdtm import Trial, load_trial
from itpcsr.study import Study, read_report, read_study
from tests.built import (  # noqa: F401  (fixtures of whole reports, for all rooms)
    make_derived,
    make_once,
    pdf_texts,
    project,
    project_of_demo,
    published,
    small,
    small_project,
)
from tests.faults.chain import show
from tests.once import once_for_all_workers

ROOT = Path(__file__).resolve().parents[1]
# The fixture of tests/built.py by which those that hold a built report are made, and the one of the demonstration.
BUILT, DEMONSTRATION = "make_once", "project"
# Texts are Python's objects in the tests, as in the kernels that run the notebooks (csrkit/publish/kernels.py): what
# is done with a few records takes half the time. tests/csrkit/test_small_texts.py holds that nothing depends on it.
pd.set_option("mode.string_storage", "python")
_SECONDS_OF_A_TEST = 0.1  # in a file that the last run didn't hold
_LAST_RUN = "itpcsr/seconds"  # what pytest's cache keeps: file to the seconds that its tests took
# Those of the longest files, for a clone that has run none
_USUAL = {
    "tests/itpcsr/publish/test_other_versions.py": 100,
    "tests/faults/test_chain.py": 100,
    "tests/itpcsr/publish/test_pilot.py": 80,
    "tests/itpcsr/publish/test_pages_in_browser.py": 60,
    "tests/csrkit/publish/test_external.py": 30,
    "tests/csrkit/render/test_fonts.py": 30,
    "tests/csrkit/publish/test_killed.py": 30,
    "tests/csrkit/publish/test_rerun.py": 30,
    "tests/faults/test_random_trials.py": 30,
    "tests/csrkit/publish/test_plan.py": 25,
}


# Functions of the tests that take longest, one a line; ``--name-slow`` writes it anew.
_SLOW = ROOT / "tests/slow.txt"
_SECONDS_OF_A_SLOW_TEST = 0.2


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--examples", type=int, metavar="N", help="cases that each random test draws, in place of its own few"
    )
    parser.addoption(
        "--name-slow", action="store_true",
        help=f"name the tests that took {_SECONDS_OF_A_SLOW_TEST} seconds in {_SLOW.relative_to(ROOT)}",
    )  # fmt: skip


def _number_of_examples(item: pytest.Item) -> int:
    mark = item.get_closest_marker("examples")
    assert mark is not None, f"{item.nodeid} draws cases; its mark `examples` has to say how many"
    asked: int | None = item.config.getoption("--examples")
    return mark.args[0] if asked is None else asked


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a random test that takes a seed one after the other, from the mark's ``first`` on."""
    mark = metafunc.definition.get_closest_marker("examples")
    if mark and "seed" in metafunc.fixturenames:
        first = mark.kwargs.get("first", 0)
        metafunc.parametrize("seed", range(first, first + _number_of_examples(metafunc.definition)))


@pytest.fixture
def drawing(request: pytest.FixtureRequest) -> settings:
    """Return how a property test draws its cases: the same ones each time, and none made smaller.

    A case takes seconds, so that making it smaller would take minutes.
    """
    return settings(
        max_examples=_number_of_examples(request.node),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that take a built report, and put the files first that took longest last time.

    One file that takes the demonstration goes first, so that it is built, and the others of them after all
    that build something else: a worker that takes one earlier would wait for it. The many short files come
    last, so that all workers end together.
    """
    waiting, slow = set(), frozenset(_SLOW.read_text(encoding="utf-8").splitlines())
    for item in items:
        if _function_of(item.nodeid) in slow:
            item.add_marker("slow")
        fixtures = set(getattr(item, "fixturenames", ()))
        if BUILT in fixtures:
            item.add_marker("build")
        if {BUILT, DEMONSTRATION} <= fixtures:
            waiting.add(item.path)
    built = {item.path for item in items if item.get_closest_marker("build")}
    cache = getattr(config, "cache", None)
    seconds = _USUAL | (cache.get(_LAST_RUN, {}) if cache else {})

    tests = Counter(item.path for item in items)

    def order(path: Path) -> tuple[bool, bool, float]:
        known = seconds.get(path.relative_to(ROOT).as_posix(), _SECONDS_OF_A_TEST * tests[path])
        return path not in built, path in waiting, -known

    first = min(waiting, key=lambda path: (order(path), path), default=None)
    items.sort(key=lambda item: (item.path != first, order(item.path)))


_seconds: dict[str, float] = {}
_of_functions: dict[str, list[float]] = {}  # those of each case, what it shares with others left out


def _function_of(name: str) -> str:
    """Return the name of a test's function, whatever the case."""
    return name.partition("[")[0]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    name = report.nodeid.split("::")[0]
    _seconds[name] = _seconds.get(name, 0) + report.duration
    if report.when == "call":
        _of_functions.setdefault(_function_of(report.nodeid), []).append(report.duration)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep how long the files took, so that the next run begins with the longest."""
    cache = getattr(session.config, "cache", None)
    if cache and not hasattr(session.config, "workerinput"):
        kept = {name: round(seconds, 1) for name, seconds in sorted(_seconds.items())}
        cache.set(_LAST_RUN, {**cache.get(_LAST_RUN, {}), **kept})
        if session.config.getoption("--name-slow"):
            _name_slow()


def _name_slow() -> None:
    """Write the functions whose cases took long, those of earlier runs that didn't run now kept."""
    known = set(_SLOW.read_text(encoding="utf-8").splitlines()) - _of_functions.keys()
    means = {name: sum(seconds) / len(seconds) for name, seconds in _of_functions.items()}
    found = known | {name for name, mean in means.items() if mean >= _SECONDS_OF_A_SLOW_TEST}
    _SLOW.write_text("".join(f"{name}\n" for name in sorted(found)), encoding="utf-8")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def study() -> Study:
    return read_study(ROOT / "params/study.yml")


@pytest.fixture(scope="session")
def demo_trial(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return once_for_all_workers(
        tmp_path_factory, "demo_trial", lambda: load_trial([ROOT / "data/simulated"], study)
    )


@pytest.fixture(scope="session")
def demo(
    demo_trial: Trial, study: Study, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, pd.DataFrame]:
    return once_for_all_workers(tmp_path_factory, "demo", lambda: derive(demo_trial, study))


@pytest.fixture(scope="session")
def pilot_folder() -> Path:
    folder = ROOT.parent / "shared/data/cdiscpilot01"
    if not folder.is_dir():
        pytest.skip(f'the CDISC pilot study isn\'t at {folder}; see README, "A real study"')
    return folder


@pytest.fixture(scope="session")
def pilot_study() -> Study:
    return read_study(ROOT / "params/cdiscpilot01-study.yml")


@pytest.fixture(scope="session")
def pilot_trial(pilot_folder: Path, pilot_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    report = read_report(ROOT / "params/cdiscpilot01.yml")
    return once_for_all_workers(
        tmp_path_factory,
        "pilot_trial",
        lambda: add_given(
            load_trial([ROOT / path for path in report.data], pilot_study),
            {name: ROOT / path for name, path in report.given.items()},
            Bounds(),
        ),
    )


@pytest.fixture(scope="session")
def pilot(
    pilot_trial: Trial, pilot_study: Study, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, pd.DataFrame]:
    return once_for_all_workers(tmp_path_factory, "pilot", lambda: derive(pilot_trial, pilot_study))


@pytest.fixture
def suppress_by() -> Iterator[Callable[[Rule], None]]:
    """Give what puts a rule of small counts in force in this process, for one test."""
    yield enforce
    enforce(None)


def shown_once(factory: pytest.TempPathFactory, data: str, *of: Any) -> Callable[[str], dict[str, Any]]:
    trial, study, datasets = of

    def shown(notebook: str) -> dict[str, Any]:
        return once_for_all_workers(
            factory, f"{data}-{notebook}", lambda: show(trial, study, notebook, datasets=datasets)
        )

    return shown


@pytest.fixture(scope="session")
def demo_shows(
    demo_trial: Trial, study: Study, demo: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Any]]:
    """Return what gives the displays of a notebook on the demonstration, by label."""
    return shown_once(tmp_path_factory, "demo", demo_trial, study, demo)


@pytest.fixture(scope="session")
def pilot_shows(
    pilot_trial: Trial,
    pilot_study: Study,
    pilot: dict[str, pd.DataFrame],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], dict[str, Any]]:
    """Return what gives the displays of a notebook on the pilot study, by label."""
    return shown_once(tmp_path_factory, "pilot", pilot_trial, pilot_study, pilot)


@pytest.fixture(scope="session")
def witness() -> dict[tuple[str, str], float]:
    """Return the values that R computed (tests/reference/statistics.R) by case and quantity."""
    table = pd.read_csv(ROOT / "tests/reference/statistics.csv")
    return {(row.case, row.quantity): row.value for row in table.itertuples()}
