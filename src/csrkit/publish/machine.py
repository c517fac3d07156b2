"""What this machine gives to a process: cores, memory, and how much of it another one has taken."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_GROUPS = Path("/sys/fs/cgroup")


def count_cores() -> int:
    """Return how many processes can compute at once, by the process's affinity and its container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _of_group("cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, -(-int(quota) // int(period)))
    return max(cores, 1)


def available_memory() -> int:
    """Return how many bytes processes can still take, by the machine and by the container's limit."""
    available: int = psutil.virtual_memory().available
    limit, used = _of_group("memory.max"), _of_group("memory.current")
    if limit.isdigit() and used.isdigit():
        # pages of files that the system gives back when it has to count as used
        kept = dict(line.split() for line in _of_group("memory.stat").splitlines())
        available = min(available, int(limit) - int(used) + int(kept.get("inactive_file", 0)))
    return max(available, 0)


def _of_group(name: str) -> str:
    """Return what the control group of this process says (Linux, version 2); empty where it doesn't."""
    try:
        own = Path("/proc/self/cgroup").read_text(encoding="ascii").rpartition(":")[2].strip().lstrip("/")
        return (_GROUPS / own / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def peak_memory(pid: int) -> int:
    """Return the most memory in bytes that a process has had at once; 0 where the system doesn't say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0]) * 1024 if peaks else 0
