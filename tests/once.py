"""What tests of several workers share is made by the first of them."""

import fcntl
import pickle
from collections.abc import Callable
from typing import Any

import pytest


def once_for_all_workers(factory: pytest.TempPathFactory, name: str, make: Callable[[], Any]) -> Any:
    """Return what ``make`` gives; it runs once in a run of the tests, however many workers ask for it."""
    folder = factory.getbasetemp()
    folder = folder.parent if folder.name.startswith("popen-") else folder
    path = folder / f"{name}.pickle"
    with (folder / f"{name}.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not path.exists():
            made = make()
            path.write_bytes(pickle.dumps(made))
            return made
    return pickle.loads(path.read_bytes())
