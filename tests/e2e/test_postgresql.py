"""A team's stores: MLflow in PostgreSQL, artifacts behind a URL elsewhere."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tatara.core.files import sha256_file
from tests.postgresql import create, serving

Command = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with serving() as url:
        yield url


def test_a_run_is_logged_and_registered_in_postgresql(
    postgresql: str, checkout: Path, command: Command, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    store = tmp_path / "store"
    words = ("tatara", "run", "classification", "data=digits", "model=small_cnn", "epochs=1", "--json")
    done = command(*words, MLFLOW_TRACKING_URI=postgresql, TATARA_ARTIFACTS=store.as_uri())
    result = json.loads(done.stdout)

    client = MlflowClient(tracking_uri=postgresql, registry_uri=postgresql)
    run = client.get_run(result["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.params["epochs"] == "1"
    assert run.data.metrics
    assert run.info.artifact_uri.startswith(store.as_uri())
    version = client.get_model_version(result["name"], str(result["version"]))
    assert version.run_id == result["run_id"]
    models = [path for path in store.rglob("model.onnx") if sha256_file(path) == result["onnx"]["sha256"]]
    assert models, "the registered ONNX file lies in the artifact store"
    assert not (checkout / ".tatara" / "mlflow" / "mlflow.db").exists()


def test_a_store_that_was_moved_holds_its_log_and_its_lineage(postgresql: str, command: Command) -> None:
    url = create(postgresql, "moved")
    words = ("tatara", "run", "classification", "data=digits", "model=small_cnn", "epochs=1", "width=8", "--json")
    result = json.loads(command(*words).stdout)
    command("tatara", "review", "users", "add", "root", "role=admin", TATARA_USER="root")
    command("tatara", "review", "move", f"to={url}", TATARA_USER="root")
    there = {"MLFLOW_TRACKING_URI": url}
    assert command("tatara", "review", "audit", **there).stdout.startswith("whole: ")
    verified = command("tatara", "lineage", "verify", result["name"], "--json", **there)
    assert result["lineage"] in verified.stdout
    assert command("tatara", "review", "reconcile", **there).stdout.startswith("every alias")
