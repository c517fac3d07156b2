"""How the tests are run: which cases a random test draws, what is marked, what goes first, what is shared."""

from types import SimpleNamespace

import pytest

from tests import conftest
from tests.once import once_for_all_workers


def item_of(path, *, mark=None, asked=None, fixtures=()):
    """Return a stand-in for a collected test, as far as the hooks look at it."""
    marks = {} if mark is None else {mark.name: mark.mark}
    return SimpleNamespace(
        nodeid=path,
        path=conftest.ROOT / path,
        fixturenames=list(fixtures),
        config=SimpleNamespace(getoption=lambda _: asked),
        get_closest_marker=marks.get,
        add_marker=lambda name: marks.update({name: name}),
    )


@pytest.mark.parametrize(("asked", "seeds"), [(None, [3, 4]), (1, [3]), (5, [3, 4, 5, 6, 7])])
def test_a_random_test_gets_the_seeds_of_its_mark_or_as_many_as_are_asked_for(asked, seeds):
    given = {}
    item = item_of("tests/test_x.py", mark=pytest.mark.examples(2, first=3), asked=asked)
    metafunc = SimpleNamespace(definition=item, fixturenames=["seed"], parametrize=given.__setitem__)
    conftest.pytest_generate_tests(metafunc)
    assert {name: list(values) for name, values in given.items()} == {"seed": seeds}


@pytest.mark.examples(7)
def test_a_property_test_draws_as_many_cases_the_same_each_time(drawing, request):
    asked = request.config.getoption("--examples")
    assert drawing.max_examples == (7 if asked is None else asked)
    assert drawing.derandomize


def test_what_takes_a_built_report_is_marked_and_one_of_the_demonstration_and_long_files_go_first():
    demonstration = ["published", "project", "make_once"]
    items = [
        item_of("tests/sdtm/test_short.py"),
        item_of("tests/sdtm/test_long.py"),
        item_of("tests/analysis/test_efficacy.py", fixtures=["published"]),  # published values, no report
        item_of("tests/build/test_demo.py", fixtures=demonstration),
        item_of("tests/build/test_other.py", fixtures=demonstration),
        item_of("tests/build/test_verify.py", fixtures=["small", "make_once"]),
        item_of("tests/build/test_links.py", fixtures=["tmp_path"]),
    ]
    kept = {f"tests/{name}.py": taken for name, taken in {
        "sdtm/test_long": 9.0, "build/test_links": 1.0, "build/test_demo": 2.0, "build/test_other": 3.0,
    }.items()}  # fmt: skip
    conftest.pytest_collection_modifyitems(SimpleNamespace(cache=SimpleNamespace(get=lambda *_: kept)), items)
    names = [item.path.stem.removeprefix("test_") for item in items]
    assert names == ["other", "verify", "demo", "long", "links", "short", "efficacy"]
    built = {item.path.stem for item in items if item.get_closest_marker("build")}
    assert built == {"test_demo", "test_other", "test_verify"}


def test_workers_make_what_they_share_once(tmp_path):
    made = []
    for worker in ("popen-gw0", "popen-gw1"):
        folder = tmp_path / worker
        folder.mkdir()
        factory = SimpleNamespace(getbasetemp=lambda folder=folder: folder)
        found = once_for_all_workers(factory, "trial", lambda: made.append(1) or {"DM": [1.5]})
        assert found == {"DM": [1.5]}
    assert made == [1]


def test_the_tests_named_as_slow_are_there(root):
    for name in (root / "tests/slow.txt").read_text(encoding="utf-8").splitlines():
        path, *_, function = name.split("::")
        assert f"def {function}(" in (root / path).read_text(encoding="utf-8"), name
