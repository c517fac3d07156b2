"""Memory that a process has freed, but keeps for what it may need next."""

from __future__ import annotations

import ctypes
import os

import pyarrow


def give_back_memory() -> None:
    """Let the system have what this process has freed; where the C library can't (Linux's can), less of it.

    Where frames of millions of records come and go, what is kept is a third of a process's memory.
    """
    pyarrow.default_memory_pool().release_unused()
    if trim := getattr(ctypes.CDLL(None) if os.name == "posix" else None, "malloc_trim", None):
        trim(0)
