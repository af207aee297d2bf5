"""Where objects may be: anchors and the proposals made from them (Ren et al. 2015, arXiv:1506.01497)."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.nn.boxes import decode, grid_boxes

if TYPE_CHECKING:
    import tensorflow as tf

VARIANCES = (1.0, 1.0)
"""Offsets from anchors are learned as they are."""
LEAST = 1.0
"""Sides in pixels of the smallest proposal."""


def anchors(
    size: int, sides: Sequence[int], scales: Sequence[float], ratios: Sequence[float]
) -> list[NDArray[np.float32]]:
    """The anchors of each pyramid level, ``float32 (side * side * ratios, 4)`` in pixels.

    They go by row, then column, then ratio, centred in the level's cells; some reach beyond the image.

    Args:
        size: side of the image.
        sides: cells along a side of each level.
        scales: square root of an anchor's area on each level, in pixels.
        ratios: height to width.
    """
    shapes = np.array([(1 / math.sqrt(ratio), math.sqrt(ratio)) for ratio in ratios], np.float32)
    parts = np.array(scales, np.float32) / size
    return [grid_boxes(side, part * shapes) * size for side, part in zip(sides, parts, strict=True)]


def propose(
    scores: Sequence["tf.Tensor"],
    offsets: Sequence["tf.Tensor"],
    boxes: Sequence[NDArray[np.float32]],
    size: int,
    before: int,
    after: int,
    overlap: float,
) -> tuple["tf.Tensor", "tf.Tensor"]:
    """The best boxes of each image: ``float32 (batch, after, 4)`` and whether a row holds one, bool (batch, after).

    The ``before`` highest scores of each level are decoded, clipped to the image and rid of those that overlap a
    better one of any level by more than ``overlap``. No gradient goes through.

    Args:
        scores: of each level's anchors, float32 (batch, anchors).
        offsets: as `pipelines.nn.boxes.encode` has them, float32 (batch, anchors, 4).
        boxes: the anchors.
        size: side of the image.
        before: how many of a level are looked at.
        after: how many of an image are kept.
        overlap: intersection over union.
    """
    import tensorflow as tf

    kept_scores, kept_boxes = [], []
    for score, offset, anchor in zip(scores, offsets, boxes, strict=True):
        best, chosen = tf.math.top_k(tf.stop_gradient(score), min(before, len(anchor)))
        near = tf.gather(tf.constant(anchor), chosen)
        kept_boxes.append(decode(tf.gather(tf.stop_gradient(offset), chosen, batch_dims=1), near, VARIANCES))
        kept_scores.append(tf.sigmoid(best))
    clipped = tf.clip_by_value(tf.concat(kept_boxes, axis=1), 0.0, float(size))
    there = tf.reduce_all(clipped[..., 2:] - clipped[..., :2] >= LEAST, axis=-1)
    ranked = tf.where(there, tf.concat(kept_scores, axis=1), 0.0)
    found = tf.image.combined_non_max_suppression(
        clipped[:, :, None], ranked[:, :, None], after, after, overlap, 0.0, clip_boxes=False
    )
    return found.nmsed_boxes, tf.range(after) < found.valid_detections[:, None]


def suppressed(
    boxes: "tf.Tensor", scores: "tf.Tensor", size: int, most: int, overlap: float, least_score: float
) -> tuple["tf.Tensor", "tf.Tensor", "tf.Tensor"]:
    """The best boxes of each image, classes apart: boxes (batch, most, 4), scores falling (batch, most) and classes
    int32 (batch, most); after the last one, rows are 0.

    ONNX suppresses boxes that all classes share. Here each class has its own, so they are laid side by side, a class
    to a strip, and suppressed as one class.

    Args:
        boxes: float32 (batch, boxes, classes, 4) in pixels, within the image.
        scores: float32 (batch, boxes, classes).
        size: side of the image.
        most: boxes that are kept.
        overlap: intersection over union above which the lower of two boxes goes.
        least_score: 0 or more, that a kept box exceeds.
    """
    import tensorflow as tf

    each, classes, strip = boxes.shape[1], boxes.shape[2], 2.0 * size
    moved = boxes + tf.range(classes, dtype=tf.float32)[:, None] * tf.constant([strip, 0.0, strip, 0.0])
    found = tf.image.combined_non_max_suppression(
        tf.reshape(moved, [-1, each * classes, 1, 4]), tf.reshape(scores, [-1, each * classes, 1]),
        most, most, overlap, least_score, clip_boxes=False,
    )  # fmt: skip
    own = tf.floor((found.nmsed_boxes[..., 0] + size / 2) / strip)
    shift = tf.stack([own * strip, tf.zeros_like(own), own * strip, tf.zeros_like(own)], axis=-1)
    return found.nmsed_boxes - shift, found.nmsed_scores, tf.cast(own, tf.int32)
