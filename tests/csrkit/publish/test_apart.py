"""Work in a process of its own: nothing of it stays, and what it raises arrives."""

import os
import signal
import sys
import threading
import time

import pytest

from csrkit.errors import DataError, ItpcsrError
from csrkit.publish.processes import do_apart

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the work is done in place")
HELD: list[int] = []


def test_files_stay_and_memory_does_not(tmp_path):
    def work():
        HELD.append(os.getpid())
        (tmp_path / "done").write_text(str(os.getpid()))

    do_apart("works", work)
    assert HELD == []
    assert int((tmp_path / "done").read_text()) != os.getpid()


def test_what_it_raises_is_raised():
    def work():
        raise DataError("AE: no such variable.")

    with pytest.raises(DataError, match="AE: no such variable"):
        do_apart("works", work)


def test_a_process_that_is_killed_is_named():
    with pytest.raises(ItpcsrError, match="The process that works ended without a message"):
        do_apart("works", lambda: os.kill(os.getpid(), signal.SIGKILL))


def test_ctrl_c_ends_it_and_lets_it_clear_up(tmp_path):
    def work():
        try:
            (tmp_path / "begun").touch()
            time.sleep(600)
        finally:
            (tmp_path / "cleared").touch()

    def interrupt():
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        do_apart("works", work)
    assert (tmp_path / "cleared").exists()
