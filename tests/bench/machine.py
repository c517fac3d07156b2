"""What a measurement says of the machine that it was made on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "itpcsr",
    "papermill",
    "nbclient",
    "ipykernel",
    "pandas",
    "numpy",
    "pyarrow",
    "typst",
    "vl-convert-python",
)


def describe_machine() -> dict[str, object]:
    """Return processor, cores that this process may use, memory, system, Python and main packages."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3, 1),
        "system": _system(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def load_average() -> float:
    """Return how many processes wanted a core in the last minute."""
    return round(os.getloadavg()[0], 2)


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:  # no Linux
        return platform.platform(terse=True)
    return f"{name}, {platform.system()} {platform.release().partition('-')[0]}"
