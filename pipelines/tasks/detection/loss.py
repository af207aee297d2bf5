"""SSD's loss: smooth L1 on the offsets of matched boxes, cross entropy on them and on mined background."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.nn import boxes

if TYPE_CHECKING:
    import tensorflow as tf


def multibox_loss(defaults: NDArray[np.float32], negatives: float) -> Callable[[Any, Any], Any]:
    """The loss of section 2.2 of arXiv:1512.02325 as a Keras loss by example.

    It takes truths (batch, objects, 5), see `pipelines.nn.boxes`, in the unit square of the prepared image, and
    outputs (batch, boxes, 4 + 1 + classes): offsets, then logits of background and of each class. An image's loss is
    its share of the batch's sum, divided by the batch's number of matches per image, so that the mean over the batch
    is the paper's loss of the batch.

    Args:
        defaults: default boxes (boxes, 4) in the unit square.
        negatives: background boxes for each matched one; those with the highest loss are taken, image by image. An
            image without matches gives as many as one match would.
    """
    import tensorflow as tf

    def loss(truths: "tf.Tensor", outputs: "tf.Tensor") -> "tf.Tensor":
        truths, outputs = tf.cast(truths, tf.float32), tf.cast(outputs, tf.float32)
        matched = boxes.match(defaults, truths)
        own = tf.gather(truths, matched.truth, batch_dims=1)
        labels = tf.where(matched.positive, tf.cast(own[..., 4], tf.int32) + 1, 0)
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs[..., 4:])
        background = ~(matched.positive | matched.ignored)
        positive = tf.cast(matched.positive, tf.float32)
        matches = tf.reduce_sum(positive, axis=1)
        mined = hardest(tf.stop_gradient(entropy), background, negatives * tf.maximum(matches, 1.0))
        offsets = tf.stop_gradient(boxes.encode(own[..., :4], tf.constant(defaults)))
        apart = smooth_l1(tf.where(matched.positive[..., None], outputs[..., :4] - offsets, 0.0))
        total = tf.reduce_sum(entropy * (positive + mined) + tf.reduce_sum(apart, axis=-1), axis=1)
        return total / tf.maximum(tf.reduce_mean(matches), 1.0 / tf.cast(tf.shape(truths)[0], tf.float32))

    return loss


def hardest(losses: "tf.Tensor", candidates: "tf.Tensor", counts: "tf.Tensor") -> "tf.Tensor":
    """1.0 for the ``counts`` (batch,) candidates of each row with the highest of ``losses`` (batch, boxes), else 0.0.

    Of equal losses the first are taken, so that a uniform picture does not give all of them at once.
    """
    import tensorflow as tf

    order = tf.argsort(tf.where(candidates, losses, -1.0), axis=1, direction="DESCENDING", stable=True)
    rank = tf.argsort(order, axis=1, stable=True)
    return tf.cast(candidates & (tf.cast(rank, tf.float32) < counts[:, None]), tf.float32)


def smooth_l1(difference: "tf.Tensor") -> "tf.Tensor":
    """Half the square below 1, the distance less a half above (arXiv:1504.08083, equation 3)."""
    import tensorflow as tf

    distance = tf.abs(difference)
    return tf.where(distance < 1.0, 0.5 * tf.square(difference), distance - 0.5)
