"""MLflow: the few ways in which stages write to a run, whatever store it is in."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry.store import client, experiment_id
from registry.users import login

_PARAMETERS_AT_ONCE = 100
_METRICS_AT_ONCE = 1000
_DIGEST_LENGTH = 36


@contextmanager
def adopted_run(experiment: str, name: str, earlier: str | None = None) -> Iterator[str]:
    """The id of the run to log to: opened by ``mlflow run`` for this process, begun ``earlier``, or new. Its user is
    its author, who cannot approve what comes of it.

    It ends as FINISHED, as KILLED after Ctrl-C, or as FAILED.
    """
    store = client()
    run_id = os.environ.get("MLFLOW_RUN_ID") or _continued(earlier)
    if run_id is None:
        tags = {"mlflow.user": login()}
        run_id = store.create_run(experiment_id(experiment), run_name=name, tags=tags).info.run_id
    elif "TATARA_USER" in os.environ:
        store.set_tag(run_id, "mlflow.user", login())
    try:
        yield run_id
    except BaseException as error:
        store.set_terminated(run_id, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    store.set_terminated(run_id, "FINISHED")


def _continued(run_id: str | None) -> str | None:
    """``run_id`` set to running again, or None if the store does not know it."""
    from mlflow.exceptions import MlflowException

    if run_id is None:
        return None
    try:
        client().update_run(run_id, status="RUNNING")
    except MlflowException:
        return None
    return run_id


def log_parameters(run_id: str, parameters: Mapping[str, Any]) -> None:
    """Write the parameters that the run does not have yet, in requests as large as stores take.

    What ``mlflow run -P`` wrote stays as it was typed, since MLflow lets nobody write a parameter again.
    """
    from mlflow.entities import Param

    known = client().get_run(run_id).data.params
    rows = [Param(name, str(value)) for name, value in parameters.items() if name not in known]
    for start in range(0, len(rows), _PARAMETERS_AT_ONCE):
        client().log_batch(run_id, params=rows[start : start + _PARAMETERS_AT_ONCE])


def log_metrics(run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
    """Write ``metrics`` in one request."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    client().log_batch(run_id, metrics=[Metric(name, float(value), now, step) for name, value in metrics.items()])


def log_history(run_id: str, rows: Sequence[Mapping[str, float]]) -> None:
    """Write rows of a training's history, with ``epoch`` as the step and ``ended`` (ms, Unix) as the time.

    A row that the store has already is no new one, so a resumed training may hand on everything again.
    """
    from mlflow.entities import Metric

    metrics = [
        Metric(name, float(value), int(row["ended"]), int(row["epoch"]))
        for row in rows
        for name, value in row.items()
        if name not in ("epoch", "ended")
    ]
    for start in range(0, len(metrics), _METRICS_AT_ONCE):
        client().log_batch(run_id, metrics=metrics[start : start + _METRICS_AT_ONCE])


def log_dataset(run_id: str, name: str, revision: str, source: Mapping[str, str], profile: Mapping[str, Any]) -> None:
    """Record the dataset as the run's input; MLflow's digest holds the first 36 digits of the revision."""
    import json

    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=name,
        digest=revision[:_DIGEST_LENGTH],
        source_type="dvc",
        source=json.dumps(dict(source)),
        profile=json.dumps(dict(profile)),
    )
    tags = [InputTag("mlflow.data.context", "training"), InputTag("tatara.revision", revision)]
    client().log_inputs(run_id, [DatasetInput(dataset, tags)])


@contextmanager
def system_metrics(run_id: str, seconds: float = 5.0) -> Iterator[None]:
    """Within the block, log processor, memory, disk, network and GPU use every few seconds."""
    import logging

    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    logging.getLogger("mlflow.system_metrics").setLevel(logging.ERROR)
    monitor = SystemMetricsMonitor(
        run_id, sampling_interval=seconds, resume_logging=True, tracking_uri=os.environ["MLFLOW_TRACKING_URI"]
    )
    monitor.start()
    try:
        yield
    finally:
        monitor.finish()


def log_folder(run_id: str, folder: Path, artifact_path: str) -> None:
    """Copy ``folder``'s files to the run's artifacts below ``artifact_path``."""
    client().log_artifacts(run_id, str(folder), artifact_path)


def log_file(run_id: str, path: Path, artifact_path: str) -> None:
    """Copy one file to the run's artifacts below ``artifact_path``."""
    client().log_artifact(run_id, str(path), artifact_path)


def replace_folder(run_id: str, folder: Path, artifact_path: str) -> None:
    """`log_folder`, so that nothing of an earlier attempt stays beside it."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(client().get_run(run_id).info.artifact_uri)
    if repository.list_artifacts(artifact_path):
        repository.delete_artifacts(artifact_path)
    log_folder(run_id, folder, artifact_path)


def set_tags(run_id: str, tags: Mapping[str, Any]) -> None:
    """Write ``tags`` in one request."""
    from mlflow.entities import RunTag

    client().log_batch(run_id, tags=[RunTag(name, str(value)) for name, value in tags.items()])
