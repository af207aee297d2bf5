"""No process of a service outlives what started it, however busy it is."""

import os
import signal
import threading
import time
from contextlib import suppress

import psutil

GRACE_SECONDS = 3.0
"""For answers that are being made when what started the service has ended; what is left then is killed."""


def end_with(parent: int) -> None:
    """End this process and its children when ``parent``, which started it, has ended, whatever ended that.

    It may have ended before this is called, so its process id is passed on by itself.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        _kill_after_grace()

    threading.Thread(target=watch, daemon=True).start()


def end_soon() -> None:
    """End this process though something is still computed: threads are waited for when Python ends."""
    threading.Thread(target=_kill_after_grace, daemon=True).start()


def _kill_after_grace() -> None:
    time.sleep(GRACE_SECONDS)
    for process in (*psutil.Process().children(recursive=True), psutil.Process()):
        with suppress(psutil.NoSuchProcess):
            process.kill()
