"""A PostgreSQL of our own, from Debian's package, gone with the tests that use it."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving() -> Iterator[str]:
    """The URL of its first database, ``postgres``; as root it runs as another user, since it refuses root."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    folder = Path(tempfile.mkdtemp(prefix="tatara-postgresql-", dir="/tmp"))
    user = None
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
        shutil.chown(folder, user)
    port = _free_port()

    def run(program: str, *words: str) -> None:
        log = folder / f"{program}.log"  # not a pipe: the server would keep it open
        with log.open("ab") as output:
            done = subprocess.run([programs / program, *words], stdout=output, stderr=output, cwd=folder, user=user)
        assert done.returncode == 0, log.read_text()

    data = str(folder / "data")
    run("initdb", "--pgdata", data, "--username=tatara", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300"
    run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", str(folder / "server.log"), "--options", options)
    try:
        yield f"postgresql+psycopg://tatara@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "stop", "--wait", "--mode=immediate", "--pgdata", data)
        shutil.rmtree(folder)


def create(url: str, name: str) -> str:
    """The URL of a new, empty database on the same server."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return url.rpartition("/")[0] + f"/{name}"


def empty(url: str) -> None:
    """Delete every row but those that a fresh store of MLflow's has: quicker than another database."""
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(url)
    fresh = {
        "alembic_version": "false",
        "tatara_schema": "false",
        "experiments": "experiment_id <> 0",
        "workspaces": "false",
    }
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # in any order
        for table in inspect(connection).get_table_names():
            connection.execute(text(f'DELETE FROM "{table}" WHERE {fresh.get(table, "true")}'))
    engine.dispose()
