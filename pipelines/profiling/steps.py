"""Some training steps, timed and traced."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.nn.augment import Augmentation
from pipelines.profiling.graph import StepGraph
from pipelines.profiling.graph import read as read_graph
from pipelines.profiling.trace import Operations
from pipelines.profiling.trace import read as read_trace
from pipelines.training.input import Plan, training_data
from pipelines.training.job import Job

if TYPE_CHECKING:
    import keras

WARM_UP = 5
_MULTIPLIED = 1024
"""Side of the matrices whose product says how fast the device can multiply."""


@dataclass(frozen=True)
class Measured:
    """Mean seconds by step, and what was traced in all of them.

    Attributes:
        steps: that were measured.
        batch: examples in each.
        wait: for the next batch, which is the input pipeline's share.
        compute: from the batch to the updated weights.
        alone, bare: what the input pipeline takes for a batch by itself, with and without augmentation.
        operations: of the traced steps.
        graph: of a step.
        rate: floating-point operations a second in a large product of matrices.
    """

    steps: int
    batch: int
    wait: float
    compute: float
    alone: float
    bare: float
    operations: Operations
    graph: StepGraph
    rate: float


def measure(job: Job, model: "keras.Model", steps: int, folder: Path) -> Measured:
    """Train ``model`` for some steps and leave TensorFlow's trace in ``folder``.

    Raises:
        TataraError: TensorFlow left no trace.
    """
    import tensorflow as tf

    plan = _enough(job.plan, steps + WARM_UP)
    augment = job.task.augmentation(job.parameters)
    model.optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step(images: Any, targets: Any) -> Any:
        return model.train_step((images, targets))

    waits, computes = [], []
    batches = iter(_data(job, plan, augment))
    for _ in range(WARM_UP):
        example = next(batches)
        step(*example)
    options = tf.profiler.experimental.ProfilerOptions(host_tracer_level=2, python_tracer_level=0)
    with tf.profiler.experimental.Profile(str(folder), options):
        for _ in range(steps):
            began = time.perf_counter()
            batch = next(batches)
            ready = time.perf_counter()
            tf.nest.map_structure(lambda value: value.numpy(), step(*batch))  # waits for a GPU too
            waits.append(ready - began)
            computes.append(time.perf_counter() - ready)
    graph = read_graph(step.get_concrete_function(*example), model)
    return Measured(
        steps, plan.batch, statistics.mean(waits), statistics.mean(computes),
        _by_itself(_data(job, plan, augment), steps), _by_itself(_data(job, plan, None), steps),
        read_trace(folder, graph), graph, _rate(),
    )  # fmt: skip


def _enough(plan: Plan, steps: int) -> Plan:
    return Plan(plan.examples, plan.batch_size, -(-steps // plan.steps_per_epoch), plan.seed)


def _data(job: Job, plan: Plan, augment: Augmentation | None) -> Any:
    examples = job.train.examples()
    return training_data(examples.images, examples.targets, plan, 0, augment)


def _by_itself(data: Any, steps: int) -> float:
    batches = iter(data)
    next(batches)
    began = time.perf_counter()
    for _ in range(steps):
        next(batches)
    return (time.perf_counter() - began) / steps


def _rate() -> float:
    import tensorflow as tf

    matrix = tf.random.stateless_normal((_MULTIPLIED, _MULTIPLIED), (0, 0))
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)), autograph=False)
    product().numpy()
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        product().numpy()
        taken.append(time.perf_counter() - began)
    return float(2 * _MULTIPLIED**3 / min(taken))
