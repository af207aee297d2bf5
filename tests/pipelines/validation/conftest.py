from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.datasets.dataset import Dataset, open_dataset
from pipelines.datasets.index import build_index
from pipelines.validation.check import Result, check
from tests.pipelines.validation.pictures import make_project


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.chdir(make_project(tmp_path / "project"))
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    return open_dataset("pets")


@pytest.fixture
def checked(pets: Dataset) -> Callable[[], Result]:
    return lambda: check(pets, build_index(pets))
