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
    task, gone = asyncio.current_task(), False
    assert task is not None

    def leave(leaving: "asyncio.Task[None]") -> None:
        nonlocal gone
        if not leaving.cancelled() and leaving.exception() is None:
            gone = task.cancel()

    leaving = asyncio.ensure_future(_left(receive))
    leaving.add_done_callback(leave)
    try:
        return await work
    except asyncio.CancelledError:
        if gone and task.uncancel() == 0:  # by nobody else
            raise ClientDisconnect from None
        raise
    finally:
        leaving.remove_done_callback(leave)
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Hold a request to the deadline that it gave.

    Raises:
        RequestError: it has passed (408).
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise RequestError(408, "deadline", f"no answer within {seconds:g} s, which {TIMEOUT} gave") from None
