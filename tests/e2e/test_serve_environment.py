"""The environment of the serve extra, made from its lock: small, and enough for everything that serves."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LIMIT = 250e6

IMPORT_ALL = """
import importlib, pkgutil, sys
import services, tatara.core
for package in (services, tatara.core):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
heavy = {"tensorflow", "keras", "mlflow", "dvc", "great_expectations", "pandas", "matplotlib"}
print(sorted(heavy & set(sys.modules)), sorted(name for name in heavy if importlib.util.find_spec(name)))
"""


@pytest.mark.system
def test_the_serve_environment_is_small_and_sufficient(tmp_path: Path) -> None:
    environment = tmp_path / "serve"
    python = environment / "bin" / "python"
    lock = REPOSITORY / "requirements" / "serve.txt"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    install = [python, "-m", "pip", "install", "-q", "--no-cache-dir", "--no-compile", "--require-hashes", "-r", lock]
    subprocess.run(install, check=True)
    size = sum(path.stat().st_size for path in environment.rglob("*") if path.is_file() and not path.is_symlink())

    done = subprocess.run(
        [python, "-B", "-c", IMPORT_ALL], cwd=REPOSITORY, check=True, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split("\n")[-2] == "[] []"
    assert size < LIMIT
