"""Show published versions to a browser on this machine, for those who can't open files from a folder.

Others on the machine can reach the port, and a page of the internet can send a browser there under another
name. So an address begins with a secret of the run, and requests under another name are refused.
"""

from __future__ import annotations

import secrets
import stat
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from csrkit.errors import DataError

LOCAL = "127.0.0.1"
_NAMES = (LOCAL, "localhost", "[::1]")


class VersionServer(ThreadingHTTPServer):
    """A server of one folder under a path that nobody can guess."""

    def __init__(self, folder: Path, port: int) -> None:
        """Take the port on this machine alone; 0 is a free one."""
        self.token = secrets.token_urlsafe(24)
        self.folder = folder
        super().__init__((LOCAL, port), partial(_Handler, directory=str(folder)))

    @property
    def addresses(self) -> list[str]:
        """The addresses of the versions served, each with the secret; whoever has one can read them all."""
        start = f"http://{LOCAL}:{self.server_port}/{self.token}/"
        if _is_version(self.folder):
            return [start]
        return [f"{start}{path.name}/" for path in sorted(self.folder.iterdir()) if _is_version(path)]


class _Handler(SimpleHTTPRequestHandler):
    """Give files of the folder alone: no list, no hidden name, nothing behind a link."""

    server: VersionServer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the terminal for every file."""

    def send_head(self) -> Any:
        """Answer with a file, or refuse; GET and HEAD both come here."""
        if self.headers.get_all("Host", []) not in [[name] for name in self._own_names()]:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        if self._wanted() is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def _own_names(self) -> list[str]:
        port = self.server.server_port
        return [f"{name}:{port}" for name in _NAMES] + (list(_NAMES) if port == 80 else [])

    def _wanted(self) -> Path | None:
        """Return the file or folder that is asked for, or None where nothing is to be given."""
        first, token, *names = unquote(urlsplit(self.path).path).split("/")
        if first or not secrets.compare_digest(token.encode(), self.server.token.encode()) or not names:
            return None
        inner = names[:-1] if names[-1] == "" else names
        path = self.server.folder
        for name in inner:
            path = path / name
            if not name or name.startswith(".") or "\\" in name or not _is_plain(path):
                return None
        return None if path.is_dir() and not _is_plain(path / "index.html") else path

    def translate_path(self, path: str) -> str:
        """Return the place of what was asked for, which ``send_head`` has let pass."""
        wanted = self._wanted()
        ending = "/" if unquote(urlsplit(path).path).endswith("/") else ""
        return f"{wanted}{ending}" if wanted is not None else f"{self.server.folder / 'index.html'}"

    def list_directory(self, path: Any) -> None:
        """List nothing."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        """Keep the address, with its secret, from pages elsewhere and from what is kept on the disk."""
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


def open_server(folder: Path, port: int) -> VersionServer:
    """Return a server of the folder's files; the caller starts and closes it.

    ``folder`` is a published version or the folder of all; port 0 takes a free one. Raises DataError where
    no published version is found, OSError where the port is taken.
    """
    if not folder.is_dir() or not (_is_version(folder) or any(map(_is_version, folder.iterdir()))):
        raise DataError(f"{folder}: holds no published version. Name one, e.g. output/demo-1.0.0.")
    return VersionServer(folder, port)


def _is_version(folder: Path) -> bool:
    return not folder.name.startswith(".") and _is_plain(folder / "manifest.json")


def _is_plain(path: Path) -> bool:
    """Tell whether a path is a file or folder itself, no link, pipe or device."""
    try:
        mode = path.lstat().st_mode
    except (OSError, ValueError):  # a name with NUL is a ValueError
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
