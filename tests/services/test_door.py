"""Limits and failures at the door, without a server in between."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from services.door import Door
from services.engine import Engine
from services.models import Models
from services.settings import Pin, Settings
from tatara.core.contract import Tiling
from tatara.core.runtime import Runtime
from tests.services.model_folder import plain, png, write_model_folder

RED = plain(200, 10, 10)
IMAGE = {"content-type": "image/png"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp("door") / "model")


def client(engine: Engine) -> httpx.AsyncClient:
    async def nothing(*_: object) -> None:
        raise AssertionError

    return httpx.AsyncClient(transport=httpx.ASGITransport(Door(nothing, Models(engine))), base_url="http://door")


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.text.count("\n") == 1
    return answer.status_code, json.loads(answer.text)["rule"]


def test_one_request_more_than_allowed_is_told_to_come_again(folder: Path) -> None:
    async def ask() -> tuple[httpx.Response, httpx.Response]:
        engine = Engine(Pin(folder), Settings(threads=1, max_requests=1))
        await engine.start()
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow_body() -> AsyncIterator[bytes]:
            begun.set()
            yield RED[:10]
            await go_on.wait()
            yield RED[10:]

        async with client(engine) as http:
            first = asyncio.create_task(http.post("/predict", content=slow_body(), headers=IMAGE))
            await begun.wait()
            second = await http.post("/predict", content=RED, headers=IMAGE)
            go_on.set()
            return await first, second

    first, second = asyncio.run(ask())

    assert first.status_code == 200
    assert refused(second) == (429, "max_requests")
    assert second.headers["retry-after"] == "1"


def test_an_answer_that_takes_too_long_is_given_up(folder: Path) -> None:
    async def ask() -> httpx.Response:
        engine = Engine(Pin(folder), Settings(threads=1, answer_seconds=0))
        await engine.start()
        async with client(engine) as http:
            return await http.post("/predict", content=RED, headers=IMAGE)

    assert refused(asyncio.run(ask())) == (503, "answer_time")


def test_what_was_given_up_costs_no_more_and_the_next_request_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiled = write_model_folder(tmp_path / "model", kind="detection", tiling=Tiling(size=16, overlap=0.25))
    large, prepared = png(np.zeros((600, 600, 3))), []

    prepare, infer = Runtime.prepare, Runtime.infer

    def slowly_prepare(runtime: Runtime, window: np.ndarray) -> np.ndarray:
        prepared.append(time.sleep(0.01))
        return prepare(runtime, window)

    def slowly_infer(runtime: Runtime, batch: np.ndarray) -> dict[str, np.ndarray]:
        time.sleep(0.05)
        return infer(runtime, batch)

    monkeypatch.setattr(Runtime, "prepare", slowly_prepare)
    monkeypatch.setattr(Runtime, "infer", slowly_infer)

    async def ask() -> tuple[httpx.Response, httpx.Response, list[int]]:
        engine = Engine(Pin(tiled), Settings(threads=1, answer_seconds=1))
        await engine.start()
        async with client(engine) as http:
            one = await http.post("/predict", content=large, headers=IMAGE)
            begun = [len(prepared)]
            assert (await http.post("/predict", content=RED, headers=IMAGE)).status_code == 200
            two = await http.post("/predict", files=[("files", ("a.png", large))] * 2)
            await asyncio.sleep(0.1)
            begun.append(len(prepared))
            await asyncio.sleep(0.5)
            begun.append(len(prepared))
            assert (await http.post("/predict", content=RED, headers=IMAGE)).status_code == 200
        engine.stop()
        return one, two, begun

    one, two, begun = asyncio.run(ask())

    assert refused(one) == refused(two) == (503, "answer_time")
    assert "send a smaller file, or raise TATARA_ANSWER_SECONDS" in one.text
    assert "send fewer or smaller files, or raise TATARA_ANSWER_SECONDS" in two.text
    assert 0 < begun[0] < begun[1] == begun[2] < 500  # of 2,500 windows


def test_a_failure_inside_is_one_line_without_a_trace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> httpx.Response:
        engine = Engine(Pin(folder), Settings(threads=1))
        await engine.start()
        monkeypatch.setattr(engine.runtime, "admit", lambda content: 1 / 0)
        async with client(engine) as http:
            return await http.post("/predict", content=RED, headers=IMAGE)

    answer = asyncio.run(ask())

    assert refused(answer) == (500, "internal")
    assert "Zero" not in answer.text


def test_before_it_is_ready_it_is_alive_and_says_what_it_waits_for(folder: Path) -> None:
    async def ask() -> list[httpx.Response]:
        async with client(Engine(Pin(folder), Settings(threads=1))) as http:
            post = await http.post("/predict", content=RED, headers=IMAGE)
            return [await http.get("/healthz"), await http.get("/readyz"), post, await http.get("/lineage")]

    health, *others = asyncio.run(ask())

    assert health.status_code == 200
    assert {refused(answer) for answer in others} == {(503, "ready")}
    assert "not ready: the model is being loaded" in others[0].text


@pytest.mark.parametrize("lost", ["release.json", "golden/cases.json", "model.onnx", "manifest.json"])
def test_a_model_folder_that_lacks_a_file_never_becomes_ready(tmp_path: Path, lost: str) -> None:
    model = write_model_folder(tmp_path / "model")
    (model / lost).unlink()
    engine = Engine(Pin(model), Settings(threads=1))

    asyncio.run(engine.start())

    assert engine.refusal is not None
    assert lost in engine.refusal
    assert "\n" not in engine.refusal


def test_names_outside_latin_1_are_percent_encoded_in_headers(tmp_path: Path) -> None:
    from tatara.core.files import write_json
    from tatara.core.manifest import seal

    model = write_model_folder(tmp_path / "model")
    write_json(model / "release.json", {"name": "手書き数字", "version": "1"})
    seal(model)

    async def ask() -> httpx.Response:
        engine = Engine(Pin(model), Settings(threads=1))
        await engine.start()
        async with client(engine) as http:
            return await http.get("/model")

    answer = asyncio.run(ask())

    assert answer.headers["x-tatara-model"] == "%E6%89%8B%E6%9B%B8%E3%81%8D%E6%95%B0%E5%AD%97"
    assert answer.json()["name"] == "手書き数字"
