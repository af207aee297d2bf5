"""What a segmentation is trained on: the loss, and what is measured meanwhile. Ignored pixels count nowhere."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.truth import IGNORE

MOST = 10.0
"""Times the mean weight that a rare class's pixels may weigh."""


def class_weights(targets: NDArray[np.uint8], classes: int) -> NDArray[np.float32]:
    """Weights ``float32 (classes,)``: inverse to each class's share of the pixels, at most `MOST`, 1 on average.

    A class without a pixel weighs as much as the rarest one that has some.
    """
    counts = np.bincount(targets.ravel(), minlength=256)[:classes]
    shares = counts / max(1, counts.sum())
    present = shares > 0
    weights = np.minimum(1 / (np.maximum(shares, 1e-12) * max(1, present.sum())), MOST)
    return np.asarray(weights / max(1e-12, float((weights * shares).sum())), np.float32)


def segmentation_loss(weights: NDArray[np.float32], dice: float) -> Callable[[Any, Any], Any]:
    """Cross entropy by pixel plus ``dice`` times the Dice loss, by example.

    The function takes truth ``uint8 (batch, side, side)`` and logits ``float32 (batch, side, side, classes)``, and
    gives float32 (batch,): means over the pixels of an example that are not `IGNORE`, 0 where there are none. The
    Dice loss is 1 less the mean over classes of 2 |P T| / (|P| + |T|) (Milletari et al. 2016, arXiv:1606.04797, with
    its sums unsquared and 1 added above and below, so that a class that is rightly absent costs nothing).

    Args:
        weights: of the classes, in the cross entropy.
        dice: 0 leaves it out.
    """
    classes, by_class = len(weights), tf.constant(weights)

    def loss(truth: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        counted = tf.not_equal(truth, IGNORE)
        position = tf.where(counted, tf.cast(truth, tf.int32), 0)
        counted = tf.cast(counted, tf.float32)
        pixels = tf.nn.sparse_softmax_cross_entropy_with_logits(position, logits)
        weighted = pixels * tf.gather(by_class, position) * counted
        found = tf.reduce_sum(weighted, axis=[1, 2]) / tf.maximum(tf.reduce_sum(counted, axis=[1, 2]), 1.0)
        return found + dice * dice_loss(position, logits, counted) if dice else found

    def dice_loss(position: tf.Tensor, logits: tf.Tensor, counted: tf.Tensor) -> tf.Tensor:
        true = tf.one_hot(position, classes) * counted[..., None]
        given = tf.nn.softmax(logits) * counted[..., None]
        common = tf.reduce_sum(true * given, axis=[1, 2])
        either = tf.reduce_sum(true + given, axis=[1, 2])
        return 1 - tf.reduce_mean((2 * common + 1) / (either + 1), axis=-1)

    return loss


class PixelAccuracy(keras.metrics.Mean):
    """The share of pixels, of those not ignored, whose best class is the true one."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count truth ``(batch, side, side)`` against logits ``(batch, side, side, classes)``."""
        truth = tf.cast(y_true, tf.int64)
        right = tf.cast(tf.equal(truth, tf.argmax(y_pred, axis=-1)), tf.float32)
        super().update_state(right, tf.cast(tf.not_equal(truth, IGNORE), tf.float32))


def mean_iou(classes: int) -> "keras.metrics.Metric":
    """Intersection over union, the mean over the classes that occur, without ignored pixels."""
    return keras.metrics.MeanIoU(
        classes, name="miou", dtype="float64", ignore_class=IGNORE, sparse_y_true=True, sparse_y_pred=False
    )
