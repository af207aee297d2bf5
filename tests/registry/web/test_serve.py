"""``tatara review serve``: the first start prints a one-time link, and what cannot be served is said in one line."""

import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from registry.web.settings import settings
from tatara.core.errors import UsageError
from tests.conftest import REPOSITORY


@pytest.mark.slow
def test_the_first_start_prints_a_link_that_makes_its_starter_the_admin(
    migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "TATARA_HOME": str(tmp_path / "state"),
        "TATARA_USER": "Ana",
        "PYTHONPATH": str(REPOSITORY),
    }.items():
        monkeypatch.setenv(name, value)
    shutil.copytree(migrated, tmp_path / "state")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "tatara", "review", "serve", f"port={port}"]
    with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as server:
        try:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            assert told["url"] == f"http://127.0.0.1:{port}"
            with httpx.Client(timeout=30) as client:
                page = client.get(told["link"]).text
                csrf = re.search(r'name="csrf" value="(\w+)"', page)
                assert csrf is not None
                assert "ana" in page
                form = {"csrf": csrf[1], "password": "correct horse battery", "again": "correct horse battery"}
                assert client.post(told["link"], data=form).status_code == 303
                assert "Users" in client.get(told["url"]).text
            taken = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
            assert (taken.returncode, len(taken.stderr.splitlines())) == (2, 1)
            assert str(port) in taken.stderr
        finally:
            server.terminate()


def test_a_server_for_everybody_needs_the_address_that_people_open() -> None:
    with pytest.raises(UsageError, match="url="):
        settings(host="0.0.0.0")
    assert settings(host="0.0.0.0", url="https://review.example.org").allowed_hosts == ["review.example.org", "0.0.0.0"]
