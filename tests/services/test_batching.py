"""Batches form while the model is busy."""

import threading

import numpy as np
import pytest

from services.batching import Batcher, Outputs, best_size, measured


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


@pytest.mark.parametrize(
    ("costs", "size"),
    [
        ({1: 4.0, 2: 8.5, 4: 17.0, 8: 37.0}, 1),  # a small network on a CPU
        ({1: 4.0, 2: 7.6, 4: 15.0}, 1),  # not worth the waiting
        ({1: 2.0, 2: 2.2, 4: 2.6, 8: 5.2}, 4),  # twice as many cost twice as much from there on
        ({1: 2.0, 2: 2.1, 4: 2.3, 8: 2.7}, 8),
        ({1: 900.0}, 1),  # so slow that nothing else was measured
    ],
)
def test_batches_are_as_large_as_pays(costs: dict[int, float], size: int) -> None:
    assert best_size(costs) == size


def test_the_cost_of_a_batch_is_measured_by_its_size() -> None:
    """By a clock that counts what is inferred: a call costs 3, and 1 more by example."""
    seconds, sizes = 0.0, []

    def infer(batch: np.ndarray) -> Outputs:
        nonlocal seconds
        seconds += 3 + len(batch)
        sizes.append(len(batch))
        return {"same": batch}

    costs = measured(infer, np.zeros(4, np.float32), 4, lambda: seconds)

    assert costs[1] == 4
    assert {size: cost for size, cost in costs.items() if cost != 3 + size} == {}
    assert set(sizes) == set(costs)


def test_an_incomplete_batch_waits_for_what_is_announced_and_for_nothing_else() -> None:
    sizes: list[int] = []
    coming = 1
    batcher = Batcher(
        lambda batch: {"same": batch}, 1, 2, linger=30, coming=lambda: coming,
        observe=lambda waited, _: sizes.append(len(waited)),
    )  # fmt: skip
    first = batcher.submit(np.array([0.0], np.float32))
    assert not first.done()
    batcher.submit(np.array([1.0], np.float32)).result(10)
    coming = 0
    batcher.submit(np.array([2.0], np.float32)).result(10)
    batcher.close()
    assert sizes == [2, 1]
