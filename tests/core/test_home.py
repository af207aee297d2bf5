"""Where state goes, for this process and for those that it starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tatara.core.errors import UsageError
from tatara.core.home import apply_library_environment, library_environment, project_root, state_root

STARTUP = Path(__file__).parents[2] / "scripts" / "tatara_startup.py"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, its environment free of every variable that Tatara sets."""
    for name in (*library_environment(tmp_path), "_TATARA_ENVIRONMENT_OF"):
        monkeypatch.setenv(name, "")  # so that it is restored, whatever is set below
        monkeypatch.delenv(name)
    (tmp_path / "data.dvc").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_project_is_found_from_below_and_nowhere_else(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(bare / "a" / "b")
    assert project_root() == bare
    assert state_root() == bare / ".tatara"
    (bare / "data.dvc").unlink()
    with pytest.raises(UsageError, match=r"data\.dvc"):
        project_root()


def test_every_place_lies_below_the_state_root(bare: Path) -> None:
    apply_library_environment()
    for name in (
        "TATARA_HOME",
        "BENTOML_HOME",
        "KERAS_HOME",
        "MLFLOW_ENV_ROOT",
        "XDG_CACHE_HOME",
        "DVC_SITE_CACHE_DIR",
    ):
        assert Path(os.environ[name]).is_relative_to(bare / ".tatara"), name
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{bare}/.tatara/mlflow/mlflow.db"


def test_what_the_user_has_set_wins(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql+psycopg://db.invalid/mlflow")
    apply_library_environment()
    assert os.environ["MLFLOW_TRACKING_URI"] == "postgresql+psycopg://db.invalid/mlflow"


def test_another_home_moves_what_was_set_for_the_first(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTOML_HOME", str(bare / "own"))
    apply_library_environment()
    os.environ["TATARA_HOME"] = str(bare / "elsewhere")
    apply_library_environment()
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{bare}/elsewhere/mlflow/mlflow.db"
    assert os.environ["BENTOML_HOME"] == str(bare / "own")


def test_the_start_of_the_interpreter_is_quiet_cheap_and_never_fails(bare: Path) -> None:
    (bare / "tatara_startup.py").write_text(STARTUP.read_text())
    (bare / ".tatara").write_text("a file where the folder should be")
    script = "import sys, tatara_startup; print(sorted({'pydantic', 'numpy', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=bare, check=True)
    assert done.stdout == "[]\n"
    assert done.stderr == ""
