"""The one-way flow of DESIGN: which room may import which."""

import ast
import re
from pathlib import Path

import pytest

LEAVES = {
    "absence", "bounds", "errors", "inputs", "paths", "limits", "many", "markers", "plain_text", "small_counts", "small_texts", "store", "terminal", "__init__", "__version__"
}  # fmt: skip
MAY_IMPORT = {
    "study": set(),
    "results": set(),
    "sdtm": {"study"},
    "nca": set(),
    "adam": {"nca", "sdtm", "study"},
    "analysis": {"nca", "results", "study"},
    "display": {"results", "study"},
    "build": {"display", "analysis", "results", "adam", "sdtm", "study"},
    "cli": {"build", "display", "analysis", "results", "adam", "sdtm", "study"},
}


def room_of(path: Path, package: Path) -> str:
    return path.relative_to(package).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("itpcsr"):
            names = (
                [node.module] if node.module != "itpcsr" else [f"itpcsr.{item.name}" for item in node.names]
            )
        elif isinstance(node, ast.Import):
            names = [item.name for item in node.names if item.name.startswith("itpcsr.")]
        rooms |= {name.split(".")[1] for name in names if "." in name}
    return rooms


def test_imports_follow_the_flow(root):
    package = root / "src/itpcsr"
    wrong = []
    for path in sorted(package.rglob("*.py")):
        room = room_of(path, package)
        if room in LEAVES:
            continue
        for other in imported_rooms(path) - {room} - LEAVES - MAY_IMPORT[room]:
            wrong.append(f"{path.relative_to(package)} imports {other}")
    assert wrong == []


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
    files = (root / "src/itpcsr/analysis").rglob("*.py")
    assert [path.name for path in files if forbidden in path.read_text(encoding="utf-8")] == []


def test_rounding_for_print_stands_in_formats_alone(root):
    files = [*(root / "src/itpcsr/analysis").glob("*.py"), *(root / "src/itpcsr/build").glob("*.py")]
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
    package = root / "src/itpcsr"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) altair\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == {"display/theme.py"}


ESCAPES = r"html\.escape\(|from html import escape|_html\.escape|saxutils|&lt;|\\\\u003c"
WRITES_CSV = r"(?<!writers)\.to_csv\(|csv\.writer|DictWriter|pacsv\.write_csv|write_csv\(pa"


@pytest.mark.parametrize(
    ("pattern", "owners"),
    [
        (ESCAPES, {"display/escape.py", "display/drawing.py"}),
        # trial data written as data, and what is searched for leaks, nobody opens in a spreadsheet
        (WRITES_CSV, {"display/csv_text.py", "sdtm/formats/delimited.py", "build/leaks.py"}),
    ],
)
def test_one_place_escapes_and_one_place_writes_csv(root, pattern, owners):
    package = root / "src/itpcsr"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(pattern, path.read_text(encoding="utf-8"))
    }
    assert found == owners
