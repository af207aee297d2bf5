"""ROI Align: a fixed grid of features from a box of any size (He et al. 2017, arXiv:1703.06870, section 3)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

SAMPLES = 2
"""Sampling points along each side of a bin; the paper finds their number to matter little."""


def assigned_levels(boxes: "tf.Tensor", canonical: float, levels: int) -> "tf.Tensor":
    """The pyramid level of each box (..., 4): int32 (...), 0 for P2 up to ``levels`` - 1.

    Equation 1 of the FPN paper (arXiv:1612.03144), k = floor(4 + log2(sqrt(width height) / canonical)), as the number
    of sides ``canonical`` 2^(k - 4) that the box reaches: no rounding of a logarithm decides.
    """
    import tensorflow as tf

    sides = tf.nn.relu(boxes[..., 2:] - boxes[..., :2])
    thresholds = [(canonical * 2.0 ** (k - 4)) ** 2 for k in range(3, levels + 2)]
    reached = (sides[..., 0] * sides[..., 1])[..., None] >= tf.constant(thresholds, tf.float32)
    return tf.reduce_sum(tf.cast(reached, tf.int32), axis=-1)


def roi_align(
    levels: Sequence["tf.Tensor"], strides: Sequence[int], boxes: "tf.Tensor", assigned: "tf.Tensor", side: int
) -> "tf.Tensor":
    """Features ``(batch, boxes, side, side, channels)`` of each box from its level.

    A bin is the mean of `SAMPLES` x `SAMPLES` points spread evenly in it, each the bilinear mean of the four nearest
    features. Feature (i, j) lies at the middle of its stride, ((j + 0.5) stride, (i + 0.5) stride); a point beyond the
    outermost ones takes theirs.

    Args:
        levels: feature maps (batch, rows, columns, channels).
        strides: pixels of the image in a step on each level.
        boxes: float32 (batch, boxes, 4) in pixels of the image.
        assigned: int32 (batch, boxes), each box's position in ``levels``.
        side: bins along each side.
    """
    import tensorflow as tf

    channels, batch = levels[0].shape[-1], tf.shape(boxes)[0]
    shapes = np.array([level.shape[1:3] for level in levels], np.int32)
    cells = shapes.prod(axis=1)
    features = tf.concat(
        [tf.reshape(level, [-1, int(count), channels]) for level, count in zip(levels, cells, strict=True)], axis=1
    )
    first = tf.gather(tf.constant(np.cumsum(cells) - cells, tf.int32), assigned)
    first += tf.range(batch)[:, None] * int(cells.sum())
    columns = tf.gather(tf.constant(shapes[:, 1]), assigned)
    scaled = boxes / tf.gather(tf.constant(strides, tf.float32), assigned)[..., None]
    down = _places(scaled[..., 1], scaled[..., 3], tf.gather(tf.constant(shapes[:, 0]), assigned), side * SAMPLES)
    across = _places(scaled[..., 0], scaled[..., 2], columns, side * SAMPLES)
    rows = tf.reshape(features, [-1, channels])
    points = tf.constant(0.0, rows.dtype)
    for y, share_y in down:
        for x, share_x in across:
            index = (first[..., None] + y * columns[..., None])[..., :, None] + x[..., None, :]
            share = share_y[..., :, None] * share_x[..., None, :]
            points += tf.gather(rows, index) * tf.cast(share, rows.dtype)[..., None]
    points = tf.reshape(points, [-1, side * SAMPLES, side * SAMPLES, channels])
    bins = tf.nn.avg_pool2d(points, SAMPLES, SAMPLES, "VALID")
    return tf.reshape(bins, [batch, -1 if boxes.shape[1] is None else boxes.shape[1], side, side, channels])


def _places(
    low: "tf.Tensor", high: "tf.Tensor", count: "tf.Tensor", points: int
) -> list[tuple["tf.Tensor", "tf.Tensor"]]:
    """The two nearest cells along one axis, int32 (batch, boxes, points), each with its share of the point."""
    import tensorflow as tf

    spread = (np.arange(points, dtype=np.float32) + 0.5) / points
    last = count[..., None] - 1
    place = low[..., None] + (high - low)[..., None] * spread - 0.5
    place = tf.clip_by_value(place, 0.0, tf.cast(last, tf.float32))
    before = tf.floor(place)
    cell, share = tf.cast(before, tf.int32), place - before
    return [(cell, 1 - share), (tf.minimum(cell + 1, last), share)]
