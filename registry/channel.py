"""Where release records go: a folder that services watch. Object stores and URLs are not written to yet."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import database
from registry.keys import folder as registry_folder
from registry.keys import signing_key
from registry.store import client
from tatara.core.envelope import opened
from tatara.core.errors import UsageError
from tatara.core.files import write_text
from tatara.core.release import KIND, Release, ReleaseRole, place_in_channel

if TYPE_CHECKING:
    from sqlalchemy import Connection


def folder() -> Path:
    """``TATARA_CHANNEL``, or a folder under the state root.

    Raises:
        UsageError: a URL.
    """
    given = os.environ.get("TATARA_CHANNEL")
    if given and "://" in given:
        raise UsageError(f"TATARA_CHANNEL={given}: a channel is a folder; object stores and URLs come later")
    return Path(given) if given else registry_folder() / "channel"


def current(connection: "Connection", name: str, role: ReleaseRole) -> Any:
    """The row of the newest release of a role, or None."""
    from registry.tables import RELEASES

    query = RELEASES.select().where(RELEASES.c.name == name, RELEASES.c.role == role)
    return connection.execute(query.order_by(RELEASES.c.sequence.desc()).limit(1)).mappings().first()


def release_of(row: Any) -> Release:
    """The record in a row of the table, its signature verified.

    Raises:
        RefusedError: it was changed, or signed by another key.
    """
    return opened(row["envelope"], KIND, Release, signing_key().public_key())


def found_in_channel(name: str, role: ReleaseRole) -> str | None:
    """The published envelope's text, None where there is none."""
    with suppress(OSError):
        return (folder() / place_in_channel(name, role)).read_text(encoding="utf-8")
    return None


def found_alias(name: str, role: ReleaseRole) -> str | None:
    """The version that MLflow's alias names, None where there is none."""
    from mlflow.exceptions import MlflowException

    try:
        return str(client().get_model_version_by_alias(name, role).version)
    except MlflowException:
        return None


def publish(name: str, role: ReleaseRole) -> None:
    """Make alias and channel say what the newest release says; what two publishers leave is the newest.

    The transaction that decided it has ended: a crash in between is found by `registry.review.reconcile`.
    """
    from filelock import FileLock
    from mlflow.exceptions import MlflowException

    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(target / ".lock"):
        with database.reading() as connection:
            row = current(connection, name, role)
        if row is not None:
            write_text(target / place_in_channel(name, role), row["envelope"])
        if row is not None and row["version"] is not None:
            client().set_registered_model_alias(name, role, row["version"])
        else:
            with suppress(MlflowException):
                client().delete_registered_model_alias(name, role)
