"""A project of its own for every test that needs one."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tatara.core.home import library_environment

REPOSITORY = Path(__file__).parents[1]
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A script's background jobs ignore Ctrl-C, and all that they start does: what a test interrupts would never end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
_PARTS = (".dvc", ".dvcignore", ".gitignore", "MLproject", "data.dvc", "dvc.yaml", "params.yaml", "pyproject.toml",
          "python_env.yaml", "requirements")  # fmt: skip


@pytest.fixture(scope="session")
def pristine_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files without its code, data pulled from the embedded remote, committed to a git of its own."""
    root = tmp_path_factory.mktemp("pristine") / "project"
    root.mkdir()
    for name in _PARTS:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("tmp", "cache", "config.local"))
        elif source.exists():
            shutil.copy2(source, root / name)
    environment = {**library_environment(root / ".tatara"), "PATH": "/usr/bin:/bin"}
    _git(root, "init", "-q", "-b", "main")
    _git(root, "add", "-A")
    _git(root, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "start")
    dvc = Path(sys.executable).with_name("dvc")
    subprocess.run([dvc, "pull", "-q"], cwd=root, env=environment, check=True, capture_output=True)
    return root


@pytest.fixture
def project(pristine_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy of the project as the current folder, its state inside it."""
    root = tmp_path / "project"
    shutil.copytree(pristine_project, root, symlinks=True, copy_function=_copy)
    monkeypatch.chdir(root)
    for name, value in library_environment(root / ".tatara").items():
        monkeypatch.setenv(name, value)
    return root


@pytest.fixture(scope="module")
def module_project(pristine_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`project`, shared by a module's tests: for what is dear to make and only read afterwards."""
    root = tmp_path_factory.mktemp("module") / "project"
    shutil.copytree(pristine_project, root, symlinks=True, copy_function=_copy)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for name, value in library_environment(root / ".tatara").items():
            patch.setenv(name, value)
        yield root


def _copy(source: str, target: str) -> str:
    """A copy; DVC's objects, which nothing writes to again, are linked."""
    if "/.dvc/embedded/" in source or "/.tatara/dvc/cache/" in source:
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)
