import ast
from importlib.metadata import version

import pytest

from itpcsr.analysis.tested import _SOFTWARE, DESCRIPTIVE, software_of


@pytest.mark.parametrize(
    ("method", "packages"),
    [
        ("Fisher's exact test, two-sided", ("scipy",)),
        ("Fisher's exact test (Freeman-Halton), two-sided", ("itpcsr", "scipy")),
        ("beta posterior, prior beta(2, 3)", ("scipy",)),
        ("dose-escalation rule: BOIN", ("itpcsr",)),
        ("reading of tea leaves", ()),
    ],
)
def test_the_longest_known_beginning_counts(method, packages):
    assert software_of(method) == packages


def test_every_package_named_is_installed_and_imported_by_the_analysis(root):
    named = {package for packages in _SOFTWARE.values() for package in packages} | set(DESCRIPTIVE)
    assert all(version(package) for package in named)
    imported = set()
    rooms = ("itpcsr/analysis", "csrkit/stats", "csrkit/dosefinding", "csrkit/nca")
    for path in [path for room in rooms for path in (root / "src" / room).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
            elif isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
    assert named <= imported
