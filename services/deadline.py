"""Work ends when nobody waits for its result: the client left, or its deadline has passed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from services.errors import RequestError
from services.limits import TIMEOUT

T = TypeVar("T")


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` gives. It is cancelled when the client leaves, and when this is cancelled.

    Args:
        receive: of ASGI, after the whole body was read.
        work: that is worth nothing to anybody else.

    Raises:
        ClientDisconnect: the client left.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
        del (
            working,
            leaving,
            task,
        )  # which hold what they raised, and that this frame: bodies would wait for the collector


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def within(seconds: float | None) -> AsyncIterator[None]:
    """Hold a request to the deadline that it gave.

    Raises:
        RequestError: it has passed (408).
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise RequestError(408, "deadline", f"no answer within {seconds:g} s, which {TIMEOUT} gave") from None
