"""The registry's database: MLflow's own, so that one backup holds both; SQLite or PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.store import client
from tatara.core.errors import TataraError
from tatara.core.home import apply_library_environment, state_root

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30
"""A writer waits this long for another, MLflow among them."""
_WRITERS = 0x7A7A7261
"""Key of the lock that PostgreSQL's writers queue at: the log is one line."""


def uri() -> str:
    """``TATARA_REGISTRY_URI``, or the tracking store's.

    Raises:
        TataraError: the tracking store is a server, whose database has to be named.
    """
    apply_library_environment()
    found = os.environ.get("TATARA_REGISTRY_URI") or os.environ["MLFLOW_TRACKING_URI"]
    if not found.startswith(("sqlite:", "postgresql")):
        shown = found.partition(":")[0]
        raise TataraError(
            f"the registry needs a database, and MLFLOW_TRACKING_URI is {shown}:...; set TATARA_REGISTRY_URI to the "
            "server's sqlite:///... or postgresql+psycopg://..."
        )
    return found


@contextmanager
def reading() -> "Iterator[Connection]":
    """A transaction that sees one moment of the database.

    Raises:
        TataraError: the database cannot be used.
    """
    with _said(), engine().connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def writing() -> "Iterator[Connection]":
    """A transaction that no other writer overlaps: what it reads stays true until it ends. Keep it short.

    Raises:
        TataraError: the database cannot be used, or another writer did not end.
    """
    with _said(), _begun(engine()) as connection:
        yield connection


@contextmanager
def begun(url: str) -> "Iterator[Connection]":
    """`writing`, to the database at ``url``, in which MLflow's tables are already."""
    with _said(), _begun(_migrated(url)) as connection:
        yield connection


@contextmanager
def _begun(engine: "Engine") -> "Iterator[Connection]":
    from sqlalchemy import text

    with engine.connect() as connection:
        connection.execution_options(tatara_writes=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITERS})"))
            yield connection


def engine() -> "Engine":
    """The engine of `uri`, its tables migrated."""
    found = uri()
    if found == os.environ["MLFLOW_TRACKING_URI"]:
        client()  # MLflow's tables come first
    with _said():
        return _migrated(found)


@cache
def _migrated(found: str) -> "Engine":
    """Two cold starts are kept apart by a file lock on one machine, and by the database on several."""
    from filelock import FileLock
    from sqlalchemy import create_engine, event

    arguments = {"timeout": BUSY_SECONDS} if found.startswith("sqlite") else {}
    made = create_engine(found, connect_args=arguments, pool_pre_ping=True)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _leave_transactions_to_us)
        event.listen(made, "begin", _begin)
    lock = state_root() / "mlflow" / ".registry.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        _migrate(made)
    return made


def _leave_transactions_to_us(connection: Any, record: Any) -> None:
    """Python's driver would begin transactions late, after the first read."""
    connection.isolation_level = None


def _begin(connection: "Connection") -> None:
    writes = connection.get_execution_options().get("tatara_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(made: "Engine") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _begun(made) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _said() -> Iterator[None]:
    """The driver's errors in one line."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise TataraError(f"the registry's database cannot be used ({reason}); run `tatara doctor`") from None
