"""Both versions asked about the same request, one after the other, in a lane that leaves room for the requests."""

import asyncio
import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.engine import Engine
from services.models import Slot
from tatara.core.errors import BoundError, DecodeError
from tatara.core.options import read_options
from tatara.core.runtime import Runtime

logger = logging.getLogger("tatara.rollout")
WAITING = 4
"""Requests that may wait to be asked again; one more is not taken."""
MOST_BYTES = 8 * 2**20
"""Of a request that is asked again."""
BUSY = 0.1
"""Share of the time in which the lane asks: of one core, for that of the rest it waits."""


@dataclass(frozen=True)
class Given:
    """One request: its id, its files and its parameters as they came."""

    id: str
    contents: Sequence[bytes]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """What one version made of a request.

    Attributes:
        answers: JSON-ready, one for each file; None where there is none, as of a file that cannot be decoded.
        seconds: for all files.
        failed: it failed on a file, or does not take the parameters: nothing that the client did wrong.
    """

    answers: list[dict[str, Any] | None]
    seconds: float
    failed: bool


@dataclass(frozen=True)
class Duel:
    """One request, answered by both."""

    given: Given
    stable: Side
    candidate: Side


class Lane:
    """Asks a request at a time, each version alone, twice and in random order, and believes the faster time, so that
    neither is at an advantage.

    It asks for `BUSY` of the time at most, and holds `WAITING` requests: what comes faster is left out, so that whoever
    answers is slowed down by so much and not by more.

    Args:
        slot: whose engines are asked.
        stable, candidate: of them.
    """

    def __init__(self, slot: Slot, stable: Engine, candidate: Engine) -> None:
        self._slot, self._sides = slot, {"stable": stable, "candidate": candidate}
        self._waiting: asyncio.Queue[Given] = asyncio.Queue(WAITING)
        self.left_out = 0

    def offer(self, given: Given) -> bool:
        """Whether there is room for this request."""
        fits = sum(map(len, given.contents)) <= MOST_BYTES and not self._waiting.full()
        if fits:
            self._waiting.put_nowait(given)
        else:
            self.left_out += 1
        return fits

    async def next(self) -> Duel:
        """The next request, answered by both."""
        given, asked = await self._waiting.get(), dict[str, list[Side]](stable=[], candidate=[])
        began, (first, second) = time.perf_counter(), random.sample(sorted(self._sides), 2)
        for name in (first, second, second, first):
            asked[name].append(await self._ask(self._sides[name], given))
        await asyncio.sleep((time.perf_counter() - began) * (1 / BUSY - 1))
        return Duel(given, **{name: min(sides, key=lambda side: side.seconds) for name, sides in asked.items()})

    async def _ask(self, engine: Engine, given: Given) -> Side:
        with self._slot.hold(engine):
            return await asyncio.to_thread(_asked, engine.runtime, given)


def _asked(runtime: Runtime, given: Given) -> Side:
    """Past the engine's queue, in which the one that answers more requests would wait longer."""
    began, answers, failed = time.perf_counter(), list[dict[str, Any] | None](), False
    for content in given.contents:
        try:
            answers.append(_answer(runtime, content, given.options))
        except (DecodeError, BoundError):
            answers.append(None)
        except Exception:
            logger.exception("a version that is compared failed on request %s", given.id)
            answers.append(None)
            failed = True
    return Side(answers, time.perf_counter() - began, failed)


def _answer(runtime: Runtime, content: bytes, given: Mapping[str, Any]) -> dict[str, Any]:
    options = read_options(runtime.kind, runtime.contract, given)
    pixels = runtime.admit(content)
    (finished,) = runtime.answer([pixels])
    found = runtime.kind.answer(runtime.contract, finished, options, pixels.shape[:2])
    return dict(found.model_dump(mode="json"))
