"""The container file: linted, and its command run as it would run inside, by another user on a read-only root."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from pipelines.packaging import container
from tests.services.model_folder import build, plain

HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("container"))


def dockerfile(home: Path) -> Path:
    return home / "bentos" / "colours" / "1" / container.FILE


def instructions(home: Path) -> list[tuple[str, str]]:
    """Instruction and the rest of its line, continued lines joined."""
    text = dockerfile(home).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in lines]


def test_the_linter_finds_nothing(home: Path) -> None:
    linter = shutil.which("hadolint") or str(HADOLINT)
    found = subprocess.run([linter, "--format", "json", dockerfile(home)], capture_output=True, text=True, check=False)
    assert json.loads(found.stdout) == []
    bad = home / "Dockerfile.bad"
    bad.write_text("FROM python\nRUN cd /tmp\n")
    assert subprocess.run([linter, bad], capture_output=True, check=False).returncode == 1  # it does look


def test_it_installs_by_hash_and_runs_as_nobody_in_particular_with_a_health_check(home: Path) -> None:
    found = instructions(home)
    installs = [rest for name, rest in found if name == "RUN" and "pip install" in rest]
    assert len(installs) == 1
    assert installs[0].count("pip install") == installs[0].count("--require-hashes -r") == 2
    names = [name for name, _ in found]
    assert ("USER", f"{container.USER}:{container.USER}") in found
    assert "HEALTHCHECK" in names
    assert names.index("USER") < names.index("ENTRYPOINT")
    for name, rest in found:
        if name == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            assert all((home / source).exists() for source in sources), rest


def test_the_build_sees_one_bento_and_its_model_alone(home: Path) -> None:
    ignored = Path(f"{dockerfile(home)}.dockerignore").read_text().splitlines()
    assert ignored == ["*", "!bentos/colours/1", "!models/colours/1"]


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_its_command_serves_as_another_user_on_a_read_only_root(home: Path, tmp_path: Path) -> None:
    found = dict(instructions(home))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    command = [word.replace("3000", port).replace("0.0.0.0", "127.0.0.1") for word in json.loads(found["ENTRYPOINT"])]
    command[0] = sys.executable
    health = [word.replace(":3000", f":{port}") for word in json.loads(found["HEALTHCHECK"].partition("CMD ")[2])]
    environment = dict(pair.split("=", 1) for pair in found["ENV"].split())
    environment = {name: value.replace("/opt/store", str(home)) for name, value in environment.items()}
    environment["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    prepared = [rest for name, rest in instructions(home) if name == "RUN"][-1].replace("/opt/store", str(home))
    subprocess.run(["sh", "-c", prepared], check=True)
    script = tmp_path / "inside.sh"
    user = f"--reuid={container.USER} --regid={container.USER} --clear-groups"
    user += " --inh-caps=+dac_read_search --ambient-caps=+dac_read_search"  # the interpreter may lie in root's home
    script.write_text(
        "set -e\nmount --make-rprivate /\nmount -t tmpfs -o mode=1777 tmpfs /mnt\n"
        f"mount --bind {home} {home}\nmount -o remount,bind,ro {home}\nmount -o remount,bind,ro /\n"
        f'export HOME=/mnt TMPDIR=/mnt\ncd {home}/bentos/colours/1/src\nexec setpriv {user} "$@"\n'
    )
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            ["unshare", "--mount", "sh", script, *command], stdout=log, stderr=log, env=environment
        )
    try:
        until = time.monotonic() + 90
        while subprocess.run([sys.executable, *health[1:]], capture_output=True, check=False).returncode:
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            assert server.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.2)
        answer = httpx.post(
            f"http://127.0.0.1:{port}/predict", content=plain(200, 10, 10), headers={"content-type": "image/png"}
        )
        assert answer.json()["answers"][0]["label"] == "red"
    finally:
        server.terminate()
        try:
            assert server.wait(30) in (0, 143, -15), (tmp_path / "log").read_text()
        finally:
            server.kill()
