"""Versions beside each other: which one answers, and when one that was replaced ends."""

import asyncio
from pathlib import Path

import httpx
import pytest

from services.door import Door
from services.engine import Engine
from services.errors import RequestError
from services.models import Models, Slot
from services.settings import Pin, Settings
from tatara.core.files import write_json
from tatara.core.manifest import seal
from tests.services.model_folder import plain, write_model_folder

RED = plain(200, 10, 10)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Versions 1 and 2."""
    found = []
    for version in ("1", "2"):
        folder = write_model_folder(tmp_path_factory.mktemp("versions") / "model")
        write_json(folder / "release.json", {"name": "colours", "version": version})
        seal(folder)
        found.append(folder)
    return found


async def started(folder: Path) -> Engine:
    engine = Engine(Pin(folder), Settings(threads=1))
    await engine.start()
    assert engine.refusal is None
    return engine


async def _no_bento(*_: object) -> None:
    raise AssertionError


async def _swaps(folders: list[Path]) -> None:
    first, second = [await started(folder) for folder in folders]
    models = Models(first)
    slot = models.default
    transport = httpx.ASGITransport(Door(_no_bento, models))
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:

        async def ask() -> tuple[str, str]:
            answer = await http.post("/predict", content=RED, headers={"content-type": "image/png"})
            assert answer.status_code == 200
            return answer.json()["model"]["version"], answer.headers["x-tatara-version"]

        asked = []
        for turn in range(40):
            asked.append(asyncio.create_task(ask()))
            await asyncio.sleep(0.001)
            if turn % 10 == 9:
                slot.swap(second if slot.current is first else first)
        answers = await asyncio.gather(*asked)
    assert all(said == header for said, header in answers)
    assert {said for said, _ in answers} == {"1", "2"}
    models.stop()


def test_requests_amid_swaps_are_all_answered_and_by_one_version_each(folders: list[Path]) -> None:
    asyncio.run(_swaps(folders))


def test_a_replaced_version_ends_with_its_last_request(folders: list[Path]) -> None:
    async def run() -> None:
        first, second = [await started(folder) for folder in folders]
        slot = Slot(first)
        with slot.lease() as held:
            assert slot.swap(second) is first
            assert list(slot.loaded) == ["1", "2"]
            slot.retire(first)
            assert list(slot.loaded) == ["2"]
            assert not first.stopped
            (answer,) = await held.answers([RED], held.runtime.kind.Options())
            assert answer.label == "red"
            with slot.lease() as other:
                assert other is second
        assert first.stopped
        assert not second.stopped
        second.stop()

    asyncio.run(run())


def test_what_is_not_there_is_named(folders: list[Path]) -> None:
    async def run() -> None:
        models = Models(await started(folders[0]))
        with pytest.raises(RequestError, match="no model shapes here; served: colours") as caught:
            models.named("shapes")
        assert caught.value.status == 404
        slot = models.named("colours")
        with pytest.raises(RequestError, match="colours has no version 7 here; loaded: 1"), slot.lease("7"):
            pass
        models.stop()

    asyncio.run(run())
