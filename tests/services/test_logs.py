"""The service's log, line by line."""

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.door import Door
from services.engine import Engine
from services.models import Models
from services.observing import Observers
from services.settings import Pin, Settings
from tatara.core.errors import UsageError
from tests.services.model_folder import plain, write_model_folder

RED = plain(200, 10, 10)
PNG = {"content-type": "image/png"}


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    root = logging.getLogger("tatara")
    before = root.handlers, root.propagate, root.level
    yield
    root.handlers, root.propagate = before[0], before[1]
    root.setLevel(before[2])


def asked(folder: Path, *requests: tuple[str, str, bytes, dict[str, str]]) -> list[httpx.Response]:
    async def nothing(*_: object) -> None:
        raise AssertionError

    async def run() -> list[httpx.Response]:
        engine = Engine(Pin(folder), Settings(threads=1))
        await engine.start()
        observers = Observers()
        transport = httpx.ASGITransport(Door(nothing, Models(engine), observers=observers))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
            found = [await http.request(method, path, content=body, headers=headers)
                     for method, path, body, headers in requests]  # fmt: skip
        observers.close()
        engine.stop()
        return found

    return asyncio.run(run())


def test_a_line_of_json_a_request_with_its_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_model_folder(tmp_path / "model")
    given = {**PNG, "x-request-id": "order-7"}
    good, bad, live = asked(
        folder, ("POST", "/predict", RED, given), ("POST", "/predict", b"no image", PNG), ("GET", "/livez", b"", {})
    )
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    requests = [line for line in lines if line["logger"] == "tatara.request"]
    assert good.headers["x-request-id"] == "order-7"
    assert [(line["request_id"], line["status"], line["rule"]) for line in requests] == [
        ("order-7", 200, ""),
        (bad.headers["x-request-id"], 400, "decode"),
    ]
    assert (requests[0]["model"], requests[0]["version"], requests[0]["files"]) == ("colours", "1", 1)
    assert requests[0]["seconds"] > 0
    assert live.status_code == 200


def test_an_unfit_id_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_model_folder(tmp_path / "model")
    for hostile in ('a" b', "x" * 129, "<script>"):
        (answer,) = asked(folder, ("POST", "/predict", RED, {**PNG, "x-request-id": hostile}))
        assert len(answer.headers["x-request-id"]) == 32


def test_text_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATARA_LOG", "text")
    asked(write_model_folder(tmp_path / "model"), ("POST", "/predict", RED, PNG))
    assert " INFO POST /predict 200 " in capsys.readouterr().err


def test_another_style_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATARA_LOG", "xml")
    with pytest.raises(UsageError, match="json or text"):
        Observers()


def test_the_steps_of_a_request_are_known_when_it_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(Observers, "answered", lambda self, seen, headers: told.append(seen))
    asked(write_model_folder(tmp_path / "model"), ("POST", "/predict", RED, PNG))
    (seen,) = told
    names = [name for name, _, _ in seen.stages]
    alone = ["queue", "decode", "inference", "postprocessing"]  # in one thread; or step by step, in a batch
    assert names in (alone, ["queue", "decode", "batch", "queue", "postprocessing"])
    assert all(start <= end for _, start, end in seen.stages)
    starts = [start for _, start, _ in seen.stages]
    assert starts == sorted(starts)
