"""MLflow: where runs are stored, and the few ways in which stages write to one."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from registry.store import client, experiment_id


@contextmanager
def adopted_run(experiment: str, name: str) -> Iterator[str]:
    """The id of a new run, or of the one that ``mlflow run`` opened for this process (``MLFLOW_RUN_ID``)."""
    store = client()
    adopted = os.environ.get("MLFLOW_RUN_ID")
    run_id = adopted or store.create_run(experiment_id(experiment), run_name=name).info.run_id
    try:
        yield run_id
    except BaseException:
        store.set_terminated(run_id, "FAILED")
        raise


def log_metrics(run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
    """Write ``metrics`` in one request."""
    import time

    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    client().log_batch(run_id, metrics=[Metric(name, float(value), now, step) for name, value in metrics.items()])


def log_folder(run_id: str, folder: Path, artifact_path: str) -> None:
    """Copy ``folder``'s files to the run's artifacts below ``artifact_path``."""
    client().log_artifacts(run_id, str(folder), artifact_path)


def set_tags(run_id: str, tags: Mapping[str, str]) -> None:
    """Write ``tags`` in one request."""
    from mlflow.entities import RunTag

    client().log_batch(run_id, tags=[RunTag(name, str(value)) for name, value in tags.items()])
