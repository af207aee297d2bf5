"""Deployments in a real service: a Bento's processes, followed, swapped under load, killed and started again."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from services.launch import Service, launch
from services.rollout.deployment import VARIABLE, Deployment
from services.rollout.starting import prepare
from tatara.core.errors import TataraError, UsageError
from tests.services.model_folder import plain
from tests.services.rollout.published import NAME, Published, until

RED, IMAGE = plain(200, 10, 10), {"content-type": "image/png"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    made = Published(tmp_path_factory.mktemp("published"))
    for version in ("1", "2"):
        made.make(version)
    made.publish("1")
    return made


@pytest.fixture(scope="module")
def deployed(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    made = published.deployment(tmp_path_factory.mktemp("deployments") / NAME)
    prepare(made)
    return made


@pytest.fixture(scope="module")
def service(bento_home: Path, deployed: Deployment) -> Iterator[Service]:
    environment = {VARIABLE: str(deployed.folder)}
    with launch("colours:1", bento_home, deployed.folder / "server.log", environment=environment) as served:
        yield served


def ask(client: httpx.Client) -> tuple[int, str, str, str]:
    answer = client.post("/predict", content=RED, headers=IMAGE)
    body = answer.json()
    if answer.status_code != 200:
        return answer.status_code, "", "", str(body)
    return 200, answer.headers["x-tatara-version"], body["model"]["version"], body["answers"][0]["label"]


def test_twenty_swaps_of_a_real_server_under_load_lose_nothing_and_mix_nothing(
    published: Published, deployed: Deployment, service: Service
) -> None:
    answers: list[tuple[int, str, str, str]] = []
    stop = threading.Event()

    def load() -> None:
        with httpx.Client(base_url=service.url, trust_env=False, timeout=60) as client:
            while not stop.is_set():
                answers.append(ask(client))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for turn in range(20):
        release = published.publish("21"[turn % 2])
        until(deployed, lambda one, wanted=release.sequence: one.serving.sequence == wanted)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(answers) == {(200, "1", "1", "red-1"), (200, "2", "2", "red-2")}
    assert [one.event for one in deployed.history()].count("swapped") == 20


def test_a_worker_that_was_killed_comes_back_with_what_served_last(
    published: Published, deployed: Deployment, service: Service
) -> None:
    published.publish("2")
    status = until(deployed, lambda one: one.serving.version == "2")
    assert status.pid != os.getpid()
    psutil.Process(status.pid).kill()
    until(deployed, lambda one: one.pid != status.pid)
    with httpx.Client(base_url=service.url, trust_env=False, timeout=60) as client:
        assert ask(client) == (200, "2", "2", "red-2")
    published.publish("1")
    until(deployed, lambda one: one.serving.version == "1")


def test_the_log_says_what_was_refused(published: Published, deployed: Deployment, service: Service) -> None:
    published.put("{")
    (refusal,) = until(deployed, lambda one: one.refusals).refusals
    log = (deployed.folder / "server.log").read_text()
    assert refusal.reason in log.replace('\\"', '"')


def test_a_server_without_a_fetched_version_or_with_a_graph_of_others_does_not_start(
    bento_home: Path, published: Published, deployed: Deployment, tmp_path: Path
) -> None:
    empty = published.deployment(tmp_path / "empty")
    with pytest.raises(TataraError, match="nothing was fetched yet"):
        launch("colours:1", bento_home, tmp_path / "log", environment={VARIABLE: str(empty.folder)})
    graph = tmp_path / "pets.yaml"
    graph.write_text("{name: pets, detector: {model: animals}, classifier: {model: colours}}")
    environment = {VARIABLE: str(deployed.folder), "TATARA_ENSEMBLE": str(graph)}
    with pytest.raises(UsageError, match="the ensemble pets needs animals, which is not served here"):
        launch("colours:1", bento_home, tmp_path / "log", environment=environment)
