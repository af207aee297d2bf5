"""Threads that work for the event loop."""

import asyncio
import threading

import pytest

from services.workers import Workers


def test_results_and_errors_come_back_to_the_loop() -> None:
    async def ask() -> None:
        workers = Workers(2, "test")
        assert await asyncio.gather(*(workers.run(pow, 2, i) for i in range(20))) == [2**i for i in range(20)]
        with pytest.raises(ZeroDivisionError):
            await workers.run(lambda: 1 / 0)
        assert await workers.run(lambda: threading.current_thread().name) in ("test-0", "test-1")
        workers.close()

    asyncio.run(ask())


def test_what_was_cancelled_while_it_waited_is_not_begun() -> None:
    async def ask() -> None:
        workers, release, begun = Workers(1, "test"), threading.Event(), []
        busy = workers.run(release.wait, 10)
        waiting = [workers.run(begun.append, i) for i in range(3)]
        waiting[1].cancel()
        release.set()
        await asyncio.gather(busy, *waiting, return_exceptions=True)
        workers.close()
        assert begun == [0, 2]

    asyncio.run(ask())


def test_closing_finishes_what_has_begun_and_gives_up_the_rest() -> None:
    async def ask() -> None:
        workers, entered, release = Workers(1, "test"), threading.Event(), threading.Event()
        begun = workers.run(lambda: entered.set() or release.wait(10))
        left = workers.run(int)
        await asyncio.to_thread(entered.wait, 10)
        closing = asyncio.create_task(asyncio.to_thread(workers.close))
        await asyncio.sleep(0)
        release.set()
        await closing
        assert await begun is True
        assert left.cancelled() or left.done()

    asyncio.run(ask())
