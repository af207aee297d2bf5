"""The compose file and MLflow's container file: what can be held to without a Docker daemon."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

from tests.conftest import REPOSITORY

COMPOSE = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())


def test_it_starts_mlflow_postgresql_and_the_service() -> None:
    assert set(COMPOSE["services"]) == {"postgresql", "mlflow", "service"}
    for service in COMPOSE["services"].values():
        assert ("image" in service) != ("build" in service)
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_what_we_build_has_no_privileges_and_a_root_that_is_read_only() -> None:
    for name in ("mlflow", "service"):
        service = COMPOSE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_no_password_has_a_default() -> None:
    text = (REPOSITORY / "compose.yaml").read_text()
    assert text.count("${POSTGRES_PASSWORD") == text.count("${POSTGRES_PASSWORD:?") == 2


def test_every_volume_is_declared_and_used() -> None:
    used = {one.split(":")[0] for service in COMPOSE["services"].values() for one in service.get("volumes", ())}
    assert used == set(COMPOSE["volumes"])


def test_mlflows_container_file_is_linted_and_copies_what_is_there() -> None:
    path = REPOSITORY / COMPOSE["services"]["mlflow"]["build"]["dockerfile"]
    linter = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([linter, "--format", "json", path], capture_output=True, text=True, check=False)
    assert json.loads(found.stdout) == []
    text = path.read_text()
    assert "USER 10001:10001" in text
    assert "--require-hashes -r /locks/tracking.txt" in text
    assert (REPOSITORY / "requirements" / "tracking.txt").is_file()
