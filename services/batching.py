"""Whether examples are inferred together, and how: by what a call costs on this machine."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Outputs = dict[str, NDArray[np.float32]]
Infer = Callable[[NDArray[np.float32]], Outputs]

MEASURED_SECONDS = 0.3
"""That measuring the cost of batches may take."""
WORTH = 0.9
"""Batches are made where an example in one costs at most this part of what it costs alone."""
LINGER = 0.5
"""Calls for one example that a batch waits for examples that are known to come."""


def measured(
    infer: Infer, example: NDArray[np.float32], most: int, clock: Callable[[], float] = time.perf_counter
) -> dict[int, float]:
    """Seconds of one call by the number of examples, 1, 2, 4, ... up to ``most``, as far as the time allows.

    Args:
        infer: a batch ``float32 (batch, ...)`` -> outputs by name.
        example: one, without the batch axis.
        most: examples in a call.
        clock: seconds; of the calling thread where all work is done in it, so that other work does not count.
    """
    costs: dict[int, float] = {}
    end, size = time.perf_counter() + MEASURED_SECONDS, 1
    while size <= most:
        batch = np.repeat(example[None], size, axis=0)
        infer(batch)  # the first call of a size allocates
        took = []
        for _ in range(3):
            began, shown = clock(), time.perf_counter()
            infer(batch)
            took.append(clock() - began)
            if time.perf_counter() + (time.perf_counter() - shown) > end:
                break
        costs[size] = min(took)
        size *= 2
        if time.perf_counter() + 4 * costs[size // 2] > end:
            break
    return costs


def best_size(costs: dict[int, float]) -> int:
    """Examples in a batch: the fewest that cost each hardly more than the least; 1 where batches bring nothing.

    Args:
        costs: of `measured`.
    """
    each = {size: cost / size for size, cost in costs.items()}
    least = min(each.values())
    if least > WORTH * each[1]:
        return 1
    return min(size for size, cost in each.items() if cost <= 1.03 * least)


@dataclass(frozen=True)
class _Waiting:
    example: NDArray[np.float32]
    future: "Future[Outputs]" = field(default_factory=Future)
    since: float = field(default_factory=time.perf_counter)


class Batcher:
    """Threads that each take what is waiting, up to ``max_batch`` examples, and infer it in one call.

    Args:
        infer: a batch ``float32 (batch, ...)`` -> outputs by name, batch axis first; called from several threads.
        threads: calls at the same time.
        max_batch: examples in one call.
        linger: seconds that an incomplete batch waits for what ``coming`` announces.
        coming: how many examples will be submitted soon, those that wait not counted.
        observe: told of every call the seconds that each example waited for it, and the seconds that it took.
    """

    def __init__(
        self,
        infer: Infer,
        threads: int,
        max_batch: int,
        linger: float = 0.0,
        coming: Callable[[], int] = lambda: 0,
        observe: Callable[[list[float], float], None] = lambda waited, took: None,
    ) -> None:
        self._infer, self._max_batch, self._linger = infer, max_batch, linger
        self._coming, self._observe = coming, observe
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, prepared: NDArray[np.float32]) -> "Future[Outputs]":
        """One prepared example; the future holds its outputs without the batch axis, and cancels it while it waits."""
        waiting = _Waiting(prepared)
        self._waiting.put(waiting)
        return waiting.future

    def close(self) -> None:
        """Finish what is waiting and end the threads."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            taken, closing = self._taken(first)
            batch = [one for one in taken if one.future.set_running_or_notify_cancel()]
            if batch:
                self._answer(batch)
            if closing:
                return

    def _taken(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """``first`` and what is there or comes in time; and whether the thread is to end."""
        taken, end = [first], time.perf_counter() + self._linger
        while len(taken) < self._max_batch:
            left = end - time.perf_counter() if self._coming() else 0.0
            try:
                more = self._waiting.get(timeout=left) if left > 0 else self._waiting.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return taken, True
            taken.append(more)
        return taken, False

    def _answer(self, batch: list[_Waiting]) -> None:
        began = time.perf_counter()
        try:
            outputs = self._infer(np.stack([one.example for one in batch]))
        except Exception as error:
            for one in batch:
                one.future.set_exception(error)
            return
        self._observe([began - one.since for one in batch], time.perf_counter() - began)
        for i, one in enumerate(batch):
            one.future.set_result({name: values[i] for name, values in outputs.items()})
