"""A Dask cluster on this machine, for tests."""

from __future__ import annotations

from distributed import LocalCluster


def local_cluster(*, processes: bool) -> LocalCluster:
    """Return two workers that are reached through TCP, each a process of its own or both in this one."""
    return LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=processes,
        host="127.0.0.1",
        protocol="tcp://",
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # else two at once want one port
    )
