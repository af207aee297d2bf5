"""What lies in a Bento, and that a build that fails leaves nothing."""

import ast
from pathlib import Path

import pytest
import yaml

from pipelines.packaging.bento import ROOT, Release, build_bento
from tatara.core.errors import TataraError
from tatara.core.files import read_json, sha256_file, tree
from tatara.core.manifest import verify_seal
from tests.services.model_folder import build, write_chain, write_converted


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("packaging"))


def test_it_holds_the_serving_code_and_nothing_else(home: Path) -> None:
    source = home / "bentos" / "colours" / "1" / "src"

    assert {path.name for path in source.iterdir()} == {"bentofile.yaml", "pin.json", "services", "tatara"}
    assert {path.name for path in (source / "tatara").iterdir()} == {"__init__.py", "core"}
    code = {path: digest for path, digest in tree(ROOT / "services").items() if "__pycache__" not in path}
    assert tree(source / "services") == code
    imported = {
        name.split(".")[0]
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else
                     [alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
    }  # fmt: skip
    assert not imported & {"pipelines", "registry", "tensorflow", "keras", "mlflow", "pandas", "matplotlib", "dvc"}


def test_the_model_is_sealed_and_pinned_by_digest(home: Path) -> None:
    bento, model = home / "bentos" / "colours" / "1", home / "models" / "colours" / "1"

    verify_seal(model, beside=("model.yaml",))
    pinned = read_json(bento / "src" / "pin.json")
    assert pinned == {"model": "colours:1", "manifest": sha256_file(model / "manifest.json"), "gpu": False}
    assert read_json(model / "release.json") == {"name": "colours", "version": "1"}
    assert [found["tag"] for found in yaml.safe_load((bento / "bento.yaml").read_text())["models"]] == ["colours:1"]


def test_requirements_are_the_lock(home: Path) -> None:
    bento = home / "bentos" / "colours" / "1"
    lock = (ROOT / "requirements" / "serve.txt").read_text()

    assert (bento / "env" / "python" / "requirements.txt").read_text() == lock
    assert yaml.safe_load((bento / "bento.yaml").read_text())["image"]["python_requirements"] == lock


def test_a_build_that_fails_leaves_no_bento_and_no_model(tmp_path: Path) -> None:
    converted, home = write_converted(tmp_path / "convert"), tmp_path / "home"
    release = Release(name="colours", version="-", tag="colours:-not a version-")

    with pytest.raises(TataraError, match=r"BentoML cannot build colours:-not a version-.*Invalid Tag"):
        build_bento(release, converted, write_chain(tmp_path / "lineage.json"), home)

    assert tree(home) == {}
    assert not list(home.rglob(".package-*"))


def test_the_second_build_replaces_the_first(tmp_path: Path) -> None:
    home = build(tmp_path)
    (home / "bentos" / "colours" / "1" / "stray").touch()

    build(tmp_path)

    assert not (home / "bentos" / "colours" / "1" / "stray").exists()
