"""Which anchors and proposals a step learns from (Ren et al. 2015, arXiv:1506.01497, section 3.1.2).

Deviations: objects and background have slots of their own, so that shapes are fixed; what one of them cannot fill
stays empty. Every draw is a pure function of the seed and the step.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.nn.boxes import IGNORED, area, intersection, iou

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Sample:
    """Chosen boxes, those of objects first.

    Attributes:
        chosen: int32 (batch, slots), positions of the boxes.
        truth: int32 (batch, slots), the object that each overlaps most.
        used: float32 (batch, slots), 1 or, where the slot is empty, 0.
        positives: how many of the slots are for objects.
    """

    chosen: "tf.Tensor"
    truth: "tf.Tensor"
    used: "tf.Tensor"
    positives: int


def sample_anchors(
    anchors: "tf.Tensor", boxes: "tf.Tensor", labels: "tf.Tensor", slots: int, key: "tf.Tensor"
) -> Sample:
    """Half the slots for anchors that overlap an object by 0.7 or, of all, most; half for those that stay below 0.3.

    Args:
        anchors: float32 (anchors, 4).
        boxes: of the objects, float32 (batch, objects, 4).
        labels: int32 (batch, objects), class indices, `IGNORED` or `PADDING`.
        slots: anchors of each image.
        key: int64 (2,), of the draw.
    """
    import tensorflow as tf

    overlaps = _overlaps(anchors, boxes, labels)
    highest = tf.reduce_max(overlaps, axis=2)
    ceiling = tf.reduce_max(overlaps, axis=1, keepdims=True)
    nearest = tf.reduce_any((overlaps == ceiling) & (overlaps > 0), axis=2)
    positive = (highest >= 0.7) | nearest
    negative = (highest < 0.3) & ~positive & ~_covered(anchors, boxes, labels)
    return _draw(positive, negative, tf.argmax(overlaps, axis=2, output_type=tf.int32), slots // 2, slots, key)


def sample_proposals(
    proposals: "tf.Tensor", there: "tf.Tensor", boxes: "tf.Tensor", labels: "tf.Tensor", slots: int, key: "tf.Tensor"
) -> Sample:
    """A quarter of the slots for proposals that overlap an object by half or more, the rest for others.

    Args:
        proposals: float32 (batch, proposals, 4).
        there: bool (batch, proposals), False for rows that hold none.
        boxes, labels, slots, key: as `sample_anchors` takes them.
    """
    import tensorflow as tf

    overlaps = _overlaps(proposals, boxes, labels)
    highest = tf.reduce_max(overlaps, axis=2)
    negative = (highest < 0.5) & there & ~_covered(proposals, boxes, labels)
    truth = tf.argmax(overlaps, axis=2, output_type=tf.int32)
    return _draw((highest >= 0.5) & there, negative, truth, slots // 4, slots, key)


def _overlaps(candidates: "tf.Tensor", boxes: "tf.Tensor", labels: "tf.Tensor") -> "tf.Tensor":
    import tensorflow as tf

    return tf.where((labels >= 0)[:, None, :], iou(candidates, boxes), 0.0)


def _covered(candidates: "tf.Tensor", boxes: "tf.Tensor", labels: "tf.Tensor") -> "tf.Tensor":
    """Whether more than half of a candidate lies in an ignored region, bool (batch, candidates)."""
    import tensorflow as tf

    inside = tf.math.divide_no_nan(intersection(candidates, boxes), area(candidates)[..., None])
    return tf.reduce_any((inside > 0.5) & (labels == IGNORED)[:, None, :], axis=2)


def _draw(
    positive: "tf.Tensor", negative: "tf.Tensor", truth: "tf.Tensor", positives: int, slots: int, key: "tf.Tensor"
) -> Sample:
    import tensorflow as tf

    lots = tf.random.stateless_uniform(tf.shape(positive), key) + 1.0
    drawn = [
        tf.math.top_k(tf.where(candidates, lots, 0.0), count)
        for candidates, count in ((positive, positives), (negative, slots - positives))
    ]
    chosen = tf.concat([each.indices for each in drawn], axis=1)
    used = tf.concat([tf.cast(each.values > 0, tf.float32) for each in drawn], axis=1)
    return Sample(chosen, tf.gather(truth, chosen, batch_dims=1), used, positives)
