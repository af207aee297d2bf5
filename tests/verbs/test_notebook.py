"""Jupyter Lab as a new user starts it: on another port, by its token, from the address that is printed."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import REPOSITORY

COMMAND = [sys.executable, "-m", "tatara", "notebook", "--json"]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


@pytest.fixture(scope="module")
def started(module_project: Path) -> Iterator[tuple[dict[str, str], int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([*COMMAND, f"port={port}"], stdout=subprocess.PIPE, env=_environment()) as server:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline()), port
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0  # the server went with the verb


def _contents(port: int, token: str) -> httpx.Response:
    headers = {"Authorization": f"token {token}"}
    return httpx.get(f"http://127.0.0.1:{port}/api/contents", headers=headers, timeout=10, trust_env=False)


def test_only_the_token_opens_it(started: tuple[dict[str, str], int]) -> None:
    value, port = started
    token = value["url"].rpartition("token=")[2]
    assert value["url"].startswith(f"http://127.0.0.1:{port}/lab")
    assert len(token) >= 32
    assert _contents(port, token).status_code == 200
    assert _contents(port, "guessed").status_code == 403


def test_the_tunnel_leads_to_the_same_port(started: tuple[dict[str, str], int]) -> None:
    value, port = started
    assert value["tunnel"].startswith(f"ssh -N -L {port}:127.0.0.1:{port} ")
    assert "@" in value["tunnel"]


def test_the_project_is_its_root_and_the_state_lies_below_the_state_root(
    started: tuple[dict[str, str], int], module_project: Path
) -> None:
    value, port = started
    found = _contents(port, value["url"].rpartition("token=")[2]).json()
    names = {one["name"] for one in found["content"]}
    assert {"data.dvc", "params.yaml"} <= names
    assert list((module_project / ".tatara" / "jupyter" / "runtime").iterdir())


def test_a_taken_port_is_one_line_with_the_remedy(started: tuple[dict[str, str], int]) -> None:
    _, port = started
    done = subprocess.run(
        [*COMMAND, f"port={port}"], capture_output=True, text=True, env=_environment(), check=False, timeout=60
    )
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "port=" in done.stderr
