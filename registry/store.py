"""The MLflow store that runs and model versions live in."""

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

from tatara.core.errors import TataraError
from tatara.core.home import apply_library_environment, state_root

if TYPE_CHECKING:
    from mlflow import MlflowClient


def client() -> "MlflowClient":
    """A client of the configured store: ``MLFLOW_TRACKING_URI``, or SQLite under the state root.

    Raises:
        TataraError: the store cannot be reached.
    """
    apply_library_environment()
    return migrated_client(os.environ["MLFLOW_TRACKING_URI"])


@cache
def migrated_client(uri: str) -> "MlflowClient":
    """A client of the store at ``uri``. The first use migrates it; a file lock keeps two first uses apart.

    Raises:
        TataraError: the store cannot be reached.
    """
    from filelock import FileLock
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        (state_root() / "mlflow").mkdir(parents=True, exist_ok=True)
        with FileLock(state_root() / "mlflow" / ".store.lock"):
            found = MlflowClient(uri, uri)
            found.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise TataraError(f"MLflow's store cannot be used ({reason}); run `tatara doctor`") from None
    return found


def artifact_root() -> str:
    """Where artifacts go: ``TATARA_ARTIFACTS`` (a URL), or a folder under the state root."""
    return os.environ.get("TATARA_ARTIFACTS") or (state_root() / "mlflow" / "artifacts").as_uri()


def experiment_id(name: str) -> str:
    """The id of the experiment ``name``, created with the configured artifact root when it is new."""
    from filelock import FileLock

    store = client()
    with FileLock(state_root() / "mlflow" / ".store.lock"):
        found = store.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(store.create_experiment(name, artifact_location=f"{artifact_root().rstrip('/')}/{name}"))


def local_artifacts(run_id: str, artifact_path: str) -> Path:
    """A local folder or file with the run's artifacts at ``artifact_path``: itself where the store is local, a copy
    under the state root's cache elsewhere.

    Raises:
        TataraError: nothing there.
    """
    from mlflow.exceptions import MlflowException

    store = client()
    try:
        root = urlparse(store.get_run(run_id).info.artifact_uri)
    except MlflowException as error:
        raise TataraError(f"run {run_id} cannot be read ({str(error).splitlines()[0]})") from None
    if root.scheme in ("", "file"):
        path = Path(unquote(root.path)) / artifact_path
        if not path.exists():
            raise TataraError(f"run {run_id}: no artifact {artifact_path} in {unquote(root.path)}")
        return path
    cache_folder = state_root() / "cache" / "artifacts" / run_id
    cache_folder.mkdir(parents=True, exist_ok=True)
    try:
        return Path(store.download_artifacts(run_id, artifact_path, str(cache_folder)))
    except (MlflowException, OSError) as error:
        raise TataraError(
            f"run {run_id}: artifact {artifact_path} cannot be read ({str(error).splitlines()[0]})"
        ) from None
