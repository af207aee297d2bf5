"""The environment of the serve extra, made from its lock: small, and enough for everything that serves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.model_folder import build, plain

REPOSITORY = Path(__file__).parents[2]
LIMIT = 260e6

pytestmark = pytest.mark.system

IMPORT_ALL = """
import importlib, pkgutil, sys
import services, tatara.core
for package in (services, tatara.core):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
heavy = {"tensorflow", "keras", "mlflow", "dvc", "great_expectations", "pandas", "matplotlib"}
print(sorted(heavy & set(sys.modules)), sorted(name for name in heavy if importlib.util.find_spec(name)))
"""

SERVE = """
import json, sys
from pathlib import Path
from services.launch import launch
from tatara.core.client import Client
home, image, log = map(Path, sys.argv[1:])
with launch("colours:1", home, log) as service, Client(service.url) as client:
    (answer,) = client.predict([image])
    print(json.dumps({"label": answer.label, "model": client.model, "lineage": client.lineage.digest}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds ``requirements/serve.txt`` and pip."""
    environment = tmp_path_factory.mktemp("serve") / "venv"
    python = environment / "bin" / "python"
    lock = REPOSITORY / "requirements" / "serve.txt"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    install = [python, "-m", "pip", "install", "-q", "--no-cache-dir", "--no-compile", "--require-hashes", "-r", lock]
    subprocess.run(install, check=True)
    return python


def run(python: Path, code: str, *words: Path) -> str:
    command = [python, "-B", "-c", code, *words]
    return subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True, timeout=120).stdout


def test_the_serve_environment_is_small_and_sufficient(python: Path) -> None:
    environment = python.parents[1]
    size = sum(path.stat().st_size for path in environment.rglob("*") if path.is_file() and not path.is_symlink())

    assert run(python, IMPORT_ALL).split("\n")[-2] == "[] []"
    assert size < LIMIT


def test_a_bento_is_served_and_asked_from_it(python: Path, tmp_path: Path) -> None:
    home = build(tmp_path)
    image = tmp_path / "red.png"
    image.write_bytes(plain(200, 10, 10))

    said = json.loads(run(python, SERVE, home, image, tmp_path / "log"))

    chain = json.loads((home / "models" / "colours" / "1" / "lineage.json").read_text())
    assert said == {"label": "red", "model": ["colours", "1"], "lineage": chain["digest"]}
