"""A store of its own for every test, copied from one that was migrated once."""

import shutil
from pathlib import Path

import pytest

from registry import database, users
from registry.store import client
from tatara.core.home import library_environment
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


@pytest.fixture
def store(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store; the state root, with people of every role."""
    state = tmp_path / "state"
    shutil.copytree(migrated, state)
    monkeypatch.chdir(tmp_path)
    for name, value in library_environment(state).items():
        monkeypatch.setenv(name, value)
    for name in ("TATARA_POLICIES", "TATARA_CHANNEL", "TATARA_SIGNING_KEY", "TATARA_REGISTRY_URI", "TATARA_USER"):
        monkeypatch.delenv(name, raising=False)
    client()
    users.add("root", "root", "admin")
    roles = {"vera": "viewer", "anna": "data_scientist", "bob": "reviewer", "carl": "reviewer", "olga": "operator"}
    for name, role in roles.items():
        users.add("root", name, role)  # type: ignore[arg-type]
    return state


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
