"""Sixty files that are sent to hurt: each is refused or answered, in little time and memory."""

import time
from pathlib import Path

import httpx
import psutil
import pytest

from services.launch import Service
from tests.services.hostile import HOSTILE
from tests.services.images import encoded, scene

MOST = 64 * 2**20
"""Bytes that a service may hold more after all of them."""
FINE = {"content": encoded(scene()), "headers": {"content-type": "image/png"}}


def worker(service: Service) -> psutil.Process:
    """The process that answers."""
    return psutil.Process(service.process.pid).children(recursive=True)[-1]


def test_there_are_sixty() -> None:
    assert len(HOSTILE) >= 60


def test_no_hostile_file_hurts(http: httpx.Client, service: Service) -> None:
    process = worker(service)
    before = http.post("/predict", **FINE).json()
    for _ in range(20):
        http.post("/predict", **FINE)
    held = process.memory_info().rss
    found, took = {}, {}
    for name, make in HOSTILE.items():
        content = make()
        began = time.monotonic()
        answers = [
            http.post("/predict", content=content, headers={"content-type": "image/png"}),
            http.post("/predict", files=[("files", ("a.jpg", content))]),
            http.post("/render", content=content, headers={"content-type": "application/octet-stream"}),
        ]
        took[name] = time.monotonic() - began
        found[name] = {answer.status_code for answer in answers}
        for answer in answers:
            if answer.status_code != 200:
                assert answer.json()["rule"] in ("decode", "max_pixels", "width_within", "modes_known"), name
                assert len(answer.text) < 1000

    assert {status for statuses in found.values() for status in statuses} <= {200, 400, 413, 422}
    assert all(len(statuses) == 1 for statuses in found.values()), found
    refused = [name for name, statuses in found.items() if statuses != {200}]
    assert len(refused) > 50
    assert {"postscript", "svg with an address", "text", "a program", "noise"} <= set(refused)
    assert process.is_running()
    assert http.post("/predict", **FINE).json() == before
    assert process.memory_info().rss - held <= MOST
    assert max(took.values()) < 30, max(took, key=took.__getitem__)
    assert not Path("/tmp/pwned").exists()


@pytest.mark.parametrize("name", ["png bomb 30000", "gif of a million frames", "png with many texts that unfold"])
def test_many_bombs_at_once_hold_no_more_than_one(http: httpx.Client, service: Service, name: str) -> None:
    process, content = worker(service), HOSTILE[name]()
    held = process.memory_info().rss

    answer = http.post(
        "/predict", files=[("files", (f"{i}.png", content)) for i in range(min(64, 30_000_000 // len(content)))]
    )

    assert answer.status_code in (400, 413)
    assert process.memory_info().rss - held <= MOST
