"""Batches form while the model is busy: no request waits for others to arrive."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

Outputs = dict[str, NDArray[np.float32]]


class Batcher:
    """Threads that each take what is waiting, up to ``max_batch`` examples, and infer it in one call.

    Args:
        infer: a batch ``float32 (batch, ...)`` -> outputs by name, batch axis first; called from several threads.
        threads: calls at the same time.
        max_batch: examples in one call.
        observe: told the size of every batch.
    """

    def __init__(
        self,
        infer: Callable[[NDArray[np.float32]], Outputs],
        threads: int,
        max_batch: int,
        observe: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._infer, self._max_batch, self._observe = infer, max_batch, observe
        self._waiting: queue.SimpleQueue[tuple[NDArray[np.float32], Future[Outputs]] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, prepared: NDArray[np.float32]) -> "Future[Outputs]":
        """One prepared example; the future holds its outputs without the batch axis, and cancels it while it waits."""
        future: Future[Outputs] = Future()
        self._waiting.put((prepared, future))
        return future

    def close(self) -> None:
        """Finish what is waiting and end the threads."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            taken, closing = [first], False
            while len(taken) < self._max_batch and not closing:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    closing = True
                else:
                    taken.append(more)
            batch = [(example, future) for example, future in taken if future.set_running_or_notify_cancel()]
            if batch:
                self._answer([example for example, _ in batch], [future for _, future in batch])
            if closing:
                return

    def _answer(self, examples: list[NDArray[np.float32]], futures: "list[Future[Outputs]]") -> None:
        self._observe(len(examples))
        try:
            outputs = self._infer(np.stack(examples))
        except Exception as error:
            for future in futures:
                future.set_exception(error)
            return
        for i, future in enumerate(futures):
            future.set_result({name: values[i] for name, values in outputs.items()})
