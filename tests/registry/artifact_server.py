"""MLflow's artifact server over a folder: a store that is no folder to its clients."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The ``mlflow-artifacts`` URL of a server of our own over ``folder``."""
    folder.mkdir(parents=True)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    command = [sys.executable, "-m", "mlflow", "server", "--artifacts-only", "--workers", "1", "--port", str(port)]
    command += ["--host", "127.0.0.1", "--artifacts-destination", str(folder)]
    with (folder.parent / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder.parent, env={**os.environ})
        try:
            _wait(server, port)
            yield f"mlflow-artifacts://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(600):
        assert server.poll() is None
        with suppress(OSError):
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the artifact server does not answer")
