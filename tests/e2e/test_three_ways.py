"""`tatara run`, `dvc repro` and `mlflow run` walk the same code to the same bytes."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tatara.core.files import sha256_file

Command = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ARTIFACTS = ("prepare.onnx", "model.onnx", "contract.json")


def _digests(workspace: Path) -> dict[str, str]:
    return {name: sha256_file(workspace / "convert" / name) for name in ARTIFACTS}


def _workspaces(project: Path) -> set[Path]:
    return {path for path in (project / ".tatara" / "runs").iterdir() if (path / "package").is_dir()}


@pytest.fixture(scope="module")
def by_tatara(checkout: Path, command: Command) -> Path:
    """The workspace of `tatara run`."""
    words = ("tatara", "run", "classification", "data=digits", "model=small_cnn", "epochs=1", "--json")
    return Path(json.loads(command(*words).stdout)["workspace"])


@pytest.fixture(scope="module")
def by_dvc(checkout: Path, command: Command, by_tatara: Path) -> Path:
    """The workspace of `dvc repro`, with the same parameters in params.yaml."""
    params = checkout / "params.yaml"
    given = {"kind": "classification", "data": "digits", "train": {"model": "small_cnn", "epochs": 1},
             "convert": {"int8": False}, "register": {"force": True}}  # fmt: skip
    params.write_text(yaml.safe_dump(given))
    command("dvc", "repro")
    return checkout / ".tatara" / "runs" / "dvc"


def test_dvc_repro_gives_the_bytes_of_tatara_run(by_tatara: Path, by_dvc: Path) -> None:
    assert _digests(by_dvc) == _digests(by_tatara)


def test_mlflow_run_gives_the_bytes_of_tatara_run(checkout: Path, command: Command, by_tatara: Path) -> None:
    before = _workspaces(checkout)
    parameters = ("-P", "data=digits", "-P", "model=small_cnn", "-P", "epochs=1", "-P", "force=true")
    command("mlflow", "run", ".", "--env-manager", "local", *parameters)
    (workspace,) = _workspaces(checkout) - before
    assert _digests(workspace) == _digests(by_tatara)
    assert not (checkout / "mlruns").exists()


def test_a_second_dvc_repro_runs_nothing(checkout: Path, command: Command, by_dvc: Path) -> None:
    run = (by_dvc / "train" / "run.json").read_bytes()
    said = command("dvc", "repro").stdout
    assert "Data and pipelines are up to date" in said
    assert "Running stage" not in said
    assert (by_dvc / "train" / "run.json").read_bytes() == run


def test_a_training_parameter_runs_training_but_not_validation(checkout: Path, command: Command, by_dvc: Path) -> None:
    params = checkout / "params.yaml"
    params.write_text(params.read_text().replace("epochs: 1", "epochs: 2"))
    said = command("dvc", "status").stdout
    assert "train:" in said
    assert "validate:" not in said
