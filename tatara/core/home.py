"""Where the project and its state lie, and the environment that keeps every library inside them."""

import os
from contextlib import suppress
from pathlib import Path

from tatara.core.errors import UsageError

_APPLIED = "_TATARA_ENVIRONMENT_OF"


def project_root() -> Path:
    """The nearest folder at or above the current one that holds ``data.dvc``.

    Raises:
        UsageError: no such folder.
    """
    for folder in (here := Path.cwd(), *here.parents):
        if (folder / "data.dvc").is_file():
            return folder
    raise UsageError(f"{here} is not inside a Tatara project (no data.dvc at or above it); change to its root")


def state_root() -> Path:
    """The one folder for state: ``TATARA_HOME``, or ``.tatara`` in the project's root."""
    configured = os.environ.get("TATARA_HOME")
    return Path(configured).absolute() if configured else project_root() / ".tatara"


def library_environment(state: Path) -> dict[str, str]:
    """Settings that keep the libraries' files under ``state``, silence telemetry and forbid surprise downloads."""
    return {
        "TATARA_HOME": str(state),
        "MLFLOW_TRACKING_URI": f"sqlite:///{state}/mlflow/mlflow.db",
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{state}/mlflow/mlflow.db",  # of `mlflow ui`
        "_MLFLOW_SERVER_ARTIFACT_ROOT": (state / "mlflow" / "artifacts").as_uri(),
        "MLFLOW_ENV_ROOT": str(state / "mlflow" / "envs"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "BENTOML_HOME": str(state / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "ORT_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(state / "dvc" / "global"),
        "DVC_SYSTEM_CONFIG_DIR": str(state / "dvc" / "system"),
        "DVC_SITE_CACHE_DIR": str(state / "dvc" / "site"),
        "DVC_NO_ANALYTICS": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "KERAS_HOME": str(state / "keras"),
        "MPLCONFIGDIR": str(state / "matplotlib"),
        "MPLBACKEND": "Agg",
        "XDG_CACHE_HOME": str(state / "cache"),
        "XDG_CONFIG_HOME": str(state / "config"),
        "XDG_DATA_HOME": str(state / "share"),
        "TF_CPP_MIN_LOG_LEVEL": "3",  # what goes wrong is raised; what it calls errors is of no concern to a user
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "GIT_PYTHON_REFRESH": "quiet",
    }


def apply_library_environment() -> None:
    """Set every variable of `library_environment` that the user has not set. Outside a project, do nothing.

    Runs before any library is imported; the environment that ``make setup`` builds calls it at interpreter start,
    so that plain ``mlflow``, ``dvc`` and ``bentoml`` commands use the same places. A value that came from here, for
    another ``TATARA_HOME`` (a parent process's, or one set since), is replaced.
    """
    try:
        state = state_root()
    except UsageError:
        return
    earlier = os.environ.get(_APPLIED)
    replaceable = library_environment(Path(earlier)) if earlier else {}
    for name, value in library_environment(state).items():
        if os.environ.get(name) in (None, replaceable.get(name)):
            os.environ[name] = value
    os.environ[_APPLIED] = str(state)
    with suppress(OSError):  # whatever needs the folder says so, and the doctor names the fix
        (state / "mlflow").mkdir(parents=True, exist_ok=True)
        (state / "dvc" / "site").mkdir(parents=True, exist_ok=True)  # DVC makes it, and what is above, writable to all
