"""What is kept of a request before anything looks at it."""

import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.settings import Settings
from tests.services.in_process import serving
from tests.services.model_folder import write_model_folder

START = b"GET /livez HTTP/1.1\r\nHost: a\r\n"
PIECE = 2**16


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp("http") / "model")


@pytest.mark.parametrize("piece", [b"x" * PIECE, b"a: b\r\n" * (PIECE // 6)], ids=["one line", "many lines"])
def test_a_head_without_an_end_is_cut_off(folder: Path, piece: bytes) -> None:
    with serving(folder, Settings(threads=1, max_header=2048)) as url:
        place = urlsplit(url)
        with socket.create_connection((place.hostname, place.port)) as client:
            sent, answer = 0, b""
            with suppress(ConnectionError):
                client.sendall(START + b"X-Long: ")
                for _ in range(1024):  # 64 MiB, more than sockets hold between them
                    client.sendall(piece)
                    sent += len(piece)
            with suppress(ConnectionError):
                answer = client.recv(4096)

    assert sent < 32 * 2**20
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def test_heads_within_the_limit_are_answered_one_after_the_other(folder: Path) -> None:
    with serving(folder, Settings(threads=1, max_header=2048)) as url:
        place = urlsplit(url)
        with socket.create_connection((place.hostname, place.port)) as client:
            for _ in range(10):  # more than twice the limit together
                client.sendall(START + b"X-Long: " + b"x" * 1500)
                client.sendall(b"x" * 100 + b"\r\n\r\n")
                answer = b""
                while not answer.endswith(b"}\n"):
                    answer += client.recv(4096)
                assert answer.startswith(b"HTTP/1.1 200")
