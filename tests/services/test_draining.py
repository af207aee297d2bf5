"""Slow, silent and vanished clients cost nothing, and a server that is told to end loses no request."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest

from services import metrics
from services.launch import launch
from services.settings import Settings
from tatara.core.client import Client
from tatara.core.errors import TataraError, UsageError
from tatara.core.runtime import Runtime
from tests.services.in_process import serving
from tests.services.model_folder import plain, png, write_model_folder

RED = plain(200, 10, 10)
HEAD = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp("draining") / "model")


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as found:
        yield found


def closed(connection: socket.socket) -> bool:
    """The server closes it, having said whatever it said."""
    with suppress(ConnectionError):
        while connection.recv(65536):
            pass
    return True


@pytest.mark.parametrize(
    "sent",
    [b"", b"G", b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ", b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /li"],
    ids=["nothing", "a letter", "no end", "after an answer"],
)
def test_who_sends_no_request_is_disconnected(folder: Path, sent: bytes) -> None:
    with serving(folder, Settings(threads=1, head_seconds=1)) as url, connected(url) as silent:
        silent.sendall(sent)

        assert closed(silent)


def test_of_too_many_connections_the_longest_silent_go(folder: Path) -> None:
    with serving(folder, Settings(threads=1, max_connections=4, head_seconds=60)) as url, httpx.Client() as http:
        silent = []
        for later in (0, 0, 1.5, 0, 0, 0):
            time.sleep(later)
            silent.append(socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20))
        assert closed(silent[0])
        assert closed(silent[1])
        silent[5].settimeout(1.5)
        with pytest.raises(TimeoutError):
            silent[5].recv(1)
        assert http.get(f"{url}/readyz").status_code == 200
        for one in silent:
            one.close()


def test_who_does_not_read_its_answer_is_disconnected(tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path / "model", kind="segmentation")
    settings = Settings(threads=1, write_seconds=1)
    with serving(folder, settings) as url, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", int(url.rpartition(":")[2])))
        large = png(np.zeros((2000, 2000, 3)))  # the answer is 20 MB
        deaf.sendall((HEAD % len(large)).replace(b"Host", b"Accept: application/x-npz\r\nHost") + large)
        began = metrics.IN_FLIGHT._value.get()
        deadline = time.monotonic() + 30
        while _still_open(deaf):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert metrics.IN_FLIGHT._value.get() <= began


def _still_open(connection: socket.socket) -> bool:
    """By the state of the kernel (tcp(7), TCP_INFO): reading would make room."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 1


def test_who_leaves_is_worked_for_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model_folder(tmp_path / "model")
    prepared: list[float] = []
    prepare = Runtime.prepare

    def slowly(runtime: Runtime, pixels: np.ndarray) -> np.ndarray:
        time.sleep(0.05)
        prepared.append(time.monotonic())
        return prepare(runtime, pixels)

    files = [("files", ("a.png", RED))] * 200
    request = httpx.Request("POST", "http://a/predict", files=files)
    body = request.read()
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: {request.headers['content-type']}\r\n"
    with serving(folder, Settings(threads=1)) as url:
        monkeypatch.setattr(Runtime, "prepare", slowly)
        with connected(url) as leaving:
            leaving.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            while len(prepared) < 3:
                time.sleep(0.01)
        # It is answered by the same thread, so what was asked before it would have been prepared by then.
        answered = httpx.post(f"{url}/predict", content=RED, headers={"content-type": "image/png"}, trust_env=False)
        assert answered.status_code == 200
        assert len(prepared) < 100
        assert metrics.REQUESTS.labels("/predict", "499")._value.get() >= 1


@pytest.mark.parametrize("cut", [0, 30])
def test_who_leaves_within_its_body_takes_no_place(folder: Path, cut: int) -> None:
    with serving(folder, Settings(threads=1, max_requests=1)) as url:
        for _ in range(5):
            with connected(url) as leaving:
                leaving.sendall((HEAD % len(RED)) + RED[:cut])
                time.sleep(0.05)
        time.sleep(0.1)
        answer = httpx.post(f"{url}/predict", content=RED, headers={"content-type": "image/png"}, trust_env=False)
        assert answer.status_code == 200


def test_a_head_that_is_too_long_is_not_kept(folder: Path) -> None:
    with serving(folder, Settings(threads=1, max_header=2048)) as url, connected(url) as long:
        with suppress(ConnectionError):
            long.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 10**6)
        answer = b""
        with suppress(ConnectionError):
            while piece := long.recv(4096):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 431")
        assert b"max_header" in answer


def asking(url: str, stop: threading.Event, found: list[object], verify: str | bool = True) -> None:
    """Ask again and again on one connection; what is refused at the socket was never taken."""
    with httpx.Client(trust_env=False, timeout=60) as http:
        while not stop.is_set():
            try:
                found.append(
                    http.post(f"{url}/predict", content=RED, headers={"content-type": "image/png"}).status_code
                )
            except httpx.ConnectError:
                return
            except httpx.HTTPError as error:
                found.append(repr(error))


def test_a_service_that_is_told_to_end_answers_what_it_took(bento_home: Path, tmp_path: Path) -> None:
    with launch("colours:1", bento_home, tmp_path / "log") as service:
        worker = psutil.Process(service.process.pid).children(recursive=True)
        stop, found = threading.Event(), [[] for _ in range(8)]
        threads = [threading.Thread(target=asking, args=(service.url, stop, one)) for one in found]
        for thread in threads:
            thread.start()
        body = httpx.Request("POST", "http://a/predict", files=[("files", ("a.png", RED))] * 200)
        content = body.read()
        head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: {body.headers['content-type']}\r\n"
        with connected(service.url) as slow:
            slow.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content[:-200])
            time.sleep(0.7)
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            with pytest.raises(OSError, match="refused|reset"), connected(service.url) as late:
                late.sendall(HEAD % 0)
                if not late.recv(1):
                    raise ConnectionResetError("reset")
            slow.sendall(content[-200:])
            answer = b""
            while piece := slow.recv(65536):
                answer += piece
        assert service.process.wait(30) == 0
        assert time.monotonic() - began < 30
        stop.set()
        for thread in threads:
            thread.join()

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.partition(b"\r\n\r\n")[0].lower()
    assert answer.count(b'"red"') >= 200
    assert {status for one in found for status in one} == {200}
    assert sum(map(len, found)) > 20
    assert not any(process.is_running() for process in worker)


def connecting(url: str, found: list[object]) -> None:
    """Ask on one new connection after the other, until none is made any more."""
    host, _, port = url.removeprefix("http://").partition(":")
    while True:
        try:
            connection = socket.create_connection((host, int(port)), timeout=60)
        except ConnectionError:
            return
        with connection:
            try:
                connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                found.append(connection.recv(12).decode())
            except OSError as error:
                found.append(repr(error))


def test_a_service_that_is_told_to_end_answers_every_connection_that_was_made(bento_home: Path, tmp_path: Path) -> None:
    with launch("colours:1", bento_home, tmp_path / "log") as service:
        found: list[list[object]] = [[] for _ in range(16)]
        threads = [threading.Thread(target=connecting, args=(service.url, one)) for one in found]
        for thread in threads:
            thread.start()
        time.sleep(1)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
        for thread in threads:
            thread.join()
    assert {status for one in found for status in one} <= {"HTTP/1.1 200", "HTTP/1.1 503"}
    assert sum(map(len, found)) > 100


def test_live_ready_and_model_ready_are_three_answers_while_it_ends(folder: Path) -> None:
    from services.door import Door
    from services.draining import Draining
    from services.engine import Engine
    from services.models import Models
    from services.settings import Pin

    async def nothing(*_: object) -> None:
        raise AssertionError

    async def ask() -> list[list[int]]:
        engine, draining = Engine(Pin(folder), Settings(threads=1)), Draining()
        transport = httpx.ASGITransport(Door(nothing, Models(engine), draining))
        found = []
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:

            async def told() -> None:
                paths = ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready", "/v2/models/colours/ready")
                found.append([(await http.get(path)).status_code for path in paths])

            await told()
            await engine.start()
            await told()
            draining.begun = True
            await told()
        engine.stop()
        return found

    assert asyncio.run(ask()) == [
        [200, 503, 200, 503, 503],
        [200, 200, 200, 200, 200],
        [200, 503, 200, 503, 200],
    ]


def certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by itself."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tatara")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, secret


def test_https_by_files_and_a_key_from_the_client(bento_home: Path, tmp_path: Path) -> None:
    from services.keys import add_key

    cert, key = certificate(tmp_path)
    api_key, _ = add_key(tmp_path / "keys.json", "press")
    environment = {
        "TATARA_TLS_CERT": str(cert),
        "TATARA_TLS_KEY": str(key),
        "TATARA_KEYS": str(tmp_path / "keys.json"),
    }
    with launch("colours:1", bento_home, tmp_path / "log", environment=environment) as service:
        assert service.url.startswith("https://")
        with Client(service.url, api_key=api_key, certificate=cert) as client:
            assert client.predict([RED])[0].label == "red"
        with Client(service.url, certificate=cert) as client, pytest.raises(TataraError, match="no API key"):
            client.predict([RED])
        with Client(service.url, api_key=api_key) as client, pytest.raises(TataraError, match="does not answer"):
            client.predict([RED])
        listening = {
            connection.laddr.port
            for process in (service.process, *psutil.Process(service.process.pid).children(recursive=True))
            for connection in psutil.Process(process.pid).net_connections()
        }
        assert listening == {int(service.url.rpartition(":")[2])}
        port = int(service.url.rpartition(":")[2])
        old = ssl.create_default_context(cafile=str(cert))
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", port)) as plainly, pytest.raises((ssl.SSLError, OSError)):
            old.wrap_socket(plainly, server_hostname="127.0.0.1")


def presented(url: str) -> bytes:
    """The certificate that a new connection is shown."""
    return ssl.get_server_certificate(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20).encode()


def test_a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not(
    bento_home: Path, tmp_path: Path
) -> None:
    cert, key = certificate(tmp_path)
    first = cert.read_bytes()
    environment = {"TATARA_TLS_CERT": str(cert), "TATARA_TLS_KEY": str(key)}
    with launch("colours:1", bento_home, tmp_path / "log", environment=environment) as service:
        assert presented(service.url) == first
        cert.write_text("no certificate")
        time.sleep(1.5)
        assert presented(service.url) == first
        assert "the certificate stays as it was" in (tmp_path / "log").read_text()
        certificate(tmp_path)
        deadline = time.monotonic() + 20
        while presented(service.url) != cert.read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.2)
        with Client(service.url, certificate=cert) as client:
            assert client.predict([RED])[0].label == "red"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"TATARA_TLS_CERT": "/nowhere.pem", "TATARA_TLS_KEY": "/nowhere.pem"}, "no certificate with its key"),
        ({"TATARA_TLS_CERT": "/nowhere.pem"}, "belong together"),
        ({"TATARA_PROXY_HEADER": "X-User", "TATARA_PROXIES": "everyone"}, "no address or network"),
    ],
)
def test_wrong_settings_end_the_start_in_one_line(
    bento_home: Path, tmp_path: Path, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        launch("colours:1", bento_home, tmp_path / "log", environment=environment)


STUCK = """
import sys, time
from pathlib import Path
from services.launch import launch
with launch("colours:1", Path(sys.argv[1]), Path(sys.argv[2])) as service:
    print(service.url, flush=True)
    sys.stdin.readline()
"""


def test_what_takes_longer_than_it_may_is_told_so_at_the_end(bento_home: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "TATARA_DRAIN_SECONDS": "2", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", STUCK, str(bento_home), str(tmp_path / "log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdin is not None
        url = parent.stdout.readline().decode().strip()
        with connected(url) as slow:
            slow.sendall((HEAD % 1000) + RED[:10])  # the rest never comes
            time.sleep(0.3)
            parent.stdin.write(b"\n")
            parent.stdin.close()
            answer = b""
            while piece := slow.recv(65536):
                answer += piece
        assert parent.wait(20) == 0

    assert answer.startswith(b"HTTP/1.1 503")
    assert b'"rule":"draining"' in answer
