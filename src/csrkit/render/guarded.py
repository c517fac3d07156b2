"""Run a command that ends, with all that it started, when the process that asked for it has ended.

Started as a script of its own: ``python -I guarded.py COMMAND ...`` in a session of its own. The pipe to its
standard input tells when the asking process is gone, however it went: the system closes the pipe for it, even
where no handler of a signal could run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE = 3.0  # seconds between the request to end and the end


def _end_with_the_asking_process(ending: threading.Event) -> None:
    """Wait for the pipe's end, then end every process of this session's group, this one among them."""
    # no buffered reader: it would hold a lock that the interpreter wants at its own end
    while os.read(sys.stdin.fileno(), 1024):
        continue
    ending.set()
    os.killpg(0, signal.SIGTERM)  # which this process doesn't heed
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Run the command; return its exit code, or 128 and the number of the signal that ended it."""
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda *_: None)  # a handler isn't passed on to the command, to ignore would be
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    ending = threading.Event()
    watch = threading.Thread(target=_end_with_the_asking_process, args=(ending,), daemon=True)
    watch.start()
    code = process.wait()
    if ending.is_set():
        watch.join()  # until it has ended those that took no notice, and this process
    os.killpg(0, signal.SIGTERM)  # what the command left behind would hold the pipe of its words open
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
