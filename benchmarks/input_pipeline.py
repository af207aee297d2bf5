"""Rate of the input pipeline with a model that does nothing, against the rate at which the cache can be read.

    python -m benchmarks.input_pipeline [examples=4096] [size=96] [epochs=5]

The cache's rate is that of copying the same batches in the same order out of the same mapped file with NumPy, warm,
with a thread for each core. They go round a ring of buffers, since a batch that was handed on cannot be overwritten at
once: into one buffer they would stay in the processor's cache, which says nothing about batches that somebody keeps.
At least 0.9 of it is wanted. A batch costs TensorFlow some 0.1 ms whatever its size, which shows below 64 pixels.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

BATCH = 64
ROUNDS = 7
RING = 16


def main(examples: int, size: int, epochs: int) -> dict[str, float]:
    """Time both, alternating, and return the medians in GB/s."""
    import tensorflow as tf

    from pipelines.training.cache import Prepared
    from pipelines.training.input import Plan, training_data

    plan = Plan(examples, BATCH, epochs, seed=0)
    gigabytes = plan.steps * BATCH * size * size * 12 / 1e9
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cache")
        generator = np.random.default_rng(0)
        with path.open("wb") as file:
            for _ in range(examples):
                file.write(generator.random((size, size, 3), np.float32).tobytes())
        cache = Prepared(path, (examples, size, size, 3))
        data = training_data(cache.tensor(), tf.zeros(examples, tf.int32), plan, 0, None)

        buffers = np.zeros((RING, BATCH, size, size, 3), np.float32)

        @tf.function
        def consume() -> tf.Tensor:
            """A model that does nothing."""
            return data.reduce(tf.constant(0, tf.int64), lambda count, _: count + 1)

        def through_pipeline() -> None:
            assert int(consume()) == plan.steps

        def from_cache() -> None:
            images, order, ring = cache.array(), plan.order(0), buffers

            def gather(steps: range) -> None:
                for step in steps:
                    np.take(images, order[step], axis=0, out=ring[step % RING], mode="clip")

            with ThreadPoolExecutor(cores := len(os.sched_getaffinity(0))) as pool:
                list(pool.map(gather, [range(first, plan.steps, cores) for first in range(cores)]))

        times: dict[str, list[float]] = {"pipeline": [], "cache": []}
        for _ in range(ROUNDS + 1):
            for name, work in (("pipeline", through_pipeline), ("cache", from_cache)):
                began = time.perf_counter()
                work()
                times[name].append(time.perf_counter() - began)
    rates = {name: gigabytes / statistics.median(found[1:]) for name, found in times.items()}
    return {f"{name}_gb_per_second": rate for name, rate in rates.items()} | {
        "images_per_second": rates["pipeline"] / (size * size * 12 / 1e9),
        "ratio": rates["pipeline"] / rates["cache"],
    }


if __name__ == "__main__":
    given = {name: int(value) for name, value in (word.split("=") for word in sys.argv[1:])}
    print(json.dumps(main(given.get("examples", 4096), given.get("size", 96), given.get("epochs", 5)), indent=2))
