"""The store moved to PostgreSQL: every row, the whole log, and what goes on afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Metric
from sqlalchemy import create_engine, inspect, text

from registry import audit, auditing, database, moving, review, users
from registry.store import client
from registry.webhooks import endpoints
from tatara import cli
from tatara.core.errors import RefusedError, TataraError, UsageError
from tests import postgresql
from tests.registry.cases import NAME, against, checked, evidence, new_version, packaged, serving, sql

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(900),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


@pytest.fixture
def old(store: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store in SQLite in which much has happened; its URL."""
    monkeypatch.setenv("TATARA_HOOK_NETWORKS", "127.0.0.1")
    endpoints.add("root", "chat", "http://127.0.0.1:9/x", [])
    users.redeem(users.link("root", "bob"), "correct horse battery")
    serving()
    version = new_version()
    checked(against(version=version))
    packaged(version)
    review.comment("bob", NAME, version, "schön, '\"\\ %s ☃\n=1")
    review.promote("olga", NAME, version, "canary")
    run_id = client().get_model_version(NAME, version).run_id
    for start in (0, 750):
        client().log_batch(run_id, [Metric("loss", 1 / (step + 1), 0, step) for step in range(start, start + 750)])
    client().log_metric(run_id, "odd", float("nan"))
    return database.uri()


@pytest.fixture
def empty(server: str, request: pytest.FixtureRequest) -> str:
    return postgresql.create(server, f"moved{abs(hash(request.node.name))}")


def rows(url: str) -> dict[str, list[str]]:
    """Table -> its rows as text, sorted; read without anything of the registry's."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted(
                str({key: _same(value) for key, value in row.items()})
                for row in connection.execute(text(f'SELECT * FROM "{name}"')).mappings()
            )
            for name in inspect(connection).get_table_names()
        }
    engine.dispose()
    return found


def _same(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


@contextmanager
def using(url: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", url)
        yield


def test_every_row_is_there_and_the_review_goes_on(old: str, empty: str, tmp_path: Path, capsys: Any) -> None:
    audit.save_head(tmp_path / "head.json")
    before = rows(old)
    os.environ["TATARA_USER"] = "root"
    try:
        assert cli.main(["review", "move", f"to={empty}"]) == 0
    finally:
        del os.environ["TATARA_USER"]
    assert f"export MLFLOW_TRACKING_URI={empty}" in capsys.readouterr().out
    assert rows(empty) == before == rows(old)
    assert len(before["metrics"]) > 1500
    with using(empty):
        assert auditing.verify(tmp_path / "head.json").problems == ()
        assert audit.kept_head().exists()
        assert users.authenticate("bob", "correct horse battery") is not None
        assert review.history(NAME).canary == "2"
        packaged("2")
        review.promote("olga", NAME, "2")
        assert str(client().get_model_version_by_alias(NAME, "champion").version) == "2"
        assert new_version() == "3"
        assert checked(evidence(version="3")).summary.state == "approved"
        assert auditing.verify(tmp_path / "head.json").problems == ()
        sql("DELETE FROM tatara_audit WHERE sequence > 9")
        assert any("cut off" in problem for problem in auditing.verify().problems)


def test_what_is_not_empty_is_left_alone(old: str, empty: str) -> None:
    moving.move("root", empty)
    before = rows(empty)
    with pytest.raises(RefusedError, match="there is something in the database already"):
        moving.move("root", empty)
    assert rows(empty) == before


def test_a_row_that_postgresql_does_not_take_moves_nothing(old: str, empty: str) -> None:
    run_id = client().get_model_version(NAME, "1").run_id
    client().set_tag(run_id, "odd", "a\0b")
    with pytest.raises(TataraError, match="does not take a row of tags") as error:
        moving.move("root", empty)
    assert "\n" not in str(error.value)
    found = rows(empty)
    assert (found["tatara_audit"], found["runs"], len(found["experiments"])) == ([], [], 1)


@pytest.mark.parametrize("user", ["olga", "vera"])
def test_only_an_admin_moves_it(old: str, empty: str, user: str) -> None:
    with pytest.raises(RefusedError, match="an admin's to move"):
        moving.move(user, empty)


def test_a_log_that_is_not_whole_stays(old: str, empty: str) -> None:
    sql("DELETE FROM tatara_audit WHERE sequence=9")
    with pytest.raises(RefusedError, match="the audit log is not whole"):
        moving.move("root", empty)


@pytest.mark.parametrize("to", ["sqlite:///other.db", "mysql://x/y", "nothing"])
def test_it_moves_to_postgresql_alone(old: str, to: str) -> None:
    with pytest.raises(UsageError, match="to=postgresql"):
        moving.move("root", to)
