"""A store of its own for every test, copied from one that was migrated once; in SQLite, and where there is one in
PostgreSQL too."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry import database, users
from registry.store import client
from tatara.core.home import library_environment
from tests import postgresql
from tests.registry.cases import use_policy


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state root with MLflow's and the registry's tables."""
    state = tmp_path_factory.mktemp("migrated") / "state"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in library_environment(state).items():
            patch.setenv(name, value)
        database.engine().dispose()
    return state


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL's first database."""
    with postgresql.serving() as url:
        yield url


@pytest.fixture(scope="session")
def team_store(server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with MLflow's and the registry's tables, which every test leaves empty."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in library_environment(tmp_path_factory.mktemp("migrated") / "state").items():
            patch.setenv(name, value)
        patch.setenv("MLFLOW_TRACKING_URI", server)
        database.engine()
    return server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.system, pytest.mark.timeout(900)])])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty store; the state root, with people of every role."""
    state, url = tmp_path / "state", None
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("migrated"), state)
    else:
        url = request.getfixturevalue("team_store")
    monkeypatch.chdir(tmp_path)
    for name, value in {**library_environment(state), **({"MLFLOW_TRACKING_URI": url} if url else {})}.items():
        monkeypatch.setenv(name, value)
    for name in ("TATARA_POLICIES", "TATARA_CHANNEL", "TATARA_SIGNING_KEY", "TATARA_REGISTRY_URI", "TATARA_USER"):
        monkeypatch.delenv(name, raising=False)
    client()
    users.add("root", "root", "admin")
    roles = {"vera": "viewer", "anna": "data_scientist", "bob": "reviewer", "carl": "reviewer", "olga": "operator"}
    for name, role in roles.items():
        users.add("root", name, role)  # type: ignore[arg-type]
    yield state
    if url:
        postgresql.empty(url)


@pytest.fixture
def two_reviewers(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The policy's file, which asks for two."""
    monkeypatch.setenv("TATARA_POLICIES", "")
    return use_policy(tmp_path / "policies", approvals=2)


@pytest.fixture
def one_reviewer(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The policy's file, which asks for one."""
    monkeypatch.setenv("TATARA_POLICIES", "")
    return use_policy(tmp_path / "policies", approvals=1)
