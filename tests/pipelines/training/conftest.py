"""A small validated workspace for the training tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.workspace import Workspace
from tests.tiny import make_tiny, mark_validated


@pytest.fixture(scope="module")
def tiny_project(module_project: Path) -> Path:
    """A project with the dataset ``tiny``; the current folder."""
    make_tiny(module_project)
    return module_project


@pytest.fixture
def new_workspace(tiny_project: Path, tmp_path: Path) -> Callable[[], Workspace]:
    """Makes workspaces in which ``tiny`` is validated."""
    count = iter(range(100))

    def make() -> Workspace:
        workspace = Workspace(tmp_path / f"w{next(count)}")
        mark_validated(workspace, "tiny")
        return workspace

    return make
