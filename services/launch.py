"""A served Bento as a child process: started, waited for until it is ready, ended without orphans."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from services.settings import Settings
from services.signed import require_signed_bento
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.signature import PUBLIC_KEY, required_key

HOST = "127.0.0.1"
STOP_SECONDS = 4.0
"""For a service to end, beyond the seconds that it has for what is in flight."""
REFUSALS = {RefusedError.exit_code: RefusedError, UsageError.exit_code: UsageError}


@dataclass
class Service:
    """A running service. As a context manager it is stopped at the end, Ctrl-C included.

    Attributes:
        url: where it answers.
        log: file that its output goes to.
        process: BentoML's supervisor; its worker is a process group of its own.
        drain: seconds that it has for what is in flight when it is told to end.
    """

    url: str
    log: Path
    process: "subprocess.Popen[bytes]"
    drain: int = Settings.drain_seconds

    def wait(self) -> int:
        """Until it ends by itself; its exit status."""
        return self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and kill what has not ended in time, or when asked again meanwhile."""
        if self.process.poll() is not None:
            return
        workers = psutil.Process(self.process.pid).children(recursive=True)
        try:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.drain + STOP_SECONDS)
        finally:  # also when a second signal cuts the waiting short
            for left in (self.process, *workers):
                with suppress(psutil.NoSuchProcess):
                    left.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def exit_when_told() -> None:
    """Leave this process by an exception on SIGTERM and SIGHUP, as on Ctrl-C, so that its service is stopped too."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda told, _: sys.exit(128 + told))


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def launch(
    tag: str,
    home: Path,
    log: Path,
    port: int | None = None,
    seconds: float = 120.0,
    waiting: Callable[[float], None] = lambda seconds: None,
    environment: dict[str, str] | None = None,
    public_key: Path | None = None,
) -> Service:
    """Serve a Bento on this machine and wait until its golden cases have passed.

    Args:
        tag: of a Bento in the store.
        home: of BentoML.
        log: file for the service's output, overwritten.
        port: to listen on; a free one by default.
        seconds: to wait for readiness.
        waiting: told the seconds waited, about once a second.
        environment: more variables, such as ``TATARA_GPU=1``.
        public_key: that the Bento must be signed with; that of ``TATARA_PUBLIC_KEY`` by default, if any.

    Raises:
        UsageError: no such Bento, or the port is taken.
        RefusedError: unsigned or altered, or the service refused the model; then the message is its own.
        TataraError: it ended, or was not ready in time; the message ends with the log's last line.
    """
    source = _source(tag, home)
    more = dict(environment or {})
    if key := public_key or required_key():
        require_signed_bento(tag, home, key)
        more[PUBLIC_KEY] = str(key.absolute())
    port = free_port() if port is None else port
    _refuse_taken(port)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bentoml", "serve", tag, "--host", HOST, "--port", str(port)]
    given = {**os.environ, **more}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=source,
            env=_environment(source, home) | more,
            start_new_session=True,
        )
    certificate = given.get("TATARA_TLS_CERT")
    url = f"{'https' if certificate else 'http'}://{HOST}:{port}"
    drain = given.get("TATARA_DRAIN_SECONDS", "")
    service = Service(url, log, process, int(drain) if drain.isdecimal() else Settings.drain_seconds)
    try:
        _wait(service, lambda: _ask(port, certificate), seconds, waiting)
    except BaseException:
        service.stop()
        raise
    return service


def _source(tag: str, home: Path) -> Path:
    """Where the Bento's own copy of the code lies: it must be what runs, also where Tatara is installed."""
    source = home / "bentos" / Path(*tag.split(":")) / "src"
    if not source.is_dir():
        raise UsageError(f"no Bento {tag} in {home}; package the model first: `tatara package`")
    return source


def _environment(source: Path, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        "ORT_DISABLE_TELEMETRY": "1",
        "TATARA_PARENT": str(os.getpid()),
        "PYTHONPATH": str(source),
        "PYTHONDONTWRITEBYTECODE": "1",  # a byte more in the Bento and its digest is another
    }


def _refuse_taken(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"port {port} cannot be used ({error.strerror}); give another one, or none") from None


def _wait(
    service: Service, ask: Callable[[], tuple[bool, str]], seconds: float, waiting: Callable[[float], None]
) -> None:
    began = shown = time.monotonic()
    reason = "it does not answer yet"
    while (now := time.monotonic()) - began < seconds:
        if (status := service.process.poll()) is not None:
            line = _last_line(service.log)
            raise REFUSALS.get(status, TataraError)(f"{line.removeprefix('tatara: ')} (log: {service.log})")
        with suppress(OSError, HTTPException, ValueError):
            ready, reason = ask()
            if ready:
                return
            if "golden case " in reason:
                raise RefusedError(reason)
        if now - shown >= 1:
            shown = now
            waiting(now - began)
        time.sleep(0.1)
    raise TataraError(f"the service was not ready after {seconds:.0f} s ({reason}); log: {service.log}")


def _ask(port: int, certificate: str | None) -> tuple[bool, str]:
    if certificate:
        trusting = ssl.create_default_context(cafile=certificate)
        trusting.check_hostname = False  # the certificate is for the name that clients use
        connection: HTTPConnection = HTTPSConnection(HOST, port, timeout=5, context=trusting)
    else:
        connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        return answer.status == 200, str(body.get("error", ""))
    finally:
        connection.close()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "the service ended without a word"
