"""A review with people, versions in several states, and real pictures, that a module's tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from registry import users
from registry.web.app import build_app
from registry.web.settings import Settings
from tatara.core.home import library_environment
from tests.registry.cases import use_policy

ROLES = {"vera": "viewer", "anna": "data_scientist", "bob": "reviewer", "carl": "reviewer", "olga": "operator"}


@pytest.fixture(scope="module")
def people(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with people of every role and a policy that asks for one approval; its state root."""
    root = tmp_path_factory.mktemp("review")
    shutil.copytree(migrated, root / "state")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for name, value in library_environment(root / "state").items():
            patch.setenv(name, value)
        for name in ("TATARA_CHANNEL", "TATARA_SIGNING_KEY", "TATARA_REGISTRY_URI", "TATARA_USER"):
            patch.delenv(name, raising=False)
        patch.setenv("TATARA_POLICIES", "")
        use_policy(root / "policies", approvals=1)
        users.add("root", "root", "admin")
        for name, role in ROLES.items():
            users.add("root", name, role)  # type: ignore[arg-type]
        yield root / "state"


@pytest.fixture
def app(people: Path) -> FastAPI:
    """An application of its own, so that no test's tries to sign in count in another."""
    return build_app(Settings(mlflow="http://mlflow.example.org"))
