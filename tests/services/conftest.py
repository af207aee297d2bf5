"""One real service, from a Bento built and served for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.launch import Service, launch
from tests.services.model_folder import BOUNDS, build


@pytest.fixture(scope="session")
def bento_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Bento store with ``colours:1``, whose contract has `BOUNDS`."""
    return build(tmp_path_factory.mktemp("bento"), bounds=BOUNDS)


@pytest.fixture(scope="session")
def service(bento_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with launch("colours:1", bento_home, tmp_path_factory.mktemp("log") / "service.log") as served:
        yield served


@pytest.fixture(scope="session")
def http(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as client:
        yield client
