"""Published versions in a browser on this machine."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from itpcsr.build.serve import open_server
from itpcsr.errors import DataError


@pytest.fixture
def versions(tmp_path):
    version = tmp_path / "output/demo-1.0.0"
    version.mkdir(parents=True)
    (version / "manifest.json").write_text("{}")
    (version / "index.html").write_text("<title>Report</title>")
    (tmp_path / "secret.txt").write_text("not published")
    return tmp_path / "output"


@pytest.fixture
def running(versions):
    """Start the command as a user does; give it with the address that it prints."""
    command = [str(Path(sys.executable).parent / "itpcsr"), "serve", str(versions), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        yield process, process.stderr.readline().split()[-1]
        process.kill()


def test_pages_are_served_and_nothing_beside_them(running):
    _, address = running
    with urllib.request.urlopen(f"{address}demo-1.0.0/index.html") as answer:
        assert answer.read() == b"<title>Report</title>"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}../secret.txt")
    with refused.value as answer:
        assert answer.code == 404


def test_the_user_stops_it(running):
    process, address = running
    urllib.request.urlopen(f"{address}demo-1.0.0/index.html").close()  # it is at work by now
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stderr.read().strip() == "• Stopped."


def test_only_this_machine_can_ask(versions):
    with open_server(versions / "demo-1.0.0", 0) as server:
        assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_versions_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=f"{name}: holds no published version"):
        open_server(tmp_path / name, 0)
