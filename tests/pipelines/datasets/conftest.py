"""A project with one tiny dataset: adding, pushing and pulling need DVC, but not 1,797 files."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tatara.core.home import library_environment
from tests.pipelines.datasets.images import write_dataset

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def tiny_pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own DVC settings; `tiny` (12 images) tracked and in the embedded remote; all committed."""
    root = tmp_path_factory.mktemp("tiny") / "project"
    (root / ".dvc").mkdir(parents=True)
    for name in (".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore"):
        shutil.copy(REPOSITORY / name, root / name)
    write_dataset(root / "data" / "tiny")
    for command in (
        "git init -q -b main",
        "dvc add -q data",
        "dvc push -q",
        "git add -A",
        "git -c user.name=t -c user.email=t@example.com commit -qm start",
    ):
        subprocess.run(command.split(), cwd=root, check=True)
    return root


@pytest.fixture
def empty_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without data, as the current folder, for what asks where it is and does not touch it."""
    (tmp_path / "data.dvc").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny_project(tiny_pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy of it as the current folder, its state inside it."""
    root = tmp_path / "project"
    shutil.copytree(tiny_pristine, root)
    monkeypatch.chdir(root)
    for name, value in library_environment(root / ".tatara").items():
        monkeypatch.setenv(name, value)
    return root
