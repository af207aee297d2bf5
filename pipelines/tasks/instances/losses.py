"""The parts of Mask R-CNN's loss (arXiv:1703.06870, section 3), each a mean over what was sampled."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf


def objectness(logits: "tf.Tensor", wanted: "tf.Tensor", used: "tf.Tensor") -> "tf.Tensor":
    """Binary cross entropy (), all float32 (batch, slots); ``wanted`` and ``used`` are 0 or 1."""
    import tensorflow as tf

    return mean(tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits), used)


def classification(logits: "tf.Tensor", wanted: "tf.Tensor", used: "tf.Tensor") -> "tf.Tensor":
    """Cross entropy () of logits (batch, slots, classes + 1) and class indices int32 (batch, slots)."""
    import tensorflow as tf

    return mean(tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, logits), used)


def smooth_l1(
    found: "tf.Tensor", wanted: "tf.Tensor", used: "tf.Tensor", beta: float, count: "tf.Tensor"
) -> "tf.Tensor":
    """Sum of the smooth L1 distances of used offsets (batch, slots, 4) over ``count``, the boxes of both kinds.

    Args:
        found, wanted: offsets.
        used: float32 (batch, slots), 0 or 1.
        beta: where the distance turns from quadratic to linear.
        count: float32 ().
    """
    import tensorflow as tf

    apart = tf.abs(tf.where(used[..., None] > 0, found - wanted, 0.0))
    bent = tf.where(apart < beta, 0.5 * apart**2 / beta, apart - 0.5 * beta)
    return tf.reduce_sum(bent) / tf.maximum(count, 1.0)


def masks(logits: "tf.Tensor", wanted: "tf.Tensor", used: "tf.Tensor") -> "tf.Tensor":
    """Binary cross entropy () of masks (batch, slots, side, side), the mean over pixels and used slots."""
    import tensorflow as tf

    return mean(tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits), axis=[2, 3]), used)


def mean(values: "tf.Tensor", used: "tf.Tensor") -> "tf.Tensor":
    """Mean of the used ones; 0 where none is."""
    import tensorflow as tf

    return tf.math.divide_no_nan(tf.reduce_sum(values * used), tf.reduce_sum(used))
