"""Published versions in a browser on this machine."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from csrkit.errors import DataError
from csrkit.publish.serve import open_server


@pytest.fixture
def versions(tmp_path):
    version = tmp_path / "output/demo-1.0.0"
    version.mkdir(parents=True)
    (version / "manifest.json").write_text("{}")
    (version / "index.html").write_text("<title>Report</title>")
    (version / "report").mkdir()
    (version / "report/11.html").write_text("<title>Page</title>")
    (version / "tables").mkdir()
    (version / "tables/a.csv").write_text("a")
    (version / ".hidden").write_text("not published")
    (tmp_path / "secret.txt").write_text("not published")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/index.html").write_text("not published")
    (version / "link.txt").symlink_to(tmp_path / "secret.txt")
    (version / "linked").symlink_to(tmp_path / "secrets")
    os.mkfifo(version / "pipe")
    (tmp_path / "output/.demo-1.0.0.new").mkdir()
    (tmp_path / "output/.demo-1.0.0.new/index.html").write_text("not published")
    (tmp_path / "output/.demo-1.0.0.new/manifest.json").write_text("{}")
    (tmp_path / "output/.demo-1.0.0.lock").write_text("")
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
    for name in ("index.html", ""):
        with urllib.request.urlopen(f"{address}{name}") as answer:
            assert answer.read() == b"<title>Report</title>"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}../secret.txt")
    with refused.value as answer:
        assert answer.code == 404


def test_the_user_stops_it(running):
    process, address = running
    urllib.request.urlopen(f"{address}index.html").close()  # it is at work by now
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stderr.read().strip() == "• Stopped."


@pytest.fixture
def served(versions):
    """Return a function that asks a running server under a name, and gives status and content."""
    with open_server(versions, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()

        def ask(path, host=None, method="GET", token=server.token):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            connection.putrequest(method, f"/{token}/{path}" if token else path, skip_host=True)
            for name in host if isinstance(host, list) else [host or f"127.0.0.1:{server.server_port}"]:
                connection.putheader("Host", name)
            connection.endheaders()
            answer = connection.getresponse()
            found = answer.status, answer.read()
            connection.close()
            return found

        ask.port = server.server_port
        yield ask
        server.shutdown()
        thread.join()


def test_pages_are_found_by_every_own_name(served):
    for name in ("127.0.0.1", "localhost", "[::1]"):
        assert served("demo-1.0.0/report/11.html", f"{name}:{served.port}") == (200, b"<title>Page</title>")
    assert served("demo-1.0.0/tables/a.csv?x#y")[0] == 200
    assert served("demo-1.0.0")[0] == 301
    assert served("demo-1.0.0/", method="HEAD") == (200, b"")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost", "127.0.0.1:1", "", [],
                                  ["localhost:{port}", "evil.example"], "localhost:{port}.evil.example"])  # fmt: skip
def test_another_name_is_refused(served, host):
    names = [name.format(port=served.port) for name in (host if isinstance(host, list) else [host])]
    status, content = served("demo-1.0.0/index.html", names)
    assert status == 421
    assert b"Report" not in content


@pytest.mark.parametrize("token", ["", "x", "demo-1.0.0", "%00", "é"])
def test_without_the_secret_nothing_is_given(served, token):
    path = f"/{token}/demo-1.0.0/index.html" if token else "/demo-1.0.0/index.html"
    status, content = served(urllib.parse.quote(path, safe="/%"), token="")
    assert status == 404
    assert b"Report" not in content


@pytest.mark.parametrize(
    "path",
    ["", "demo-1.0.0/tables/", "demo-1.0.0/tables", "demo-1.0.0/report/", "demo-1.0.0/link.txt",
     "demo-1.0.0/linked/", "demo-1.0.0/linked/index.html", "demo-1.0.0/pipe", "demo-1.0.0/.hidden",
     ".demo-1.0.0.new/index.html", ".demo-1.0.0.new/", ".demo-1.0.0.lock", "demo-1.0.0/../../secret.txt",
     "demo-1.0.0/%2e%2e/%2e%2e/secret.txt", "../secret.txt", "demo-1.0.0/..%5c..%5csecret.txt",
     "demo-1.0.0/%2ehidden", "demo-1.0.0//index.html", "demo-1.0.0/index.html/", "demo-1.0.0/index.html%00",
     "demo-1.0.0/nothing"],
)  # fmt: skip
def test_nothing_else_is_given(served, path):
    for method in ("GET", "HEAD"):
        status, content = served(path, method=method)
        assert status == 404
        assert b"not published" not in content


def test_only_this_machine_can_ask(versions):
    with open_server(versions / "demo-1.0.0", 0) as server:
        assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_versions_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=f"{name}: holds no published version"):
        open_server(tmp_path / name, 0)
