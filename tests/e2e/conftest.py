"""A whole checkout, code included, and the commands that people type in it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
CODE = ("pipelines", "registry", "services", "tatara")

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def checkout(module_project: Path) -> Path:
    """A committed project with its code, so that DVC sees what the steps depend on."""
    for name in CODE:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, module_project / name, ignore=ignored)
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for words in (("add", "-A"), (*identity, "commit", "-qm", "code")):
        subprocess.run(["git", *words], cwd=module_project, check=True, capture_output=True)
    return module_project


@pytest.fixture(scope="module")
def command(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """Runs a command in the checkout with an empty home directory, which must be empty afterwards too."""
    home = tmp_path_factory.mktemp("home")

    def run(*words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "HOME": str(home), **extra}
        done = subprocess.run(words, cwd=checkout, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    yield run
    assert list(home.iterdir()) == []


@pytest.fixture(scope="module")
def finished(module_project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``tatara run --json`` printed for a short run of the digits in `module_project`."""
    words = ("run", "classification", "data=digits", "epochs=1", "width=8", "size=16", "--json")
    done = subprocess.run([sys.executable, "-m", "tatara", *words], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result
