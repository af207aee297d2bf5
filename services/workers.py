"""Threads that work for the event loop, with less between them and it than `asyncio.to_thread` has."""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Workers:
    """A fixed number of threads, and what waits for them in the order in which it came.

    `concurrent.futures` makes a future with a lock beside asyncio's and copies the state from one to the other: a
    tenth of a millisecond of a request, which is all that there is between decoding one image and the next.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._waiting: queue.SimpleQueue[tuple[asyncio.Future[Any], Callable[..., Any], tuple[Any, ...]] | None]
        self._waiting = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{i}", daemon=True) for i in range(threads)]
        for thread in self._threads:
            thread.start()

    def run(self, function: Callable[..., T], *values: Any) -> "asyncio.Future[T]":
        """What ``function`` gives or raises, in a thread. It is not begun where the future is cancelled before."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.put((future, function, values))
        return future

    def close(self) -> None:
        """Give up what waits, finish what has begun, and end the threads."""
        with suppress(queue.Empty):
            while True:
                if (left := self._waiting.get_nowait()) is not None:
                    left[0].cancel()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (taken := self._waiting.get()) is not None:
            future, function, values = taken
            if future.cancelled():
                continue
            result, error = None, None
            try:
                result = function(*values)
            except BaseException as raised:
                error = raised
            with suppress(RuntimeError):  # the event loop has ended: nobody waits any more
                future.get_loop().call_soon_threadsafe(_tell, future, result, error)
            del taken, future, values, result, error  # not kept while nothing is asked


def _tell(future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
