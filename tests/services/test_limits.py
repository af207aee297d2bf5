"""Every limit, at what is just allowed and at one more."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from services.door import Door
from services.engine import Engine
from services.limits import TIMEOUT
from services.models import Models
from services.settings import Pin, Settings
from tests.services.images import encoded, scene
from tests.services.model_folder import plain, write_model_folder

RED = plain(200, 10, 10)
IMAGE = {"content-type": "image/png"}
INFER = "/v2/models/colours/infer"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp("limits") / "model")


Asking = Callable[[httpx.AsyncClient], Any]


def asked(folder: Path, ask: Asking, **settings: Any) -> Any:
    """What ``ask`` gives of a server with these settings."""

    async def nothing(*_: object) -> None:
        raise AssertionError

    async def serve() -> Any:
        engine = Engine(Pin(folder), Settings(threads=2, **settings))
        await engine.start()
        door = httpx.ASGITransport(Door(nothing, Models(engine)))
        try:
            async with httpx.AsyncClient(transport=door, base_url="http://door") as http:
                return await ask(http)
        finally:
            engine.stop()

    return asyncio.run(serve())


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status, and the rule that refused."""
    if answer.status_code == 200:
        return 200, ""
    body = answer.json()
    return answer.status_code, body.get("rule") or body["error"].partition(":")[0]


def form(count: int) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (f"{i}.png", RED)) for i in range(count)]


def nested(depth: int) -> bytes:
    """JSON of exactly so many brackets in brackets."""
    return b'{"inputs": [{"name": "image", "shape": [1, 1, 1, 3], "datatype": "UINT8", "data": ' + (
        b"[" * (depth - 3) + b"1, 2, 3" + b"]" * (depth - 3)
    ) + b"}]}"  # fmt: skip


def tensor(rows: int, side: int = 1) -> dict[str, Any]:
    shape = [rows, side, side, 3]
    return {"name": "image", "shape": shape, "datatype": "UINT8", "data": [7] * int(np.prod(shape))}


def post(path: str, **request: Any) -> Asking:
    return lambda http: http.post(path, **request)


EACH: dict[str, tuple[dict[str, int], Asking, dict[str, int], tuple[int, str]]] = {
    "body": (
        {"max_body": len(RED)},
        post("/predict", content=RED, headers=IMAGE),
        {"max_body": len(RED) - 1},
        (413, "max_body"),
    ),
    "body of a form": (
        {"max_body": 2000},
        post("/predict", files=form(3)),
        {"max_body": 500},
        (413, "max_body"),
    ),
    "pixels": (
        {"max_pixels": 400},
        post("/predict", content=plain(1, 2, 3, side=20), headers=IMAGE),
        {"max_pixels": 399},
        (413, "max_pixels"),
    ),
    "pixels of a tensor": (
        {"max_pixels": 400},
        post(INFER, json={"inputs": [tensor(1, 20)]}),
        {"max_pixels": 399},
        (413, "max_pixels"),
    ),
    "files": ({"max_files": 3}, post("/predict", files=form(3)), {"max_files": 2}, (413, "max_files")),
    "fields": (
        {"max_fields": 1},
        post("/predict", files=form(1), data={"top": "1"}),
        {"max_fields": 0},
        (413, "max_fields"),
    ),
    "rows": (
        {"max_rows": 5},
        post(INFER, json={"inputs": [tensor(5)]}),
        {"max_rows": 4},
        (413, "max_rows"),
    ),
    "json": (
        {"max_json": len(nested(4))},
        post(INFER, content=nested(4)),
        {"max_json": len(nested(4)) - 1},
        (413, "max_json"),
    ),
    "depth": ({"max_depth": 9}, post(INFER, content=nested(9)), {"max_depth": 8}, (413, "max_depth")),
    "answer": (
        {"max_answer": 6 * 16},
        post(INFER, json={"inputs": [tensor(2)]}),
        {"max_answer": 6 * 16 - 1},
        (413, "max_answer"),
    ),
    "held": (
        {"max_held": len(RED)},
        post("/predict", content=RED, headers=IMAGE),
        {"max_held": len(RED) - 1},
        (503, "max_held"),
    ),
    "requests": (
        {"max_requests": 1},
        post("/predict", content=RED, headers=IMAGE),
        {"max_requests": 0},
        (429, "max_requests"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EACH)
def test_what_is_just_allowed_is_answered_and_one_more_is_refused_by_name(folder: Path, name: str) -> None:
    allowed, ask, less, refusal = EACH[name]

    assert told(asked(folder, ask, **allowed)) == (200, "")
    assert told(asked(folder, ask, **less)) == refusal


def test_address_and_headers_count_together(folder: Path) -> None:
    async def ask(http: httpx.AsyncClient) -> list[tuple[int, str]]:
        def size(request: httpx.Request) -> int:
            return len(request.url.raw_path) + sum(len(name) + len(value) + 4 for name, value in request.headers.raw)

        bare = http.build_request("GET", "/livez?a=", headers={"x-long": ""})
        room = 4096 - size(bare) + 1  # the question mark is not kept
        answers = []
        for more in (0, 1):
            answers.append(await http.get("/livez?a=", headers={"x-long": "x" * (room + more)}))
            answers.append(await http.get("/livez?a=" + "x" * (room + more), headers={"x-long": ""}))
        return [told(answer) for answer in answers]

    assert asked(folder, ask, max_header=4096) == [(200, ""), (200, ""), (431, "max_header"), (431, "max_header")]


def test_a_deadline_is_held_and_a_later_one_does_not_lift_the_services_own(folder: Path) -> None:
    async def ask(http: httpx.AsyncClient) -> list[tuple[int, str]]:
        async def slowly() -> AsyncIterator[bytes]:
            yield RED[:9]
            await asyncio.sleep(0.3)
            yield RED[9:]

        answers = [
            await http.post("/predict", content=slowly(), headers=IMAGE | {TIMEOUT: given})
            for given in ("30", "0.05", "0", "-1", "nan", "inf", "soon", "1e400", "86400000000")
        ]
        return [told(answer) for answer in answers]

    fine, late, *wrong, far = asked(folder, ask)

    assert (fine, late, far) == ((200, ""), (408, "deadline"), (200, ""))
    assert set(wrong) == {(422, "timeout")}
    patient = post("/predict", content=RED, headers=IMAGE | {TIMEOUT: "50"})
    assert told(asked(folder, patient, answer_seconds=0)) == (503, "answer_time")


def test_refusals_that_pass_say_when_to_come_again(folder: Path) -> None:
    for settings in ({"max_requests": 0}, {"max_held": 1}, {"answer_seconds": 0}):
        answer = asked(folder, post("/predict", content=RED, headers=IMAGE), **settings)
        assert answer.status_code in (429, 503)
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_full_service_refuses_before_it_reads(folder: Path) -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield RED

    answer = asked(folder, post("/predict", content=body(), headers=IMAGE), max_requests=0)

    assert (told(answer), read) == ((429, "max_requests"), [])


def test_what_bodies_held_is_given_back_whatever_became_of_the_request(folder: Path) -> None:
    async def ask(http: httpx.AsyncClient) -> list[tuple[int, str]]:
        async def broken() -> AsyncIterator[bytes]:
            yield RED
            yield b"x" * 400

        found = []
        for _ in range(3):
            found.append(told(await http.post("/predict", content=RED[:-30], headers=IMAGE)))
            found.append(told(await http.post("/predict", content=broken(), headers=IMAGE)))
            found.append(told(await http.post("/predict", content=RED, headers=IMAGE)))
        return found

    found = asked(folder, ask, max_held=len(RED) + 200, max_body=10**6)

    assert found == [(400, "decode"), (503, "max_held"), (200, "")] * 3


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_compressed_body_is_refused_unread(folder: Path, coding: str) -> None:
    for path in ("/predict", INFER):
        answer = asked(folder, post(path, content=RED, headers=IMAGE | {"content-encoding": coding}))
        assert told(answer) == (415, "encoding")


def test_json_of_a_million_brackets_costs_no_stack_and_little_time(folder: Path) -> None:
    began = time.process_time()

    for content in (b"[" * 10**6, b'{"a":' * 10**6, b"[" * 10**6 + b"]" * 10**6):
        assert told(asked(folder, post(INFER, content=content))) == (413, "max_depth")

    assert time.process_time() - began < 10


def test_every_refusal_is_problem_details_with_the_line_that_clients_read(folder: Path) -> None:
    answer = asked(folder, post("/predict", content=b"x", headers=IMAGE))

    body = json.loads(answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    assert body == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": body["error"],
        "error": "body: not an image: 1 bytes in no format that is read here",
        "rule": "decode",
        "file": "body",
    }


def test_a_prepared_tensor_and_pixels_are_drawn_or_not(folder: Path) -> None:
    import io

    def npy(values: np.ndarray) -> dict[str, Any]:
        stream = io.BytesIO()
        np.save(stream, values)
        return {"content": stream.getvalue(), "headers": {"content-type": "application/x-npy"}}

    drawn = asked(folder, post("/render", **npy(np.asarray(scene()))))
    prepared = asked(folder, post("/render", **npy(np.zeros((8, 8, 3), np.float32))))

    assert drawn.content == asked(folder, post("/render", content=encoded(scene()), headers=IMAGE)).content
    assert told(prepared) == (422, "dtype")
