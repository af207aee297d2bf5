"""MLflow: where runs are stored, and the few ways in which stages write to one."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tatara.core.home import apply_library_environment, state_root

if TYPE_CHECKING:
    from mlflow import MlflowClient


def client() -> "MlflowClient":
    """A client of the configured store (``MLFLOW_TRACKING_URI``; SQLite under the state root by default).

    The first use of a store migrates it; a file lock keeps two first uses apart.
    """
    apply_library_environment()
    from filelock import FileLock
    from mlflow import MlflowClient

    with FileLock(state_root() / "mlflow" / ".migrate.lock"):
        found = MlflowClient()
        found.search_experiments(max_results=1)
    return found


def artifact_root() -> str:
    """Where artifacts go: ``TATARA_ARTIFACTS`` (a URL or a folder), or a folder under the state root."""
    return os.environ.get("TATARA_ARTIFACTS") or (state_root() / "mlflow" / "artifacts").as_uri()


def experiment_id(name: str) -> str:
    """The id of the experiment ``name``, created with the configured artifact root when it is new."""
    from filelock import FileLock

    store = client()
    with FileLock(state_root() / "mlflow" / ".experiment.lock"):
        found = store.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return store.create_experiment(name, artifact_location=f"{artifact_root().rstrip('/')}/{name}")


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
