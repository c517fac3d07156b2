"""What the process that kernels are forked from imports: all that notebooks use, also when they first use it.

Importing this module does it. A module that can't be imported (half-edited, for example) is left to the
notebook that uses it, which says so. Nothing that comes out depends on this module: no step counts it.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from importlib.resources import files
from pathlib import Path

# The rooms of the program whose modules notebooks call; in a build they are given what ``adam`` has derived
_ROOMS = ("analysis", "display")
# What takes time and is imported by none of them at once: kernels, tables, charts, files, statistics
_OTHERS = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.extensions.storemagic",
    "csrkit.notebook",
    "great_tables",
    "itpcsr.adam",
    "lifelines",
    "narwhals._pandas_like.dataframe",
    "narwhals._pandas_like.namespace",
    "narwhals.stable.v1",
    "pandas.core.arrays.arrow.extension_types",
    "pandas.core.methods.to_dict",
    "pandas.io.formats.html",
    "pandas.io.formats.string",
    "pingouin",
    "pint",
    "pyarrow.parquet",
    "tornado.platform.asyncio",
    "vl_convert",
)


def _names() -> Iterator[str]:
    yield from _OTHERS
    package = Path(str(files("itpcsr")))
    for room in _ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _leave(server: int) -> None:
    if os.getpid() == server:
        os._exit(0)


# When the build leaves, this process has nothing to put in order: freeing all imports would take a second.
atexit.register(_leave, os.getpid())
for _name in _names():
    with suppress(Exception):
        import_module(_name)
