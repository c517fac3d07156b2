"""The one-way flow of DESIGN: which room may import which."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from csrkit.publish.fragments import read_options

# Package to what it may import of the others: the engine knows no trial, and nobody knows the simulated one.
MAY_IMPORT = {
    "csrkit": set(),
    "itpcsr": {"csrkit"},
    "itpsim": {"csrkit", "itpcsr.study"},
}
SIMULATES = "cli.py"  # the command line's `simulate`
# Rooms of the trial to those below them
ROOMS = {
    "study": set(),
    "sdtm": {"study"},
    "adam": {"sdtm", "study"},
    "analysis": {"study"},
    "display": {"study"},
    "publish": {"display", "analysis", "adam", "sdtm", "study"},
    "cli": {"publish", "display", "analysis", "adam", "sdtm", "study"},
}
# What makes reports of results; the engine's other rooms work without it
ABOVE = ("csrkit.publish", "csrkit.render", "csrkit.versions")


def imported(path: Path) -> set[str]:
    """Return the modules and packages of ours that a file imports, each with all that lead to it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{item.name}" for item in node.names)}
        elif isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
    return {name for name in found if name.partition(".")[0] in MAY_IMPORT}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_the_engine_knows_no_trial_and_nobody_the_simulated_one(root, package):
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for path in sorted((root / "src" / package).rglob("*.py"))
        for name in sorted(imported(path))
        if name.partition(".")[0] != package
        and not any(f"{name}.".startswith(f"{allowed}.") for allowed in MAY_IMPORT[package])
        and not (path.name == SIMULATES and name.startswith("itpsim"))
    ]
    assert wrong == []


def test_imports_follow_the_flow(root):
    package = root / "src/itpcsr"
    wrong = []
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        if room != "__init__":
            others = {name.split(".")[1] for name in imported(path) if name.startswith("itpcsr.")}
            wrong += [
                f"{path.relative_to(package)} imports {other}"
                for other in others & {*ROOMS} - {room} - ROOMS[room]
            ]
    assert wrong == []


def test_statistics_and_tables_know_nothing_of_publishing(root):
    rooms = (
        "design.py",
        "rows.py",
        "sdtm",
        "adam",
        "stats",
        "nca",
        "dosefinding",
        "tables",
        "charts",
        "parameters",
    )
    files = [root / "src/csrkit" / room for room in rooms]
    files = [path for place in files for path in ([place] if place.suffix else place.rglob("*.py"))]
    assert len(files) > 50
    assert [path.name for path in files if any(name.startswith(ABOVE) for name in imported(path))] == []


@pytest.mark.parametrize(
    "forbidden", ["datetime.now(", "date.today(", "time.time(", "np.random.seed", "utcnow("]
)
def test_no_clock_and_no_global_randomness(root, forbidden):
    found = [
        path.name for path in (root / "src").rglob("*.py") if forbidden in path.read_text(encoding="utf-8")
    ]
    assert found == []


@pytest.mark.parametrize("forbidden", ["open(", "read_parquet", "altair", "great_tables", "Path("])
def test_analysis_touches_no_file_and_no_plot(root, forbidden):
    rooms = ("itpcsr/analysis", "csrkit/stats", "csrkit/dosefinding", "csrkit/nca")
    files = [
        path for room in rooms for path in (root / "src" / room).rglob("*.py") if path.name != "terminal.py"
    ]
    assert [path.name for path in files if forbidden in path.read_text(encoding="utf-8")] == []


def test_rounding_for_print_stands_in_formats_alone(root):
    rooms = ("itpcsr/analysis", "itpcsr/publish", "csrkit/stats", "csrkit/publish", "csrkit/versions")
    files = [path for room in rooms for path in (root / "src" / room).rglob("*.py")]
    found = [
        path.name
        for path in files
        for mark in (".round(", "{:.1f}", ":.1f}", ":.2f}")
        if mark in path.read_text()
    ]
    assert found == []


def test_tables_are_merged_not_joined(root):
    """A left join by ``DataFrame.join`` raises in pandas 3 where both sides hold no text at all."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in (root / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "join"
        and any(keyword.arg == "on" for keyword in node.keywords)
    ]
    assert found == []


def test_charts_have_altair_from_the_theme_alone(root):
    package = root / "src"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) altair\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == {"csrkit/charts/theme.py"}


ESCAPES = r"html\.escape\(|from html import escape|_html\.escape|saxutils|&lt;|\\\\u003c"
WRITES_CSV = r"(?<!writers)\.to_csv\(|csv\.writer|DictWriter|pacsv\.write_csv|write_csv\(pa"


@pytest.mark.parametrize(
    ("pattern", "owners"),
    [
        (ESCAPES, {"csrkit/tables/escape.py", "csrkit/charts/drawing.py"}),
        # trial data written as data, and what is searched for leaks, nobody opens in a spreadsheet
        (
            WRITES_CSV,
            {"csrkit/tables/escape.py", "csrkit/sdtm/formats/delimited.py", "csrkit/disclosure/leaks.py"},
        ),
    ],
)
def test_one_place_escapes_and_one_place_writes_csv(root, pattern, owners):
    package = root / "src"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(pattern, path.read_text(encoding="utf-8"))
    }
    assert found == owners


# Rooms of the engine to those of these that each may import: publishing is the last step
LAST_ROOMS = {
    "disclosure": set(),
    "versions": set(),
    "render": set(),
    "publish": {"render", "versions", "disclosure"},
}


@pytest.mark.parametrize("room", LAST_ROOMS)
def test_what_makes_reports_goes_one_way(root, room):
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for path in sorted((root / "src/csrkit" / room).rglob("*.py"))
        for name in sorted(imported(path))
        if name.startswith("csrkit.") and name.split(".")[1] in {*LAST_ROOMS} - {room} - LAST_ROOMS[room]
    ]
    assert wrong == []


def test_the_engine_names_no_display(root):
    """What holds for a display, its cell says in the notebook (``#| discloses: …``)."""
    labels = {label for path in (root / "notebooks").glob("*.ipynb") for label in read_options(path)}
    assert "tbl-baseline" in labels
    found = [
        f"{path.relative_to(root)}:{node.lineno} {node.value}"
        for path in sorted((root / "src/csrkit").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in labels
    ]
    assert found == []


def test_a_basename_says_what_a_file_is(root):
    """One that is there five times says only what its folder says."""
    names = Counter(path.name for path in (root / "src").rglob("*.py") if path.name != "__init__.py")
    assert [name for name, times in names.items() if times > 3] == []
