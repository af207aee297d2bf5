"""The store moved from SQLite to PostgreSQL: every row of MLflow's tables and of the registry's, all or none.

MLflow makes the tables, in both, and SQLAlchemy reads and writes their rows by the types that PostgreSQL has for them.
Artifacts stay where they are: rows name them by URL.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from registry import audit, auditing, database, users
from registry.states import at_least
from registry.store import migrated_client
from tatara.core.contract import Strict
from tatara.core.errors import RefusedError, TataraError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData, Table

SCHEMAS = ("alembic_version", "tatara_schema")
"""Tables that say how the others are made."""
FRESH = {"experiments": 1, "workspaces": 1}
"""Tables in which a new store has as many rows of MLflow's own."""
BLOCK = 1000


class Copied(Strict):
    """What was moved: where to, and rows of each table that has any."""

    url: str
    rows: dict[str, int]


def move(user: str, to: str) -> Copied:
    """Copy the store that is configured now to an empty PostgreSQL database. The old one is only read, and no one
    writes to it meanwhile.

    Raises:
        UsageError: ``to`` is no PostgreSQL URL, or the store is not in SQLite.
        RefusedError: no admin, the audit log is not whole, or there is something in ``to`` already.
        TataraError: a database cannot be used, or PostgreSQL does not take a row; then nothing was moved.
    """
    source, target = database.uri(), _target(to)
    if not source.startswith("sqlite:") or source != os.environ["MLFLOW_TRACKING_URI"]:
        raise UsageError("the store is not in SQLite; PostgreSQL's own pg_dump and pg_restore move it from there")
    verified, head = auditing.verify(), audit.kept_head()
    if verified.problems:
        raise RefusedError(f"the audit log is not whole ({verified.problems[0]}); nothing is moved")
    migrated_client(target)
    with database.writing() as old:
        actor = users.actor(old, user)
        if not at_least(actor, "admin"):
            raise RefusedError(f"the store is an admin's to move, and {actor.name} is {actor.role}")
        last = audit.last_act(old)
        if (last.digest if last else None) != (verified.head.digest if verified.head else None):
            raise RefusedError("somebody wrote to the audit log meanwhile; move again")
        with database.begun(target) as new:
            rows = _copy(old, new)
    with _configured(target):
        if head.exists():
            shutil.copyfile(head, audit.kept_head())
        if problems := auditing.verify().problems:
            raise TataraError(f"what was moved is not what was there ({problems[0]}); do not use {_plain(target)}")
    return Copied(url=_plain(target), rows=rows)


def _target(to: str) -> str:
    """The URL with the driver that is installed."""
    scheme, separator, rest = to.partition("://")
    if scheme not in ("postgresql", "postgresql+psycopg") or not separator:
        raise UsageError("where to? to=postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")
    return f"postgresql+psycopg://{rest}"


def _plain(url: str) -> str:
    """The URL without its password."""
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)


@contextmanager
def _configured(url: str) -> Iterator[None]:
    """The store is this one within the block."""
    before = os.environ["MLFLOW_TRACKING_URI"]
    os.environ["MLFLOW_TRACKING_URI"] = url
    try:
        yield
    finally:
        os.environ["MLFLOW_TRACKING_URI"] = before


def _copy(old: "Connection", new: "Connection") -> dict[str, int]:
    """Rows that were copied, by table; PostgreSQL's tables come in the order of their references."""
    from sqlalchemy import MetaData, inspect

    there = MetaData()
    there.reflect(new)
    _hold_alike(old, new, there, set(inspect(old).get_table_names()))
    tables = [table for table in there.sorted_tables if table.name not in SCHEMAS]
    for table in reversed(tables):
        new.execute(table.delete())
    rows = {table.name: _rows(old, new, table) for table in tables}
    return {name: count for name, count in rows.items() if count}


def _hold_alike(old: "Connection", new: "Connection", there: "MetaData", tables: set[str]) -> None:
    """Refuse tables that differ, or that hold something already."""
    if missing := sorted(tables ^ set(there.tables)):
        raise RefusedError(f"the databases differ in their tables ({missing[0]}); is it a database of MLflow's alone?")
    for table in there.sorted_tables:
        if table.name in SCHEMAS:
            if set(old.execute(table.select())) != set(new.execute(table.select())):
                raise RefusedError("MLflow made the old tables in another version; run: mlflow db upgrade OLD-URL")
        elif _count(new, table) > FRESH.get(table.name, 0):
            raise RefusedError(f"there is something in the database already ({table.name}); give an empty one")


def _rows(old: "Connection", new: "Connection", table: "Table") -> int:
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError

    columns = [column for column in table.columns if column.computed is None]
    found = old.execution_options(yield_per=BLOCK).execute(select(*columns)).mappings()
    try:
        for block in found.partitions(BLOCK):
            new.execute(table.insert(), [dict(row) for row in block])
        _count_on(new, table)
    except (SQLAlchemyError, ValueError) as error:
        raise TataraError(
            f"PostgreSQL does not take a row of {table.name} ({str(error).splitlines()[0]}); nothing was moved"
        ) from None
    count = _count(new, table)
    if count != _count(old, table):
        raise TataraError(f"{table.name} has {count} rows in PostgreSQL, not as many as before; nothing was moved")
    return count


def _count(connection: "Connection", table: "Table") -> int:
    from sqlalchemy import func, select

    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _count_on(new: "Connection", table: "Table") -> None:
    """Let the numbers that PostgreSQL gives go on after those that were copied."""
    from sqlalchemy import func, select

    for column in table.primary_key.columns:
        place: Any = func.pg_get_serial_sequence(f'"{table.name}"', column.name)
        if (sequence := new.execute(select(place)).scalar()) is None:
            continue
        if (last := new.execute(select(func.max(column))).scalar()) is not None:
            new.execute(select(func.setval(sequence, last)))
