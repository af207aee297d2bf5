"""The input pipeline: which examples each step sees, and the ``tf.data`` that brings them without any Python."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.nn.augment import Augmentation

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Plan:
    """How many steps a training takes and what each of them sees.

    A step's examples are a pure function of the seed and the step, so a resumed training sees what it would have
    seen. An epoch's last incomplete batch is left out; every epoch leaves out others.
    """

    examples: int
    batch_size: int
    epochs: int
    seed: int

    @property
    def batch(self) -> int:
        """Examples in a step."""
        return min(self.batch_size, self.examples)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch."""
        return self.examples // self.batch

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.epochs * self.steps_per_epoch

    def order(self, first_step: int) -> NDArray[np.int32]:
        """Example numbers ``int32 (steps - first_step, batch)`` of every step from ``first_step`` on."""
        epoch, within = divmod(first_step, self.steps_per_epoch)
        used = self.steps_per_epoch * self.batch
        epochs = [np.random.default_rng([self.seed, e]).permutation(self.examples) for e in range(epoch, self.epochs)]
        orders = [order[:used].astype(np.int32).reshape(-1, self.batch) for order in epochs]
        return np.concatenate([np.empty((0, self.batch), np.int32), *orders])[within:]


def training_data(
    images: "tf.Tensor", targets: Any, plan: Plan, first_step: int, augment: Augmentation | None
) -> "tf.data.Dataset":
    """Batches (images, targets) of the plan's steps from ``first_step`` on.

    Args:
        images: every prepared example, float32 (examples, ...).
        targets: a tensor, or a structure of them, with a row by example.
        augment: applied to each batch.
    """
    import tensorflow as tf

    @tf.autograph.experimental.do_not_convert
    def batch(step: "tf.Tensor", chosen: "tf.Tensor") -> tuple[Any, Any]:
        picked = tf.gather(images, chosen), tf.nest.map_structure(lambda each: tf.gather(each, chosen), targets)
        return picked if augment is None else augment(*picked, step)

    steps = np.arange(first_step, plan.steps, dtype=np.int64)
    data = tf.data.Dataset.from_tensor_slices((steps, plan.order(first_step)))
    return data.map(batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def validation_data(images: "tf.Tensor", targets: Any, batch_size: int) -> "tf.data.Dataset":
    """Every example once, in order, in batches (images, targets)."""
    import tensorflow as tf

    @tf.autograph.experimental.do_not_convert
    def batch(chosen: "tf.Tensor") -> tuple[Any, Any]:
        return tf.gather(images, chosen), tf.nest.map_structure(lambda each: tf.gather(each, chosen), targets)

    chosen = tf.data.Dataset.range(int(images.shape[0])).batch(batch_size)
    return chosen.map(batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
