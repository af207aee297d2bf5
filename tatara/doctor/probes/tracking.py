"""MLflow's store: an experiment, a run, a metric and an artifact are written, read back and removed."""

import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.store import client, experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient


def facts() -> dict[str, Any]:
    """See the module."""
    store = client()
    name = f"doctor-{secrets.token_hex(4)}"
    experiment = experiment_id(name)
    run_id = ""
    try:
        run_id = store.create_run(experiment).info.run_id
        store.log_metric(run_id, "answer", 42.0)
        store.log_text(run_id, name, "answer.txt")
        read = store.get_run(run_id).data.metrics["answer"]
        with tempfile.TemporaryDirectory() as folder:
            text = Path(store.download_artifacts(run_id, "answer.txt", folder)).read_text(encoding="utf-8")
        return {"uri": store.tracking_uri, "same": (read, text) == (42.0, name)}
    finally:
        _remove(store, experiment, run_id)


def _remove(store: "MlflowClient", experiment: str, run_id: str) -> None:
    """Delete for good where the store can (a database), else as far as a client may (a server)."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    location = store.get_experiment(experiment).artifact_location
    if run_id:
        get_artifact_repository(store.get_run(run_id).info.artifact_uri).delete_artifacts()
        store.delete_run(run_id)
    store.delete_experiment(experiment)
    database = store._tracking_client.store  # noqa: SLF001 - `mlflow gc` does the same and takes seconds to start
    if hasattr(database, "_hard_delete_experiment"):
        database._hard_delete_experiment(experiment)  # noqa: SLF001
    if location.startswith("file:"):
        get_artifact_repository(location).delete_artifacts()
