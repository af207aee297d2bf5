"""Batches form while the model is busy."""

import threading

import numpy as np
import pytest

from services.batching import Batcher, Outputs


def test_what_waits_goes_together_and_every_example_gets_its_own_row() -> None:
    sizes: list[int] = []
    busy, release = threading.Event(), threading.Event()

    def infer(batch: np.ndarray) -> Outputs:
        busy.set()
        release.wait(10)
        return {"double": batch * 2}

    batcher = Batcher(infer, threads=1, max_batch=4, observe=lambda waited, _: sizes.append(len(waited)))
    first = batcher.submit(np.array([0.0], np.float32))
    busy.wait(10)
    others = [batcher.submit(np.array([float(i)], np.float32)) for i in range(1, 7)]
    release.set()

    assert [float(future.result(10)["double"][0]) for future in (first, *others)] == [0, 2, 4, 6, 8, 10, 12]
    batcher.close()
    assert sizes == [1, 4, 2]


def test_a_failing_batch_fails_its_examples_and_no_others() -> None:
    def infer(batch: np.ndarray) -> Outputs:
        if batch.min() < 0:
            raise ValueError("below zero")
        return {"same": batch}

    batcher = Batcher(infer, threads=2, max_batch=1)
    bad, good = batcher.submit(np.array([-1.0], np.float32)), batcher.submit(np.array([1.0], np.float32))

    assert good.result(10)["same"] == 1
    with pytest.raises(ValueError, match="below zero"):
        bad.result(10)
    batcher.close()


def test_what_was_given_up_is_not_inferred_and_does_not_stop_the_others() -> None:
    seen: list[float] = []
    busy, release = threading.Event(), threading.Event()

    def infer(batch: np.ndarray) -> Outputs:
        busy.set()
        release.wait(10)
        seen.extend(batch.ravel().tolist())
        return {"same": batch}

    batcher = Batcher(infer, threads=1, max_batch=2)
    futures = [batcher.submit(np.array([float(i)], np.float32)) for i in range(4)]
    busy.wait(10)
    given_up = [future for future in futures[1:] if future.cancel()]  # before or after the first batch was closed
    release.set()

    assert batcher.submit(np.array([9.0], np.float32)).result(10)["same"] == 9
    batcher.close()
    assert len(given_up) >= 2
    assert seen == [i for i, future in enumerate(futures) if future not in given_up] + [9]
