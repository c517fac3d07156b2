"""Show published versions to a browser on this machine, for those who can't open files from a folder."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from itpcsr.errors import DataError

LOCAL = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    """Answer without a line on the terminal for every file."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def open_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of the folder's files, for this machine alone; the caller starts and closes it.

    ``folder`` is a published version or the folder of all; port 0 takes a free one. Raises DataError where
    no published version is found, OSError where the port is taken.
    """
    if not folder.is_dir() or not _holds_version(folder):
        raise DataError(f"{folder}: holds no published version. Name one, e.g. output/demo-1.0.0.")
    return ThreadingHTTPServer((LOCAL, port), partial(_Quiet, directory=str(folder)))


def _holds_version(folder: Path) -> bool:
    return (folder / "manifest.json").exists() or any(folder.glob("*/manifest.json"))
